"""How much time passed between facts, when the wall clock was stepped in between.

A fact's time stays what the clock said. Where a span counts (since the event opened, in the last hour), each time is
first told as the present clock would have told it: a step within a boot says by how much they differ. What a restart
left unknown, how long the box was off, is taken from the wall clock where it was trusted before and after, and is
nothing where it was not.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter


@dataclass(frozen=True)
class Step:
    """A `clock.stepped/1`: its position, and whether the clock was ``trusted`` before it."""

    pos: int
    by_ms: int
    restarted: bool
    trusted: bool


class Timeline:
    """Times as the present clock tells them. ``trusted``: whether that is trusted."""

    def __init__(self, steps: Iterable[Step], *, trusted: bool) -> None:
        ordered = sorted(steps, key=attrgetter("pos"))
        shift, shifts = 0, [0]
        for step in reversed(ordered):
            both_true = step.restarted and step.trusted and trusted
            shift = 0 if both_true else shift + step.by_ms
            shifts.append(shift)
        self._positions = [step.pos for step in ordered]
        self._shifts = shifts[::-1]

    def wall_ms(self, pos: int, at_ms: int) -> int:
        """The time of the fact at ``pos``, which the clock of its day told as ``at_ms``."""
        return at_ms + self._shifts[bisect_right(self._positions, pos)]
