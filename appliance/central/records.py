"""What central records beside facts: boxes as they say they are, checkpoints, messages that it did not take."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from appliance.central.branches import Branches
from appliance.central.intake import Status
from appliance.central.logs import Tail
from appliance.central.places import Box

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


class Records(Branches):
    """What a store holds beside its logs."""

    def heard(self, box: Box, at_ms: int, *, now: bool) -> None:
        """A message of a known box came; ``now`` is False for one that had been lying at the broker."""
        self.db.run(
            "INSERT INTO box VALUES(?, ?, ?, 0, 0, 0, '', '', '') ON CONFLICT(cell, box) DO "
            + ("UPDATE SET seen_ms = excluded.seen_ms" if now else "NOTHING"),
            (box.cell, box.box, at_ms),
        )
        self.db.run("DELETE FROM unknown WHERE cell = ? AND box = ?", (box.cell, box.box))

    def status(self, box: Box, status: Status) -> None:
        """What a box says of itself; it has been heard."""
        self.db.run(
            "UPDATE box SET online = ?, position = ?, event = ?, version = ?, clock = ? WHERE cell = ? AND box = ?",
            (int(status.online), status.position, status.event, status.version, status.clock, box.cell, box.box),
        )

    def safe(self, box: Box, pos: int) -> None:
        """What the newest receipt says, as the box's own position."""
        self.db.run("UPDATE box SET safe = ? WHERE cell = ? AND box = ? AND safe <> ?", (pos, box.cell, box.box, pos))

    def boxes(self) -> list[Box]:
        """All boxes that were heard."""
        return [Box(row["cell"], row["box"]) for row in self.db.rows("SELECT cell, box FROM box ORDER BY cell, box")]

    def unknown(self, box: Box, key: str, at_ms: int) -> None:
        """A message of a box that nobody enrolled. ``key``: what it says its key is, or empty."""
        self.db.run(
            "INSERT INTO unknown SELECT ?, ?, '', 0, ?, ? WHERE (SELECT count(*) FROM unknown) < ? "
            "ON CONFLICT DO NOTHING",
            (box.cell, box.box, at_ms, at_ms, _UNKNOWN),
        )
        self.db.run(
            "UPDATE unknown SET messages = messages + 1, last_ms = ?, "
            "key = CASE WHEN ? = '' THEN key ELSE ? END WHERE cell = ? AND box = ?",
            (at_ms, key, key, box.cell, box.box),
        )

    def reject(self, topic: str, reason: str, payload: bytes, at_ms: int) -> int:
        """Keep the beginning of a dropped message, of the newest 1,000; how many there were in all."""
        self.db.lock(["rejected"])
        text = reason[:500].encode(errors="backslashreplace").decode()
        (row,) = self.db.rows(
            "INSERT INTO rejected(topic, reason, bytes, at_ms) VALUES(?, ?, ?, ?) RETURNING n",
            (topic[:200], text, payload[:_SHOWN_BYTES], at_ms),
        )
        self.db.run("DELETE FROM rejected WHERE n <= ?", (row["n"] - _REJECTED,))
        return int(row["n"])

    # Checkpoints

    def keep_checkpoint(self, tail: Tail, size: int, root: bytes, note: str, at_ms: int) -> bool:
        """Keep a checkpoint that the box signed; whether it is the only one of its size."""
        self.db.run(
            "INSERT INTO checkpoint VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (tail.id, size, root, note, State.PENDING.value, at_ms),
        )
        query = "SELECT 1 AS other FROM checkpoint WHERE log_id = ? AND size = ? AND root <> ?"
        return self.db.row(query, (tail.id, size, root)) is None

    def pending(self, tails: Iterable[Tail]) -> dict[int, list[Kept]]:
        """By log (``Tail.id``), its checkpoints that were not judged yet, smallest first."""
        found: dict[int, list[Kept]] = defaultdict(list)
        idents = [tail.id for tail in tails]
        if not idents:
            return found
        rows = self.db.rows(
            "SELECT log_id, size, root, note, state FROM checkpoint WHERE state = 'pending' "  # noqa: S608 - marks
            f"AND log_id IN ({', '.join('?' * len(idents))}) ORDER BY log_id, size",
            idents,
        )
        for row in rows:
            found[row["log_id"]].append(Kept(row["size"], row["root"], row["note"], State(row["state"])))
        return found

    def cosigned(self, tail: Tail) -> Kept | None:
        """The newest one with central's line."""
        row = self.db.row(
            "SELECT size, root, note, state FROM checkpoint WHERE state = 'cosigned' AND log_id = ? "
            "ORDER BY size DESC LIMIT 1",
            (tail.id,),
        )
        return Kept(row["size"], row["root"], row["note"], State(row["state"])) if row else None

    def judge(self, tail: Tail, kept: Kept, state: State, note: str) -> None:
        """What became of a checkpoint."""
        self.db.run(
            "UPDATE checkpoint SET state = ?, note = ? WHERE log_id = ? AND size = ? AND root = ?",
            (state.value, note, tail.id, kept.size, kept.root),
        )
