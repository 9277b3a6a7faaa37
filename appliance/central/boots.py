"""The boots of each box, and the facts that were recorded without a trusted clock: what `retiming` reckons with, kept
as facts come. Facts themselves are never rewritten."""

from collections.abc import Iterator
from typing import Any

from appliance.central.database import Database, Row, Value
from appliance.central.intake import Incoming
from appliance.central.places import Box
from appliance.central.retiming import BEST, Boot, Origin, origins
from appliance.clock import parse_rfc3339, rfc3339

_LONGEST = 64
_MOST_MONO_US = 10 * 366 * 86_400_000_000
_LATEST_MS = 253_402_300_799_999  # the year 9999: later there is no RFC 3339
_MOST_BOOTS = 1000
"""Of a box, that are reckoned anew with each message; what lies before them stays as it is."""
_PIECE = 500

NONE = "none"

_UPSERT = """INSERT INTO boot VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(log_id, boot, source) DO UPDATE SET
  first_seq = CASE WHEN excluded.first_seq < boot.first_seq THEN excluded.first_seq ELSE boot.first_seq END,
  last_seq = CASE WHEN excluded.last_seq > boot.last_seq THEN excluded.last_seq ELSE boot.last_seq END,
  mono_ms = CASE WHEN excluded.mono_ms > boot.mono_ms THEN excluded.mono_ms ELSE boot.mono_ms END,
  cap_ms = CASE WHEN excluded.cap_ms < boot.cap_ms THEN excluded.cap_ms ELSE boot.cap_ms END,
  low_ms = CASE WHEN excluded.low_ms < boot.low_ms THEN excluded.low_ms ELSE boot.low_ms END,
  high_ms = CASE WHEN excluded.high_ms > boot.high_ms THEN excluded.high_ms ELSE boot.high_ms END"""


def parsed(at: str) -> int | None:
    """What a box's clock said, in Unix milliseconds; None when it is no time."""
    try:
        ms = parse_rfc3339(at) if at.endswith("Z") else -1
    except (ValueError, OverflowError):
        return None
    return ms if ms >= 0 else None


def mono_ms(incoming: Incoming) -> int | None:
    """What its monotonic clock said, in milliseconds; None when that cannot be."""
    return incoming.mono // 1000 if 0 <= incoming.mono <= _MOST_MONO_US else None


def is_timed(incoming: Incoming) -> bool:
    """Whether its clock was trusted."""
    return incoming.clock in BEST and parsed(incoming.at) is not None


class Boots:
    """The boots of one transaction, and what it changes of the times of facts."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._boots: dict[tuple[int, str, str], list[int]] = {}
        self._untimed: list[tuple[Value, ...]] = []
        self._touched: dict[Box, None] = {}

    def note(self, log_id: int, incoming: Incoming, at_ms: int) -> None:
        """A fact that is new to central."""
        boot, mono, wall = incoming.boot[:_LONGEST], mono_ms(incoming), parsed(incoming.at)
        source = incoming.clock if is_timed(incoming) else NONE
        if source == NONE:
            who = (log_id, incoming.seq, incoming.id[:_LONGEST])
            # A fact whose monotonic time cannot be is in no boot.
            place = ("", 0) if mono is None else (boot, mono)
            self._untimed.append((*who, *place, incoming.at[:_LONGEST], at_ms))
        if mono is None:
            return
        self._touched[incoming.log.box] = None
        offset = (wall or 0) - mono
        kept = self._boots.setdefault(
            (log_id, boot, source), [incoming.seq, incoming.seq, mono, at_ms - mono, offset, offset]
        )
        kept[0], kept[1] = min(kept[0], incoming.seq), max(kept[1], incoming.seq)
        kept[2], kept[3] = max(kept[2], mono), min(kept[3], at_ms - mono)
        kept[4], kept[5] = min(kept[4], offset), max(kept[5], offset)

    def flush(self) -> None:
        """Write them, and reckon anew the times of each box that has facts without a trusted clock."""
        self._db.many(_UPSERT, [(*key, *values) for key, values in sorted(self._boots.items())])
        self._db.many("INSERT INTO untimed VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", self._untimed)
        for box in self._touched:
            self._reckon(box)
        self.forget()

    def forget(self) -> None:
        """What was written, or came to nothing."""
        self._boots.clear()
        self._untimed.clear()
        self._touched.clear()

    def _reckon(self, box: Box) -> None:
        where = (box.cell, box.box)
        some = "SELECT 1 AS here FROM boot b JOIN log l ON l.id = b.log_id WHERE l.cell = ? AND l.box = ?"
        if self._db.row(f"{some} AND b.source = 'none' LIMIT 1", where) is None:
            return
        rows = self._db.rows(
            "SELECT l.log, b.* FROM boot b JOIN log l ON l.id = b.log_id WHERE l.cell = ? AND l.box = ? "
            "ORDER BY l.log DESC, b.last_seq DESC, b.boot, b.source LIMIT ?",
            (*where, _MOST_BOOTS),
        )
        found = origins(list(_boots(rows)), _loose(rows, self._ends(box)))
        wanted = sorted({row["boot"] for row in rows if row["source"] == NONE})
        self._db.many(
            "INSERT INTO boot_time VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(cell, box, boot) DO UPDATE SET "
            "estimate_ms = excluded.estimate_ms, low_ms = excluded.low_ms, high_ms = excluded.high_ms, "
            "how = excluded.how",
            [(*where, boot, *_row(found[boot])) for boot in wanted],
        )

    def _ends(self, box: Box) -> dict[int, int]:
        """Of each log that has another past beside it, or that the next log does not follow to its end: up to where it
        is the only one."""
        rows = self._db.rows(
            "SELECT l.log, l.size, l.forked, l.before, l.before_size, "
            "(SELECT min(w.seq) FROM waiting w WHERE w.log_id = l.id AND w.seq <= l.size) AS beside "
            "FROM log l WHERE l.cell = ? AND l.box = ?",
            (box.cell, box.box),
        )
        ends: dict[int, int] = {}
        for row in rows:
            if row["beside"] is not None:
                ends[row["log"]] = min(ends.get(row["log"], row["size"]), row["beside"] - 1)
            if row["before"] is not None:
                ends[row["before"]] = min(ends.get(row["before"], row["before_size"]), row["before_size"])
        return ends


def _boots(rows: list[Row]) -> Iterator[Boot]:
    """One a boot, whatever logs it wrote to."""
    boots: dict[str, Boot] = {}
    for row in rows:
        first, last = (row["log"], row["first_seq"]), (row["log"], row["last_seq"])
        known = boots.get(row["boot"])
        if known is None:
            known = boots[row["boot"]] = Boot(row["boot"], first, last, row["mono_ms"], row["cap_ms"])
        known.first, known.last = min(known.first, first), max(known.last, last)
        known.mono_ms, known.cap_ms = max(known.mono_ms, row["mono_ms"]), min(known.cap_ms, row["cap_ms"])
        if row["source"] != NONE:
            low, high = known.offsets.get(row["source"], (row["low_ms"], row["high_ms"]))
            known.offsets[row["source"]] = min(low, row["low_ms"]), max(high, row["high_ms"])
    yield from boots.values()


def _loose(rows: list[Row], ends: dict[int, int]) -> set[str]:
    return {row["boot"] for row in rows if row["last_seq"] > ends.get(row["log"], row["last_seq"])}


def _row(origin: Origin) -> tuple[Value, ...]:
    return origin.estimate_ms, origin.low_ms, origin.high_ms, origin.how


def times(db: Database, box: Box, last: tuple[int, int, str]) -> list[Row]:
    """The next piece of what `v_times` says of a box, behind ``last`` = (log, seq, id), in that order."""
    return db.rows(
        "SELECT log, seq, id, at, estimate_ms, earliest_ms, latest_ms, how FROM v_times "
        "WHERE cell = ? AND box = ? AND (log, seq, id) > (?, ?, ?) ORDER BY log, seq, id LIMIT ?",
        (box.cell, box.box, *last, _PIECE),
    )


def told(row: Row) -> dict[str, Any]:
    """A row of `v_times` as scripts get it: times as RFC 3339, ``earliest`` None where nothing says it."""
    return {
        "id": row["id"],
        "log": row["log"],
        "seq": row["seq"],
        "at": row["at"],
        "estimate": moment(row["estimate_ms"]),
        "earliest": None if row["earliest_ms"] is None else moment(row["earliest_ms"]),
        "latest": moment(row["latest_ms"]),
        "how": row["how"],
    }


def moment(ms: int) -> str:
    """RFC 3339, of the nearest time that has one."""
    return rfc3339(min(max(ms, 0), _LATEST_MS))
