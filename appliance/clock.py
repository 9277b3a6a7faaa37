"""Time as a fact carries it: wall time, monotonic time, boot, and how far the wall clock was trusted."""

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

Trust = Literal["rtc", "ntp", "phone", "none"]

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised


@dataclass(frozen=True)
class Now:
    """One reading of the clock.

    ``wall_ms``: Unix time in milliseconds; ``mono``: microseconds of CLOCK_BOOTTIME (it goes on while suspended);
    ``boot``: an id of this boot; ``trust``: where the wall time comes from.
    """

    wall_ms: int
    mono: int
    boot: str
    trust: Trust

    @cached_property
    def at(self) -> str:
        """RFC 3339 in UTC with milliseconds."""
        return rfc3339(self.wall_ms)

    @property
    def trusted(self) -> bool:
        """Whether rules about wall time may be applied."""
        return self.trust != "none"


def rfc3339(wall_ms: int) -> str:
    """Unix milliseconds → ``2026-11-23T18:00:01.000Z``."""
    seconds, ms = divmod(wall_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ms:03d}Z"


def parse_rfc3339(text: str) -> int:
    """RFC 3339 → Unix milliseconds."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


Clock = Callable[[], Now]


def system_clock(trust: Trust | Literal["auto"] = "auto") -> Clock:
    """The machine's own clock. ``auto`` asks the kernel each time whether it is synchronised."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip().split("-")[0]
    seen: tuple[int, Trust] = (-60_000_000, "none")

    def now() -> Now:
        nonlocal seen
        mono = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000
        if trust != "auto":
            level: Trust = trust
        else:
            if mono - seen[0] >= 10_000_000:
                seen = (mono, _kernel_trust())
            level = seen[1]
        return Now(time.time_ns() // 1_000_000, mono, boot, level)

    return now


def _kernel_trust() -> Trust:
    """``ntp`` when the kernel says synchronised (adjtimex), ``rtc`` when a battery-backed clock set it, else
    ``none``."""
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    if 0 <= state < _TIME_ERROR:
        return "ntp"
    for hctosys in Path("/sys/class/rtc").glob("rtc*/hctosys"):
        try:
            if hctosys.read_text().strip() == "1":
                return "rtc"
        except OSError:
            continue
    return "none"


class FakeClock:
    """A clock that stands until it is moved; for tests and for scripted days."""

    def __init__(self, at: str = "2026-11-23T18:00:00.000Z", trust: Trust = "ntp") -> None:
        self._now = Now(parse_rfc3339(at), 1_000_000, "b0", trust)

    def __call__(self) -> Now:
        return self._now

    def advance(self, seconds: float) -> None:
        """Time passes: wall and monotonic clock go on together."""
        self._now = replace(
            self._now,
            wall_ms=self._now.wall_ms + round(seconds * 1000),
            mono=self._now.mono + round(seconds * 1_000_000),
        )

    def step(self, seconds: float) -> None:
        """Somebody sets the wall clock; the monotonic one does not notice."""
        self._now = replace(self._now, wall_ms=self._now.wall_ms + round(seconds * 1000))

    def trust(self, level: Trust) -> None:
        """The source of the wall clock changes."""
        self._now = replace(self._now, trust=level)

    def reboot(self, boot: str) -> None:
        """The machine starts again: the monotonic clock begins anew."""
        self._now = replace(self._now, boot=boot, mono=1_000_000)
