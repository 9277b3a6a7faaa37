"""The tables of journal.db. What is not a fact here is named in docs/architecture.md: remembered answers, signed tree
heads, followers' positions, what central holds, the birth of the file itself. Projections (``p_*``) bring their own
tables."""

import os
import sqlite3
from pathlib import Path

from appliance.errors import BoothkitError

PAGE_SIZE = 512  # docs/decisions/0002-page-size.md
APPLICATION_ID = 0x424F4F54  # "BOOT", so that file(1) can name a copy
VERSION = 1

TABLES = """
CREATE TABLE fact(
  pos INTEGER PRIMARY KEY, log INTEGER NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL, leaf BLOB NOT NULL, UNIQUE(log, seq)) STRICT;
-- INSERT OR REPLACE deletes a conflicting row without any delete trigger, so conflicts are refused before they arise.
CREATE TRIGGER fact_append BEFORE INSERT ON fact
  WHEN new.pos IS NOT (SELECT coalesce(max(pos), 0) + 1 FROM fact)
    OR new.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM fact WHERE log = new.log)
    OR new.log < (SELECT coalesce(max(log), 0) FROM fact)
    OR EXISTS (SELECT 1 FROM fact WHERE id = new.id)
  BEGIN SELECT raise(ABORT, 'the journal is append-only: wrong pos, log or seq, or an id that is there'); END;
CREATE TRIGGER fact_update BEFORE UPDATE ON fact
  BEGIN SELECT raise(ABORT, 'the journal is append-only: no fact is changed'); END;
CREATE TRIGGER fact_delete BEFORE DELETE ON fact
  BEGIN SELECT raise(ABORT, 'the journal is append-only: no fact is deleted'); END;
CREATE TABLE checkpoint(
  log INTEGER NOT NULL, size INTEGER NOT NULL, note TEXT NOT NULL, cosigned TEXT,
  PRIMARY KEY(log, size)) STRICT, WITHOUT ROWID;
CREATE TABLE command(
  id TEXT PRIMARY KEY, digest BLOB NOT NULL, answer TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tree(log INTEGER PRIMARY KEY, size INTEGER NOT NULL, frontier BLOB NOT NULL) STRICT;
CREATE TABLE safe(
  log INTEGER PRIMARY KEY, seq INTEGER NOT NULL, frontier BLOB NOT NULL, note TEXT NOT NULL) STRICT;
CREATE TABLE file(birth TEXT NOT NULL) STRICT;
CREATE TABLE position(follower TEXT PRIMARY KEY, pos INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""


StorageError = sqlite3.Error
"""Whatever the database says when it cannot do what it was told."""
Conflict = sqlite3.IntegrityError
"""A statement that the database's own rules forbid."""


def is_full(error: StorageError) -> bool:
    """Whether the disk was full (SQLITE_FULL)."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


class NotAJournal(BoothkitError):
    """The file is there, but is no journal of this version."""

    remedy = "Name the data folder of a box; a newer journal needs a newer Boothkit."


def connect_writer(path: Path) -> sqlite3.Connection:
    """The one connection that writes and checkpoints (SQLite 3.40's WAL-reset bug needs two), creating the file when
    missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _sync_wal(path)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.row_factory = sqlite3.Row
    db.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA wal_autocheckpoint = 4000")
    db.execute("PRAGMA cache_size = -4096")
    db.execute("PRAGMA trusted_schema = OFF")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0:
        db.execute("BEGIN IMMEDIATE")
        for statement in _statements(TABLES):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("COMMIT")
    elif version != VERSION:
        db.close()
        raise NotAJournal(f"{path}: its version is {version}, this program writes {VERSION}")
    return db


def _sync_wal(path: Path) -> None:
    """Make durable what a writer left that was killed before its own sync.

    SQLite takes such frames for committed and never syncs them by itself. Without this the next recorder would answer
    from them, with a transaction that writes nothing and so syncs nothing, and a power cut would take back what was
    answered. SQLite holds no lock on this file, so that closing it here drops none.
    """
    try:
        with path.with_name(f"{path.name}-wal").open("rb") as file:
            os.fsync(file.fileno())
    except FileNotFoundError:
        return


def _statements(script: str) -> list[str]:
    """A script's statements; executescript() would commit the transaction that they belong to."""
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements


def create_tables(db: sqlite3.Connection, script: str) -> None:
    """Run a script of CREATE statements within the open transaction."""
    for statement in _statements(script):
        db.execute(statement)
