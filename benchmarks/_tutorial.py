"""What we are measured beside: the counter that tutorials teach, and a perfect detector through our own filter.

The tutorial's: MOG2, opened and closed, contours above a size, one centroid each, the nearest centroids of the next
picture are the same people (at most 50 pixels away, gone after a second), a line is crossed when the centroid is on its
other side. It is given feet instead of centroids and our working size, which is more than the tutorials do.
"""

from collections.abc import Iterable, Sequence
from math import hypot

import cv2
import numpy as np

from benchmarks._footage import Crossed, Picture, Size
from drivers.emulators.crowd.truth import Seen
from drivers.vision.lines import Side
from drivers.vision.plan import Line
from drivers.vision.track import Track

_LEAST = 60
_REACH, _GONE = 50.0, 7
Point = tuple[float, float]


def tutorial(pictures: Iterable[Picture], lines: Sequence[Line]) -> list[Crossed]:
    """Crossings that it counts."""
    mixture = cv2.createBackgroundSubtractorMOG2()
    kernel = np.ones((3, 3), np.uint8)
    people: dict[int, tuple[Point, int]] = {}
    counted: list[Crossed] = []
    number = 0
    for frame, picture in enumerate(pictures):
        mask = cv2.threshold(mixture.apply(picture), 200, 255, cv2.THRESH_BINARY)[1]
        mask = cv2.morphologyEx(cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel), cv2.MORPH_CLOSE, kernel)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        boxes = [cv2.boundingRect(contour) for contour in contours if cv2.contourArea(contour) >= _LEAST]
        feet = [(left + wide / 2, float(top + high)) for left, top, wide, high in boxes]
        pairs = sorted(
            (hypot(x - place[0], y - place[1]), ident, spot)
            for ident, (place, _) in people.items()
            for spot, (x, y) in enumerate(feet)
        )
        taken: set[int] = set()
        moved: set[int] = set()
        for far, ident, spot in pairs:
            if far > _REACH or ident in moved or spot in taken:
                continue
            moved.add(ident)
            taken.add(spot)
            counted += _passed(people[ident][0], feet[spot], lines, picture.shape, frame)
            people[ident] = feet[spot], 0
        for ident in [ident for ident in people if ident not in moved]:
            place, gone = people.pop(ident)
            if gone < _GONE:
                people[ident] = place, gone + 1
        for spot, place in enumerate(feet):
            if spot not in taken:
                number += 1
                people[number] = place, 0
    return counted


def _passed(before: Point, now: Point, lines: Sequence[Line], shape: Sequence[int], frame: int) -> list[Crossed]:
    found: list[Crossed] = []
    for line in lines:
        (ax, ay), (bx, by) = ((x * shape[1], y * shape[0]) for x, y in (line.a, line.b))
        sides = [(bx - ax) * (y - ay) - (by - ay) * (x - ax) for x, y in (before, now)]
        along = ((now[0] - ax) * (bx - ax) + (now[1] - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)
        if (sides[0] < 0) != (sides[1] < 0) and 0 <= along <= 1:
            found.append((line.name, "in" if sides[1] > 0 else "out", frame))
    return found


def perfect(rows: Sequence[Sequence[Seen]], lines: Sequence[Line], size: Size, fps: float) -> list[Crossed]:
    """Crossings when every box is given: what our filter and our rule for lines leave to be wrong. Boxes are told apart
    by place alone, the nearest first."""
    seconds = 1 / fps
    people: dict[int, tuple[Track, list[Side]]] = {}
    counted: list[Crossed] = []
    ends = [tuple((x * size[0], y * size[1]) for x, y in (line.a, line.b)) for line in lines]
    number = 0
    for frame, seen in enumerate(rows):
        for track, _ in people.values():
            track.predict(track.tall, seconds)
        pairs = sorted(
            (hypot(one.foot[0] - track.x, one.foot[1] - track.y) / track.tall, ident, spot)
            for ident, (track, _) in people.items()
            for spot, one in enumerate(seen)
        )
        taken: dict[int, int] = {}
        for far, ident, spot in pairs:
            if far < 0.5 and ident not in taken.values() and spot not in taken:
                taken[spot] = ident
        for spot, one in enumerate(seen):
            if spot in taken:
                track = people[taken[spot]][0]
                track.tall = one.box[3]
                track.measure(*one.foot, (0.02, 0.02), frame * seconds, seconds)
            else:
                number += 1
                people[number] = Track(number, *one.foot, one.box[3], frame * seconds), [Side() for _ in lines]
        for ident in [ident for ident in people if ident not in taken.values()]:
            people[ident][0].miss(seconds)
            if people[ident][0].missed > 1.2:
                del people[ident]
        for track, sides in people.values():
            for line, (a, b), side in zip(lines, ends, sides, strict=True):
                if (way := side.move((a, b), (track.x, track.y), track.tall, frame * seconds)) is not None:
                    counted.append((line.name, way, frame))
    return counted
