"""People who hide each other, found together: each one's outline is laid where it explains most of what moves.

From the nearest to the farthest, twice: an outline may not use pixels of somebody nearer (they say nothing about who is
behind) and gets little for those that somebody farther explains as well. Beside the outline counts how far it is from
where the person should be, and whose colours the pixels have.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, sqrt

import numpy as np

from drivers.vision import colours
from drivers.vision.arrays import Box, Mask, Picture, Weights, count
from drivers.vision.silhouette import Silhouette, overlaid, silhouette
from drivers.vision.track import Track

_ACROSS, _DOWN = 0.16, 0.10
"""Heights around the place that is expected."""
_LOST_S, _LOST_REACH = 0.43, 1.5
_PRIOR, _PRIOR_DOWN = 0.06, 1.5
"""Of the outline's pixels, for each square of a deviation; down in the picture is known better than across."""
_OWN_NOISE = 0.05
_SHARED = 0.15
"""What a pixel is worth that somebody behind explains as well."""
_SWEEPS = 2
_KNOWN_S = 1.1
"""A single person's colours are used once they have been seen for so long."""

_VISIBLE = 0.22
_VISIBLE_OF_FREE, _VISIBLE_LEAST = 0.5, 0.10
_HIDDEN = 0.35
_SHARED_NOISE = 4.0
_POOR = 0.45
_TRUST_RATE = 0.35
"""1/s."""


@dataclass(frozen=True)
class Scene:
    """The part of the picture that a cluster lies in: `moves` in it, `origin` of it, and the whole picture's size."""

    moves: Mask
    origin: tuple[int, int]
    picture: Picture
    size: tuple[int, int]

    @property
    def around(self) -> Box:
        rows, columns = self.moves.shape
        return Box(self.origin[0], self.origin[1], self.origin[0] + columns, self.origin[1] + rows)


@dataclass
class _Person:
    track: Track
    x: int
    y: int
    shape: Silhouette
    tall: int
    worth: Weights | None = None
    """What a pixel of each shade is worth, and one that does not move; None: 1, and −1."""
    search: "_Search | None" = None
    """Where they are looked for; None: out of the scene."""

    def box(self, scene: Scene) -> Box:
        """Of the outline with its ring, in the scene's pixels."""
        left = self.x - self.shape.middle - scene.origin[0]
        top = self.y - self.tall - self.shape.pad - scene.origin[1]
        rows, columns = self.shape.inside.shape
        return Box(left, top, left + columns, top + rows)


@dataclass
class _Search:
    """Around the place that is expected: the `window` that outlines there can reach, in the scene's pixels, and what
    each pixel of it is worth as long as nobody else claims it."""

    x: int
    y: int
    shape: Silhouette
    across: int
    down: int
    window: Box
    weights: Weights
    prior: Weights
    """What each place costs for being unexpected."""
    others: list[tuple[int, Box]] | None = None
    """Who claimed pixels of the window when it was last looked at: their number and box."""


def fit(
    tracks: Sequence[Track],
    scene: Scene,
    heights: Callable[[float], float],
    everybody: colours.Colours | None,
    at: float,
    seconds: float,
) -> Mask:
    """Measures each track or lets it miss; gives back what moves and belongs to none of them."""
    people = [_person(track, track.x, track.y, heights) for track in sorted(tracks, key=lambda track: -track.y)]
    shades = _weigh(people, scene, everybody)
    for person in people:
        person.search = _search(person, scene, shades)
    for sweep in range(_SWEEPS if len(people) > 1 else 1):
        for number, person in enumerate(people):
            _place(person, number, people, sweep, scene, heights)
    return _tell(people, scene, at, seconds)


def _person(track: Track, x: float, y: float, heights: Callable[[float], float]) -> _Person:
    tall = round(heights(y) * track.size)
    return _Person(track, round(x), round(y), silhouette(tall), tall)


def _weigh(people: Sequence[_Person], scene: Scene, everybody: colours.Colours | None) -> colours.Shades | None:
    """Each pixel's shade, `colours.NONE` where nothing moves; None when nobody's colours tell anything."""
    known = [person.track.colours for person in people if person.track.colours is not None]
    if len(people) == 1:
        if everybody is None or people[0].track.seen <= _KNOWN_S:
            return None
        known.append(everybody)
    if len(known) < 2:
        return None
    mean = np.mean(known, 0)
    for person in people:
        if person.track.colours is not None:
            person.worth = np.append(colours.tells(person.track.colours, mean), np.float32(-1))
    shades = colours.shades(scene.picture[scene.around.cut()])
    shades[~scene.moves] = colours.NONE
    return shades


def _search(person: _Person, scene: Scene, shades: colours.Shades | None) -> _Search | None:
    track, tall, shape = person.track, person.tall, person.shape
    wider = _LOST_REACH if track.missed >= _LOST_S else 1.0
    across, down = ceil(_ACROSS * tall * wider) + 1, ceil(_DOWN * tall * wider) + 1
    home = person.box(scene)
    window = Box(home.left - across, home.top - down, home.right + across, home.bottom + down)
    rows, columns = scene.moves.shape
    seen = window.within(columns, rows)
    if not (seen.width and seen.height):
        return None
    weights = np.full((window.height, window.width), np.float32(-1))
    _beyond_the_picture(weights, window, scene)
    inner = Box(seen.left - window.left, seen.top - window.top, seen.right - window.left, seen.bottom - window.top)
    if person.worth is None or shades is None:
        weights[inner.cut()] = np.where(scene.moves[seen.cut()], np.float32(1), np.float32(-1))
    else:
        weights[inner.cut()] = person.worth.take(shades[seen.cut()])
    sure = sqrt(track.spread) + _OWN_NOISE * tall
    prior = np.float32(_PRIOR * shape.area / sure**2) * _squares(across, down)
    return _Search(person.x, person.y, shape, across, down, window, weights, prior)


@lru_cache(maxsize=256)
def _squares(across: int, down: int) -> Weights:
    """Of deviations from what is expected."""
    off_y = np.arange(-down, down + 1, dtype=np.float32)[:, None]
    off_x = np.arange(-across, across + 1, dtype=np.float32)[None]
    squares: Weights = off_x**2 + np.float32(_PRIOR_DOWN) * off_y**2
    return squares


def _place(
    person: _Person, number: int, people: Sequence[_Person], sweep: int, scene: Scene, heights: Callable[[float], float]
) -> None:
    """Moves `person` to where the outline explains most."""
    search = person.search
    if search is None:
        return
    window = search.window
    others: list[tuple[int, Box]] = []
    claims: list[tuple[bool, Box, Mask]] = []
    for other_number, other in enumerate(people):
        if other is person or (sweep == 0 and other_number > number > 0):
            continue
        box = other.box(scene)
        common = box.common(window)
        if common.width > 0 and common.height > 0:
            others.append((other_number, box))
            outline = other.shape.inside[
                common.top - box.top : common.bottom - box.top, common.left - box.left : common.right - box.left
            ]
            claims.append((other_number < number, common, outline))
    if others == search.others:  # nobody moved, so the answer is the same
        return
    search.others = others
    weights = search.weights.copy() if claims else search.weights
    for nearer, common, outline in claims:
        part = weights[
            common.top - window.top : common.bottom - window.top,
            common.left - window.left : common.right - window.left,
        ]
        if nearer:
            part[outline] = 0
        else:
            part[outline & (part > 0)] *= _SHARED
    score = overlaid(search.shape, weights) - search.prior
    best_y, best_x = divmod(int(score.argmax()), score.shape[1])
    placed = _person(person.track, search.x + best_x - search.across, search.y + best_y - search.down, heights)
    person.x, person.y, person.shape, person.tall = placed.x, placed.y, placed.shape, placed.tall


def _beyond_the_picture(weights: Weights, window: Box, scene: Scene) -> None:
    """Outside of the picture nothing is known."""
    width, height = scene.size
    left, top = window.left + scene.origin[0], window.top + scene.origin[1]
    if left < 0:
        weights[:, :-left] = 0
    if left + window.width > width:
        weights[:, width - left :] = 0
    if top + window.height > height:
        weights[height - top :] = 0


def _tell(people: Sequence[_Person], scene: Scene, at: float, seconds: float) -> Mask:
    rows, columns = scene.moves.shape
    claimed = np.zeros((rows, columns), bool)
    claims = np.zeros((rows, columns), np.uint8)
    rest: Mask = scene.moves.copy()
    parts = []
    for person in people:
        box = person.box(scene)
        seen = box.within(columns, rows)
        inside = person.shape.inside[
            seen.top - box.top : seen.bottom - box.top, seen.left - box.left : seen.right - box.left
        ]
        parts.append((person, box, seen, inside))
        claims[seen.cut()] += inside
    for person, _, seen, inside in parts:
        track = person.track
        if not (seen.width and seen.height):
            track.miss(seconds)
            continue
        taken, moves = claimed[seen.cut()], scene.moves[seen.cut()]
        covered = count(inside & taken) / person.shape.area
        own = inside & moves
        visible = count(own & ~taken) / person.shape.area
        free = max(1 - covered, 1e-3)
        rate = 1 - 0.8 ** (seconds / 0.14)
        track.hidden += rate * (covered - track.hidden)
        if visible > _VISIBLE or (visible > _VISIBLE_OF_FREE * free and visible > _VISIBLE_LEAST):
            shared = 0.0
            if len(people) > 1:
                alone = count(own & (claims[seen.cut()] == 1)) / max(count(own), 1)
                shared = _SHARED_NOISE * max(0.0, 0.5 - alone) ** 2
            noise = (0.07 if covered < 0.3 else 0.12) + shared, _feet_noise(covered, inside, taken, person) + shared
            track.measure(person.x, person.y, noise, at, seconds)
            track.trusted(_TRUST_RATE * seconds * (-1 if visible / free < _POOR else 1))
        else:
            track.miss(seconds, 1.0 if covered < _HIDDEN else _HIDDEN)
        taken |= inside
        _clear(rest, seen, person.tall)
    return rest


def _feet_noise(covered: float, inside: Mask, taken: Mask, person: _Person) -> float:
    """Of the place down the picture, in heights: who hides somebody's feet hides where they are."""
    if covered < 0.2:
        return 0.08
    lowest = max(2, int(0.2 * person.tall))
    feet = inside[-lowest:]
    return 0.10 + 0.2 * (float(taken[-lowest:][feet].mean()) if feet.any() else 0.0)


def _clear(rest: Mask, seen: Box, tall: int) -> None:
    """Around the outline nobody is born."""
    beyond, narrower = max(1, int(0.08 * tall)), int(0.02 * tall)
    rows = slice(max(seen.top - beyond, 0), seen.bottom + beyond)
    rest[rows, max(seen.left + narrower, 0) : seen.right - narrower] = False
