"""PostgreSQL as central's database, for any number of consumers. The only module that imports psycopg."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
from psycopg.rows import dict_row

from appliance.central.database import Database, Dialect, Row, StoreFailed, Value, Values, lock_key

T = TypeVar("T")

_CONNECT_S = 10
_WAIT = "60s"
"""For a lock, for one statement, for the next one: a consumer that hangs must not stop the others for ever."""


class Postgres(Database):
    """A connection to the database that a connection string (libpq) names."""

    dialect = Dialect(
        text='TEXT COLLATE "C"',
        int="BIGINT",
        blob="BYTEA",
        serial="BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        end="",
        end_serial="",
    )

    def __init__(self, dsn: str, *, reads: bool) -> None:
        self._dsn, self._reads = dsn, reads
        self._db = self._connect()

    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        return self._do(lambda: self._db.execute(_percent(sql), _clean(values)).fetchall())

    def run(self, sql: str, values: Values = ()) -> int:
        return self._do(lambda: self._db.execute(_percent(sql), _clean(values)).rowcount)

    def many(self, sql: str, values: Sequence[Values]) -> None:
        def work() -> None:
            with self._db.cursor() as cursor:
                cursor.executemany(_percent(sql), [_clean(each) for each in values])

        self._do(work)

    def begin(self) -> None:
        if self._db.closed:
            self._db = self._connect()
        self.run("BEGIN")

    def lock(self, names: Iterable[str]) -> None:
        for key in sorted({lock_key(name) for name in names}):
            self.rows("SELECT pg_advisory_xact_lock(?)", (key,))

    def rollback(self) -> None:
        try:
            self._db.rollback()
        except psycopg.Error:
            self._db.close()  # the server ends the transaction of a connection that is gone

    def version(self) -> int:
        found = self.row("SELECT to_regclass('central_version') IS NOT NULL AS here")
        if not found or not found["here"]:
            return 0
        row = self.row("SELECT version FROM central_version")
        return int(row["version"]) if row else 0

    def set_version(self, version: int) -> None:
        self.run("CREATE TABLE IF NOT EXISTS central_version(version BIGINT NOT NULL)")
        self.run("DELETE FROM central_version")
        self.run("INSERT INTO central_version VALUES(?)", (version,))

    def close(self) -> None:
        self._db.close()

    def _connect(self) -> psycopg.Connection[dict[str, Any]]:
        # A receipt promises what survives a power cut, whatever the server's configuration says.
        options = "-c synchronous_commit=on"
        for setting in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            options += f" -c {setting}={_WAIT}"
        if self._reads:
            options += " -c default_transaction_read_only=on"
        return self._do(
            lambda: psycopg.Connection[dict[str, Any]].connect(
                self._dsn,
                autocommit=True,
                row_factory=dict_row,
                connect_timeout=_CONNECT_S,
                options=options,
                application_name="boothkit-central",
            )
        )

    @staticmethod
    def _do(work: Callable[[], T]) -> T:
        try:
            return work()
        except psycopg.Error as error:
            first = str(error).strip().partition("\n")[0]  # what follows may quote the values
            raise StoreFailed(f"PostgreSQL: {first or type(error).__name__}") from error


@lru_cache(maxsize=512)
def _percent(sql: str) -> str:
    """psycopg's placeholders; our statements have no other question mark, and no per cent sign."""
    return sql.replace("?", "%s")


def _clean(values: Values) -> list[Value]:
    """PostgreSQL's text has no NUL; in a body it is escaped, so only names that a sender chose can have one."""
    return [value.replace("\x00", "\ufffd") if isinstance(value, str) else value for value in values]
