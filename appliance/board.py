"""The status board: what changes every second and is worth nothing after a power cut.

RUN/board/NAME/page.json, one small JSON object, written by the worker NAME alone and readable by its folder's group:
`pid`, `state`, `since` (when it entered that state), `at` (when this was written; both CLOCK_BOOTTIME in
microseconds), `starts` (how often the worker has started since the run folder was made), and what the worker adds.

On a box each of these folders is made beforehand for the worker's own user: nobody writes another's page.
"""

import json
import math
import os
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from appliance import log

State = Literal["starting", "ready", "degraded", "stopping"]

LARGEST = 65_536
"""Bytes of one worker's file: more is not written and not read."""

_MOST_FILES = 64
_DEEPEST = 8
_REFRESH_US = 5_000_000
PAGE = "page.json"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


def boottime_us() -> int:
    """CLOCK_BOOTTIME in microseconds: it goes on while the machine is suspended and is the same in all
    processes."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


class Board:
    """The page of one worker. A board that cannot be written is logged and tried again; it never stops the
    work."""

    def __init__(self, run: Path, name: str, *, now: Callable[[], int] = boottime_us) -> None:
        """ValueError: a name that `read_all` would not accept."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"board name {name!r}: expected {_NAME.pattern}")
        self._folder = run / "board" / name
        before = (_read(self._folder / PAGE) or {}).get("starts")
        self._starts = before + 1 if type(before) is int else 1
        self._now = now
        self._log = log.get(name)
        self._state: str = "starting"
        self._since = now()
        self._values: dict[str, object] = {}
        self._written: str | None = None
        self._at = 0
        self._failing = False

    def put(self, *, state: State | None = None, **values: object) -> None:
        """Change what is given and keep the rest. Writes when something changed or 5 s have passed.

        Values are what JSON can say: TypeError or ValueError otherwise.
        """
        now = self._now()
        if state is not None and state != self._state:
            self._state, self._since = state, now
        self._values.update(values)
        page = {**self._values, "pid": os.getpid(), "state": self._state, "since": self._since, "starts": self._starts}
        text = json.dumps(page, allow_nan=False)
        if text == self._written and now - self._at < _REFRESH_US:
            return
        self._at = now
        try:
            self._write(json.dumps({**page, "at": now}).encode())
        except OSError as error:
            if not self._failing:
                self._log.warning("board.not_written", why=str(error))
            self._failing = True
            self._written = None
        else:
            self._written = text
            self._failing = False

    def clear(self) -> None:
        """Take the page down: this worker ended on purpose."""
        self._written = None
        (self._folder / PAGE).unlink(missing_ok=True)

    def _write(self, data: bytes) -> None:
        if len(data) > LARGEST:
            raise OSError(f"{len(data)} bytes for a page, at most {LARGEST}")
        self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        temporary = self._folder / f".{PAGE}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(temporary, flags, 0o640), "wb") as file:
            os.fchmod(file.fileno(), 0o640)
            file.write(data)
        temporary.rename(self._folder / PAGE)


def page_path(run: Path, name: str) -> Path:
    """Where a worker's page is."""
    return run / "board" / name / PAGE


def read(run: Path, name: str) -> dict[str, Any] | None:
    """One worker's page; None as in ``read_all``."""
    return _read(page_path(run, name))


def read_all(run: Path) -> dict[str, dict[str, Any]]:
    """The pages of all workers by name. One that is missing, half-written, too large or garbage is left out:
    its reader shows that worker as silent."""
    pages: dict[str, dict[str, Any]] = {}
    try:
        names = sorted(os.listdir(run / "board"))
    except FileNotFoundError:
        return pages
    for name in names:
        if _NAME.fullmatch(name) and len(pages) < _MOST_FILES:
            page = read(run, name)
            if page is not None:
                pages[name] = page
    return pages


def age_s(page: dict[str, Any], now_us: int) -> float:
    """Seconds since the page was written; infinite when it does not say so or stems from another boot.

    A page that was written just after the clock was read is new, not old.
    """
    at = page.get("at")
    if type(at) is not int or not 0 <= at <= now_us + _REFRESH_US:
        return math.inf
    return max(0.0, (now_us - at) / 1e6)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            return None
        page = json.loads(data, parse_float=_finite, parse_constant=_finite)
    except (OSError, ValueError, RecursionError):
        return None
    return page if isinstance(page, dict) and _shallow(page, _DEEPEST) else None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number")
    return number


def _shallow(value: object, levels: int) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    return not isinstance(value, list) or (levels > 0 and all(_shallow(item, levels - 1) for item in value))
