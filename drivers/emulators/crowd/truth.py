"""What is really in a picture, and what a counter should have made of it: by the definition, from all of the way and
not picture by picture.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy

from drivers.device import Direction
from drivers.vision.plan import Line, Zone

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

Point = tuple[float, float]


@dataclass(frozen=True)
class Seen:
    """Person `number`, of whom at least a pixel lies in the picture or would, if nobody stood in front. In pixels:
    where the person stands (`foot`) and the `box` of the whole body (left, top, width, height), both also beyond the
    picture. `hidden`: share of what lies in the picture that nearer people and posts cover.
    """

    number: int
    foot: Point
    box: tuple[float, float, float, float]
    hidden: float

    def moved(self, matrix: "NDArray[float64]") -> "Seen":
        """After everything has moved by `matrix` (2 x 3)."""
        left, top, wide, high = self.box
        corners = [(left, top), (left + wide, top), (left, top + high), (left + wide, top + high), self.foot]
        places = numpy.array(corners) @ matrix[:, :2].T + matrix[:, 2]
        (x0, y0), (x1, y1) = places[:4].min(0).tolist(), places[:4].max(0).tolist()
        x, y = places[4].tolist()
        return replace(self, foot=(x, y), box=(x0, y0, x1 - x0, y1 - y0))


@dataclass(frozen=True)
class Passed:
    """Person `number` is on the other side from picture `frame` (from 0) on."""

    number: int
    frame: int
    direction: Direction


@dataclass(frozen=True)
class Stayed:
    """Person `number` stands in the zone in `frames` pictures, the first of them being `first`."""

    number: int
    first: int
    frames: int


def crossings(
    rows: Iterable[Sequence[Seen]], line: Line, size: tuple[int, int], hysteresis: float = 5.0
) -> list[Passed]:
    """In order of time. A person crosses whose foot goes from more than `hysteresis` pixels on one side to more than
    that on the other, and then stands between its ends.
    """
    (ax, ay), (bx, by) = _pixels(line.a, size), _pixels(line.b, size)
    length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
    found = []
    for number, way in _ways(rows).items():
        side = 0
        for frame, (x, y) in way:
            off = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / length
            if abs(off) <= hysteresis:
                continue
            now = 1 if off > 0 else -1
            along = ((bx - ax) * (x - ax) + (by - ay) * (y - ay)) / length
            if side == -now and 0 <= along <= length:
                found.append(Passed(number, frame, "in" if now > 0 else "out"))
            side = now
    return sorted(found, key=lambda passed: (passed.frame, passed.number))


def stays(rows: Iterable[Sequence[Seen]], zone: Zone, size: tuple[int, int]) -> list[Stayed]:
    """In order of time: each uninterrupted row of pictures in which a person's foot is within the zone."""
    corners = [_pixels(corner, size) for corner in zone.corners]
    found = []
    for number, way in _ways(rows).items():
        inside = [frame for frame, foot in way if _within(foot, corners)]
        for _, run in groupby(enumerate(inside), key=lambda item: item[1] - item[0]):
            frames = [frame for _, frame in run]
            found.append(Stayed(number, frames[0], len(frames)))
    return sorted(found, key=lambda stayed: (stayed.first, stayed.number))


def _ways(rows: Iterable[Sequence[Seen]]) -> dict[int, list[tuple[int, Point]]]:
    ways: dict[int, list[tuple[int, Point]]] = {}
    for frame, people in enumerate(rows):
        for person in people:
            ways.setdefault(person.number, []).append((frame, person.foot))
    return ways


def _pixels(place: Point, size: tuple[int, int]) -> Point:
    return place[0] * size[0], place[1] * size[1]


def _within(place: Point, corners: Sequence[Point]) -> bool:
    """A ray to the right meets the outline an odd number of times."""
    x, y = place
    inside = False
    for (ax, ay), (bx, by) in _edges(corners):
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            inside = not inside
    return inside


def _edges(corners: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    return zip(corners, (*corners[1:], corners[0]), strict=True)
