"""Whatever is done at two gates, in whatever order: nobody is admitted whom the rules do not allow, and nothing that
the box shows differs from what its journal says.

The model reads the journal's facts and knows nothing of the code that wrote them. ``DOOR_EXAMPLES`` multiplies the
number of examples.
"""

import os
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from appliance.projections import door as projection
from appliance.projections.runner import Projector, dump
from tests.door.conftest import MEMORY
from tests.door.worlds import LEAD, TICKET, Door, defined, imported, pretix

MANY = int(os.environ.get("DOOR_EXAMPLES", "1"))
PATIENCE = 120 * MANY + 400
"""Seconds: what failed is made small, for up to five minutes, before it is shown."""
LISTS = ("day", "vip")
GATES = ("left", "right")
PEOPLE = ("listed", "pending", "both", "stranger", "token", "shop")
MARKS = ("revoked", "blocked", "unblocked", "cancelled", "paid")


@dataclass
class Move:
    """Somebody went in or out, as its fact says."""

    id: str
    way: str
    forced: bool
    boot: str
    mono: int


@dataclass
class Terms:
    entry: str
    capacity: int | None
    pending: bool
    changed: bool = False


@dataclass
class Model:
    """What the facts allow. Every fact is judged by those before it."""

    signed: set[str]
    terms: dict[str, Terms] = field(default_factory=dict)
    moves: dict[tuple[str, str], list[Move]] = field(default_factory=lambda: defaultdict(list))
    admitted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    listed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    marks: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    spoken: set[str] = field(default_factory=set)
    """Of whose payment somebody has spoken: the first word stays, unless ``paid`` follows."""

    def inside(self, list_: str) -> int:
        return sum(bool(moves) and moves[-1].way == "in" for (_, on), moves in self.moves.items() if on == list_)

    def may_enter(self, list_: str, moves: Sequence[Move]) -> bool:
        entry = self.terms[list_].entry
        ways = [move.way for move in moves]
        return entry == "multiple" or "in" not in ways or (entry == "reentry" and ways[-1] == "out")

    def full(self, list_: str, moves: Sequence[Move]) -> bool:
        terms = self.terms[list_]
        already = terms.entry == "multiple" and bool(moves) and moves[-1].way == "in"
        return terms.capacity is not None and self.inside(list_) >= terms.capacity and not already

    def take(self, body: dict[str, Any]) -> None:
        """Believe a fact, once it is allowed."""
        data = body["data"]
        ticket, list_ = data.get("ticket"), data.get("list")
        moves = self.moves[ticket, list_] if ticket else []
        match body["kind"]:
            case "list.defined/1":
                old = self.terms.get(list_)
                changed = old is not None and (old.changed or old.entry != data["entry"])
                self.terms[list_] = Terms(data["entry"], data.get("capacity"), data.get("pending", False), changed)
            case "tickets.imported/1":
                for one in data["tickets"]:
                    self.listed[one["ticket"]].add(list_)
                    status = one.get("status", "paid")
                    if status == "cancelled" or (status == "pending" and one["ticket"] not in self.spoken):
                        self.marks[one["ticket"]].add(status)
                    self.spoken.add(one["ticket"])
            case "ticket.revoked/1":
                self.marks[ticket].add("revoked")
            case "ticket.marked/1":
                if data["mark"] == "paid":
                    self.spoken.add(ticket)
                gone = {"unblocked": {"blocked"}, "paid": {"pending", "cancelled"}}.get(data["mark"])
                self.marks[ticket] = self.marks[ticket] - gone if gone else self.marks[ticket] | {data["mark"]}
            case "ticket.admitted/1":
                if "forced_by" not in data:
                    assert self._allowed(ticket, list_, moves), body
                moves.append(Move(body["id"], "in", "forced_by" in data, body["boot"], body["mono"]))
                self.admitted[list_] += 1
            case "ticket.exited/1":
                left = bool(moves) and moves[-1].way == "in"
                assert left or not self.marks[ticket] & {"revoked", "blocked", "cancelled"}, body
                moves.append(Move(body["id"], "out", False, body["boot"], body["mono"]))
            case "ticket.refused/1":
                self._deserved(data["reason"], ticket, list_, moves)
                self.refused[list_] += 1
            case "admission.undone/1":
                move = moves.pop()
                assert (move.id, move.way) == (data["of"], data["direction"]), "only the newest"
                assert (move.boot, body["mono"] - move.mono <= 10_000_000) == (body["boot"], True)
                self.admitted[list_] -= move.way == "in"
            case _:
                return

    def _allowed(self, ticket: str, list_: str, moves: Sequence[Move]) -> bool:
        marks, terms = self.marks[ticket], self.terms[list_]
        return (
            not marks & {"revoked", "blocked", "cancelled"}
            and (terms.pending or "pending" not in marks)
            and (list_ in self.listed[ticket] or ticket in self.signed)
            and self.may_enter(list_, moves)
            and not self.full(list_, moves)
        )

    def _deserved(self, reason: str, ticket: str | None, list_: str, moves: Sequence[Move]) -> None:
        assert ticket is not None
        match reason:
            case "already_used":
                assert not self.may_enter(list_, moves)
            case "list_full":
                assert self.full(list_, moves)
            case "unpaid":
                assert "pending" in self.marks[ticket]
                assert not self.terms[list_].pending
            case "revoked" | "blocked" | "cancelled":
                assert reason in self.marks[ticket]
            case "unknown":
                assert not self.listed[ticket]
                assert ticket not in self.signed
            case "wrong_product":
                assert list_ in self.terms, "a list that this scan was not for"
            case _:
                raise AssertionError(f"no scan here is refused for {reason}")

    def allowed_at_most(self) -> None:
        """The plain bound, where the entry rule never changed: one, or one more than the exits."""
        for (_, list_), moves in self.moves.items():
            terms = self.terms.get(list_)
            if terms is None or terms.changed or any(move.forced for move in moves):
                continue
            admitted = sum(move.way == "in" for move in moves)
            exits = sum(move.way == "out" for move in moves)
            if terms.entry != "multiple":
                assert admitted <= (1 if terms.entry == "single" else 1 + exits)


class Night:
    """A box with two gates, its codes, and all that was asked of it so far."""

    def __init__(self, data: Path) -> None:
        self.door = Door(data)
        self.door.publish()
        self.door.all(
            *(defined(list_, entry=entry) for list_, entry in zip(LISTS, ("single", "reentry"), strict=True)),
            ("gate.define", {"gate": "left", "lists": ["day"]}),
            ("gate.define", {"gate": "right", "lists": ["vip", "day"]}),
            imported("LISTED", "day"),
            imported("PENDING", "vip", status="pending"),
            imported("BOTH", "day"),
            imported("BOTH", "vip"),
        )
        self.codes = {
            "listed": "LISTED",
            "pending": "PENDING",
            "both": "BOTH",
            "stranger": "STRANGER",
            "token": self.door.token(TICKET, "vip"),
            "shop": pretix(self.door.shop, "seed", 1),
        }
        keys = self.door.box.engine.store.keys
        self.model = Model({TICKET, keys.plain_ticket(self.codes["shop"])})
        self.seen = 0
        self.asked: list[tuple[str, str, dict[str, Any], Any]] = []
        self.scans: list[str] = []
        self.boots = 0

    def ask(self, command: str, data: dict[str, Any]) -> Any:
        """A command under an identity of its own; its reply is kept."""
        ident = f"n{len(self.asked)}"
        reply = self.door.ask(command, data, id=ident)
        self.asked.append((command, ident, data, reply))
        if command.startswith("ticket."):
            self.scans.append(ident)
        return reply

    def step(self, step: tuple[Any, ...]) -> None:
        """One thing happens."""
        clock = self.door.box.clock
        match step:
            case ("scan", person, gate, way, list_):
                said = {"direction": way, "list": list_}
                data = {key: value for key, value in said.items() if value is not None}
                self.ask("ticket.scan", {"code": self.codes[person], "gate": gate, **data})
            case ("force", person, gate):
                self.ask(
                    "ticket.admit", {"code": self.codes[person], "gate": gate, "by": LEAD, "reason": "I know them"}
                )
            case ("undo", back, seconds):
                clock.advance(seconds)
                if self.scans:
                    self.ask("admission.undo", {"scan": self.scans[-1 - back % len(self.scans)]})
            case ("replay", back):
                if self.asked:
                    command, ident, data, reply = self.asked[-1 - back % len(self.asked)]
                    pos = self.door.box.engine.store.pos
                    assert self.door.ask(command, data, id=ident) == reply
                    assert {body["kind"] for body in self.door.facts(pos)} <= {"clock.stepped/1"}
            case ("mark", mark, person):
                self.ask("tickets.mark", {"mark": mark, "codes": [self.codes[person]]})
            case ("terms", list_, entry, capacity, pending):
                self.ask("list.define", {"list": list_, "entry": entry, "capacity": capacity, "pending": pending})
            case ("gate", gate, lists, way):
                self.ask("gate.define", {"gate": gate, "lists": list(lists), "direction": way})
            case ("import", person, list_, status):
                self.ask(*imported(self.codes[person], list_, status=status))
            case ("wall", seconds):
                clock.step(seconds)
            case ("restart", reboot):
                if reboot:
                    self.boots += 1
                    clock.reboot(f"b{self.boots}")
                self.door.restart()
            case _:
                self.rebuild()

    def rebuild(self) -> None:
        db = self.door.box.engine.store.db
        live = dump(db)
        Projector(db).rebuild()
        assert dump(db) == live

    def judge(self) -> None:
        """The new facts are allowed, and the box shows what they say."""
        facts = self.door.facts(self.seen)
        for body in facts:
            self.model.take(body)
        self.seen += len(facts)
        self.model.allowed_at_most()
        shown = projection.counts(self.door.box.engine.store.db)
        for list_ in LISTS:
            assert {key: shown[list_][key] for key in ("admitted", "inside", "refused")} == {
                "admitted": self.model.admitted[list_],
                "inside": self.model.inside(list_),
                "refused": self.model.refused[list_],
            }


def night() -> Night:
    return Night(Path(tempfile.mkdtemp(prefix="bk-door-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None)))


people, gates, lists = st.sampled_from(PEOPLE), st.sampled_from(GATES), st.sampled_from(LISTS)
ways = st.sampled_from(["in", "out"])
scan = st.tuples(st.just("scan"), people, gates, ways | st.none(), lists | st.none())
undo = st.tuples(st.just("undo"), st.sampled_from([0, 0, 0, 1, 2]), st.sampled_from([0, 3, 5, 11]))
force = st.tuples(st.just("force"), people, gates)
replay = st.tuples(st.just("replay"), st.integers(0, 30))
rest = st.one_of(
    st.tuples(st.just("mark"), st.sampled_from(MARKS), people),
    st.tuples(
        st.just("terms"),
        lists,
        st.sampled_from(["single", "multiple", "reentry"]),
        st.sampled_from([0, 1, 2]),
        st.booleans(),
    ),
    st.tuples(st.just("gate"), gates, st.lists(lists, max_size=2, unique=True).map(tuple), ways),
    st.tuples(st.just("import"), people, lists, st.sampled_from(["paid", "pending", "cancelled"])),
    st.tuples(st.just("wall"), st.sampled_from([-86_400, -5, 5, 86_400])),
    st.tuples(st.just("restart"), st.booleans()),
    st.tuples(st.just("rebuild")),
)
steps_of_a_night = st.sampled_from([scan, scan, scan, scan, undo, undo, force, replay, rest, rest]).flatmap(
    lambda kind: kind
)
"""Drawn by kind first: in a plain union the many kinds of ``rest`` would leave hardly a scan."""
quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.timeout(PATIENCE)
@settings(max_examples=50 * MANY, deadline=None, suppress_health_check=quiet)
@given(st.lists(steps_of_a_night, min_size=15, max_size=50))
def test_no_sequence_admits_more_than_the_rules_allow_and_the_box_shows_what_its_journal_says(
    steps: list[tuple[Any, ...]],
) -> None:
    here = night()
    try:
        for step in steps:
            here.step(step)
            here.judge()
        here.rebuild()
        for command, ident, data, reply in here.asked:
            assert here.door.ask(command, data, id=ident) == reply
        for kind, number in Counter(body["kind"] for body in here.door.facts()).items():
            if kind in {"ticket.admitted/1", "ticket.exited/1", "ticket.refused/1", "admission.undone/1"}:
                event(f"{kind}: {min(number, 3)}")
    finally:
        here.door.close()
        shutil.rmtree(here.door.box.data)


@pytest.mark.timeout(PATIENCE)
@settings(max_examples=40 * MANY, deadline=None, suppress_health_check=quiet)
@given(
    st.sampled_from(["single", "reentry"]),
    st.sampled_from(["listed", "both", "shop"]),
    st.lists(
        st.one_of(
            st.tuples(st.just("scan"), gates, ways),
            st.tuples(st.just("undo"), st.sampled_from([0, 11])),
            st.tuples(st.just("restart"), st.booleans()),
            st.tuples(st.just("replay"), st.integers(0, 9)),
        ),
        min_size=5,
        max_size=25,
    ),
)
def test_one_ticket_at_two_gates_is_inside_at_most_once_and_enters_as_often_as_allowed(
    entry: str, person: str, steps: list[tuple[Any, ...]]
) -> None:
    """By verdicts alone, as somebody at the door would count: an entry that was undone within its time is none."""
    here = night()
    try:
        here.door.all(defined("day", entry=entry))
        history: list[tuple[str, str]] = []
        for step in steps:
            match step:
                case ("scan", gate, way):
                    reply = here.ask(
                        "ticket.scan", {"code": here.codes[person], "gate": gate, "list": "day", "direction": way}
                    )
                    entered = [one for one, _ in history if one == "in"]
                    inside = bool(history) and history[-1][0] == "in"
                    may = not entered or (entry == "reentry" and not inside)
                    if way == "out" or may:
                        assert reply["answer"]["verdict"] == ("admitted" if way == "in" else "exited")
                        history.append((way, reply["id"]))
                    else:
                        assert reply["answer"]["reason"] == "already_used"
                case ("undo", seconds):
                    here.door.box.clock.advance(seconds)
                    if history:
                        reply = here.ask("admission.undo", {"scan": history[-1][1]})
                        if reply["ok"]:
                            history.pop()
                case other:
                    here.step(other)
            here.judge()
    finally:
        here.door.close()
        shutil.rmtree(here.door.box.data)
