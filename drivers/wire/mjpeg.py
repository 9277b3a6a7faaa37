"""A stream of JPEG pictures (ITU-T T.81), one behind the other, as cameras give it: Motion JPEG."""

LONGEST = 4_000_000
"""Bytes of a picture; one of 12 megapixels has less."""

_START, _END = b"\xff\xd8\xff", b"\xff\xd9"
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a frame header (SOF0 to SOF15)."""


class Mjpeg:
    """`feed` gives the newest picture that is whole, and lets go of those before it. What is outside of pictures is
    passed over, and so is one that breaks off: where another begins before it has ended.
    """

    def __init__(self, *, longest: int = LONGEST) -> None:
        self._longest = longest
        self._buffer = bytearray()
        self._looked = 0

    def feed(self, data: bytes) -> bytes | None:
        self._buffer += data
        newest: bytes | None = None
        while True:
            if self._looked == 0:
                start = self._buffer.find(_START)
                # Two bytes may be the beginning of one.
                del self._buffer[: start if start >= 0 else max(0, len(self._buffer) - 2)]
                if start < 0:
                    return newest
                self._looked = len(_START)
            end = self._buffer.find(_END, self._looked)
            if end < 0:
                self._looked = max(len(_START), len(self._buffer) - 1)
                if len(self._buffer) > self._longest:
                    self._buffer.clear()
                    self._looked = 0
                return newest
            if self._buffer[end - 2 : end + 1] == _START:  # the beginning of another, cut short
                self._looked = end + 1
                continue
            newest = bytes(self._buffer[self._buffer.rfind(_START, 0, end) : end + len(_END)])
            del self._buffer[: end + len(_END)]
            self._looked = 0


def size_of(picture: bytes) -> tuple[int, int] | None:
    """Width and height in pixels, as a JPEG's header says; None for what is none, or broken before that."""
    at = 2
    while picture.startswith(_START) and at + 9 <= len(picture) and picture[at] == 0xFF:
        marker, length = picture[at + 1], int.from_bytes(picture[at + 2 : at + 4])
        if marker in _SIZES:
            return int.from_bytes(picture[at + 7 : at + 9]), int.from_bytes(picture[at + 5 : at + 7])
        at += 1 if marker == 0xFF else 2 + max(2, length)
    return None
