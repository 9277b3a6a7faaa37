"""The light of a whole picture: a cloud, a lamp that is switched on, a camera that corrects its exposure. What changes
everywhere by the same factor is taken out before anybody is looked for.
"""

import math

import cv2
import numpy as np

from drivers.vision.arrays import Picture, Weights, count

_EVERY = 8
"""Of these pixels one is looked at, in both directions."""
_FOLLOWS_S = 4.7
"""Seconds in which the reference follows what stays changed."""
_STEP = 6.0
"""Grey levels; so much of a difference counts, whoever stands there."""
_DARK, _BRIGHT = 20.0, 235.0
"""Outside of them a pixel is too noisy or clipped."""
_ENOUGH = 200
_NOTICED = 0.008


class Gain:
    """`factor`: the light now against the light that it is corrected to."""

    def __init__(self) -> None:
        self.factor = 1.0
        self._reference: Weights | None = None

    def even(self, picture: Picture, seconds: float) -> Picture:
        """The picture in the usual light; `seconds` since the one before."""
        sample = picture[_EVERY // 2 :: _EVERY, _EVERY // 2 :: _EVERY].astype(np.float32)
        if self._reference is None:
            self._reference = sample
            return picture
        useful = (self._reference > _DARK) & (self._reference < _BRIGHT)
        self.factor = 1.0
        if count(useful) > _ENOUGH:
            self.factor = _median(((sample + 1) / (self._reference + 1))[useful])
        rate = 1 - math.exp(-seconds / _FOLLOWS_S)
        self._reference += rate * np.clip(sample / self.factor - self._reference, -_STEP, _STEP)
        if abs(self.factor - 1) <= _NOTICED:
            return picture
        even: Picture = cv2.convertScaleAbs(picture, alpha=1 / self.factor)
        return even


def _median(values: Weights) -> float:
    """NumPy's own takes three times as long, for it looks for what is not a number."""
    values.sort()
    middle = len(values) // 2
    return float(values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2)
