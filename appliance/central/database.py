"""Where central keeps what it received: SQLite in DIR, or PostgreSQL. One dialect for both.

Statements are written once: ``?`` for values, ``ON CONFLICT``, ``RETURNING``, row values, no function that only one of
them has. What differs is here: how to connect, how a transaction begins, how two consumers keep out of each other's
way, and how a type is called.
"""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.errors import BoothkitError

Row = dict[str, Any]
Value = str | int | bytes | None
Values = Sequence[Value]


Look = Callable[["Database"], None]


class StoreFailed(Exception):
    """The database did not do what it was told; of a transaction that was under way nothing counts."""


class NotCentral(BoothkitError):
    """There is no central store of this version."""

    remedy = "Name the --data folder of `boothkit central serve`, or its BOOTHKIT_CENTRAL_DSN."


@dataclass(frozen=True)
class Dialect:
    """How an engine calls what the tables are made of. ``end``: what closes a table's definition, with and without
    a key of its own."""

    text: str
    int: str
    blob: str
    serial: str
    end: str
    end_serial: str

    def fill(self, sql: str) -> str:
        """A definition with its ``{names}`` filled in."""
        return sql.format_map(vars(self))


class Database(ABC):
    """One connection, used by one thread. Every method raises StoreFailed."""

    dialect: Dialect

    @abstractmethod
    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        """What a query answers."""

    @abstractmethod
    def run(self, sql: str, values: Values = ()) -> int:
        """A statement without an answer; how many rows it touched."""

    @abstractmethod
    def many(self, sql: str, values: Sequence[Values]) -> None:
        """The same statement for many rows."""

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction; a lost connection is opened again."""

    @abstractmethod
    def lock(self, names: Iterable[str]) -> None:
        """Until the transaction ends no other consumer holds any of these names. Ask for all of them at once: their
        order is the same everywhere, so that no two wait for each other."""

    @abstractmethod
    def version(self) -> int:
        """Of the schema; 0 when there is none."""

    @abstractmethod
    def set_version(self, version: int) -> None:
        """Within a transaction."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it."""

    def row(self, sql: str, values: Values = ()) -> Row | None:
        """The first row of the answer."""
        return next(iter(self.rows(sql, values)), None)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; durable when it is left."""
        self.begin()
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            self.rollback()
            raise

    @abstractmethod
    def rollback(self) -> None:
        """End the transaction, if there is one; never raises."""


def lock_key(name: str) -> int:
    """A signed 64-bit number for a name."""
    return int.from_bytes(hashlib.sha256(f"boothkit {name}".encode()).digest()[:8], "big", signed=True)


def dsn_of(given: str | None = None) -> str:
    """PostgreSQL's connection string: as given, else BOOTHKIT_CENTRAL_DSN; empty = SQLite."""
    return os.environ.get("BOOTHKIT_CENTRAL_DSN", "") if given is None else given


def open_writer(folder: Path, dsn: str) -> Database:
    """The connection of a consumer, with the schema of this version. NotCentral."""
    from appliance.central import schema

    return _opened(_postgres if dsn else _sqlite, dsn or folder, False, schema.migrate)


def open_reader(folder: Path, dsn: str) -> Database:
    """A connection that cannot write. NotCentral."""
    from appliance.central import schema

    return _opened(_postgres if dsn else _sqlite, dsn or folder, True, schema.check)


def _opened(connect: Callable[[Any, bool], Database], where: str | Path, reads: bool, look: Look) -> Database:
    try:
        db = connect(where, reads)
        try:
            look(db)
        except BaseException:
            db.close()
            raise
    except StoreFailed as error:
        raise NotCentral(str(error)) from error
    return db


def _postgres(dsn: str, reads: bool) -> Database:
    try:
        from appliance.central.postgres import Postgres
    except ImportError as error:
        raise NotCentral(
            f"PostgreSQL wants psycopg: {error}", remedy="Install Boothkit with its extra: boothkit[central]."
        ) from error
    return Postgres(dsn, reads=reads)


def _sqlite(folder: Path, reads: bool) -> Database:
    from appliance.central.sqlite import SQLite

    if not reads:
        folder.mkdir(parents=True, exist_ok=True)
    return SQLite(folder, reads=reads)
