"""What people see: a verdict at its gate, at once; a person asked for while there is none; how the box itself is."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from appliance.board import Board
from appliance.errors import Problem
from appliance.files.tickets import code, event_key
from appliance.journal.client import Answer, RecorderClient
from appliance.journal.read import Reader
from appliance.services import stewardclient
from appliance.services.run import Loop
from appliance.services.scanning import LATE_S, Door, at_gate, signal_of
from appliance.services.signals import Indicator, LeadButton, Outcome, StatusLamp
from appliance.services.steward import Steward
from appliance.services.verbs import user_name
from appliance.services.wanted import Asked
from drivers.device import Device, Press, Signal
from drivers.emulators.pins import LampEmulator
from drivers.emulators.scanner import ScannerEmulator
from drivers.registry import create
from tests import policies
from tests.conftest import EngineBox, Process, wait_until

GREEN, RED = 23, 24


@pytest.fixture
def folder(run_folder: Path) -> Path:
    devices = run_folder / "devices"
    devices.mkdir()
    return devices


class Gate:
    """A scanner and a pair of lamps at one gate."""

    def __init__(self, folder: Path, gate: str) -> None:
        self.gate = gate
        self.scanner = ScannerEmulator(folder / f"scanner-{gate}")
        self.lamps = LampEmulator(folder / f"{gate}.sock", (GREEN, RED), repeat=0.05)
        self.scanner.start()
        self.lamps.start()
        self.config = (
            f'scanner-{gate} = "serial://{folder}/scanner-{gate}"\n'
            f'indicator-{gate} = "gpio://{GREEN},{RED}?factory=mock&socket={folder}/{gate}.sock"\n'
        )

    def shows(self, *pins: int, after: int) -> bool:
        """Whether exactly these have lit up since the change of this number."""
        return {pin for _, pin, lit in self.lamps.changes[after:] if lit} == set(pins)

    def flashes(self, pin: int, times: int) -> None:
        wait_until(lambda: self.lamps.flashes[pin] == times, f"{times} flashes of {pin}: {self.lamps.changes}")

    def attention(self) -> None:
        """Both have lit up, in turn."""
        before = dict(self.lamps.flashes)
        wait_until(lambda: all(self.lamps.flashes[pin] > before[pin] for pin in before), "attention")

    def close(self) -> None:
        self.scanner.close()
        self.lamps.close()


@pytest.fixture
def gates(folder: Path) -> Iterator[list[Gate]]:
    found = [Gate(folder, "door"), Gate(folder, "door-left")]
    yield found
    for gate in found:
        gate.close()


@pytest.fixture
def tickets(tmp_path: Path) -> list[str]:
    """An open event's codes, each good for one entry."""
    data = tmp_path / "data"
    box = EngineBox(data)
    event = box.open_event()
    ids = [f"{number:024x}" for number in range(6)]
    box.do("tickets.issue", list="general", tickets=[{"ticket": ticket} for ticket in ids])
    box.engine.close()
    key = event_key(data / "keys", event, create=True)
    return [code(key, id_, event=event, list_="general", valid_from=None, valid_until=None) for id_ in ids]


Start = Callable[..., Process]


def scanning(worker: Start, gates: list[Gate]) -> Process:
    return worker("scanning", "[devices]\n" + "".join(gate.config for gate in gates))


def test_a_verdict_lights_up_at_the_gate_of_its_scanner_and_nowhere_else(
    worker: Start, gates: list[Gate], tickets: list[str]
) -> None:
    door, left = gates
    worker("recorder")
    scanning(worker, gates)
    door.scanner.scan(tickets[0])
    door.flashes(GREEN, 1)
    left.scanner.scan(tickets[0])
    left.flashes(RED, 5)
    assert door.lamps.flashes == {GREEN: 1, RED: 0}
    assert left.lamps.flashes == {GREEN: 0, RED: 5}


def test_without_a_recorder_a_person_is_asked_for_and_no_code_is_lost(
    worker: Start, gates: list[Gate], tickets: list[str], tmp_path: Path
) -> None:
    door, left = gates
    recorder = worker("recorder")
    scanning(worker, gates)
    recorder.kill()
    door.scanner.scan(tickets[0])
    door.attention()
    assert left.lamps.changes == []
    recorder.start()
    wait_until(lambda: admitted(tmp_path) == 1, "the admission")
    wait_until(lambda: door.lamps.lit(GREEN) and steady(door), "green for who waits")


def test_a_code_that_is_held_up_again_while_it_waits_is_one_scan(
    worker: Start, gates: list[Gate], tickets: list[str], tmp_path: Path
) -> None:
    door, _ = gates
    recorder = worker("recorder")
    scanning(worker, gates)
    recorder.kill()
    for other in (tickets[1], tickets[2]):  # in between: the scanner itself takes the same code within 1.5 s as one
        door.scanner.scan(tickets[0])
        door.scanner.scan(other)
    door.scanner.scan(tickets[0])
    door.attention()
    recorder.start()
    wait_until(lambda: admitted(tmp_path) == 3, "three admissions")
    reader = Reader(tmp_path / "data")
    assert [fact for fact in kinds(reader) if fact == "ticket.refused/1"] == []
    reader.close()


def test_a_recorder_that_hangs_makes_a_person_come(worker: Start, gates: list[Gate], tickets: list[str]) -> None:
    door, _ = gates
    recorder = worker("recorder")
    scanning(worker, gates)
    assert recorder.process is not None
    os.kill(recorder.process.pid, signal.SIGSTOP)
    try:
        door.scanner.scan(tickets[0])
        door.attention()
    finally:
        os.kill(recorder.process.pid, signal.SIGCONT)


def test_a_kit_code_is_no_ticket(worker: Start, gates: list[Gate], tickets: list[str], tmp_path: Path) -> None:
    door, _ = gates
    worker("recorder")
    scanning(worker, gates)
    door.scanner.scan("BOOTHKIT-KIT-0000")
    door.flashes(RED, 5)
    reader = Reader(tmp_path / "data")
    assert not {"ticket.refused/1", "command.refused/1"} & set(kinds(reader)[-3:])
    reader.close()


def test_the_doors_lamps_ask_for_attention_while_too_many_are_inside_and_a_verdict_goes_before(
    worker: Start, gates: list[Gate], tickets: list[str], run_folder: Path
) -> None:
    door, left = gates
    worker("recorder", policies.TOML)
    scanning(worker, gates)
    admin = RecorderClient(run_folder, "admin", timeout=30)
    policies.put(SimpleNamespace(admin=admin), occupancy={"alone": 1})
    crossing = {"line": "footfall", "from_mono": 1, "to_mono": 1, "source": "beam"}
    admin.send("crossings.count", {**crossing, "in": 2, "out": 0}, actor="admin:test", id="in")
    door.attention()
    left.attention()
    assert _longest(door, GREEN) < 1
    door.scanner.scan(tickets[0])
    wait_until(lambda: _longest(door, GREEN) > 1, "a verdict, which is longer than any flash")
    door.attention()
    admin.send("crossings.count", {**crossing, "in": 0, "out": 1}, actor="admin:test", id="out")
    wait_until(lambda: not any(gate.lamps.glows(pin) for gate in gates for pin in (GREEN, RED)), "all is calm")
    admin.close()


def _longest(gate: Gate, pin: int) -> float:
    """Seconds for which a lamp was lit at most."""
    times = [(at, lit) for at, one, lit in gate.lamps.changes if one == pin]
    return max((off - on for (on, lit), (off, _) in pairwise(times) if lit), default=0.0)


def kinds(reader: Reader) -> list[str]:
    return [row["kind"] for row in reader.db().execute("SELECT body ->> 'kind' AS kind FROM fact ORDER BY pos")]


def admitted(tmp_path: Path) -> int:
    reader = Reader(tmp_path / "data")
    try:
        return kinds(reader).count("ticket.admitted/1")
    finally:
        reader.close()


def steady(gate: Gate) -> bool:
    """No red since the last green."""
    last = [pin for _, pin, lit in gate.lamps.changes if lit][-1:]
    return last == [GREEN]


# The door by itself: real devices, a clock that is moved, an outbox that answers when the test says so.


class Held:
    """Commands that wait for their answers, as the outbox holds them."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, dict[str, Any], Callable[[Answer], None]]] = []
        self.at_once: dict[str, Any] | None = None
        self.drops = False

    def __len__(self) -> int:
        return len(self.waiting)

    def send(self, command: str, data: dict[str, Any], *, actor: str, then: Any = None) -> None:
        if self.at_once is not None:
            then(Answer(self.at_once, 1, 1))
        elif not self.drops:
            self.waiting.append((command, data, then))

    def answer(self, verdict: str) -> None:
        _, _, then = self.waiting.pop(0)
        then(Answer({"verdict": verdict}, 1, 1))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lamp(folder: Path) -> Iterator[Any]:
    device: Any = create("indicator-door", f"gpio://{GREEN},{RED}?factory=mock&socket={folder}/lamp.sock")
    device.step()
    yield device
    device.close()


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def loop(clock: Clock) -> Iterator[Loop]:
    made = Loop("test", now=clock)
    yield made
    made.close()


@pytest.fixture
def door(held: Held, lamp: Any, clock: Clock, loop: Loop) -> Door:
    def show(device: Indicator, signal: Signal) -> None:
        device.show(signal)

    return Door(held, loop, lambda: {"indicator-door": lamp}, show, clock)  # type: ignore[arg-type]


def test_an_admission_that_is_decided_late_lights_nothing_for_whoever_stands_there_then(
    door: Door, held: Held, lamp: Any, clock: Clock, loop: Loop
) -> None:
    door.scanned("scanner-door", "A")
    assert lamp.signal == "attention"
    clock.now += LATE_S + 0.1
    held.answer("admitted")
    assert lamp.signal == "attention"
    assert door.page() == {"door": {"waits": 1, "late": 1}}
    clock.now += LATE_S
    loop._turn()
    assert lamp.signal == "off"


def test_an_admission_that_is_decided_in_time_is_shown(door: Door, held: Held, lamp: Any, clock: Clock) -> None:
    door.scanned("scanner-door", "A")
    clock.now += LATE_S - 0.1
    held.answer("admitted")
    assert lamp.signal == "admitted"


def test_who_holds_up_a_waiting_code_again_is_there(door: Door, held: Held, lamp: Any, clock: Clock) -> None:
    door.scanned("scanner-door", "A")
    clock.now += LATE_S
    door.scanned("scanner-door", "A")
    clock.now += LATE_S - 0.1
    assert len(held) == 1
    held.answer("admitted")
    assert lamp.signal == "admitted"


def test_of_several_that_wait_at_a_gate_the_last_one_is_shown(door: Door, held: Held, lamp: Any) -> None:
    for text in ("A", "B", "C"):
        door.scanned("scanner-door", text)
    for verdict, shown in (("admitted", "attention"), ("admitted", "attention"), ("refused", "refused")):
        held.answer(verdict)
        assert lamp.signal == shown


def test_a_code_that_gets_no_answer_asks_for_a_person_and_does_not_block_its_next_scan(
    door: Door, held: Held, lamp: Any, clock: Clock, loop: Loop
) -> None:
    held.drops = True
    door.scanned("scanner-door", "A")
    assert lamp.signal == "attention"
    clock.now += LATE_S
    loop._turn()
    assert lamp.signal == "off"
    held.drops, held.at_once = False, {"verdict": "admitted"}
    door.scanned("scanner-door", "A")
    assert lamp.signal == "admitted"


@pytest.mark.parametrize(
    ("verdict", "shown"),
    [
        ("admitted", "admitted"),
        ("badge_ok", "admitted"),
        ("refused", "refused"),
        ("badge_refused", "refused"),
        ("exited", "exited"),
        ("kit", "test"),
        ("quote", "attention"),
        (None, "attention"),
    ],
)
def test_every_verdict_has_its_signal(verdict: str | None, shown: Signal) -> None:
    assert signal_of({"verdict": verdict}) == shown


@pytest.mark.parametrize(
    ("gate", "lights"),
    [
        ("door", ["indicator-door", "indicator-beeper"]),
        ("door-left", ["indicator-door-left", "indicator-beeper"]),
        ("left", ["indicator-door-left", "indicator-beeper"]),
        ("vip", ["indicator-door", "indicator-door-left", "indicator-beeper"]),
    ],
)
def test_a_gate_has_its_own_lamps_else_all_of_them(gate: str, lights: list[str]) -> None:
    names = ["indicator-door", "indicator-door-left", "indicator-beeper", "indicator-status"]
    devices: dict[str, Any] = {name: create(name, "gpio://25") for name in names}
    assert [device.name for device in at_gate(gate, devices)] == lights


# The status lamp and the lead's button


class Panel:
    """A status lamp over its pin, and what the workers say of themselves."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.lamp: Any = create("indicator-status", f"gpio://25?factory=mock&socket={run}/status.sock")
        self.lamp.step()
        self.now_us = 50_000_000
        self.boards = {name: Board(run, name, now=lambda: self.now_us) for name in ("recorder", "till", "power")}
        self.status = StatusLamp(run, lambda: {"indicator-status": self.lamp}, Device.step, now_us=lambda: self.now_us)

    def say(self, **states: Any) -> None:
        for name, state in states.items():
            self.boards[name].put(state=state)


@pytest.fixture
def panel(run_folder: Path) -> Iterator[Panel]:
    made = Panel(run_folder)
    yield made
    made.lamp.close()


def test_the_status_lamp_shows_how_the_box_is(panel: Panel) -> None:
    def shown() -> str:
        panel.status.look()
        return str(panel.lamp.signal)

    assert shown() == "trouble", "nobody is there"
    panel.say(recorder="ready", till="starting", power="ready")
    assert shown() == "attention"
    panel.say(till="ready")
    assert shown() == "ready"
    panel.say(power="degraded")
    assert shown() == "attention"
    panel.now_us += 20_000_000
    panel.say(recorder="ready", till="ready")
    assert shown() == "trouble", "power is silent"
    panel.say(power="ready")
    assert shown() == "ready"


def test_a_test_of_the_kit_runs_to_its_end_once(panel: Panel) -> None:
    panel.say(recorder="ready")
    asked = [Asked("k1", "indicator", "indicator-status", 1)]
    panel.status.look(asked)
    assert panel.lamp.signal == "test"
    panel.status.look(asked)
    assert panel.lamp.signal == "test"
    wait_until(lambda: panel.lamp.signal == "off", "the end of the test")
    panel.status.look(asked)
    assert panel.lamp.signal == "ready"


def button_of(panel: Panel, power_off: Callable[[], tuple[Outcome, str]], later: Any) -> LeadButton:
    panel.say(recorder="ready")
    panel.status.look()
    return LeadButton(panel.status, power_off, later)


def test_a_held_button_switches_the_box_off_and_the_lamp_goes_dark(panel: Panel) -> None:
    asked: list[str] = []

    def power_off() -> tuple[Outcome, str]:
        asked.append("off")
        return "asked", ""

    lead = button_of(panel, power_off, None)
    lead._changed(True)
    assert panel.lamp.signal == "attention"
    lead.pressed(Press("button-lead", True, 3.0))
    lead._changed(False)
    lead.pressed(Press("button-lead", True, 9.0))
    panel.status.look()
    assert (panel.lamp.signal, asked) == ("off", ["off"])
    assert lead.page() == {"button": {"state": "asked", "why": ""}}


def test_a_short_press_switches_nothing_off(panel: Panel) -> None:
    def never() -> tuple[Outcome, str]:
        raise AssertionError

    lead = button_of(panel, never, None)
    lead._changed(True)
    lead._changed(False)
    lead.pressed(Press("button-lead", False, 0.2))
    assert panel.lamp.signal == "ready"


@pytest.mark.parametrize(("outcome", "state"), [("refused", "refused"), ("down", "unheard")])
def test_a_box_that_may_not_be_switched_off_says_so_for_a_while(panel: Panel, outcome: Any, state: str) -> None:
    later: list[tuple[float, Callable[[], None]]] = []
    lead = button_of(panel, lambda: (outcome, "not here"), lambda after, act: later.append((after, act)))
    for _ in range(2):
        lead._changed(True)
        lead.pressed(Press("button-lead", True, 3.0))
    lead._changed(False)
    panel.status.look()
    assert panel.lamp.signal == "trouble"
    assert lead.page() == {"button": {"state": state, "why": "not here"}}
    later[0][1]()
    assert panel.lamp.signal == "trouble", "the second try is newer"
    later[1][1]()
    assert panel.lamp.signal == "ready"


# Asking the steward


@pytest.fixture
def steward(tmp_path: Path, run_folder: Path) -> Iterator[Path]:
    """A real one on its loop in a thread; this user may switch off, and has nothing to switch off with."""
    EngineBox(tmp_path / "data").engine.close()
    ready = threading.Event()
    stop: list[Loop] = []

    def serve() -> None:
        loop, reader = Loop("steward"), Reader(tmp_path / "data")
        users = {"power.off": (user_name(os.getuid()),)}
        one = Steward(loop, run_folder, reader, None, users, None, None, None)  # type: ignore[arg-type]
        stop.append(loop)
        loop.run(ready.set)
        one.close()
        reader.close()

    thread = threading.Thread(target=serve)
    thread.start()
    assert ready.wait(20)
    yield run_folder
    stop[0].call_soon_threadsafe(stop[0].stop)
    thread.join()


def test_the_steward_is_asked_and_its_refusal_arrives_with_its_reason(steward: Path) -> None:
    with pytest.raises(Problem) as refused:
        stewardclient.ask(steward, "power.off")
    assert refused.value.slug == "not-privileged"
    assert "the box itself" in refused.value.remedy
    with pytest.raises(Problem) as role:
        stewardclient.ask(steward, "clock.set", {"unix_ms": 1_800_000_000_000})
    assert role.value.slug == "role"
    (steward / "steward" / "asked").mkdir()
    assert stewardclient.ask(steward, "power.off") == {}
    assert (steward / "steward" / "asked" / "power-off").exists()


def test_a_steward_that_is_not_there_or_says_nothing_is_told_apart_from_one_that_refuses(run_folder: Path) -> None:
    with pytest.raises(stewardclient.StewardDown, match="no steward answers"):
        stewardclient.ask(run_folder, "power.off")
    path = run_folder / stewardclient.SOCKET
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as mute:
        mute.bind(str(path))
        mute.listen()
        with pytest.raises(stewardclient.StewardDown, match=r"did not answer in 0\.1 s"):
            stewardclient.ask(run_folder, "power.off", timeout=0.1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as liar:
        path.unlink()
        liar.bind(str(path))
        liar.listen()
        thread = threading.Thread(target=partial(_lie, liar))
        thread.start()
        with pytest.raises(stewardclient.StewardDown, match="not JSON"):
            stewardclient.ask(run_folder, "power.off")
        thread.join()


def _lie(listener: socket.socket) -> None:
    link, _ = listener.accept()
    with link:
        link.recv(4096)
        link.send(b"yes, yes")
