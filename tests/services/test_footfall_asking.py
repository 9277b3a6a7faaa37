"""What the till asks the footfall worker: hostile bytes are refused, nobody is held up, a trial ends by itself."""

import base64
import json
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from appliance.errors import Problem
from appliance.journal import wire
from appliance.services.footfall.asking import MOST_LINKS, TRIAL_S, Asking
from appliance.services.footfallclient import SOCKET, FootfallDown, ask
from appliance.services.run import Loop
from drivers.emulators.camera import CameraEmulator
from drivers.emulators.crowd import Scene
from drivers.registry import create
from tests.conftest import Process, wait_until

LINE = {"name": "door", "a": [1000, 6000], "b": [9000, 6000]}
PLAN = {"lines": [LINE], "zones": [{"name": "hall", "corners": [[0, 6000], [9999, 6000], [9999, 9999]], "whole": True}]}
BEAMS = "gpio://17,27?factory=mock&socket={}/beams.sock"


class Now:
    """Seconds of a clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


class Worker:
    """The loop that answers, in a thread, with a camera in front of which people walk."""

    def __init__(self, run: Path) -> None:
        self.run, self.now = run, Now()
        self.loop = Loop("footfall", now=self.now)
        self.camera: Any = create("footfall-1", f"camera://{run}/camera")
        self.devices: dict[str, Any] = {"footfall-1": self.camera, "footfall": create("footfall", BEAMS.format(run))}
        self.asking = Asking(self.loop, run, self.devices)

    def ask(self, verb: str, device: str = "footfall-1", **more: Any) -> dict[str, Any]:
        return ask(self.run, verb, {"device": device, **more}, timeout=20)

    def do(self, what: Callable[[], Any]) -> Any:
        """In the loop's thread; its result."""
        done, results = threading.Event(), []
        self.loop.call_soon_threadsafe(lambda: (results.append(what()), done.set()))
        assert done.wait(20)
        return results[0]

    def pass_time(self, seconds: float) -> None:
        """The loop sees the time that it is now: once to wake up, once with everything done that was due."""
        self.now.at += seconds
        for _ in range(2):
            self.do(lambda: None)

    def picture(self) -> None:
        """The camera has seen one more."""
        seen = self.camera.life.counters["pictures"]
        wait_until(lambda: self.do(self._step) > seen, "a picture")

    def _step(self) -> int:
        self.camera.step()
        pictures: int = self.camera.life.counters["pictures"]
        return pictures


@contextmanager
def working(run: Path) -> Iterator[Worker]:
    desk = Worker(run)
    thread = threading.Thread(target=desk.loop.run)
    thread.start()
    try:
        yield desk
    finally:
        desk.do(desk.asking.close)
        desk.loop.call_soon_threadsafe(desk.loop.stop)
        thread.join()
        for device in desk.devices.values():
            device.close()


@pytest.fixture
def desk(run_folder: Path) -> Iterator[Worker]:
    with working(run_folder) as one:
        yield one


@pytest.fixture
def watching(desk: Worker) -> Iterator[Worker]:
    """With somebody in front of the camera."""
    emulator = CameraEmulator(desk.run / "camera")
    emulator.play(picture for picture, _ in Scene(5, size=(384, 288), people_per_minute=40))
    emulator.start()
    desk.picture()
    yield desk
    emulator.close()


def refused(desk: Worker, verb: str, device: str = "footfall-1", **more: Any) -> Problem:
    with pytest.raises(Problem) as problem:
        desk.ask(verb, device, **more)
    return problem.value


def exchange(run: Path, raw: bytes) -> Any:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
        link.settimeout(20)
        link.connect(str(run / SOCKET))
        link.send(raw)
        return json.loads(link.recv(wire.MAX_FRAME + 1))


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\x00",
        b"[]",
        b"{",
        b'{"verb": "look"}',
        b'{"verb": "look", "data": {"device": 1}}',
        b'{"id": 7, "verb": "look", "data": {"device": "footfall-1", "more": 1}}',
        b'{"verb": "try", "data": {"device": "footfall-1", "plan": {"lines": [], "more": 1}}}',
        b'{"verb": "try", "data": {"device": "footfall-1", "plan": 1}}',
        b"[" * 60_000,
    ],
    ids=lambda raw: raw[:60],
)
def test_what_is_no_question_is_refused_and_the_next_one_is_answered(desk: Worker, raw: bytes) -> None:
    answer = exchange(desk.run, raw)
    assert (answer["ok"], answer["refusal"]["slug"]) == (False, "validation")
    assert desk.ask("tally")["trial"] is False


@pytest.mark.parametrize("verb", ["plan", "close", "", None])
def test_there_are_three_verbs(desk: Worker, verb: Any) -> None:
    answer = exchange(desk.run, json.dumps({"id": "a", "verb": verb, "data": {"device": "footfall-1"}}).encode())
    assert answer["refusal"]["slug"] == "not-found"
    assert "look, try, tally" in answer["refusal"]["remedy"]


def test_who_does_not_read_or_says_nothing_holds_up_nobody(desk: Worker) -> None:
    with ExitStack() as open_links:
        links = []
        for _ in range(MOST_LINKS):
            link = open_links.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
            link.connect(str(desk.run / SOCKET))
            links.append(link)
        with pytest.raises(FootfallDown):  # one more than there is room for
            desk.ask("tally")
        question = wire.pack({"id": "a", "verb": "tally", "data": {"device": "footfall-1"}})
        links[0].setblocking(False)
        with pytest.raises(OSError):  # noqa: PT011, PT012 -- full, or thrown out by then
            while True:
                links[0].send(question)
        links[1].close()
        wait_until(lambda: _answers(desk), "an answer beside those that hang")


def _answers(desk: Worker) -> bool:
    try:
        return "people" in desk.ask("tally")
    except FootfallDown:
        return False


def test_a_counter_that_is_not_there_and_one_that_does_not_see_say_so(desk: Worker) -> None:
    for verb in ("look", "try", "tally"):
        assert refused(desk, verb, "footfall-9").slug == "not-found"
        assert refused(desk, verb, "footfall").slug == "no-camera"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"b": [1100, 6100]}, "door: shorter than 5% of the picture"),
        ({"name": "The door"}, "'The door' is not a name"),
        ({"a": [10_001, 0]}, "10000"),
        ({"a": [0.5, 0]}, "int"),
        ({"a": [5, 5, 5]}, "length 2"),
    ],
)
def test_a_plan_that_cannot_be_counted_names_the_line_and_what_is_allowed(
    desk: Worker, line: dict[str, Any], words: str
) -> None:
    problem = refused(desk, "try", plan={"lines": [{**LINE, **line}], "zones": []})
    assert problem.slug == "validation"
    assert words in problem.detail
    assert desk.ask("tally")["trial"] is False


def test_without_a_picture_there_is_no_still(desk: Worker) -> None:
    assert desk.ask("look")["jpeg"] is None


def test_a_still_is_small_and_nobody_can_be_recognised_in_it(watching: Worker) -> None:
    told = watching.ask("look")
    still = Image.open(BytesIO(base64.b64decode(told["jpeg"], validate=True)))
    assert (still.format, max(still.size)) == ("JPEG", 384)
    assert told["view"]["verdict"] in ("learning", "good", "poor", "unsuitable")
    # Nothing finer than a forty-eighth of its width: making it coarse and fine again changes next to nothing.
    coarse = still.resize((48, 36), Image.Resampling.BOX).resize(still.size, Image.Resampling.BICUBIC)
    apart = [abs(a - b) for a, b in zip(still.convert("L").tobytes(), coarse.convert("L").tobytes(), strict=True)]
    assert sum(apart) / len(apart) < 4


def test_a_trial_counts_beside_the_plan_and_ends_when_nobody_asks_for_two_minutes(watching: Worker) -> None:
    assert watching.ask("tally")["trial"] is False
    assert watching.ask("try", plan=PLAN) == {}
    told = watching.ask("tally")
    assert told["crossings"] == {"door": {"in": 0, "out": 0}}
    assert told["trial"] is True
    assert told["plan"] == {"lines": [], "zones": []}, "what counts is as it was"
    watching.pass_time(TRIAL_S - 1)
    assert watching.ask("tally")["trial"] is True
    watching.pass_time(TRIAL_S - 1)
    assert watching.ask("look")["trial"] is True
    watching.pass_time(2)
    assert watching.ask("tally")["trial"] is False
    assert watching.ask("tally")["crossings"] == {}


def test_a_trial_ends_when_it_is_told_to_and_with_its_device(watching: Worker) -> None:
    watching.ask("try", plan=PLAN)
    watching.ask("try", plan=None)
    assert watching.ask("tally")["trial"] is False
    watching.ask("try", plan=PLAN)
    watching.devices["footfall-1"] = create("footfall-1", f"camera://{watching.run}/other")
    assert watching.ask("tally")["trial"] is False


def test_a_process_answers_beside_its_counting_and_its_log_tells_nothing_of_it(
    worker: Callable[..., Process], run_folder: Path
) -> None:
    def said(verb: str, **more: Any) -> dict[str, Any]:
        return ask(run_folder, verb, {"device": "footfall-1", **more}, timeout=20)

    emulator = CameraEmulator(run_folder / "camera")
    emulator.start()
    process = worker("footfall", f'[devices]\nfootfall-1 = "camera://{run_folder}/camera"\n')
    wait_until(lambda: said("look")["jpeg"], "a picture")
    said("try", plan=PLAN)
    assert said("tally")["trial"] is True
    assert (run_folder / SOCKET).stat().st_mode & 0o777 == 0o660
    page = json.loads((run_folder / "board" / "footfall" / "page.json").read_text())
    assert page["devices"]["footfall-1"]["sees"].keys() == {"view", "people", "inside"}
    emulator.close()
    assert process.kill(signal.SIGTERM) == 0
    log = process.log.read_text()
    assert "door" not in log
    assert "hall" not in log
