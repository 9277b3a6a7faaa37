"""Which records of people.db the facts refer to, for which event, and which of them are erased.

Whatever fact holds a ``PersonRef``, and wherever in it: its type says so.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import inspect

from appliance.clock import parse_rfc3339
from appliance.domain.erasure import MOST_REFS, ErasePeople, Kept, KeptKnown, RecordErased, RefsKnown
from appliance.domain.events import EventClosed
from appliance.domain.kernel import Ask, Fact, PersonRef, fact_types
from appliance.journal.records import Record
from appliance.projections import guests
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_person(
  ref TEXT PRIMARY KEY, event TEXT NOT NULL, pos INTEGER NOT NULL, erased_pos INTEGER) STRICT, WITHOUT ROWID;
CREATE INDEX p_person_kept ON p_person(event, pos) WHERE erased_pos IS NULL;
CREATE INDEX p_person_erased ON p_person(erased_pos) WHERE erased_pos IS NOT NULL;
CREATE TABLE p_term(event TEXT PRIMARY KEY, pos INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""


def carriers() -> list[type[Fact]]:
    """The facts that can refer to a record."""

    def carries(shape: inspect.Type) -> bool:
        match shape:
            case inspect.StructType():
                return shape.cls is PersonRef or any(carries(field.type) for field in shape.fields)
            case inspect.UnionType():
                return any(map(carries, shape.types))
            case inspect.ListType() | inspect.VarTupleType():
                return carries(shape.item_type)
            case inspect.DictType():
                return carries(shape.value_type)
            case _:
                return False

    return [fact for fact in fact_types().values() if carries(inspect.type_info(fact))]


def refs(value: Any) -> Iterator[str]:
    """References in a fact, in order."""
    if isinstance(value, PersonRef):
        yield value.ref
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from refs(getattr(value, name))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from refs(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from refs(one)


@folds(*carriers())
def told(db: sqlite3.Connection, record: Record, fact: Fact) -> None:
    """Somebody said something of a person. One that is erased stays so, whatever comes after."""
    rows = [(ref, record.body["event"], record.pos) for ref in refs(fact)]
    if rows:
        db.executemany("INSERT OR IGNORE INTO p_person VALUES(?, ?, ?, NULL)", rows)


@folds(RecordErased)
def erased(db: sqlite3.Connection, record: Record, fact: RecordErased) -> None:
    """They are gone. One that no fact refers to yet is remembered as well."""
    db.executemany(
        "INSERT INTO p_person VALUES(?, '', ?, ?) ON CONFLICT(ref) DO UPDATE SET "
        "erased_pos = coalesce(erased_pos, excluded.erased_pos)",
        [(ref, record.pos, record.pos) for ref in fact.refs],
    )


@folds(EventClosed)
def closed(db: sqlite3.Connection, record: Record, fact: EventClosed) -> None:
    """Its term begins."""
    db.execute("INSERT OR IGNORE INTO p_term VALUES(?, ?)", (fact.event, record.pos))


def people(db: sqlite3.Connection) -> set[str]:
    """Every record that is to be kept: facts refer to it, and it was not erased."""
    return {ref for (ref,) in db.execute("SELECT ref FROM p_person WHERE erased_pos IS NULL")}


def erased_after(db: sqlite3.Connection, pos: int) -> list[str]:
    """Records that facts after ``pos`` erased."""
    return [ref for (ref,) in db.execute("SELECT ref FROM p_person WHERE erased_pos > ?", (pos,))]


def is_erased(db: sqlite3.Connection, ref: str | None) -> bool:
    """Whether there was something that is gone now: not the same as nothing said."""
    row = db.execute("SELECT 1 FROM p_person WHERE ref = ? AND erased_pos IS NOT NULL", (ref,)).fetchone()
    return row is not None


@dataclass(frozen=True)
class Place:
    """Where a record is referred to: the kind of fact, when, at which event. ``erased_at``: None while it is kept."""

    ref: str
    kind: str
    at: str
    event: str
    erased_at: str | None


def place(db: sqlite3.Connection, ref: str) -> Place | None:
    """Of one record; None when no fact refers to it."""
    row = db.execute(
        "SELECT p.event, f.body ->> 'kind' AS kind, f.body ->> 'at' AS at, e.body ->> 'at' AS erased_at "
        "FROM p_person p JOIN fact f ON f.pos = p.pos LEFT JOIN fact e ON e.pos = p.erased_pos WHERE p.ref = ?",
        (ref,),
    ).fetchone()
    return None if row is None else Place(ref, row["kind"], row["at"], row["event"], row["erased_at"])


def kept(db: sqlite3.Connection) -> list[Kept]:
    """Every event of which something personal is kept, the oldest first, with the first records of each."""
    rows = db.execute(
        "SELECT p.event, count(*) AS n, coalesce(e.state, 'closed') AS state, t.pos FROM p_person p "
        "LEFT JOIN p_event e USING (event) LEFT JOIN p_term t USING (event) "
        "WHERE p.erased_pos IS NULL GROUP BY p.event ORDER BY coalesce(e.ordinal, 0)"
    ).fetchall()
    found = []
    for row in rows:
        first = [ref for (ref,) in db.execute(_FIRST, (row["event"], MOST_REFS))]
        began = None if row["pos"] is None else _closed_ms(db, row["pos"])
        found.append(Kept(row["event"], row["state"], began, first, row["n"], guests.of_records(db, first)))
    return found


_FIRST = "SELECT ref FROM p_person WHERE event = ? AND erased_pos IS NULL ORDER BY pos, ref LIMIT ?"


def _closed_ms(db: sqlite3.Connection, pos: int) -> int | None:
    """When an event was closed by a clock that can be trusted: that of its fact, else that of the first fact after it,
    which is later and so keeps longer."""
    row = db.execute(
        "SELECT body ->> 'at' AS at FROM fact WHERE pos >= ? AND body ->> 'clock' <> 'none' ORDER BY pos LIMIT 1",
        (pos,),
    ).fetchone()
    return None if row is None else parse_rfc3339(row["at"])


@dataclass(frozen=True)
class Brought:
    """A box that fell back to an earlier state at ``at``; what it knew last was of ``until``. ``kept``: records of
    before that are here again or still: some of them may have been erased in between."""

    at: str
    until: str
    kept: int


def brought_back(db: sqlite3.Connection) -> Brought | None:
    """The newest time that the box fell back and may have brought erased people with it; None: never, or all of those
    are gone."""
    row = db.execute(
        "SELECT f.pos, f.body ->> 'at' AS at, b.body ->> 'at' AS until FROM fact f JOIN fact b ON b.pos = f.pos - 1 "
        "WHERE f.seq = 1 AND f.body ->> 'kind' = 'log.started/1' "
        "AND f.body ->> '$.data.reason' IN ('restore', 'behind') ORDER BY f.log DESC LIMIT 1"
    ).fetchone()
    if row is None:
        return None
    (count,) = db.execute(
        "SELECT count(*) FROM p_person WHERE erased_pos IS NULL AND pos < ?", (row["pos"],)
    ).fetchone()
    return Brought(row["at"], row["until"], count) if count else None


@knows("people.erase")
def for_erase(db: sqlite3.Connection, ask: ErasePeople, around: Surroundings) -> RefsKnown:
    """Which of the records that were asked for are there."""
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for ref in ask.refs[: MOST_REFS + 1]:
        row = db.execute("SELECT erased_pos FROM p_person WHERE ref = ?", (ref,)).fetchone()
        if row is not None:
            found[row["erased_pos"] is None].add(ref)
    return RefsKnown(frozenset(found[True]), frozenset(found[False]), guests.of_records(db, found[True]))


@knows("people.erase_event", "people.expire")
def for_term(db: sqlite3.Connection, ask: Ask, around: Surroundings) -> KeptKnown:
    """What is kept of each event."""
    return KeptKnown(kept(db))
