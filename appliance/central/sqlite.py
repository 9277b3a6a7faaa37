"""SQLite as central's database: DIR/central.db. One process writes (`serve` holds a lock on the folder), any number
read."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from appliance.central.database import Database, Dialect, Row, StoreFailed, Values

FILE = "central.db"
T = TypeVar("T")


class SQLite(Database):
    """A connection to DIR/central.db."""

    dialect = Dialect(
        text="TEXT",
        int="INTEGER",
        blob="BLOB",
        serial="INTEGER PRIMARY KEY AUTOINCREMENT",
        end=" STRICT, WITHOUT ROWID",
        end_serial=" STRICT",
    )

    def __init__(self, folder: Path, *, reads: bool) -> None:
        path = (folder / FILE).absolute()
        uri = f"{path.as_uri()}?mode={'ro' if reads else 'rwc'}"
        self._db = self._do(lambda: sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5), str(path))
        self._db.row_factory = _row
        try:
            if not reads:
                for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                    self.run(f"PRAGMA {setting}")
            self.run("PRAGMA trusted_schema = OFF")
        except StoreFailed:
            self._db.close()
            raise

    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        return self._do(lambda: self._db.execute(sql, values).fetchall())

    def run(self, sql: str, values: Values = ()) -> int:
        return self._do(lambda: self._db.execute(sql, values).rowcount)

    def many(self, sql: str, values: Sequence[Values]) -> None:
        self._do(lambda: self._db.executemany(sql, values))

    def begin(self) -> None:
        self.run("BEGIN IMMEDIATE")

    def lock(self, names: Iterable[str]) -> None:
        """Nothing to do: the transaction that writes is the only one."""

    def rollback(self) -> None:
        if self._db.in_transaction:
            try:
                self._db.execute("ROLLBACK")
            except sqlite3.Error:
                return  # it has ended already: that is what was asked for

    def version(self) -> int:
        return int(self.rows("PRAGMA user_version")[0]["user_version"])

    def set_version(self, version: int) -> None:
        self.run(f"PRAGMA user_version = {version}")

    def close(self) -> None:
        self._db.close()

    @staticmethod
    def _do(work: Callable[[], T], where: str = FILE) -> T:
        try:
            return work()
        except sqlite3.Error as error:
            raise StoreFailed(f"{where}: {error}") from error


def _row(cursor: sqlite3.Cursor, values: tuple[object, ...]) -> Row:
    return dict(zip((column[0] for column in cursor.description), values, strict=True))
