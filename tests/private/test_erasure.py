"""Who is erased is gone from every file, stays gone, and takes no evidence along."""

import json
import shutil
import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from appliance.cli import boothkit
from appliance.clock import FakeClock
from appliance.domain.kernel import Fact, PersonRef
from appliance.errors import RecorderDown
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.journal.verify import verify
from appliance.private.people import People
from appliance.projections import persons
from appliance.projections.runner import Projector, dump
from appliance.services.recorder import forgetting
from tests.conftest import EngineBox, Process, wait_until

DAY = 86_400
Starts = Callable[..., Process]


def issue(box: EngineBox, count: int, word: str = "Quillfeather") -> list[str]:
    """Tickets with a holder each; references of their records, in order."""
    for at in range(0, count, 200):
        batch = [
            {"ticket": f"{box.engine.store.pos:08x}{n:016x}", "holder": f"{word} {n:05}x", "order": f"ORD{word}{n:05}x"}
            for n in range(at, min(count, at + 200))
        ]
        assert box.ask("tickets.issue", {"list": "general", "tickets": batch})["ok"]
    found = (json.loads(body) for body in box.bodies())
    holders = [body["data"]["holder"]["ref"] for body in found if body["kind"] == "ticket.issued/1"]
    return holders[-count:]


def raw(data: Path) -> bytes:
    """Every byte in every file, in lower case as words to be found by are."""
    return b"".join(path.read_bytes() for path in sorted(data.rglob("*")) if path.is_file()).lower()


def erasures(box: EngineBox) -> list[dict[str, Any]]:
    """What was erased, as recorded."""
    found = (json.loads(body) for body in box.bodies())
    return [body["data"] for body in found if body["kind"] == "record.erased/1"]


def close_event(box: EngineBox) -> None:
    """Its drawer is counted and closed first."""
    box.do("drawer.count", coins={"1000": 10})
    box.do("drawer.close")
    box.do("event.close")


def test_not_one_byte_of_who_was_erased_is_left_in_any_file_and_the_others_are_found(box: EngineBox) -> None:
    box.open_event()
    refs = issue(box, 1200)
    gone = refs[::3]
    note = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 350}], "note": "Zilpzalp 1"}
    sale = box.do("sale.complete", **note)["sale"]
    place = next(json.loads(body)["data"] for body in box.bodies() if '"sale.completed/1"' in body)
    assert b"quillfeather 00003x" in raw(box.data)
    assert box.do("people.erase", refs=gone)["erased"] == len(gone)
    assert box.do("people.erase", refs=[place["note_ref"]["ref"]])["erased"] == 1
    left = raw(box.data)
    assert [
        n for n in range(0, 1200, 3) if b"quillfeather %05dx" % n in left or b"ordquillfeather%05dx" % n in left
    ] == []
    assert b"zilpzalp" not in left
    people = People(box.data)
    assert people.person(refs[1]) == {"holder": "Quillfeather 00001x", "order": "ORDQuillfeather00001x"}
    assert people.find("quillfeather 00001x", 5) == [refs[1]]
    assert people.person(gone[0]) == {}
    assert persons.is_erased(box.engine.store.db, gone[0])
    assert not persons.is_erased(box.engine.store.db, refs[1])
    assert place["note_ref"]["mac"] in "".join(box.bodies()), "what refers to it stays"
    assert sale
    assert verify(box.data)["ok"]
    before = dump(box.engine.store.db)
    Projector(box.engine.store.db).rebuild()
    assert dump(box.engine.store.db) == before


def test_asking_twice_changes_nothing_and_what_is_nowhere_is_refused_whole(box: EngineBox) -> None:
    box.open_event()
    one, two = issue(box, 2)
    assert box.do("people.erase", refs=[one, one]) == {"erased": 1, "already": 0, "pos": box.engine.store.pos}
    assert box.do("people.erase", refs=[one]) == {"erased": 0, "already": 1}
    assert box.ask("people.erase", {"refs": [two, "pnobody"]})["refusal"]["slug"] == "not-found"
    assert People(box.data).person(two)
    assert box.ask("people.erase", {"refs": []})["refusal"]["slug"] == "validation"
    assert box.ask("people.erase", {"refs": [two] * 501})["refusal"]["slug"] == "validation"
    assert erasures(box) == [{"refs": [one], "why": "asked"}]


def test_an_event_is_forgotten_when_its_term_is_over_piece_by_piece_and_no_sooner(box: EngineBox) -> None:
    event = box.open_event()
    refs = issue(box, 700)

    def expire(keep_days: int = 30) -> tuple[int, int]:
        answer = box.do("people.expire", keep_days=keep_days)
        return answer["erased"], answer["left"]

    box.clock.advance(400 * DAY)
    assert expire() == (0, 0), "an open event is no event that is over"
    assert box.ask("people.erase_event", {"event": event})["refusal"]["slug"] == "event-open"
    close_event(box)
    box.clock.advance(30 * DAY - 1)
    assert expire() == (0, 0)
    box.clock.advance(2)
    assert expire(0) == (0, 0), "0 keeps it until somebody asks"
    box.clock.trust("none")
    assert expire() == (0, 0), "nobody knows what day it is"
    box.clock.trust("ntp")
    assert [expire(), expire(), expire()] == [(500, 200), (200, 0), (0, 0)]
    assert b"quillfeather" not in raw(box.data)
    assert [(len(one["refs"]), one["why"], one["of"]) for one in erasures(box)] == [
        (500, "term", event),
        (200, "term", event),
    ]
    assert {ref for one in erasures(box) for ref in one["refs"]} == set(refs)


def test_the_term_of_an_event_that_was_closed_on_no_clock_begins_with_the_first_clock_after_it(box: EngineBox) -> None:
    box.open_event()
    issue(box, 1)
    box.clock.trust("none")
    box.clock.step(-20_000 * DAY)
    close_event(box)
    assert persons.kept(box.engine.store.db)[0].closed_ms is None
    box.clock.step(20_000 * DAY)
    box.clock.trust("phone")
    assert box.do("people.expire", keep_days=1)["erased"] == 0
    assert box.do("event.create", name="Next", currency="EUR", timezone="UTC", area_m2="1")
    box.clock.advance(DAY - 1)
    assert box.do("people.expire", keep_days=1)["erased"] == 0
    box.clock.advance(2)
    assert box.do("people.expire", keep_days=1)["erased"] == 1


def test_an_event_that_is_over_is_forgotten_at_once_when_the_lead_says_so(box: EngineBox) -> None:
    event = box.open_event()
    issue(box, 3)
    close_event(box)
    assert box.do("people.erase_event", event=event)["left"] == 0
    assert box.do("people.erase_event", event=event)["erased"] == 0
    assert box.do("people.erase_event", event="evnone")["erased"] == 0
    assert erasures(box)[0]["why"] == "asked"


def test_an_older_people_db_that_is_put_back_brings_nobody_back(box: EngineBox) -> None:
    box.open_event()
    gone, stays = issue(box, 2)
    older = (box.data / "people.db").read_bytes()
    box.do("people.erase", refs=[gone])
    box.engine.close()
    (box.data / "people.db").write_bytes(older)
    again = EngineBox(box.data)
    assert People(box.data).person(gone) == {}
    assert People(box.data).person(stays)
    again.engine.probe()
    assert b"quillfeather 00000x" not in raw(box.data)
    again.engine.close()


def test_a_large_file_is_written_anew_when_no_event_waits_for_it_also_after_a_restart(
    box: EngineBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "QUICK", 0)
    box.open_event()
    (gone,) = issue(box, 1)
    box.do("people.erase", refs=[gone])
    assert People(box.data).person(gone) == {}
    assert box.engine.people.is_dirty
    box.engine.close()
    again = EngineBox(box.data)
    assert again.engine.people.is_dirty
    again.do("drawer.count", coins={"1000": 10})
    again.do("drawer.close")
    again.do("event.close")
    again.engine.probe()
    assert not again.engine.people.is_dirty
    again.engine.close()


def test_a_box_that_was_set_back_says_so_and_erases_again_what_central_knows(box: EngineBox, tmp_path: Path) -> None:
    box.open_event()
    gone, stays = issue(box, 2)
    box.engine.store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    backup = tmp_path / "backup"
    shutil.copytree(box.data, backup)
    box.do("people.erase", refs=[gone])
    central = tmp_path / "facts.ndjson"
    central.write_text("\n".join(box.bodies()) + "\n")
    restored = EngineBox(backup)
    assert People(backup).person(gone), "the backup is from before"
    back = persons.brought_back(restored.engine.store.db)
    assert back is not None
    assert back.kept == 2
    restored.engine.close()
    (backup / "box.id").write_text("box-7\n")
    words = ["people", "erase", "--from", str(central), "--data", str(backup), "--json"]
    for erased in (1, 0):
        done = CliRunner().invoke(boothkit, words)
        assert (done.exit_code, json.loads(done.stdout.splitlines()[-1])) == (0, {"erased": erased}), done.output
    assert People(backup).person(gone) == {}
    assert People(backup).person(stays)
    central.write_text("no fact\n")
    assert CliRunner().invoke(boothkit, words).exit_code != 0


def test_a_recorder_that_is_killed_between_the_fact_and_the_erasing_erases_at_its_next_start(
    tmp_path: Path, run_folder: Path, worker: Starts
) -> None:
    first = EngineBox(tmp_path / "data")
    first.open_event()
    (gone,) = issue(first, 1)
    first.engine.close()
    recorder = worker("recorder", '[box]\nid = "box-7"\n')
    client = RecorderClient(run_folder, "admin", timeout=30)
    with (
        closing(Reader(tmp_path / "data")) as reader,
        closing(sqlite3.connect(tmp_path / "data" / "people.db")) as holder,
    ):
        holder.isolation_level = None
        holder.execute("BEGIN IMMEDIATE")  # nobody else writes to it now
        before = reader.position()
        asked = threading.Thread(target=_ask, args=(run_folder, gone))
        asked.start()
        wait_until(lambda: reader.position() > before, "the fact is durable")
        recorder.kill(signal.SIGKILL)
        asked.join()
        holder.execute("ROLLBACK")
    assert People(tmp_path / "data").person(gone), "it was not erased before it was killed"
    worker("recorder", '[box]\nid = "box-7"\n')
    assert People(tmp_path / "data").person(gone) == {}
    again = client.send("people.erase", {"refs": [gone]}, actor="admin:test", id="erase-1").answer
    assert again["erased"] == 1, "the answer that was lost"
    wait_until(lambda: b"quillfeather" not in raw(tmp_path / "data"), "nothing is left in the gaps of the file")
    client.close()


def _ask(run_folder: Path, ref: str) -> None:
    client = RecorderClient(run_folder, "admin", timeout=30)
    with pytest.raises(RecorderDown):
        client.send("people.erase", {"refs": [ref]}, actor="admin:test", id="erase-1")
    client.close()


def test_clockwork_has_erased_at_its_start_what_is_due(tmp_path: Path, run_folder: Path, worker: Starts) -> None:
    box = EngineBox(tmp_path / "data", clock=FakeClock("2026-01-05T18:00:00.000Z"))
    box.open_event()
    issue(box, 600)
    close_event(box)
    box.engine.close()
    config = '[box]\nid = "box-7"\n[clock]\ntrust = "rtc"\n[privacy]\nkeep_days = 14\n'
    worker("recorder", config)
    worker("clockwork", config)
    with closing(Reader(tmp_path / "data")) as reader:
        wait_until(lambda: persons.kept(reader.db()) == [], "all of it is erased")
    wait_until(lambda: b"quillfeather" not in raw(tmp_path / "data"), "also from the file")


def test_a_record_is_found_wherever_a_fact_refers_to_it() -> None:
    class Inner(Fact, frozen=True):
        said: PersonRef | None = None

    class Outer(Fact, frozen=True):
        by_name: dict[str, Inner]
        many: tuple[Inner, ...] = ()
        own: PersonRef | None = None

    def ref(name: str) -> PersonRef:
        return PersonRef(ref=name, mac="00")

    outer = Outer(many=(Inner(said=ref("a")), Inner()), by_name={"x": Inner(said=ref("b"))}, own=ref("c"))
    assert sorted(persons.refs(outer)) == ["a", "b", "c"]
    kinds = {fact.__name__ for fact in persons.carriers()}
    assert {"TicketsImported", "TicketIssued", "SaleCompleted", "DrawerClosed", "CartParked"} <= kinds
    assert not {"DrawerCounted", "EventClosed"} & kinds
    assert all("PersonRef" in repr(msgspec.inspect.type_info(fact)) for fact in persons.carriers())
