"""The footfall worker as a process: whatever ends it, nobody who has crossed is lost or counted twice."""

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance import board
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from drivers.emulators.beam import BeamEmulator
from tests.conftest import Process, wait_until

Start = Callable[..., Process]


class Doorway:
    """A recorder, a footfall worker, and the beams at its pins."""

    def __init__(self, start: Start, data: Path, run: Path, beam: BeamEmulator) -> None:
        self.run, self.data, self.beam = run, data, beam
        self.config = f'[devices]\nfootfall = "gpio://17,27?factory=mock&socket={run}/pins.sock"\n'
        self.recorder = start("recorder", self.config)
        admin = RecorderClient(run, "admin", timeout=30)
        created = {"name": "Abendmarkt", "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "12"}
        for command, data_ in (("event.create", created), ("event.open", {})):
            admin.send(command, data_, actor="admin:test", id=command)
        admin.close()
        self.worker = start("footfall", self.config)
        self.ready()

    @property
    def gathered(self) -> Path:
        return self.run / "board" / "footfall" / "gathered"

    def ready(self) -> None:
        """Until the beams are watched, by the process that runs now."""
        assert self.worker.process is not None
        pid = self.worker.process.pid

        def counting() -> bool:
            page = board.read(self.run, "footfall") or {}
            return page.get("pid") == pid and page.get("devices", {}).get("footfall", {}).get("state") == "online"

        wait_until(counting, "the beams are watched")

    def kept(self) -> list[dict[str, Any]]:
        """What lies in the spool."""
        found = []
        for path in self.gathered.glob("*.json"):
            try:
                found.append(json.loads(path.read_text())["data"])
            except FileNotFoundError:
                continue
        return found

    def crossings(self) -> list[dict[str, Any]]:
        """What is recorded."""
        reader = Reader(self.data)
        try:
            bodies = [json.loads(fact.body) for fact in reader.facts(0, 10_000)]
        finally:
            reader.close()
        return [body["data"] for body in bodies if body["kind"] == "crossings.counted/1"]

    def counted(self) -> tuple[int, int]:
        facts = self.crossings()
        return sum(fact["in"] for fact in facts), sum(fact["out"] for fact in facts)


@pytest.fixture
def doorway(worker: Start, tmp_path: Path, run_folder: Path) -> Iterator[Doorway]:
    beam = BeamEmulator(run_folder / "pins.sock", stride=0.02, repeat=0.05)
    beam.start()
    yield Doorway(worker, tmp_path / "data", run_folder, beam)
    beam.close()


def test_people_of_two_seconds_are_one_fact_with_its_source_and_then_nothing_is_kept(doorway: Doorway) -> None:
    doorway.beam.walk("in", people=3)
    doorway.beam.walk("out", people=1)
    wait_until(lambda: doorway.counted() == (3, 1), "all are recorded")
    facts = doorway.crossings()
    assert len(facts) < 4, "no fact for each person"
    assert {(fact["line"], fact["source"]) for fact in facts} == {("footfall", "beam")}
    assert all(fact["to_mono"] - fact["from_mono"] <= 10_000_000 for fact in facts)
    wait_until(lambda: not doorway.kept(), "what is recorded is not kept")


def test_a_worker_that_is_killed_before_it_handed_over_loses_nobody(doorway: Doorway) -> None:
    for round_ in range(1, 4):
        doorway.beam.walk("in", people=2)
        doorway.beam.finish()
        wait_until(lambda n=round_: sum(one["in"] for one in doorway.kept()) + doorway.counted()[0] >= 2 * n, "kept")
        doorway.worker.kill(signal.SIGKILL)
        doorway.worker.start()
        doorway.ready()
        wait_until(lambda n=round_: doorway.counted() == (2 * n, 0), "everybody is recorded")
    wait_until(lambda: not doorway.kept(), "nothing is kept")
    assert doorway.counted() == (6, 0)


def test_what_was_recorded_just_before_the_worker_was_killed_is_recorded_once(doorway: Doorway) -> None:
    assert doorway.recorder.process is not None
    doorway.recorder.process.send_signal(signal.SIGSTOP)
    doorway.beam.walk("in", people=2)
    wait_until(lambda: sum(one["in"] for one in doorway.kept()) == 2, "two came")
    copy = doorway.run / "copy"
    shutil.copytree(doorway.gathered, copy)
    doorway.recorder.process.send_signal(signal.SIGCONT)
    wait_until(lambda: doorway.counted() == (2, 0), "they are recorded")
    doorway.worker.kill(signal.SIGKILL)
    shutil.copytree(copy, doorway.gathered, dirs_exist_ok=True)
    assert list(doorway.gathered.glob("*.json"))
    doorway.worker.start()
    doorway.ready()
    wait_until(lambda: not doorway.kept(), "the recorder has answered")
    assert doorway.counted() == (2, 0)


def test_who_came_while_the_recorder_was_away_and_the_worker_died_is_counted_when_both_are_back(
    doorway: Doorway,
) -> None:
    doorway.recorder.kill(signal.SIGKILL)
    doorway.beam.walk("in", people=3)
    doorway.beam.walk("out", people=1)
    wait_until(lambda: sum(one["in"] + one["out"] for one in doorway.kept()) == 4, "four crossings are kept")
    doorway.worker.kill(signal.SIGKILL)
    doorway.worker.start()
    doorway.ready()
    assert sum(one["in"] + one["out"] for one in doorway.kept()) == 4
    doorway.recorder.start()
    wait_until(lambda: doorway.counted() == (3, 1), "all are recorded")
    wait_until(lambda: not doorway.kept(), "nothing is kept")


def test_a_worker_that_is_stopped_hands_over_at_once(doorway: Doorway) -> None:
    doorway.beam.walk("in", people=2)
    wait_until(lambda: sum(one["in"] for one in doorway.kept()) + doorway.counted()[0] >= 2, "both are seen")
    assert doorway.worker.kill(signal.SIGTERM) == 0
    assert doorway.counted() == (2, 0)
    assert doorway.kept() == []


def test_what_lies_in_the_spool_and_is_no_batch_stops_nobody(doorway: Doorway) -> None:
    doorway.worker.kill(signal.SIGKILL)
    doorway.gathered.mkdir(exist_ok=True)
    for name, text in {
        "a.json": "{",
        "b.json": "[]",
        "c.json": '{"command":"x","data":{},"actor":""}',
        "d.new": "{",
    }.items():
        (doorway.gathered / name).write_text(text)
    bad = {"line": "footfall", "in": 0, "out": 0, "from_mono": 1, "to_mono": 1, "source": "beam"}
    nobody = {"command": "crossings.count", "data": bad, "actor": "device:footfall"}
    (doorway.gathered / "nobody.json").write_text(json.dumps(nobody))
    doorway.worker.start()
    doorway.ready()
    wait_until(lambda: not list(doorway.gathered.iterdir()), "the spool is clean")
    doorway.beam.walk("in")
    wait_until(lambda: doorway.counted() == (1, 0), "the next person is counted")


def test_the_worker_shows_how_its_beams_are_wired(doorway: Doorway) -> None:
    """What the kit check looks at: which beam was broken when, and the address that counts the other way round."""

    def wiring() -> dict[str, Any]:
        page = board.read(doorway.run, "footfall") or {}
        shown: dict[str, Any] = page["devices"]["footfall"]["wiring"]
        return shown

    assert wiring()["broken"] == [None, None]
    doorway.beam.turn_back("out", 1)
    wait_until(lambda: wiring()["broken"][1] is not None, "somebody was in the inner beam")
    assert wiring()["broken"][0] is None
    assert wiring()["turned"].endswith("&in=27")
