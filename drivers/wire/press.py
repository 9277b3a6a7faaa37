"""A push button's line: short presses, long ones, and one that is stuck; no input or output."""

from collections import Counter
from typing import Literal, NamedTuple

GLITCH = 0.020
"""Seconds that the line must keep a level before it counts: contacts bounce for a few milliseconds."""
HOLD = 3.0
STUCK = 30.0

What = Literal["down", "short", "held", "up", "stuck", "freed"]


class Noted(NamedTuple):
    """`down` when it is pressed; then `short` when it is let go, or `held` while it is down and `up` when it is let go.
    `stuck` after half a minute, `freed` when it is let go then. `at` is when it happened, monotonic seconds.
    """

    what: What
    at: float


class Button:
    """Raw edges in, presses out. A button that is down when all begins is not pressed by anybody until it was up.

    Call `settle` when `rest` has passed, and with every edge. `counters`: `presses`, `holds`, `glitches`, `stuck`.
    """

    def __init__(
        self,
        down: bool,
        at: float,
        counters: Counter[str] | None = None,
        *,
        glitch: float = GLITCH,
        hold: float = HOLD,
        stuck: float = STUCK,
    ) -> None:
        self.counters: Counter[str] = Counter() if counters is None else counters
        self.down = down
        self._glitch, self._hold, self._stuck_after = glitch, hold, max(stuck, hold)
        self._since = at
        self._pending: float | None = None
        self._meant = False
        self._held = False
        self.stuck = False

    def edge(self, down: bool, at: float) -> list[Noted]:
        """The level after a change of the line; one that comes late is as good as in time."""
        noted = self.settle(at)
        if down == self.down:
            if self._pending is not None:
                self._pending = None
                self.counters["glitches"] += 1
        elif self._pending is None:
            self._pending = max(at, self._since)
        return noted

    def settle(self, at: float) -> list[Noted]:
        """What is certain when no edge up to `at` is missing."""
        noted: list[Noted] = []
        changed = self._pending
        if changed is None or at < changed + self._glitch:
            self._last(at, noted)
            return noted
        self._last(changed, noted)
        self._pending = None
        self.down, self._since = not self.down, changed
        noted.append(self._pressed(changed) if self.down else self._released(changed))
        self._last(at, noted)
        return noted

    def rest(self, at: float) -> float | None:
        """Seconds until `settle` can say something new without an edge; None = never."""
        due = [] if self._pending is None else [self._pending + self._glitch]
        if self.down:
            if self._meant and not self._held:
                due.append(self._since + self._hold)
            if not self.stuck:
                due.append(self._since + self._stuck_after)
        return max(0.0, min(due) - at) if due else None

    def _pressed(self, at: float) -> Noted:
        self._meant, self._held = True, False
        return Noted("down", at)

    def _released(self, at: float) -> Noted:
        meant, held, stuck = self._meant, self._held, self.stuck
        self._meant = self._held = self.stuck = False
        if stuck:
            return Noted("freed", at)
        if meant and not held:
            self.counters["presses"] += 1
            return Noted("short", at)
        return Noted("up", at)

    def _last(self, at: float, noted: list[Noted]) -> None:
        """What comes of the button being down up to `at`."""
        if not self.down:
            return
        if self._meant and not self._held and at >= self._since + self._hold:
            self._held = True
            self.counters["holds"] += 1
            noted.append(Noted("held", self._since + self._hold))
        if not self.stuck and at >= self._since + self._stuck_after:
            self.stuck = True
            self.counters["stuck"] += 1
            noted.append(Noted("stuck", self._since + self._stuck_after))
