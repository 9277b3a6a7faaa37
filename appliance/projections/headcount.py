"""How many are inside by the counters, and when somebody set that right. Decisions read it, so it is counted on as each
batch comes; `kpis` reckons the same from all of them."""

import sqlite3
from dataclasses import dataclass, replace

from appliance.domain.footfall import CountCrossings, CrossingsCounted
from appliance.domain.guardrails import OccupancyExceeded
from appliance.domain.kernel import Ask
from appliance.domain.kpis import Flow, inside
from appliance.domain.occupancy import HeadcountKnown, OccupancyCorrected, OccupancyEased
from appliance.journal.records import Record
from appliance.projections import counting, door, events, guardrails, tasks
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_headcount(
  event TEXT PRIMARY KEY, inside INTEGER NOT NULL, counted INTEGER NOT NULL, over INTEGER NOT NULL)
  STRICT, WITHOUT ROWID;
CREATE TABLE p_correction(
  pos INTEGER PRIMARY KEY, event TEXT NOT NULL, at TEXT NOT NULL, occupancy INTEGER NOT NULL, counted INTEGER) STRICT;
"""


@dataclass(frozen=True)
class Crowded:
    """More people are ``inside``, by the counters, than the policy lets in: ``most``; ``lead``: how many with the
    lead's word, None: as many as the lead likes; ``policy``: the version in force."""

    inside: int
    most: int
    lead: int | None
    policy: int


@folds(CrossingsCounted)
def counted(db: sqlite3.Connection, record: Record, fact: CrossingsCounted) -> None:
    """Counted on; a counter that missed an entry never shows fewer than none."""
    if not fact.entrance:
        return
    db.execute(
        "INSERT INTO p_headcount VALUES(:event, max(0, :step), 1, 0) ON CONFLICT(event) DO UPDATE SET "
        "inside = max(0, inside + :step), counted = 1",
        {"event": record.body["event"], "step": fact.in_ - fact.out},
    )


@folds(OccupancyCorrected)
def corrected(db: sqlite3.Connection, record: Record, fact: OccupancyCorrected) -> None:
    """From here they count on."""
    event = record.body["event"]
    db.execute(
        "INSERT INTO p_headcount VALUES(?, ?, 0, 0) ON CONFLICT(event) DO UPDATE SET inside = excluded.inside",
        (event, fact.occupancy),
    )
    row = (record.pos, event, record.body["at"], fact.occupancy, fact.counted)
    db.execute("INSERT INTO p_correction VALUES(?, ?, ?, ?, ?)", row)


@folds(OccupancyExceeded)
def exceeded(db: sqlite3.Connection, record: Record, fact: OccupancyExceeded) -> None:
    """Too many by the counters; the fact that the lead let too many in stands for itself."""
    if fact.by is None:
        db.execute("UPDATE p_headcount SET over = 1 WHERE event = ?", (record.body["event"],))


@folds(OccupancyEased)
def eased(db: sqlite3.Connection, record: Record, fact: OccupancyEased) -> None:
    """There is room again."""
    db.execute("UPDATE p_headcount SET over = 0 WHERE event = ?", (record.body["event"],))


def corrections(db: sqlite3.Connection, event: str) -> list[sqlite3.Row]:
    """In order: ``pos, at, occupancy, counted``."""
    return db.execute(
        "SELECT pos, at, occupancy, counted FROM p_correction WHERE event = ? ORDER BY pos", (event,)
    ).fetchall()


def crowded(db: sqlite3.Connection) -> Crowded | None:
    """Whether too many are inside now, at an open event."""
    event = events.current(db)
    if event is None or event.state != "open":
        return None
    row = _row(db, event.event)
    limits = guardrails.limits(db)
    most = limits.rails.occupancy.door
    if row is None or not row["counted"] or most is None or row["inside"] <= most:
        return None
    return Crowded(row["inside"], most, limits.rails.occupancy.lead, limits.policy)


def _row(db: sqlite3.Connection, event: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute("SELECT * FROM p_headcount WHERE event = ?", (event,)).fetchone()
    return row


def _shown(db: sqlite3.Connection, event: str) -> int | None:
    """People inside as the KPIs have it; None: nobody knows."""
    row, set_right = _row(db, event), corrections(db, event)
    if row is not None and row["counted"]:
        judged = counting.judgements(db, event)
        since = set_right[-1]["pos"] if set_right else 0
        unknown = counting.unsuitable(judged) or any(pos > since for one in judged for pos, _ in one.lost)
        return None if unknown else int(row["inside"])
    steps = [(one["pos"], Flow(0, one["in_"], one["out"])) for one in door.movements(db, event)]
    if not steps:
        return None
    steps += [(one["pos"], Flow(0, corrected=one["occupancy"])) for one in set_right]
    return inside([flow for _, flow in sorted(steps, key=lambda step: step[0])])


@knows("crossings.count")
def for_crossing(db: sqlite3.Connection, ask: CountCrossings, around: Surroundings) -> HeadcountKnown:
    """How many are inside, how many may be, and what the line is."""
    return replace(_known(db), entrance=counting.is_entrance(db, ask.line))


@knows("occupancy.correct", "occupancy.seen_empty")
def for_correcting(db: sqlite3.Connection, ask: Ask, around: Surroundings) -> HeadcountKnown:
    """How many are inside, what the box shows, how many may be, and which zones are the whole place."""
    known = _known(db)
    shown = _shown(db, known.event.event) if known.event else None
    return replace(known, shown=shown, whole=counting.whole_zones(db))


def _known(db: sqlite3.Connection) -> HeadcountKnown:
    event, limits = events.current(db), guardrails.limits(db)
    row = _row(db, event.event) if event else None
    if event is None or row is None:
        return HeadcountKnown(event, limits=limits)
    told = tasks.waits(db, "over-capacity", event.event)
    return HeadcountKnown(event, bool(row["counted"]), row["inside"], over=bool(row["over"]), told=told, limits=limits)
