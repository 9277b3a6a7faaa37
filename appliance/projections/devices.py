"""Devices as last recorded."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from appliance.domain.devices import (
    AdoptDevice,
    AdoptedKnown,
    DeviceAdopted,
    DeviceChanged,
    DeviceDropped,
    DeviceKnown,
    DeviceLearnt,
    DropDevice,
    LearnDevice,
    LearntKnown,
    ReportDevice,
)
from appliance.journal.records import Record
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_device(
  device TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, since TEXT NOT NULL) STRICT;
CREATE TABLE p_adopted(device TEXT PRIMARY KEY, uri TEXT NOT NULL, pos INTEGER NOT NULL) STRICT;
CREATE TABLE p_learnt(
  device TEXT NOT NULL, what TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(device, what)) STRICT, WITHOUT ROWID;
"""


@folds(DeviceChanged)
def changed(db: sqlite3.Connection, record: Record, fact: DeviceChanged) -> None:
    """A device's newest state."""
    db.execute(
        "INSERT OR REPLACE INTO p_device VALUES(?, ?, ?, ?, ?)",
        (fact.device, fact.kind, fact.state, fact.reason, record.body["at"]),
    )


@folds(DeviceAdopted)
def adopted(db: sqlite3.Connection, record: Record, fact: DeviceAdopted) -> None:
    """A device beside the configuration's."""
    db.execute("INSERT OR REPLACE INTO p_adopted VALUES(?, ?, ?)", (fact.device, fact.uri, record.pos))


@folds(DeviceDropped)
def dropped(db: sqlite3.Connection, record: Record, fact: DeviceDropped) -> None:
    """It is no longer one, and shows no state any more."""
    db.execute("DELETE FROM p_adopted WHERE device = ?", (fact.device,))
    db.execute("DELETE FROM p_device WHERE device = ?", (fact.device,))


@folds(DeviceLearnt)
def learnt(db: sqlite3.Connection, record: Record, fact: DeviceLearnt) -> None:
    """The newest word."""
    db.execute("INSERT OR REPLACE INTO p_learnt VALUES(?, ?, ?)", (fact.device, fact.what, fact.value))


def states(db: sqlite3.Connection) -> dict[str, dict[str, str]]:
    """By device: kind, state, reason, since (RFC 3339)."""
    rows = db.execute("SELECT device, kind, state, reason, since FROM p_device ORDER BY device")
    return {row["device"]: {key: row[key] for key in ("kind", "state", "reason", "since")} for row in rows}


def names(db: sqlite3.Connection, configured: Iterable[str], kind: str) -> list[str]:
    """The devices of one kind that are in use: the configuration's in its order, then the adopted ones."""
    found = [row["device"] for row in db.execute("SELECT device FROM p_adopted ORDER BY pos")]
    return [name for name in dict.fromkeys([*configured, *found]) if name.partition("-")[0] == kind]


def wanted(db: sqlite3.Connection) -> dict[str, Any]:
    """For the workers: ``adopted`` (name → URI) and ``learnt`` (name → what → value)."""
    told: dict[str, dict[str, str]] = {}
    for row in db.execute("SELECT device, what, value FROM p_learnt ORDER BY device, what"):
        told.setdefault(row["device"], {})[row["what"]] = row["value"]
    rows = db.execute("SELECT device, uri FROM p_adopted ORDER BY pos")
    return {"adopted": {row["device"]: row["uri"] for row in rows}, "learnt": told}


@knows("device.report")
def for_report(db: sqlite3.Connection, ask: ReportDevice, around: Surroundings) -> DeviceKnown:
    """The device's last recorded state."""
    row = db.execute("SELECT state, reason FROM p_device WHERE device = ?", (ask.device,)).fetchone()
    return DeviceKnown(row["state"], row["reason"]) if row else DeviceKnown(None, None)


@knows("device.adopt", "device.drop")
def for_adopting(db: sqlite3.Connection, ask: AdoptDevice | DropDevice, around: Surroundings) -> AdoptedKnown:
    """The adopted device of this name."""
    row = db.execute("SELECT uri FROM p_adopted WHERE device = ?", (ask.device,)).fetchone()
    (count,) = db.execute("SELECT count(*) FROM p_adopted").fetchone()
    return AdoptedKnown(row["uri"] if row else None, count)


@knows("device.learn")
def for_learning(db: sqlite3.Connection, ask: LearnDevice, around: Surroundings) -> LearntKnown:
    """What is known so far."""
    row = db.execute("SELECT value FROM p_learnt WHERE device = ? AND what = ?", (ask.device, ask.what)).fetchone()
    return LearntKnown(row["value"] if row else None)
