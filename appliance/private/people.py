"""people.db: what is personal, under a random reference, erasable. The recorder alone writes it, before the fact that
refers to it."""

import hmac
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from appliance.domain.kernel import Personal, PersonRef
from appliance.ids import new_id

_TABLES = """
CREATE TABLE IF NOT EXISTS person(ref TEXT PRIMARY KEY, key BLOB NOT NULL, data TEXT NOT NULL) STRICT, WITHOUT ROWID
"""


def seal(data: dict[str, str], key: bytes) -> Personal:
    """A new record: random reference, and an HMAC of its content under its own key."""
    mac = hmac.digest(key, _canonical(data), "sha256").hex()
    return Personal(PersonRef(ref=new_id("p"), mac=mac), key, data)


def _canonical(data: dict[str, str]) -> bytes:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class PeopleWriter:
    """The recorder's side."""

    def __init__(self, data: Path) -> None:
        path = data / "people.db"
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o640)
        self._db.execute("PRAGMA journal_mode = DELETE")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA secure_delete = ON")
        self._db.execute(_TABLES)

    def write(self, people: Iterable[Personal]) -> None:
        """Make records durable; their facts follow."""
        rows = [(p.ref.ref, p.key, _canonical(p.data).decode()) for p in people]
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany("INSERT INTO person VALUES(?, ?, ?)", rows)
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def sweep(self, referred: set[str]) -> int:
        """Erase records that no fact refers to (the power went between the two writes); returns how many."""
        orphans = [(ref,) for (ref,) in self._db.execute("SELECT ref FROM person") if ref not in referred]
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("DELETE FROM person WHERE ref = ?", orphans)
        self._db.execute("COMMIT")
        return len(orphans)

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class People:
    """Reading names for the staff's screens."""

    def __init__(self, data: Path) -> None:
        self._path = data / "people.db"

    def holder(self, ref: str | None) -> str | None:
        """Who holds a ticket; None when nobody is named, the person was erased, or the file cannot be read now."""
        if ref is None or not self._path.exists():
            return None
        try:
            db = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, timeout=1)
            try:
                row = db.execute("SELECT data FROM person WHERE ref = ?", (ref,)).fetchone()
            finally:
                db.close()
        except sqlite3.Error:
            return None  # a verdict without a name is still a verdict
        return None if row is None else json.loads(row[0]).get("holder")
