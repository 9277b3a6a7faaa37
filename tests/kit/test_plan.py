"""The steps of a kit, and the rule by which it is timed."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.domain.kitplan import TARGET_S, Moment, Place, plan, timed

S = 1_000_000


def moment(mono_s: int, boot: str = "b0", wall_s: int = 0, trusted: bool = True) -> Moment:
    return Moment(boot, mono_s * S, wall_s * 1000, trusted)


def test_every_device_has_its_step_in_the_order_of_the_kit() -> None:
    devices = ["scanner-door", "printer", "power", "relay-lights", "printer-tickets", "button", "footfall", "indicator"]
    assert [f"{place.step} {place.device}".strip() for place in plan(devices)] == [
        "power",
        "clock",
        "printer printer",
        "printer printer-tickets",
        "drawer printer",
        "drawer printer-tickets",
        "scanner scanner-door",
        "footfall footfall",
        "indicator indicator",
        "relay relay-lights",
        "button button",
        "wifi",
        "keys",
        "sale",
    ]


def test_a_box_without_a_printer_and_a_scanner_is_asked_for_them() -> None:
    places = plan(["power"])
    assert Place("printer") in places
    assert Place("scanner") in places
    assert not any(place.step in ("drawer", "footfall", "button") for place in places)


def test_a_check_is_timed_from_the_power_on_by_the_monotonic_clock_alone() -> None:
    took = timed([moment(300, wall_s=10_000), moment(2300, wall_s=5)])
    assert (took.seconds, took.since, took.exact, took.boots) == (2300, "power", True, 1)


def test_a_restart_in_the_middle_counts_with_the_time_that_the_box_was_off() -> None:
    took = timed([moment(300, wall_s=1000), moment(600, wall_s=1300), moment(60, "b1", 2000), moment(100, "b1", 2040)])
    # 600 s on, then 700 s by the wall clock until the first word of the new start, then 40 s.
    assert (took.seconds, took.exact, took.boots) == (600 + 700 + 40, True, 2)


def test_without_a_trusted_clock_the_time_between_two_starts_is_left_out_and_that_is_said() -> None:
    for before, after in ((False, True), (True, False)):
        took = timed([moment(600, wall_s=1300, trusted=before), moment(60, "b1", 2000, trusted=after)])
        assert (took.seconds, took.exact, took.boots) == (660, False, 2)


def test_a_wall_clock_that_went_backwards_over_a_restart_is_not_believed() -> None:
    took = timed([moment(600, wall_s=9000), moment(60, "b1", 100)])
    assert (took.seconds, took.exact) == (660, False)


def test_a_box_that_has_long_been_on_is_timed_from_the_beginning_of_its_check() -> None:
    took = timed([moment(TARGET_S + 1), moment(TARGET_S + 601)])
    assert (took.seconds, took.since) == (600, "begun")
    assert timed([moment(TARGET_S)]).since == "power"


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 10**5), st.integers(0, 10**6), st.booleans()),
        min_size=1,
        max_size=20,
    )
)
def test_whatever_the_clocks_say_no_time_is_negative_and_none_is_counted_twice(
    told: list[tuple[int, int, int, bool]],
) -> None:
    told.sort(key=lambda one: one[:2])
    moments = [moment(mono, f"b{boot}", wall, trusted) for boot, mono, wall, trusted in told]
    took = timed(moments)
    assert took.seconds >= 0
    assert took.boots == len({one.boot for one in moments})
    if took.boots == 1:
        assert took.exact
        assert took.seconds * S <= max(one.mono for one in moments)
