"""The cash drawers: which is open."""

import sqlite3

from appliance.domain.drawer import DrawerKnown, DrawerOpened, OpenDrawer
from appliance.journal.records import Record
from appliance.projections import events
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_drawer(
  drawer TEXT PRIMARY KEY, float INTEGER NOT NULL, opened_at TEXT NOT NULL, open INTEGER NOT NULL) STRICT;
"""


@folds(DrawerOpened)
def opened(db: sqlite3.Connection, record: Record, fact: DrawerOpened) -> None:
    """A drawer starts with its float."""
    db.execute("INSERT INTO p_drawer VALUES(?, ?, ?, 1)", (fact.drawer, fact.float, record.body["at"]))


def current(db: sqlite3.Connection) -> str | None:
    """The open drawer."""
    row = db.execute("SELECT drawer FROM p_drawer WHERE open ORDER BY opened_at DESC LIMIT 1").fetchone()
    return row["drawer"] if row else None


@knows("drawer.open")
def for_opening(db: sqlite3.Connection, ask: OpenDrawer, around: Surroundings) -> DrawerKnown:
    """Event and open drawer."""
    return DrawerKnown(events.current(db), current(db))
