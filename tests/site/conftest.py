"""Two boxes of one event in this process, and what passes between them by hand."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.clock import FakeClock
from appliance.config import Config
from appliance.files import policy as policyfile
from appliance.projections.runner import dump
from appliance.services.recorder.engine import Reply
from tests.conftest import EngineBox
from tests.policy.conftest import CENTRAL, note

LIST = "general"


class Word:
    """What one box signed, and the facts below it."""

    def __init__(self, note: str, bodies: list[str]) -> None:
        self.note, self.bodies = note, bodies

    @property
    def data(self) -> dict[str, Any]:
        return {"note": self.note, "bodies": self.bodies}


class Door(EngineBox):
    """A box of the cell quay that knows central's key."""

    _turns = itertools.count()

    def __init__(self, data: Path, name: str, clock: FakeClock | None = None) -> None:
        tables = {"box": {"cell": "quay", "id": name}, "central": {"key": CENTRAL.verifier.vkey()}}
        super().__init__(data, msgspec.convert(tables, Config), clock, name)
        self.name = name

    @property
    def key(self) -> str:
        return self.engine.store.keys.signer(self.engine.store.log).verifier.vkey()

    def meet(self, *others: "Door", version: int = 1) -> None:
        """Central's policy names them."""
        peers = [{"box": other.name, "keys": [other.key]} for other in others]
        raw = note(version, {"peers": peers})
        reply = self.ask("policy.apply", policyfile.asked(raw, "command"))
        assert reply["ok"], reply
        assert reply["answer"]["applied"], reply

    def event(self, event: str | None = None, entry: str = "single") -> str:
        """An open event, the same as elsewhere or a new one, with a list."""
        asked = {"name": "Abendmarkt", "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "12"}
        made: str = self.do("event.create", **asked, **({"event": event} if event else {}))["event"]
        self.do("list.define", list=LIST, entry=entry)
        self.do("event.open")
        return made

    def ticket(self, ident: str) -> None:
        """A ticket of the list, as every box of the site has it."""
        self.do("tickets.issue", list=LIST, tickets=[{"ticket": ident}])

    def scan(self, ident: str, way: str = "in", **how: Any) -> dict[str, Any]:
        """At the door; tickets are found by their id, as by a holder's name."""
        command = f"scan-{self.name}-{next(self._turns)}"
        reply = self.ask("ticket.admit", {"ticket": ident, "direction": way}, id=command, **how)
        assert reply["ok"], reply
        answer: dict[str, Any] = reply["answer"]
        return answer

    def say(self, first: int, last: int, log: int | None = None) -> Word:
        """Facts of its log for the others."""
        log = log or self.engine.store.log
        reply = self.ask("site.sign", {"log": log, "first": first, "last": last}, role="uplink", actor="box:uplink")
        assert reply["ok"], reply
        query = "SELECT body FROM fact WHERE log = ? AND seq BETWEEN ? AND ? ORDER BY seq"
        rows = self.engine.store.db.execute(query, (log, first, last)).fetchall()
        return Word(reply["answer"]["note"], [row["body"] for row in rows])

    def hear(self, word: Word | dict[str, Any]) -> Reply:
        """What another box says."""
        data = word.data if isinstance(word, Word) else word
        return self.ask("site.learn", data, id=f"learn-{next(self._turns)}", role="uplink", actor="box:uplink")

    def heard(self, other: "Door") -> int:
        """How far the present log of another box was heard."""
        mark = f"site.{other.name}.{other.engine.store.log}"
        row = self.engine.store.db.execute("SELECT pos FROM position WHERE follower = ?", (mark,)).fetchone()
        return int(row["pos"]) if row else 0

    def listen(self, other: "Door", most: int = 100) -> None:
        """All that is new at another box."""
        while (have := self.heard(other)) < other.engine.store.size:
            reply = self.hear(other.say(have + 1, min(have + most, other.engine.store.size)))
            assert reply["ok"], reply

    def dump(self) -> str:
        """All read models in one number."""
        return dump(self.engine.store.db)

    def is_inside(self, ident: str) -> bool:
        row = self.engine.store.db.execute("SELECT inside FROM p_place WHERE ticket = ?", (ident,)).fetchone()
        return bool(row and row["inside"])


NewDoor = Callable[..., Door]


@pytest.fixture
def new_door(tmp_path: Path) -> Iterator[NewDoor]:
    """As many boxes as a test wants; all end with it."""
    opened: list[Door] = []

    def new(name: str, clock: FakeClock | None = None) -> Door:
        opened.append(Door(tmp_path / f"{name}-{len(opened)}", name, clock))
        return opened[-1]

    yield new
    for door in opened:
        door.engine.close()


Pair = tuple[Door, Door]


@pytest.fixture
def pair(new_door: NewDoor) -> Pair:
    """Two doors of one event that know each other."""
    one, other = new_door("quay-a"), new_door("quay-b")
    one.meet(other)
    other.meet(one)
    other.event(one.event())
    return one, other
