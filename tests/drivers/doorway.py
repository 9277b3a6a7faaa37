"""People in a doorway with two beams, as physics has it: bodies that move, what they shade, what sensors make of it.

Places are metres along the way in: the first beam is at 0, the second at `apart`. Times are seconds. Everything is
drawn from the `Random` that a scene is given, so a seed names a run.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy
from numpy.typing import NDArray

from drivers.wire.beam import BeamPair

Way = NDArray[numpy.float64]
STEP = 0.001
"""Seconds between two looks at where everybody is."""
FAR = 0.4
"""Metres before the first beam at which people start, and behind the second at which they are through."""
ADVISED = (0.08, 0.12)
"""Metres from beam to beam as the documentation advises."""


@dataclass(frozen=True)
class Part:
    """What one part of a body shades, from its centre on: `thick` metres around `at`, swinging `swing` metres to and
    fro with every stride.
    """

    at: float
    thick: float
    swing: float = 0.0
    phase: float = 0.0


@dataclass(frozen=True)
class Body:
    """Somebody with everything they carry or push; `speeds` are (seconds, m/s) corners between which the speed changes
    evenly, from place `start` on. The walk itself speeds up and slows down by `bounce` with every step.
    """

    parts: tuple[Part, ...]
    start: float
    speeds: tuple[tuple[float, float], ...]
    stride: float = 1.0
    bounce: float = 0.1

    def places(self, times: Way) -> Way:
        at, speed = zip(*self.speeds, strict=True)
        pace = numpy.interp(times, at, speed) * (1 + self.bounce * numpy.sin(4 * math.pi * self.stride * times))
        return self.start + numpy.cumsum(pace) * STEP

    def shades(self, times: Way, beam: float) -> NDArray[numpy.bool_]:
        centre, shaded = self.places(times), numpy.zeros(len(times), bool)
        for part in self.parts:
            swing = part.swing * numpy.sin(2 * math.pi * self.stride * times + part.phase)
            shaded |= abs(centre + part.at + swing - beam) < part.thick / 2
        return shaded

    def passages(self, times: Way, apart: float) -> tuple[int, int]:
        """How often all of it went from before the beams to behind them, and from behind to before."""
        centre = self.places(times)
        swings = [
            part.at + part.swing * numpy.sin(2 * math.pi * self.stride * times + part.phase) for part in self.parts
        ]
        front = centre + numpy.max([at + part.thick / 2 for at, part in zip(swings, self.parts, strict=True)], axis=0)
        back = centre + numpy.min([at - part.thick / 2 for at, part in zip(swings, self.parts, strict=True)], axis=0)
        sides = numpy.where(front < 0, -1, numpy.where(back > apart, 1, 0))
        sides = sides[sides != 0]
        changes = sides[1:] - sides[:-1]
        return int((changes > 0).sum()), int((changes < 0).sum())


@dataclass(frozen=True)
class Scene:
    """Who is in the doorway, how far apart its beams are, and for how many seconds we look."""

    apart: float
    bodies: tuple[Body, ...]
    lasts: float

    @property
    def truth(self) -> tuple[int, int]:
        """How many walked in and out, each as often as all of them did."""
        times = numpy.arange(0.0, self.lasts, STEP)
        came, went = zip(*(body.passages(times, self.apart) for body in self.bodies), strict=True)
        return sum(came), sum(went)


@dataclass(frozen=True)
class Sensors:
    """`late`: seconds from a change of light to the edge, for (broken, free) of each beam; `jitter` is added to each
    edge, up to so much; `chatter`: how many edges of a hundred bounce, each for less than 8 ms; `flashes`: short
    glitches a second.
    """

    late: tuple[tuple[float, float], tuple[float, float]]
    jitter: float = 0.001
    chatter: int = 20
    flashes: float = 0.05

    @classmethod
    def some(cls, chance: Random) -> "Sensors":
        late = [(chance.uniform(0.0005, 0.003), chance.uniform(0.0005, 0.003)) for _ in range(2)]
        return cls((late[0], late[1]))


Edge = tuple[float, int, bool]
"""Seconds, beam, whether it is broken now."""


def edges(scene: Scene, sensors: Sensors, chance: Random) -> list[Edge]:
    """The raw edges of both beams in the order of time."""
    times = numpy.arange(0.0, scene.lasts, STEP)
    found: list[Edge] = []
    for beam, place in enumerate((0.0, scene.apart)):
        shaded = numpy.zeros(len(times), bool)
        for body in scene.bodies:
            shaded |= body.shades(times, place)
        found += _told(beam, times, shaded, sensors, chance)
    return sorted(found)


def _told(beam: int, times: Way, shaded: NDArray[numpy.bool_], sensors: Sensors, chance: Random) -> list[Edge]:
    """What one sensor tells: a change of light that lasts shorter than it takes to answer is swallowed."""
    shaded[0] = shaded[-1] = False
    clean: list[Edge] = []
    for index in numpy.flatnonzero(shaded[1:] != shaded[:-1]):
        broken = bool(shaded[index + 1])
        at = float(times[index + 1]) + sensors.late[beam][0 if broken else 1] + chance.uniform(0, sensors.jitter)
        if clean and clean[-1][0] >= at:
            clean.pop()
        else:
            clean.append((at, beam, broken))
    return sorted(
        [*clean, *_bounces(clean, sensors, chance), *_flashes(beam, clean, float(times[-1]), sensors, chance)]
    )


def _bounces(clean: Sequence[Edge], sensors: Sensors, chance: Random) -> Iterator[Edge]:
    for number, (at, beam, broken) in enumerate(clean):
        until = clean[number + 1][0] if number + 1 < len(clean) else math.inf
        if chance.randrange(100) < sensors.chatter:
            for _ in range(chance.randint(1, 3)):
                back, again = (at := at + chance.uniform(0.0003, 0.0013) for _ in range(2))
                if again < until:
                    yield back, beam, not broken
                    yield again, beam, broken


def _flashes(beam: int, clean: Sequence[Edge], end: float, sensors: Sensors, chance: Random) -> Iterator[Edge]:
    """Away from the edges, so that each is one glitch."""
    at = 0.0
    while sensors.flashes and (at := at + chance.expovariate(sensors.flashes)) < end:
        if all(abs(at - edge[0]) > 0.03 for edge in clean):
            broken = sum(edge[0] < at for edge in clean) % 2 == 1
            yield at, beam, not broken
            yield at + chance.uniform(0.0005, 0.008), beam, broken


def counted(scene: Scene, chance: Random, sensors: Sensors | None = None) -> Counter[str]:
    """What a pair of beams counts of the scene: its counters."""
    pair = BeamPair((False, False), 0.0)
    for at, beam, broken in edges(scene, sensors or Sensors.some(chance), chance):
        pair.edge(beam, broken, at)
    pair.settle(scene.lasts + 20.0)
    return pair.counters


Scenario = Callable[[Random, float], Scene]
"""Draws a scene between beams that are so many metres apart."""


def share(scenario: Scenario, *, runs: int, apart: tuple[float, float] = ADVISED, name: str = "") -> float:
    """How many of a hundred scenes are counted as they were."""
    right = 0
    for number in range(runs):
        chance = Random(f"{name}{number}")
        scene = scenario(chance, chance.uniform(*apart))
        counters = counted(scene, chance)
        right += (counters["in"], counters["out"]) == scene.truth
    return 100 * right / runs


def person(chance: Random, *, child: bool = False, arms: float = 0.12, bag: float = 0.3) -> tuple[Part, ...]:
    """Somebody as beams see them at the height of an adult's elbow: the trunk, both arms that swing up to `arms`
    metres, with probability `bag` something on the back or held in front.
    """
    trunk = chance.uniform(0.14, 0.20) if child else chance.uniform(0.19, 0.34)
    swing, phase = chance.uniform(0.3, 1.0) * arms, chance.uniform(0, 2 * math.pi)
    thick = chance.uniform(0.05, 0.07) if child else chance.uniform(0.07, 0.10)
    parts = [Part(0.0, trunk), Part(0.0, thick, swing, phase), Part(0.0, thick, swing, phase + math.pi)]
    if chance.random() < bag:
        deep, side = chance.uniform(0.08, 0.25), chance.choice((-1, 1))
        parts.append(Part(side * (trunk + deep) / 2 * 0.98, deep))
    return tuple(parts)


def legs(chance: Random) -> tuple[Part, ...]:
    """Somebody at the height of the shin."""
    phase, swing, thick = chance.uniform(0, 2 * math.pi), chance.uniform(0.2, 0.3), chance.uniform(0.09, 0.14)
    return Part(0.0, thick, swing, phase), Part(0.0, thick, swing, phase + math.pi)


def pace(chance: Random) -> float:
    """m/s: from a shuffle to a run for the door."""
    return chance.uniform(0.3, 2.0)


# Scenes


def straight(chance: Random, apart: float, parts: tuple[Part, ...] | None = None, *, inwards: bool = True) -> Scene:
    """One person walks through."""
    return _row(chance, apart, [parts or person(chance)], inwards=inwards)


def walks_in(chance: Random, apart: float) -> Scene:
    return straight(chance, apart)


def walks_out(chance: Random, apart: float) -> Scene:
    return straight(chance, apart, inwards=False)


def with_a_trolley(chance: Random, apart: float, light: float = -0.05) -> Scene:
    """Pushed ahead, hands on its handle: `light` is what beams see between it and the trunk; below 0, the arms are in
    the way.
    """
    long, parts = chance.uniform(0.4, 0.9), person(chance, bag=0.0)
    return straight(chance, apart, (*parts, Part(extent(parts)[1] + light + long / 2, long)))


def turns_back(chance: Random, apart: float) -> Scene:
    """Somebody comes from either side, stops at any depth between their first and their last touch of the beams, and
    goes back.
    """
    parts = person(chance)
    back, front = extent(parts)
    depth = chance.uniform(-front, apart - back - 0.03)
    return _stops(chance, apart, parts, [(depth, pace(chance)), (-FAR - front, pace(chance))])


def loiters(chance: Random, apart: float) -> Scene:
    """Somebody walks into the beams, stands, sways to and fro across one or both, and goes on or back."""
    parts = person(chance)
    back, front = extent(parts)
    place = chance.uniform(-front, apart - back)
    stops = [(place, pace(chance))]
    for _ in range(chance.randint(1, 8)):
        place = min(max(place + chance.uniform(-0.4, 0.4), -front - 0.2), apart - back + 0.2)
        stops.append((place, chance.uniform(0.2, 1.0)))
    stops.append((chance.choice((apart + FAR - back, -FAR - front)), pace(chance)))
    return _stops(chance, apart, parts, stops)


def leans(chance: Random, apart: float) -> Scene:
    """Somebody stands in the beams for a quarter of a minute and goes on."""
    parts = person(chance)
    back, front = extent(parts)
    place = chance.uniform(-front + 0.02, apart - back - 0.02)
    stays = [(place, pace(chance))] * 60
    return _stops(chance, apart, parts, [*stays, (apart + FAR - back, pace(chance))])


def waves(chance: Random, apart: float) -> Scene:
    """A hand or an arm alone to and fro through both beams, half a centimetre or more narrower than they are apart."""
    parts = (Part(0.0, chance.uniform(0.04, apart - 0.005)),)
    stops = [(chance.choice((0.3, -0.3)) * chance.random() + apart / 2, chance.uniform(0.5, 1.5)) for _ in range(6)]
    return _stops(chance, apart, parts, [*stops, (-FAR, 1.0)])


def close_behind(least: float, most: float, people: int = 2, *, child: bool = False) -> Scenario:
    """People one after the other at one pace, either way, `least` to `most` metres of light between them, or so many
    times the beams' distance below 0. `child`: those behind the first are children.
    """

    def scene(chance: Random, apart: float) -> Scene:
        rows = [person(chance, child=child and number > 0, bag=0.0) for number in range(people)]
        light = (least, apart if most < 0 else most)
        return _row(chance, apart, rows, light=light, inwards=chance.random() < 0.5)

    return scene


def abreast(chance: Random, apart: float) -> Scene:
    """Two people side by side the same way, one up to a head start of a trunk's depth before the other."""
    rows = [person(chance, bag=0.0, arms=0.05) for _ in range(2)]
    return _row(chance, apart, rows, light=(-0.35, -0.10), inwards=chance.random() < 0.5)


def meets(chance: Random, apart: float) -> Scene:
    """Two people pass each other in the doorway: one walks in, one out, both in the beams at once."""
    speeds, stride = _steady(chance, pace(chance)), chance.uniform(0.6, 1.1)
    came, went = (Body(parts, -FAR - extent(parts)[1], speeds, stride) for parts in (person(chance), person(chance)))
    return _through(apart, [came, _mirrored(went, apart)])


def extent(parts: Sequence[Part]) -> tuple[float, float]:
    """From the hindmost to the foremost that somebody shades, from their centre on."""
    back = min(part.at - part.swing - part.thick / 2 for part in parts)
    return back, max(part.at + part.swing + part.thick / 2 for part in parts)


def _row(
    chance: Random,
    apart: float,
    rows: Sequence[tuple[Part, ...]],
    *,
    inwards: bool,
    light: tuple[float, float] = (0.0, 0.0),
) -> Scene:
    """One after the other at one pace, with so much light between them."""
    speeds, bodies, edge = _steady(chance, pace(chance)), [], -FAR
    for parts in rows:
        back, front = extent(parts)
        bodies.append(Body(parts, edge - front, speeds, 0.5 + 0.3 * speeds[0][1], chance.uniform(0.0, 0.12)))
        edge += back - front - chance.uniform(*light)
    return _through(apart, bodies if inwards else [_mirrored(body, apart) for body in bodies])


def _steady(chance: Random, speed: float) -> tuple[tuple[float, float], ...]:
    """A pace that is kept, as far as people keep one."""
    return tuple((float(at), speed * chance.uniform(0.9, 1.1)) for at in range(0, 40, 2))


def _mirrored(body: Body, apart: float) -> Body:
    """The same the other way round: who came in goes out."""
    parts = tuple(Part(-part.at, part.thick, -part.swing, part.phase) for part in body.parts)
    return replace(body, parts=parts, start=apart - body.start, speeds=tuple((at, -v) for at, v in body.speeds))


def _through(apart: float, bodies: Sequence[Body]) -> Scene:
    """Until everybody is clear of the beams."""
    lasts = 0.0
    for body in bodies:
        back, front = extent(body.parts)
        slowest = 0.9 * min(abs(speed) for _, speed in body.speeds)
        lasts = max(lasts, (abs(body.start) + apart + front - back + 0.3) / slowest)
    return Scene(apart, tuple(bodies), lasts)


def _stops(chance: Random, apart: float, parts: tuple[Part, ...], stops: Sequence[tuple[float, float]]) -> Scene:
    """Somebody goes to these places one after the other, each at its own top speed: (place, m/s), and stands a moment
    at each. Half of them come from within: the same, mirrored.
    """
    start = place = -FAR - extent(parts)[1]
    corners, at = [(0.0, 0.0)], 0.2
    for to, speed in stops:
        way = abs(to - place)
        if way > 0.005:
            lasts, top = way / speed, math.copysign(speed, to - place)
            ramp = min(speed / 1.5, lasts)  # 1.5 m/s², or as fast as the way asks
            corners += [(at, 0.0), (at + ramp, top), (at + lasts, top), (at + lasts + ramp, 0.0)]
            at, place = at + lasts + ramp, to
        at += chance.uniform(0.1, 0.4)
    ordered = sorted({round(when, 6): speed for when, speed in corners}.items())
    body = Body(parts, start, tuple(ordered), bounce=0.0)
    return Scene(apart, (_mirrored(body, apart) if chance.random() < 0.5 else body,), at + 0.5)
