"""One person who is followed: where their feet are, how they move, how sure that is.

The place is filtered by a Kalman filter of constant velocity (Bar-Shalom, Li, Kirubarajan, "Estimation with
Applications to Tracking and Navigation", 2001, ch. 6) in both axes. Lengths are pixels of the working picture, noise is
told in parts of the person's height `tall`.
"""

import math
from dataclasses import dataclass, field

from drivers.vision.colours import Colours

_WANDERS = 0.0529
"""Heights per √s: what the model does not know of the place."""
_TURNS = 0.222
"""Heights per second per √s: how quickly people change their pace."""
_SLOWS = 0.213
"""1/s: somebody out of sight is not taken to run on for ever."""
_PLACE, _PACE = 0.1, 0.99
"""Heights, heights per second: what is not known of somebody new."""
GIVEN_UP = -2.0
"""Of `trust`: nobody is there."""
SHOWN_S = 0.43
"""Somebody who is hidden for so long at most is still told to be where they should be."""


@dataclass(slots=True, eq=False)
class Track:
    """`seen`: seconds in sight; `missed`: seconds since; `trust` −2…1; `size`: of the usual height; `travelled`:
    heights from where they were first seen; `stirs`: share of their pixels that change; `wide`: seconds for which they
    have been too wide for one; `hidden`: share of them behind others; `checked`: when they were last looked at whether
    they are only a hole."""

    ident: int
    x: float
    y: float
    tall: float
    at: float
    colours: Colours | None = None
    vx: float = 0.0
    vy: float = 0.0
    seen: float = 0.0
    missed: float = 0.0
    trust: float = 0.2
    size: float = 1.0
    travelled: float = 0.0
    stirs: float = 0.05
    wide: float = 0.0
    hidden: float = 0.0
    checked: float = 0.0
    born: tuple[float, float] = field(init=False)
    last: tuple[float, float] = field(init=False)
    spread: float = field(init=False)
    """Variance of the place, px²."""
    _cross: float = field(init=False, default=0.0)
    _pace: float = field(init=False)

    def __post_init__(self) -> None:
        self.born = self.last = (self.x, self.y)
        self.spread, self._pace = (_PLACE * self.tall) ** 2, (_PACE * self.tall) ** 2

    def predict(self, tall: float, seconds: float) -> None:
        """Where they should be now; `tall`: somebody's height there."""
        self.x += self.vx * seconds
        self.y += self.vy * seconds
        self.tall = tall
        self.spread += 2 * self._cross * seconds + self._pace * seconds**2 + (_WANDERS * tall) ** 2 * seconds
        self._cross += self._pace * seconds
        self._pace += (_TURNS * tall) ** 2 * seconds

    def measure(self, x: float, y: float, noise: tuple[float, float], at: float, seconds: float) -> None:
        """Seen there; `noise` across and down, in heights."""
        gain_x = self.spread / (self.spread + (noise[0] * self.tall) ** 2)
        gain_y = self.spread / (self.spread + (noise[1] * self.tall) ** 2)
        pull = self._cross / self.spread
        off_x, off_y = x - self.x, y - self.y
        self.x += gain_x * off_x
        self.y += gain_y * off_y
        self.vx += gain_x * pull * off_x
        self.vy += gain_y * pull * off_y
        gain = (gain_x + gain_y) / 2
        self._pace -= gain * pull * self._cross
        self.spread *= 1 - gain
        self._cross *= 1 - gain
        self.seen += seconds
        self.missed = 0.0
        self.at, self.last = at, (self.x, self.y)

    def miss(self, seconds: float, share: float = 1.0) -> None:
        """Not seen; `share` < 1 when somebody stands in front of them."""
        self.missed += seconds * share
        keep = math.exp(-_SLOWS * seconds)
        self.vx *= keep
        self.vy *= keep

    def resume(self, x: float, y: float, at: float) -> None:
        """Found again after they had been lost."""
        self.x, self.y = x, y
        self.vx *= 0.5
        self.vy *= 0.5
        self.spread, self._cross, self._pace = (_PLACE * self.tall) ** 2, 0.0, (0.7 * _PACE * self.tall) ** 2
        self.missed, self.trust = 0.0, 0.3
        self.at, self.last = at, (x, y)

    def trusted(self, by: float) -> None:
        """More or less than before, at most 1."""
        self.trust = min(1.0, self.trust + by)

    def walked(self, far: float) -> bool:
        """Whether they have been `far` heights away from where they were first seen."""
        if self.travelled < far:
            way = math.hypot(self.x - self.born[0], self.y - self.born[1]) / self.tall
            self.travelled = max(self.travelled, way)
        return self.travelled >= far

    @property
    def speed(self) -> float:
        """Heights per second."""
        return math.hypot(self.vx, self.vy) / self.tall

    @property
    def shown(self) -> bool:
        """Whether their place is good enough to be told."""
        return self.missed <= SHOWN_S
