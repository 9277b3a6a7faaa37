"""How tall a person appears whose feet are in row y: h(y) = a·y + b pixels, learnt while people walk by.

On level ground the height of a person in the picture of a tilted camera grows in proportion to the distance of their
feet from the horizon (Hoiem et al., "Putting objects in perspective", IJCV 2008), hence a straight line. Everything
that moves and has a person's proportions votes, also groups and halves of people; the line that most of them agree on
counts, found among many drawn through two of them each (RANSAC: Fischler and Bolles, CACM 1981).
"""

import random
from collections import deque

import numpy as np

LEAST = 14.0
"""Pixels; below it a person is a dot."""
_BATCH, _FIRST_BATCH = 20, 8
_KEPT = 600
_DRAWN = 200
_LATEST = 16
"""What is measured again so soon is somebody who stands, and says nothing new."""
_AGREE = 0.10
"""Of the height: so far from the line is agreement."""
_SHARE, _FIRST_SHARE = 0.35, 0.5
"""So many must agree; more of few."""
_TOO_FEW = 0.25
"""So few, and what was learnt was chance."""
_FEW = 30
_SPREAD = 0.3
"""Rows must spread over this part of a person's height before a slope can be told."""
_STEEPEST = 1.2
_SLIM, _STOUT = 0.25, 0.55
"""Width to height of somebody alone, upright, seen whole."""


class Heights:
    """Starts with a guess for a camera that looks down at a slant, the horizon in the picture's upper edge."""

    def __init__(self) -> None:
        self.a, self.b = 0.28, 0.0
        self.known = False
        """Whether people have been measured."""
        self.agree = 0.0
        """Share of what was measured that agrees with the line."""
        self._seen: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        self._latest: deque[tuple[float, float]] = deque(maxlen=_LATEST)
        self._since = 0
        self._chance = random.Random(1)  # noqa: S311 -- draws lines, not secrets

    def at(self, row: float) -> float:
        """Pixels of a person whose feet are in `row`."""
        return max(LEAST, self.a * row + self.b)

    def learn(self, row: float, wide: float, tall: float) -> None:
        """The box of something that moves, not cut off by the picture's edge."""
        if not _SLIM < wide / tall < _STOUT or tall < LEAST or (row, tall) in self._latest:
            return
        self._latest.append((row, tall))
        self._seen.append((row, tall))
        self._since += 1
        if self._since >= (_BATCH if self.known else _FIRST_BATCH):
            self._since = 0
            self._fit()

    def _fit(self) -> None:
        rows, tall = np.array(self._seen).T
        # Not NumPy's: that would bring 2 MB along.
        first, second = np.array(self._chance.choices(range(len(rows)), k=2 * _DRAWN)).reshape(2, _DRAWN)
        apart = np.abs(rows[first] - rows[second]) > _SPREAD * np.minimum(tall[first], tall[second])
        if apart.any():
            first, second = first[apart], second[apart]
            slopes = np.append((tall[second] - tall[first]) / (rows[second] - rows[first]), self.a)
            starts = np.append(tall[first] - slopes[:-1] * rows[first], self.b)
        else:
            scales = tall[first] / np.maximum(self.a * rows[first] + self.b, LEAST)
            slopes, starts = self.a * scales, self.b * scales
        usable = (slopes >= 0) & (slopes < _STEEPEST)
        slopes, starts = slopes[usable], starts[usable]
        if not len(slopes):
            return
        told = slopes[:, None] * rows
        told += starts[:, None]
        near_by = np.maximum(told, LEAST)
        near_by *= _AGREE
        told -= tall
        agree = np.abs(told, out=told) < near_by
        best = int(np.count_nonzero(agree, axis=1).argmax())
        near = agree[best]
        self.agree = float(near.mean())
        if self.agree < (_SHARE if len(rows) >= _FEW else _FIRST_SHARE):
            self.known = self.known and self.agree >= _TOO_FEW
            return
        if np.ptp(rows[near]) > _SPREAD * float(np.median(tall[near])):
            a, b = np.polyfit(rows[near], tall[near], 1)
            if 0 <= a < _STEEPEST:
                self.a, self.b = float(a), float(b)
        else:
            scale = float(np.median(tall[near] / (self.a * rows[near] + self.b)))
            self.a, self.b = self.a * scale, self.b * scale
        self.known = True
