"""One attempt at one job on one connection, and what may be claimed of it afterwards.

The claim never exceeds the evidence: `printed` needs the printer's word, `not_printed` needs that nothing
was sent,
everything between is `unknown`, and staff decide about those.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from drivers.errors import DeviceError, LinkLost
from drivers.printer.encode import Encoded
from drivers.printer.line import Barrier, Line
from drivers.wire.escpos import enable_asb

Outcome = Literal["printed", "unconfirmed", "not_printed", "unknown"]
_SLICE = 0.25
"""Seconds between two beats."""
_PORTION = 512
"""Bytes a write."""


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

    Afterwards `broken` tells whether the printer may have been left inside a command, and `lost` holds the
    error that ended the connection.
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
        self._sent = 0
        self._progress = now()
        self._trouble_since: float | None = None
        self._body_done: Callable[[], bool] = lambda: False
        self._tail_done: Callable[[], bool] = lambda: False

    def run(self) -> Result:
        """Raises `Silent`, in which case a new connection deserves another try."""
        try:
            if (refusal := self._preflight()) is not None:
                return refusal
            self._send_all()
            return self._await_word()
        except LinkLost as lost:
            self.lost = lost
            self._sent += lost.sent if self._line.inside else 0
            self.broken = self._sent > 0 and not self._tail_done()
            return self._broke_off(lost)
        except _GaveUp as end:
            return self._broke_off(end)
        finally:
            self._line.inside = False

    def _preflight(self) -> Result | None:
        line = self._line
        line.pump()
        if not line.mute:
            self._ask()
        if line.barrier is Barrier.UNKNOWN and line.status is not None and line.status.trouble() is None:
            if not line.learning:
                line.learn()
            while line.learning:
                self._wait()
        if line.status is not None and (trouble := line.status.trouble()) is not None:
            return Result("not_printed", str(trouble), trouble.remedy)
        return None

    def _ask(self) -> None:
        """A complete new status, or a printer that proved mute; `Silent`."""
        line = self._line
        line.fresh = False
        line.unanswered = 0
        while not line.fresh and not line.mute:
            if line.unanswered:
                raise Silent(f"{line.link.name}: the printer no longer answers")
            line.ask()
            self._wait()

    def _send_all(self) -> None:
        body_mark, self._body_done = self._line.mark()
        tail_mark, self._tail_done = self._line.mark() if self._job.tail else (b"", self._body_done)
        self._begin()
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
        while data:
            if not self._line.paused and (sent := self._line.send(data, _SLICE)):
                data = data[sent:]
                self._sent += sent
                self._progress = self._now()
            elif self._line.paused:
                self._wait()
            self._tick()
            self._line.pump()
            if data:
                self._watch()

    def _await_word(self) -> Result:
        line = self._line
        if line.mute:
            self._settle()
            return Result("unconfirmed", "the printer answers nothing", "Look whether the receipt came out.")
        line.fresh = False
        begun = self._now()
        while not self._tail_done():
            trouble = line.status.trouble() if line.status is not None else None
            if trouble is not None and self._body_done():
                return self._broke_off(trouble)
            if trouble is None and line.fresh and line.barrier is Barrier.NONE:
                return Result("unconfirmed", "this printer cannot confirm what it printed")
            line.heartbeat()
            self._wait()
            self._watch()
            if trouble is None and self._now() - max(begun, line.heard) > self._timing.lost:
                raise _GaveUp("the printer stopped answering while it had the receipt")
        return Result("printed")

    def _watch(self) -> None:
        """Gives up when a person has had their time, or when without trouble nothing moves; `_GaveUp`."""
        now = self._now()
        status = self._line.status
        trouble = status.trouble() if status is not None else None
        if trouble is None:
            if self._trouble_since is not None:
                self._trouble_since, self._progress = None, now
            if now - self._progress > self._timing.confirm:
                raise _GaveUp("the printer did not confirm the receipt in time")
        elif self._trouble_since is None:
            self._trouble_since = now
        elif now - self._trouble_since > self._timing.patience:
            raise _GaveUp(
                f"{trouble} in the middle of the receipt",
                remedy=f"{trouble.remedy} The rest comes out then; reprint only if it does not.",
            )

    def _broke_off(self, why: DeviceError) -> Result:
        if self._sent == 0:
            return Result("not_printed", str(why), why.remedy)
        if self._body_done():
            return Result("printed", f"the end of the slip is not confirmed: {why}", why.remedy)
        self.broken = self.broken or self._line.inside
        return Result("unknown", str(why), why.remedy if isinstance(why, _GaveUp) else _GaveUp.remedy)

    def _settle(self) -> None:
        """A mute printer still tells when it hangs up."""
        until = self._now() + 2 * _SLICE
        while self._now() < until:
            self._wait()

    def _wait(self) -> None:
        self._line.listen(_SLICE)
        self._tick()


def _portions(chunks: list[bytes]) -> Iterator[bytes]:
    """Whole chunks gathered to portions of about `_PORTION` bytes."""
    portion = b""
    for chunk in chunks:
        if portion and len(portion) + len(chunk) > _PORTION:
            yield portion
            portion = b""
        portion += chunk
    yield portion
