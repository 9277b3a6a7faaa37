"""Gates: what a scan means where, several lists at one gate, and the same code at two gates at once."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import RecorderDown
from appliance.journal import wire
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.journal.verify import verify
from appliance.projections import door as projection
from tests.conftest import Process
from tests.door.worlds import NEXT, TICKET, Door, defined, imported, pretix


@pytest.fixture
def door(data: Path) -> Iterator[Door]:
    """Lists ``day`` and ``vip`` (re-entry) beside ``general``; the gate ``way-out``; A on two lists, B on one."""
    one = Door(data)
    one.all(
        defined("day"),
        defined("vip", entry="reentry"),
        ("gate.define", {"gate": "vip-door", "lists": ["vip"]}),
        ("gate.define", {"gate": "both", "lists": ["vip", "day"]}),
        ("gate.define", {"gate": "way-out", "lists": [], "direction": "out"}),
        imported("A", "day"),
        imported("A", "vip"),
        imported("B", "day"),
    )
    yield one
    one.close()


def seen(said: dict[str, Any]) -> tuple[str, str | None, str]:
    return said["verdict"], said["reason"], said["list"]


def device(door: Door, code: str, gate: str) -> dict[str, Any]:
    """A scanner's scan: it knows its gate and nothing else."""
    door.box.clock.advance(1)
    data = {"code": code, "gate": gate}
    reply = door.box.ask("ticket.scan", data, actor=f"device:scanner-{gate}", role="device")
    answer: dict[str, Any] = reply["answer"]
    return answer


def test_a_scanners_scan_takes_lists_and_direction_of_its_gate(door: Door) -> None:
    assert seen(device(door, "A", "vip-door")) == ("admitted", None, "vip")
    assert seen(device(door, "B", "vip-door")) == ("refused", "wrong_product", "day")
    said = device(door, "A", "way-out")
    assert (*seen(said), said["direction"], said["gate"]) == ("exited", None, "vip", "out", "way-out")
    assert door.last()[1]["gate"] == "way-out"


def test_a_scan_that_says_list_or_direction_itself_is_heard_over_its_gate(door: Door) -> None:
    assert seen(door.scan("A", gate="vip-door", list="day")) == ("admitted", None, "day")
    assert seen(door.scan("A", gate="vip-door", direction="out", list="day")) == ("exited", None, "day")
    assert seen(door.scan("B", gate="way-out", direction="in")) == ("admitted", None, "day")
    assert seen(door.scan("B", gate="vip-door", direction="out")) == ("refused", "wrong_product", "day")


def test_a_gate_that_nobody_defined_lets_every_list_in_and_a_scan_without_one_is_at_the_door(door: Door) -> None:
    assert seen(device(door, "A", "nobody-knows")) == ("admitted", None, "day")
    said = door.box.do("ticket.scan", code="B")
    assert (said["gate"], *seen(said)) == ("door", "admitted", None, "day")
    door.all(("gate.define", {"gate": "door", "lists": ["vip"], "direction": "out"}))
    assert door.box.do("ticket.scan", code="A")["direction"] == "out", "also that one may be defined"


def test_a_gate_that_is_defined_anew_means_the_new_at_once(door: Door) -> None:
    assert device(door, "B", "vip-door")["reason"] == "wrong_product"
    door.all(("gate.define", {"gate": "vip-door", "lists": ["vip", "day"]}))
    assert device(door, "B", "vip-door")["verdict"] == "admitted"
    door.all(("gate.define", {"gate": "vip-door", "lists": ["vip", "day"], "direction": "out"}))
    assert device(door, "B", "vip-door")["verdict"] == "exited"


def test_of_two_lists_at_one_gate_the_first_that_admits_is_the_one(door: Door) -> None:
    assert seen(device(door, "A", "both")) == ("admitted", None, "vip"), "the gate names it first"
    assert seen(device(door, "A", "both")) == ("admitted", None, "day"), "this one was not used yet"
    assert seen(device(door, "A", "both")) == ("refused", "already_used", "vip")
    assert seen(device(door, "B", "both")) == ("admitted", None, "day")
    assert seen(device(door, "B", "both")) == ("refused", "already_used", "day")


def test_when_no_list_admits_the_one_on_which_a_ticket_gets_furthest_says_why(door: Door) -> None:
    door.all(defined("vip", products=["gold"]), imported("C", "day", product="silver"), imported("C", "vip"))
    device(door, "C", "both")
    assert seen(device(door, "C", "both")) == ("refused", "already_used", "day")
    door.all(
        defined("day", sessions=["evening"]), imported("D", "day", product="x", session="noon"), imported("D", "vip")
    )
    assert seen(device(door, "D", "both")) == ("refused", "wrong_session", "day")


def test_state_is_apart_on_each_list(door: Door) -> None:
    for list_, way in (("vip", "in"), ("day", "in"), ("vip", "out"), ("vip", "in"), ("day", "out")):
        assert door.scan("A", list=list_, direction=way)["reason"] is None
    assert door.scan("A", list="day")["reason"] == "already_used"
    assert door.scan("A", list="vip")["reason"] == "already_used", "still inside"
    counts = projection.counts(door.box.engine.store.db)
    assert counts["vip"] == {"total": 1, "admitted": 2, "inside": 1, "refused": 1}
    assert counts["day"] == {"total": 2, "admitted": 1, "inside": 0, "refused": 1}


def test_whoever_goes_out_leaves_the_list_that_they_are_inside_on(door: Door) -> None:
    door.all(defined("vip", capacity=1), imported("C", "vip"))
    assert seen(device(door, "C", "both")) == ("admitted", None, "vip")
    assert seen(device(door, "A", "both")) == ("admitted", None, "day"), "vip is full"
    assert seen(device(door, "A", "way-out")) == ("exited", None, "day")
    assert seen(device(door, "C", "way-out")) == ("exited", None, "vip")
    assert seen(device(door, "A", "both")) == ("admitted", None, "vip")
    assert seen(device(door, "A", "way-out")) == ("exited", None, "vip")
    assert [one["inside"] for one in projection.counts(door.box.engine.store.db).values()] == [0, 0, 0]


def test_a_shops_ticket_belongs_to_each_list_of_the_gate_that_takes_its_product(door: Door) -> None:
    door.publish()
    door.all(defined("day", products=["1"]), defined("vip", products=["2"]), defined("general", products=["3"]))
    one, two, three = (pretix(door.shop, f"seed{item}", item) for item in (1, 2, 3))
    assert seen(device(door, one, "both")) == ("admitted", None, "day")
    assert seen(device(door, two, "both")) == ("admitted", None, "vip")
    assert seen(device(door, three, "both")) == ("refused", "wrong_product", "vip")
    assert seen(device(door, three, "anywhere")) == ("admitted", None, "general")


def test_the_lead_lets_a_stranger_in_on_the_list_that_the_gate_names_first(door: Door) -> None:
    assert door.force("STRANGER", gate="both")["list"] == "vip"
    assert door.force(door.token(TICKET, "nowhere"), gate="both")["list"] == "vip"


def test_a_gates_name_that_is_none_is_not_recorded(door: Door) -> None:
    pos = door.box.engine.store.pos
    for gate in ("<b>", " west", "x" * 41, "a\nb"):
        assert door.ask("ticket.scan", {"code": "A", "gate": gate})["refusal"]["slug"] == "validation"
    assert door.box.engine.store.pos == pos


# The same code at two gates at once, through the sockets of a recorder that runs

ROUNDS = 60
Start = Callable[..., Process]


def prepared(run: Path, codes: list[str]) -> None:
    admin = RecorderClient(run, "admin")
    tickets = [{"code": code} for code in codes]
    asks: list[tuple[str, dict[str, Any]]] = [
        ("event.create", NEXT),
        defined("general"),
        ("event.open", {}),
        ("tickets.import", {"list": "general", "import": "i", "part": 1, "tickets": tickets}),
    ]
    for number, (command, data) in enumerate(asks):
        admin.send(command, data, actor="admin:test", id=f"setup-{number}")
    admin.close()


class Gate:
    """Somebody who scans every code at one gate, each at the moment at which the other gate does, and asks again with
    the same identity for as long as nobody answers."""

    def __init__(self, run: Path, role: Any, gate: str, codes: list[str], start: threading.Barrier) -> None:
        self.gate = gate
        self.answers: dict[str, dict[str, Any]] = {}
        self._client = RecorderClient(run, role)
        self._actor = f"device:scanner-{gate}" if role == "device" else "staff:s1"
        self._codes, self._start = codes, start
        self._back = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        for code in self._codes:
            self._start.wait(60)
            self.scan(code)

    def close(self) -> None:
        self._client.close()

    def scan(self, code: str) -> None:
        """Until there is an answer."""
        while code not in self.answers:
            data = {"code": code, "gate": self.gate}
            try:
                said = self._client.send("ticket.scan", data, actor=self._actor, id=f"{self.gate}-{code}")
                self.answers[code] = said.answer
            except RecorderDown:
                self._back.wait(0.02)


def both_gates(run: Path, codes: list[str], meanwhile: Callable[[], None] = lambda: None) -> tuple[Gate, Gate]:
    """``meanwhile`` runs once a round, at the moment of the scans."""
    start = threading.Barrier(3)
    left, right = Gate(run, "device", "left", codes, start), Gate(run, "staff", "right", codes, start)
    for _ in codes:
        start.wait(60)
        meanwhile()
    for gate in (left, right):
        gate.thread.join(100)
        assert not gate.thread.is_alive()
    return left, right


def one_admitted(left: Gate, right: Gate, code: str) -> str:
    """The gate that let the code in; the other one was told so."""
    said = {gate.gate: gate.answers[code] for gate in (left, right)}
    winners = [gate for gate, answer in said.items() if answer["verdict"] == "admitted"]
    assert len(winners) == 1, said
    other = said["right" if winners == ["left"] else "left"]
    assert (other["verdict"], other["reason"]) == ("refused", "already_used")
    assert (other["first"]["gate"], other["first"]["at"]) == (winners[0], said[winners[0]]["at"])
    return winners[0]


def admissions(data: Path) -> list[str]:
    reader = Reader(data)
    bodies = [json.loads(fact.body) for fact in reader.facts(0, 10_000)]
    reader.close()
    return [body["data"]["ticket"] for body in bodies if body["kind"] == "ticket.admitted/1"]


def test_the_same_code_at_two_gates_at_once_lets_one_in_and_tells_the_other_where(
    worker: Start, run_folder: Path, tmp_path: Path
) -> None:
    worker("recorder")
    codes = [f"CODE-{number}" for number in range(ROUNDS)]
    prepared(run_folder, codes)
    left, right = both_gates(run_folder, codes)
    for code in codes:
        one_admitted(left, right, code)
    found = admissions(tmp_path / "data")
    assert len(found) == len(set(found)) == ROUNDS
    for gate in (left, right):
        gate.close()


def test_pulling_the_plug_between_two_gates_lets_nobody_in_twice(
    worker: Start, run_folder: Path, tmp_path: Path
) -> None:
    recorder = worker("recorder")
    codes = [f"CODE-{number}" for number in range(8)]
    prepared(run_folder, codes)
    racing, one_by_one = codes[:6], codes[6:]
    rounds = iter(range(len(racing)))

    def pull() -> None:
        if next(rounds) % 3 == 1:
            recorder.kill()
            recorder.start()

    left, right = both_gates(run_folder, racing, pull)
    for code in one_by_one:
        ask = {"id": f"left-{code}", "command": "ticket.scan", "actor": "device:scanner-left"}
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
            link.connect(str(wire.socket_path(run_folder, "device")))
            link.send(wire.pack({**ask, "data": {"code": code, "gate": "left"}}))
            recorder.kill()  # before anybody reads the answer, if there is one
        recorder.start()
        for gate in (right, left):
            gate.scan(code)
    for code in codes:
        one_admitted(left, right, code)
    found = admissions(tmp_path / "data")
    assert len(found) == len(set(found)) == len(codes)
    for gate in (left, right):
        gate.close()
    assert verify(tmp_path / "data")["ok"]
