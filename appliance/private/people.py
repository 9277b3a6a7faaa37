"""people.db: what is personal, under a random reference, erasable. The recorder alone writes it, before the fact that
refers to it."""

import hmac
import json
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from appliance.domain.kernel import Personal, PersonRef
from appliance.ids import new_id

_TABLES = """
CREATE TABLE IF NOT EXISTS person(ref TEXT PRIMARY KEY, key BLOB NOT NULL, data TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sought(ref TEXT PRIMARY KEY, words TEXT NOT NULL) STRICT, WITHOUT ROWID
"""
_DIRTY = 1
SOUGHT = ("holder", "order")
"""What a person is looked up by."""


def folded(text: str) -> str:
    """As names are compared: without case, accents and doubled spaces."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return " ".join(plain.casefold().split())


def seal(data: dict[str, str], key: bytes) -> Personal:
    """A new record: random reference, and an HMAC of its content under its own key."""
    mac = hmac.digest(key, _canonical(data), "sha256").hex()
    return Personal(PersonRef(ref=new_id("p"), mac=mac), key, data)


def _canonical(data: dict[str, str]) -> bytes:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class PeopleWriter:
    """The recorder's side."""

    def __init__(self, data: Path) -> None:
        path = self._path = data / "people.db"
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o640)
        self._db.execute("PRAGMA journal_mode = DELETE")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA secure_delete = ON")
        self._db.execute("PRAGMA temp_store = MEMORY")  # VACUUM copies everything: not to a file elsewhere
        for table in _TABLES.split(";"):
            self._db.execute(table)
        self.is_dirty: bool = self._db.execute("PRAGMA user_version").fetchone()[0] == _DIRTY
        """Whether copies of what was erased may stand in the gaps of the file."""

    def write(self, people: Iterable[Personal]) -> None:
        """Make records durable; their facts follow."""
        found = list(people)
        rows = [(p.ref.ref, p.key, _canonical(p.data).decode()) for p in found]
        words = [(p.ref.ref, folded("\n".join(p.data.get(name, "") for name in SOUGHT))) for p in found]
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany("INSERT INTO person VALUES(?, ?, ?)", rows)
            self._db.executemany("INSERT INTO sought VALUES(?, ?)", [row for row in words if row[1]])
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def sweep(self, referred: set[str]) -> int:
        """Erase the records that are not ``referred`` to; returns how many."""
        orphans = [ref for (ref,) in self._db.execute("SELECT ref FROM person") if ref not in referred]
        if orphans:
            self.erase(orphans)
        return len(orphans)

    def erase(self, refs: Iterable[str]) -> None:
        """Erase these records; those that are not there are gone already."""
        rows = [(ref,) for ref in refs]
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany("DELETE FROM person WHERE ref = ?", rows)
            self._db.executemany("DELETE FROM sought WHERE ref = ?", rows)
            self._db.execute(f"PRAGMA user_version = {_DIRTY}")
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self.is_dirty = True

    def clean(self) -> None:
        """Write the file anew, without what stands in its gaps. Takes twice its size on the card meanwhile; raises
        sqlite3.Error when somebody reads it just now."""
        self._db.execute("PRAGMA busy_timeout = 100")  # sales wait for this; it is tried again
        try:
            self._db.execute("VACUUM")
        finally:
            self._db.execute("PRAGMA busy_timeout = 5000")
        self._db.execute("PRAGMA user_version = 0")
        self.is_dirty = False

    def size(self) -> int:
        """Bytes of the file."""
        return self._path.stat().st_size

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class People:
    """Reading for the staff's screens. What cannot be read now is not there: a verdict without a name is still one."""

    def __init__(self, data: Path) -> None:
        self._path = data / "people.db"

    def person(self, ref: str | None) -> dict[str, str]:
        """What is kept under a reference; empty when nothing is, the person was erased, or the file cannot be read."""
        if ref is None:
            return {}
        rows = self._rows("SELECT data FROM person WHERE ref = ?", (ref,))
        found: dict[str, str] = json.loads(rows[0][0]) if rows else {}
        return found

    def search(self, text: str) -> Iterator[tuple[str, dict[str, str]]]:
        """Every record that holds every word of ``text`` anywhere, with its reference; all of them for no words. Reads
        all there is: for the few times that a person asks what is known of them."""
        words = folded(text).split()
        for ref, data in self._rows("SELECT ref, data FROM person ORDER BY ref", ()):
            found: dict[str, str] = json.loads(data)
            said = folded("\n".join(found.values()))
            if all(word in said for word in words):
                yield ref, found

    def find(self, text: str, most: int) -> list[str]:
        """References of those whose name or order holds every word of ``text``; the words' own beginnings first."""
        words = folded(text).split()
        if not words:
            return []
        holds = " AND ".join(["instr(words, ?)"] * len(words))
        rows = self._rows(
            f"SELECT ref FROM sought WHERE {holds} ORDER BY words LIKE ? || '%' DESC, words, ref LIMIT ?",  # noqa: S608
            (*words, words[0].replace("%", "").replace("_", ""), most),
        )
        return [ref for (ref,) in rows]

    def _rows(self, sql: str, values: tuple[object, ...]) -> list[Any]:
        if not self._path.exists():
            return []
        try:
            db = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, timeout=1)
            try:
                return db.execute(sql, values).fetchall()
            finally:
                db.close()
        except sqlite3.Error:
            return []
