"""What was a slip of the hand is undone within ten seconds: then all is as it was before."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.projections import door as projection
from appliance.projections import kpis
from appliance.projections.runner import Projector, dump
from tests.door.worlds import Door, defined, imported


@pytest.fixture
def door(data: Path) -> Iterator[Door]:
    one = Door(data)
    one.all(defined("general", entry="reentry"), imported("A"), imported("B"))
    yield one
    one.close()


def numbers(door: Door) -> dict[str, int]:
    """Counts of the list, and of the event's attendance."""
    db = door.box.engine.store.db
    attendance: dict[str, Any] = kpis.kpis(db, door.box.clock())["attendance"]
    return {**projection.counts(db)["general"], **{f"kpi {name}": attendance[name] for name in ("in", "out")}}


def ids(answers: list[dict[str, Any]]) -> list[str]:
    return [answer["scan"] for answer in answers]


@pytest.mark.parametrize("way", ["in", "out"])
@pytest.mark.parametrize("before", [[], ["in"], ["in", "out"], ["out"], ["in", "out", "in"]])
def test_after_an_undo_everything_is_as_it_was_before(door: Door, before: list[str], way: str) -> None:
    for one in before:
        door.scan("A", direction=one)
    door.scan("B")
    ticket = door.scan("B")["ticket"]  # a refusal, so that numbers are not all alike
    mine = projection.places(door.box.engine.store.db, ticket, door.event)
    was, inside = numbers(door), before[-1:] == ["in"]
    said = door.force("A") if way == "in" else door.scan("A", direction="out")
    assert numbers(door) != was
    door.box.clock.advance(3)
    assert door.undo(said["scan"]) == ""
    kind, fact = door.last()
    assert (kind, fact) == (
        "admission.undone/1",
        {
            "of": f"{said['scan']}.0",
            "ticket": said["ticket"],
            "list": "general",
            "gate": "west",
            "direction": way,
        },
    )
    assert numbers(door) == was
    assert projection.places(door.box.engine.store.db, ticket, door.event) == mine
    place = projection.places(door.box.engine.store.db, said["ticket"], door.event)["general"]
    assert (place.entries, place.inside, place.first is None) == (before.count("in"), inside, "in" not in before)
    assert door.scan("A")["reason"] == ("already_used" if inside else None)


def test_the_first_entry_is_forgotten_when_it_is_undone_and_kept_when_a_later_one_is(door: Door) -> None:
    first = door.scan("A", gate="one")
    assert door.undo(first["scan"]) == ""
    door.box.clock.advance(60)
    second = door.scan("A", gate="two")
    door.scan("A", direction="out")
    third = door.scan("A", gate="three")
    assert door.undo(third["scan"]) == ""
    door.scan("A")
    said = door.scan("A")
    assert said["first"] == {"at": second["at"], "gate": "two", "box": "box-7"}


@pytest.mark.parametrize(("seconds", "slug"), [(0, ""), (9.999999, ""), (10, ""), (10.000001, "too-late")])
@pytest.mark.parametrize("jump", [-86_400, 0, 86_400])
def test_ten_seconds_are_counted_by_the_clock_that_no_hand_moves(
    door: Door, seconds: float, slug: str, jump: int
) -> None:
    scan = door.scan("A")["scan"]
    door.box.clock.step(jump)
    door.box.clock.advance(seconds)
    assert door.undo(scan) == slug


def test_after_another_boot_it_is_too_late_whatever_the_clocks_say(door: Door) -> None:
    scan = door.scan("A")["scan"]
    door.restart()
    assert door.undo(door.scan("B")["scan"]) == "", "a restart of the program is no other boot"
    door.box.clock.reboot("b1")
    door.restart()
    assert door.undo(scan) == "too-late"
    assert door.undo(door.scan("B")["scan"]) == ""


def test_twice_is_once_also_much_later_and_after_a_restart(door: Door) -> None:
    scan = door.scan("A")["scan"]
    assert door.undo(scan) == ""
    after, pos = numbers(door), door.box.engine.store.pos
    assert door.undo(scan) == ""
    door.box.clock.advance(600)
    door.restart()
    assert door.undo(scan) == ""
    assert (numbers(door), door.facts()[pos:]) == (after, [])


def test_only_the_newest_movement_is_undone_and_then_the_one_before_it(door: Door) -> None:
    first, second, third = ids([door.scan("A", direction=way) for way in ("in", "out", "in")])
    assert door.undo(first) == door.undo(second) == "too-late"
    assert door.undo(third) == door.undo(second) == door.undo(first) == ""
    assert numbers(door) == {"total": 2, "admitted": 0, "inside": 0, "refused": 0, "kpi in": None, "kpi out": None}


def test_a_refusal_in_between_moves_nobody_and_another_list_is_another_matter(door: Door) -> None:
    door.all(defined("other"), imported("A", "other"))
    scan = door.scan("A", list="general")["scan"]
    refused = door.scan("A", list="general")
    assert refused["verdict"] == "refused"
    assert door.scan("A", list="other")["verdict"] == "admitted"
    assert door.undo(refused["scan"]) == "not-found"
    assert door.undo("nonsense") == "not-found"
    assert door.undo(scan) == ""
    assert door.scan("A", list="other")["reason"] == "already_used"


def test_a_stranger_whom_the_lead_let_in_by_mistake_is_a_stranger_again(door: Door) -> None:
    said = door.force("STRANGER")
    assert door.undo(said["scan"]) == ""
    assert projection.places(door.box.engine.store.db, said["ticket"], door.event) == {}
    assert (door.scan("STRANGER")["reason"], door.scan("STRANGER")["entries"]) == ("unknown", 0)


def test_an_answer_to_a_question_is_undone_with_its_entry(door: Door) -> None:
    door.all(defined("general", questions=[{"text": "Over 18?"}]))
    for _ in range(2):
        said = door.scan("A", answers={"q1": "yes"})
        assert door.undo(said["scan"]) == ""
        assert door.scan("A")["reason"] == "question"
    door.scan("A", answers={"q1": "yes"})
    door.scan("A", direction="out")
    door.all(defined("general", questions=[{"text": "Over 18?"}, {"text": "Again?"}]))
    assert door.undo(door.scan("A", answers={"q2": "yes"})["scan"]) == ""
    assert [one["question"] for one in door.scan("A")["questions"]] == ["q2"], "the first answer stays"


def test_the_same_scan_again_has_its_answer_and_does_not_happen_again(door: Door) -> None:
    first = door.ask("ticket.scan", {"code": "A"}, id="s1")
    undone = door.ask("admission.undo", {"scan": "s1"}, id="u1")
    pos = door.box.engine.store.pos
    door.box.clock.advance(3600)
    assert door.ask("ticket.scan", {"code": "A"}, id="s1") == first
    assert door.ask("admission.undo", {"scan": "s1"}, id="u1") == undone
    assert door.box.engine.store.pos == pos
    assert door.scan("A")["verdict"] == "admitted"


def test_a_guest_whose_entry_was_undone_after_the_event_closed_is_not_inside(door: Door) -> None:
    scan = door.scan("A")["scan"]
    door.all(("event.close", {}))
    assert door.undo(scan) == ""
    assert numbers(door)["inside"] == 0


def test_undone_movements_are_the_same_when_the_tables_are_built_again(door: Door) -> None:
    for way in ("in", "out", "in"):
        scan = door.scan("A", direction=way)["scan"]
        assert door.undo(scan) == ""
        door.scan("A", direction=way)
    db = door.box.engine.store.db
    live = dump(db)
    Projector(db).rebuild()
    assert dump(db) == live
