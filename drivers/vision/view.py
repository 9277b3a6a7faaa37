"""Whether a view is fit to be counted, and how sure its numbers are: `Judge` looks on while a `Tracker` works.

A wrong number is worse than none. What the method cannot count is told from what it sees of it: people who fill the
picture hide the background that they are told from, people who are a dozen pixels tall have no outline, a covered lens
has no edges, and in a moved picture the edges of the empty place lie elsewhere.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.vision.arrays import Box, Picture, flat
from drivers.vision.difference import edges, grey
from drivers.vision.height import Heights
from drivers.vision.track import Track
from drivers.vision.verdict import UNFIT, Verdict, View

_CLOSE = 0.40
"""A person in the middle row is so much of the picture's height at most."""
_FILLS = 0.10
"""Of the picture: if the largest part that moves is more than this on average, people are too close."""
_CUT = 0.5
"""As they are if for so much of the time the largest is taller than `_CLOSE` and cut off by the lower edge. Queues far
away and crowds reach .2."""
_CLOSER = 0.8
"""Times these bounds: below it, people who were too close are so no longer."""
_ALL = 0.6
"""Of the picture: so much at once is no person but the light, or a hand before the lens."""
_STEEP = 0.8
"""Pixels of height a row: a person's height over that of the camera (both measured to the ground), so that this is a
camera 2 m above it. From there people hide each other whole."""
_FAR = 17.0
"""Pixels; shorter people in the lower third of the working picture have no outline."""
_FAR_ROW = 0.8
_CROWDED = 0.35
_DARK = 28.0
_STRANGE = 0.12
"""Correlation of the edges with those of the empty place: below it is another place. A crowd leaves .3."""
_ELSEWHERE = 0.08
"""By so much better do they correlate somewhere else when the camera was pushed."""
_CHANGES_S = 600.0
"""Shadows of the sun wander, stalls are put up."""
_SHIFTS = 0.1
"""Of the picture; so far it is looked for."""
_MOVED_S, _COVERED_S, _LOOKS_S = 4.0, 2.0, 1.0
_FLICKERS = 0.12
_SLOW, _SLOW_AFTER_S = 5.0, 10.0
_MINUTES_S, _MOMENTS_S = 120.0, 10.0
_ACTIVE_S, _SURE_S = 2.0, 6.0
"""Seconds of movement before the size of what moves says something, and before its silence says that all is well."""
_WORK = (96, 72)


class Judge:
    """One view. `moved` stays until `accept`."""

    def __init__(self) -> None:
        self.moved = False
        self._reference: NDArray[np.float32] | None = None
        self._elsewhere_s = 0.0
        self._covered_s = 0.0
        self._since_look_s = _LOOKS_S
        self._bright: float | None = None
        self._fills = self._cut = 0.0
        self._close = False
        self._active_s = 0.0
        self._hidden = 0.0
        self._unsteady = 0.0
        self._light: float | None = None
        self._gap: float | None = None
        self._watched_s = 0.0

    def accept(self) -> None:
        """Somebody says that the camera stands right."""
        self.moved, self._elsewhere_s = False, 0.0

    def refer(self, empty: Picture) -> None:
        """To what the place looks like when it is empty."""
        self._reference, self._elsewhere_s = _outline(empty), 0.0

    def look(
        self, picture: Picture, light: float, tracks: Sequence[Track], boxes: Sequence[Box], seconds: float
    ) -> None:
        """After each picture: `boxes` of what moves, `light` against the usual (`Gain.factor`)."""
        self._watched_s += seconds
        self._gap = seconds if self._gap is None else _towards(self._gap, seconds, seconds, _MOMENTS_S)
        step = 0.0 if self._light is None else abs(math.log(light / self._light))
        self._light = light
        self._unsteady = _towards(self._unsteady, step / max(seconds, 0.05), seconds, _MOMENTS_S)
        if boxes:
            rows, columns = picture.shape[:2]
            largest = max(boxes, key=lambda box: box.width * box.height)
            fills = largest.width * largest.height / (rows * columns)
            if fills < _ALL:
                self._active_s += seconds
                share = seconds / min(self._active_s, _MINUTES_S)
                cut = largest.bottom >= rows - 1 and largest.height > _CLOSE * rows
                self._fills += (fills - self._fills) * share
                self._cut += (cut - self._cut) * share
                bound = _CLOSER if self._close else 1.0
                self._close = self._fills > bound * _FILLS or self._cut > bound * _CUT
        if tracks:
            hidden = sum(track.hidden > 0.5 for track in tracks) / len(tracks)
            self._hidden = _towards(self._hidden, hidden, seconds, _MINUTES_S)
        self._since_look_s += seconds
        if self._since_look_s >= _LOOKS_S:
            self._compare(picture, self._since_look_s)
            self._since_look_s = 0.0

    def view(self, heights: Heights, rows: int) -> View:
        """What is thought of it now; `rows` of the working picture."""
        height = heights.at(rows / 2) / rows if heights.known else None
        fps = 1 / self._gap if self._gap else 0.0
        reasons = []
        if self._covered_s >= _COVERED_S:
            reasons.append("covered")
        if self._active_s >= _ACTIVE_S and (
            self._close or (height or 0.0) > _CLOSE or (heights.known and heights.a > _STEEP)
        ):
            reasons.append("too-close")
        elif heights.known and heights.a * _FAR_ROW * rows + heights.b < _FAR:
            reasons.append("too-far")
        if self.moved:
            reasons.append("moved")
        if self._bright is not None and self._bright < _DARK:
            reasons.append("dark")
        if self._watched_s >= _SLOW_AFTER_S and fps < _SLOW:
            reasons.append("slow")
        if self._hidden > _CROWDED:
            reasons.append("crowded")
        if self._unsteady > _FLICKERS:
            reasons.append("light-changes")
        verdict: Verdict = "good" if heights.known and self._active_s >= _SURE_S else "learning"
        if reasons:
            verdict = "unsuitable" if any(reason in UNFIT for reason in reasons) else "poor"
        return View(verdict, tuple(reasons), height, self._hidden, fps)

    def _compare(self, picture: Picture, seconds: float) -> None:
        bright = float(picture.mean())
        self._bright = bright if self._bright is None else _towards(self._bright, bright, seconds, _MOMENTS_S)
        covered = flat(picture)
        self._covered_s = self._covered_s + seconds if covered else 0.0
        if self._reference is None or covered:
            return
        outline = _outline(picture)
        if _elsewhere(outline, self._reference):
            self._elsewhere_s += seconds
        else:
            self._elsewhere_s = 0.0
            self._reference += (1 - math.exp(-seconds / _CHANGES_S)) * (outline - self._reference)
        self.moved = self.moved or self._elsewhere_s >= _MOVED_S


def _outline(picture: Picture) -> NDArray[np.float32]:
    """Edges, so coarse that leaves in the wind do not matter, of mean 0 and deviation 1: their product is a
    correlation."""
    half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    steep = cv2.resize(edges(grey(half)), _WORK, interpolation=cv2.INTER_AREA)
    found: NDArray[np.float32] = (steep - steep.mean()) / (steep.std() + 1e-3)
    return found


def _elsewhere(outline: NDArray[np.float32], reference: NDArray[np.float32]) -> bool:
    """Whether what is seen is another place, or the same a bit aside."""
    rows, columns = outline.shape
    down, across = int(rows * _SHIFTS), int(columns * _SHIFTS)
    middle = outline[down : rows - down, across : columns - across]
    matches = cv2.matchTemplate(reference, middle, cv2.TM_CCOEFF_NORMED)
    here, best = float(matches[down, across]), float(matches.max())
    return best < _STRANGE or best - here > _ELSEWHERE


def _towards(value: float, new: float, seconds: float, within: float) -> float:
    """A moving average over about `within` seconds."""
    return value + (1 - math.exp(-seconds / max(within, 1e-3))) * (new - value)
