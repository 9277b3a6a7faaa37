"""The newest backup of each kind, and how much happened since."""

import sqlite3
from dataclasses import dataclass

from appliance.domain.backup import BackupMade, NoteBackup
from appliance.journal.records import Record
from appliance.projections.registry import Surroundings, folds, knows

DECISIVE = False
TABLES = """
CREATE TABLE p_backup(
  kind TEXT PRIMARY KEY, at TEXT NOT NULL, clock TEXT NOT NULL, bytes INTEGER NOT NULL, upto INTEGER NOT NULL,
  sha256 TEXT NOT NULL, key TEXT NOT NULL, pos INTEGER NOT NULL) STRICT;
"""


@dataclass(frozen=True)
class Backup:
    """The newest of a kind. ``since``: facts that are not in it, the one that it was made not counted; ``clock``: how
    far ``at`` can be trusted."""

    kind: str
    at: str
    clock: str
    bytes: int
    upto: int
    sha256: str
    key: str
    since: int


@folds(BackupMade)
def made(db: sqlite3.Connection, record: Record, fact: BackupMade) -> None:
    """The newest one takes the place of the one before."""
    db.execute(
        "INSERT OR REPLACE INTO p_backup VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
        (
            fact.kind,
            record.body["at"],
            record.body["clock"],
            fact.bytes,
            fact.upto,
            fact.sha256,
            fact.key,
            record.pos,
        ),
    )


@knows("backup.note")
def for_note(db: sqlite3.Connection, ask: NoteBackup, around: Surroundings) -> int:
    """Where the journal ends."""
    return _end(db)


def newest(db: sqlite3.Connection) -> list[Backup]:
    """At most one of each kind, the newest first."""
    end = _end(db)
    # What was noted of backups themselves is not worth another backup.
    noted = 'SELECT count(*) FROM fact WHERE pos > b.upto AND body LIKE \'%"kind":"backup.made/1",%\''
    rows = db.execute(f"SELECT b.*, ({noted}) AS noted FROM p_backup b ORDER BY b.pos DESC")  # noqa: S608 -- our words
    return [
        Backup(
            row["kind"],
            row["at"],
            row["clock"],
            row["bytes"],
            row["upto"],
            row["sha256"],
            row["key"],
            max(0, end - row["upto"] - row["noted"]),
        )
        for row in rows
    ]


def _end(db: sqlite3.Connection) -> int:
    (pos,) = db.execute("SELECT coalesce(max(pos), 0) FROM fact").fetchone()
    return int(pos)
