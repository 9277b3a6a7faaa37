"""Parts that differ from the empty place and in which nobody is.

Somebody who stood there while the empty place was learnt leaves a hole when they go. So does a table that is moved.

Around a person the picture has an edge and the empty place has none; around a hole it is the other way round (Cucchiara
et al., "Detecting moving objects, ghosts, and shadows in video streams", PAMI 2003, call it a ghost). What is seen in a
hole is taken over as the empty place at once, while the mixture needs a minute.

The shadow of a cloud, and the sun that comes back after it, change a place as much as a person does, but softly: around
them the picture against the empty place has no edge.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.vision.arrays import Box, Mask, Picture, around
from drivers.vision.difference import differs, edges, grey, steps

_STEEPER = 1.3
_RIM, _BEYOND = 3, 5
"""Pixels."""
_AROUND, _FARTHER = np.ones((_RIM, _RIM), np.uint8), np.ones((_BEYOND, _BEYOND), np.uint8)
_SOFT = 0.03
"""Logarithm of the brightness against the empty place, a pixel: .01 around shadows of clouds, .07 and more around
people, also in clothes of the ground's colour."""


def is_hole(part: Mask, box: Box, picture: Picture, empty: Picture) -> bool:
    """Whether the outline of `part`, which lies in `box`, is an edge of the empty place rather than of the picture, or
    of neither. Of somebody whom the picture cuts off only the latter is asked."""
    height, width = picture.shape[:2]
    wide = box.grown(_RIM).within(width, height)
    shape = np.zeros((wide.height, wide.width), np.uint8)
    shape[box.top - wide.top : box.bottom - wide.top, box.left - wide.left : box.right - wide.left] = part
    rim = cv2.morphologyEx(shape, cv2.MORPH_GRADIENT, _AROUND)
    if not rim.any():
        return False
    seen, usual = grey(picture[wide.cut()]), grey(empty[wide.cut()])
    cut = box.left <= 1 or box.right >= width - 1 or box.bottom >= height - 1
    if not cut and cv2.mean(edges(usual), rim)[0] > _STEEPER * cv2.mean(edges(seen), rim)[0]:
        return True
    return cv2.mean(steps(seen, usual), rim)[0] < _SOFT


class Holes:
    """Where the empty place looks different from what the mixture still believes."""

    def __init__(self) -> None:
        self._where: Mask | None = None
        self._looks: Picture | None = None

    def fill(self, part: Mask, box: Box, picture: Picture) -> None:
        """What is seen in `part` is the empty place."""
        if self._where is None or self._looks is None:
            self._where, self._looks = np.zeros(picture.shape[:2], bool), picture.copy()
        beyond = cv2.dilate(part.astype(np.uint8), _FARTHER) > 0
        self._looks[box.cut()][beyond] = picture[box.cut()][beyond]
        self._where[box.cut()] |= beyond

    def mend(self, mask: NDArray[np.uint8], picture: Picture) -> None:
        """Takes from `mask` (255 or 0) what is empty there; forgets where the mixture has come to see it as well."""
        if self._where is None or self._looks is None:
            return
        box = around(self._where.view(np.uint8))
        if not box.width:
            self._where = self._looks = None
            return
        where, found = self._where[box.cut()], mask[box.cut()]
        where &= found > 0
        found[where & ~differs(picture[box.cut()], self._looks[box.cut()])] = 0
