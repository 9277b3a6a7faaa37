"""What every concept is made of: facts, commands, decisions, and the registries that find them by name."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, NoReturn, TypeVar

import msgspec

from appliance.clock import Now
from appliance.errors import Problem, invalid

Role = Literal["guest", "staff", "device", "uplink", "admin"]
STAFF: frozenset[Role] = frozenset({"staff", "admin"})
ADMIN: frozenset[Role] = frozenset({"admin"})
DEVICE: frozenset[Role] = frozenset({"device", "admin"})

AtFull = Literal["stop", "go_on", "finish"]
"""What becomes of a command while the card is nearly full: ``stop``, it begins something that can wait, and is not
decided; ``go_on``, people and devices cannot wait for it, as long as an event could still be closed afterwards;
``finish``, it ends what was begun, gives money back or makes room, and is always tried."""

MAX_AMOUNT = 10**12
"""The largest amount of money or quantity that anything takes: far below 2^53, far above any event."""


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened. Subclasses are named in the past tense and registered with ``kind``.

    A field with a default is left out of the body when it has that default; unknown fields of a newer
    version are ignored when an old one is read.
    """


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a command asks for: its ``data``, typed. Registered with ``command``."""


F = TypeVar("F", bound=type[Fact])
A = TypeVar("A", bound=Ask)

_facts: dict[str, type[Fact]] = {}
_kinds: dict[type[Fact], str] = {}
_upcasts: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {}
_commands: dict[str, "CommandType"] = {}


def kind(name: str) -> Callable[[F], F]:
    """Register a fact type under ``noun.verb/version``."""

    def register(cls: F) -> F:
        if name in _facts:
            raise TypeError(f"two types claim the fact kind {name}")
        _facts[name] = cls
        _kinds[cls] = name
        return cls

    return register


def upcast(
    old: str, new: str
) -> Callable[[Callable[[dict[str, Any]], dict[str, Any]]], Callable[[dict[str, Any]], dict[str, Any]]]:
    """Register how the data of an old version is read as a newer one; stored facts are never rewritten."""

    def register(convert: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
        _upcasts[old] = (new, convert)
        return convert

    return register


def read_fact(name: str, data: dict[str, Any]) -> Fact | None:
    """The typed fact of a body's ``kind`` and ``data``, upcast when old; None for a kind that this version does not
    know.

    Raises msgspec.ValidationError when the data does not fit its type.
    """
    while (step := _upcasts.get(name)) is not None:
        name, data = step[0], step[1](data)
    cls = fact_types().get(name)
    return None if cls is None else msgspec.convert(data, cls)


def kind_of(fact: type[Fact]) -> str:
    """The kind that a fact type is registered under."""
    return _kinds[fact]


@dataclass(frozen=True)
class CommandType:
    """One command: its name, the type of its data, who may ask, whether it is bulk work (second lane), and what becomes
    of it on a card that is nearly full."""

    name: str
    ask: type[Ask]
    roles: frozenset[Role]
    bulk: bool
    at_full: AtFull | None
    decide: Callable[[Any, Any, "Context"], "Decided"]


def command(
    name: str, ask: type[A], roles: frozenset[Role], *, bulk: bool = False, at_full: AtFull | None = None
) -> Callable[[Callable[[A, Any, "Context"], "Decided"]], Callable[[A, Any, "Context"], "Decided"]]:
    """Register the decision for a command. It takes what is asked, what is known, and its context. A command that does
    not say what becomes of it ``at_full`` stops there first."""

    def register(decide: Callable[[A, Any, Context], Decided]) -> Callable[[A, Any, Context], Decided]:
        if name in _commands:
            raise TypeError(f"two decisions claim the command {name}")
        _commands[name] = CommandType(name, ask, roles, bulk, at_full, decide)
        return decide

    return register


@cache
def discover() -> None:
    """Import every module of the domain, so that all facts and commands are registered."""
    package = importlib.import_module("appliance.domain")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"appliance.domain.{module.name}")


def fact_types() -> Mapping[str, type[Fact]]:
    """Every fact kind and its type."""
    discover()
    return _facts


def command_types() -> Mapping[str, CommandType]:
    """Every command by its name."""
    discover()
    return _commands


class PersonRef(Fact, frozen=True):
    """What a fact says of a person: where the record is in the erasable table, and an HMAC-SHA256 (hex) of it under a
    key that is kept, and erased, with it."""

    ref: str
    mac: str


@dataclass(frozen=True)
class Personal:
    """Something about a person, for the erasable table only."""

    ref: PersonRef
    key: bytes
    data: dict[str, str]


@dataclass(frozen=True)
class Context:
    """What a decision is told besides its question: time, place, who asks, and sources of identities.

    ``log``: the log that the facts will stand in. ``event``: the present event or "". ``printer``: the device that
    prints receipts, or ""; ``printers``: all there are. ``seal`` makes the record of something personal;
    ``claim_mark``: the HMAC by which the claim code of a guest with this id is known.
    """

    now: Now
    box: str
    log: int
    command: str
    actor: str
    event: str
    new_id: Callable[[str], str]
    seal: Callable[[dict[str, str]], Personal]
    printer: str = ""
    printers: Sequence[str] = ()
    claim_mark: Callable[[str], str] = str


@dataclass(frozen=True)
class Decided:
    """What follows from a command: facts in order (the one that matters first), and the answer.

    ``personal`` is written to people.db before the facts. ``event`` replaces the present event in the envelopes.
    ``checkpoint``: the tree head is signed in the same transaction. ``receipt``: index of the fact whose receipt's
    address belongs into the answer; ``claim``: id of the guest whose claim code belongs into each reply, which is
    remembered without it. ``marks``: how far something was followed, by its name; they never go back.
    """

    facts: Sequence[Fact]
    answer: dict[str, Any] = field(default_factory=dict)
    personal: Sequence[Personal] = ()
    event: str | None = None
    checkpoint: bool = False
    receipt: int | None = None
    claim: str | None = None
    marks: Mapping[str, int] = field(default_factory=dict)


def refuse(slug: str, detail: str, remedy: str = "", **extra: Any) -> NoReturn:
    """A decision says no. The refusal becomes a fact and is the command's answer for good."""
    raise Problem(slug, detail, remedy, keeps=True, **extra)


def ask_for(command_type: CommandType, data: dict[str, Any]) -> Ask:
    """The typed question; raises a ``validation`` Problem that says what was found, and where."""
    try:
        return msgspec.convert(data, command_type.ask)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from error
