"""A camera that counts people, end to end: pictures, lines that the lead accepts, facts, attendance, a view that is no
good, and a worker that dies while people walk."""

import itertools
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance import board
from appliance.ids import new_id
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.services import footfallclient
from drivers.emulators.camera import CameraEmulator
from drivers.emulators.crowd import CLOSE, MARKET, Camera, Scene, Seen, crossings, stays, write_video
from drivers.vision.plan import Line, Zone
from tests.conftest import Process, wait_until
from tests.demo import Demo

SIZE = (384, 288)
FPS = 10
FILM_S = 45.0
ACROSS = Line("door", (0.02, 0.55), (0.98, 0.55))
HALL = Zone("hall", ((0.0, 0.55), (1.0, 0.55), (1.0, 1.0), (0.0, 1.0)))
PLAN: dict[str, Any] = {
    "lines": [{"name": "door", "a": [200, 5500], "b": [9800, 5500]}],
    "zones": [{"name": "hall", "corners": [[0, 5500], [10000, 5500], [10000, 10000], [0, 10000]]}],
}
MISSED = 2
"""People by whom a count of about ten may be wrong: those who come together hide each other."""
JPEG = b"\xff\xd8\xff"


def scene(people_per_minute: float, camera: Camera = MARKET) -> Scene:
    return Scene(7, size=SIZE, fps=FPS, people_per_minute=people_per_minute, camera=camera)


def film(shown: Scene, path: Path) -> list[list[Seen]]:
    """A recording that is there at once and whole; who is in each of its pictures."""
    making = path.with_name(f"new-{path.name}")
    rows = write_video(making, shown, FILM_S)
    making.rename(path)
    return rows


@pytest.fixture
def cameras(tmp_path: Path) -> Iterator[Demo]:
    """A box with two cameras; nothing is before them yet."""
    config = tmp_path / "box.toml"
    uris = {"footfall": tmp_path / "crowd.avi", "footfall-counter": tmp_path / "close.avi"}
    config.write_text("[devices]\n" + "".join(f'{name} = "file://{path}"\n' for name, path in uris.items()))
    box = Demo(tmp_path / "box", arguments=("--config", str(config)))
    box.start()
    box.login()
    yield box
    box.stop()


def asked(box: Demo, verb: str, **more: Any) -> dict[str, Any]:
    """What the footfall worker answers for the first camera."""
    run = Path(box.ready["run"])
    return footfallclient.ask(run, verb, {"device": "footfall", **more}, timeout=20)


def counted(box: Demo) -> tuple[int, int]:
    """In and out at the first camera's line, as recorded."""
    facts = [fact["data"] for fact in box.facts() if fact["kind"] == "crossings.counted/1"]
    assert {fact["source"] for fact in facts} <= {"camera"}
    facts = [fact for fact in facts if fact["line"] == "footfall/door"]
    return sum(fact["in"] for fact in facts), sum(fact["out"] for fact in facts)


def read(path: Path) -> bytes:
    """Nothing of what has just gone, such as a batch that was recorded."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


@pytest.mark.timeout(300)
def test_people_before_a_camera_are_attendance_and_a_view_that_cannot_be_counted_is_missing(
    cameras: Demo, tmp_path: Path
) -> None:
    box = cameras
    device = wait_until(lambda: {one["device"]: one for one in box.get("/footfall")["counters"]}.get("footfall"), "it")
    assert (device["state"], device["camera"]) == ("absent", True)
    for name in ("footfall", "footfall-counter"):
        box.post(f"/footfall/{name}/plan", {"plan": PLAN})
    wait_until(lambda: asked(box, "tally")["plan"]["lines"], "the worker counts at the lines that were accepted")
    asked(box, "try", plan=PLAN)

    rows = film(scene(20), tmp_path / "crowd.avi")

    def over() -> bool:
        # Asking keeps the trial alive.
        assert asked(box, "tally")["trial"] is True
        return "recording ended" in board.read(Path(box.ready["run"]), "footfall")["devices"]["footfall"]["reason"]

    wait_until(over, "the recording is over", 120)
    tally = asked(box, "tally")["crossings"]["door"]
    wait_until(lambda: counted(box) == (tally["in"], tally["out"]), "each crossing that was seen is recorded once")

    passed = crossings(rows, ACROSS, SIZE)
    for way, number in zip(("in", "out"), counted(box), strict=True):
        assert abs(number - sum(one.direction == way for one in passed)) <= MISSED
    attendance = box.get("/kpis")["attendance"]
    come, gone = counted(box)
    assert (attendance["in"], attendance["out"], attendance["source"]) == (come, gone, "camera")
    assert "missing" not in attendance

    film(scene(60, CLOSE), tmp_path / "close.avi")

    def judged() -> list[dict[str, Any]]:
        facts = [fact["data"] for fact in box.facts() if fact["kind"] == "counter.judged/1"]
        return [one for one in facts if (one["device"], one["verdict"]) == ("footfall-counter", "unsuitable")]

    assert "too-close" in wait_until(judged, "the view over the counter is judged", 120)[0]["reasons"]
    attendance = box.get("/kpis")["attendance"]
    assert (attendance["in"], attendance["out"], attendance["occupancy"]) == (None, None, None)
    assert any("footfall-counter" in one for one in attendance["missing"])

    dwell = box.wait_for_fact("dwell.counted/1")[0]["data"]
    stood = sum(one.frames for one in stays(rows, HALL, SIZE)) / FPS
    assert dwell["zone"] == "footfall/hall"
    assert dwell["longest"] <= dwell["seconds"]
    assert 0.6 * stood < dwell["seconds"] < 1.4 * stood
    assert box.get("/kpis")["dwell"][0]["stays"] == dwell["stays"]

    run, data = Path(box.ready["run"]), box.data
    kept = [path for folder in (run, data) for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in kept if JPEG in read(path) or path.suffix in (".jpg", ".avi", ".png")]
    assert {path.name for path in (run / "board" / "footfall").iterdir()} <= {"page.json", "gathered"}
    assert JPEG not in box.log.read_bytes()


class Hall:
    """A recorder, a footfall worker, and a camera before which people walk when they are told to."""

    def __init__(self, start: Callable[..., Process], data: Path, run: Path) -> None:
        self.run, self.data = run, data
        self.camera = CameraEmulator(run / "video", fps=FPS, size=SIZE)
        self.camera.start()
        config = f'[devices]\nfootfall = "camera://{run}/video?fps={FPS}"\n'
        self.recorder = start("recorder", config)
        admin = RecorderClient(run, "admin", timeout=30)
        created = {"name": "Abendmarkt", "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "12"}
        for command, asked in (("event.create", created), ("event.open", {})):
            admin.send(command, asked, actor="admin:test", id=new_id("t"))
        admin.close()
        self.worker = start("footfall", config)
        self.ready("degraded")

    def ready(self, state: str) -> None:
        """Until the process that runs now sees pictures."""
        assert self.worker.process is not None
        pid = self.worker.process.pid

        def seeing() -> bool:
            page = board.read(self.run, "footfall") or {}
            return page.get("pid") == pid and page.get("devices", {}).get("footfall", {}).get("state") == state

        wait_until(seeing, f"the camera is {state}", 60)

    def recorded(self) -> dict[tuple[str, int], int]:
        """(line, when) → people, as the journal has them."""
        reader = Reader(self.data)
        try:
            bodies = [json.loads(fact.body) for fact in reader.facts(0, 10_000)]
        finally:
            reader.close()
        return _batches(body["data"] for body in bodies if body["kind"] == "crossings.counted/1")

    def kept(self) -> dict[tuple[str, int], int]:
        """The same of what the worker has still to hand over."""
        found = []
        for path in (self.run / "board" / "footfall" / "gathered").glob("*.json"):
            try:
                found.append(json.loads(path.read_text()))
            except FileNotFoundError:
                continue
        return _batches(one["data"] for one in found if one["command"] == "crossings.count")

    def counted(self) -> int:
        """People, in and out: each batch once, in the order in which it moves from the spool to the journal."""
        kept = self.kept()
        return sum((kept | self.recorded()).values())


def _batches(facts: Any) -> dict[tuple[str, int], int]:
    return {(fact["line"], fact["from_mono"]): fact["in"] + fact["out"] for fact in facts}


@pytest.fixture
def hall(worker: Callable[..., Process], tmp_path: Path, run_folder: Path) -> Iterator[Hall]:
    one = Hall(worker, tmp_path / "data", run_folder)
    yield one
    one.camera.close()


@pytest.mark.timeout(300)
def test_a_worker_that_is_killed_while_people_walk_keeps_all_it_had_counted_and_doubles_nobody(hall: Hall) -> None:
    staff = RecorderClient(hall.run, "staff", timeout=30)
    staff.send("counter.plan", {"device": "footfall", **PLAN, "tried": None}, actor="staff:ada", id=new_id("t"))
    staff.close()
    hall.ready("online")
    people, nobody = [picture for picture, _ in scene(60).frames(FILM_S)], scene(0)

    hall.camera.play(itertools.cycle(people))
    wait_until(lambda: hall.kept() and hall.counted() >= 5, "some have crossed, and not all of it is recorded", 120)
    assert hall.worker.process is not None
    hall.worker.process.send_signal(signal.SIGSTOP)  # what is counted stands still, and can be looked at
    before = hall.counted()
    hall.worker.kill(signal.SIGKILL)
    hall.camera.play(picture for picture, _ in nobody)
    hall.worker.start()
    hall.ready("online")
    wait_until(lambda: not hall.kept(), "what was left is handed over")
    assert sum(hall.recorded().values()) == before

    hall.camera.play(itertools.cycle(people))
    wait_until(lambda: hall.counted() > before, "counting goes on", 120)
    assert hall.worker.kill(signal.SIGTERM) == 0
    assert hall.kept() == {}
    assert sum(hall.recorded().values()) > before
