"""Which people may be in which parts of the mask: tracks and parts that touch are one cluster, to be told apart
together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.vision.arrays import Box, around
from drivers.vision.track import Track

LEAST_PIXELS = 25
_WIDTH = 0.40
_REACH = 0.08
"""Heights beyond the box of where somebody should be."""
_SLACK, _SLACK_LOST = 2, 4
_LOST_S = 0.43
_LARGE = 1.5
"""A part larger than so many boxes of a person may only touch with its box, not with its pixels."""


@dataclass(frozen=True)
class Parts:
    """The connected parts of a mask: each pixel's label, and for each kept label its box and its area."""

    labels: NDArray[np.uint16]
    boxes: dict[int, Box]
    areas: dict[int, int]


def parts(mask: NDArray[np.uint8]) -> Parts:
    """Parts of fewer than 25 pixels are noise."""
    boxes: dict[int, Box] = {}
    areas: dict[int, int] = {}
    labels = np.zeros(mask.shape, np.uint16)
    moves = around(mask)
    if not moves.width:
        return Parts(labels, boxes, areas)
    # Even, as the whole picture's: parts are numbered by blocks of 2 x 2.
    moves = moves._replace(left=moves.left & ~1, top=moves.top & ~1)
    _, labels[moves.cut()], stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask[moves.cut()], 8, cv2.CV_16U, cv2.CCL_SPAGHETTI
    )
    for label, (left, top, width, height, area) in enumerate(stats.tolist()):
        if label and area >= LEAST_PIXELS:
            left, top = left + moves.left, top + moves.top
            boxes[label] = Box(left, top, left + width, top + height)
            areas[label] = area
    return Parts(labels, boxes, areas)


@dataclass(frozen=True)
class Cluster:
    """`tracks` that may be seen in the parts `labels`; either may be empty."""

    tracks: list[Track]
    labels: list[int]


def clusters(tracks: Sequence[Track], found: Parts) -> list[Cluster]:
    """Every track and every part is in one of them."""
    leader = list(range(len(tracks) + len(found.boxes)))

    def root(node: int) -> int:
        while leader[node] != node:
            leader[node] = leader[leader[node]]
            node = leader[node]
        return node

    numbered = list(enumerate(found.boxes.items(), len(tracks)))
    for number, track in enumerate(tracks):
        left, top, right, bottom = _reach(track)
        usual = _LARGE * _WIDTH * (track.tall * track.size) ** 2
        for node, (label, box) in numbered:
            if not (box.left < right and box.right > left and box.top < bottom and box.bottom > top):
                continue
            if box.width * box.height >= usual:
                common = Box(int(max(left, box.left)), int(max(top, box.top)), 0, 0)
                common = common._replace(right=int(min(right, box.right)) + 1, bottom=int(min(bottom, box.bottom)) + 1)
                if not (found.labels[common.cut()] == label).any():
                    continue
            leader[root(node)] = root(number)
    together: dict[int, Cluster] = {}
    for number, track in enumerate(tracks):
        together.setdefault(root(number), Cluster([], [])).tracks.append(track)
    for node, (label, _) in numbered:
        together.setdefault(root(node), Cluster([], [])).labels.append(label)
    return list(together.values())


def _reach(track: Track) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of where somebody's pixels may be."""
    tall = track.tall * track.size
    reach = _REACH * tall + (_SLACK if track.missed < _LOST_S else _SLACK_LOST)
    wide = _WIDTH * tall / 2 + reach
    return track.x - wide, track.y - tall - reach, track.x + wide, track.y + reach
