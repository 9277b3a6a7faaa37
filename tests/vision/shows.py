"""Scenes of the emulated crowd with what is true in them, and how a count is held against that."""

from collections import Counter as Tallied
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from drivers.device import Crossing, Stay
from drivers.emulators.crowd import Habits, Look, Scene, Seen, crossings
from drivers.vision.arrays import Picture
from drivers.vision.counter import Counter
from drivers.vision.plan import Line, Plan, Zone

SIZE = (384, 288)
FPS = 10.0
ALONE = Habits(speeds=(0.8, 1.6), groups=0, pauses=0, returns=0, children=0)
CLEAR = Look(posts=0, camouflage=0)
UPRIGHT, LEVEL = Line("upright", (0.5, 0), (0.5, 1)), Line("level", (0, 0.6), (1, 0.6))
GROUND = Zone("ground", ((0, 0.1), (1, 0.1), (1, 1), (0, 1)), whole=True)
BAR = Zone("bar", ((0.25, 0.4), (0.75, 0.4), (0.75, 0.8), (0.25, 0.8)))
PLAN = Plan((UPRIGHT, LEVEL), (GROUND, BAR))

Events = list[Crossing | Stay]
Timed = Iterator[tuple[Picture, float]]
Count = Tallied[tuple[str, str]]
"""(line, direction) → how many."""


class Show:
    """A scene of `seconds`; its pictures are drawn anew each time, since a minute of them would fill the memory."""

    def __init__(self, seconds: float, seed: int, **arguments: Any) -> None:
        self.seconds = seconds
        self._seed = seed
        self._arguments: dict[str, Any] = {"size": SIZE, "look": CLEAR} | arguments

    def timed(self, fps: float = FPS) -> Timed:
        scene = Scene(self._seed, fps=fps, **self._arguments)
        return ((picture, number / fps) for number, (picture, _) in enumerate(scene.frames(self.seconds)))

    @cached_property
    def rows(self) -> list[list[Seen]]:
        """Who is in each picture at `FPS`."""
        return [seen for _, seen in Scene(self._seed, fps=FPS, **self._arguments).frames(self.seconds)]

    def true(self, *lines: Line) -> Count:
        return Tallied((one.name, passed.direction) for one in lines for passed in crossings(self.rows, one, SIZE))


def counted(timed: Iterable[tuple[Picture, float]], plan: Plan = PLAN) -> Events:
    counter = Counter(plan)
    return [event for picture, at in timed for event in counter.step(picture, at)] + counter.end()


def tally(events: Iterable[Crossing | Stay]) -> Count:
    return Tallied(
        (event.line.removeprefix("footfall/"), event.direction) for event in events if isinstance(event, Crossing)
    )


def wrong(one: Count, other: Count) -> int:
    """Crossings too many or too few, of all lines and directions."""
    return sum(abs(one[key] - other[key]) for key in one | other)
