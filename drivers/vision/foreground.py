"""What does not belong to the empty place: a Gaussian mixture for each pixel (Zivkovic, "Improved adaptive Gaussian
mixture model for background subtraction", ICPR 2004; OpenCV's MOG2) that knows shadows.

Whoever stands still would become background. So the mixture is shown the empty place where somebody stands, and there
the difference to it decides.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.vision.arrays import Box, Mask, Picture, around
from drivers.vision.difference import differs
from drivers.vision.holes import Holes, is_hole

_HISTORY_S = 214.0
"""Seconds in which a change becomes background; long, because people queue."""
_FIRST_S = 10.0
"""The empty place that it begins with counts as if it had been seen for so long."""
_MIXTURES = 3
_THRESHOLD = 20.0
"""Squared distance from a pixel's mean, in variances."""
_SHADOWED = 200
"""MOG2 marks shadows with 127 and foreground with 255."""
_REFRESH_S = 0.86
_OPEN, _CLOSE = np.ones((3, 3), np.uint8), np.ones((7, 5), np.uint8)
"""Rows, columns: noise is smaller than the one, a gap between legs and arms than the other."""


class Foreground:
    """One camera's empty place, which it begins with."""

    def __init__(self, empty: Picture) -> None:
        self._mixture = cv2.createBackgroundSubtractorMOG2(round(_HISTORY_S), _THRESHOLD, True)
        self._mixture.setNMixtures(_MIXTURES)
        self._mixture.apply(empty, learningRate=1.0)
        self._holes = Holes()
        self.empty = empty
        """As it looks now."""
        self._age = 0.0
        self._learnt_s = _FIRST_S

    def mask(self, picture: Picture, standing: Sequence[Box], seconds: float) -> NDArray[np.uint8]:
        """255 where somebody may be, else 0; people stand in `standing`; `seconds` since the picture before."""
        self._learnt_s += seconds
        self._age += seconds
        if self._age >= _REFRESH_S:
            self.empty, self._age = self._mixture.getBackgroundImage(), 0.0
        shown = picture
        if standing:
            shown = picture.copy()
            for box in standing:
                shown[box.cut()] = self.empty[box.cut()]
        rate = seconds / min(_HISTORY_S, 2 * self._learnt_s)
        mask: NDArray[np.uint8] = self._mixture.apply(shown, learningRate=rate)
        mask = cv2.threshold(mask, _SHADOWED, 255, cv2.THRESH_BINARY)[1]
        self._holes.mend(mask, picture)
        for box in standing:
            mask[box.cut()][differs(picture[box.cut()], self.empty[box.cut()])] = 255
        return tidied(mask)

    def was_hole(self, part: Mask, box: Box, picture: Picture) -> bool:
        """Whether nobody is in `part` (of `box`) and something was before; then it is filled."""
        if not is_hole(part, box, picture, self.empty):
            return False
        self._holes.fill(part, box, picture)
        return True


def tidied(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Without specks, and without the gaps between arms and bodies."""
    opened: NDArray[np.uint8] = cv2.morphologyEx(mask, cv2.MORPH_OPEN, _OPEN)
    rows, columns = mask.shape
    moves = opened[around(opened).grown(max(_CLOSE.shape)).within(columns, rows).cut()]
    if moves.size:
        moves[:] = cv2.morphologyEx(moves, cv2.MORPH_CLOSE, _CLOSE)
    return opened
