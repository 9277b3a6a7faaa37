"""Two light beams and the people who walk through them; moves the mock pins of
`gpio://…?factory=mock&socket=PATH`.

Sensors pull their line low (0) while they see light; a broken beam or a missing sensor leaves it high (1).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from drivers.emulators.pins import REPEAT, Levels, MovedLines

Direction = Literal["in", "out"]

STRIDE = 0.03
"""Seconds from one change of the beams to the next while somebody walks through."""
GAP = 0.06
"""Seconds between two people who follow each other with a clear gap."""

_FIRST, _BOTH, _SECOND, _NONE = (1, 0), (1, 1), (0, 1), (0, 0)
_IN = (_FIRST, _BOTH, _SECOND, _NONE)
_OUT = (_SECOND, _BOTH, _FIRST, _NONE)


class BeamEmulator(MovedLines):
    """Walks are queued and done one after the other in a thread of their own; `finish` waits for them.

    `walked` counts who is through the door, seen or not.
    """

    def __init__(
        self, path: Path, pins: tuple[int, int] = (17, 27), *, stride: float = STRIDE, repeat: float = REPEAT
    ) -> None:
        super().__init__(path, pins, _NONE, settle=stride, repeat=repeat)
        self._stride = stride
        self.walked: dict[Direction, int] = {"in": 0, "out": 0}

    def walk(self, direction: Direction, people: int = 1) -> None:
        """So many people one after the other, a clear gap between them."""
        for _ in range(people):
            self._take(_IN if direction == "in" else _OUT, (direction, 1))

    def abreast(self, direction: Direction) -> None:
        """Two people side by side; the beams see one wide one."""
        self._take(_IN if direction == "in" else _OUT, (direction, 2))

    def turn_back(self, direction: Direction, depth: int) -> None:
        """Somebody comes as far as `depth` changes (1…3) and goes back the way they came."""
        if not 1 <= depth <= 3:
            raise ValueError(f"depth is 1…3, not {depth}")
        path = (_IN if direction == "in" else _OUT)[:depth]
        self._take((*path, *reversed(path[:-1]), _NONE))

    def block(self, *, first: bool, second: bool) -> None:
        """Something stays in the beams, until `block(first=False, second=False)`."""
        self.put((int(first), int(second)), self._stride)

    def unplug(self) -> None:
        """The cable is out: both lines float high at once, and nobody who walks is seen."""
        self.pulled = _BOTH
        self.put(self._levels)

    def plug(self) -> None:
        self.pulled = None
        self.put(_NONE)

    def _take(self, path: Sequence[Levels], passed: tuple[Direction, int] | None = None) -> None:
        for levels in path:
            self.put(levels, self._stride)
        self.put(path[-1], GAP, None if passed is None else lambda: self._pass(*passed))

    def _pass(self, direction: Direction, people: int) -> None:
        self.walked[direction] += people
