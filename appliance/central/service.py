"""What central does with messages: store, acknowledge, witness. One transaction for all that came together; what
goes out is returned after the commit and never before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from appliance import log
from appliance.backup.pieces import Piece
from appliance.backup.sealed import BadSeal
from appliance.central import doors, intake
from appliance.central.backups import Shelf
from appliance.central.intake import Incoming
from appliance.central.keyring import Keyring
from appliance.central.logs import Tail, Taken
from appliance.central.places import Box, Log, Rejected, of_origin, of_topic
from appliance.central.policies import Policies
from appliance.central.records import Kept, State
from appliance.central.store import Store
from appliance.journal import notes

logger = log.get("central")

_TOGETHER = 200
"""Boxes that one transaction of a greeting reads."""


class Subject(StrEnum):
    """What boxes write about: the last part of a topic."""

    FACTS = "facts"
    CHECKPOINT = "checkpoint"
    STATUS = "status"
    BACKUP = "backup"


@dataclass(frozen=True)
class Received:
    """A message as it came. ``retained``: it had been lying at the broker, and says nothing about now; ``encoding``:
    how the payload is compressed, empty = not."""

    topic: str
    payload: bytes
    retained: bool = False
    encoding: str = ""


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
        policies: Policies | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        """``shelf``: where backups of boxes are kept; None: nowhere, and none is answered."""
        self._shelf = shelf
        self._store, self._signer, self._keyring, self._policies = store, signer, keyring, policies
        self._now_ms = now_ms
        self._trust_first = trust_first
        self._at = 0
        self._touched: dict[Box, None] = {}
        self._asked: set[Box] = set()
        self._out: list[Outgoing] = []

    def take(self, messages: Sequence[Received]) -> list[Outgoing]:
        """Take messages in their order. When this returns, they may be acknowledged and the answers published.

        StoreFailed: nothing of it was taken.
        """
        self._begin()
        read = [_read(message) for message in messages]
        with self._store.transaction({name for each in read for name in each.concerns}):
            for each in read:
                try:
                    self._one(each)
                except Rejected as rejected:
                    self._reject(each.message, str(rejected))
            for box in self._touched:
                self._answer(box)
        return self._out

    def greeting(self) -> list[Outgoing]:
        """What is said on every new connection: all receipts, and all policies, which a broker may have forgotten. A
        box that has sent more, to a central that was not there, sees that it is back and that what it sent was lost."""
        self._begin()
        with self._store.transaction():
            boxes = self._store.boxes()
        for start in range(0, len(boxes), _TOGETHER):
            some = boxes[start : start + _TOGETHER]
            with self._store.transaction(map(_lock, some)):
                for box in some:
                    self._receipt(box)
        if self._policies is not None:
            self._policies.forget()
        return [*self._out, *self.look()]

    def look(self) -> list[Outgoing]:
        """What the folder of policies says by now that it did not say at the last look."""
        if self._policies is None:
            return []
        news = self._policies.news(self._keyring.boxes(), self._now_ms())
        return [Outgoing(box.topic("down/policy"), payload) for box, payload in news.items()]

    def _begin(self) -> None:
        self._at = self._now_ms()
        self._touched, self._asked, self._out = {}, set(), []

    def _one(self, read: "_Read") -> None:
        match read.what:
            case Rejected() as rejected:
                raise rejected
            case None:
                return  # how a retained message is taken back
            case intake.Status() as status:
                if self._known(read.box, read.message, status.key):
                    self._store.status(read.box, status)
            case notes.TreeHead() as head:
                self._checkpoint(read.box, read.message, head)
            case Piece() as piece:
                self._backup(read.box, read.message, piece)
            case _ as facts:
                self._facts(read.box, read.message, facts)

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

    def _facts(self, box: Box, message: Received, events: list[Incoming | Rejected]) -> None:
        good = [event for event in events if isinstance(event, Incoming)]
        started = (event.data.get("key") for event in good if event.kind == "log.started/1")
        if not self._known(box, message, next((key for key in started if isinstance(key, str)), "")):
            return
        self._touched[box] = None
        for event in events:
            if isinstance(event, Rejected):
                self._reject(message, str(event))
        for event, taken in zip(good, self._store.take(good, self._at), strict=True):
            if isinstance(taken, Rejected):
                self._reject(message, str(taken))
            elif taken is Taken.FORK:
                logger.error("central.fork", box=box.box, origin=event.log.origin, seq=event.seq)

    # Backups

    def _backup(self, box: Box, message: Received, piece: Piece) -> None:
        """A file beside the store, written before the answer goes out; what is not committed with it, comes again."""
        if self._shelf is not None and self._known(box, message, ""):
            held = self._shelf.take(box, piece, self._at)
            self._out.append(Outgoing(box.topic("kept"), self._signer.sign(held.text()).encode()))

    # Answers

    def _answer(self, box: Box) -> None:
        tails = self._store.tails(box)
        pending = self._store.pending(tails)
        for tail in tails:
            self._witness(tail, pending.get(tail.id, []))
        self._receipt(box)

    def _receipt(self, box: Box) -> None:
        """Of the newest log whose past is all here, on whatever line: a box has one mark, so a receipt for a log says
        that the logs before it are safe too."""
        standing = self._standing(box)
        if standing is None:
            return
        head, shift = standing
        self._store.safe(box, head.size + shift)
        self._out.append(Outgoing(box.topic("receipt"), self._signer.sign(head.receipt_text()).encode()))

    def _standing(self, box: Box) -> tuple[notes.TreeHead, int] | None:
        """Its head, and how much further the box's own count is."""
        tails = self._store.tails(box)
        if not tails:
            return None
        begun = [tail for tail in tails if tail.size]
        for tail in begun:
            if not self._store.settle(tail, self._at):
                begun = [each for each in begun if tail.before and each.log <= tail.before.log]
                break
        return (begun[-1].head(), begun[-1].shift) if begun else (Log(box, 1).empty(), 0)

    # Checkpoints

    def _checkpoint(self, box: Box, message: Received, head: notes.TreeHead) -> None:
        if not self._known(box, message, ""):
            return
        each, note = of_origin(box, head.origin), message.payload.decode()
        if not any(_signed(note, key) for key in self._keyring.verifiers(each)):
            raise Rejected(f"a checkpoint of {head.origin} without a signature of an enrolled key")
        tail = self._store.tail(each)
        self._touched[box] = None
        self._asked.add(box)
        if not self._store.keep_checkpoint(tail, head.size, head.root, note, self._at):
            logger.error("central.fork", box=box.box, origin=head.origin, checkpoint=head.size)

    def _witness(self, tail: Tail, pending: list[Kept]) -> None:
        """Cosign what extends the last; whatever contradicts our own tree stays unsigned."""
        news = tail.log.box in self._asked
        if not pending and not news:
            return
        for kept in reversed(pending if tail.touched or news else ()):
            if self._store.extend(tail, notes.TreeHead(tail.log.origin, kept.size, kept.root), self._at):
                break
        last = self._store.cosigned(tail)
        for kept in pending:
            if kept.size > tail.size:
                continue
            if self._store.root(tail, kept.size) != kept.root:
                self._store.judge(tail, kept, State.FORK, kept.note)
                logger.error("central.fork", box=tail.log.box.box, origin=tail.log.origin, checkpoint=kept.size)
            elif last is not None and kept.size < last.size:
                self._store.judge(tail, kept, State.PASSED, kept.note)
            else:
                self._store.judge(tail, kept, State.COSIGNED, self._signer.cosign(kept.note, self._at // 1000))
                last, news = self._store.cosigned(tail), True
        if news and last is not None and tail is self._store.tails(tail.log.box)[-1]:
            self._out.append(Outgoing(tail.log.box.topic("cosigned"), last.note.encode()))


@dataclass(frozen=True)
class _Read:
    """A message as it was understood, before anything is stored: facts, a tree head, a status, a piece of a backup,
    nothing, or why not.
    ``concerns``: the names under which consumers keep out of each other's way."""

    message: Received
    box: Box
    what: "list[Incoming | Rejected] | notes.TreeHead | intake.Status | Piece | Rejected | None"
    concerns: frozenset[str] = frozenset()


def _read(message: Received) -> _Read:
    box = Box("", "")
    try:
        box, subject = of_topic(message.topic)
        concerns = {_lock(box)}
        what = _understood(message, box, subject)
    except Rejected as rejected:
        return _Read(message, box, rejected, frozenset([_lock(box)]))
    if isinstance(what, list):
        good = (event for event in what if isinstance(event, Incoming))
        concerns |= {f"event {event.event}" for event in good if event.kind in doors.KINDS}
    return _Read(message, box, what, frozenset(concerns))


def _understood(
    message: Received, box: Box, subject: str
) -> list[Incoming | Rejected] | notes.TreeHead | intake.Status | Piece | None:
    if not message.payload:
        return None
    match subject:
        case Subject.FACTS:
            return intake.batch(intake.plain(message.payload, message.encoding), box)
        case Subject.CHECKPOINT:
            try:
                return notes.TreeHead.parse(notes.split(message.payload.decode())[0])
            except (notes.BadNote, UnicodeDecodeError) as error:
                raise Rejected(f"no checkpoint: {error}") from error
        case Subject.STATUS:
            return intake.status(message.payload)
        case Subject.BACKUP:
            try:
                return Piece.parse(message.payload)
            except BadSeal as error:
                raise Rejected(str(error)) from error
        case _:
            raise Rejected(f"subject {subject[:40]!r}: wants {', '.join(Subject)}")


def _lock(box: Box) -> str:
    return f"box {box.cell}/{box.box}"


def _signed(note: str, key: notes.Verifier) -> bool:
    try:
        notes.verify(note, key)
    except notes.BadNote:
        return False
    return True
