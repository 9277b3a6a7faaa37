"""One way through the scene and the tracks of those who take it together."""

import math
import random
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy

from drivers.emulators.crowd.ground import Ground

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Array = NDArray[float64]

STEP = 0.1
"""Seconds between two places of a track."""
MOST_SECONDS = 300.0
"""The longest that one way takes; who would be slower walks faster."""

_BESIDE = 0.62
"""Metres between two who walk side by side."""
_OUTSIDE = 0.8
"""Metres beyond the edge of the picture at which nothing of a person is seen."""
_ROUNDED, _SETTLED = 9, 15
"""Steps over which corners are rounded, and over which a group changes its order."""
_ROOM_FOR_DOORS = 4.0
_STRAYS, _STRAY_LENGTH = 0.1, 7.0
"""Metres to both sides, and along the way, in which nobody walks quite straight."""
_STANDS = 0.15
"""m/s below which somebody does not turn any more."""

Side = Literal["left", "right", "below", "beyond", "door"]
Place = tuple[float, float]


@dataclass(frozen=True)
class Habits:
    """`speeds` in m/s, slowest to fastest. Shares 0…1: of arrivals that are `groups` of two to four, of ways with
    `pauses` (a group stands in a circle), of ways that end where they began (`returns`), of people in groups who are
    `children`.
    """

    speeds: tuple[float, float] = (0.3, 1.8)
    groups: float = 0.4
    pauses: float = 0.25
    returns: float = 0.1
    children: float = 0.15


@dataclass(frozen=True)
class Track:
    """Every `STEP`: `xy` (n x 2) in metres, `heading` in radians, `walked` metres since the beginning."""

    xy: "Array"
    heading: "Array"
    walked: "Array"


def doors(ground: Ground) -> tuple[float, ...]:
    """Metres to the right of the middles of the doorways in the wall; none where no wall is seen or there is no
    room for any.
    """
    aside = ground.aside(ground.far)
    if ground.beyond or aside < _ROOM_FOR_DOORS:
        return ()
    return (-0.45 * aside, 0.3 * aside)


def ways(chance: random.Random, ground: Ground, habits: Habits, size: int) -> list[Track]:
    """The tracks of `size` people who walk together, drawn anew at each call."""
    points = _points(chance, ground, habits)
    slow, fast = habits.speeds
    speed = chance.triangular(slow, fast, slow + 0.6 * (fast - slow))
    stops = dict.fromkeys(range(1, len(points) - 1), 0.0)
    if stops and chance.random() < habits.pauses:
        stops[chance.choice(list(stops))] = chance.uniform(3.0, 25.0)
    length = sum(math.dist(a, b) for a, b in pairwise(points))
    walking = MOST_SECONDS - sum(stops.values()) - STEP * len(points)
    speed = max(speed, length / walking)
    xy, along, stands = _walked(points, stops, speed)
    order = _order(chance, size)
    side = chance.uniform(0, 2 * math.pi)
    across = numpy.column_stack((-along[:, 1], along[:, 0]))
    # Two who turn back do not change places: their order is across the way, not left and right of it.
    across = numpy.where((across[:, :1] < 0) | ((across[:, :1] == 0) & (across[:, 1:] < 0)), -across, across)
    ahead = numpy.column_stack((across[:, 1], -across[:, 0]))
    middle = _smooth(xy, _ROUNDED)
    tracks = []
    for number, (beside, before) in enumerate(order):
        angle = side + 2 * math.pi * number / size
        circle = numpy.array((math.cos(angle), math.sin(angle))) * (0.35 + 0.1 * size if size > 1 else 0.0)
        offset = numpy.where(stands[:, None], circle, across * beside + ahead * before)
        tracks.append(_track(chance, middle + _smooth(offset, _SETTLED), stands, middle if size > 1 else None))
    return tracks


def _points(chance: random.Random, ground: Ground, habits: Habits) -> list[Place]:
    sides: list[Side] = ["left", "right", "left", "right"]
    if ground.below:
        sides.append("below")
    if ground.beyond:
        sides.append("beyond")
    if doors(ground):
        sides.append("door")
    enters = chance.choice(sides)
    leaves = chance.choice([side for side in sides if side != enters])
    inside = [_inside(chance, ground) for _ in range(chance.choices((0, 1, 2), (5, 4, 1))[0])]
    first = _edge(chance, ground, enters, _deep(chance, ground))
    if chance.random() < habits.returns:
        return [first, *(inside or [_inside(chance, ground)]), first]
    # Most who cross from one side to the other keep about their distance from the camera.
    last = _edge(chance, ground, leaves, min(max(first[1] + chance.gauss(0, 2), _nearest(ground)), _deepest(ground)))
    if not inside and chance.random() < habits.pauses:
        part = chance.uniform(0.3, 0.7)
        inside = [(first[0] + part * (last[0] - first[0]), first[1] + part * (last[1] - first[1]))]
    return [first, *inside, last]


def _nearest(ground: Ground) -> float:
    return min(ground.front + 0.4, (ground.front + ground.far) / 2)


def _deepest(ground: Ground) -> float:
    return max(ground.far - 1.2, (ground.front + ground.far) / 2)


def _deep(chance: random.Random, ground: Ground) -> float:
    """Metres away, evenly over the rows of the picture."""
    low, high = (ground.place(0.0, y)[1] for y in (_nearest(ground), _deepest(ground)))
    return ground.away(chance.uniform(high, low))


def _inside(chance: random.Random, ground: Ground) -> Place:
    y = _deep(chance, ground)
    return chance.uniform(-0.75, 0.75) * ground.aside(y), y


def _edge(chance: random.Random, ground: Ground, side: Side, y: float) -> Place:
    """A place where nobody is seen yet, beyond the edge of the picture or in a dark doorway."""
    match side:
        case "left":
            return -ground.aside(y) - _OUTSIDE, y
        case "right":
            return ground.aside(y) + _OUTSIDE, y
        case "below":
            return chance.uniform(-0.8, 0.8) * ground.aside(ground.front), ground.near - _OUTSIDE
        case "beyond":
            return chance.uniform(-0.8, 0.8) * ground.aside(ground.far), ground.far + _OUTSIDE
        case "door":
            return chance.choice(doors(ground)), ground.far


def _walked(points: list[Place], stops: dict[int, float], speed: float) -> "tuple[Array, Array, NDArray[numpy.bool_]]":
    """Every `STEP`: the place, the direction of the leg (length 1), and whether it is a stop."""
    places, along, stands = [], [], []
    for number, (a, b) in enumerate(pairwise(points)):
        start, way = numpy.array(a), numpy.subtract(b, a)
        length = max(float(numpy.hypot(*way)), 1e-6)
        steps = max(math.ceil(length / speed / STEP), 2)
        places.append(start + way * (numpy.arange(steps) / steps)[:, None])
        along.append(numpy.tile(way / length, (steps, 1)))
        stands.append(numpy.zeros(steps, bool))
        if waits := round(stops.get(number + 1, 0.0) / STEP):
            places.append(numpy.tile(numpy.array(b), (waits, 1)))
            along.append(numpy.tile(way / length, (waits, 1)))
            stands.append(numpy.ones(waits, bool))
    return numpy.concatenate(places), numpy.concatenate(along), numpy.concatenate(stands)


def _order(chance: random.Random, size: int) -> list[Place]:
    """Of each: metres beside and before the middle of the group."""
    if size == 4 and chance.random() < 0.7:
        places = [(beside, before) for before in (-0.5, 0.5) for beside in (-_BESIDE / 2, _BESIDE / 2)]
    else:
        places = [((number - (size - 1) / 2) * _BESIDE, 0.0) for number in range(size)]
    return [(beside, before + chance.gauss(0, 0.12)) for beside, before in places]


def _track(chance: random.Random, xy: "Array", stands: "NDArray[numpy.bool_]", middle: "Array | None") -> Track:
    moves = numpy.gradient(xy, STEP, axis=0)
    walked = numpy.cumsum(numpy.hypot(moves[:, 0], moves[:, 1])) * STEP
    stray = _STRAYS * numpy.sin(2 * math.pi * walked / _STRAY_LENGTH + chance.uniform(0, 2 * math.pi))
    speed = numpy.maximum(numpy.hypot(moves[:, 0], moves[:, 1]), 1e-6)
    xy = xy + stray[:, None] * _smooth(numpy.column_stack((-moves[:, 1], moves[:, 0])) / speed[:, None], _SETTLED)
    facing = moves.copy()
    slow = speed < _STANDS
    # Who stands goes on looking where they looked, or at the others.
    last = numpy.maximum.accumulate(numpy.where(slow, 0, numpy.arange(len(xy))))
    facing = facing[last] / speed[last, None]
    if middle is not None:
        inward = middle - xy
        reach = numpy.maximum(numpy.hypot(inward[:, 0], inward[:, 1]), 1e-6)
        facing = numpy.where((slow & stands)[:, None], inward / reach[:, None], facing)
    facing = _smooth(facing, _ROUNDED)
    return Track(xy, numpy.arctan2(facing[:, 1], facing[:, 0]), walked)


def _smooth(values: "Array", steps: int) -> "Array":
    """The mean over `steps` (odd) around each; the ends count as going on."""
    half = steps // 2
    padded = numpy.concatenate((values[:1].repeat(half, 0), values, values[-1:].repeat(half, 0)))
    total = numpy.concatenate((numpy.zeros((1, values.shape[1])), numpy.cumsum(padded, axis=0)))
    smooth: Array = (total[steps:] - total[:-steps]) / steps
    return smooth
