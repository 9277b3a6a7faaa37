"""The one writer of journal.db: appends facts, keeps the tree, signs its head, remembers answers and positions.

Nothing here decides anything. The caller brackets its work in ``begin`` … ``commit`` and undoes single commands with
savepoints.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.clock import Now
from appliance.errors import BoothkitError
from appliance.journal import codec, merkle, notes, schema
from appliance.journal.birth import birth
from appliance.journal.keys import BoxKeys
from appliance.journal.records import Record, Safe

CHECKPOINT_EVERY = 1000
RESTORING = "restoring"
"""A file in DATA while a backup is laid down: half of one is no box."""


class RestoreUnfinished(BoothkitError):
    """A backup was laid down here, and not to its end."""

    remedy = "Do it again from its beginning: boothkit restore FILE"


class Behind(Exception):
    """Central holds another past of the present log than this box: more of it, or other facts."""


class Store:
    """journal.db, opened for writing. ``log``, ``size`` and ``pos`` say where the journal ends now."""

    def __init__(self, data: Path, box: str) -> None:
        if (data / RESTORING).exists():
            raise RestoreUnfinished(f"{data}: restoring a backup was interrupted")
        self.box = box
        self.keys = BoxKeys(box, data / "keys")
        self._path = data / "journal.db"
        self.db = schema.connect_writer(self._path)
        self._reload()

    def close(self) -> None:
        """Close the file. Readers of other users cannot go on when the last writer closes (docs/architecture.md), so a
        recorder does not."""
        self.db.close()

    def _reload(self) -> None:
        row = self.db.execute("SELECT log, size, frontier FROM tree ORDER BY log DESC LIMIT 1").fetchone()
        self.log: int = row["log"] if row else 0
        self._frontier = merkle.Frontier.from_bytes(row["size"], row["frontier"]) if row else merkle.Frontier()
        self._saved = (self.log, self.size)
        (self.pos,) = self.db.execute("SELECT coalesce(max(pos), 0) FROM fact").fetchone()
        row = self.db.execute("SELECT max(size) FROM checkpoint WHERE log = ?", (self.log,)).fetchone()
        self.checkpointed: int = row[0] or 0

    @property
    def size(self) -> int:
        """Facts in the present log."""
        return self._frontier.size

    def root(self) -> bytes:
        """The root over the present log."""
        return self._frontier.root()

    # Transactions

    def begin(self) -> None:
        """Start the transaction of one batch."""
        self.db.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make the batch durable (synchronous=FULL: the WAL is synced before this returns)."""
        if self.size - self.checkpointed >= CHECKPOINT_EVERY:
            self.checkpoint()
        if (self.log, self.size) != self._saved:
            row = (self.log, self.size, self._frontier.to_bytes())
            self.db.execute("INSERT OR REPLACE INTO tree VALUES(?, ?, ?)", row)
        self.db.execute("COMMIT")
        self._saved = (self.log, self.size)

    def rollback(self) -> None:
        """Forget the batch."""
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")
        self._reload()

    def savepoint(self) -> "Savepoint":
        """A mark to go back to when one command of a batch fails."""
        self.db.execute("SAVEPOINT one")
        return Savepoint(self, self.log, self._frontier.copy(), self.pos, self.checkpointed)

    # Logs

    def is_copy(self) -> bool:
        """Whether this file is not the one that was written last: a backup, or a card that was copied. What the other
        one wrote since is not here."""
        row = self.db.execute("SELECT birth FROM file").fetchone()
        return row is not None and row["birth"] != birth(self._path)

    def claim(self) -> None:
        """From now on this file is the one."""
        self.db.execute("DELETE FROM file")
        self.db.execute("INSERT INTO file VALUES(?)", (birth(self._path),))

    def key_of_log(self) -> str | None:
        """The verifier key that the present log was started with."""
        row = self.db.execute("SELECT body FROM fact WHERE log = ? AND seq = 1", (self.log,)).fetchone()
        return None if row is None else str(json.loads(row["body"])["data"]["key"])

    def start_log(self) -> int:
        """The next log begins; its first fact is the caller's. Returns its number."""
        self.log += 1
        self._frontier = merkle.Frontier()
        self.checkpointed = 0
        self.keys.publish(self.log)
        return self.log

    # Facts

    def append(
        self, *, kind: str, data: dict[str, Any], ident: str, command: str, actor: str, event: str, now: Now
    ) -> Record:
        """Append one fact within the transaction. Raises codec.NotCanonical for a body that no journal takes."""
        body = {
            "actor": actor,
            "at": now.at,
            "boot": now.boot,
            "box": self.box,
            "clock": now.trust,
            "command": command,
            "data": data,
            "event": event,
            "id": ident,
            "kind": kind,
            "log": self.log,
            "mono": now.mono,
            "seq": self.size + 1,
        }
        raw = codec.encode(body)
        leaf = codec.leaf_hash(raw)
        self.db.execute(
            "INSERT INTO fact VALUES(?, ?, ?, ?, ?, ?)",
            (self.pos + 1, self.log, self.size + 1, ident, raw.decode(), leaf),
        )
        self._frontier.append(leaf)
        self.pos += 1
        return Record(self.pos, body, leaf)

    def checkpoint(self) -> str | None:
        """Sign the tree head within the transaction; None when there is no news since the last one."""
        if self.size == self.checkpointed:
            return None
        head = notes.TreeHead(self.keys.origin(self.log), self.size, self.root())
        note = self.keys.signer(self.log).sign(head.text())
        self.db.execute("INSERT INTO checkpoint VALUES(?, ?, ?, NULL)", (self.log, self.size, note))
        self.checkpointed = self.size
        return note

    def cosign(self, note: str, witness: notes.Verifier) -> None:
        """Keep central's cosignature of one of our checkpoints; raises notes.BadNote when it is none."""
        text, _ = notes.verify(note, witness)
        head = notes.TreeHead.parse(text)
        log = self._log_of(head.origin)
        row = self.db.execute("SELECT note FROM checkpoint WHERE log = ? AND size = ?", (log, head.size)).fetchone()
        if row is None or notes.split(row["note"])[0] != text:
            raise notes.BadNote(f"{head.origin} never signed a checkpoint of size {head.size} with this root")
        self.db.execute("UPDATE checkpoint SET cosigned = ? WHERE log = ? AND size = ?", (note, log, head.size))

    def accept_receipt(self, note: str, central: notes.Verifier) -> Safe:
        """Central says that it holds the first facts of a log; kept when signature and root are right, never moved
        back.

        Raises notes.BadNote; Behind, when central holds another past of the present log. The root is our own, grown
        from the last mark: O(facts since then). Of an earlier log central may know another past, too; that was
        answered by a new log, and such a receipt changes nothing.
        """
        text, _ = notes.verify(note, central)
        head = notes.TreeHead.parse_receipt(text)
        log = self._log_of(head.origin)
        row = self.db.execute("SELECT seq, frontier FROM safe WHERE log = ?", (log,)).fetchone()
        if row is not None and row["seq"] > head.size:
            frontier, known = merkle.Frontier(), 0  # an old one again: check it, change nothing
        else:
            known = row["seq"] if row else 0
            frontier = merkle.Frontier.from_bytes(known, row["frontier"]) if row else merkle.Frontier()
        leaves = self.db.execute(
            "SELECT leaf FROM fact WHERE log = ? AND seq > ? AND seq <= ? ORDER BY seq", (log, known, head.size)
        )
        for (leaf,) in leaves:
            frontier.append(leaf)
        if frontier.size != head.size or frontier.root() != head.root:
            if log < self.log:
                return self._safe()
            raise Behind(
                f"central holds {head.size} facts of {head.origin}, "
                + (f"this box has {frontier.size}" if frontier.size != head.size else "and the roots differ")
            )
        if row is None or row["seq"] < head.size:
            self.db.execute(
                "INSERT OR REPLACE INTO safe VALUES(?, ?, ?, ?)", (log, head.size, frontier.to_bytes(), note)
            )
        # A receipt for nothing (central lost its store) has the position before the log's first fact.
        (before,) = self.db.execute("SELECT pos - seq FROM fact WHERE log = ? LIMIT 1", (log,)).fetchone()
        return Safe(log, head.size, before + head.size)

    def is_safe(self, log: int) -> bool:
        """Whether central holds anything of a log."""
        return self.db.execute("SELECT 1 FROM safe WHERE log = ?", (log,)).fetchone() is not None

    def _safe(self) -> Safe:
        row = self.db.execute("SELECT log, seq FROM safe ORDER BY log DESC LIMIT 1").fetchone()
        if row is None:
            return Safe(self.log, 0, 0)
        (before,) = self.db.execute("SELECT pos - seq FROM fact WHERE log = ? LIMIT 1", (row["log"],)).fetchone()
        return Safe(row["log"], row["seq"], before + row["seq"])

    def _log_of(self, origin: str) -> int:
        for log in range(self.log, 0, -1):
            if origin == self.keys.origin(log):
                return log
        raise notes.BadNote(f"{origin[:80]!r} is no log of this box")

    # What is remembered beside the facts

    def remembered(self, command: str) -> tuple[bytes, dict[str, Any]] | None:
        """The digest and the answer of a command that used its identity up."""
        row = self.db.execute("SELECT digest, answer FROM command WHERE id = ?", (command,)).fetchone()
        return None if row is None else (row["digest"], json.loads(row["answer"]))

    def remember(self, command: str, digest: bytes, answer: dict[str, Any]) -> None:
        """Keep an answer in the transaction of what it answers for."""
        text = json.dumps(answer, separators=(",", ":"), ensure_ascii=False)
        self.db.execute("INSERT INTO command VALUES(?, ?, ?)", (command, digest, text))

    def advance(self, follower: str, pos: int) -> None:
        """A follower's position; it never moves back."""
        self.db.execute(
            "INSERT INTO position VALUES(?, ?) ON CONFLICT(follower) DO UPDATE SET pos = max(pos, excluded.pos)",
            (follower, pos),
        )


@dataclass(frozen=True)
class Savepoint:
    """Where a store stood before a command."""

    store: Store
    log: int
    frontier: merkle.Frontier
    pos: int
    checkpointed: int

    def release(self) -> None:
        """Keep what was done since."""
        self.store.db.execute("RELEASE one")

    def undo(self) -> None:
        """Forget what was done since."""
        self.store.db.execute("ROLLBACK TO one")
        self.store.db.execute("RELEASE one")
        self.store.log, self.store.pos, self.store.checkpointed = self.log, self.pos, self.checkpointed
        self.store._frontier = self.frontier
