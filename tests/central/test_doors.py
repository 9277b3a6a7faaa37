"""One ticket at two doors: found whatever the order, and only where it is wrong."""

from typing import Any

import pytest

from appliance.central.places import Box
from appliance.central.service import Received
from appliance.journal import notes
from tests.central.bodies import SEED, batch, body
from tests.central.conftest import Inside


def message(box: str, *facts: tuple[int, str, dict[str, Any]]) -> Received:
    """Facts of a box, from seq 1 on: (second, kind, data)."""
    bodies = [
        body(seq, kind, data, box=box, mono=mono, id=f"{box}-{seq}.0")
        for seq, (mono, kind, data) in enumerate(facts, 1)
    ]
    return batch(bodies, topic=f"boothkit/1/cell/{box}/facts")


def moved(mono: int, ticket: str, way: str = "admitted", list_: str = "general") -> tuple[int, str, dict[str, Any]]:
    return mono, f"ticket.{way}/1", {"ticket": ticket, "list": list_, "gate": "door", "time_checked": True}


def lists(entry: str) -> tuple[int, str, dict[str, Any]]:
    return 1, "list.defined/1", {"list": "general", "entry": entry}


@pytest.fixture
def two(inside: Inside) -> Inside:
    """A central that knows two boxes."""
    for box in ("box-7", "box-8"):
        key = notes.Signer(f"boothkit/{box}/1", SEED).verifier.vkey()
        inside.keyring.enrol(Box("cell", box), key)
    return inside


@pytest.mark.parametrize("first", ["box-7", "box-8"])
def test_a_ticket_that_went_in_at_two_boxes_is_one_task(two: Inside, first: str) -> None:
    pair = [message("box-7", lists("single"), moved(30, "t1")), message("box-8", moved(90, "t1"), moved(95, "t2"))]
    for each in pair if first == "box-7" else reversed(pair):
        two.take(each)
    two.take(*pair)
    (task,) = two.tasks("double admission")
    assert "ticket t1 of list general went in at cell/box-7 (door) at 2026-11-23T18:00:30.000Z" in task["about"]
    assert "and at cell/box-8 (door) at 2026-11-23T18:01:30.000Z" in task["about"]
    assert two.view.boxes(two.now_ms)[1]["alarms"] == 1


@pytest.mark.parametrize("entry", ["multiple", "reentry"])
def test_lists_that_let_in_again_are_none(two: Inside, entry: str) -> None:
    two.take(message("box-7", lists(entry), moved(30, "t1")), message("box-8", moved(90, "t1")))
    assert two.tasks("double admission") == []


def test_an_exit_in_between_is_none_even_when_it_comes_last(two: Inside) -> None:
    two.take(message("box-7", lists("single"), moved(30, "t1")), message("box-8", moved(90, "t1")))
    assert len(two.tasks("double admission")) == 1
    out = body(3, "ticket.exited/1", moved(60, "t1")[2], box="box-7", mono=60, id="box-7-3.0")
    two.take(batch([out], topic="boothkit/1/cell/box-7/facts"))
    assert two.tasks("double admission") == []


def test_an_admission_that_was_undone_is_none_and_is_no_longer_counted(two: Inside) -> None:
    two.take(message("box-7", lists("single"), moved(30, "t1")), message("box-8", moved(90, "t1")))
    assert len(two.tasks("double admission")) == 1
    undone = {"of": "box-7-2.0", "ticket": "t1", "list": "general", "gate": "door", "direction": "in"}
    fact = body(3, "admission.undone/1", undone, box="box-7", mono=35, id="box-7-3.0")
    two.take(batch([fact], topic="boothkit/1/cell/box-7/facts"))
    assert two.tasks("double admission") == []
    (row,) = two.store.db.rows("SELECT sum(admitted) AS n FROM hour_door")
    assert row["n"] == 1


def test_a_list_may_be_defined_last_and_other_events_are_other_tickets(two: Inside) -> None:
    two.take(message("box-7", moved(30, "t1")), message("box-8", moved(90, "t1")))
    assert two.tasks("double admission") == []
    defined = body(2, "list.defined/1", lists("single")[2], box="box-7", id="box-7-2.0", event="ev2")
    two.take(batch([defined], topic="boothkit/1/cell/box-7/facts"))
    assert two.tasks("double admission") == []
    defined = body(3, "list.defined/1", lists("single")[2], box="box-7", id="box-7-3.0")
    two.take(batch([defined], topic="boothkit/1/cell/box-7/facts"))
    assert len(two.tasks("double admission")) == 1


def test_names_of_any_length_and_kind_harm_nothing(two: Inside) -> None:
    odd = ["t" * 60_000, "t\x00", "\U0001f3ab" * 500, ""]
    answers = two.take(message("box-7", lists("single"), *(moved(30 + n, name) for n, name in enumerate(odd))))
    assert two.receipts(answers)[0].size == 5
    assert two.receipts(two.take(message("box-8", *(moved(90 + n, name) for n, name in enumerate(odd))))) == []
    assert len(two.tasks("double admission")) == len(odd)
