"""Events, not prose: one line on stderr for each thing worth knowing.

    log = get("printing")
    log.warning("printer.retry", attempt=3)

A pipe or a file gets one JSON object a line, `{"level", "ts", "worker", "event", "fields"}`, with `ts` in UTC
(RFC 3339, milliseconds). A terminal gets a short form. When stderr is the stream that JOURNAL_STREAM names
(systemd.exec(5)), the line starts with its priority, `<4>` (sd-daemon(3)).

A field is a str, int, finite float, bool or None. Anything else is left out and a mark with its type takes
its place, so that an object which holds a name or a PIN never prints itself. Long strings are cut. A line is
at most 4,096 bytes, one write: workers that share a pipe do not tear each other's lines (pipe(7), PIPE_BUF).

`debug` is written only when BOOTHKIT_LOG is `debug`.
"""

import json
import math
import os
import time
from collections.abc import Callable

_PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3}
_STDERR = 2
_LONGEST_EVENT = 128
_LONGEST_STRING = 512
_LONGEST_LINE = 4096
_SELDOM_S = 60.0

Value = str | int | float | bool | None


class Log:
    """The events of one worker. No method ever raises: a log that fails must not stop a sale."""

    def __init__(self, worker: str) -> None:
        self.worker = worker

    def debug(self, event: str, /, **fields: object) -> None:
        """What helps to find a fault; hidden unless BOOTHKIT_LOG is `debug`."""
        if os.environ.get("BOOTHKIT_LOG") == "debug":
            self._emit("debug", event, fields)

    def info(self, event: str, /, **fields: object) -> None:
        """What happened as it should."""
        self._emit("info", event, fields)

    def warning(self, event: str, /, **fields: object) -> None:
        """What went wrong and is being dealt with."""
        self._emit("warning", event, fields)

    def error(self, event: str, /, **fields: object) -> None:
        """What went wrong and needs a person or a restart."""
        self._emit("error", event, fields)

    def _emit(self, level: str, event: str, fields: dict[str, object]) -> None:
        try:
            now = time.time()
            simple = {key: _simple(value) for key, value in fields.items()}
            prefix = f"<{_PRIORITY[level]}>" if _is_journal() else ""
            form = _short if os.isatty(_STDERR) else _json
            event = event[:_LONGEST_EVENT]
            line = prefix + form(now, level, self.worker, event, simple)
            while len(line) >= _LONGEST_LINE and simple:
                simple.popitem()
                line = prefix + form(now, level, self.worker, event, {**simple, "cut": True})
            os.write(_STDERR, line.encode("ascii", "backslashreplace")[: _LONGEST_LINE - 1] + b"\n")
        except Exception:  # noqa: BLE001 -- there is nowhere left to report a log that cannot be written
            return


class Seldom:
    """A warning that may come with every request: written when it comes, then at most once a minute, with how often it
    came in between (`more`)."""

    def __init__(self, log: Log, event: str, now: Callable[[], float] = time.monotonic) -> None:
        self._log, self._event, self._now = log, event, now
        self._next, self._more = -math.inf, 0

    def warning(self, **fields: object) -> None:
        """It came."""
        now = self._now()
        if now < self._next:
            self._more += 1
            return
        self._log.warning(self._event, **fields, **({"more": self._more} if self._more else {}))
        self._next, self._more = now + _SELDOM_S, 0


def get(name: str) -> Log:
    """The log of the worker `name`."""
    return Log(name)


def _simple(value: object) -> Value:
    match value:
        case None | bool():
            return value
        case int() if abs(value) < 1 << 64:
            return int(value)
        case float() if math.isfinite(value):
            return float(value)
        case str():
            text = str.__str__(value)  # the content, also of an enum that prints as its name
            return text if len(text) <= _LONGEST_STRING else text[:_LONGEST_STRING] + "…"
        case _:
            return f"[dropped {type(value).__name__}]"


def _is_journal() -> bool:
    """JOURNAL_STREAM is inherited, so it counts only while it names the device and inode of our own
    stderr."""
    stream = os.environ.get("JOURNAL_STREAM")
    if not stream:
        return False
    stat = os.fstat(_STDERR)
    return stream == f"{stat.st_dev}:{stat.st_ino}"


def _json(now: float, level: str, worker: str, event: str, fields: dict[str, Value]) -> str:
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
    line = {"level": level, "ts": at, "worker": worker, "event": event, "fields": fields}
    return json.dumps(line, separators=(",", ":"))


def _short(now: float, level: str, worker: str, event: str, fields: dict[str, Value]) -> str:
    words = [time.strftime("%H:%M:%S", time.localtime(now)), level[0].upper(), worker, event]
    return " ".join([*words, *(f"{key}={_word(value)}" for key, value in fields.items())])


def _word(value: Value) -> str:
    """A value on a terminal: quoted and escaped unless it is one plain word (no escape sequence gets
    through)."""
    if isinstance(value, str) and value.isascii() and value.isprintable() and value and " " not in value:
        return value
    return json.dumps(value)
