"""The lines of a box, for reading: what came first of each log, what the box itself has, and what it has lost."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from appliance.central.database import Database, Row, Value
from appliance.central.logs import previous
from appliance.central.places import Box, Log
from appliance.domain.box import LogStarted
from appliance.domain.kernel import read_fact

_PIECE = 500


class Which(StrEnum):
    """``main``: each log as it first came. ``own``: the box's own past, along what the first facts of its logs say.
    ``orphaned``: what is here and not on the box's own line."""

    MAIN = "main"
    OWN = "own"
    ORPHANED = "orphaned"


@dataclass(frozen=True)
class Part:
    """Of a log the first ``size`` facts, on the main line but for what ``line`` has instead (0: nothing)."""

    log_id: int
    number: int
    size: int
    line: int


def own(db: Database, box: Box) -> list[Part]:
    """The box's own line, oldest log first; where it is not all here, as far as it is sure."""
    rows = db.rows("SELECT * FROM log WHERE cell = ? AND box = ? AND size > 0 ORDER BY log", (box.cell, box.box))
    logs = {row["log"]: row for row in rows}
    if not rows:
        return []
    at = rows[-1]
    parts = [Part(at["id"], at["log"], at["size"], 0)]
    past = (at["before"], at["before_size"], at["line_id"] or 0, bool(at["held"]))
    while past[0] in logs:
        number, size, line, held = past
        at = logs[number]
        if not held:
            size = min(size, _agreed(db, at))
        parts.append(Part(at["id"], number, size, line))
        past = _before(db, box, at, line, logs)
    return parts[::-1]


def orphaned(db: Database, box: Box) -> Iterator[tuple[str, tuple[Value, ...]]]:
    """Queries, one after the other, for what is not on the box's own line: ``n, seq, body``, behind a place."""
    parts = {part.log_id: part for part in own(db, box)}
    for row in db.rows("SELECT * FROM log WHERE cell = ? AND box = ? ORDER BY log", (box.cell, box.box)):
        part = parts.get(row["id"], Part(row["id"], row["log"], 0, 0))
        yield (
            (
                "SELECT 0 AS n, f.seq, f.body FROM fact f WHERE f.log_id = ? AND (f.seq > ? OR EXISTS "
                "(SELECT 1 FROM line_fact x WHERE x.line_id = ? AND x.seq = f.seq))"
            ),
            (row["id"], part.size, part.line),
        )
        if row["forked"]:
            yield (
                (
                    "SELECT w.n, w.seq, w.body FROM waiting w WHERE w.log_id = ? AND NOT EXISTS "
                    "(SELECT 1 FROM line_fact x WHERE x.line_id = ? AND x.seq = w.seq AND x.leaf = w.leaf)"
                ),
                (row["id"], part.line),
            )


def queries(db: Database, box: Box, which: Which) -> Iterator[tuple[str, tuple[Value, ...]]]:
    """What to ask, one after the other, for the facts of a line: ``n, seq, body``."""
    match which:
        case Which.MAIN:
            for row in db.rows("SELECT id FROM log WHERE cell = ? AND box = ? ORDER BY log", (box.cell, box.box)):
                yield "SELECT 0 AS n, seq, body FROM fact WHERE log_id = ?", (row["id"],)
        case Which.OWN:
            for part in own(db, box):
                yield (
                    (
                        "SELECT 0 AS n, f.seq, f.body FROM fact f WHERE f.log_id = ? AND f.seq <= ? AND NOT EXISTS "
                        "(SELECT 1 FROM line_fact x WHERE x.line_id = ? AND x.seq = f.seq) UNION ALL "
                        "SELECT 0 AS n, w.seq, w.body FROM line_fact x JOIN waiting w "
                        "ON w.log_id = ? AND w.seq = x.seq AND w.leaf = x.leaf WHERE x.line_id = ?"
                    ),
                    (part.log_id, part.size, part.line, part.log_id, part.line),
                )
        case Which.ORPHANED:
            yield from orphaned(db, box)


def bodies(db: Database, query: str, values: tuple[Value, ...], last: tuple[int, int]) -> list[Row]:
    """The next piece of an answer, behind ``last`` = (seq, n), in that order."""
    piece = f"SELECT n, seq, body FROM ({query}) q WHERE (q.seq, q.n) > (?, ?) ORDER BY q.seq, q.n LIMIT {_PIECE}"  # noqa: S608 - ours
    return db.rows(piece, (*values, *last))


def _agreed(db: Database, log: Row) -> int:
    """How much of a log nobody contradicts."""
    row = db.row("SELECT min(seq) AS seq FROM waiting WHERE log_id = ? AND seq <= ?", (log["id"], log["size"]))
    return log["size"] if row is None or row["seq"] is None else int(row["seq"]) - 1


def _before(db: Database, box: Box, log: Row, line: int, logs: dict[int, Row]) -> tuple[Any, Any, int, bool]:
    """The past of a log on one of its lines: which log, its size, its line, whether it is here."""
    first = db.row(
        "SELECT w.body FROM line_fact x JOIN waiting w ON w.log_id = ? AND w.seq = x.seq AND w.leaf = x.leaf "
        "WHERE x.line_id = ? AND x.seq = 1",
        (log["id"], line),
    )
    if first is None:
        return log["before"], log["before_size"], log["line_id"] or 0, bool(log["held"])
    body = json.loads(first["body"])
    fact = read_fact(body["kind"], body["data"])
    past = previous(Log(box, log["log"]), fact.previous) if isinstance(fact, LogStarted) else None
    if past is None or past.log.number not in logs:
        return None, None, 0, True
    found = db.row(
        "SELECT id FROM line WHERE log_id = ? AND size = ? AND root = ?",
        (logs[past.log.number]["id"], past.size, past.root),
    )
    return past.log.number, past.size, found["id"] if found else 0, True
