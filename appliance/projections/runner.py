"""Keeping projections true: fold what is appended, catch up after a new version, rebuild from the journal."""

import hashlib
import json
import sqlite3
from collections.abc import Callable

from appliance.domain.kernel import Fact, read_fact
from appliance.journal.records import Record
from appliance.journal.schema import create_tables
from appliance.projections.registry import Projection, projections

STATE = """
CREATE TABLE IF NOT EXISTS projection(name TEXT PRIMARY KEY, version TEXT NOT NULL, stale TEXT) STRICT, WITHOUT ROWID;
"""
_PIECE = 1000


class Projector:
    """Folds facts into every projection, in the append's transaction."""

    def __init__(
        self, db: sqlite3.Connection, on_stale: Callable[[str, Exception], None] = lambda name, error: None
    ) -> None:
        self._db = db
        self._on_stale = on_stale
        self._stale: set[str] = set()
        self._by_kind: dict[str, list[Projection]] = {}
        for projection in projections():
            for kind in projection.folds:
                self._by_kind.setdefault(kind, []).append(projection)

    def record(self, record: Record, fact: Fact) -> None:
        """Fold one fact. A fault in a projection that no decision reads marks it stale; any other is raised."""
        kind = record.body["kind"]
        for projection in self._by_kind.get(kind, ()):
            if projection.name in self._stale:
                continue
            try:
                projection.folds[kind](self._db, record, fact)
            except sqlite3.OperationalError:
                raise
            except Exception as error:
                if projection.decisive:
                    raise
                self._stale.add(projection.name)
                self._db.execute("UPDATE projection SET stale = ? WHERE name = ?", (str(error)[:200], projection.name))
                self._on_stale(projection.name, error)

    def catch_up(self) -> list[str]:
        """Build again what is missing, stale, or of another version; returns their names."""
        self._db.execute("BEGIN IMMEDIATE")
        create_tables(self._db, STATE)
        have = {row["name"]: row for row in self._db.execute("SELECT * FROM projection")}
        behind = [
            projection
            for projection in projections()
            if projection.name not in have
            or have[projection.name]["version"] != projection.version
            or have[projection.name]["stale"] is not None
        ]
        for projection in behind:
            self._reset(projection)
        self._replay(behind)
        self._db.execute("COMMIT")
        self._stale.clear()
        return [projection.name for projection in behind]

    def rebuild(self) -> None:
        """Empty all projections and fill them from the journal."""
        self._db.execute("BEGIN IMMEDIATE")
        create_tables(self._db, STATE)
        for projection in projections():
            self._reset(projection)
        self._replay(list(projections()))
        self._db.execute("COMMIT")
        self._stale.clear()

    def _reset(self, projection: Projection) -> None:
        for table in projection.table_names():
            self._db.execute(f"DROP TABLE IF EXISTS {table}")
        create_tables(self._db, projection.tables)
        self._db.execute("INSERT OR REPLACE INTO projection VALUES(?, ?, NULL)", (projection.name, projection.version))

    def _replay(self, which: list[Projection]) -> None:
        wanted = {name: projection for projection in which for name in projection.folds}
        if not wanted:
            return
        pos = 0
        while rows := self._db.execute(
            "SELECT pos, body, leaf FROM fact WHERE pos > ? ORDER BY pos LIMIT ?", (pos, _PIECE)
        ).fetchall():
            for row in rows:
                pos = row["pos"]
                body = json.loads(row["body"])
                if body["kind"] not in wanted or (fact := read_fact(body["kind"], body["data"])) is None:
                    continue
                record = Record(pos, body, row["leaf"])
                for projection in which:
                    if (fold := projection.folds.get(body["kind"])) is not None:
                        fold(self._db, record, fact)


def dump(db: sqlite3.Connection) -> str:
    """SHA-256 (hex) over an ordered dump of all projections: equal dumps mean equal tables."""
    digest = hashlib.sha256()
    for projection in projections():
        for table in projection.table_names():
            width = len(db.execute(f"SELECT * FROM {table} LIMIT 0").description)  # noqa: S608 - our own table names
            order = ", ".join(str(column + 1) for column in range(width))
            digest.update(f"{table}\n".encode())
            for row in db.execute(f"SELECT * FROM {table} ORDER BY {order}"):  # noqa: S608
                digest.update(json.dumps(list(row), ensure_ascii=False, default=bytes.hex).encode() + b"\n")
    return digest.hexdigest()
