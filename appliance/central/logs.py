"""The logs of all boxes: each main line without a gap from 1 on; what came early waits, what came twice changes
nothing.

Delivery may repeat, reorder and lose: the tables end the same whatever the order, unless two facts claim one place.
Then the first stays, the other waits beside it, and from there on the log is *forked*: nothing that comes later can be
known to follow the one or the other, so it waits too, until a signed tree head says which line it stands on
(`branches`).
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from appliance.central.boots import Boots
from appliance.central.database import Database, Row, Value
from appliance.central.doors import Doors
from appliance.central.intake import Incoming
from appliance.central.places import Box, Log, Rejected
from appliance.central.rollups import Rollups
from appliance.domain.box import LogStarted, PreviousLog
from appliance.journal import merkle, notes

AHEAD = 5000
"""How far beyond the end of a log facts are kept for later; what lies farther is sent again by its box."""

WAITING = 100_000
"""Facts of one log that are kept beside its main line."""

_LOGS = 1000
_PIECE = 500
_LONGEST_ID = 200


class Taken(Enum):
    """What became of a fact."""

    STORED = "stored"
    WAITS = "waits"
    KNOWN = "known"
    TOO_FAR = "too far"
    FORK = "fork"


@dataclass(frozen=True)
class Before:
    """What the first fact of a log says of the log before it; ``root`` in hex."""

    log: Log
    size: int
    root: str


@dataclass
class Tail:
    """A log in this transaction. ``shift``: pos − seq; ``waiting``: how many facts are not on the main line;
    ``held``: what its first fact says of the past is here. ``changed``: its row is to be written; ``touched``: it was
    changed in this transaction. ``fresh`` and ``aside``: rows of ``fact`` and ``waiting`` that are not written yet."""

    id: int
    log: Log
    shift: int
    frontier: merkle.Frontier
    waiting: int
    forked: bool
    before: Before | None
    held: bool
    line: int | None
    changed: bool = False
    touched: bool = False
    fresh: list[tuple[Value, ...]] = field(default_factory=list)
    aside: list[tuple[Value, ...]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Facts on the main line."""
        return self.frontier.size

    def head(self) -> notes.TreeHead:
        """Of the main line."""
        return notes.TreeHead(self.log.origin, self.frontier.size, self.frontier.root())

    def touch(self) -> None:
        """It is not as it was."""
        self.changed = self.touched = True


class Logs:
    """The part of the store that holds facts. What it knows of a box lives as long as the transaction: another consumer
    may write between two of ours."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.rollups = Rollups(db)
        self.doors = Doors(db)
        self.boots = Boots(db)
        self._tails: dict[Box, dict[int, Tail]] = {}

    def forget(self) -> None:
        """A transaction begins, or came to nothing."""
        self._tails.clear()
        self.rollups.forget()
        self.doors.forget()
        self.boots.forget()

    def take(self, events: Sequence[Incoming], at_ms: int) -> list[Taken | Rejected]:
        """Store facts of one message, or keep them until the gap before them is filled. Rejected: an impossible
        ``pos``, or too many logs."""
        kept: dict[Log, dict[int, list[bytes]]] = {}
        of_log: dict[Log, list[Incoming]] = defaultdict(list)
        for each in events:
            of_log[each.log].append(each)
        for log, facts in of_log.items():
            if self._has_room(log):
                kept[log] = self._leaves(self.tail(log), [each.seq for each in facts])
        answers: list[Taken | Rejected] = []
        for each in events:
            if each.log not in kept:
                answers.append(Rejected(f"box {each.log.box.box} has {_LOGS} logs already"))
                continue
            try:
                taken = self._one(self.tail(each.log), each, kept[each.log], at_ms)
            except Rejected as rejected:
                answers.append(rejected)
                continue
            answers.append(taken)
        for log in kept:
            self.catch_up(self.tail(log), at_ms)
        return answers

    def tails(self, box: Box) -> list[Tail]:
        """The logs of a box, oldest first."""
        if box not in self._tails:
            rows = self.db.rows("SELECT * FROM log WHERE cell = ? AND box = ?", (box.cell, box.box))
            self._tails[box] = {row["log"]: _tail(box, row) for row in rows}
        return [tail for _, tail in sorted(self._tails[box].items())]

    def tail(self, log: Log) -> Tail:
        """A log, made when it is new. Rejected: too many logs."""
        self.tails(log.box)
        tail = self._tails[log.box].get(log.number)
        if tail is None:
            if not self._has_room(log):
                raise Rejected(f"box {log.box.box} has {_LOGS} logs already")
            (row,) = self.db.rows(
                "INSERT INTO log(cell, box, log, size, shift, frontier, waiting, forked, held) "
                "VALUES(?, ?, ?, 0, 0, ?, 0, 0, 0) RETURNING *",
                (log.box.cell, log.box.box, log.number, b""),
            )
            tail = self._tails[log.box][log.number] = _tail(log.box, row)
        return tail

    def find(self, log: Log) -> Tail | None:
        """A log that is here."""
        self.tails(log.box)
        return self._tails[log.box].get(log.number)

    def root(self, tail: Tail, size: int) -> bytes | None:
        """The root over the first ``size`` facts of the main line; None while they are not all here."""
        if size == tail.size:
            return tail.frontier.root()
        if not 0 < size < tail.size:
            return merkle.EMPTY_ROOT if size == 0 else None
        self.flush(tail)
        row = self.db.row("SELECT root FROM fact WHERE log_id = ? AND seq = ?", (tail.id, size))
        return row["root"] if row else None

    def append(self, tail: Tail, incoming: Incoming, at_ms: int) -> None:
        """One fact more on the main line."""
        tail.frontier.append(incoming.leaf)
        head = (tail.id, incoming.seq, incoming.id[:_LONGEST_ID], incoming.kind[:_LONGEST_ID])
        tail.fresh.append((*head, incoming.body, incoming.leaf, tail.frontier.root(), at_ms))
        tail.touch()
        if incoming.seq == 1:
            tail.before = _before(tail.log, incoming)

    def put_aside(self, tail: Tail, incoming: Incoming, at_ms: int) -> None:
        """One fact more beside the main line."""
        head = (tail.id, incoming.seq, incoming.leaf, incoming.id[:_LONGEST_ID], incoming.kind[:_LONGEST_ID])
        tail.aside.append((*head, incoming.boot[:_LONGEST_ID], incoming.mono, incoming.body, at_ms))
        tail.waiting += 1
        tail.touch()

    def catch_up(self, tail: Tail, at_ms: int) -> None:
        """Take from what waits what follows now; where two facts wait for one place, the first that came."""
        while tail.waiting and not tail.forked:
            self.flush(tail)
            rows = self.db.rows(
                "SELECT n, seq, leaf, body FROM waiting WHERE log_id = ? AND seq >= ? ORDER BY seq, n LIMIT ?",
                (tail.id, tail.size, _PIECE),
            )
            gone: list[tuple[Value, ...]] = []
            for row in rows:
                if row["seq"] == tail.size:
                    tail.forked = True
                if row["seq"] != tail.size + 1 or tail.forked:
                    break
                gone.append((row["n"],))
                self.append(tail, again(tail, row), at_ms)
            if not gone:
                return
            self.remove(tail, gone)

    def remove(self, tail: Tail, gone: Sequence[tuple[Value, ...]]) -> None:
        """Rows of ``waiting``, by ``n``, that stand on the main line now."""
        self.db.many("DELETE FROM waiting WHERE n = ?", gone)
        tail.waiting -= len(gone)
        tail.touch()

    def flush(self, tail: Tail) -> None:
        """Write what the transaction has changed of a log."""
        if tail.fresh:
            self.db.many("INSERT INTO fact VALUES(?, ?, ?, ?, ?, ?, ?, ?)", tail.fresh)
            tail.fresh.clear()
        if tail.aside:
            names = "log_id, seq, leaf, id, kind, boot, mono, body, at_ms"
            self.db.many(f"INSERT INTO waiting({names}) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)", tail.aside)
            tail.aside.clear()
        if tail.changed:
            before = tail.before
            past = (before.log.number, before.size, before.root) if before else (None, None, None)
            self.db.run(
                "UPDATE log SET size = ?, shift = ?, frontier = ?, waiting = ?, forked = ?, before = ?, "
                "before_size = ?, before_root = ?, held = ?, line_id = ? WHERE id = ?",
                (
                    *(tail.size, tail.shift, tail.frontier.to_bytes(), tail.waiting, int(tail.forked)),
                    *past,
                    *(int(tail.held), tail.line, tail.id),
                ),
            )
            tail.changed = False

    def flush_all(self) -> None:
        """Write everything; the last thing before a commit."""
        for tails in self._tails.values():
            for tail in tails.values():
                self.flush(tail)
        self.rollups.flush()
        self.doors.flush()
        self.boots.flush()

    def _one(self, tail: Tail, incoming: Incoming, kept: dict[int, list[bytes]], at_ms: int) -> Taken:
        here = kept.setdefault(incoming.seq, [])
        if incoming.leaf in here:
            return Taken.KNOWN
        contradicts = incoming.seq <= tail.size or bool(here)
        if tail.size and not (tail.forked or contradicts) and incoming.pos - incoming.seq != tail.shift:
            raise Rejected(f"seq {incoming.seq} of {incoming.log.origin} stands at {incoming.seq + tail.shift}")
        if incoming.seq == tail.size + 1 and not tail.forked and not here:
            if incoming.seq == 1:
                tail.shift = incoming.pos - 1
            self.append(tail, incoming, at_ms)
            taken = Taken.STORED
        else:
            if not self._is_near(tail, incoming.seq):
                return Taken.TOO_FAR
            self.put_aside(tail, incoming, at_ms)
            tail.forked |= incoming.seq <= tail.size
            taken = Taken.FORK if contradicts else Taken.WAITS
        here.append(incoming.leaf)
        self._count(tail, incoming, at_ms)
        return taken

    def _count(self, tail: Tail, incoming: Incoming, at_ms: int) -> None:
        self.boots.note(tail.id, incoming, at_ms)
        fact = incoming.fact()
        if fact is not None:
            self.rollups.add(tail.id, incoming, fact)
            self.doors.note(tail.id, incoming, fact, at_ms)

    def _is_near(self, tail: Tail, seq: int) -> bool:
        """Whether there is room for a fact beside the main line. Another line may be longer than the main one."""
        if tail.waiting >= WAITING:
            return False
        if seq <= tail.size + AHEAD or not tail.forked:
            return seq <= tail.size + AHEAD
        self.flush(tail)
        row = self.db.row("SELECT max(seq) AS top FROM waiting WHERE log_id = ?", (tail.id,))
        return row is not None and seq <= (row["top"] or 0) + AHEAD

    def _leaves(self, tail: Tail, seqs: Sequence[int]) -> dict[int, list[bytes]]:
        """The leaves that are here of some places."""
        found: dict[int, list[bytes]] = defaultdict(list)
        self.flush(tail)
        places = [seq for seq in seqs if seq <= tail.size]
        for table, wanted in (("fact", places), ("waiting", seqs if tail.waiting else ())):
            if wanted:
                marks = ", ".join("?" * len(wanted))
                query = f"SELECT seq, leaf FROM {table} WHERE log_id = ? AND seq IN ({marks})"  # noqa: S608 - ours
                for row in self.db.rows(query, (tail.id, *wanted)):
                    found[row["seq"]].append(row["leaf"])
        return found

    def _has_room(self, log: Log) -> bool:
        self.tails(log.box)
        known = self._tails[log.box]
        return log.number in known or len(known) < _LOGS


def again(tail: Tail, row: Row) -> Incoming:
    """A fact that was judged when it came, read back from its body."""
    body = json.loads(row["body"])
    texts = {key: body[key] for key in ("id", "kind", "event", "at", "boot", "mono", "clock", "data")}
    return Incoming(
        log=tail.log, seq=body["seq"], pos=body["seq"] + tail.shift, body=row["body"], leaf=row["leaf"], **texts
    )


def previous(log: Log, last: PreviousLog | None) -> Before | None:
    """The past that a log's first fact names; None when there is none, or none that could be."""
    if last is None or not 0 < last.log < log.number or last.size < 0:
        return None
    return Before(Log(log.box, last.log), last.size, last.root[:_LONGEST_ID])


def root_after(leaves: Iterable[bytes]) -> merkle.Frontier:
    """The frontier over leaves from the first on."""
    frontier = merkle.Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier


def _before(log: Log, incoming: Incoming) -> Before | None:
    fact = incoming.fact()
    return previous(log, fact.previous) if isinstance(fact, LogStarted) else None


def _tail(box: Box, row: Row) -> Tail:
    log = Log(box, row["log"])
    before = None
    if row["before"] is not None:
        before = Before(Log(box, row["before"]), row["before_size"], row["before_root"])
    frontier = merkle.Frontier.from_bytes(row["size"], row["frontier"])
    flags = (bool(row["forked"]), before, bool(row["held"]), row["line_id"])
    return Tail(row["id"], log, row["shift"], frontier, row["waiting"], *flags)
