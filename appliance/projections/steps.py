"""When the wall clock was stepped: what spans of time are reckoned with."""

import sqlite3

from appliance.domain.box import ClockStepped
from appliance.domain.timeline import Step, Timeline
from appliance.journal.records import Record
from appliance.projections.registry import folds

DECISIVE = False
TABLES = """
CREATE TABLE p_step(
  pos INTEGER PRIMARY KEY, by_ms INTEGER NOT NULL, restarted INTEGER NOT NULL, trusted INTEGER NOT NULL) STRICT;
"""


@folds(ClockStepped)
def stepped(db: sqlite3.Connection, record: Record, fact: ClockStepped) -> None:
    """One step, and how the clock was trusted by the fact before it."""
    row = db.execute(
        "SELECT json_extract(body, '$.clock') <> 'none' AS trusted FROM fact WHERE pos = ?", (record.pos - 1,)
    ).fetchone()
    values = (record.pos, fact.by_ms, int(fact.restarted), row["trusted"] if row else 0)
    db.execute("INSERT INTO p_step VALUES(?, ?, ?, ?)", values)


def timeline(db: sqlite3.Connection, after: int, *, trusted: bool) -> Timeline:
    """The times of the facts from position ``after`` on, as the present clock tells them; ``trusted``: whether that
    is."""
    rows = db.execute("SELECT pos, by_ms, restarted, trusted FROM p_step WHERE pos > ? ORDER BY pos", (after,))
    steps = (Step(row["pos"], row["by_ms"], bool(row["restarted"]), bool(row["trusted"])) for row in rows)
    return Timeline(steps, trusted=trusted)
