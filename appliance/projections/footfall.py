"""Crossings of footfall lines, event by event."""

import sqlite3

from appliance.domain.footfall import CrossingsCounted
from appliance.journal.records import Record
from appliance.projections.registry import folds

DECISIVE = False
TABLES = """
CREATE TABLE p_crossing(
  pos INTEGER PRIMARY KEY, event TEXT NOT NULL, at TEXT NOT NULL, line TEXT NOT NULL, source TEXT NOT NULL,
  in_ INTEGER NOT NULL, out INTEGER NOT NULL) STRICT;
"""


@folds(CrossingsCounted)
def counted(db: sqlite3.Connection, record: Record, fact: CrossingsCounted) -> None:
    """One batch of a line."""
    db.execute(
        "INSERT INTO p_crossing VALUES(?, ?, ?, ?, ?, ?, ?)",
        (record.pos, record.body["event"], record.body["at"], fact.line, fact.source, fact.in_, fact.out),
    )
