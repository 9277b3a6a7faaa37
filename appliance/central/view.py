"""What central shows: read-only questions, each with a connection of its own, beside those that write."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.central import boots, incidents, lines
from appliance.central.database import Database, Row, dsn_of, open_reader
from appliance.central.incidents import FellBack, Fork, Second
from appliance.central.places import Box
from appliance.clock import rfc3339

_GAP_MS = 30_000
_DAY_MS = 86_400_000

Task = dict[str, Any]


@dataclass(frozen=True)
class Checkpoint:
    """The root that was signed, and the note, with central's witness line where it cosigned."""

    root: bytes
    note: str


class View:
    """The store for reading: SQLite in ``folder``, or PostgreSQL. Every method may raise NotCentral, StoreFailed."""

    def __init__(self, folder: Path, dsn: str | None = None) -> None:
        self._folder, self._dsn = folder, dsn_of(dsn)

    def boxes(self, now_ms: int) -> list[dict[str, Any]]:
        """Every known box: ``cell, box, log, position`` (what it says it has), ``safe`` (what the newest receipt says;
        both as the box's ``pos``), ``event, event_name, online, age_s`` (since its last message), ``soc_permille`` (of
        its battery, None when not known), ``forks``, ``alarms`` (its tasks)."""
        with self._open() as db:
            tasks = _tasks(db, now_ms)
            rows = db.rows("SELECT * FROM v_boxes ORDER BY cell, box")
        alarms = Counter((task["cell"], task["box"]) for task in tasks)
        forks = Counter((task["cell"], task["box"]) for task in tasks if task["kind"] == "fork")
        return [
            {
                "cell": row["cell"],
                "box": row["box"],
                "log": row["log"] or 0,
                "position": max(row["position"], row["safe"]),
                "safe": row["safe"],
                "event": row["event"],
                "event_name": row["event_name"] or "",
                "online": bool(row["online"]),
                "age_s": max(0, now_ms - row["seen_ms"]) // 1000,
                "soc_permille": row["soc_permille"],
                "forks": forks[row["cell"], row["box"]],
                "alarms": alarms[row["cell"], row["box"]],
            }
            for row in rows
        ]

    def knows(self, cell: str, box: str) -> bool:
        """Whether there is anything of this box."""
        with self._open() as db:
            return db.row("SELECT 1 AS here FROM box WHERE cell = ? AND box = ?", (cell, box)) is not None

    def facts(self, cell: str, box: str, line: str = lines.Which.MAIN) -> Iterator[str]:
        """The bodies of a box as received, log by log, in pieces so that no read is long: `?line=main` (the default)
        each log as it first came, `own` the box's own past when it fell back to an older copy of its data, `orphaned`
        what it has lost."""
        with self._open() as db:
            asked = list(lines.queries(db, Box(cell, box), lines.Which(line)))
        for query, values in asked:
            last = (0, -1)
            while True:
                with self._open() as db:
                    rows = lines.bodies(db, query, values, last)
                if not rows:
                    break
                last = (rows[-1]["seq"], rows[-1]["n"])
                yield from (row["body"] for row in rows)

    def checkpoints(self, cell: str, box: str) -> dict[tuple[int, int], list["Checkpoint"]]:
        """Every checkpoint that the box signed, by log and size: forks sign two."""
        with self._open() as db:
            rows = db.rows(
                "SELECT l.log, c.size, c.root, c.note FROM checkpoint c JOIN log l ON l.id = c.log_id "
                "WHERE l.cell = ? AND l.box = ?",
                (cell, box),
            )
        found: dict[tuple[int, int], list[Checkpoint]] = {}
        for row in rows:
            found.setdefault((row["log"], row["size"]), []).append(Checkpoint(bytes(row["root"]), row["note"]))
        return found

    def times(self, cell: str, box: str) -> Iterator[dict[str, Any]]:
        """When the facts of a box happened that were recorded without a trusted clock, log by log: ``id, log, seq, at``
        (what its clock said), ``estimate, earliest`` (None: nothing says it), ``latest, how``."""
        last = (0, 0, "")
        while True:
            with self._open() as db:
                rows = boots.times(db, Box(cell, box), last)
            if not rows:
                return
            last = (rows[-1]["log"], rows[-1]["seq"], rows[-1]["id"])
            yield from map(boots.told, rows)

    def tasks(self, now_ms: int) -> list[Task]:
        """What a person at central should look at: ``kind, cell, box, about, since, remedy``."""
        with self._open() as db:
            return _tasks(db, now_ms)

    def kpis(self) -> dict[str, Any]:
        """``boxes``: each with ``attendance`` (in, out, source) and ``sales`` (count, gross, currency) over all of
        its events; beside them the sums over all boxes. Amounts of several currencies have no sum: None."""
        with self._open() as db:
            moved = db.rows(
                "SELECT cell, box, source, CAST(sum(entries) AS BIGINT) AS entries, "
                "CAST(sum(exits) AS BIGINT) AS exits FROM v_attendance GROUP BY cell, box, source"
            )
            sold = db.rows(
                "SELECT cell, box, currency, CAST(sum(sales) AS BIGINT) AS sales, CAST(sum(gross) AS BIGINT) AS gross "
                "FROM v_sales GROUP BY cell, box, currency"
            )
        each = [
            {"cell": cell, "box": box, **_sums(_of(moved, cell, box), _of(sold, cell, box))}
            for cell, box in sorted({(row["cell"], row["box"]) for row in (*moved, *sold)})
        ]
        return {"boxes": each, **_sums(moved, sold)}

    def _open(self) -> closing[Database]:
        return closing(open_reader(self._folder, self._dsn))


def _of(rows: list[Row], cell: str, box: str) -> list[Row]:
    return [row for row in rows if (row["cell"], row["box"]) == (cell, box)]


def _sums(moved: list[Row], sold: list[Row]) -> dict[str, Any]:
    sources = sorted({row["source"] for row in moved if row["entries"] or row["exits"]}, reverse=True)
    sources = [name for name in ("footfall", "admissions") if name in sources]
    currencies = sorted({row["currency"] for row in sold if row["currency"]})
    return {
        "attendance": {
            "in": sum(row["entries"] for row in moved),
            "out": sum(row["exits"] for row in moved),
            "source": " and ".join(sources) or None,
        },
        "sales": {
            "count": sum(row["sales"] for row in sold),
            "gross": sum(row["gross"] for row in sold) if len(currencies) < 2 else None,
            "currency": " and ".join(currencies) or None,
        },
    }


# Tasks


def _tasks(db: Database, now_ms: int) -> list[Task]:
    return [
        *_unknown(db),
        *_pasts(db),
        *_gaps(db, now_ms),
        *_doubled(db),
        *_rejected(db, now_ms),
    ]


def _task(kind: str, cell: str, box: str, since_ms: int, about: str, remedy: str) -> Task:
    return {"kind": kind, "cell": cell, "box": box, "about": about, "since": rfc3339(since_ms), "remedy": remedy}


def _unknown(db: Database) -> Iterator[Task]:
    for row in db.rows("SELECT * FROM unknown ORDER BY cell, box"):
        enrol = f"boothkit central enrol {row['cell']} {row['box']} {row['key'] or 'VKEY'}"
        yield _task(
            "unknown box",
            row["cell"],
            row["box"],
            row["first_ms"],
            f"{row['messages']} messages; its key is said to be {row['key'] or 'not known'}",
            f"Compare the key with the box's DATA/keys/box.pub, then: {enrol}",
        )


def _pasts(db: Database) -> Iterator[Task]:
    for found in incidents.find(db):
        match found:
            case FellBack():
                yield _task(
                    "orphaned branch",
                    found.cell,
                    found.box,
                    found.since_ms,
                    _fell_back(found),
                    "The box lost what is here (a restored backup, a card that lied). Compare the cash of that time; "
                    "GET its facts with ?line=orphaned.",
                )
            case Second():
                yield _task(
                    "second box",
                    found.cell,
                    found.box,
                    found.since_ms,
                    found.why,
                    "Two machines work with one key: a card was copied. Take one away and give it a [box] id of its "
                    "own on an empty card; both have sold, compare both with their cash.",
                )
            case Fork():
                yield _task(
                    "fork",
                    found.cell,
                    found.box,
                    found.since_ms,
                    found.what,
                    "This box says two things about one past. If it was restored, it will explain itself when it "
                    "hears of it; else secure its card and compare both with its paper receipts.",
                )


def _fell_back(found: FellBack) -> str:
    where = f"fact {found.own_size} of log {found.log}"
    about = f"log {found.after} goes on after {where}, of which {found.main_size} are here"
    if found.fork is None:
        return f"{about} with another past; where they part is not known yet, {found.missing} facts of it are missing"
    sums = ", ".join(f"{total} {currency}" for currency, total in sorted(found.sums.items())) or "0"
    about += (
        f"; both have the facts up to {found.fork}; only in the orphaned branch are {found.orphaned} facts, "
        f"{found.sales} sales, {sums} (minor units)"
    )
    if found.missing:
        about += f"; {found.missing} facts of the box's own line are missing"
    if found.full:
        about += "; no more are kept beside the main line"
    return about


def _gaps(db: Database, now_ms: int) -> Iterator[Task]:
    for row in db.rows(
        "SELECT l.cell, l.box, l.log, l.size, l.waiting, min(w.at_ms) AS since_ms "
        "FROM waiting w JOIN log l ON l.id = w.log_id WHERE l.forked = 0 "
        "GROUP BY l.cell, l.box, l.log, l.size, l.waiting HAVING min(w.at_ms) < ? ORDER BY l.cell, l.box, l.log",
        (now_ms - _GAP_MS,),
    ):
        yield _task(
            "gap",
            row["cell"],
            row["box"],
            row["since_ms"],
            f"log {row['log']} waits for fact {row['size'] + 1}; {row['waiting']} behind it are here",
            "The box sends it again by itself. If this stays: look at its uplink, and at what was rejected here.",
        )


def _doubled(db: Database) -> Iterator[Task]:
    for row in db.rows("SELECT * FROM v_double_admissions ORDER BY found_ms, event, ticket"):
        first = f"{row['first_cell']}/{row['first_box']} ({row['first_gate']}) {_when(row, 'first_')}"
        then = f"{row['cell']}/{row['box']} ({row['gate']}) {_when(row, '')}"
        yield _task(
            "double admission",
            row["cell"],
            row["box"],
            row["found_ms"],
            f"ticket {row['ticket']} of list {row['list']} went in at {first}, and at {then}",
            "The boxes did not see each other then. Ask both doors; the first entry counts.",
        )


def _when(row: Row, which: str) -> str:
    estimate = row[f"{which}estimate_ms"]
    return (
        f"at {row[f'{which}at']}" if estimate is None else f"at about {boots.moment(estimate)} (its clock was not set)"
    )


def _rejected(db: Database, now_ms: int) -> Iterator[Task]:
    last = db.row(
        "SELECT n, topic, reason, at_ms FROM rejected WHERE at_ms > ? ORDER BY n DESC LIMIT 1", (now_ms - _DAY_MS,)
    )
    if last is not None:
        yield _task(
            "rejected",
            "",
            "",
            last["at_ms"],
            f"{last['n']} messages were dropped so far, the last on {last['topic']!r}: {last['reason']}",
            "Find who writes there. The broker's rules should let a box write below its own name only.",
        )
