"""How a projection is found: every module of this package with ``TABLES`` is one; its folds and its knowledge
register here."""

import hashlib
import importlib
import pkgutil
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.clock import Now
from appliance.domain.kernel import Ask, Fact, kind_of
from appliance.domain.presented import PretixKey, identity
from appliance.files.bundle import Reader
from appliance.journal.records import Record

FoldFunction = Callable[[sqlite3.Connection, Record, Any], None]
Knowledge = Callable[[sqlite3.Connection, Any, "Surroundings"], Any]
FF = TypeVar("FF", bound=FoldFunction)
KF = TypeVar("KF", bound=Knowledge)


@dataclass(frozen=True)
class Surroundings:
    """What decisions need to know that is no fact: keys of tickets, how a plain code becomes an id, who reads bundles,
    by which clock, and how a claim code is marked."""

    ticket_keys: Callable[[], Mapping[bytes, Ed25519PublicKey]]
    pretix_keys: Callable[[], Mapping[bytes, PretixKey]]
    plain_ticket: Callable[[str], str]
    log: int
    bundles: Reader
    now: Now
    claim_mark: Callable[[str], str] = str

    def ticket_id(self, code: str) -> str:
        """The id under which the ticket that a code names is known."""
        return identity(code, self.plain_ticket(code))


@dataclass
class Projection:
    """One module: its tables, the folds by fact kind, whether decisions read it, and a hash of its source."""

    name: str
    tables: str
    version: str
    decisive: bool
    folds: dict[str, FoldFunction] = field(default_factory=dict)

    def table_names(self) -> list[str]:
        """The ``p_*`` tables that it owns."""
        return [line.split("(")[0].split()[-1] for line in self.tables.splitlines() if line.startswith("CREATE TABLE")]


_folds: dict[str, dict[str, FoldFunction]] = {}
_knows: dict[str, Knowledge] = {}


def folds(*facts: type[Fact]) -> Callable[[FF], FF]:
    """Register a fold of the module that it stands in for these facts."""

    def register(function: FF) -> FF:
        own = _folds.setdefault(function.__module__, {})
        for fact in facts:
            own[kind_of(fact)] = function
        return function

    return register


def knows(*commands: str) -> Callable[[KF], KF]:
    """Register what is read from the database before these commands are decided."""

    def register(function: KF) -> KF:
        for command in commands:
            _knows[command] = function
        return function

    return register


def known(command: str, db: sqlite3.Connection, ask: Ask, surroundings: Surroundings) -> Any:
    """What a command's decision is told; None when it needs nothing."""
    load = _knows.get(command)
    return None if load is None else load(db, ask, surroundings)


@cache
def projections() -> tuple[Projection, ...]:
    """All projections, in the order of their names."""
    package = importlib.import_module("appliance.projections")
    found = []
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"appliance.projections.{info.name}")
        tables = getattr(module, "TABLES", None)
        if tables is not None and module.__file__ is not None:
            version = hashlib.sha256(Path(module.__file__).read_bytes()).hexdigest()[:16]
            decisive = bool(getattr(module, "DECISIVE", True))
            found.append(Projection(info.name, tables, version, decisive, _folds.get(module.__name__, {})))
    return tuple(found)
