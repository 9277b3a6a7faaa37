"""The logs of all boxes: each without a gap from 1 on; what came early waits, what came twice changes nothing.

Delivery may repeat, reorder and lose: the tables end the same whatever the order, unless two facts claim one place;
then the first stays and the other is kept as an orphan.
"""

import json
import sqlite3
from dataclasses import astuple, dataclass, fields
from enum import Enum

from appliance.central.intake import Incoming
from appliance.central.places import Box, Log, Rejected
from appliance.central.totals import Added, added
from appliance.domain.box import LogStarted, PreviousLog
from appliance.journal import merkle, notes

AHEAD = 5000
"""How far beyond the end of a log facts are kept for later; what lies farther is sent again by its box."""

_ORPHANS = 1000
_LOGS = 1000
_SUMS = [field.name for field in fields(Added) if field.name != "currency"]


class Taken(Enum):
    """What became of a fact."""

    STORED = "stored"
    AHEAD = "ahead"
    KNOWN = "known"
    TOO_FAR = "too far"
    FORK = "fork"


@dataclass
class _Tail:
    """Where a log ends. ``shift``: pos − seq; ``waiting``: how many facts lie ahead."""

    id: int
    shift: int
    frontier: merkle.Frontier
    waiting: int


@dataclass(frozen=True)
class Before:
    """What the first fact of a log says of the log before it; ``root`` in hex."""

    log: Log
    size: int
    root: str


class Logs:
    """The part of the store that holds facts."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._tails: dict[Log, _Tail] = {}

    def take(self, incoming: Incoming, at_ms: int) -> Taken:
        """Store a fact, or keep it until the gap before it is filled. Rejected: an impossible ``pos``, or too many
        logs."""
        self.check_room(incoming.log)
        tail = self._tail(incoming.log)
        size = tail.frontier.size
        if size and incoming.pos - incoming.seq != tail.shift:
            raise Rejected(f"seq {incoming.seq} of {incoming.log.origin} stands at {incoming.seq + tail.shift}")
        if incoming.seq > size + AHEAD:
            return Taken.TOO_FAR
        if incoming.seq == size + 1:
            if incoming.seq == 1:
                tail.shift = incoming.pos - 1
            self._append(incoming.log, tail, incoming, at_ms)
            self._catch_up(incoming.log, tail, at_ms)
            return Taken.STORED
        table = "fact" if incoming.seq <= size else "ahead"
        row = self._db.execute(
            f"SELECT leaf FROM {table} WHERE log_id = ? AND seq = ?",  # noqa: S608 - one of two
            (tail.id, incoming.seq),
        ).fetchone()
        if row is None:
            values = (tail.id, incoming.seq, incoming.body, incoming.leaf, at_ms)
            self._db.execute("INSERT INTO ahead VALUES(?, ?, ?, ?, ?)", values)
            tail.waiting += 1
            return Taken.AHEAD
        if row["leaf"] == incoming.leaf:
            return Taken.KNOWN
        self._orphan(tail, incoming, at_ms)
        return Taken.FORK

    def head(self, log: Log) -> notes.TreeHead:
        """How many facts of a log are here without a gap, and the root over them."""
        frontier = self._tail(log).frontier
        return notes.TreeHead(log.origin, frontier.size, frontier.root())

    def root(self, log: Log, size: int) -> bytes | None:
        """The root over the first ``size`` facts; None while they are not all here."""
        if size == 0:
            return merkle.EMPTY_ROOT
        row = self._db.execute(
            "SELECT root FROM fact WHERE log_id = ? AND seq = ?", (self._tail(log).id, size)
        ).fetchone()
        return row["root"] if row else None

    def logs(self, box: Box) -> list[Log]:
        """The logs of a box, oldest first."""
        rows = self._db.execute("SELECT log FROM log WHERE cell = ? AND box = ? ORDER BY log", (box.cell, box.box))
        return [Log(box, row["log"]) for row in rows]

    def before(self, log: Log) -> Before | None:
        """What came before a log; None for the first, and while its first fact is not here."""
        row = self._db.execute(
            "SELECT before, before_size, before_root FROM log WHERE id = ? AND before IS NOT NULL",
            (self._tail(log).id,),
        ).fetchone()
        return Before(Log(log.box, row["before"]), row["before_size"], row["before_root"]) if row else None

    def check_room(self, log: Log) -> None:
        """Raises Rejected when a box comes with more logs than any box has."""
        if log not in self._tails and len(logs := self.logs(log.box)) >= _LOGS and log not in logs:
            raise Rejected(f"box {log.box.box} has {_LOGS} logs already")

    def ident(self, log: Log) -> int:
        """The row of a log, made when it is new; what is kept beside facts refers to it."""
        return self._tail(log).id

    def fork(self, log: Log, what: str, place: int, detail: str, at_ms: int) -> bool:
        """Record that a box says two things about one place (a seq, or a checkpoint's size); whether it is news."""
        values = (self._tail(log).id, what, place, detail, at_ms)
        return self._db.execute("INSERT OR IGNORE INTO fork VALUES(?, ?, ?, ?, ?)", values).rowcount == 1

    def _append(self, log: Log, tail: _Tail, incoming: Incoming, at_ms: int) -> None:
        tail.frontier.append(incoming.leaf)
        self._db.execute(
            "INSERT INTO fact VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
            (
                tail.id,
                incoming.seq,
                incoming.id,
                incoming.kind,
                incoming.body,
                incoming.leaf,
                tail.frontier.root(),
                at_ms,
            ),
        )
        self._db.execute(
            "UPDATE log SET size = ?, shift = ?, frontier = ? WHERE id = ?",
            (tail.frontier.size, tail.shift, tail.frontier.to_bytes(), tail.id),
        )
        fact = incoming.fact()
        if incoming.seq == 1 and isinstance(fact, LogStarted):
            self._started(log, tail, fact.previous)
        if (sums := added(fact)) is not None:
            self._add(log.box, incoming.event, sums)

    def _started(self, log: Log, tail: _Tail, last: PreviousLog | None) -> None:
        if last is not None and 0 < last.log < log.number and last.size >= 0:
            self._db.execute(
                "UPDATE log SET before = ?, before_size = ?, before_root = ? WHERE id = ?",
                (last.log, last.size, last.root, tail.id),
            )

    def _catch_up(self, log: Log, tail: _Tail, at_ms: int) -> None:
        """Take from ``ahead`` what follows now."""
        while tail.waiting:
            place = (tail.id, tail.frontier.size + 1)
            row = self._db.execute("SELECT body, leaf FROM ahead WHERE log_id = ? AND seq = ?", place).fetchone()
            if row is None:
                return
            self._db.execute("DELETE FROM ahead WHERE log_id = ? AND seq = ?", place)
            tail.waiting -= 1
            self._append(log, tail, _again(log, row["body"], row["leaf"], tail.shift), at_ms)

    def _orphan(self, tail: _Tail, incoming: Incoming, at_ms: int) -> None:
        (kept,) = self._db.execute("SELECT count(*) FROM orphan WHERE log_id = ?", (tail.id,)).fetchone()
        if kept < _ORPHANS:
            values = (tail.id, incoming.seq, incoming.leaf, incoming.body, at_ms)
            self._db.execute("INSERT OR IGNORE INTO orphan VALUES(?, ?, ?, ?, ?)", values)
        detail = f"two facts claim seq {incoming.seq}; the one with leaf {incoming.leaf.hex()} came later"
        self.fork(incoming.log, "fact", incoming.seq, detail, at_ms)

    def _add(self, box: Box, event: str, sums: Added) -> None:
        names = ", ".join(_SUMS)
        places = ", ?" * len(_SUMS)
        more = ", ".join(f"{name} = {name} + excluded.{name}" for name in _SUMS)
        self._db.execute(
            f"INSERT INTO total(cell, box, event, currency, {names}) VALUES(?, ?, ?, ?{places}) "
            f"ON CONFLICT DO UPDATE SET currency = max(currency, excluded.currency), {more}",
            (box.cell, box.box, event, *astuple(sums)),
        )

    def _tail(self, log: Log) -> _Tail:
        tail = self._tails.get(log)
        if tail is None:
            place = (log.box.cell, log.box.box, log.number)
            self._db.execute(
                "INSERT OR IGNORE INTO log(cell, box, log, size, shift, frontier) VALUES(?, ?, ?, 0, 0, x'')",
                place,
            )
            row = self._db.execute(
                "SELECT id, size, shift, frontier, (SELECT count(*) FROM ahead WHERE log_id = id) AS waiting "
                "FROM log WHERE cell = ? AND box = ? AND log = ?",
                place,
            ).fetchone()
            frontier = merkle.Frontier.from_bytes(row["size"], row["frontier"])
            tail = self._tails[log] = _Tail(row["id"], row["shift"], frontier, row["waiting"])
        return tail


def _again(log: Log, text: str, leaf: bytes, shift: int) -> Incoming:
    """A fact that was judged when it came, read back from its body."""
    body = json.loads(text)
    return Incoming(
        log=log,
        seq=body["seq"],
        pos=body["seq"] + shift,
        id=body["id"],
        kind=body["kind"],
        event=body["event"],
        body=text,
        leaf=leaf,
        data=body["data"],
    )
