"""When somebody has crossed a line and how long they stayed in a zone, from where their feet are."""

from collections.abc import Iterable
from math import hypot

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drivers.device import Direction
from drivers.emulators.crowd import Seen, crossings
from drivers.vision.lines import Side, Visit, inside
from drivers.vision.plan import Line, Place

TALL = 50.0
ACROSS: tuple[Place, Place] = ((0.0, 100.0), (200.0, 100.0))
"""From left to right: in is down, and 0.12 heights are 6 pixels, 0.08 are 4."""


def walk(
    feet: Iterable[Place], line: tuple[Place, Place] = ACROSS, every: float = 0.1, side: Side | None = None
) -> list[Direction]:
    side = side or Side()
    told = (side.move(line, place, TALL, number * every) for number, place in enumerate(feet))
    return [direction for direction in told if direction is not None]


def down(*rows: float, x: float = 50.0) -> list[Place]:
    return [(x, row) for row in rows]


def test_who_walks_down_over_a_line_from_left_to_right_goes_in_and_who_walks_up_goes_out() -> None:
    assert walk(down(70, 85, 100, 115, 130)) == ["in"]
    assert walk(down(130, 115, 100, 85, 70)) == ["out"]
    assert walk(down(70, 130), (ACROSS[1], ACROSS[0])) == ["out"]
    assert walk(down(70, 130, 70, 130, 70)) == ["in", "out", "in", "out"]


def test_who_comes_to_the_line_and_turns_back_or_is_seen_first_beyond_it_has_not_crossed() -> None:
    assert walk(down(70, 90, 99, 103, 99, 90, 70)) == []
    assert walk(down(130, 140, 150)) == []


def test_feet_that_sway_on_the_line_are_not_counted_again_and_again() -> None:
    assert walk(down(80, *[97, 103] * 100)) == []
    assert walk(down(80, 110, *[97, 103] * 100, 120)) == ["in"]


def test_shortly_behind_the_line_it_takes_a_second_and_farther_none() -> None:
    assert walk(down(80, 107)) == ["in"]
    assert walk(down(80, *[105.0] * 10)) == []
    assert walk(down(80, *[105.0] * 12)) == ["in"]
    assert walk(down(80, *[103.9] * 100)) == []
    assert walk(down(80, *[105.0] * 8, 101.0, *[105.0] * 8)) == [], "the second begins anew"


def test_who_goes_around_an_end_of_the_line_has_not_crossed_it() -> None:
    assert walk([(-20, 70), (-20, 130)]) == []
    assert walk([(220, 70), (220, 130)]) == []
    assert walk([(50, 70), (-20, 70), (-20, 130), (50, 130), (50, 70)]) == ["out"], "but comes back over it"
    assert walk([(0, 70), (0, 130)]) == walk([(200, 70), (200, 130)]) == ["in"], "its ends belong to it"


_pixels = st.integers(0, 1000)
_ends = st.tuples(st.tuples(_pixels, _pixels), st.tuples(_pixels, _pixels)).filter(
    lambda ends: abs(ends[0][0] - ends[1][0]) >= 50 or abs(ends[0][1] - ends[1][1]) >= 50
)


@given(st.lists(st.integers(-300, 300).map(float), min_size=1), st.sampled_from([0.05, 0.1, 0.4]))
def test_ins_less_outs_are_the_change_of_side(rows: list[float], every: float) -> None:
    side = Side()
    side.move(ACROSS, (50, 70), TALL, 0)
    told = walk(down(*(100 + row for row in rows)), every=every, side=side)
    assert told == (["in", "out"] * len(told))[: len(told)]
    assert told.count("in") - told.count("out") == (side.side > 0)


@given(_ends, st.lists(st.tuples(_pixels, _pixels), min_size=2, max_size=30))
def test_a_count_is_the_truth_for_everybody_who_does_not_stand_on_the_line(
    ends: tuple[tuple[int, int], tuple[int, int]], feet: list[tuple[int, int]]
) -> None:
    (ax, ay), (bx, by) = ends
    length = hypot(bx - ax, by - ay)
    for x, y in feet:
        assume(not 0.079 * TALL < abs((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / length < 0.121 * TALL)
        assume(all(abs((bx - ax) * (x - px) + (by - ay) * (y - py)) > 0.5 for px, py in ends))
    line = Line("line", (ax / 1000, ay / 1000), (bx / 1000, by / 1000))
    rows = [[Seen(1, place, (0, 0, 1, 1), 0.0)] for place in feet]
    true = [passed.direction for passed in crossings(rows, line, (1000, 1000), 0.12 * TALL)]
    assert walk(feet, ends, every=0.01) == true


SQUARE = ((10.0, 10.0), (90.0, 10.0), (90.0, 90.0), (10.0, 90.0))
HOOK = ((0.0, 0.0), (90.0, 0.0), (90.0, 90.0), (60.0, 90.0), (60.0, 30.0), (0.0, 30.0))


@pytest.mark.parametrize(
    ("corners", "feet", "expected"),
    [
        (SQUARE, (50, 50), True),
        (SQUARE, (5, 50), False),
        (SQUARE, (95, 50), False),
        (SQUARE, (50, 5), False),
        (SQUARE, (50, 95), False),
        (HOOK, (75, 60), True),
        (HOOK, (30, 15), True),
        (HOOK, (30, 60), False),
    ],
)
def test_a_zone_holds_who_stands_in_its_outline_also_of_a_bent_one(
    corners: tuple[Place, ...], feet: Place, expected: bool
) -> None:
    assert inside(corners, feet) is expected
    assert inside(corners[::-1], feet) is expected


@given(st.floats(1, 99), st.floats(1, 99), st.floats(5, 95), st.floats(5, 95))
def test_of_two_zones_side_by_side_everybody_stands_in_one(x: float, y: float, upper: float, lower: float) -> None:
    left = ((0.0, 0.0), (upper, 0.0), (lower, 100.0), (0.0, 100.0))
    right = ((upper, 0.0), (100.0, 0.0), (100.0, 100.0), (lower, 100.0))
    border = upper + (lower - upper) * y / 100
    assume(abs(x - border) > 1e-6)
    assert inside(left, (x, y)) is (x < border)
    assert inside(right, (x, y)) is (x > border)


def test_a_stay_lasts_from_the_first_to_the_last_moment_in_the_zone() -> None:
    visit = Visit()
    assert [visit.move(False, at) for at in (0.0, 1.0)] == [None, None]
    assert [visit.move(True, at) for at in (2.0, 5.0, 30.5)] == [None] * 3
    assert [visit.move(False, at) for at in (31.0, 31.4, 31.5, 40.0)] == [None, None, 28.5, None]
    assert visit.end() is None


def test_who_steps_out_of_a_zone_for_less_than_a_second_has_stayed() -> None:
    visit = Visit()
    for second in range(10):
        assert visit.move(True, float(second)) is None
        assert visit.move(False, second + 0.5) is None
    assert visit.end() == 9.0
    assert visit.end() is None
