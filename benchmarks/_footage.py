"""The recordings beside the repository (shared/footage, see its README) with what is true in them, and how a count is
held against that.

A crossing is a person's feet (the bottom centre of their box) going from one side of a line to the other by more than
5 pixels of the recording, within the line's ends. Error: the sum over lines and directions of |counted − true|, over
the sum of what is true. F1: single crossings that have one of the same line and direction within 12 pictures.
"""

import random
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import hypot
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.device import Direction
from drivers.emulators.crowd.truth import Seen, crossings
from drivers.vision.plan import Line

SHARED = Path(__file__).parents[2] / "shared" / "footage"
Picture = NDArray[np.uint8]
Crossed = tuple[str, Direction, int]
"""Line, direction, picture from 0."""
Size = tuple[int, int]

_WIDTH, _HEIGHT = 768, 576
_SHORTEST, _FEWEST = 150, 10
_WITHIN = 12

_ENDS = {
    "v160": (160, 0, 160, 576),
    "v256": (256, 0, 256, 576),
    "v320": (320, 0, 320, 576),
    "v384": (384, 0, 384, 576),
    "v448": (448, 0, 448, 576),
    "v520": (520, 0, 520, 576),
    "v600": (600, 0, 600, 576),
    "h240": (0, 240, 768, 240),
    "h300": (0, 300, 768, 300),
    "h350": (0, 350, 768, 350),
    "d1": (300, 576, 600, 120),
    "d2": (200, 150, 600, 450),
    "d3": (480, 480, 720, 150),
}


def line(name: str, ends: Sequence[float], size: Size = (_WIDTH, _HEIGHT)) -> Line:
    """From pixels."""
    ax, ay, bx, by = ends
    return Line(name, (ax / size[0], ay / size[1]), (bx / size[0], by / size[1]))


THIRTEEN = tuple(line(name, ends) for name, ends in _ENDS.items())
"""Upright, level and slanting lines over the whole of PETS; six of them are those of the footage's README."""


def pictures(path: Path) -> list[Picture]:
    """All of them, 384 wide."""
    capture, found = cv2.VideoCapture(str(path)), []
    while True:
        whole, picture = capture.read()
        if not whole:
            return found
        size = 384, round(picture.shape[0] * 384 / picture.shape[1])
        found.append(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def truth(path: Path, count: int) -> list[list[Seen]]:
    """Who is in each of ``count`` pictures (MOT15: frame from 1, id, box, confidence, of which 0 = ignore)."""
    rows: list[list[Seen]] = [[] for _ in range(count)]
    for frame, ident, left, top, wide, high, sure, *_ in np.loadtxt(path, delimiter=",").tolist():
        if sure:
            rows[int(frame) - 1].append(Seen(int(ident), (left + wide / 2, top + high), (left, top, wide, high), 0.0))
    return rows


def true_crossings(rows: Sequence[Sequence[Seen]], lines: Iterable[Line], size: Size, by: float = 5.0) -> list[Crossed]:
    """What is to be counted."""
    return [(one.name, passed.direction, passed.frame) for one in lines for passed in crossings(rows, one, size, by)]


def random_lines(rows: Sequence[Sequence[Seen]], count: int, seed: int) -> list[Line]:
    """Lines of 150 pixels and more with 10 crossings and more whose number is the same at 3, 5 and 10 pixels: nobody
    stands on them, so what is true does not depend on the definition."""
    chance, found = random.Random(seed), []
    while len(found) < count:
        ends = [chance.uniform(0, _WIDTH if number % 2 == 0 else _HEIGHT) for number in range(4)]
        if hypot(ends[2] - ends[0], ends[3] - ends[1]) < _SHORTEST:
            continue
        drawn = line(f"r{len(found)}", ends)
        counted = [
            sorted(direction for _, direction, _ in true_crossings(rows, [drawn], (_WIDTH, _HEIGHT), by))
            for by in (3, 5, 10)
        ]
        if len(counted[1]) >= _FEWEST and counted[0] == counted[1] == counted[2]:
            found.append(drawn)
    return found


@dataclass(frozen=True)
class Score:
    """``error`` of all lines together, its ``median`` and 90th percentile (``p90``) over lines: per cent; ``f1``."""

    error: float
    f1: float
    median: float
    p90: float
    wrong: int
    true: int

    def __str__(self) -> str:
        f1 = f"{self.f1:.3f}".removeprefix("0")
        return f"{self.error:5.1f} % / {f1}  ({self.median:.1f}, {self.p90:.1f})"


def score(true: Sequence[Crossed], counted: Sequence[Crossed]) -> Score:
    """A count against the truth, over all lines that somebody truly crossed."""
    wrong = matched = 0
    each = []
    for name in sorted({name for name, _, _ in true}):
        off = total = 0
        for direction in ("in", "out"):
            real = sorted(frame for one, way, frame in true if (one, way) == (name, direction))
            told = sorted(frame for one, way, frame in counted if (one, way) == (name, direction))
            off += abs(len(real) - len(told))
            total += len(real)
            matched += _matched(real, told)
        wrong += off
        each.append(100 * off / total)
    f1 = 2 * matched / (len(true) + len(counted))
    return Score(100 * wrong / len(true), f1, statistics.median(each), float(np.percentile(each, 90)), wrong, len(true))


def _matched(real: Sequence[int], told: Sequence[int]) -> int:
    """Most pairs that lie within 12 pictures of each other; both in order, so the earliest of each are paired."""
    pairs = first = second = 0
    while first < len(real) and second < len(told):
        if abs(real[first] - told[second]) <= _WITHIN:
            pairs, first, second = pairs + 1, first + 1, second + 1
        elif real[first] < told[second]:
            first += 1
        else:
            second += 1
    return pairs
