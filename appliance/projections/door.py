"""Movement through the door as seen by scans: one row an admission or exit."""

import sqlite3

from appliance.domain.admission import TicketAdmitted, TicketExited
from appliance.journal.records import Record
from appliance.projections.registry import folds

DECISIVE = False
TABLES = """
CREATE TABLE p_door(
  pos INTEGER PRIMARY KEY, event TEXT NOT NULL, at TEXT NOT NULL, in_ INTEGER NOT NULL, out INTEGER NOT NULL) STRICT;
"""


@folds(TicketAdmitted, TicketExited)
def moved(db: sqlite3.Connection, record: Record, fact: TicketAdmitted | TicketExited) -> None:
    """One person in, or one out."""
    entered = isinstance(fact, TicketAdmitted)
    db.execute(
        "INSERT INTO p_door VALUES(?, ?, ?, ?, ?)",
        (record.pos, record.body["event"], record.body["at"], int(entered), int(not entered)),
    )
