"""A consistent copy of a database that others write meanwhile, as one file."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import BoothkitError
from appliance.journal import merkle

_PAGES = 2048


class NoSnapshot(BoothkitError):
    """The database cannot be copied now."""

    remedy = "Wait a moment and try again; if it stays so: boothkit doctor"


def snapshot(
    source: Path,
    target: Path,
    beat: Callable[[int, int], None] = lambda done, pages: None,
    *,
    rolls_back: bool = False,
) -> None:
    """Copy ``source`` as it is at one moment into the new file ``target``, without a ``-wal`` beside it.

    Nobody waits for it: a reader of a WAL stops no writer. The read transaction is begun by hand because SQLite's
    backup would otherwise begin anew whenever somebody writes between two of its steps (sqlite.org/c3ref/
    backup_finish.html). A database with a rollback journal has its writers wait for a moment per step. ``beat``:
    called with pages done and pages in all. ``rolls_back``: a rollback journal that a killed writer left is played back
    first, as the next start of that writer would; never for a WAL. NoSnapshot; OSError: the target cannot be written.
    """
    target.unlink(missing_ok=True)
    try:
        with (
            closing(_reader(source, rolls_back)) as reader,
            closing(sqlite3.connect(target, isolation_level=None)) as writer,
        ):
            writer.execute("PRAGMA synchronous = OFF")  # whoever needs it to last syncs it
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            reader.backup(writer, pages=_PAGES, progress=lambda _, left, pages: beat(pages - left, pages))
            reader.execute("ROLLBACK")
        with closing(sqlite3.connect(target, isolation_level=None)) as writer:
            writer.execute("PRAGMA locking_mode = EXCLUSIVE")  # no shared memory: the target may be a FAT stick
            writer.execute("PRAGMA synchronous = OFF")
            writer.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.Error as error:
        _probe(target)
        raise NoSnapshot(f"{source.name} cannot be copied: {error}") from error


def _reader(source: Path, rolls_back: bool) -> sqlite3.Connection:
    reader = _open(source, "ro")
    try:
        reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        return reader
    except sqlite3.OperationalError as error:
        reader.close()
        if not rolls_back or error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise
    return _open(source, "rw")


def _open(source: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{source.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=5)


def _probe(target: Path) -> None:
    """What the system says of a target that SQLite could not write: raises the OSError, if there is one."""
    with target.open("ab") as file:
        file.write(bytes(64 * 1024))
        file.flush()
        os.fsync(file.fileno())


def mark_as_copy(path: Path) -> None:
    """Have a copied journal know that it is one, wherever it is put (docs/decisions/0005): no file is born `copied`."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = OFF")
            db.execute("UPDATE file SET birth = 'copied'")
    except sqlite3.Error as error:
        raise NoSnapshot(f"{path.name} cannot be marked as a copy: {error}") from error


@dataclass(frozen=True)
class End:
    """Where a journal ends: its newest position, and the newest log with its size and root."""

    pos: int
    log: int
    size: int
    root: bytes


def end_of(path: Path) -> End:
    """Where the journal in a file ends, live or copied. Raises NoSnapshot; also for one without a fact."""
    try:
        with closing(_open(path, "ro")) as db:
            db.execute("BEGIN")
            row = db.execute("SELECT log, size, frontier FROM tree ORDER BY log DESC LIMIT 1").fetchone()
            (pos,) = db.execute("SELECT coalesce(max(pos), 0) FROM fact").fetchone()
    except sqlite3.Error as error:
        raise NoSnapshot(f"{path.name} cannot be read: {error}") from error
    if row is None:
        raise NoSnapshot(f"{path.name} holds no fact yet", remedy="Start the box once: boothkit up, or the service.")
    log, size, frontier = row
    return End(pos, log, size, merkle.Frontier.from_bytes(size, frontier).root())


def was_used(path: Path) -> bool:
    """Whether there ever was an event in the journal of a file; also True for what cannot be read as one."""
    try:
        with closing(_open(path, "ro")) as db:
            found = db.execute("SELECT 1 FROM fact WHERE json_extract(body, '$.event') <> '' LIMIT 1").fetchone()
            return found is not None
    except sqlite3.Error:
        return True


def agrees(path: Path, box: str, log: int, size: int, root: bytes) -> bool:
    """Whether a sound journal has this past: its first ``size`` facts of ``log`` have this root. One that ends before
    them says nothing against it."""
    frontier = merkle.Frontier()
    with closing(_open(path, "ro")) as db:
        first = db.execute("SELECT json_extract(body, '$.box') FROM fact ORDER BY pos LIMIT 1").fetchone()
        for (leaf,) in db.execute("SELECT leaf FROM fact WHERE log = ? AND seq <= ? ORDER BY seq", (log, size)):
            frontier.append(leaf)
    return first == (box,) and (frontier.size < size or frontier.root() == root)
