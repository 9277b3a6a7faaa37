"""The tables of DIR/central.db. ``fact`` holds each log without a gap from 1 on; what came early is in ``ahead``."""

import sqlite3
from pathlib import Path

from appliance.errors import BoothkitError

FILE = "central.db"
VERSION = 1

TABLES = """
CREATE TABLE box(
  cell TEXT NOT NULL, box TEXT NOT NULL, seen_ms INTEGER NOT NULL, online INTEGER NOT NULL,
  position INTEGER NOT NULL, event TEXT NOT NULL, version TEXT NOT NULL, clock TEXT NOT NULL,
  PRIMARY KEY(cell, box)) STRICT, WITHOUT ROWID;
CREATE TABLE log(
  id INTEGER PRIMARY KEY, cell TEXT NOT NULL, box TEXT NOT NULL, log INTEGER NOT NULL, size INTEGER NOT NULL,
  shift INTEGER NOT NULL, frontier BLOB NOT NULL, before INTEGER, before_size INTEGER, before_root TEXT,
  UNIQUE(cell, box, log)) STRICT;
CREATE TABLE fact(
  log_id INTEGER NOT NULL REFERENCES log(id), seq INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
  body TEXT NOT NULL, leaf BLOB NOT NULL, root BLOB NOT NULL, at_ms INTEGER NOT NULL,
  PRIMARY KEY(log_id, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE ahead(
  log_id INTEGER NOT NULL REFERENCES log(id), seq INTEGER NOT NULL, body TEXT NOT NULL, leaf BLOB NOT NULL,
  at_ms INTEGER NOT NULL, PRIMARY KEY(log_id, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE orphan(
  log_id INTEGER NOT NULL REFERENCES log(id), seq INTEGER NOT NULL, leaf BLOB NOT NULL, body TEXT NOT NULL,
  at_ms INTEGER NOT NULL, PRIMARY KEY(log_id, seq, leaf)) STRICT, WITHOUT ROWID;
CREATE TABLE fork(
  log_id INTEGER NOT NULL REFERENCES log(id), what TEXT NOT NULL, place INTEGER NOT NULL,
  detail TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY(log_id, what, place)) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoint(
  log_id INTEGER NOT NULL REFERENCES log(id), size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL,
  state TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY(log_id, size, root)) STRICT, WITHOUT ROWID;
CREATE TABLE rejected(
  n INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, reason TEXT NOT NULL, bytes BLOB NOT NULL,
  at_ms INTEGER NOT NULL) STRICT;
CREATE TABLE unknown(
  cell TEXT NOT NULL, box TEXT NOT NULL, key TEXT NOT NULL, messages INTEGER NOT NULL,
  first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, PRIMARY KEY(cell, box)) STRICT, WITHOUT ROWID;
CREATE TABLE total(
  cell TEXT NOT NULL, box TEXT NOT NULL, event TEXT NOT NULL, currency TEXT NOT NULL DEFAULT '',
  crossings INTEGER NOT NULL DEFAULT 0,
  crossed_in INTEGER NOT NULL DEFAULT 0, crossed_out INTEGER NOT NULL DEFAULT 0,
  door_in INTEGER NOT NULL DEFAULT 0, door_out INTEGER NOT NULL DEFAULT 0,
  sales INTEGER NOT NULL DEFAULT 0, gross INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(cell, box, event)) STRICT, WITHOUT ROWID;
"""


class NotCentral(BoothkitError):
    """There is no central store of this version."""

    remedy = "Name the --data folder of `boothkit central serve`; a newer store needs a newer Boothkit."


def connect_writer(folder: Path) -> sqlite3.Connection:
    """The one connection that writes, creating the file when it is missing. Raises NotCentral."""
    folder.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(folder / FILE, isolation_level=None)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA trusted_schema = OFF")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0:
        db.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
    elif version != VERSION:
        db.close()
        raise NotCentral(f"{folder / FILE}: its version is {version}, this program writes {VERSION}")
    return db


def connect_reader(folder: Path) -> sqlite3.Connection:
    """A connection that only reads; raises NotCentral."""
    path = folder / FILE
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5)
    except sqlite3.Error as error:
        raise NotCentral(f"{path}: {error}") from error
    db.row_factory = sqlite3.Row
    return db
