"""What befalls a camera, as functions of the time: the light changes, the exposure hunts, somebody covers or bumps it.

A disturbance takes the light as the ones before it left it and gives it back changed; they add up in their order.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol


@dataclass(frozen=True)
class Light:
    """`gain`: what the scene's brightness is multiplied by. `noise`: standard deviation in grey levels, besides the
    sensor's usual one. `clouds`: 0…1, by how much the darkest shadow of a cloud darkens. `covered`: 0…1, the share of
    the lens that something dark lies on. `shift`: pixels to the right and down by which everything has moved, in parts
    of the picture's width; `turn`: degrees clockwise about the middle.
    """

    gain: float = 1.0
    noise: float = 0.0
    clouds: float = 0.0
    covered: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    turn: float = 0.0


class Disturbance(Protocol):
    def __call__(self, light: Light, seconds: float) -> Light: ...


def light(disturbances: Sequence[Disturbance], seconds: float) -> Light:
    """The light at this time."""
    found = Light()
    for disturbance in disturbances:
        found = disturbance(found, seconds)
    return found


@dataclass(frozen=True)
class Step:
    """At `at` seconds somebody switches a lamp: ×`gain` until `until`."""

    at: float
    gain: float = 0.7
    until: float = math.inf

    def __call__(self, light: Light, seconds: float) -> Light:
        return _times(light, self.gain) if self.at <= seconds < self.until else light


@dataclass(frozen=True)
class Ramp:
    """From `start` to `end` seconds the light goes evenly to ×`gain`, and stays."""

    start: float
    end: float
    gain: float = 0.5

    def __call__(self, light: Light, seconds: float) -> Light:
        part = min(max((seconds - self.start) / (self.end - self.start), 0.0), 1.0)
        return _times(light, 1 + part * (self.gain - 1))


@dataclass(frozen=True)
class Flicker:
    """±`share`, `hertz` times a second: a lamp on the mains seen at a rate that does not fit."""

    share: float = 0.06
    hertz: float = 2.3

    def __call__(self, light: Light, seconds: float) -> Light:
        return _times(light, 1 + self.share * math.sin(2 * math.pi * self.hertz * seconds))


@dataclass(frozen=True)
class Pumping:
    """Every `every` seconds the automatic exposure is thrown off by `share` and finds back within about `settles`
    seconds.
    """

    every: float = 8.0
    share: float = 0.25
    settles: float = 1.5

    def __call__(self, light: Light, seconds: float) -> Light:
        return _times(light, 1 - self.share * math.exp(-3 * (seconds % self.every) / self.settles))


@dataclass(frozen=True)
class Dim:
    """A place with little light: half as bright, and the sensor's amplifier is heard."""

    gain: float = 0.5
    noise: float = 4.0

    def __call__(self, light: Light, seconds: float) -> Light:
        return replace(_times(light, self.gain), noise=math.hypot(light.noise, self.noise))


NIGHT = Dim(gain=0.2, noise=9.0)
"""Nothing but a far lamp."""


@dataclass(frozen=True)
class Clouds:
    """Soft shadows drift over the ground; the darkest takes `depth` of the light."""

    depth: float = 0.4

    def __call__(self, light: Light, seconds: float) -> Light:
        return replace(light, clouds=1 - (1 - light.clouds) * (1 - self.depth))


@dataclass(frozen=True)
class Covered:
    """From `start` to `end` seconds something lies on `share` of the lens."""

    start: float
    end: float = math.inf
    share: float = 1.0

    def __call__(self, light: Light, seconds: float) -> Light:
        return replace(light, covered=self.share) if self.start <= seconds < self.end else light


@dataclass(frozen=True)
class Bump:
    """At `at` seconds the camera is pushed aside and stays there: `shift` and `turn` as in `Light`."""

    at: float
    shift: tuple[float, float] = (0.08, 0.03)
    turn: float = 2.0

    def __call__(self, light: Light, seconds: float) -> Light:
        if seconds < self.at:
            return light
        shift = light.shift[0] + self.shift[0], light.shift[1] + self.shift[1]
        return replace(light, shift=shift, turn=light.turn + self.turn)


def _times(light: Light, gain: float) -> Light:
    return replace(light, gain=light.gain * gain)
