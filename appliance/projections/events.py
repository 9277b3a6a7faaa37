"""The events of this box; the newest is the present one."""

import sqlite3

from appliance.domain.events import CreateEvent, Event, EventClosed, EventCreated, EventKnown, EventOpened
from appliance.domain.kernel import Ask
from appliance.journal.records import Record
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_event(
  event TEXT PRIMARY KEY, ordinal INTEGER NOT NULL, name TEXT NOT NULL, currency TEXT NOT NULL, timezone TEXT NOT NULL,
  area_m2 TEXT NOT NULL, state TEXT NOT NULL, cash_rounding INTEGER NOT NULL, opened_at TEXT,
  opened_pos INTEGER, closed_at TEXT) STRICT;
"""

_COLUMNS = "event, name, currency, timezone, area_m2, state, cash_rounding"


@folds(EventCreated)
def created(db: sqlite3.Connection, record: Record, fact: EventCreated) -> None:
    """A new event."""
    db.execute(
        "INSERT INTO p_event VALUES(?, ?, ?, ?, ?, ?, 'created', ?, NULL, NULL, NULL)",
        (fact.event, record.pos, fact.name, fact.currency, fact.timezone, fact.area_m2, fact.cash_rounding),
    )


@folds(EventOpened)
def opened(db: sqlite3.Connection, record: Record, fact: EventOpened) -> None:
    """It goes live."""
    db.execute(
        "UPDATE p_event SET state = 'open', opened_at = ?, opened_pos = ? WHERE event = ?",
        (record.body["at"], record.pos, fact.event),
    )


@folds(EventClosed)
def closed(db: sqlite3.Connection, record: Record, fact: EventClosed) -> None:
    """It ends."""
    db.execute("UPDATE p_event SET state = 'closed', closed_at = ? WHERE event = ?", (record.body["at"], fact.event))


def current(db: sqlite3.Connection) -> Event | None:
    """The newest event, whatever its state."""
    row = db.execute(f"SELECT {_COLUMNS} FROM p_event ORDER BY ordinal DESC LIMIT 1").fetchone()  # noqa: S608 - ours
    return Event(*row) if row else None


def get(db: sqlite3.Connection, event: str) -> Event | None:
    """An event by its id, also one that is over."""
    row = db.execute(f"SELECT {_COLUMNS} FROM p_event WHERE event = ?", (event,)).fetchone()  # noqa: S608 - ours
    return Event(*row) if row else None


def every(db: sqlite3.Connection) -> list[Event]:
    """All events of this box, the newest first."""
    return [Event(*row) for row in db.execute(f"SELECT {_COLUMNS} FROM p_event ORDER BY ordinal DESC")]  # noqa: S608


def opened_pos(db: sqlite3.Connection, event: str) -> int | None:
    """Where in the journal an event went live."""
    row = db.execute("SELECT opened_pos FROM p_event WHERE event = ?", (event,)).fetchone()
    return row["opened_pos"] if row else None


def opened_at(db: sqlite3.Connection, event: str) -> str | None:
    """When an event went live (RFC 3339)."""
    row = db.execute("SELECT opened_at FROM p_event WHERE event = ?", (event,)).fetchone()
    return row["opened_at"] if row else None


@knows("event.create", "event.open")
def for_events(db: sqlite3.Connection, ask: Ask, around: Surroundings) -> EventKnown:
    """The present event, and whether the one that is asked for was here."""
    asked = ask.event if isinstance(ask, CreateEvent) else None
    return EventKnown(current(db), taken=asked is not None and get(db, asked) is not None)
