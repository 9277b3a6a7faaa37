"""An ESC/POS receipt printer on TCP 9100, a serial port or the USB printer class.

Between jobs the status is asked every two seconds and the printer reports changes by itself; a job is sent
only to a printer that has just said it is ready, and its outcome is the printer's own word (`attempt.py`).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from drivers import links
from drivers.device import Event
from drivers.errors import LinkLost
from drivers.life import Life, State
from drivers.linked import LinkedDevice
from drivers.printer.attempt import Attempt, Outcome, Result, Silent
from drivers.printer.encode import Encoded, cut, encode
from drivers.printer.errors import Condition, NoStatus, PaperNearEnd, TakesNoData, Unprintable
from drivers.printer.job import Job
from drivers.printer.line import Barrier, Line, Timing
from drivers.printer.profile import load_profile
from drivers.uri import Uri
from drivers.wire.escpos import Connector, pulse

__all__ = ["Level", "Model", "Outcome", "Result"]

Level = Literal["high", "low"]
"""Of the drawer's switch."""

_PADDING = 512
"""NULs that complete a command which an earlier run may have left half sent, before its power went; a
printer that waits for nothing ignores them.
"""
_SILENT_ROUNDS = 2
"""So many unanswered questions in a row make a printer that used to answer `degraded`."""


class Model(LinkedDevice):
    """Options: `profile` (a name of escpos-printer-db), `patience` (seconds that a job waits for new paper),
    `drawer` (`pin2`, `pin5`: where it is connected; `none`).

    Counters: attempts, losses, unanswered, garbage, unreadable (characters printed as "?"), kicks (by `kick`), and
    one for each outcome of a job.
    """

    kind = "printer"
    drawer_closed: Level | None = None
    """The level of the drawer's switch when it is shut; its wiring decides, so a person has to have shown it once."""

    def __init__(self, name: str, uri: Uri, now: Callable[[], float], timing: Timing | None = None) -> None:
        uri.only(*links.options(uri), "profile", "patience", "drawer")
        timing = timing or Timing()
        super().__init__(name, links.open_link(uri), Life(now, present=links.presence(uri)), now)
        self.profile = load_profile(uri.text("profile", "TM-T88V"))
        drawers: dict[str, Connector | None] = {"pin2": "pin2", "pin5": "pin5", "none": None}
        self._drawer = drawers[uri.choice("drawer", "pin2", tuple(drawers))]
        self._timing = replace(timing, patience=uri.decimal("patience", timing.patience, 0, 3600))
        self._line: Line | None = None
        self._padding = bytes(_PADDING)
        self._hanging = False

    @property
    def columns(self) -> int:
        """Characters a line, font A."""
        return self.profile.columns

    @property
    def drawer_level(self) -> Level | None:
        """Of the drawer's switch; None = no drawer, or the printer has not told since it was connected."""
        if self._drawer is None or self._line is None or self._line.status is None:
            return None
        return "high" if self._line.status.drawer_high else "low"

    @property
    def drawer_open(self) -> bool | None:
        """None = not known."""
        if self.drawer_closed is None or (level := self.drawer_level) is None:
            return None
        return level != self.drawer_closed

    def connected(self) -> None:
        while self._link.read():
            pass  # answers to whoever asked before us
        self._line = Line(self._link, self._now, self._timing, self.life.counters, self._padding)

    def received(self, data: bytes, at: float) -> list[Event]:
        if (line := self._line) is None:
            raise LinkLost(f"{self._link.name}: not open")
        line.feed(data)
        self._show()
        if line.answers and at - line.heard > self._timing.lost:
            raise Silent(f"{self._link.name}: no answer for {self._timing.lost:g} s")
        ready = line.status is not None and line.status.trouble() is None
        if ready and line.barrier is Barrier.UNKNOWN and not (line.learning or line.asking):
            line.learn()
        line.heartbeat()
        return []

    def rest(self, at: float) -> float:
        return self._line.due() if self._line is not None else 0.0

    def close(self) -> None:
        super().close()
        self._line = None

    def kick(self) -> bool:
        """Opens the drawer at once, whatever the paper and the cover do; also from `print`'s callbacks. False: there is
        no drawer, no printer, or it takes no more bytes. True: the printer has the command; whether the drawer
        moved is what `drawer_open` says.
        """
        if self._drawer is None or self._line is None:
            return False
        try:
            kicked = self._line.pulse(self._drawer)
        except LinkLost:
            return False  # who reads the line next finds the same, and says so in `life`
        self.life.counters["kicks"] += kicked
        return kicked

    def print(
        self,
        job: Job,
        *,
        beat: Callable[[], None],
        begin: Callable[[], None] = lambda: None,
        kick: bool = False,
    ) -> Result:
        """Prints one job and waits for its outcome; `beat` is called at least every second, except in the
        three seconds that opening a connection may take. `begin` is called right before the first byte of
        the job is sent: not called = nothing sent. What these two raise goes through. With `kick` the drawer opens
        before the first line is printed.

        Paper that runs out in the middle is waited for (`patience`), meanwhile `life` shows the fault. Never
        raises `DeviceError`.
        """
        result = self._print(job, beat, begin, kick)
        self.life.counters[result.outcome] += 1
        return result

    def _print(self, job: Job, beat: Callable[[], None], begin: Callable[[], None], kick: bool) -> Result:
        try:
            encoded = encode(job, self.profile)
        except Unprintable as error:
            return Result("not_printed", str(error), error.remedy)
        self.life.counters["unreadable"] += encoded.unreadable
        if kick and self._drawer is not None:
            encoded = replace(encoded, head=encoded.head + pulse(self._drawer))

        def tick() -> None:
            self._show()
            beat()

        for again in (True, False):
            beat()
            self.step()
            if (line := self._line) is None:
                break
            before = cut(self.profile) if self._hanging else b""
            attempt = Attempt(line, encoded, before, self._now, begin=begin, tick=tick)
            try:
                result = attempt.run()
            except Silent as silent:
                self.close()
                if not again:
                    self.life.lost(silent)
                continue
            except BaseException:  # of the caller's, in the middle of a job
                self._remember(attempt, encoded)
                self.close()
                raise
            self._remember(attempt, encoded)
            if attempt.lost is not None:
                self.close()
                self.life.lost(attempt.lost)
            elif result.outcome == "unknown":
                # What is still to be answered about this job must not be taken for an answer about the next.
                self.close()
            return result
        return Result("not_printed", self.life.reason, self.life.remedy)

    def _remember(self, attempt: Attempt, job: Encoded) -> None:
        """In what state the next job finds the printer."""
        if attempt.broken:
            self._padding = bytes(max(map(len, (job.head, *job.body, *job.tail))))
            self._hanging = True
        elif attempt.sent:
            self._padding, self._hanging = b"", False

    def _show(self) -> None:
        """What the printer says, as life."""
        line = self._line
        if line is None:
            return
        if line.blocked:
            self._set("degraded", TakesNoData())
        elif line.mute or line.unanswered >= _SILENT_ROUNDS:
            self._set("degraded", NoStatus())
        elif line.status is not None:
            self.life.ok()
            if (trouble := line.status.trouble()) is not None:
                self._set("fault", trouble)
            elif line.status.paper_near_end:
                self._set("degraded", PaperNearEnd())
            else:
                self.life.set("online", f"ready ({' '.join(line.info)})" if line.info else "ready")

    def _set(self, state: State, condition: Condition) -> None:
        self.life.set(state, str(condition), condition.remedy)
