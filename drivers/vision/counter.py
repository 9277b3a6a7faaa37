"""Crossings and stays from the pictures of one camera: a `Tracker` follows people, each line and zone of a plan watches
their feet.
"""

import ctypes
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2

from drivers.device import Crossing, Direction, Stay
from drivers.vision.arrays import Picture
from drivers.vision.kept import Kept
from drivers.vision.lines import Side, Visit, inside
from drivers.vision.plan import Plan, Zone
from drivers.vision.track import Track
from drivers.vision.tracker import CONFIRMED_S, Tracker
from drivers.vision.verdict import View
from drivers.vision.view import Judge

WIDTH = 384
"""Pixels across of the picture that is worked on: what the method needs, and no more than a small board manages."""
_ROWS = 72, 1024
"""At least and at most; a picture that is slimmer or flatter than any camera's is stretched."""
LEARNS_S = 5.0
"""The first pictures are kept for so long, learnt from and counted afterwards, two for each that comes."""
_MOST_LEARNT = 60
_CATCHES_UP = 2
_SOONEST_S = 0.055
"""Pictures that come sooner say nothing new: 18 a second are looked at, at most."""
_GAP_S = 5.0
"""After so long without a picture nobody is where they were."""
_FEET = 0.03
"""Heights: shoes and the shadow below them are lost in the mask."""
_FORGETS_S = 6.0
"""Somebody who is out of sight for so long is not found again."""
_LAST = 20


@dataclass
class Tally:
    """What a draft has counted: `crossings`, line → [in, out]; the `last` of them: line, direction, when."""

    crossings: dict[str, list[int]] = field(default_factory=dict)
    last: deque[tuple[str, Direction, float]] = field(default_factory=lambda: deque(maxlen=_LAST))


class _Watch:
    """One plan, and where everybody is with regard to it."""

    def __init__(self, plan: Plan, size: tuple[int, int]) -> None:
        width, height = size
        self._lines = [
            (line.name, ((line.a[0] * width, line.a[1] * height), (line.b[0] * width, line.b[1] * height)))
            for line in plan.lines
        ]
        self._zones = [(zone.name, _corners(zone, size)) for zone in plan.zones]
        self._sides: dict[int, list[Side]] = {}
        self._visits: dict[int, list[Visit]] = {}

    def move(self, track: Track, at: float) -> list[Crossing | Stay]:
        """What somebody's new place means; names are those of the plan."""
        feet = track.x, track.y + _FEET * track.tall
        sides = self._sides.setdefault(track.ident, [Side() for _ in self._lines])
        visits = self._visits.setdefault(track.ident, [Visit() for _ in self._zones])
        events: list[Crossing | Stay] = []
        for (name, ends), side in zip(self._lines, sides, strict=True):
            if (direction := side.move(ends, feet, track.tall, at)) is not None:
                events.append(Crossing(name, direction, at))
        for (name, corners), visit in zip(self._zones, visits, strict=True):
            if (seconds := visit.move(inside(corners, feet), at)) is not None:
                events.append(Stay(name, seconds, at))
        return events

    def now(self, tracks: Sequence[Track]) -> dict[str, int]:
        """Zone → people in it."""
        return {
            name: sum(inside(corners, (track.x, track.y + _FEET * track.tall)) for track in tracks)
            for name, corners in self._zones
        }

    def forget(self, ident: int, at: float) -> list[Crossing | Stay]:
        """They are gone."""
        self._sides.pop(ident, None)
        if (visits := self._visits.pop(ident, None)) is None:  # not seen since this plan is counted
            return []
        ended = [(name, visit.end()) for (name, _), visit in zip(self._zones, visits, strict=True)]
        return [Stay(name, seconds, at) for name, seconds in ended if seconds is not None]


class Counter:
    """One camera. `step` with each picture, its time rising; `end` when there will be none for a while."""

    def __init__(self, plan: Plan, name: str = "footfall") -> None:
        self.tried = Tally()
        self.view = View()
        self.inside: dict[str, int] = {}
        self._name = name
        self._plan = plan
        self._trial: Plan | None = None
        self._tracker: Tracker | None = None
        self._judge = Judge()
        self._waiting = Kept()
        self._size = 0, 0
        self._watch: _Watch | None = None
        self._draft: _Watch | None = None
        self._known: dict[int, float] = {}
        self._early: dict[int, tuple[list[Crossing | Stay], list[Crossing | Stay]]] = {}
        """Of people who may be none: told, tried. When it is sure that they are somebody, it is told."""
        self._over: list[Crossing | Stay] = []
        """Stays that a new plan ended."""
        self._before: float | None = None
        self._newest: float | None = None

    @property
    def plan(self) -> Plan:
        """What is counted. A new one counts from the next picture on, and says that the camera stands right."""
        return self._plan

    @plan.setter
    def plan(self, plan: Plan) -> None:
        if plan != self._plan:
            for ident, seen in self._known.items():
                self._over += self._left(ident, seen)
            self._plan, self._watch = plan, None
        self._judge.accept()

    @property
    def trial(self) -> Plan | None:
        """A draft that is counted besides, into `tried`, which begins anew with it."""
        return self._trial

    @trial.setter
    def trial(self, plan: Plan | None) -> None:
        self._trial, self._draft = plan, None
        self._early = {ident: (told, []) for ident, (told, _) in self._early.items()}
        self.tried = Tally({line.name: [0, 0] for line in plan.lines} if plan is not None else {})

    @property
    def people(self) -> int:
        """Seen now."""
        return len(self._sure())

    def step(self, picture: Picture, at: float) -> list[Crossing | Stay]:
        """A picture (blue, green, red; any size) taken at `at` seconds, and what happened until then. While the view is
        new, and shortly after, what happened is told some seconds late, with the time when it was. A picture that is
        not later than the one before is left out."""
        events: list[Crossing | Stay] = []
        if self._newest is not None:
            if at - self._newest < _SOONEST_S:
                return []
            if at - self._newest > _GAP_S:
                events += self.end()
        small = _small(picture)
        if (small.shape[1], small.shape[0]) != self._size:
            events += self._begin_anew((small.shape[1], small.shape[0]))
        self._newest = at
        stood = not self._judge.moved
        if self._tracker is not None and not self._waiting:
            events += self._look(self._tracker, small, at)
        else:
            self._waiting.append(small, at)
            if self._tracker is None and at - self._waiting.since < LEARNS_S and len(self._waiting) < _MOST_LEARNT:
                return events
            events += self._catch_up(_CATCHES_UP)
        if stood and self._judge.moved:
            events += self._begin_anew(self._size)
            self._newest = at
        return events

    def end(self) -> list[Crossing | Stay]:
        """What is still to be told of the pictures so far; nobody is followed any longer. What the empty place looks
        like is known on."""
        events = self._catch_up(len(self._waiting)) + self._over
        self._over = []
        for ident in list(self._known):
            events += self._forget(ident)
        if self._tracker is not None:
            self._tracker.forget()
        self._before = self._newest = None
        self.inside = dict.fromkeys(self.inside, 0)
        return events

    def _begin_anew(self, size: tuple[int, int]) -> list[Crossing | Stay]:
        events = self.end()
        self._size, self._tracker, self._watch, self._draft = size, None, None, None
        return events

    def _catch_up(self, most: int) -> list[Crossing | Stay]:
        """Look at the pictures that have waited longest."""
        events: list[Crossing | Stay] = []
        for _ in range(min(most, len(self._waiting))):
            if self._tracker is None:
                self._tracker = Tracker(self._waiting)
                self._judge.refer(self._tracker.foreground.empty)
            events += self._look(self._tracker, *self._waiting.popleft())
        if most and not self._waiting:
            _give_back()
        return events

    def _look(self, tracker: Tracker, picture: Picture, at: float) -> list[Crossing | Stay]:
        if self._watch is None:
            self._watch = _Watch(self._plan, self._size)
        if self._draft is None and self._trial is not None:
            self._draft = _Watch(self._trial, self._size)
        tracks = tracker.step(picture, at)
        if self._before is not None:
            self._judge.look(picture, tracker.gain.factor, self._sure(), tracker.boxes, at - self._before)
        self._before = at
        self.view = self._judge.view(tracker.heights, self._size[1])
        events, self._over = self._over, []
        for track in tracks:
            if track.shown:
                self._known[track.ident] = at
                draft = self._draft.move(track, at) if self._draft is not None else []
                told, tried = self._early.pop(track.ident, ([], []))
                told, tried = told + self._watch.move(track, at), tried + draft
                if track.seen < CONFIRMED_S:
                    self._early[track.ident] = told, tried
                    continue
                self._try(tried)
                events += [self._named(event) for event in told]
        for ident in [ident for ident, seen in self._known.items() if at - seen > _FORGETS_S]:
            events += self._forget(ident)
        self.inside = self._watch.now(self._sure())
        return events

    def _forget(self, ident: int) -> list[Crossing | Stay]:
        seen = self._known.pop(ident)
        self._early.pop(ident, None)
        if self._draft is not None:
            self._draft.forget(ident, seen)
        return self._left(ident, seen)

    def _left(self, ident: int, seen: float) -> list[Crossing | Stay]:
        return [] if self._watch is None else [self._named(event) for event in self._watch.forget(ident, seen)]

    def _try(self, events: Sequence[Crossing | Stay]) -> None:
        for event in events:
            if isinstance(event, Crossing):
                self.tried.crossings[event.line][event.direction == "out"] += 1
                self.tried.last.append((event.line, event.direction, event.mono))

    def _named(self, event: Crossing | Stay) -> Crossing | Stay:
        if isinstance(event, Crossing):
            return Crossing(f"{self._name}/{event.line}", event.direction, event.mono)
        return Stay(f"{self._name}/{event.zone}", event.seconds, event.mono)

    def _sure(self) -> list[Track]:
        tracks = self._tracker.tracks if self._tracker is not None else []
        return [track for track in tracks if track.seen >= CONFIRMED_S and track.shown]


def _give_back() -> None:
    """The memory that learning took; the C library would keep it for another time."""
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:  # glibc's, malloc_trim(3)
        trim(0)


def _small(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    size = WIDTH, min(max(_ROWS[0], round(height * WIDTH / width)), _ROWS[1])
    if (width, height) == size:
        return picture
    small: Picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return small


def _corners(zone: Zone, size: tuple[int, int]) -> tuple[tuple[float, float], ...]:
    return tuple((x * size[0], y * size[1]) for x, y in zone.corners)
