"""What may be planned is the same for the box that keeps a plan and for the camera that counts by it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.domain import counting as kept
from appliance.domain.counting import CounterKnown, PlanCounter
from appliance.errors import Problem
from appliance.projections import wanted
from appliance.services.footfall import plans
from drivers.vision import plan as drawn
from drivers.vision.plan import BadPlan
from tests.footfall.conftest import Counted

LINE = {"name": "door", "a": [0, 5000], "b": [10_000, 5000]}
ZONE = {"name": "bar", "corners": [[0, 0], [5000, 0], [5000, 5000]]}


def test_the_newest_plan_of_each_camera_is_what_the_worker_is_told(counted: Counted) -> None:
    counted.plan(lines=[LINE], tried={"in": 3, "out": 1})
    counted.plan(device="footfall-bar", zones=[{**ZONE, "whole": True}])
    counted.plan(lines=[{**LINE, "entrance": False}], zones=[ZONE])
    told = wanted.wanted(counted.box.engine.store.db)["counting"]
    assert told == {
        "footfall": {"lines": [{**LINE, "entrance": False}], "zones": [ZONE]},
        "footfall-bar": {"lines": [], "zones": [{**ZONE, "whole": True}]},
    }
    read = plans.read(told["footfall-bar"])
    assert read.zones == (drawn.Zone("bar", ((0, 0), (0.5, 0), (0.5, 0.5)), whole=True),)
    assert plans.read(told["footfall"]).lines == (drawn.Line("door", (0, 0.5), (1, 0.5)),)


def test_only_a_footfall_counter_of_this_box_is_planned(counted: Counted) -> None:
    assert counted.box.ask("counter.plan", {"device": "footfall", "lines": [LINE]})["refusal"]["slug"] == "not-found"
    counted.box.do("device.report", device="printer", kind="printer", state="online", reason="")
    assert counted.box.ask("counter.plan", {"device": "printer", "lines": [LINE]})["refusal"]["slug"] == "not-found"


def test_the_bounds_are_those_of_the_camera() -> None:
    assert (kept.MOST_LINES, kept.MOST_ZONES, kept.MOST_CORNERS) == (
        drawn.MOST_LINES,
        drawn.MOST_ZONES,
        drawn.MOST_CORNERS,
    )
    assert round(drawn.SHORTEST * kept.FULL) == kept.SHORTEST
    assert kept.FULL == plans.WHOLE


_at = st.integers(0, 10_000) | st.sampled_from([-1, 10_001])
_place = st.tuples(_at, _at)
_near = st.integers(0, 10_000).flatmap(
    lambda x: st.tuples(st.just((x, x)), st.tuples(*[st.integers(max(0, x - 502), x)] * 2))
)
_name = st.sampled_from(["a", "b", "line-1", "Line", "", "-a", "a" * 20, "a" * 21, "ä"])
_line = st.builds(lambda name, ab: {"name": name, "a": ab[0], "b": ab[1]}, _name, st.tuples(_place, _place) | _near)
_zone = st.builds(
    lambda name, corners: {"name": name, "corners": corners}, _name, st.lists(_place, min_size=2, max_size=13)
)


@settings(max_examples=400)
@given(
    lines=st.lists(_line, max_size=2) | st.integers(7, 9).map(lambda n: [{**LINE, "name": f"l{i}"} for i in range(n)]),
    zones=st.lists(_zone, max_size=2) | st.integers(7, 9).map(lambda n: [{**ZONE, "name": f"z{i}"} for i in range(n)]),
)
def test_what_the_box_keeps_the_camera_can_count_and_nothing_else(lines: list[Any], zones: list[Any]) -> None:
    told = {"lines": lines, "zones": zones}
    try:
        plans.read(msgspec.to_builtins(told))
        countable = True
    except BadPlan:
        countable = False
    ask = msgspec.convert({"device": "footfall", **told}, PlanCounter)
    if countable:
        assert len(kept.plan(ask, CounterKnown(there=True), None).facts) == 1  # type: ignore[arg-type]
    else:
        with pytest.raises(Problem) as refused:
            kept.plan(ask, CounterKnown(there=True), None)  # type: ignore[arg-type]
        assert refused.value.slug == "validation"
