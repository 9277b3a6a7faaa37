"""How many are inside: counted on from the newest head count, told when they are too many, and never below none."""

import json
import random
from typing import Any

import pytest

from appliance.projections import headcount, tasks, wanted
from appliance.projections.runner import Projector
from tests.footfall.conftest import Counted
from tests.policies import in_force

MIDDLE = {"name": "middle", "a": [0, 5000], "b": [10_000, 5000], "entrance": False}
DOOR = {"name": "door", "a": [0, 9000], "b": [10_000, 9000]}
PLACE = {"name": "place", "corners": [[0, 0], [10_000, 0], [10_000, 10_000]], "whole": True}


def test_a_head_count_sets_the_occupancy_right_and_leaves_what_was_counted(counted: Counted) -> None:
    counted.cross(in_=9, out=2)
    assert counted.heads(5)["drift"] == 2
    seen = counted.attendance()
    assert (seen["in"], seen["out"], seen["occupancy"], seen["drift"]) == (9, 2, 5, 2)
    assert seen["corrected_at"] == counted.box.clock().at
    counted.cross(in_=1, out=3)
    assert counted.inside() == 3
    assert counted.heads(4)["drift"] == -1
    assert counted.attendance()["drift"] == -1
    fact = json.loads(counted.box.bodies()[-1])
    assert (fact["kind"], fact["data"]) == (
        "occupancy.corrected/1",
        {"occupancy": 4, "counted": 3, "by": "test"},
    )


def test_admissions_are_counted_on_from_a_head_count_too(counted: Counted) -> None:
    assert counted.heads(3)["drift"] is None
    assert counted.inside() is None, "where nobody was counted in, no one number is known to go on from"
    counted.box.do("tickets.issue", list="general", tickets=[{"ticket": f"{n:024x}"} for n in range(3)])
    for n in range(3):
        counted.box.do("ticket.admit", ticket=f"{n:024x}")
    assert counted.attendance()["source"] == "admissions"
    assert counted.inside() == 6
    assert counted.heads(4)["drift"] == 2
    assert counted.inside() == 4
    counted.cross(in_=2)
    assert (counted.attendance()["source"], counted.inside()) == ("beam", 6)


def test_a_head_count_wants_an_open_event_and_a_number_of_people(counted: Counted) -> None:
    for wrong in (-1, 1_000_001):
        assert counted.box.ask("occupancy.correct", {"inside": wrong})["refusal"]["slug"] == "validation"
    counted.box.do("event.close")
    assert counted.box.ask("occupancy.correct", {"inside": 1})["refusal"]["slug"] == "event-closed"


def test_a_place_that_was_seen_empty_sets_the_count_to_none_and_says_so_once(counted: Counted) -> None:
    counted.plan(zones=[PLACE, {**PLACE, "name": "bar", "whole": False}])
    counted.empty()
    assert "occupancy.corrected/1" not in counted.box.kinds(), "nobody was counted yet"
    counted.cross(in_=4, out=1)
    before = len(counted.box.kinds())
    for zone in ("footfall/bar", "footfall-back/place", "footfall/nowhere"):
        counted.empty(zone)
    assert len(counted.box.kinds()) == before, "only the whole place says that nobody is there"
    counted.empty()
    counted.empty()
    assert counted.box.kinds()[before:] == ["occupancy.corrected/1"]
    assert json.loads(counted.box.bodies()[-1])["data"] == {"occupancy": 0, "counted": 3}
    assert (counted.inside(), counted.attendance()["in"]) == (0, 4)


def test_a_line_inside_of_the_place_counts_no_attendees(counted: Counted) -> None:
    counted.plan(lines=[MIDDLE, DOOR])
    counted.cross(in_=3, line="footfall/door", source="camera")
    counted.cross(in_=5, out=1, line="footfall/middle", source="camera")
    counted.cross(in_=1, line="footfall-back")
    seen = counted.attendance()
    assert seen == {"in": 4, "out": 0, "occupancy": 4, "source": "beam+camera"}
    kept = [json.loads(body)["data"] for body in counted.box.bodies() if '"crossings.counted/1"' in body]
    assert [fact.get("entrance", True) for fact in kept] == [True, False, True]
    counted.plan(lines=[{**MIDDLE, "entrance": True}])
    counted.cross(in_=2, line="footfall/middle", source="camera")
    assert counted.attendance()["in"] == 6, "what a line is counts from the plan on that says so"


def test_too_many_people_are_told_once_with_a_task_until_there_is_room_again(counted: Counted) -> None:
    in_force(counted.box, occupancy={"alone": 3, "lead": 5})
    counted.cross(in_=3)
    assert headcount.crowded(counted.box.engine.store.db) is None
    before = len(counted.box.kinds())
    counted.cross(in_=2)
    assert counted.box.kinds()[before:] == ["crossings.counted/1", "occupancy.exceeded/1", "task.raised/1"]
    exceeded, task = (json.loads(body)["data"] for body in counted.box.bodies()[-2:])
    assert exceeded == {"occupancy": 5}
    assert (task["kind"], task["about"]) == ("over-capacity", counted.event)
    over = headcount.crowded(counted.box.engine.store.db)
    assert over is not None
    assert (over.inside, over.most, over.lead) == (5, 3, 5)
    assert wanted.wanted(counted.box.engine.store.db)["crowded"]
    before = len(counted.box.kinds())
    counted.cross(in_=1)
    counted.cross(out=2)
    assert counted.box.kinds()[before:] == ["crossings.counted/1"] * 2, "it goes on"
    counted.cross(out=1)
    assert counted.box.kinds()[-1] == "occupancy.eased/1"
    assert headcount.crowded(counted.box.engine.store.db) is None
    assert not wanted.wanted(counted.box.engine.store.db)["crowded"]
    assert tasks.waiting(counted.box.engine.store.db) == []


def test_a_head_count_ends_a_crowd_or_finds_one(counted: Counted) -> None:
    in_force(counted.box, occupancy={"alone": 3})
    counted.cross(in_=4)
    counted.heads(2)
    assert counted.box.kinds()[-2:] == ["occupancy.corrected/1", "occupancy.eased/1"]
    counted.heads(9)
    assert counted.box.kinds()[-3:] == ["occupancy.corrected/1", "occupancy.exceeded/1", "task.raised/1"]


def test_a_new_limit_counts_from_the_next_crossing_on_and_on_the_screens_at_once(counted: Counted) -> None:
    counted.cross(in_=6)
    in_force(counted.box, occupancy={"alone": 4})
    assert headcount.crowded(counted.box.engine.store.db) is not None
    counted.cross(out=1)
    assert "occupancy.exceeded/1" in counted.box.kinds()
    in_force(counted.box, occupancy={"alone": 8})
    assert headcount.crowded(counted.box.engine.store.db) is None
    counted.cross(in_=1)
    assert counted.box.kinds()[-1] == "occupancy.eased/1"


def test_after_its_end_an_event_has_no_crowd(counted: Counted) -> None:
    in_force(counted.box, occupancy={"alone": 1})
    counted.cross(in_=2)
    counted.box.do("event.close")
    assert headcount.crowded(counted.box.engine.store.db) is None
    before = len(counted.box.kinds())
    counted.cross(in_=1)
    assert counted.box.kinds()[before:] == ["crossings.counted/1"]


def recomputed(bodies: list[dict[str, Any]]) -> int:
    """People inside, by somebody who reads the journal with a pencil."""
    people = 0
    for body in bodies:
        data = body["data"]
        if body["kind"] == "occupancy.corrected/1":
            people = data["occupancy"]
        elif body["kind"] == "crossings.counted/1" and data.get("entrance", True):
            people = max(0, people + data["in"] - data["out"])
    return people


@pytest.mark.parametrize("seed", range(5))
def test_any_day_is_counted_as_somebody_with_a_pencil_counts_it(counted: Counted, seed: int) -> None:
    lots = random.Random(seed)
    most = lots.randrange(2, 12)
    in_force(counted.box, occupancy={"alone": most})
    counted.plan(lines=[MIDDLE, DOOR], zones=[PLACE])
    counted.cross(in_=1)
    over, alarms = False, 0
    for _ in range(150):
        match lots.choice(["in", "in", "out", "out", "middle", "heads", "empty"]):
            case "in":
                counted.cross(in_=lots.randrange(1, 5), line=lots.choice(["footfall", "footfall/door"]))
            case "out":
                counted.cross(out=lots.randrange(1, 5))
            case "middle":
                counted.cross(in_=3, line="footfall/middle", source="camera")
            case "heads":
                counted.heads(lots.randrange(0, 12))
            case _:
                counted.empty()
        bodies = [json.loads(body) for body in counted.box.bodies()]
        people = recomputed(bodies)
        alarms += people > most and not over
        over = people > most
        assert counted.inside() == people
        crowd = headcount.crowded(counted.box.engine.store.db)
        assert (crowd is not None, crowd.inside if crowd else people) == (over, people)
    kinds = counted.box.kinds()
    assert kinds.count("occupancy.exceeded/1") == alarms > 0
    assert kinds.count("occupancy.eased/1") == alarms - over
    assert kinds.count("task.raised/1") == alarms
    db = counted.box.engine.store.db
    tables = ("p_headcount", "p_correction", "p_counted_plan", "p_judgement", "p_dwell", "p_crossing", "p_task")
    before = {table: [tuple(row) for row in db.execute(f"SELECT * FROM {table}")] for table in tables}  # noqa: S608
    Projector(db).rebuild()
    assert {table: [tuple(row) for row in db.execute(f"SELECT * FROM {table}")] for table in tables} == before  # noqa: S608


@pytest.mark.parametrize("by_tickets", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_what_a_correction_is_held_against_is_what_everybody_was_shown(
    counted: Counted, seed: int, by_tickets: bool
) -> None:
    lots = random.Random(seed)
    tickets = [f"{n:024x}" for n in range(200)]
    counted.box.do("list.define", list="general", entry="multiple")
    counted.box.do("tickets.issue", list="general", tickets=[{"ticket": ticket} for ticket in tickets])
    drifts: set[int | None] = set()
    for _ in range(80):
        shown = counted.inside()
        match lots.choice(["move", "move", "move", "judge", "heads"]):
            case "move" if by_tickets:
                direction = lots.choice(["in", "in", "out"])
                counted.box.do("ticket.admit", ticket=lots.choice(tickets), direction=direction)
            case "move":
                counted.cross(in_=lots.randrange(0, 4), out=1)
            case "judge":
                counted.judge(
                    lots.choice(["good", "poor", "unsuitable"]), device=lots.choice(["footfall", "footfall-b"])
                )
            case _:
                drift = counted.heads(heads := lots.randrange(0, 9))["drift"]
                assert drift == (None if shown is None else shown - heads)
                drifts.add(drift)
    assert len(drifts) > 2
    assert by_tickets or None in drifts, "while a counter cannot count, nobody knows"
