"""The colours that somebody wears: a histogram of 8 x 8 x 8 shades, which tells people apart who stand close."""

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.vision.arrays import Mask, Picture, Weights

_SHADES = 512
NONE = _SHADES
"""The shade of what does not count."""
_PLACES = np.array([[64, 8, 1]], np.float32)
_NEW = 0.1
_TELLS = 0.6
"""How much a colour may add to a pixel or take from it."""
_LEAST = 1e-3

Shades = NDArray[np.intp]
Colours = NDArray[np.float32]
"""Shares of 512 shades; they add up to 1."""


def shades(picture: Picture) -> Shades:
    """Each pixel's shade, 0…511."""
    found: Shades = cv2.transform((picture >> 5).astype(np.float32), _PLACES).astype(np.intp)
    return found


def colours(picture: Picture, mask: Mask) -> Colours:
    """Of the pixels in `mask`."""
    counted = cv2.calcHist([picture], [0, 1, 2], mask.view(np.uint8), [8, 8, 8], [0, 256] * 3).ravel()
    found: Colours = counted / (counted.sum() + 1e-6)
    return found


def learn(before: Colours | None, now: Colours, share: float = _NEW) -> Colours:
    """Clothes look different from the other side: what was known fades."""
    return now if before is None else (1 - share) * before + share * now


def tells(own: Colours, everybody: Colours) -> Weights:
    """For each shade what a pixel of it is worth to this person, about 1: more where few others wear it."""
    ratio = np.log((own + _LEAST) / (everybody + _LEAST))
    worth: Weights = (1 + _TELLS * np.clip(ratio, -1, 1)).astype(np.float32)
    return worth


def alike(one: Colours, other: Colours) -> float:
    """Bhattacharyya coefficient: 1 = the same shades, 0 = none in common."""
    return float(np.sqrt(one * other).sum())
