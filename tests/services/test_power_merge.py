"""Several power devices, one picture."""

from appliance.services.power.merge import Merge
from drivers.device import PowerReading, Role


def reading(
    role: Role = "all",
    *,
    soc: int | None = None,
    mv: int | None = None,
    ma: int | None = None,
    pv: int | None = None,
    load: int | None = None,
    lasts_s: float = 5.0,
) -> PowerReading:
    return PowerReading(soc, mv, ma, pv, load, 0.0, role=role, lasts_s=lasts_s)


def test_a_battery_monitor_is_believed_before_a_charger() -> None:
    merge = Merge()
    merge.take("power-charger", reading(soc=900, mv=13_500, ma=2_000, pv=40_000), 0)
    merge.take("power-shunt", reading("battery", soc=640, mv=13_100, ma=-500), 0)
    found = merge.merged(1)
    assert (found.soc_permille, found.mv, found.ma, found.pv_mw) == (640, 13_100, -500, 40_000)


def test_what_a_monitor_does_not_tell_the_charger_tells() -> None:
    merge = Merge()
    merge.take("power-charger", reading(soc=900, mv=13_500, ma=2_000), 0)
    merge.take("power-shunt", reading("battery", mv=13_100, ma=-500), 0)
    assert merge.merged(1).soc_permille == 900


def test_chargers_add_up() -> None:
    merge = Merge()
    merge.take("power-a", reading(mv=13_500, ma=2_000, pv=40_000, load=5_000), 0)
    merge.take("power-b", reading(mv=13_400, ma=1_000, pv=20_000, load=3_000), 0)
    found = merge.merged(1)
    assert (found.mv, found.ma, found.pv_mw, found.load_mw) == (13_400, 3_000, 60_000, 8_000)


def test_a_sum_of_which_a_part_is_missing_is_not_known() -> None:
    merge = Merge()
    merge.take("power-a", reading("solar", pv=40_000), 0)
    merge.take("power-b", reading("solar", pv=20_000), 0)
    merge.lost("power-b")
    assert merge.merged(1).pv_mw is None
    merge.forget("power-b")
    assert merge.merged(1).pv_mw == 40_000


def test_a_value_is_not_known_any_more_when_its_reading_is_over() -> None:
    merge = Merge()
    merge.take("power", reading(soc=640, mv=13_100, ma=-500, pv=1_000, load=2_000, lasts_s=5), 0)
    assert merge.merged(5).soc_permille == 640
    late = merge.merged(5.1)
    assert (late.soc_permille, late.mv, late.ma, late.pv_mw, late.load_mw) == (None,) * 5
    merge.take("power", reading(mv=13_000), 6)
    assert merge.merged(6).mv == 13_000


def test_each_role_gives_only_what_it_is_trusted_for() -> None:
    whole = {"soc": 500, "mv": 13_000, "ma": -1_000, "pv": 9_000, "load": 22_000}
    for role, known in (("solar", {"pv_mw"}), ("battery", {"soc_permille", "mv", "ma"})):
        merge = Merge()
        merge.take("power", reading(role, **whole), 0)  # type: ignore[arg-type]
        found = merge.merged(0)
        told = {key for key in ("soc_permille", "mv", "ma", "pv_mw") if getattr(found, key) is not None}
        assert told == known
    merge = Merge()
    merge.take("power", reading("load", **whole), 0)
    assert (merge.merged(0).load_mw, merge.merged(0).mv) == (22_000, None)


def test_the_load_is_what_is_measured_else_sun_less_battery() -> None:
    merge = Merge()
    merge.take("power-sun", reading("solar", pv=30_000), 0)
    merge.take("power-shunt", reading("battery", mv=10_000, ma=-1_000), 0)
    assert merge.merged(0).load_mw == 40_000
    merge.take("power-out", reading("load", load=25_000), 0)
    assert merge.merged(0).load_mw == 25_000
    merge.lost("power-out")
    assert merge.merged(0).load_mw is None, "a load that was measured is not worked out from then on"


def test_a_monitor_sees_loads_that_are_not_at_the_chargers_output() -> None:
    merge = Merge()
    merge.take("power-charger", reading(mv=10_000, ma=0, pv=30_000, load=2_000), 0)
    assert merge.merged(0).load_mw == 2_000
    merge.take("power-shunt", reading("battery", mv=10_000, ma=1_000), 0)
    assert merge.merged(0).load_mw == 20_000


def test_a_balance_below_nothing_is_nothing() -> None:
    merge = Merge()
    merge.take("power-shunt", reading("battery", mv=10_000, ma=1_000), 0)
    assert merge.merged(0).load_mw == 0
