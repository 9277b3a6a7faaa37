"""The outline of an upright person, as a pattern to lay over what moves."""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.vision.arrays import Mask, Weights

WIDTH = 0.36
"""Of a person's height, arms and stride included."""
RING = 0.35
"""What a moving pixel just outside of the outline costs; one inside earns 1."""
_PAD = 0.10
_HALF_WIDTHS = ((0.15, 0.075), (0.22, 0.13), (0.55, 0.18), (0.80, 0.14), (9.0, 0.13))
"""From the crown down to this part of the height: half the width there."""
_LEAST_STEP = 1e-6


@dataclass(frozen=True)
class Silhouette:
    """`pattern`: + inside, − in the ring; `inside`: the outline; both reach `pad` pixels beyond head and feet, and
    `middle` columns to the left of the body's middle. `area`: pixels inside."""

    pattern: Weights
    inside: Mask
    pad: int
    middle: int
    area: int
    corners: tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]
    """Of the rectangles that `pattern` is made of: rows, columns, and by how much it steps there."""


@lru_cache(maxsize=512)
def silhouette(tall: int) -> Silhouette:
    """Of somebody who is `tall` pixels tall."""
    pad = max(2, round(_PAD * tall))
    width = ceil(WIDTH * tall) + 2 * pad
    width += 1 - width % 2
    rows, columns = np.mgrid[0 : tall + 2 * pad, 0:width]
    down = (rows - pad + 0.5) / tall
    aside = np.abs(columns - width // 2) / tall
    half = np.select([down < part for part, _ in _HALF_WIDTHS], [wide for _, wide in _HALF_WIDTHS])
    inside = (down >= 0) & (down <= 1) & (aside <= half)
    ring = (down > -0.08) & (down < 1.06)
    pattern = np.where(inside, 1.0, np.where(ring, -RING, 0.0)).astype(np.float32)
    step = np.diff(np.diff(np.pad(pattern.astype(np.float64), 1), axis=0), axis=1)
    down_at, across_at = np.nonzero(np.abs(step) > _LEAST_STEP)
    corners = down_at, across_at, step[down_at, across_at]
    return Silhouette(pattern, inside, pad, width // 2, int(np.count_nonzero(inside)), corners)


def overlaid(shape: Silhouette, weights: Weights) -> Weights:
    """The sum of `weights` times the pattern, wherever it fits in.

    A pattern of few rectangles needs the sums of `weights` over all that is above and left of their corners, and no
    more (Crow, "Summed-area tables for texture mapping", SIGGRAPH 1984): a fifth of the time of a correlation.
    """
    rows, columns, by = shape.corners
    sums = cv2.integral(weights)
    wide = sums.shape[1]
    places = weights.shape[0] - shape.pattern.shape[0] + 1, weights.shape[1] - shape.pattern.shape[1] + 1
    begins = (np.arange(places[0])[:, None] * wide + np.arange(places[1])).ravel()
    found: Weights = (by @ sums.ravel().take((rows * wide + columns)[:, None] + begins)).reshape(places)
    return found
