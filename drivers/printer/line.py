"""One open connection to an ESC/POS printer: what was asked on it, what came back, what is known from that.

Only `listen` waits. `feed` takes what was read and is called again when bytes come or `due` has passed.
"""

import itertools
import math
import secrets
import select
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from drivers.errors import LinkStalled
from drivers.links import Link
from drivers.printer.status import Status
from drivers.wire import escpos as wire


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds."""

    answer: float = 1.5
    """A status question unanswered for so long gets no answer."""
    probe: float = 6.0
    """A printer may still be busy with what it got before we came, and answers `learn` only then."""
    grace: float = 0.3
    """A process id may be answered a little after a GS r that was sent behind it."""
    heartbeat: float = 2.0
    lost: float = 12.0
    """A printer that used to answer and has been silent for so long is connected to anew."""
    confirm: float = 30.0
    """Without any progress, a job that is not confirmed by then never will be."""
    patience: float = 120.0
    """For a person to load paper in the middle of a job."""


class Barrier(Enum):
    """How this printer can say that a job is done."""

    UNKNOWN = "not asked yet"
    PROCESS_ID = "GS ( H"
    ORDERED = "GS r"
    NONE = "cannot"


class Line:
    """`link` is open and stays the caller's. Methods raise `LinkLost`. Counts `unanswered` questions and
    bytes of `garbage`.

    `ahead` goes out before anything else: it completes a command that is half sent, at first one that an earlier
    connection may have left so. A question in its place would become that command's length or data.
    """

    def __init__(
        self,
        link: Link,
        now: Callable[[], float],
        timing: Timing,
        counters: Counter[str],
        ahead: bytes,
    ) -> None:
        self.link = link
        self.timing = timing
        self.ahead = ahead
        self.status: Status | None = None
        self.fresh = False
        """A whole round of questions has been answered since the last `ask`."""
        self.answers = False
        """Has answered anything on this connection."""
        self.mute = False
        """Was asked and has never answered on this connection."""
        self.heard = now()
        self.barrier = Barrier.UNKNOWN
        self.blocked = False
        """The last request found no room."""
        self.paused = False
        """XOFF: the printer wants no data now."""
        self.inside = False
        """A job is being sent: a question now could become part of one of its commands."""
        self.torn = False
        """A piece of the job is half sent; between two pieces the printer is between two commands."""
        self.confirmed: set[bytes] = set()
        self.ordered = 0
        """Answers to GS r since `learn`."""
        self.info: list[str] = []
        """Maker and model, as far as the printer tells."""
        self.unanswered = 0
        """Questions without an answer since something was heard."""
        self._now = now
        self._counters = counters
        self._demux = wire.Demultiplexer()
        self._answers: list[int] | None = None
        self._deadline = 0.0
        self._quiet_until = 0.0
        self._next_round = now()
        self.learning = False
        self._probe = b""
        self._probe_deadline = 0.0
        self._ids = _process_ids()
        self._marks = 0
        self._cover_was_open = False

    @property
    def asking(self) -> bool:
        """A question is open: nothing but its answer may travel now."""
        return self._answers is not None

    def due(self) -> float:
        """Seconds until `pump` or `heartbeat` has something to do even if nothing arrives."""
        next_round = math.inf if self.asking else max(self._next_round, self._quiet_until)
        return max(0.0, min(next_round, self._overdue()) - self._now())

    def listen(self, seconds: float) -> None:
        """Waits for input, at most `seconds`, then pumps."""
        poll = select.poll()
        poll.register(self.link.fileno(), select.POLLIN)
        poll.poll(max(0.0, min(seconds, self._overdue() - self._now())) * 1000)
        self.pump()

    def pump(self) -> None:
        """Reads what is there."""
        self.feed(self.link.read())

    def feed(self, data: bytes) -> None:
        """Takes what was read, notes what stayed unanswered."""
        self._catch_up()
        garbage = self._demux.garbage
        for reply in self._demux.feed(data):
            self._hear(reply)
        self._counters["garbage"] += self._demux.garbage - garbage
        now = self._now()
        if self.asking and now >= self._deadline:
            self._give_up_round(now)
        if self.learning and now >= self._probe_deadline:
            self.learning = False
            self.barrier = Barrier.ORDERED if self.ordered else Barrier.NONE
            self.ordered = 0

    def heartbeat(self) -> None:
        """Asks for the status when it is time again; between jobs only."""
        if self._now() >= self._next_round:
            self.ask()

    def ask(self) -> None:
        """Begins a round of the four real-time questions, one at a time: their answers carry no number."""
        if self.asking or self._now() < self._quiet_until:
            return
        self.fresh = False
        self._answers = []
        self._next_round = self._now() + self.timing.heartbeat
        self._question(wire.ROUND[0])

    def learn(self) -> None:
        """Finds out, on an idle printer, how it confirms, what it is, and makes it report changes by itself; not
        `learning` afterwards = no room for the questions now.

        What a printer without these commands makes of them stays in its line buffer, and ESC @ of the next
        job clears that.
        """
        self._probe = next(self._ids)
        self._probe_deadline = self._now() + self.timing.probe
        self.ordered = self._marks = 0
        self.confirmed.clear()
        self.info.clear()
        self.learning = self._request(
            wire.enable_asb()
            + wire.ask_process_id(self._probe)
            + wire.ask_ordered()
            + wire.ask_info(66)
            + wire.ask_info(67)
        )

    def mark(self) -> tuple[bytes, Callable[[], bool]]:
        """A request that the printer answers once everything before it is done, and whether it has."""
        match self.barrier:
            case Barrier.PROCESS_ID:
                number = next(self._ids)
                return wire.ask_process_id(number), lambda: number in self.confirmed
            case Barrier.ORDERED:
                self._marks += 1
                wanted = self._marks
                return wire.ask_ordered(), lambda: self.ordered >= wanted
            case Barrier.NONE | Barrier.UNKNOWN:
                return b"", lambda: False
            case _:
                assert_never(self.barrier)

    def pulse(self, connector: wire.Connector) -> bool:
        """Opens the drawer; False = not possible now, because the printer would take it for a piece of something
        else, or takes nothing. A printer that is ready gets ESC p, which every printer knows; one that is not would
        open with the next receipt, and gets the real-time command.
        """
        if self.torn:
            return False
        ready = self.status is None or self.status.trouble() is None
        return self._request(wire.pulse(connector) if ready else wire.pulse_now(connector))

    def send(self, data: bytes, timeout: float) -> int:
        """How many bytes of `data` the system took."""
        try:
            self.link.write(data, timeout)
        except LinkStalled as stalled:
            return stalled.sent
        return len(data)

    def _overdue(self) -> float:
        """When the next answer that is waited for will not come any more."""
        return min(self._deadline if self.asking else math.inf, self._probe_deadline if self.learning else math.inf)

    def _hear(self, reply: wire.Reply) -> None:
        self.heard = self._now()
        match reply:
            case wire.RealTime(raw):
                self._answered(raw)
            case wire.Asb():
                self._note(Status.from_asb(reply))
            case wire.Ordered():
                if self.barrier is Barrier.NONE:
                    self.barrier = Barrier.ORDERED  # the answer to `learn`, later than we waited
                else:
                    self.ordered += 1
                if self.learning:
                    # Perhaps the answer to a question of an earlier connection: ours may follow.
                    self._probe_deadline = self._now() + self.timing.grace
            case wire.ProcessId(number):
                self.confirmed.add(number)
                if number == self._probe:
                    self.learning = False
                    self.barrier = Barrier.PROCESS_ID
            case wire.PrinterInfo(text):
                self.info.append(text)
            case wire.Flow(ready):
                self.paused = not ready
                return
            case wire.Block():
                pass
            case _:
                assert_never(reply)
        self.answers = True
        self.mute = False
        self.unanswered = 0

    def _answered(self, raw: int) -> None:
        if self._answers is None:
            return
        self._answers.append(raw)
        if len(self._answers) < len(wire.ROUND):
            self._question(wire.ROUND[len(self._answers)])
            return
        answers, self._answers = self._answers, None
        self.fresh = True
        self._note(Status.from_round(*answers))

    def _question(self, n: int) -> None:
        self._deadline = self._now() + self.timing.answer
        self.blocked = not self._request(wire.ask_status(n))
        if self.blocked:
            self._answers = None

    def _give_up_round(self, now: float) -> None:
        """An answer that comes too late must not be taken for the answer to the next question."""
        self._answers = None
        self._quiet_until = now + self.timing.answer
        self.unanswered += 1
        self._counters["unanswered"] += 1
        self.mute = not self.answers
        self._demux.reset()

    def _note(self, status: Status) -> None:
        self.status = status
        if status.cover_open:
            self._cover_was_open = True
        elif self._cover_was_open and not (self.asking or self.inside):
            self._cover_was_open = False
            if status.wants_recovery:
                # The person has closed the cover after clearing the jam.
                self._request(wire.recover())

    def _request(self, data: bytes) -> bool:
        """Whether there was room for at least its beginning; the rest then goes out before anything else."""
        self._catch_up()
        if self.ahead:
            return False
        taken = self.send(data, 0.0)
        if taken:
            self.ahead = data[taken:]
        return taken > 0

    def _catch_up(self) -> None:
        if self.ahead:
            self.ahead = self.ahead[self.send(self.ahead, 0.0) :]


def _process_ids() -> Iterator[bytes]:
    """Four printable characters each; begins anywhere: an answer to an earlier run confirms nothing."""
    for number in itertools.count(secrets.randbelow(95**4)):
        yield bytes(32 + number // 95**place % 95 for place in (3, 2, 1, 0))
