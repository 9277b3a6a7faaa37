"""What central does with messages: store, acknowledge, witness. One transaction for all that came together; what
goes out is returned after the commit and never before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from appliance import log
from appliance.central import intake
from appliance.central.intake import Incoming
from appliance.central.keyring import Keyring
from appliance.central.logs import Taken
from appliance.central.places import Box, Log, Rejected, of_origin, of_topic
from appliance.central.records import State
from appliance.central.store import Store
from appliance.journal import notes

logger = log.get("central")


class Subject(StrEnum):
    """What boxes write about: the last part of a topic."""

    FACTS = "facts"
    CHECKPOINT = "checkpoint"
    STATUS = "status"


@dataclass(frozen=True)
class Received:
    """A message as it came. ``retained``: it had been lying at the broker, and says nothing about now."""

    topic: str
    payload: bytes
    retained: bool = False


@dataclass(frozen=True)
class Outgoing:
    """A message to publish, retained, QoS 1."""

    topic: str
    payload: bytes


class Central:
    """The reference consumer without its network."""

    def __init__(
        self,
        store: Store,
        signer: notes.Signer,
        keyring: Keyring,
        now_ms: Callable[[], int],
        *,
        trust_first: bool,
    ) -> None:
        self._store, self._signer, self._keyring = store, signer, keyring
        self._now_ms = now_ms
        self._trust_first = trust_first
        self._at = 0
        self._touched: dict[Box, None] = {}
        self._asked: set[Box] = set()
        self._out: list[Outgoing] = []

    def take(self, messages: Sequence[Received]) -> list[Outgoing]:
        """Take messages in their order. When this returns, they may be acknowledged and the answers published.

        sqlite3.Error: nothing of it was taken.
        """
        self._begin()
        with self._store.transaction():
            for message in messages:
                try:
                    self._one(message)
                except Rejected as rejected:
                    self._reject(message, str(rejected))
            for box in self._touched:
                self._answer(box)
        return self._out

    def greeting(self) -> list[Outgoing]:
        """What is said on every new connection: all receipts. A box that has sent more, to a central that was not
        there, sees that it is back and that what it sent was lost."""
        self._begin()
        with self._store.transaction():
            for box in self._store.boxes():
                self._receipt(box)
        return self._out

    def _begin(self) -> None:
        self._at = self._now_ms()
        self._touched, self._asked, self._out = {}, set(), []

    def _one(self, message: Received) -> None:
        box, subject = of_topic(message.topic)
        if not message.payload:
            return  # how a retained message is taken back
        match subject:
            case Subject.FACTS:
                self._facts(box, message)
            case Subject.CHECKPOINT:
                self._checkpoint(box, message)
            case Subject.STATUS:
                self._status(box, message)
            case _:
                raise Rejected(f"subject {subject[:40]!r}: wants {', '.join(Subject)}")

    def _reject(self, message: Received, reason: str) -> None:
        number = self._store.reject(message.topic, reason, message.payload, self._at)
        if number & (number - 1) == 0:  # the 1st, 2nd, 4th, 8th …: a flood of garbage makes no flood of lines
            logger.warning("central.rejected", topic=message.topic, reason=reason, so_far=number)

    # Who speaks

    def _known(self, box: Box, message: Received, key: str) -> bool:
        """Whether the box is enrolled; one that is not is listed with the key that it claims, without an answer."""
        if key and self._trust_first and self._keyring.trust_first(box, key):
            logger.info("central.trusted_first", cell=box.cell, box=box.box, key=key)
        if not self._keyring.keys(box):
            self._store.unknown(box, key, self._at)
            return False
        self._store.heard(box, self._at, now=not message.retained)
        return True

    # Facts

    def _facts(self, box: Box, message: Received) -> None:
        events = intake.batch(message.payload, box)
        started = (e.data.get("key") for e in events if isinstance(e, Incoming) and e.kind == "log.started/1")
        key = next((key for key in started if isinstance(key, str)), "")
        if not self._known(box, message, key):
            return
        self._touched[box] = None
        for event in events:
            try:
                if isinstance(event, Rejected):
                    raise event
                taken = self._store.take(event, self._at)
            except Rejected as rejected:
                self._reject(message, str(rejected))
                continue
            if taken is Taken.FORK:
                logger.error("central.fork", box=box.box, origin=event.log.origin, seq=event.seq)

    # Answers

    def _answer(self, box: Box) -> None:
        self._receipt(box)
        for each in self._store.logs(box):
            self._check_before(each)
            self._witness(each)

    def _receipt(self, box: Box) -> None:
        """Of the first log that is not all here, else of the newest: a box has one mark, so a receipt for a log says
        that the logs before it are safe too."""
        head = self._standing(box)
        if head is not None:
            self._out.append(Outgoing(box.topic("receipt"), self._signer.sign(head.receipt_text()).encode()))

    def _standing(self, box: Box) -> notes.TreeHead | None:
        logs = self._store.logs(box)
        for each in logs:
            before = self._store.before(each)
            if before is not None and (head := self._store.head(before.log)).size < before.size:
                return head
        return self._store.head(logs[-1]) if logs else None

    def _check_before(self, each: Log) -> None:
        """A log that began after another says how that one ended; it must be how we know it."""
        before = self._store.before(each)
        if before is None:
            return
        root = self._store.root(before.log, before.size)
        if root is not None and root.hex() != before.root:
            detail = f"it says that {before.log.origin} had root {before.root} at {before.size}, not {root.hex()}"
            self._fork(each, "before", before.size, detail)

    def _fork(self, each: Log, what: str, place: int, detail: str) -> None:
        if self._store.fork(each, what, place, detail, self._at):
            logger.error("central.fork", origin=each.origin, what=what, place=place, detail=detail)

    # Checkpoints

    def _checkpoint(self, box: Box, message: Received) -> None:
        if not self._known(box, message, ""):
            return
        try:
            note = message.payload.decode()
            head = notes.TreeHead.parse(notes.split(note)[0])
        except (notes.BadNote, UnicodeDecodeError) as error:
            raise Rejected(f"no checkpoint: {error}") from error
        each = of_origin(box, head.origin)
        if not any(_signed(note, key) for key in self._keyring.verifiers(each)):
            raise Rejected(f"a checkpoint of {head.origin} without a signature of an enrolled key")
        self._touched[box] = None
        self._asked.add(box)
        if not self._store.keep_checkpoint(each, head.size, head.root, note, self._at):
            detail = f"two checkpoints of size {head.size}; the root of the newer is {head.root.hex()}"
            self._fork(each, "checkpoint", head.size, detail)

    def _witness(self, each: Log) -> None:
        """Cosign what extends the last; whatever contradicts our own tree is a fork, and stays unsigned."""
        last, news = self._store.cosigned(each), each.box in self._asked
        for kept in self._store.pending(each, self._store.head(each).size):
            if self._store.root(each, kept.size) != kept.root:
                self._store.judge(each, kept, State.FORK, kept.note)
                detail = f"the checkpoint of size {kept.size} has root {kept.root.hex()}, the facts have another"
                self._fork(each, "checkpoint", kept.size, detail)
            elif last is not None and kept.size < last.size:
                self._store.judge(each, kept, State.PASSED, kept.note)
            else:
                self._store.judge(each, kept, State.COSIGNED, self._signer.cosign(kept.note, self._at // 1000))
                last, news = self._store.cosigned(each), True
        if news and last is not None and each == self._store.logs(each.box)[-1]:
            self._out.append(Outgoing(each.box.topic("cosigned"), last.note.encode()))

    # Status

    def _status(self, box: Box, message: Received) -> None:
        status = intake.status(message.payload)
        if self._known(box, message, status.key):
            self._store.status(box, status)


def _signed(note: str, key: notes.Verifier) -> bool:
    try:
        notes.verify(note, key)
    except notes.BadNote:
        return False
    return True
