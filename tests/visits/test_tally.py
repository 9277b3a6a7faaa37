"""Adding up visits: what is believed, how it is bounded, and that batches make the whole."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.domain.visits import LIMITS_S, LONGEST_S, bucket, median
from web.portal.tally import AWAY_S, BEAT_S, MOST, MOST_OF_ONE, Tally


class Monotonic:
    """A clock that is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def ident(number: int) -> str:
    return f"{number:016x}"


def taken(tally: Tally) -> dict[str, dict[str, object]]:
    tally.gather()
    return {page.pop("page"): page for page in tally.take()}


def test_a_visit_counts_as_far_as_it_was_seen_and_time_allows() -> None:
    clock = Monotonic()
    tally = Tally(clock)
    tally.sign(ident(1), "landing", 0, "a")
    tally.sign(ident(2), "landing", 9999, "b")
    clock.now += 30
    tally.sign(ident(1), "landing", 30, "a")
    tally.sign(ident(2), "landing", 9999, "b")
    assert taken(tally) == {
        "landing": {"visits": 2, "seconds": 30 + 30 + BEAT_S, "by_bucket": [0, 0, 2, 0, 0], "lost": 0}
    }
    assert taken(tally) == {}
    clock.now += 100_000
    tally.sign(ident(2), "landing", 99_999, "b")
    grown = taken(tally)["landing"]
    assert (grown["visits"], grown["by_bucket"]) == (0, [0, 0, -1, 0, 1])
    assert grown["seconds"] == LONGEST_S - 50


def test_a_visit_never_shrinks_and_ends_at_its_last_sign() -> None:
    clock = Monotonic()
    tally = Tally(clock)
    tally.sign(ident(1), "receipt", 0, "a")
    clock.now += 20
    tally.sign(ident(1), "receipt", 20, "a")
    tally.sign(ident(1), "receipt", 3, "a")
    clock.now += AWAY_S + 1
    assert taken(tally)["receipt"]["seconds"] == 20
    tally.sign(ident(1), "receipt", 0, "a")
    assert taken(tally)["receipt"]["visits"] == 1, "after that it is another one"


def test_ten_thousand_visits_of_one_device_are_lost_and_those_of_others_are_not() -> None:
    clock = Monotonic()
    tally = Tally(clock)
    for number in range(10_000):
        tally.sign(ident(number), "landing", 0, "flood")
        tally.sign(ident(number), "landing", 5, "flood")
    tally.sign(ident(10_001), "landing", 0, "phone")
    assert len(tally._visits) == MOST_OF_ONE + 1
    found = taken(tally)["landing"]
    assert (found["visits"], found["lost"]) == (MOST_OF_ONE + 1, 10_000 - MOST_OF_ONE)
    clock.now += AWAY_S + 1
    tally.gather()
    assert tally._visits == {}
    assert tally._of_peer == {}


def test_many_devices_together_stay_within_the_bound() -> None:
    tally = Tally(Monotonic())
    for number in range(MOST + 500):
        tally.sign(ident(number), "landing", 0, f"10.77.{number // 250}.{number % 250}")
    assert len(tally._visits) == MOST
    assert taken(tally)["landing"]["lost"] == 500


def test_what_cannot_be_recorded_for_a_while_is_added_up_in_one_counter_a_page() -> None:
    clock = Monotonic()
    tally = Tally(clock)
    for minute in range(100):
        tally.sign(ident(minute), "landing", 0, "a")
        clock.now += AWAY_S + 1
        tally.gather()
    assert len(tally._visits) <= 1
    assert taken(tally)["landing"]["visits"] == 100


signs = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.sampled_from(["landing", "receipt"]),
        st.integers(0, 2500),
        st.floats(0, 200),
        st.booleans(),
    ),
    max_size=80,
)


@settings(max_examples=200)
@given(signs)
def test_batches_add_up_to_the_visits_whenever_they_are_made(signs: list[tuple[int, str, int, float, bool]]) -> None:
    clock = Monotonic()
    tally = Tally(clock)
    visits: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    buckets: dict[str, list[int]] = {}
    lengths: dict[int, tuple[str, int]] = {}
    for number, (who, page, seen, later, make) in enumerate(signs):
        clock.now += later
        tally.sign(ident(who), page, seen, f"peer-{who}")
        for visit in tally._visits.values():
            lengths[id(visit)] = (visit.page, visit.seconds)
        keep.append(list(tally._visits.values()))
        if make or number == len(signs) - 1:
            for name, batch in taken(tally).items():
                assert sum(batch["by_bucket"]) == batch["visits"] >= 0  # type: ignore[call-overload, operator]
                assert batch["seconds"] >= 0  # type: ignore[operator]
                visits[name] += batch["visits"]  # type: ignore[assignment]
                seconds[name] += batch["seconds"]  # type: ignore[assignment]
                had = buckets.setdefault(name, [0] * (len(LIMITS_S) + 1))
                buckets[name] = [a + b for a, b in zip(had, batch["by_bucket"], strict=True)]  # type: ignore[call-overload]
    for name in buckets:
        own = [length for page, length in lengths.values() if page == name]
        assert (visits[name], seconds[name]) == (len(own), sum(own))
        assert buckets[name] == [sum(bucket(length) == place for length in own) for place in range(len(LIMITS_S) + 1)]
        assert all(length <= LONGEST_S for length in own)
    keep.clear()


keep: list[object] = []
"""Visits that are over, so that no other takes their identity in memory."""


@given(st.lists(st.integers(0, LONGEST_S), max_size=30))
def test_the_middle_visit_is_in_the_bucket_that_is_named(lengths: list[int]) -> None:
    by_bucket = [sum(bucket(length) == place for length in lengths) for place in range(len(LIMITS_S) + 1)]
    lower = sorted(lengths)[(len(lengths) - 1) // 2] if lengths else None
    assert median(by_bucket) == (None if lower is None else bucket(lower))
