"""Time as a fact carries it: wall time, monotonic time, boot, and how far the wall clock was trusted.

How far, from the best: `ntp`, the kernel says that the network keeps the clock, or has set it in this boot; `phone`,
the lead set it in this boot; `rtc`, the battery clock that the kernel read at boot shows the same, and a time that can
be; `none`. What was set counts until somebody steps the clock: on Linux the wall clock and the monotonic one run at one
rate, whoever steers it, so that the difference between them is as it was, or the clock was stepped.
"""

import ctypes
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

Trust = Literal["rtc", "ntp", "phone", "none"]

STEP_MS = 2000
"""What the wall clock moves against the monotonic one without that anybody stepped it: two are never read at once."""

NOTE = "steward/clock"
"""Of the run folder: what the steward knows of this boot's clock. It alone writes it, everybody may read it."""

EARLIEST_MS, LATEST_MS = 1_600_000_000_000, 4_102_444_800_000
"""What anybody may set the clock to: 2020 to 2099."""

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_LOOK_US = 5_000_000
_RTC_AGREES_S = 60
_LARGEST = 1000


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

    @property
    def offset_ms(self) -> int:
        """The wall clock's time when this boot began; it changes when somebody steps the clock."""
        return self.wall_ms - self.mono // 1000


def rfc3339(wall_ms: int) -> str:
    """Unix milliseconds → ``2026-11-23T18:00:01.000Z``."""
    seconds, ms = divmod(wall_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ms:03d}Z"


def parse_rfc3339(text: str) -> int:
    """RFC 3339 → Unix milliseconds."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


Clock = Callable[[], Now]


@dataclass(frozen=True)
class Note:
    """What the steward knows of the clock of ``boot``. ``source``: who set it last, ntp or phone, empty when nobody
    did; ``offset_ms``: `Now.offset_ms` as it was set; ``floor_ms``: the journal's newest trusted time, before which
    no battery clock is right."""

    boot: str
    source: str = ""
    offset_ms: int = 0
    floor_ms: int = 0

    def write(self, run: Path) -> None:
        """Replace the note, in one piece. OSError."""
        path = run / NOTE
        new = path.with_suffix(".new")
        new.write_text(json.dumps(asdict(self)))
        new.chmod(0o644)
        new.replace(path)


def read_note(run: Path) -> Note | None:
    """The steward's note; None when there is none that can be read."""
    with suppress(OSError, ValueError, TypeError):
        with (run / NOTE).open("rb") as file:
            note = Note(**json.loads(file.read(_LARGEST)))
        if [type(value) for value in asdict(note).values()] == [str, str, int, int]:
            return note
    return None


def _written(run: Path) -> int:
    """Which note it is; 0 without one."""
    try:
        return (run / NOTE).stat().st_mtime_ns
    except OSError:
        return 0


def judge(now: Now, note: Note | None) -> Trust:
    """How far the wall clock is trusted that the kernel trusts as far as ``now`` says."""
    note = note if note is not None and note.boot == now.boot else Note(now.boot)
    if now.trust == "ntp":
        return "ntp"
    if abs(now.offset_ms - note.offset_ms) < STEP_MS:
        if note.source == "ntp":
            return "ntp"
        if note.source == "phone":
            return "phone"
    if now.trust == "rtc":
        return no_earlier(now, max(note.floor_ms, _built_ms())).trust
    return "none"


def no_earlier(now: Now, floor_ms: int) -> Now:
    """A reading as it is worth when it cannot be earlier than ``floor_ms``: a battery clock that says so is flat."""
    return replace(now, trust="none") if now.trust == "rtc" and now.wall_ms < floor_ms else now


def _built_ms() -> int:
    """When this program was built, or installed at the latest: it cannot be earlier."""
    return Path(__file__).stat().st_mtime_ns // 1_000_000


def boot_id() -> str:
    """The kernel's id of this boot, its first eight digits."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip().split("-")[0]


def system_clock(
    trust: Trust | Literal["auto"] = "auto", run: Path | None = None, kernel: Callable[[int], Trust] | None = None
) -> Clock:
    """The machine's own clock. ``auto`` asks the kernel and, with a run folder, the steward's note: every five seconds,
    and whenever the clock was stepped or the note is new. ``kernel``: how far it trusts a wall time in milliseconds."""
    boot, ask = boot_id(), kernel or kernel_trust
    last: tuple[Now, int] | None = None

    def now() -> Now:
        nonlocal last
        mono = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000
        wall = time.time_ns() // 1_000_000
        if trust != "auto":
            return Now(wall, mono, boot, trust)
        written = 0 if run is None else _written(run)
        if last is not None and last[1] == written and mono - last[0].mono < _LOOK_US:
            same = Now(wall, mono, boot, last[0].trust)
            if abs(same.offset_ms - last[0].offset_ms) < STEP_MS // 2:
                return same
        found = Now(wall, mono, boot, ask(wall))
        found = replace(found, trust=judge(found, read_note(run) if run is not None else None))
        last = found, written
        return found

    return now


def kernel_trust(wall_ms: int) -> Trust:
    """``ntp`` when the kernel says synchronised (adjtimex), ``rtc`` when it read a battery-backed clock at boot that
    agrees with this wall time, else ``none``."""
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    return "ntp" if 0 <= state < _TIME_ERROR else rtc_trust(Path("/sys"), wall_ms)


def rtc_trust(sys: Path, wall_ms: int) -> Trust:
    """``rtc`` when a clock below ``sys`` set the kernel's and still shows this wall time. One that lost its battery
    shows another, when something else (a file's time) has moved the wall clock on."""
    for clock in (sys / "class/rtc").glob("rtc*"):
        with suppress(OSError, ValueError):
            if (clock / "hctosys").read_text().strip() == "1":
                shown = int((clock / "since_epoch").read_text())
                return "rtc" if abs(shown - wall_ms // 1000) <= _RTC_AGREES_S else "none"
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
