"""What the counters count, how far they may be believed, and how long people stay."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

import msgspec

from appliance.domain.counting import (
    CounterJudged,
    CounterKnown,
    CounterPlanned,
    DwellCounted,
    JudgeCounter,
    JudgedKnown,
    PlanCounter,
)
from appliance.domain.devices import DeviceDropped
from appliance.domain.kpis import Dwell
from appliance.journal.records import Record
from appliance.projections import devices, events
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_counted_plan(device TEXT PRIMARY KEY, body TEXT NOT NULL, at TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE p_judgement(
  pos INTEGER PRIMARY KEY, event TEXT NOT NULL, at TEXT NOT NULL, device TEXT NOT NULL, verdict TEXT NOT NULL,
  reasons TEXT NOT NULL, hidden INTEGER NOT NULL, illegal INTEGER) STRICT;
CREATE TABLE p_dwell(
  event TEXT NOT NULL, zone TEXT NOT NULL, stays INTEGER NOT NULL, seconds INTEGER NOT NULL, longest INTEGER NOT NULL,
  PRIMARY KEY(event, zone)) STRICT, WITHOUT ROWID;
"""

_GONE = "gone"
"""In place of a verdict: the device is no longer used."""


@dataclass(frozen=True)
class Judged:
    """A counter's newest word on itself: ``verdict`` and ``reasons`` as in the fact; ``at``: since when; ``lost``:
    where and when (RFC 3339) it could not count any more, and could again, by turns."""

    device: str
    verdict: str
    reasons: tuple[str, ...]
    hidden_permille: int
    illegal_permille: int | None
    at: str
    lost: tuple[tuple[int, str], ...] = ()

    @property
    def gap(self) -> bool:
        """There was a time in which it could not count, and that is over."""
        return len(self.lost) > 1


@folds(CounterPlanned)
def planned(db: sqlite3.Connection, record: Record, fact: CounterPlanned) -> None:
    """The newest plan of a device, as the worker is told it."""
    body = {"lines": fact.lines, "zones": fact.zones}
    row = (fact.device, msgspec.json.encode(body).decode(), record.body["at"])
    db.execute("INSERT OR REPLACE INTO p_counted_plan VALUES(?, ?, ?)", row)


@folds(CounterJudged)
def judged(db: sqlite3.Connection, record: Record, fact: CounterJudged) -> None:
    """A counter's word on itself."""
    body = record.body
    row = (record.pos, body["event"], body["at"], fact.device, fact.verdict, json.dumps(fact.reasons))
    db.execute(
        "INSERT INTO p_judgement VALUES(?, ?, ?, ?, ?, ?, ?, ?)", (*row, fact.hidden_permille, fact.illegal_permille)
    )


@folds(DeviceDropped)
def dropped(db: sqlite3.Connection, record: Record, fact: DeviceDropped) -> None:
    """Another device may get its name: what was planned for this one goes, and its word counts no more."""
    db.execute("DELETE FROM p_counted_plan WHERE device = ?", (fact.device,))
    if db.execute("SELECT 1 FROM p_judgement WHERE device = ?", (fact.device,)).fetchone():
        body = record.body
        row = (record.pos, body["event"], body["at"], fact.device, _GONE)
        db.execute("INSERT INTO p_judgement VALUES(?, ?, ?, ?, ?, '[]', 0, NULL)", row)


@folds(DwellCounted)
def stayed(db: sqlite3.Connection, record: Record, fact: DwellCounted) -> None:
    """One batch of a zone."""
    db.execute(
        "INSERT INTO p_dwell VALUES(?, ?, ?, ?, ?) ON CONFLICT(event, zone) DO UPDATE SET "
        "stays = stays + excluded.stays, seconds = seconds + excluded.seconds, "
        "longest = max(longest, excluded.longest)",
        (record.body["event"], fact.zone, fact.stays, fact.seconds, fact.longest),
    )


def plans(db: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    """By device: ``lines`` and ``zones`` as in `counter.planned/1`, of the newest plan."""
    return {
        row["device"]: json.loads(row["body"]) for row in db.execute("SELECT * FROM p_counted_plan ORDER BY device")
    }


def is_entrance(db: sqlite3.Connection, line: str) -> bool:
    """Whether who crosses this line comes or goes: all do, but for the lines that the lead planned otherwise."""
    device, _, name = line.partition("/")
    lines = plans(db).get(device, {}).get("lines", ())
    return all(one.get("entrance", True) for one in lines if one["name"] == name)


def whole_zones(db: sqlite3.Connection) -> frozenset[str]:
    """DEVICE/ZONE of all zones that are the whole place."""
    return frozenset(
        f"{device}/{zone['name']}" for device, plan in plans(db).items() for zone in plan["zones"] if zone.get("whole")
    )


def judgements(db: sqlite3.Connection, event: str) -> list[Judged]:
    """Of an event: what the counters at its entrances said of themselves. A camera without an entrance has no say."""
    inner = {
        device for device, plan in plans(db).items() if not any(line.get("entrance", True) for line in plan["lines"])
    }
    found: dict[str, Judged] = {}
    for row in db.execute("SELECT * FROM p_judgement WHERE event = ? ORDER BY pos", (event,)):
        device, verdict = row["device"], row["verdict"]
        if device in inner:
            continue
        before = found.get(device)
        lost = before.lost if before else ()
        if (verdict == "unsuitable") != (before is not None and before.verdict == "unsuitable"):
            lost = (*lost, (row["pos"], row["at"]))
        words = (device, verdict, tuple(json.loads(row["reasons"])), row["hidden"], row["illegal"], row["at"])
        found[device] = Judged(*words, lost=lost)
    return [found[device] for device in sorted(found)]


def unsuitable(judged: list[Judged]) -> bool:
    """Whether a counter cannot count where it is, now."""
    return any(one.verdict == "unsuitable" for one in judged)


def dwell(db: sqlite3.Connection, event: str) -> tuple[Dwell, ...]:
    """How long people stayed, by zone."""
    rows = db.execute("SELECT zone, stays, seconds, longest FROM p_dwell WHERE event = ? ORDER BY zone", (event,))
    return tuple(Dwell(**dict(row)) for row in rows)


@knows("counter.plan")
def for_planning(db: sqlite3.Connection, ask: PlanCounter, around: Surroundings) -> CounterKnown:
    """Whether there is such a counter."""
    return CounterKnown(devices.states(db).get(ask.device, {}).get("kind") == "footfall")


@knows("counter.judge")
def for_judging(db: sqlite3.Connection, ask: JudgeCounter, around: Surroundings) -> JudgedKnown:
    """Its newest word in the present event."""
    event = events.current(db)
    row = db.execute(
        "SELECT verdict, reasons FROM p_judgement WHERE event = ? AND device = ? ORDER BY pos DESC LIMIT 1",
        (event.event if event else "", ask.device),
    ).fetchone()
    return JudgedKnown(row["verdict"], tuple(json.loads(row["reasons"]))) if row else JudgedKnown()
