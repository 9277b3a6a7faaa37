"""What a plan may say, and what is said of one that cannot be counted."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.vision.plan import MOST_CORNERS, MOST_LINES, MOST_ZONES, SHORTEST, BadPlan, Line, Plan, Zone

TRIANGLE = ((0.0, 0.0), (1.0, 0.0), (0.5, 1.0))
_share = st.floats(0, 1)
_place = st.tuples(_share, _share)
_name = st.from_regex(r"[a-z0-9][a-z0-9-]{0,19}", fullmatch=True)


def across(name: str = "door", **ends: Any) -> Line:
    return Line(name, **{"a": (0.0, 0.5), "b": (1.0, 0.5), **ends})


@given(
    st.lists(_name, unique=True, max_size=MOST_LINES + MOST_ZONES),
    st.lists(_place, min_size=3, max_size=MOST_CORNERS),
    st.tuples(_place, _place).filter(
        lambda ends: abs(ends[0][0] - ends[1][0]) >= SHORTEST or abs(ends[0][1] - ends[1][1]) >= SHORTEST
    ),
)
def test_lines_and_zones_within_the_picture_of_different_names_are_a_plan(
    names: list[str], corners: list[tuple[float, float]], ends: tuple[tuple[float, float], tuple[float, float]]
) -> None:
    lines = tuple(Line(name, *ends) for name in names[:MOST_LINES])
    zones = tuple(Zone(name, tuple(corners)) for name in names[MOST_LINES:])
    plan = Plan(lines, zones)
    assert (plan.lines, plan.zones) == (lines, zones)
    assert all(line.turned().turned() == line for line in lines)
    with pytest.raises(FrozenInstanceError):
        plan.lines = ()  # type: ignore[misc]


@pytest.mark.parametrize(
    ("lines", "zones", "words"),
    [
        ([across(f"l{i}") for i in range(9)], [], r"9 lines and 0 zones; at most 8 and 8 are allowed"),
        ([], [Zone(f"z{i}", TRIANGLE) for i in range(9)], r"0 lines and 9 zones; at most 8 and 8"),
        ([across("door"), across("bar")], [Zone("door", TRIANGLE)], r"^door: two lines or zones of one name"),
        ([across("Door")], [], r"'Door' is not a name: small letters, digits and hyphens, at most 20"),
        ([across(b=(0.04, 0.54))], [], r"door: shorter than 5% of the picture"),
        ([across(b=(1.01, 0.5))], [], r"door: 1.01, 0.5 lies outside of the picture; 0 to 1 is allowed"),
        ([across(a=(float("nan"), 0.5))], [], r"door: nan, 0.5 lies outside of the picture"),
        ([], [Zone("bar", TRIANGLE[:2])], r"bar: 2 corners; 3 to 12 are allowed"),
        ([], [Zone("bar", TRIANGLE * 5)], r"bar: 15 corners; 3 to 12 are allowed"),
        ([], [Zone("bar", (*TRIANGLE, (0.5, -0.1)))], r"bar: 0.5, -0.1 lies outside"),
    ],
)
def test_what_cannot_be_counted_is_refused_with_what_is_allowed(
    lines: list[Line], zones: list[Zone], words: str
) -> None:
    with pytest.raises(BadPlan, match=words):
        Plan(tuple(lines), tuple(zones))


@given(st.text(max_size=24))
def test_a_name_can_stand_in_a_topic_and_in_an_address(name: str) -> None:
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789-")
    fits = 0 < len(name) <= 20 and set(name) <= allowed and name[0] != "-"
    if fits:
        assert Plan((across(name),)).lines[0].name == name
    else:
        with pytest.raises(BadPlan, match="is not a name"):
            Plan((across(name),))
