"""Devices and power as last recorded."""

import sqlite3
from typing import Any

from appliance.domain.devices import DeviceChanged, DeviceKnown, ReportDevice
from appliance.domain.power import PowerSampled
from appliance.journal.records import Record
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_device(
  device TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, since TEXT NOT NULL) STRICT;
CREATE TABLE p_power(
  pos INTEGER PRIMARY KEY, at TEXT NOT NULL, soc_permille INTEGER, mv INTEGER, ma INTEGER, pv_mw INTEGER,
  load_mw INTEGER) STRICT;
"""


@folds(DeviceChanged)
def changed(db: sqlite3.Connection, record: Record, fact: DeviceChanged) -> None:
    """A device's newest state."""
    db.execute(
        "INSERT OR REPLACE INTO p_device VALUES(?, ?, ?, ?, ?)",
        (fact.device, fact.kind, fact.state, fact.reason, record.body["at"]),
    )


@folds(PowerSampled)
def sampled(db: sqlite3.Connection, record: Record, fact: PowerSampled) -> None:
    """A reading a minute at most."""
    db.execute(
        "INSERT INTO p_power VALUES(?, ?, ?, ?, ?, ?, ?)",
        (record.pos, record.body["at"], fact.soc_permille, fact.mv, fact.ma, fact.pv_mw, fact.load_mw),
    )


def states(db: sqlite3.Connection) -> dict[str, dict[str, str]]:
    """By device: kind, state, reason, since (RFC 3339)."""
    rows = db.execute("SELECT device, kind, state, reason, since FROM p_device ORDER BY device")
    return {row["device"]: {key: row[key] for key in ("kind", "state", "reason", "since")} for row in rows}


def power(db: sqlite3.Connection) -> dict[str, Any] | None:
    """The newest power reading as recorded, or None."""
    row = db.execute("SELECT * FROM p_power ORDER BY pos DESC LIMIT 1").fetchone()
    return dict(row) if row else None


@knows("device.report")
def for_report(db: sqlite3.Connection, ask: ReportDevice, around: Surroundings) -> DeviceKnown:
    """The device's last recorded state."""
    row = db.execute("SELECT state, reason FROM p_device WHERE device = ?", (ask.device,)).fetchone()
    return DeviceKnown(row["state"], row["reason"]) if row else DeviceKnown(None, None)
