"""What a camera counts: lines that people cross and zones in which they stay, as places in its picture.

A person is where their feet are. Places are fractions of the picture's width and height, so that a plan holds for every
size of the same view; x grows to the right, y downwards.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Self

MOST_LINES = 8
MOST_ZONES = 8
MOST_CORNERS = 12
SHORTEST = 0.05
"""A line is at least this long, in parts of the picture's width: in less nobody finds room to walk."""

Place = tuple[float, float]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,19}")


class BadPlan(ValueError):
    """Says what of a plan cannot be counted, and what is allowed."""


@dataclass(frozen=True)
class Line:
    """From `a` to `b`. `in` is whoever comes from the side of negative signed distance
    `((bx−ax)(y−ay) − (by−ay)(x−ax)) / length` to the positive one: with `a` on the left and `b` on the right, who
    walks down in the picture."""

    name: str
    a: Place
    b: Place

    def turned(self) -> Self:
        """The same line with in and out swapped."""
        return type(self)(self.name, self.b, self.a)


@dataclass(frozen=True)
class Zone:
    """A polygon on the ground. `whole`: everybody who is inside of the event's place stands in it, so that an empty
    zone means that nobody is there."""

    name: str
    corners: tuple[Place, ...]
    whole: bool = False


@dataclass(frozen=True)
class Plan:
    """Names are different from each other. `BadPlan` when it cannot be counted."""

    lines: tuple[Line, ...] = ()
    zones: tuple[Zone, ...] = ()
    most: ClassVar[tuple[int, int]] = MOST_LINES, MOST_ZONES

    def __post_init__(self) -> None:
        lines, zones = self.most
        if len(self.lines) > lines or len(self.zones) > zones:
            found = f"{len(self.lines)} lines and {len(self.zones)} zones"
            raise BadPlan(f"{found}; at most {lines} and {zones} are allowed")
        names = [line.name for line in self.lines] + [zone.name for zone in self.zones]
        for name in names:
            if not _NAME.fullmatch(name):
                raise BadPlan(f"{name!r} is not a name: small letters, digits and hyphens, at most 20")
        if twice := {name for name in names if names.count(name) > 1}:
            raise BadPlan(f"{', '.join(sorted(twice))}: two lines or zones of one name")
        for line in self.lines:
            _inside(line.name, (line.a, line.b))
            if abs(line.a[0] - line.b[0]) < SHORTEST and abs(line.a[1] - line.b[1]) < SHORTEST:
                raise BadPlan(f"{line.name}: shorter than {SHORTEST:.0%} of the picture")
        for zone in self.zones:
            _inside(zone.name, zone.corners)
            if not 3 <= len(zone.corners) <= MOST_CORNERS:
                raise BadPlan(f"{zone.name}: {len(zone.corners)} corners; 3 to {MOST_CORNERS} are allowed")


class AnyPlan(Plan):
    """Of a recording, where nobody waits: as many lines as one likes."""

    most: ClassVar[tuple[int, int]] = 10_000, 10_000


def _inside(name: str, places: Iterable[Place]) -> None:
    for x, y in places:
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise BadPlan(f"{name}: {x:g}, {y:g} lies outside of the picture; 0 to 1 is allowed")
