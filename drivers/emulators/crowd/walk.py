"""People on the ground: who comes when, alone or together, which way they take, where they stop, and where each of
them is at a time. Drawn with a seed, in the order of arrival; nobody walks through anybody if that can be helped.
"""

import math
import random
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy

from drivers.emulators.crowd.ground import Ground
from drivers.emulators.crowd.route import MOST_SECONDS, STEP, Habits, Track, ways

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

_APART = 0.55
"""Metres between the middles of two people who are not of one group."""
_TRIES = 8
_SIZES, _WEIGHTS = (2, 3, 4), (6, 3, 1)


@dataclass(frozen=True)
class Pose:
    """On the ground at (x, y) metres, turned to `heading` radians (0 to the right, a quarter turn away from the
    camera), `speed` in m/s, `walked` metres so far.
    """

    x: float
    y: float
    heading: float
    speed: float
    walked: float


class Walker:
    """One person: `number` from 1, `height` in metres, `child`, and their way through the scene."""

    def __init__(self, number: int, height: float, child: bool, arrives: float, track: Track) -> None:
        self.number = number
        self.height = height
        self.child = child
        self.arrives = arrives
        self.leaves = arrives + STEP * (len(track.xy) - 1)
        self.track = track

    def at(self, seconds: float) -> Pose | None:
        """None while they are not there."""
        if not self.arrives <= seconds < self.leaves:
            return None
        place = (seconds - self.arrives) / STEP
        index = min(int(place), len(self.track.xy) - 2)
        part = place - index
        (x, y), (next_x, next_y) = self.track.xy[index].tolist(), self.track.xy[index + 1].tolist()
        walked, further = self.track.walked[index : index + 2].tolist()
        return Pose(
            x + part * (next_x - x),
            y + part * (next_y - y),
            float(self.track.heading[index]),
            (further - walked) / STEP,
            walked + part * (further - walked),
        )


class Crowd:
    """All who come to `ground` from `since` seconds on, `per_minute` people on average, one by one or in groups."""

    def __init__(self, seed: int, ground: Ground, habits: Habits, per_minute: float, since: float) -> None:
        self._chance = random.Random(f"{seed}/crowd")
        self._ground = ground
        self._habits = habits
        self._clock = since
        self._walkers: list[Walker] = []
        self._arrivals: list[float] = []
        mean = sum(size * weight for size, weight in zip(_SIZES, _WEIGHTS, strict=True)) / sum(_WEIGHTS)
        people = 1 + habits.groups * (mean - 1)
        self._every = 60 * people / per_minute if per_minute else math.inf

    def around(self, seconds: float) -> list[tuple[Walker, Pose]]:
        """Who is there at this time, in order of arrival."""
        while self._clock <= seconds:
            self._clock += self._chance.expovariate(1 / self._every) if self._every < math.inf else math.inf
            if self._clock < math.inf:
                self._arrive(round(self._clock / STEP) * STEP)
        first = bisect_left(self._arrivals, seconds - MOST_SECONDS - STEP)
        last = bisect_right(self._arrivals, seconds)
        there = ((walker, walker.at(seconds)) for walker in self._walkers[first:last])
        return [(walker, pose) for walker, pose in there if pose is not None]

    def _arrive(self, arrives: float) -> None:
        chance, habits = self._chance, self._habits
        size = chance.choices(_SIZES, _WEIGHTS)[0] if chance.random() < habits.groups else 1
        first = bisect_left(self._arrivals, arrives - MOST_SECONDS)
        others = [walker for walker in self._walkers[first:] if walker.leaves > arrives]
        best: list[Track] = []
        room = -1.0
        for _ in range(_TRIES):
            tracks = ways(chance, self._ground, habits, size)
            free = min((_nearest(track.xy, arrives, other) for track in tracks for other in others), default=math.inf)
            if free > room:
                best, room = tracks, free
            if room >= _APART:
                break
        for member, track in enumerate(best):
            child = member > 0 and chance.random() < habits.children
            height = chance.uniform(1.0, 1.4) if child else min(max(chance.gauss(1.71, 0.09), 1.5), 1.9)
            self._walkers.append(Walker(len(self._walkers) + 1, height, child, arrives, track))
            self._arrivals.append(arrives)


def _nearest(xy: "NDArray[float64]", arrives: float, other: Walker) -> float:
    """Metres at the closest moment that both are there; infinite if they never are."""
    ahead = round((arrives - other.arrives) / STEP)
    met = min(len(xy), len(other.track.xy) - ahead)
    if met <= 0:
        return math.inf
    apart = xy[:met:2] - other.track.xy[ahead : ahead + met : 2]
    return float(numpy.hypot(apart[:, 0], apart[:, 1]).min())
