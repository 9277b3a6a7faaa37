"""people.db: what is personal, under a random reference, erasable. The recorder alone writes it, before the fact that
refers to it."""

import hmac
import json
import sqlite3
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from appliance.domain.kernel import Personal, PersonRef
from appliance.ids import new_id

_TABLES = """
CREATE TABLE IF NOT EXISTS person(ref TEXT PRIMARY KEY, key BLOB NOT NULL, data TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sought(ref TEXT PRIMARY KEY, words TEXT NOT NULL) STRICT, WITHOUT ROWID
"""
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
        path = data / "people.db"
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o640)
        self._db.execute("PRAGMA journal_mode = DELETE")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA secure_delete = ON")
        for table in _TABLES.split(";"):
            self._db.execute(table)

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
        """Erase records that no fact refers to (the power went between the two writes); returns how many."""
        orphans = [(ref,) for (ref,) in self._db.execute("SELECT ref FROM person") if ref not in referred]
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("DELETE FROM person WHERE ref = ?", orphans)
        self._db.executemany("DELETE FROM sought WHERE ref = ?", orphans)
        self._db.execute("COMMIT")
        return len(orphans)

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

    def _rows(self, sql: str, values: tuple[object, ...]) -> list[tuple[str]]:
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
