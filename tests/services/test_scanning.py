"""Scanners of all sorts side by side in one worker: each code becomes a verdict at its own gate."""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from appliance import board
from appliance.files.tickets import code, event_key
from appliance.journal.client import RecorderClient
from appliance.journal.keys import BoxKeys
from appliance.journal.read import Reader
from drivers.emulators.camera import CameraEmulator
from drivers.emulators.gm import GmEmulator
from drivers.emulators.keyboard import KeyboardEmulator
from drivers.emulators.scanner import ScannerEmulator
from tests.conftest import Process, wait_until

GATES = ("door", "left", "right", "desk")


class Doors:
    """A recorder, a scanning worker and four scanners; there is a signed ticket for each."""

    def __init__(self, data: Path, run: Path, start: Callable[..., Process], opened: ExitStack) -> None:
        self.run = run
        self.plain = ScannerEmulator(run / "plain")
        self.module = GmEmulator(run / "module", "gm65")
        self.keyboard = KeyboardEmulator(run / "event-kbd", country="de")
        self.camera = CameraEmulator(run / "video")
        config = f"""[devices]
scanner-door = "serial://{run}/plain?gap=3000"
scanner-left = "serial://{run}/module?model=gm65&trigger=host&gap=3000"
scanner-right = "evdev://{run}/event-kbd?layout=de&gap=3000"
scanner-desk = "camera://{run}/video"
"""
        for emulator in (self.plain, self.module, self.keyboard, self.camera):
            emulator.start()
            opened.callback(emulator.close)
        self.recorder = start("recorder", config)
        self.admin = admin = RecorderClient(run, "admin", timeout=30)
        opened.callback(admin.close)
        created = {"name": "Abendmarkt", "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "12"}
        event = admin.send("event.create", created, actor="admin:test", id="create").answer["event"]
        key = event_key(data / "keys", event, create=True)
        tickets = {gate: f"{number:024x}" for number, gate in enumerate(GATES)}
        for command, body in (
            ("list.define", {"list": "general", "entry": "single"}),
            ("tickets.issue", {"list": "general", "tickets": [{"ticket": ticket} for ticket in tickets.values()]}),
            ("event.open", {}),
        ):
            admin.send(command, body, actor="admin:test", id=command)
        self.codes = {
            gate: code(key, ticket, event=event, list_="general", valid_from=None, valid_until=None)
            for gate, ticket in tickets.items()
        }
        self.keys = BoxKeys("box", data / "keys")
        self.reader = Reader(data)
        opened.callback(self.reader.close)
        start("scanning", config)
        wait_until(lambda: set(self.states().values()) == {"online"}, "all scanners online")

    def hold_out(self, gate: str, code: str) -> None:
        scan = {
            "door": self.plain.scan,
            "left": self.module.scan,
            "right": self.keyboard.scan,
            "desk": self.camera.show,
        }[gate]
        scan(code)

    def states(self) -> dict[str, str]:
        page = board.read(self.run, "scanning") or {"devices": {"": {"state": "unknown"}}}
        return {name: device["state"] for name, device in page["devices"].items()}

    def verdicts(self) -> list[tuple[str, str]]:
        """Kind and gate, in order."""
        return [(kind, data["gate"]) for kind, data in self.scans()]

    def scans(self) -> list[tuple[str, dict[str, Any]]]:
        """Kind and data of each scan's fact, in order."""
        bodies = (json.loads(fact.body) for fact in self.reader.facts(0, 10_000))
        kinds = ("ticket.admitted/1", "ticket.refused/1", "ticket.exited/1")
        return [(body["kind"], body["data"]) for body in bodies if body["kind"] in kinds]


@pytest.fixture
def doors(tmp_path: Path, run_folder: Path, worker: Callable[..., Process]) -> Iterator[Doors]:
    with ExitStack() as opened:
        yield Doors(tmp_path / "data", run_folder, worker, opened)


def test_each_scanner_admits_at_its_own_gate_and_one_that_is_gone_stops_no_other(doors: Doors) -> None:
    for number, gate in enumerate(GATES, 1):
        doors.hold_out(gate, doors.codes[gate])
        wait_until(lambda number=number: len(doors.verdicts()) == number, f"the verdict at {gate}")
    assert doors.verdicts() == [("ticket.admitted/1", gate) for gate in GATES]
    doors.camera.unplug()
    doors.keyboard.unplug()
    wait_until(lambda: sorted(doors.states().values()) == ["absent", "absent", "online", "online"], "two gone")
    doors.hold_out("left", doors.codes["door"])
    wait_until(lambda: len(doors.verdicts()) == 5, "the second use")
    assert doors.verdicts()[4] == ("ticket.refused/1", "left")
    doors.camera.show()
    doors.camera.plug()
    doors.keyboard.plug()
    wait_until(lambda: set(doors.states().values()) == {"online"}, "both back", 60)
    doors.hold_out("desk", doors.codes["left"])
    wait_until(lambda: len(doors.verdicts()) == 6, "the third use")
    assert doors.verdicts()[5] == ("ticket.refused/1", "desk")


@pytest.mark.parametrize("silent", [False, True])
def test_a_burst_of_twenty_codes_at_each_of_two_gates_loses_none_and_keeps_their_order(
    doors: Doors, silent: bool
) -> None:
    """As fast as the lines carry them; and while the recorder does not answer."""
    codes = {gate: [f"{gate}-{number:02}" for number in range(20)] for gate in ("door", "right")}
    listed = [{"code": code} for of_gate in codes.values() for code in of_gate]
    data = {"list": "general", "import": "burst", "part": 1, "tickets": listed}
    doors.admin.send("tickets.import", data, actor="admin:test", id="burst")
    assert doors.recorder.process is not None
    if silent:
        doors.recorder.process.send_signal(signal.SIGSTOP)
    for pair in zip(*codes.values(), strict=True):
        for gate, code_ in zip(codes, pair, strict=True):
            doors.hold_out(gate, code_)
    if silent:
        wait_until(lambda: (board.read(doors.run, "scanning") or {}).get("door", {}).get("waits"), "codes wait")
        doors.recorder.process.send_signal(signal.SIGCONT)
    wait_until(lambda: len(doors.scans()) == 40, "forty verdicts", 60)
    for gate, shown in codes.items():
        found = [(kind, data["ticket"]) for kind, data in doors.scans() if data["gate"] == gate]
        assert found == [("ticket.admitted/1", doors.keys.plain_ticket(code_)) for code_ in shown]


def test_a_scanner_at_an_exit_lets_out_and_one_at_a_gate_of_other_lists_lets_nobody_in(doors: Doors) -> None:
    for gate, lists, way in (("left", [], "out"), ("right", ["vip"], "in")):
        doors.admin.send("list.define", {"list": "vip"}, actor="admin:test", id=f"list-{gate}")
        said = {"gate": gate, "lists": lists, "direction": way}
        doors.admin.send("gate.define", said, actor="admin:test", id=f"gate-{gate}")
    for number, gate in enumerate(("right", "door", "left"), 1):
        doors.hold_out(gate, doors.codes["door"])
        wait_until(lambda number=number: len(doors.scans()) == number, f"the verdict at {gate}")
    (wrong, data), (entered, _), (left, _) = doors.scans()
    assert (wrong, data["reason"]) == ("ticket.refused/1", "wrong_product")
    assert (entered, left) == ("ticket.admitted/1", "ticket.exited/1")
