"""Check-in lists and gates: who is let in on what terms, and what is asked where."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NoReturn

import msgspec

from appliance.domain.events import Event
from appliance.domain.kernel import STAFF, Ask, Context, Decided, Fact, command, kind, refuse
from appliance.errors import invalid

Entry = Literal["single", "multiple", "reentry"]
Direction = Literal["in", "out"]
AnswerKind = Literal["confirm", "text"]
MOST_NAMES = 200
"""Products or sessions of one list, lists of one gate."""
MOST_QUESTIONS = 10
MOST_PEOPLE = 1_000_000
_GATE = re.compile(r"[^\W_][\w .-]{0,39}")
"""It is recorded: a door's name, not whatever somebody types."""


class Question(Fact, frozen=True):
    """Asked once of each ticket before it is let in. ``confirm``: somebody at the door says yes to it; ``text``: what
    the guest answers goes into the erasable table."""

    question: str
    text: str
    answer: AnswerKind = "confirm"


Names = tuple[str, ...]
Questions = tuple[Question, ...]


@kind("list.defined/1")
class ListDefined(Fact, frozen=True):
    """A check-in list as it is from now on. ``entry``: once, any number of times, or again after an exit; ``products``
    and ``sessions``: only tickets of these (empty = of all); ``capacity``: people inside at a time; ``pending``:
    tickets that are not paid yet are let in too."""

    list: str
    entry: Entry
    products: Names = ()
    sessions: Names = ()
    capacity: int | None = None
    pending: bool = False
    questions: Questions = ()


@kind("gate.defined/1")
class GateDefined(Fact, frozen=True):
    """What a scan at this gate means when it does not say so itself: which lists are let in (empty = all), and which
    way people go."""

    gate: str
    lists: Names
    direction: Direction


@dataclass(frozen=True)
class CheckinList:
    """A list as it is now; the fields are those of ``ListDefined``. ``named``: how many names its questions ever had;
    none is given twice, or an old answer would pass for one to a new question."""

    list: str
    entry: Entry = "single"
    products: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    capacity: int | None = None
    pending: bool = False
    questions: tuple[Question, ...] = ()
    named: int = 0


@dataclass(frozen=True)
class Gate:
    """A gate as it is now."""

    gate: str
    lists: tuple[str, ...] = ()
    direction: Direction = "in"


@dataclass(frozen=True)
class GatesKnown:
    """The present event, its lists, and the gates that were defined."""

    event: Event | None
    lists: dict[str, CheckinList]
    gates: dict[str, Gate]


class AskQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``text``: what is asked, in the words of whoever defines the list."""

    text: str
    answer: AnswerKind = "confirm"


AskQuestions = tuple[AskQuestion, ...]


class DefineList(Ask, frozen=True):
    """What is not named stays as it is; a new list is single entry without limits. ``capacity`` 0: no limit. A list's
    name is 1 to 40 lower-case letters, digits, dashes."""

    list: str
    entry: Entry | None = None
    products: Names | None = None
    sessions: Names | None = None
    capacity: int | None = None
    pending: bool | None = None
    questions: AskQuestions | None = None


class DefineGate(Ask, frozen=True):
    """``gate``: the door's name; a scanner named ``scanner-door-left`` stands at the gate ``door-left``."""

    gate: str
    lists: Names = ()
    direction: Direction = "in"


def list_name(text: str) -> bool:
    """Whether this may be a list's name."""
    return 1 <= len(text) <= 40 and text.replace("-", "").isalnum() and text.isascii() and text.islower()


def gate_name(text: str) -> bool:
    """Whether this may be a gate's name."""
    return _GATE.fullmatch(text) is not None


def check_list_name(text: str) -> None:
    """Raises ``validation`` for what may be no list's name. It does not repeat it: it may be anything."""
    if not list_name(text):
        raise invalid("list: wants 1 to 40 lower-case letters, digits, dashes")


def check_gate_name(text: str) -> None:
    """Raises ``validation`` for what may be no gate's name."""
    if not gate_name(text):
        raise invalid("gate: wants a door's name of 1 to 40 letters, digits, spaces, dots, dashes")


def label(text: str) -> bool:
    """Whether this may name a product or a session."""
    return 1 <= len(text) <= 60 and text.isprintable() and text == text.strip()


def no_list(name: str, have: Iterable[str]) -> NoReturn:
    """Refuses: this list is not there."""
    there = ", ".join(sorted(have)) or "none"
    refuse("not-found", f"there is no list {name!r} (lists: {there})", "Define the list first.")


@command("list.define", DefineList, STAFF, at_full="stop")
def define(ask: DefineList, known: GatesKnown, ctx: Context) -> Decided:
    """The same again changes nothing; another definition takes the place of the one before."""
    if known.event is None:
        refuse("not-found", "there is no event yet", "boothkit event create")
    check_list_name(ask.list)
    old = known.lists.get(ask.list, CheckinList(ask.list))
    capacity = old.capacity if ask.capacity is None else ask.capacity or None
    if capacity is not None and not 1 <= capacity <= MOST_PEOPLE:
        raise invalid(f"capacity {capacity}: wants 1 to {MOST_PEOPLE:,} people, or 0 for no limit")
    questions = _questions(ask.questions, old)
    new = CheckinList(
        ask.list,
        entry=ask.entry or old.entry,
        products=_names("products", ask.products, old.products),
        sessions=_names("sessions", ask.sessions, old.sessions),
        capacity=capacity,
        pending=old.pending if ask.pending is None else ask.pending,
        questions=questions,
        named=max(old.named, highest(questions)),
    )
    if known.lists.get(ask.list) == new:
        return Decided([], {"list": ask.list})
    fact = ListDefined(
        list=new.list,
        entry=new.entry,
        products=new.products,
        sessions=new.sessions,
        capacity=new.capacity,
        pending=new.pending,
        questions=new.questions,
    )
    return Decided([fact], {"list": ask.list})


def _names(what: str, asked: Names | None, old: tuple[str, ...]) -> tuple[str, ...]:
    if asked is None:
        return old
    if len(asked) > MOST_NAMES or not all(map(label, asked)):
        raise invalid(f"{what}: wants at most {MOST_NAMES} names of 1 to 60 printable characters")
    return tuple(dict.fromkeys(asked))


def highest(questions: Iterable[Question]) -> int:
    """The highest number in the names of these questions; 0 when there are none."""
    return max((int(question.question[1:]) for question in questions), default=0)


def _questions(asked: AskQuestions | None, old: CheckinList) -> tuple[Question, ...]:
    """A question that was there keeps its name, so that nobody is asked it twice."""
    if asked is None:
        return old.questions
    if len(asked) > MOST_QUESTIONS:
        raise invalid(f"questions: wants at most {MOST_QUESTIONS}, not {len(asked)}")
    if not all(1 <= len(one.text) <= 120 and one.text.isprintable() for one in asked):
        raise invalid("questions: each has 1 to 120 printable characters")
    if len({one.text for one in asked}) < len(asked):
        raise invalid("questions: one is there twice")
    names = {(question.text, question.answer): question.question for question in old.questions}
    number = old.named
    made = []
    for one in asked:
        name = names.get((one.text, one.answer))
        if name is None:
            number += 1
            name = f"q{number}"
        made.append(Question(question=name, text=one.text, answer=one.answer))
    return tuple(made)


@command("gate.define", DefineGate, STAFF, at_full="stop")
def define_gate(ask: DefineGate, known: GatesKnown, ctx: Context) -> Decided:
    """The same again changes nothing."""
    if known.event is None:
        refuse("not-found", "there is no event yet", "boothkit event create")
    check_gate_name(ask.gate)
    if len(ask.lists) > MOST_NAMES:
        raise invalid(f"lists: wants at most {MOST_NAMES}")
    for name in ask.lists:
        check_list_name(name)
        if name not in known.lists:
            no_list(name, known.lists)
    new = Gate(ask.gate, tuple(dict.fromkeys(ask.lists)), ask.direction)
    if known.gates.get(ask.gate) == new:
        return Decided([], {"gate": ask.gate})
    return Decided([GateDefined(gate=new.gate, lists=new.lists, direction=new.direction)], {"gate": ask.gate})
