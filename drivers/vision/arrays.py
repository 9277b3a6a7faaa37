"""The arrays that pictures are made of, and places in them that may lie partly outside."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""Rows x columns x 3: blue, green, red."""
Mask = NDArray[np.bool_]
Weights = NDArray[np.float32]


class Box(NamedTuple):
    """Pixels from `left`, `top` up to, not including, `right`, `bottom`."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def within(self, width: int, height: int) -> "Box":
        """What of it lies in a picture of this size; a box without pixels when nothing does."""
        left, top = min(max(self.left, 0), width), min(max(self.top, 0), height)
        return Box(left, top, max(left, min(self.right, width)), max(top, min(self.bottom, height)))

    def common(self, other: "Box") -> "Box":
        """What lies in both; without pixels, and turned inside out, when nothing does."""
        return Box(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def cut(self) -> tuple[slice, slice]:
        """For indexing an array: rows, columns."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def grown(self, by: int) -> "Box":
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)


def around(mask: NDArray[np.uint8]) -> Box:
    """The smallest box of all pixels that are not 0; without pixels when there are none."""
    left, top, width, height = cv2.boundingRect(mask)
    return Box(left, top, left + width, top + height)


def count(mask: Mask) -> int:
    """Pixels that are set; a plain int, for NumPy's own numbers are slow one by one."""
    return int(np.count_nonzero(mask))


_FLAT = 5.0
"""Grey levels: standard deviation of what a covered lens sees."""


def flat(picture: Picture) -> bool:
    """Whether nothing is to be seen in it: the lens is covered, or it is pitch dark."""
    return float(cv2.meanStdDev(np.ascontiguousarray(picture[4::8, 4::8, 1]))[1][0, 0]) < _FLAT
