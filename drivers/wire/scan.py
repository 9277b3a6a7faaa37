"""Codes out of the text of a scanner, whatever it came by.

A code ends with CR, LF, CRLF, or, where the scanner is set to send no suffix, with a pause. AIM identifiers
(ISO/IEC 15424: `]Q1`, `]C0`, …) are cut off.
"""

import re
from collections import Counter

GAP = 0.08
"""Seconds of silence that end a code; scanners that send no suffix pause for at least 60 to 100 ms between
two codes.
"""

LONGEST = 4296
"""Bytes of a code: what the largest QR code holds as alphanumeric text (ISO/IEC 18004, version 40-L)."""

SAME_WITHIN = 1.5
"""Seconds within which an identical code is the same scan."""

_END = re.compile(rb"[\r\n]")
_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_GROUP_SEPARATOR = "\x1d"  # FNC1 inside a GS1 code


class Codes:
    """What is a code at all, and which is the same scan again. Times are monotonic seconds.

    `resting`: a scanner that sees the same code again and again while it rests in front of it; it is one scan
    until it has been out of sight for 1.5 s. Without it the 1.5 s count from the scan that was passed on, so that
    a code held out for longer is heard again.

    `counters`: `codes`, `repeated` (identical within 1.5 s), `unreadable` (not text), `too_long`.
    """

    def __init__(self, counters: Counter[str], *, longest: int = LONGEST, resting: bool = False) -> None:
        self._longest = longest
        self._resting = resting
        self._recent: dict[str, float] = {}
        self.counters = counters

    def accept(self, data: bytes, at: float) -> str | None:
        """The code in `data`, UTF-8; None when it is none, or the same scan again."""
        if len(data) > self._longest:
            self.counters["too_long"] += 1
            return None
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            self.counters["unreadable"] += 1
            return None
        code = text[3:] if _AIM.match(text) else text
        if not code:
            return None
        if not code.replace(_GROUP_SEPARATOR, "").isprintable():
            self.counters["unreadable"] += 1
            return None
        if self._is_repeat(code, at):
            self.counters["repeated"] += 1
            return None
        self.counters["codes"] += 1
        return code

    def _is_repeat(self, code: str, at: float) -> bool:
        self._recent = {c: t for c, t in self._recent.items() if at - t < SAME_WITHIN}
        again = code in self._recent
        if self._resting or not again:
            self._recent[code] = at
        return again


class ScanReader:
    """`feed` what arrives, `idle` when nothing does; both return complete codes. Times are monotonic seconds.

    `counters`: those of `Codes`, `partial` (cut off by a reconnect) and `heard` (bytes of text).
    """

    def __init__(self, counters: Counter[str] | None = None, *, gap: float = GAP, longest: int = LONGEST) -> None:
        self.counters: Counter[str] = Counter() if counters is None else counters
        self._codes = Codes(self.counters, longest=longest)
        self._gap = gap
        self._longest = longest
        self._buffer = bytearray()
        self._overflow = False
        self._last_byte = 0.0
        self.ended = 0
        """Readings of the scanner so far, whatever came of them."""

    def feed(self, data: bytes, at: float) -> list[str]:
        codes: list[str] = []
        if data:
            self._last_byte = at
            self.counters["heard"] += len(data)
        *ended, rest = _END.split(data)
        for piece in ended:
            self._add(piece)
            self._finish(at, codes)
        self._add(rest)
        return codes

    def idle(self, at: float) -> list[str]:
        """Call this only when there was nothing to read: bytes that wait in the system are not a pause."""
        codes: list[str] = []
        if self._pending() and at >= self._last_byte + self._gap:
            self._finish(at, codes)
        return codes

    def rest(self, at: float) -> float | None:
        """Seconds until `idle` may end a code; None when nothing is pending."""
        return max(0.0, self._last_byte + self._gap - at) if self._pending() else None

    def reset(self) -> None:
        """The line was lost: half a code is no code."""
        if self._pending():
            self.counters["partial"] += 1
        self._buffer.clear()
        self._overflow = False

    def _pending(self) -> bool:
        return bool(self._buffer) or self._overflow

    def _add(self, piece: bytes) -> None:
        if not self._overflow:
            self._buffer += piece
            if len(self._buffer) > self._longest:
                self._overflow = True
                self._buffer.clear()

    def _finish(self, at: float, codes: list[str]) -> None:
        frame = bytes(self._buffer)
        self._buffer.clear()
        self.ended += bool(frame) or self._overflow
        if self._overflow:
            self._overflow = False
            self.counters["too_long"] += 1
        elif (code := self._codes.accept(frame, at)) is not None:
            codes.append(code)
