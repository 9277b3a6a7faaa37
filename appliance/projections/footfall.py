"""Crossings of footfall lines, event by event."""

import sqlite3

from appliance.domain.footfall import CrossingsCounted
from appliance.journal.records import Record
from appliance.projections.registry import folds

DECISIVE = False
TABLES = """
CREATE TABLE p_crossing(
  pos INTEGER PRIMARY KEY, event TEXT NOT NULL, at TEXT NOT NULL, line TEXT NOT NULL, source TEXT NOT NULL,
  in_ INTEGER NOT NULL, out INTEGER NOT NULL, entrance INTEGER NOT NULL) STRICT;
"""


@folds(CrossingsCounted)
def counted(db: sqlite3.Connection, record: Record, fact: CrossingsCounted) -> None:
    """One batch of a line."""
    db.execute(
        "INSERT INTO p_crossing VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(record.pos, record.body["event"], record.body["at"], fact.line, fact.source),
            *(fact.in_, fact.out, int(fact.entrance)),
        ),
    )


def entrances(db: sqlite3.Connection, event: str) -> list[sqlite3.Row]:
    """Who came and went over all entrances, in order: ``pos, at, source, in_, out``."""
    return db.execute(
        "SELECT pos, at, source, in_, out FROM p_crossing WHERE event = ? AND entrance ORDER BY pos", (event,)
    ).fetchall()


def by_line(db: sqlite3.Connection, event: str) -> dict[str, tuple[int, int]]:
    """In and out over each line that was crossed in an event, by the line's name."""
    rows = db.execute(
        "SELECT line, sum(in_) AS come, sum(out) AS gone FROM p_crossing WHERE event = ? GROUP BY line ORDER BY line",
        (event,),
    )
    return {row["line"]: (row["come"], row["gone"]) for row in rows}
