"""The card: its level as it was last recorded, and how fast the journal grows."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from appliance.clock import Now
from appliance.domain.disk import DiskLevel, DiskLevelChanged
from appliance.journal.records import Record
from appliance.projections.registry import folds

TABLES = """
CREATE TABLE p_disk(one INTEGER PRIMARY KEY, level TEXT NOT NULL, at TEXT NOT NULL) STRICT;
"""

WINDOW_S = 6 * 3600
"""How far the pace looks back."""
_LEAST_S = 3600
_LEAST_FACTS = 300
"""With less than these nobody knows the pace: what a box takes at its start is no pace."""
MOST_DAYS = 365
_DAY_S = 86_400


@folds(DiskLevelChanged)
def changed(db: sqlite3.Connection, record: Record, fact: DiskLevelChanged) -> None:
    """The newest word."""
    db.execute("INSERT OR REPLACE INTO p_disk VALUES(1, ?, ?)", (fact.to, record.body["at"]))


def level(db: sqlite3.Connection) -> DiskLevel:
    """As last recorded; a new box begins with ``ok``."""
    row = db.execute("SELECT level FROM p_disk").fetchone()
    found: DiskLevel = row["level"] if row else "ok"
    return found


def to_close(db: sqlite3.Connection) -> bool:
    """Whether an event or a drawer waits to be closed."""
    row = db.execute(
        "SELECT EXISTS(SELECT 1 FROM p_event WHERE state = 'open') OR EXISTS(SELECT 1 FROM p_drawer WHERE open)"
    )
    return bool(row.fetchone()[0])


@dataclass(frozen=True)
class Left:
    """How long the card lasts. ``days``: at most ``MOST_DAYS``, None when it cannot be told; ``missing``: why."""

    days: float | None
    missing: tuple[str, ...] = ()


def days_left(db: sqlite3.Connection, now: Now, room: int, used: int) -> Left:
    """At the pace of the last hours of this boot. ``room``: bytes until nothing new is taken; ``used``: bytes of all
    that grows with facts, so that a fact costs ``used`` by their number.

    The clock is the monotonic one: the wall clock of a box may jump.
    """
    (pos,) = db.execute("SELECT coalesce(max(pos), 0) FROM fact").fetchone()
    if pos < _LEAST_FACTS:
        return Left(None, ("facts",))
    first = _first_since(db, pos, now)
    if first is None:
        return Left(None, ("hour",))
    facts, seconds = pos - first[0], (now.mono - first[1]) / 1e6
    if seconds < _LEAST_S:
        return Left(None, ("hour",))
    a_day = facts / seconds * _DAY_S * used / pos
    if a_day * MOST_DAYS <= room:
        return Left(float(MOST_DAYS))
    return Left(max(0.0, round(room / a_day, 1)))


def _first_since(db: sqlite3.Connection, pos: int, now: Now) -> tuple[int, int] | None:
    """Position and monotonic time of the oldest fact of this boot that is no older than the window: facts stand in
    the order of time, so that twenty looks find it among a million."""
    since = now.mono - WINDOW_S * 1_000_000

    def inside(at: int) -> int | None:
        body: dict[str, Any] = json.loads(db.execute("SELECT body FROM fact WHERE pos = ?", (at,)).fetchone()["body"])
        return body["mono"] if body["boot"] == now.boot and body["mono"] >= since else None

    low, high, found = 1, pos, None
    while low <= high:
        middle = (low + high) // 2
        if (mono := inside(middle)) is None:
            low = middle + 1
        else:
            found, high = (middle, mono), middle - 1
    return found
