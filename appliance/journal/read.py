"""Reading the journal beside its writer: read-only connections, short reads, one a thread."""

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from appliance.clock import Now, parse_rfc3339
from appliance.errors import RecorderDown
from appliance.journal.records import Safe

_SHORT_OF_MEMORY = (sqlite3.SQLITE_IOERR_SHMMAP, sqlite3.SQLITE_IOERR_NOMEM)
"""SQLite's "disk I/O error" of a reader whose mmap(2) fails: the disk is well."""


class Stored(NamedTuple):
    """A fact's place and the exact text that was stored; a tuple, because a drain makes hundreds of thousands."""

    pos: int
    log: int
    seq: int
    id: str
    body: str


def newest(db: sqlite3.Connection, *, trusted: bool = False) -> Now | None:
    """The clock as the newest fact has it; ``trusted``: the newest that was recorded with a trusted clock. None when
    there is none."""
    row = db.execute(
        "SELECT json_extract(body, '$.at'), json_extract(body, '$.mono'), json_extract(body, '$.boot'), "
        "json_extract(body, '$.clock') AS clock FROM fact WHERE ? OR clock <> 'none' ORDER BY pos DESC LIMIT 1",
        (not trusted,),
    ).fetchone()
    return Now(parse_rfc3339(row[0]), *row[1:]) if row else None


@dataclass(frozen=True)
class SignedHead:
    """A checkpoint as kept: the box's note, and central's cosigned copy when it came back."""

    log: int
    size: int
    note: str
    cosigned: str | None


class Reader:
    """DATA/journal.db, for reading."""

    def __init__(self, data: Path) -> None:
        self._path = data / "journal.db"
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    def db(self) -> sqlite3.Connection:
        """This thread's connection; raises RecorderDown while the file cannot be read (no recorder has made it, or
        the last one closed it cleanly and this user may not write the shared memory: docs/architecture.md), MemoryError
        when this process has no memory left to map it in."""
        connection: sqlite3.Connection | None = getattr(self._local, "db", None)
        if connection is not None:
            try:
                connection.execute("SELECT 1 FROM fact LIMIT 1").fetchone()
                return connection
            except sqlite3.Error:
                self._forget(connection)
        try:
            connection = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=ro",
                uri=True,
                isolation_level=None,
                timeout=1,
                check_same_thread=False,
            )
            connection.row_factory = sqlite3.Row
            connection.execute("SELECT 1 FROM fact LIMIT 1").fetchone()
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
            if getattr(error, "sqlite_errorcode", None) in _SHORT_OF_MEMORY:
                raise MemoryError(f"{self._path} cannot be mapped") from error
            raise RecorderDown(f"{self._path} cannot be read now: {error}") from error
        self._local.db = connection
        with self._lock:
            self._open.append(connection)
        return connection

    def _forget(self, connection: sqlite3.Connection) -> None:
        self._local.db = None
        with self._lock:
            if connection in self._open:
                self._open.remove(connection)
        connection.close()

    def position(self) -> int:
        """``pos`` of the newest fact, 0 when there is none."""
        (pos,) = self.db().execute("SELECT coalesce(max(pos), 0) FROM fact").fetchone()
        return int(pos)

    def facts(self, after: int, limit: int) -> list[Stored]:
        """At most ``limit`` facts behind ``after``, in order, over all logs."""
        rows = self.db().execute(
            "SELECT pos, log, seq, id, body FROM fact WHERE pos > ? ORDER BY pos LIMIT ?", (after, limit)
        )
        return list(map(Stored._make, rows))

    def safe(self) -> Safe:
        """The newest mark that central's receipts have set; all zero when there is none."""
        row = (
            self.db()
            .execute(
                "SELECT s.log, s.seq, f.pos FROM safe s JOIN fact f ON f.log = s.log AND f.seq = s.seq "
                "ORDER BY s.log DESC LIMIT 1"
            )
            .fetchone()
        )
        return Safe(*row) if row else Safe(0, 0, 0)

    def checkpoint(self) -> SignedHead | None:
        """The newest signed tree head."""
        row = (
            self.db()
            .execute("SELECT log, size, note, cosigned FROM checkpoint ORDER BY log DESC, size DESC LIMIT 1")
            .fetchone()
        )
        return SignedHead(*row) if row else None

    def signed(self, log: int, size: int) -> int | None:
        """The size of the first signed tree head over at least ``size`` facts of a log; None: there is none yet."""
        sql = "SELECT min(size) FROM checkpoint WHERE log = ? AND size >= ?"
        found: int | None = self.db().execute(sql, (log, size)).fetchone()[0]
        return found

    def follower(self, name: str) -> int:
        """A follower's position, 0 when it has none."""
        row = self.db().execute("SELECT pos FROM position WHERE follower = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        """Close every thread's connection."""
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._local = threading.local()
