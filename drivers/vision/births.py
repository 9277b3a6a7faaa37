"""People who are new, who were lost and are there again, and two who were taken for one."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from drivers.vision import colours
from drivers.vision.arrays import Box, Mask, Picture, count
from drivers.vision.height import LEAST
from drivers.vision.track import Track

_WIDTH = 0.38
_TALL, _AREA, _AREA_TALL = 0.5, 0.30, 0.6
"""Somebody new shows half of their height, and so much of the area of a box 0.6 times as tall."""
_NARROW, _NARROW_AT_EDGE = 0.35, 0.55
_ONE, _EACH = 1.5, 1.2
"""Widths of a person: up to the first it is one, beyond it one for each of the second."""
_TALLER = 1.45
"""Two behind one another."""
_UPPER = 0.6

_NEAR, _NEAR_PER_S, _COST_PER_S = 0.35, 0.42, 0.35
"""Heights; somebody lost may be farther away the longer it is."""
_COLOURS_COST, _MOST_COST = 1.5, 1.6
_STRANGE = 0.6
"""How alike colours are taken to be when they are not known."""


@dataclass(frozen=True)
class Found:
    """Feet of somebody who may be new, and their colours."""

    x: float
    y: float
    colours: colours.Colours


def middle(part: Mask, left: int) -> float:
    """Where the body's middle is: between that of the box and the mean of the upper part, since legs stride."""
    upper = part[: max(3, int(_UPPER * part.shape[0]))].sum(0)
    mean = left + float(upper @ np.arange(len(upper))) / max(int(upper.sum()), 1) + 0.5
    return float(0.5 * mean + 0.5 * (left + part.shape[1] / 2))


def newcomers(
    rest: Mask,
    origin: tuple[int, int],
    picture: Picture,
    heights: Callable[[float], float],
    was_hole: Callable[[Mask, Box, Picture], bool],
) -> list[Found]:
    """In what nobody who is followed explains."""
    if count(rest) < _AREA * _AREA_TALL * _WIDTH * LEAST**2:
        return []
    height, width = picture.shape[:2]
    parts, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        rest.view(np.uint8), 8, cv2.CV_16U, cv2.CCL_SPAGHETTI
    )
    found: list[Found] = []
    for label in range(1, parts):
        x, y, wide, tall, area = stats[label].tolist()
        box = Box(x + origin[0], y + origin[1], x + origin[0] + wide, y + origin[1] + tall)
        usual = heights(box.bottom)
        one = _WIDTH * usual
        edge = box.left <= 1 or box.right >= width - 1 or box.bottom >= height - 1
        least = _NARROW_AT_EDGE if edge else _NARROW
        if area < _AREA * _AREA_TALL * usual * one or tall < _TALL * usual or wide < least * one:
            continue
        part = labels[y : y + tall, x : x + wide] == label
        if was_hole(part, box, picture):
            continue
        worn = colours.colours(picture[box.cut()], part)
        found += [Found(*place, worn) for place in _feet(part, box, one, heights)]
    return found


def _feet(part: Mask, box: Box, one: float, heights: Callable[[float], float]) -> list[tuple[float, float]]:
    """Split by width into people side by side, and by height into two behind one another."""
    abreast = 1 if box.width < _ONE * one else max(1, round(box.width / (_EACH * one)))
    columns = np.cumsum(part.sum(0))
    cuts = [int(np.searchsorted(columns, columns[-1] * number / abreast)) for number in range(1, abreast)]
    places = []
    for left, right in zip([0, *cuts], [*cuts, box.width], strict=True):
        if right - left < 3:
            continue
        rows = np.flatnonzero(part[:, left:right].any(1))
        if len(rows) < 3:
            continue
        top, bottom = box.top + int(rows[0]), box.top + int(rows[-1]) + 1
        usual = heights(bottom)
        if bottom - top < _TALL * usual:
            continue
        x = middle(part, box.left) if abreast == 1 else box.left + (left + right) / 2
        places.append((x, float(bottom)))
        if bottom - top > _TALLER * usual and (behind := top + heights(top + usual)) < bottom - 0.3 * usual:
            places.append((x, behind))
    return places


def lost_one(found: Found, lost: Sequence[Track], tall: float, at: float) -> Track | None:
    """Who of those out of sight this is, if anybody: by place and colours."""
    best, least = None, _MOST_COST
    for track in lost:
        gone = at - track.at
        coasted = math.hypot(track.x - found.x, track.y - found.y)
        stayed = math.hypot(track.last[0] - found.x, track.last[1] - found.y) * 1.2
        far = min(coasted, stayed) / tall
        if far >= _NEAR + _NEAR_PER_S * gone:
            continue
        same = colours.alike(track.colours, found.colours) if track.colours is not None else _STRANGE
        cost = far / (_NEAR + _COST_PER_S * gone) + _COLOURS_COST * (1 - same)
        if cost < least:
            best, least = track, cost
    return best


_PAIR_AREA = 1.5
_PAIR_WIDE, _PAIR_TALL = 0.44, 0.62
_PAIR_APART = 0.15


def pair(
    tracks: Sequence[Track], moves: Mask, origin: tuple[int, int], body: float
) -> tuple[Track, tuple[float, float], tuple[float, float]] | None:
    """Of people who together are too wide the widest, and the feet of the two that this is; None when no cut leaves
    two.

    `body`: the usual area of a person, in squares of their height.
    """
    wide = [_alone(track, tracks, moves, origin) for track in tracks]
    track, part, corner, tall = max(wide, key=lambda found: count(found[1]) / found[3] ** 2)
    if not part.size or count(part) < _PAIR_AREA * body * tall**2:
        return None
    columns = np.cumsum(part.sum(0))
    begin, cut, end = (int(place) for place in np.searchsorted(columns, columns[-1] * np.array([0.04, 0.5, 0.96])))
    if end - begin < _PAIR_WIDE * tall:
        return None
    least = max(2, 0.05 * tall)
    if any(count(half.sum(1) >= least) < _PAIR_TALL * tall for half in (part[:, begin:cut], part[:, cut:end])):
        return None
    feet = []
    for x, half in ((begin + _PAIR_APART * tall, part[:, :cut]), (end - _PAIR_APART * tall, part[:, cut:])):
        lowest = np.flatnonzero(half.any(1))
        feet.append((x + corner[0], float(lowest[-1]) + 1 + corner[1] if len(lowest) else track.y))
    own, new = sorted(feet, key=lambda place: abs(place[0] - track.x))
    return track, own, new


def _alone(
    track: Track, tracks: Sequence[Track], moves: Mask, origin: tuple[int, int]
) -> tuple[Track, Mask, tuple[int, int], float]:
    """What moves around somebody without what others fill; its upper left corner in the picture, and their height."""
    tall = track.tall * track.size
    left, top = max(int(track.x - 0.55 * tall) - origin[0], 0), max(int(track.y - 1.05 * tall) - origin[1], 0)
    right, bottom = int(track.x + 0.55 * tall) - origin[0], int(track.y + 0.06 * tall) - origin[1]
    part = moves[top:bottom, left:right].copy()
    for other in tracks:
        if other is not track:
            theirs = other.tall * other.size
            rows = slice(max(int(other.y - theirs) - origin[1] - top, 0), max(int(other.y) - origin[1] - top, 0))
            begin, end = (int(other.x + side * 0.17 * theirs) - origin[0] - left for side in (-1, 1))
            part[rows, max(begin, 0) : max(end, 0)] = False
    return track, part, (left + origin[0], top + origin[1]), tall
