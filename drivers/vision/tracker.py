"""People in one camera's pictures, from picture to picture: `Tracker.step` finds them, `tracks` are who is followed.

The way of a picture: its light is evened out, what moves is found, tracks and moving parts are gathered into clusters;
one person alone is measured by their outline's box, people together by a joint fit; who is left over is new, or was
lost and is there again. Somebody who is seen alone and whole teaches what they wear and how much of the picture a
person fills; how tall people appear is learnt from everything that moves.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from drivers.vision import births, colours
from drivers.vision.arrays import Box, Picture, count, flat
from drivers.vision.births import Found
from drivers.vision.clusters import Cluster, Parts, clusters, parts
from drivers.vision.difference import differs
from drivers.vision.fit import Scene, fit
from drivers.vision.foreground import Foreground, tidied
from drivers.vision.gain import Gain
from drivers.vision.height import Heights
from drivers.vision.standing import standing
from drivers.vision.track import GIVEN_UP, Track

_LEARNT_FROM = 18
"""Pictures; more say nothing more about what does not move."""
_STRIPE = 32
"""Rows."""
_CHECKS_S, _FILLED = 0.5, 0.2
"""Seconds between two looks whether a track is a hole, and the share of its box that must move for that."""
CONFIRMED_S = 0.42
"""In sight for so long: somebody, and not a shadow that passed."""
_FIRST_S = 0.1
"""Taken for the time before the first picture."""
_LOST_S, _LOST_NEW_S = 1.2, 0.2
"""Out of sight for so long they are not followed any longer; somebody new for less."""
_SLEEPS_S = 3.0
"""So long after that they may be found again."""
_KEPT_SEEN_S = 2.9
"""Who was seen for so long may be found again also when there were doubts."""
_CROWDED = 0.6
"""More than the tracks' usual area by so much of one: somebody more is in it."""
_TWO_S, _TWO_SEEN_S = 0.43, (0.86, 6.0)
"""Too wide for so long, of tracks that are so young: two who came side by side."""
_SAME = 0.12
"""Heights between two tracks of one person."""
_TRUST_ALONE, _TRUST_TWICE = 0.7, 1.75
"""1/s."""
_TRAINS = (0.25, 0.55)
"""Width to height of somebody whose area says how much of the picture a person fills."""
_BODY = 0.20
"""Of the square of a person's height: their usual area."""


class Pictures(Protocol):
    """Some, in their order."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> Picture: ...


def _empty(pictures: Sequence[Picture]) -> Picture:
    """What most of them show, in stripes: all at once would take the memory that a small board has left."""
    found = np.empty_like(pictures[0])
    for top in range(0, found.shape[0], _STRIPE):
        found[top : top + _STRIPE] = np.median([one[top : top + _STRIPE] for one in pictures], axis=0)
    return found


class Tracker:
    """One view. Pictures have one size, times rise."""

    def __init__(self, pictures: Pictures) -> None:
        """`pictures` of the first seconds: what most of them show is the empty place. They are to be stepped through as
        well."""
        chosen = [pictures[number] for number in range(0, len(pictures), max(1, len(pictures) // _LEARNT_FROM))]
        empty = _empty(chosen)
        self.heights = Heights()
        for picture in chosen:
            self._measure(parts(tidied(np.where(differs(picture, empty), np.uint8(255), np.uint8(0)))), empty.shape)
        self.gain = Gain()
        self.foreground = Foreground(self.gain.even(empty, 0.0))
        self.tracks: list[Track] = []
        self.boxes: list[Box] = []
        """Of what moves."""
        self.body = _BODY
        self._lost: list[Track] = []
        self._everybody: colours.Colours | None = None
        self._count = 0
        self._now = 0.0
        self._seconds = _FIRST_S
        self._size = empty.shape[1], empty.shape[0]
        self._before: Picture | None = None

    def step(self, picture: Picture, at: float) -> list[Track]:
        """`tracks` after this picture, taken at `at` seconds."""
        self._seconds = _FIRST_S if self._before is None else at - self._now
        self._now = at
        if flat(picture):
            return self._blind()
        even = self.gain.even(picture, self._seconds)
        stand = standing(self.tracks, even, self._before, self._seconds)
        self._before = even
        found = parts(self.foreground.mask(even, stand, self._seconds))
        self.boxes = list(found.boxes.values())
        self._follow(even, found)
        return self.tracks

    def _blind(self) -> list[Track]:
        """Nothing is to be seen: nothing is learnt either, and people go on as they did."""
        self.boxes = []
        for track in self.tracks:
            track.predict(self.heights.at(track.y + track.vy * self._seconds), self._seconds)
            track.miss(self._seconds)
        self.tracks = self._stay()
        return self.tracks

    def forget(self) -> None:
        """Everybody; the view itself is known on."""
        self.tracks, self.boxes, self._lost, self._before = [], [], [], None

    def _follow(self, picture: Picture, found: Parts) -> None:
        for track in self.tracks:
            ahead = track.y + track.vy * self._seconds
            track.predict(self.heights.at(ahead), self._seconds)
        self._measure(found, picture.shape)
        new: list[Track] = []
        for cluster in clusters(self.tracks, found):
            new += self._cluster(cluster, found, picture)
        self._twice()
        self._check(found, picture)
        self.tracks = self._stay() + new
        self._lost = [track for track in self._lost if self._now - track.at - _LOST_S < _SLEEPS_S]

    def _measure(self, found: Parts, shape: tuple[int, ...]) -> None:
        """Heights from what moves and is not cut off by the picture's edge."""
        for box in found.boxes.values():
            if box.left > 1 and box.top > 0 and box.right < shape[1] - 1 and box.bottom < shape[0] - 1:
                self.heights.learn(box.bottom, box.width, box.height)

    def _cluster(self, cluster: Cluster, found: Parts, picture: Picture) -> list[Track]:
        tracks = cluster.tracks
        if not cluster.labels:
            for track in tracks:
                track.miss(self._seconds)
            return []
        boxes = [found.boxes[label] for label in cluster.labels]
        box = Box(
            min(box.left for box in boxes),
            min(box.top for box in boxes),
            max(box.right for box in boxes),
            max(box.bottom for box in boxes),
        )
        area = sum(found.areas[label] for label in cluster.labels)
        width, height = self._size
        edge = box.left <= 1 or box.right >= width - 1 or box.bottom >= height - 1
        two = self._too_wide(tracks, area, edge)
        if len(tracks) == 1 and not edge and self._alone(tracks[0], box, area, found, picture):
            return []
        margin = int(0.25 * self.heights.at(box.bottom)) + 8
        around = box.grown(margin).within(width, height)
        labels = found.labels[around.cut()]
        moves = labels == cluster.labels[0] if len(cluster.labels) == 1 else np.isin(labels, cluster.labels)
        origin = around.left, around.top
        if not tracks:
            return self._births(
                births.newcomers(moves.copy(), origin, picture, self.heights.at, self.foreground.was_hole)
            )
        scene = Scene(moves, origin, picture, self._size)
        rest = fit(tracks, scene, self.heights.at, self._everybody, self._now, self._seconds)
        new: list[Track] = []
        if two and (cut := births.pair(tracks, moves, origin, self.body)) is not None:
            track, own, other = cut
            twin = self._track(*other, track.colours)
            twin.vx, twin.vy = track.vx, track.vy
            track.x = own[0]
            for one in tracks:
                one.wide = 0.0
            new.append(twin)
        return new + self._births(births.newcomers(rest, origin, picture, self.heights.at, self.foreground.was_hole))

    def _too_wide(self, tracks: list[Track], area: int, edge: bool) -> bool:
        """Whether this has been more than its tracks for a while, and they are young enough to have been two."""
        if not tracks:
            return False
        usual = [self.body * (track.tall * track.size) ** 2 for track in tracks]
        more = not edge and area - sum(usual) > _CROWDED * sum(usual) / len(usual)
        for track in tracks:
            track.wide = track.wide + self._seconds if more else max(0.0, track.wide - self._seconds)
        young, old = _TWO_SEEN_S
        return (
            more
            and self.heights.known
            and len(tracks) <= 3
            and all(young <= track.seen <= old and track.missed == 0 for track in tracks)
            and min(track.wide for track in tracks) >= _TWO_S - 0.01
        )

    def _alone(self, track: Track, box: Box, area: int, found: Parts, picture: Picture) -> bool:
        """Measures somebody who is seen whole and alone; False when this is not how a person looks."""
        tall = self.heights.at(box.bottom) * track.size
        if area > (1 + _CROWDED) * self.body * tall**2:
            return False
        if not (0.72 * tall < box.height < 1.25 * tall and 0.2 * tall < box.width < 0.72 * tall):
            return False
        if abs(box.bottom - track.y) >= 0.3 * tall:
            return False
        part = found.labels[box.cut()] > 0
        track.measure(births.middle(part, box.left), float(box.bottom), (0.05, 0.05), self._now, self._seconds)
        track.trusted(_TRUST_ALONE * self._seconds)
        track.hidden *= 0.8
        usual = self.heights.at(box.bottom)
        if self.heights.known and _TRAINS[0] < box.width / box.height < _TRAINS[1]:
            self.body += 0.01 * (min(max(area / usual**2, 0.12), 0.32) - self.body)
        track.size += 0.05 * (min(max(box.height / usual, 0.8), 1.2) - track.size)
        worn = colours.colours(picture[box.cut()], part)
        track.colours = colours.learn(track.colours, worn)
        self._everybody = colours.learn(self._everybody, worn, 0.02)
        return True

    def _births(self, found: Iterable[Found]) -> list[Track]:
        new = []
        for one in found:
            tall = self.heights.at(one.y)
            known = births.lost_one(one, self._lost, tall, self._now)
            if known is None:
                new.append(self._track(one.x, one.y, one.colours))
            else:
                self._lost.remove(known)
                known.tall = tall
                known.resume(one.x, one.y, self._now)
                new.append(known)
        return new

    def _track(self, x: float, y: float, worn: colours.Colours | None) -> Track:
        self._count += 1
        return Track(self._count, x, y, self.heights.at(y), self._now, worn, seen=self._seconds)

    def _twice(self) -> None:
        """Two tracks on one person: the younger loses trust."""
        for number, one in enumerate(self.tracks):
            near = _SAME * one.tall
            for other in self.tracks[number + 1 :]:
                if abs(one.x - other.x) < near and abs(one.y - other.y) < near:
                    (other if other.seen < one.seen else one).trusted(-_TRUST_TWICE * self._seconds)

    def _check(self, found: Parts, picture: Picture) -> None:
        """Gives up who is only the place where somebody was."""
        width, height = self._size
        for track in self.tracks:
            if track.missed or self._now - track.checked < _CHECKS_S:
                continue
            track.checked = self._now
            half = 0.2 * track.tall * track.size
            box = Box(
                int(track.x - half), int(track.y - track.tall * track.size), int(track.x + half), int(track.y)
            ).within(width, height)
            if box.width < 3 or box.height < 3:
                continue
            part = found.labels[box.cut()] > 0
            if count(part) > _FILLED * part.size and self.foreground.was_hole(part, box, picture):
                track.trust = GIVEN_UP

    def _stay(self) -> list[Track]:
        """Those who are followed on; who has been out of sight for too long sleeps for a while."""
        width, height = self._size
        stay = []
        for track in self.tracks:
            confirmed = track.seen >= CONFIRMED_S
            gone = track.missed > (_LOST_S if confirmed else _LOST_NEW_S)
            left = not (-4 < track.x < width + 4 and track.y < height + 10)
            if not (gone or left or track.trust < -1):
                stay.append(track)
                continue
            within = 4 < track.x < width - 4 and track.y < height - 2
            believed = track.trust >= -1 or (track.trust > GIVEN_UP and track.seen > _KEPT_SEEN_S)
            if confirmed and within and believed:
                self._lost.append(track)
        return stay
