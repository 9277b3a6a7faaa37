"""When somebody has crossed a line, and how long they stayed in a zone. Pure arithmetic on where feet are, in pixels of
any size, as long as a person's height `tall` is in the same.
"""

from dataclasses import dataclass

from drivers.device import Direction
from drivers.vision.plan import Place

_FAR = 0.12
"""Heights beyond the line: they have crossed it."""
_NEAR, _HOLDS_S = 0.08, 1.0
"""Heights; so near it takes so many seconds, since feet that stand seem to sway."""


@dataclass(slots=True)
class Side:
    """On which side of one line one person is."""

    side: int = 0
    _leaning: int = 0
    _since: float = 0.0

    def move(self, line: tuple[Place, Place], feet: Place, tall: float, at: float) -> Direction | None:
        """Their new place; `in` or `out` once they are beyond the line, within its ends."""
        (ax, ay), (bx, by) = line
        x, y = feet[0] - ax, feet[1] - ay
        along, down = bx - ax, by - ay
        square = along * along + down * down
        far = (along * y - down * x) / square**0.5 / tall
        lean = (far > _NEAR) - (far < -_NEAR)
        if lean != self._leaning:
            self._leaning, self._since = lean, at
        if lean == 0 or (abs(far) <= _FAR and at - self._since < _HOLDS_S):
            return None
        before, self.side = self.side, lean
        if before in (0, lean) or not 0 <= x * along + y * down <= square:
            return None
        return "in" if lean > 0 else "out"


def inside(corners: tuple[Place, ...], feet: Place) -> bool:
    """Whether a place lies in a polygon: a ray from it crosses the edges an odd number of times."""
    x, y = feet
    odd = False
    for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True):
        if (ay > y) != (by > y) and x < ax + (bx - ax) * (y - ay) / (by - ay):
            odd = not odd
    return odd


_LEAVES_S = 1.0
"""Outside for so long: they have left, and do not sway at the edge."""


@dataclass(slots=True)
class Visit:
    """One person and one zone."""

    came: float | None = None
    _last: float = 0.0

    def move(self, within: bool, at: float) -> float | None:
        """Seconds of a stay that has ended."""
        if within:
            self.came = at if self.came is None else self.came
            self._last = at
            return None
        return self.end() if self.came is not None and at - self._last >= _LEAVES_S else None

    def end(self) -> float | None:
        """They are gone: seconds of the stay, if there was one."""
        came, self.came = self.came, None
        return None if came is None else self._last - came
