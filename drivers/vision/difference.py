"""Whether a place looks as it does when it is empty, pixel by pixel."""

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.vision.arrays import Mask, Picture

_DIFFERS = 30
"""Colour distance in grey levels."""
_SHADE_DARK, _SHADE_EVEN = 0.5, 0.08
"""A shadow is darker, but not by more than half, and all three colours are by nearly the same factor."""
_DARKEST = 8
"""Grey levels that are added, so that the noise of black is no change."""
_SOBEL = 1 / 8
_SUM = np.ones((1, 3), np.float32)


def differs(seen: Picture, empty: Picture) -> Mask:
    """Where `seen` is not the empty place, nor its shadow."""
    off = cv2.absdiff(seen, empty).astype(np.float32)
    blue, green, red = cv2.split((seen.astype(np.float32) + 1) / (empty.astype(np.float32) + 1))
    most, least = cv2.max(cv2.max(blue, green), red), cv2.min(cv2.min(blue, green), red)
    shadow = (least > _SHADE_DARK) & (most < 1.0) & (most - least < _SHADE_EVEN)
    found: Mask = (cv2.transform(off * off, _SUM) > _DIFFERS**2) & ~shadow
    return found


def grey(picture: Picture) -> NDArray[np.uint8]:
    """The brightness alone."""
    found: NDArray[np.uint8] = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return found


def edges(bright: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How steep the brightness is at each pixel, grey levels."""
    found: NDArray[np.float32] = cv2.magnitude(cv2.Sobel(bright, cv2.CV_32F, 1, 0), cv2.Sobel(bright, cv2.CV_32F, 0, 1))
    return found


def steps(seen: NDArray[np.uint8], empty: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How steep the brightness of `seen` against that of `empty` is at each pixel, logarithm a pixel: what lies on the
    ground or is painted on it cancels."""
    smooth = [cv2.GaussianBlur(bright, (3, 3), 0) for bright in (seen, empty)]
    change = np.log((smooth[0] + np.float32(_DARKEST)) / (smooth[1] + np.float32(_DARKEST)))
    found: NDArray[np.float32] = cv2.magnitude(
        cv2.Sobel(change, cv2.CV_32F, 1, 0, scale=_SOBEL), cv2.Sobel(change, cv2.CV_32F, 0, 1, scale=_SOBEL)
    )
    return found
