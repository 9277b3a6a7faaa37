"""What central records beside facts: boxes as they say they are, checkpoints, messages that it did not take."""

from dataclasses import dataclass
from enum import StrEnum

from appliance.central.intake import Status
from appliance.central.logs import Logs
from appliance.central.places import Box, Log

_REJECTED = 1000
_UNKNOWN = 1000
_SHOWN_BYTES = 512


class State(StrEnum):
    """Of a checkpoint: PASSED is one that fits, but is older than the last that was cosigned."""

    PENDING = "pending"
    COSIGNED = "cosigned"
    PASSED = "passed"
    FORK = "fork"


@dataclass(frozen=True)
class Kept:
    """A checkpoint as kept; a cosigned one carries central's line."""

    size: int
    root: bytes
    note: str
    state: State


class Records(Logs):
    """What a store holds beside its logs."""

    def heard(self, box: Box, at_ms: int, *, now: bool) -> None:
        """A message of a known box came; ``now`` is False for one that had been lying at the broker."""
        values = (box.cell, box.box, at_ms)
        self._db.execute("INSERT OR IGNORE INTO box VALUES(?, ?, ?, 0, 0, '', '', '')", values)
        if now:
            self._db.execute("UPDATE box SET seen_ms = ? WHERE cell = ? AND box = ?", (at_ms, box.cell, box.box))
        self._db.execute("DELETE FROM unknown WHERE cell = ? AND box = ?", (box.cell, box.box))

    def status(self, box: Box, status: Status) -> None:
        """What a box says of itself; it has been heard."""
        self._db.execute(
            "UPDATE box SET online = ?, position = ?, event = ?, version = ?, clock = ? WHERE cell = ? AND box = ?",
            (status.online, status.position, status.event, status.version, status.clock, box.cell, box.box),
        )

    def boxes(self) -> list[Box]:
        """All boxes that were heard."""
        return [
            Box(row["cell"], row["box"]) for row in self._db.execute("SELECT cell, box FROM box ORDER BY cell, box")
        ]

    def unknown(self, box: Box, key: str, at_ms: int) -> None:
        """A message of a box that nobody enrolled. ``key``: what it says its key is, or empty."""
        (known,) = self._db.execute("SELECT count(*) FROM unknown").fetchone()
        if known < _UNKNOWN:
            self._db.execute(
                "INSERT OR IGNORE INTO unknown VALUES(?, ?, '', 0, ?, ?)", (box.cell, box.box, at_ms, at_ms)
            )
        self._db.execute(
            "UPDATE unknown SET messages = messages + 1, last_ms = ?, "
            "key = CASE ? WHEN '' THEN key ELSE ? END WHERE cell = ? AND box = ?",
            (at_ms, key, key, box.cell, box.box),
        )

    def reject(self, topic: str, reason: str, payload: bytes, at_ms: int) -> int:
        """Keep the beginning of a dropped message, of the newest 1,000; how many there were in all."""
        text = reason[:500].encode(errors="backslashreplace").decode()
        values = (topic[:200], text, payload[:_SHOWN_BYTES], at_ms)
        cursor = self._db.execute("INSERT INTO rejected(topic, reason, bytes, at_ms) VALUES(?, ?, ?, ?)", values)
        number = cursor.lastrowid or 0
        self._db.execute("DELETE FROM rejected WHERE n <= ?", (number - _REJECTED,))
        return number

    # Checkpoints

    def keep_checkpoint(self, log: Log, size: int, root: bytes, note: str, at_ms: int) -> bool:
        """Keep a checkpoint that the box signed; whether it is the only one of its size. Rejected: too many
        logs."""
        self.check_room(log)
        ident = self.ident(log)
        values = (ident, size, root, note, State.PENDING.value, at_ms)
        self._db.execute("INSERT OR IGNORE INTO checkpoint VALUES(?, ?, ?, ?, ?, ?)", values)
        (number,) = self._db.execute(
            "SELECT count(*) FROM checkpoint WHERE log_id = ? AND size = ?", (ident, size)
        ).fetchone()
        return int(number) == 1

    def pending(self, log: Log, up_to: int) -> list[Kept]:
        """Checkpoints that were not judged yet, of at most ``up_to`` facts, smallest first."""
        return self._kept("state = 'pending' AND size <= ? ORDER BY size", log, up_to)

    def cosigned(self, log: Log) -> Kept | None:
        """The newest one with central's line."""
        return next(iter(self._kept("state = 'cosigned' AND size >= ? ORDER BY size DESC LIMIT 1", log, 0)), None)

    def judge(self, log: Log, kept: Kept, state: State, note: str) -> None:
        """What became of a checkpoint."""
        self._db.execute(
            "UPDATE checkpoint SET state = ?, note = ? WHERE log_id = ? AND size = ? AND root = ?",
            (state.value, note, self.ident(log), kept.size, kept.root),
        )

    def _kept(self, condition: str, log: Log, size: int) -> list[Kept]:
        ident = self.ident(log)
        query = f"SELECT size, root, note, state FROM checkpoint WHERE log_id = ? AND {condition}"  # noqa: S608 - ours
        rows = self._db.execute(query, (ident, size))
        return [Kept(row["size"], row["root"], row["note"], State(row["state"])) for row in rows]
