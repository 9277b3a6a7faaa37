"""Check-in lists and gates as they are now."""

import json
import sqlite3

import msgspec

from appliance.domain.kernel import Ask
from appliance.domain.lists import CheckinList, Gate, GateDefined, GatesKnown, ListDefined, Questions, highest
from appliance.journal.records import Record
from appliance.projections import events
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_list(
  list TEXT PRIMARY KEY, entry TEXT NOT NULL, products TEXT NOT NULL, sessions TEXT NOT NULL, capacity INTEGER,
  pending INTEGER NOT NULL, questions TEXT NOT NULL, named INTEGER NOT NULL) STRICT;
CREATE TABLE p_gate(gate TEXT PRIMARY KEY, lists TEXT NOT NULL, direction TEXT NOT NULL) STRICT;
"""


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


@folds(ListDefined)
def defined(db: sqlite3.Connection, record: Record, fact: ListDefined) -> None:
    """A list appears, or is another from now on."""
    before = db.execute("SELECT named FROM p_list WHERE list = ?", (fact.list,)).fetchone()
    db.execute(
        "INSERT OR REPLACE INTO p_list VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
        (
            fact.list,
            fact.entry,
            _json(fact.products),
            _json(fact.sessions),
            fact.capacity,
            int(fact.pending),
            _json(fact.questions),
            max(before["named"] if before else 0, highest(fact.questions)),
        ),
    )


@folds(GateDefined)
def gate_defined(db: sqlite3.Connection, record: Record, fact: GateDefined) -> None:
    """A gate appears, or means something else from now on."""
    db.execute("INSERT OR REPLACE INTO p_gate VALUES(?, ?, ?)", (fact.gate, _json(fact.lists), fact.direction))


def lists(db: sqlite3.Connection) -> dict[str, CheckinList]:
    """Every list by its name."""
    return {
        row["list"]: CheckinList(
            row["list"],
            row["entry"],
            tuple(json.loads(row["products"])),
            tuple(json.loads(row["sessions"])),
            row["capacity"],
            bool(row["pending"]),
            msgspec.json.decode(row["questions"], type=Questions) if row["questions"] != "[]" else (),
            row["named"],
        )
        for row in db.execute("SELECT * FROM p_list ORDER BY list")
    }


def gates(db: sqlite3.Connection) -> dict[str, Gate]:
    """Every gate that was defined, by its name."""
    rows = db.execute("SELECT * FROM p_gate ORDER BY gate")
    return {row["gate"]: Gate(row["gate"], tuple(json.loads(row["lists"])), row["direction"]) for row in rows}


def gate(db: sqlite3.Connection, name: str) -> Gate:
    """One gate; one that nobody defined lets in every list."""
    row = db.execute("SELECT * FROM p_gate WHERE gate = ?", (name,)).fetchone()
    return Gate(name) if row is None else Gate(name, tuple(json.loads(row["lists"])), row["direction"])


@knows("list.define", "gate.define")
def for_definitions(db: sqlite3.Connection, ask: Ask, around: Surroundings) -> GatesKnown:
    """Event, lists, gates."""
    return GatesKnown(events.current(db), lists(db), gates(db))
