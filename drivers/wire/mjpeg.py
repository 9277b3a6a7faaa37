"""A stream of JPEG pictures (ITU-T T.81), one behind the other, as cameras give it: Motion JPEG."""

LONGEST = 4_000_000
"""Bytes of a picture; one of 12 megapixels has less."""

_START, _END = b"\xff\xd8\xff", b"\xff\xd9"


class Mjpeg:
    """`feed` gives the newest picture that is whole, and lets go of those before it. What is outside of pictures is
    passed over.
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
            newest = bytes(self._buffer[: end + len(_END)])
            del self._buffer[: len(newest)]
            self._looked = 0
