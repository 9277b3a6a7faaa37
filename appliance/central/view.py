"""What central shows: read-only questions, each with a connection of its own, beside the one that writes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from appliance.central import schema
from appliance.clock import rfc3339

_PIECE = 500
_GAP_MS = 30_000
_DAY_MS = 86_400_000


class View:
    """DIR/central.db for reading. Every method may raise schema.NotCentral."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def boxes(self, now_ms: int) -> list[dict[str, Any]]:
        """Every known box: ``cell, box, log, position`` (what it says it has), ``safe`` (what is here without a gap;
        both as the box's ``pos``), ``event, online, age_s`` (since its last message), ``forks``."""
        with self._open() as db:
            rows = db.execute(
                "SELECT b.*, coalesce(l.log, 0) AS log, "
                "CASE WHEN l.size > 0 THEN l.size + l.shift ELSE 0 END AS safe, "
                "(SELECT count(*) FROM fork f JOIN log g ON g.id = f.log_id "
                "WHERE g.cell = b.cell AND g.box = b.box) AS forks "
                "FROM box b LEFT JOIN log l ON l.cell = b.cell AND l.box = b.box AND l.log = "
                "(SELECT max(log) FROM log WHERE cell = b.cell AND box = b.box) ORDER BY b.cell, b.box"
            ).fetchall()
        return [
            {
                "cell": row["cell"],
                "box": row["box"],
                "log": row["log"],
                "position": max(row["position"], row["safe"]),
                "safe": row["safe"],
                "event": row["event"],
                "online": bool(row["online"]),
                "age_s": max(0, now_ms - row["seen_ms"]) // 1000,
                "forks": row["forks"],
            }
            for row in rows
        ]

    def knows(self, cell: str, box: str) -> bool:
        """Whether there is anything of this box."""
        with self._open() as db:
            return db.execute("SELECT 1 FROM box WHERE cell = ? AND box = ?", (cell, box)).fetchone() is not None

    def facts(self, cell: str, box: str) -> Iterator[str]:
        """The bodies of a box as received, log by log, in pieces so that no read is long."""
        last = (0, 0)
        while True:
            with self._open() as db:
                rows = db.execute(
                    "SELECT l.log, f.seq, f.body FROM fact f JOIN log l ON l.id = f.log_id "
                    "WHERE l.cell = ? AND l.box = ? AND (l.log, f.seq) > (?, ?) "
                    "ORDER BY l.log, f.seq LIMIT ?",
                    (cell, box, *last, _PIECE),
                ).fetchall()
            if not rows:
                return
            last = (rows[-1]["log"], rows[-1]["seq"])
            yield from (row["body"] for row in rows)

    def tasks(self, now_ms: int) -> list[dict[str, Any]]:
        """What a person at central should look at: ``kind, cell, box, about, since, remedy``."""
        with self._open() as db:
            return [*_unknown(db), *_forks(db), *_gaps(db, now_ms), *_branches(db), *_rejected(db, now_ms)]

    def kpis(self) -> dict[str, Any]:
        """``boxes``: each with ``attendance`` (in, out, source) and ``sales`` (count, gross, currency) over all of
        its events; beside them the sums over all boxes. Amounts of several currencies have no sum: None."""
        with self._open() as db:
            rows = db.execute("SELECT * FROM total ORDER BY cell, box, event").fetchall()
        boxes: dict[tuple[str, str], list[sqlite3.Row]] = {}
        for row in rows:
            boxes.setdefault((row["cell"], row["box"]), []).append(row)
        each = [{"cell": cell, "box": box, **_sums(events)} for (cell, box), events in boxes.items()]
        return {"boxes": each, **_sums(rows)}

    def _open(self) -> closing[sqlite3.Connection]:
        return closing(schema.connect_reader(self._folder))


def _sums(rows: list[sqlite3.Row]) -> dict[str, Any]:
    devices = [row for row in rows if row["crossings"]]
    doors = [row for row in rows if not row["crossings"] and (row["door_in"] or row["door_out"])]
    sources = (["footfall"] if devices else []) + (["admissions"] if doors else [])
    currencies = sorted({row["currency"] for row in rows if row["currency"]})
    return {
        "attendance": {
            "in": sum(row["crossed_in"] for row in devices) + sum(row["door_in"] for row in doors),
            "out": sum(row["crossed_out"] for row in devices) + sum(row["door_out"] for row in doors),
            "source": " and ".join(sources) or None,
        },
        "sales": {
            "count": sum(row["sales"] for row in rows),
            "gross": sum(row["gross"] for row in rows) if len(currencies) < 2 else None,
            "currency": " and ".join(currencies) or None,
        },
    }


def _task(kind: str, row: sqlite3.Row, about: str, remedy: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "cell": row["cell"],
        "box": row["box"],
        "about": about,
        "since": rfc3339(row["since_ms"]),
        "remedy": remedy,
    }


def _unknown(db: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    for row in db.execute("SELECT *, first_ms AS since_ms FROM unknown ORDER BY cell, box"):
        enrol = f"boothkit central enrol {row['cell']} {row['box']} {row['key'] or 'VKEY'}"
        yield _task(
            "unknown box",
            row,
            f"{row['messages']} messages; its key is said to be {row['key'] or 'not known'}",
            f"Compare the key with the box's DATA/keys/box.pub, then: {enrol}",
        )


def _forks(db: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    for row in db.execute(
        "SELECT l.cell, l.box, l.log, f.what, f.detail, f.at_ms AS since_ms "
        "FROM fork f JOIN log l ON l.id = f.log_id ORDER BY f.at_ms, f.place"
    ):
        yield _task(
            "fork",
            row,
            f"log {row['log']}: {row['detail']}",
            "This box says two things about one past. Secure its card; compare both with its paper receipts.",
        )


def _gaps(db: sqlite3.Connection, now_ms: int) -> Iterator[dict[str, Any]]:
    for row in db.execute(
        "SELECT l.cell, l.box, l.log, l.size, count(*) AS n, min(a.at_ms) AS since_ms "
        "FROM ahead a JOIN log l ON l.id = a.log_id "
        "GROUP BY l.id HAVING min(a.at_ms) < ? ORDER BY l.cell, l.box, l.log",
        (now_ms - _GAP_MS,),
    ):
        yield _task(
            "gap",
            row,
            f"log {row['log']} waits for fact {row['size'] + 1}; {row['n']} behind it are here",
            "The box sends it again by itself. If this stays: look at its uplink, and at what was rejected here.",
        )


def _branches(db: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    for row in db.execute(
        "SELECT l.cell, l.box, l.log, l.size, n.log AS after, n.before_size, f.at_ms AS since_ms "
        "FROM log n JOIN log l ON l.cell = n.cell AND l.box = n.box AND l.log = n.before "
        "JOIN fact f ON f.log_id = n.id AND f.seq = 1 WHERE l.size > n.before_size ORDER BY l.cell, l.box, l.log"
    ):
        yield _task(
            "orphaned branch",
            row,
            f"log {row['after']} goes on after fact {row['before_size']} of log {row['log']}, "
            f"of which {row['size']} are here",
            "The box lost what is here (a restored backup, a card that lied). Compare the cash of that time.",
        )


def _rejected(db: sqlite3.Connection, now_ms: int) -> Iterator[dict[str, Any]]:
    last = db.execute(
        "SELECT n, topic, reason, at_ms FROM rejected WHERE at_ms > ? ORDER BY n DESC LIMIT 1", (now_ms - _DAY_MS,)
    ).fetchone()
    if last is not None:
        yield {
            "kind": "rejected",
            "cell": "",
            "box": "",
            "about": f"{last['n']} messages were dropped so far, the last on {last['topic']!r}: {last['reason']}",
            "since": rfc3339(last["at_ms"]),
            "remedy": "Find who writes there. The broker's rules should let a box write below its own name only.",
        }
