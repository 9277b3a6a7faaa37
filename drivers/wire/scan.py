"""Codes out of the bytes of a serial scanner.

A code ends with CR, LF, CRLF, or, where the scanner is set to send no suffix, with a pause. Acknowledgements
of GM65 and GM67 modules share the line and are taken out, AIM identifiers (ISO/IEC 15424: `]Q1`, `]C0`, …)
are cut off.
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

GM65_ACK = bytes.fromhex("02 00 00 01 00 33 31")
GM67_ACK = bytes.fromhex("04 D0 00 00 FF 2C")

_END = re.compile(rb"[\r\n]")
_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_GROUP_SEPARATOR = "\x1d"  # FNC1 inside a GS1 code


class ScanReader:
    """`feed` what arrives, `idle` when nothing does; both return complete codes. Times are monotonic seconds.

    `counters`: `codes`, `repeated` (identical within 1.5 s), `acknowledgements`, `too_long`, `unreadable`
    (not text), `partial` (cut off by a reconnect).
    """

    def __init__(self, counters: Counter[str] | None = None, *, gap: float = GAP, longest: int = LONGEST) -> None:
        self._gap = gap
        self._longest = longest
        self._buffer = bytearray()
        self._overflow = False
        self._last_byte = 0.0
        self._recent: dict[str, float] = {}
        self.counters: Counter[str] = Counter() if counters is None else counters

    def feed(self, data: bytes, at: float) -> list[str]:
        codes: list[str] = []
        if data:
            self._last_byte = at
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
        if self._overflow:
            self._overflow = False
            self.counters["too_long"] += 1
            return
        for ack in (GM65_ACK, GM67_ACK):
            found = frame.count(ack)
            if found:
                self.counters["acknowledgements"] += found
                frame = frame.replace(ack, b"")
        try:
            text = frame.decode("utf-8")
        except UnicodeDecodeError:
            self.counters["unreadable"] += 1
            return
        code = text[3:] if _AIM.match(text) else text
        if not code:
            return
        if not code.replace(_GROUP_SEPARATOR, "").isprintable():
            self.counters["unreadable"] += 1
            return
        if self._is_repeat(code, at):
            self.counters["repeated"] += 1
            return
        self.counters["codes"] += 1
        codes.append(code)

    def _is_repeat(self, code: str, at: float) -> bool:
        """Counted from the scan that was passed on, so that a code held in front of the scanner is heard
        again.
        """
        self._recent = {c: t for c, t in self._recent.items() if at - t < SAME_WITHIN}
        if code in self._recent:
            return True
        self._recent[code] = at
        return False
