"""Until when something holds, by the clock that no hand moves.

A deadline belongs to one boot: its monotonic clock runs on through steps of the wall clock and through suspension, and
ends with the boot. In another boot a deadline is neither over nor running; what has one pauses until somebody resumes
it, with what was left.
"""

from dataclasses import dataclass
from typing import Protocol


class Instant(Protocol):
    """A moment of one boot, ``mono`` in microseconds: `clock.Now`, or what a fact carries."""

    @property
    def boot(self) -> str:
        """Which boot."""

    @property
    def mono(self) -> int:
        """Microseconds since it began."""


@dataclass(frozen=True)
class Deadline:
    """The end of something: ``mono_us`` microseconds into ``boot``."""

    boot: str
    mono_us: int

    @classmethod
    def after(cls, begin: Instant, seconds: float) -> "Deadline":
        """So long after a moment."""
        return cls(begin.boot, begin.mono + round(seconds * 1_000_000))

    def left(self, now: Instant) -> float | None:
        """Seconds that are left, below 0 when it is over; None in another boot."""
        return (self.mono_us - now.mono) / 1_000_000 if now.boot == self.boot else None

    def holds(self, now: Instant) -> bool:
        """Whether there is time left, to the microsecond itself; never in another boot."""
        return now.boot == self.boot and now.mono <= self.mono_us

    def pause(self, last: Instant) -> "Paused":
        """Stop it as of ``last``, a moment of its own boot: now, or after a restart the last that is known. ValueError:
        a moment of another boot."""
        if last.boot != self.boot:
            raise ValueError(f"a deadline of boot {self.boot} cannot pause in boot {last.boot}")
        return Paused(max(0, self.mono_us - last.mono))


@dataclass(frozen=True)
class Paused:
    """A deadline that stands: ``left_us`` microseconds, 0 when it was over."""

    left_us: int

    def resume(self, now: Instant) -> Deadline:
        """It runs again, in the boot that is now."""
        return Deadline(now.boot, now.mono + self.left_us)
