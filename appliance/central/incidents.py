"""Two pasts of one box, told apart: a box that fell back, two machines with one key, or a fork that nobody explains.

A box that fell back had one past first and the other one afterwards, never both: all that is on the line it left
happened before it began the next log. When something on that line is later, or when two lines of a log overlap in time,
two machines are at work. Times are compared within one boot by its monotonic clock, else only where both clocks were
trusted.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from appliance.central.database import Database, Row
from appliance.central.logs import WAITING
from appliance.journal import merkle


@dataclass(frozen=True)
class FellBack:
    """Log ``after`` goes on from fact ``own_size`` of ``log``, of which the main line holds ``main_size``. ``fork``:
    the last fact that both have, None while that is not known; ``orphaned``, ``sales``, ``sums`` (by currency): what
    the box has lost; ``missing``: facts of its own line that are not here."""

    cell: str
    box: str
    log: int
    after: int
    fork: int | None
    main_size: int
    own_size: int
    orphaned: int
    sales: int
    sums: dict[str, int]
    missing: int
    full: bool
    since_ms: int


@dataclass(frozen=True)
class Second:
    """Two machines say that they are this box: ``why``."""

    cell: str
    box: str
    why: str
    since_ms: int


@dataclass(frozen=True)
class Fork:
    """A contradiction that no later log explains."""

    cell: str
    box: str
    what: str
    since_ms: int


Incident = FellBack | Second | Fork


def find(db: Database) -> Iterator[Incident]:
    """All of them, each once."""
    explained: set[int] = set()
    doubled: set[int] = set()
    for row in db.rows(
        "SELECT n.*, p.id AS past_id, p.size AS past_size, p.waiting AS past_waiting "
        "FROM log n JOIN log p ON p.cell = n.cell AND p.box = n.box AND p.log = n.before "
        "WHERE n.size > 0 AND (p.size <> n.before_size OR n.line_id IS NOT NULL OR n.held = 0) "
        "ORDER BY n.cell, n.box, n.log"
    ):
        found = _fell_back(db, row)
        if found is None:
            continue
        if not row["held"]:
            explained.add(row["past_id"])
        second = _goes_on(db, row, found)
        if second is not None:
            doubled.add(row["past_id"])
        yield second or found
    yield from _forks(db, explained, doubled)
    yield from _checkpoints(db, explained | doubled)


# A box that fell back


def _fell_back(db: Database, row: Row) -> FellBack | None:
    past, size = row["past_id"], row["before_size"]
    fork: int | None = size
    if row["line_id"]:
        fork = int(db.rows("SELECT fork FROM line WHERE id = ?", (row["line_id"],))[0]["fork"])
    elif not _agrees(db, row):
        first = db.row("SELECT min(seq) AS seq FROM waiting WHERE log_id = ? AND seq <= ?", (past, row["past_size"]))
        fork = int(first["seq"]) - 1 if first and first["seq"] is not None else None
        if fork is None and row["past_size"] < size:
            return None  # nothing but a gap: the box will send it
    lost = [] if fork is None else _lost(db, row, fork)
    if fork is not None and not lost and row["held"]:
        return None
    sales, sums = _sales(db, row, lost)
    started = db.rows("SELECT at_ms FROM fact WHERE log_id = ? AND seq = 1", (row["id"],))[0]
    return FellBack(
        cell=row["cell"],
        box=row["box"],
        log=row["before"],
        after=row["log"],
        fork=fork,
        main_size=row["past_size"],
        own_size=size,
        orphaned=sum(last - first for _, first, last in lost),
        sales=sales,
        sums=sums,
        missing=0 if row["held"] else _missing(db, row, size if fork is None else fork),
        full=False if row["held"] else row["past_waiting"] >= WAITING,
        since_ms=started["at_ms"],
    )


def _agrees(db: Database, row: Row) -> bool:
    """Whether the main line is what the new log says of the past."""
    if row["before_size"] == 0:
        return bool(row["before_root"] == merkle.EMPTY_ROOT.hex())
    at = db.row("SELECT root FROM fact WHERE log_id = ? AND seq = ?", (row["past_id"], row["before_size"]))
    return at is not None and at["root"].hex() == row["before_root"]


def _lost(db: Database, row: Row, fork: int) -> list[tuple[int, int, int]]:
    """What the box does not have: (log's id, behind which fact, up to which). Logs between the old and the new one are
    lost as a whole."""
    lost = [(row["past_id"], fork, row["past_size"])] if row["past_size"] > fork else []
    between = db.rows(
        "SELECT id, size FROM log WHERE cell = ? AND box = ? AND log > ? AND log < ? AND size > 0 ORDER BY log",
        (row["cell"], row["box"], row["before"], row["log"]),
    )
    return lost + [(each["id"], 0, each["size"]) for each in between]


def _sales(db: Database, row: Row, lost: list[tuple[int, int, int]]) -> tuple[int, dict[str, int]]:
    """Sales that are only on the line which the box left: one that it recorded once more is not lost."""
    again = {
        sale["sale"]
        for sale in _sale_data(
            db.rows(
                "SELECT w.body FROM line_fact x JOIN waiting w ON w.log_id = ? AND w.seq = x.seq AND w.leaf = x.leaf "
                "WHERE x.line_id = ? AND w.kind = 'sale.completed/1'",
                (row["past_id"], row["line_id"] or 0),
            )
        )
    }
    count, sums = 0, defaultdict[str, int](int)
    for log_id, behind, up_to in lost:
        rows = db.rows(
            "SELECT body FROM fact WHERE log_id = ? AND seq > ? AND seq <= ? AND kind = 'sale.completed/1'",
            (log_id, behind, up_to),
        )
        for sale in _sale_data(rows):
            if sale["sale"] not in again:
                count += 1
                sums[sale["currency"]] += sale["total"]
    return count, dict(sums)


def _sale_data(rows: list[Row]) -> Iterator[dict[str, Any]]:
    for row in rows:
        data = json.loads(row["body"])["data"]
        named = isinstance(data.get("sale"), str) and isinstance(data.get("currency"), str)
        if named and isinstance(data.get("total"), int) and not data.get("training"):
            yield data


def _missing(db: Database, row: Row, fork: int) -> int:
    """Places of the box's own line for which there is no fact beside the main line."""
    size = row["before_size"]
    have = db.row(
        "SELECT count(DISTINCT seq) AS n FROM waiting WHERE log_id = ? AND seq > ? AND seq <= ?",
        (row["past_id"], fork, size),
    )
    return max(0, int(size) - fork - (int(have["n"]) if have else 0))


# Two machines


def _goes_on(db: Database, row: Row, found: FellBack) -> Second | None:
    """The line that the box left, going on after it had left."""
    if not row["held"] or found.fork is None:
        return None
    started = _fact(db, row["id"], 1)
    for log_id, behind, last in _lost(db, row, found.fork):
        if not _later(_fact(db, log_id, last), started):
            continue
        low, high = behind + 1, last  # the first of them that is later: times grow along a line
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if _later(_fact(db, log_id, middle), started) else (middle + 1, high)
        (log,) = db.rows("SELECT log FROM log WHERE id = ?", (log_id,))
        why = f"log {log['log']} goes on with fact {low} after log {found.after} has begun behind fact {found.fork}"
        why += f" of log {found.log}; both lines are kept"
        return Second(found.cell, found.box, why, int(_fact(db, log_id, low)["at_ms"]))
    return None


def _forks(db: Database, explained: set[int], doubled: set[int]) -> Iterator[Incident]:
    """Facts that contradict the main line and are on no line that a box has named."""
    for row in db.rows(
        "SELECT l.id, l.cell, l.box, l.log, l.size, l.waiting, min(w.seq) AS first, "
        "count(DISTINCT w.seq) AS places, min(w.at_ms) AS since_ms, min(w.n) AS n FROM log l "
        "JOIN waiting w ON w.log_id = l.id AND (w.seq <= l.size OR EXISTS "
        "(SELECT 1 FROM waiting o WHERE o.log_id = w.log_id AND o.seq = w.seq AND o.n < w.n)) WHERE NOT EXISTS "
        "(SELECT 1 FROM line i JOIN line_fact x ON x.line_id = i.id "
        "WHERE i.log_id = l.id AND x.seq = w.seq AND x.leaf = w.leaf) "
        "GROUP BY l.id, l.cell, l.box, l.log, l.size, l.waiting ORDER BY l.cell, l.box, l.log"
    ):
        if row["id"] in explained or row["id"] in doubled:
            continue
        second = _overlap(db, row)
        if second is not None:
            yield second
            continue
        what = f"two facts claim seq {row['first']}" + (f", and more {row['places'] - 1} places" * (row["places"] > 1))
        what += f"; {row['waiting']} facts are kept beside the {row['size']} that came first"
        yield Fork(row["cell"], row["box"], f"log {row['log']}: {what}", row["since_ms"])


def _overlap(db: Database, row: Row) -> Second | None:
    """Two lines of one log that were written at the same time."""
    if row["first"] > row["size"]:
        return None
    beside = db.rows(
        "SELECT seq, body, at_ms FROM waiting WHERE log_id = ? AND seq >= ? ORDER BY seq, n", (row["id"], row["first"])
    )
    first, last = _fact(db, row["id"], row["first"]), _fact(db, row["id"], row["size"])
    other_first, other_last = _read(beside[0]), _read(beside[-1])
    if not (_later(last, other_first) and _later(other_last, first)):
        return None
    why = f"log {row['log']} has two lines from fact {row['first']} on, and both go on at the same time"
    return Second(row["cell"], row["box"], why, max(first["at_ms"], other_first["at_ms"]))


def _fact(db: Database, log_id: int, seq: int) -> dict[str, Any]:
    return _read(db.rows("SELECT body, at_ms FROM fact WHERE log_id = ? AND seq = ?", (log_id, seq))[0])


def _read(row: Row) -> dict[str, Any]:
    return {**json.loads(row["body"]), "at_ms": row["at_ms"]}


def _later(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether one fact happened after another for certain."""
    if one["boot"] == other["boot"]:
        return bool(one["mono"] > other["mono"])
    trusted = one["clock"] != "none" and other["clock"] != "none"
    return trusted and bool(one["at"] > other["at"])


# Signed tree heads


def _checkpoints(db: Database, explained: set[int]) -> Iterator[Fork]:
    """Checkpoints that contradict the facts or each other, and are on no line that a box has named."""
    for row in db.rows(
        "SELECT l.id, l.cell, l.box, l.log, c.size, c.root, c.state, c.at_ms FROM checkpoint c "
        "JOIN log l ON l.id = c.log_id WHERE (c.state = 'fork' OR (c.state = 'pending' AND EXISTS "
        "(SELECT 1 FROM checkpoint o WHERE o.log_id = c.log_id AND o.size = c.size AND o.root < c.root))) "
        "AND NOT EXISTS (SELECT 1 FROM line i JOIN line_fact x ON x.line_id = i.id "
        "WHERE i.log_id = c.log_id AND x.seq = c.size AND x.root = c.root) ORDER BY l.cell, l.box, l.log, c.size"
    ):
        if row["id"] in explained:
            continue
        what = f"two checkpoints of size {row['size']}; the root of one is {row['root'].hex()}"
        if row["state"] == "fork":
            what = f"the checkpoint of size {row['size']} has root {row['root'].hex()}, the facts have another"
        yield Fork(row["cell"], row["box"], f"log {row['log']}: {what}", row["at_ms"])
