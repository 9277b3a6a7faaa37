"""What happened to each device: its states one after the other."""

import sqlite3
from typing import Any

from appliance.domain.devices import DeviceChanged
from appliance.journal.records import Record
from appliance.projections.registry import folds

DECISIVE = False
TABLES = """
CREATE TABLE p_device_log(
  pos INTEGER PRIMARY KEY, device TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL) STRICT;
CREATE INDEX p_device_log_newest ON p_device_log(device, pos);
"""


@folds(DeviceChanged)
def changed(db: sqlite3.Connection, record: Record, fact: DeviceChanged) -> None:
    """One more state."""
    db.execute(
        "INSERT INTO p_device_log VALUES(?, ?, ?, ?, ?)",
        (record.pos, fact.device, fact.state, fact.reason, record.body["at"]),
    )


def newest(db: sqlite3.Connection, device: str, limit: int) -> list[dict[str, Any]]:
    """The newest states of a device first: ``state, reason, at``."""
    rows = db.execute(
        "SELECT state, reason, at FROM p_device_log WHERE device = ? ORDER BY pos DESC LIMIT ?", (device, limit)
    )
    return [dict(row) for row in rows]
