"""One attempt at one job on one connection, and what may be claimed of it afterwards.

The claim never exceeds the evidence: `printed` needs the printer's word, `not_printed` that nothing was sent;
everything between is `unknown`, and staff decide about those.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from drivers.errors import DeviceError, LinkLost
from drivers.printer.encode import Encoded
from drivers.printer.errors import Condition, TakesNoData
from drivers.printer.line import Barrier, Line
from drivers.wire.escpos import enable_asb

Outcome = Literal["printed", "unconfirmed", "not_printed", "unknown"]
_SLICE = 0.25
"""Seconds between two beats."""
_PORTION = 512
"""Bytes a write."""
_LOOK = "Look whether the receipt came out."


@dataclass(frozen=True, slots=True)
class Result:
    """`printed`: the printer confirmed it (a reason then names what is missing, such as the cut);
    `unconfirmed`: sent to a printer that cannot confirm; `not_printed`: nothing was sent; `unknown`: it broke
    off in between, the paper may show all, part or nothing.
    """

    outcome: Outcome
    reason: str = ""
    remedy: str = ""


class Silent(DeviceError):
    """The printer answered before on this connection and does not now; nothing was sent."""


class _GaveUp(DeviceError):
    """The job was begun and nothing more is to be expected of it."""

    remedy = "Look at the paper: is the receipt whole? Reprint it if not."


class Attempt:
    """`before` goes out ahead of the job. `begin` is called once, right before the first byte; `tick` at
    least every `_SLICE` seconds while waiting.

    Afterwards `sent` is the bytes of the job that went out, `broken` tells whether the printer may have been left
    inside a command or the receipt, and `lost` holds the error that ended the connection.
    """

    def __init__(
        self,
        line: Line,
        job: Encoded,
        before: bytes,
        now: Callable[[], float],
        *,
        begin: Callable[[], None],
        tick: Callable[[], None],
    ) -> None:
        self.broken = False
        self.lost: LinkLost | None = None
        self._line = line
        self._job = job
        self._before = before
        self._now = now
        self._begin = begin
        self._tick = tick
        self._timing = line.timing
        self.sent = 0
        self._confirms = False
        self._progress = now()
        self._trouble_since: float | None = None
        self._body_done: Callable[[], bool] = lambda: False
        self._tail_done: Callable[[], bool] = lambda: False

    def run(self) -> Result:
        """Raises `Silent`, in which case a new connection deserves another try."""
        ended = False
        try:
            if (refusal := self._preflight()) is not None:
                return refusal
            self._send_all()
            result = self._await_word()
            ended = True
            return result
        except LinkLost as lost:
            self.lost = lost
            if self._line.inside:
                self.sent += lost.sent
            return self._broke_off(lost)
        except _GaveUp as end:
            return self._broke_off(end)
        finally:
            # What was sent and not confirmed may never arrive: closing a TCP connection can throw it away.
            self.broken = self.sent > 0 and not (ended or self._tail_done())
            self._line.inside = False

    def _preflight(self) -> Result | None:
        """A complete new status from the printer itself, unless it is mute, and how it confirms; `Silent`."""
        line = self._line
        line.pump()
        line.fresh = False
        line.unanswered = 0
        until = self._now() + self._timing.answer
        while not line.fresh and not line.mute:
            if line.unanswered:
                raise Silent(f"{line.link.name}: the printer no longer answers")
            line.ask()
            if line.blocked and self._now() > until:
                return _refused(TakesNoData())
            self._wait()
        while line.barrier is Barrier.UNKNOWN and not line.mute and self._trouble() is None:
            if not line.learning:
                line.learn()
            if not line.learning and self._now() > until:
                return _refused(TakesNoData())
            self._wait()
        trouble = self._trouble()
        return None if trouble is None else _refused(trouble)

    def _trouble(self) -> Condition | None:
        return self._line.status.trouble() if self._line.status is not None else None

    def _send_all(self) -> None:
        self._begin()
        self._confirms = self._line.barrier in (Barrier.PROCESS_ID, Barrier.ORDERED)
        body_mark, self._body_done = self._line.mark()
        tail_mark, self._tail_done = self._line.mark() if self._job.tail else (b"", self._body_done)
        self._progress = self._now()
        self._line.inside = True
        setup = [self._line.ahead, self._before, self._job.head]
        self._line.ahead = b""
        if not self._line.mute:
            setup.append(enable_asb())  # ESC @ at the head of the job switches it off
        for portion in _portions([*setup, *self._job.body, body_mark]):
            self._send(portion)
        for portion in _portions([*self._job.tail, tail_mark]):
            self._send(portion)
        self._line.inside = False

    def _send(self, data: bytes) -> None:
        line = self._line
        size = len(data)
        while data:
            if line.paused or line.ahead:
                self._wait()
            elif sent := line.send(data, _SLICE):
                data = data[sent:]
                self.sent += sent
                self._progress = self._now()
            line.torn = 0 < len(data) < size
            self._tick()
            line.pump()
            if data:
                self._watch()

    def _await_word(self) -> Result:
        line = self._line
        if line.mute:
            self._settle()
            return Result("unconfirmed", "the printer answers nothing", _LOOK)
        line.fresh = False
        begun = self._now()
        while not self._tail_done():
            trouble = self._trouble()
            if trouble is not None and self._body_done():
                return self._broke_off(trouble)
            if trouble is None and line.fresh and not self._confirms:
                return Result("unconfirmed", "this printer cannot confirm what it printed", _LOOK)
            line.heartbeat()
            self._wait()
            self._watch()
            if trouble is None and self._now() - max(begun, line.heard) > self._timing.lost:
                raise _GaveUp("the printer stopped answering while it had the receipt")
        return Result("printed")

    def _watch(self) -> None:
        """Gives up when a person has had their time, or when without trouble nothing moves; `_GaveUp`."""
        now = self._now()
        trouble = self._trouble()
        if trouble is None:
            if self._trouble_since is not None:
                self._trouble_since, self._progress = None, now
            if now - self._progress > self._timing.confirm:
                raise _GaveUp("the printer did not confirm the receipt in time")
        elif self._trouble_since is None:
            self._trouble_since = now
        elif now - self._trouble_since > self._timing.patience:
            rest = _GaveUp.remedy if self._line.inside else "The rest comes out then; reprint only if it does not."
            raise _GaveUp(f"{trouble} in the middle of the receipt", remedy=f"{trouble.remedy} {rest}")

    def _broke_off(self, why: DeviceError) -> Result:
        if self.sent == 0:
            return _refused(why)
        if self._body_done():
            return Result("printed", f"the end of the slip is not confirmed: {why}", why.remedy)
        return Result("unknown", str(why), why.remedy if isinstance(why, _GaveUp) else _GaveUp.remedy)

    def _settle(self) -> None:
        """A mute printer still tells when it hangs up."""
        until = self._now() + 2 * _SLICE
        while self._now() < until:
            self._wait()

    def _wait(self) -> None:
        self._line.listen(_SLICE)
        self._tick()


def _refused(why: DeviceError) -> Result:
    return Result("not_printed", str(why), why.remedy)


def _portions(chunks: list[bytes]) -> Iterator[bytes]:
    """Whole chunks gathered to portions of about `_PORTION` bytes."""
    portion = b""
    for chunk in chunks:
        if portion and len(portion) + len(chunk) > _PORTION:
            yield portion
            portion = b""
        portion += chunk
    yield portion
