"""Dots → GS v 0, and why no picture can command the printer.

A printer obeys real-time commands (DLE EOT, DLE ENQ, DLE DC4) wherever it meets their bytes, also inside a picture.
All of them begin with 10h. So no byte of a picture is 10h: this pattern, one dot alone among eight, becomes 18h, two
dots side by side. The one length that may be 10h, the width, is followed by its high byte, which is 00h on every paper.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_BAND = 24
"""Rows a command: short enough for the smallest buffers, and for a status question between two commands."""


@dataclass(frozen=True, slots=True)
class Dots:
    """Rows of `wide` bytes, 1 = black, most significant bit left."""

    wide: int
    rows: bytes

    def __post_init__(self) -> None:
        if not 1 <= self.wide <= 255 or len(self.rows) % self.wide:
            raise ValueError(f"{len(self.rows)} bytes are no rows of {self.wide} bytes, which is 1…255")


def commands(dots: Dots) -> Iterator[bytes]:
    """Each is one GS v 0 of up to `_BAND` rows; they join without a gap."""
    band = dots.wide * _BAND
    for start in range(0, len(dots.rows), band):
        rows = dots.rows[start : start + band]
        high = len(rows) // dots.wide
        yield b"\x1dv0\x00" + bytes((dots.wide, 0, high, 0)) + rows.replace(b"\x10", b"\x18")
