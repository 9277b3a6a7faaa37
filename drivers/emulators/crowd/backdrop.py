"""The place without people: paved ground, a wall with doorways where the ground ends, sky, and posts."""

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy

from drivers.emulators.crowd.body import Colour
from drivers.emulators.crowd.ground import Ground
from drivers.emulators.crowd.route import doors

if TYPE_CHECKING:
    from numpy import bool_, float32, uint8
    from numpy.typing import NDArray

    Picture = NDArray[uint8]
    Mask = NDArray[bool_]

_FLOORS: tuple[Colour, ...] = ((118, 120, 122), (125, 138, 150), (85, 88, 92), (75, 108, 95), (150, 155, 158))
_WALLS: tuple[Colour, ...] = ((95, 115, 150), (150, 160, 165), (110, 105, 100), (85, 100, 110))
_SKY: Colour = (225, 215, 205)
_DOORWAY: Colour = (32, 30, 30)
_TILES = 26
"""Rows of paving stones between the nearest and the farthest place."""
_STONE = 18
"""Pixels of the pattern for one stone."""
_WALL_HEIGHT = 4.5
_POST_WIDTH, _POST_HEIGHT = 0.2, 4.0
_DOOR_WIDTH, _DOOR_HEIGHT = 1.3, 2.3


@dataclass(frozen=True)
class Post:
    """Stands `away` metres off and hides what is farther: `rows`, `columns` and, within these, the `mask`."""

    away: float
    rows: slice
    columns: slice
    mask: "Mask"


class Backdrop:
    """`picture` (rows x columns x 3, BGR), the ground's mean `colour`, and the `posts`."""

    def __init__(self, seed: int, ground: Ground, posts: int) -> None:
        chance = random.Random(f"{seed}/backdrop")
        grain = numpy.random.default_rng([seed, 1])
        self.colour = chance.choice(_FLOORS)
        self.picture = _floor(ground, self.colour, grain)
        if not ground.beyond:
            _wall(self.picture, ground, chance)
        self.posts: list[Post] = []
        for _ in range(posts):
            y = ground.front + (ground.far - ground.front) * chance.uniform(0.15, 0.6)
            x = chance.uniform(-0.7, 0.7) * ground.aside(y)
            self.posts.append(_post(self.picture, ground, x, y, chance.choice((_WALLS[1], _DOORWAY, (95, 110, 90)))))


def smooth(grain: "numpy.random.Generator", cells: tuple[int, int], size: tuple[int, int]) -> "NDArray[float32]":
    """Soft chance, about -1…1, of so many `cells` across and down, drawn out to `size`."""
    coarse = grain.normal(0, 0.5, (cells[1], cells[0])).astype(numpy.float32)
    fine: Any = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    drawn: NDArray[float32] = fine
    return drawn


def _floor(ground: Ground, colour: Colour, grain: "numpy.random.Generator") -> "Picture":
    width, height = ground.size
    deep = ground.far - ground.front + 2
    stone = deep / _TILES
    aside = ground.aside(ground.far) + 1
    rows, columns = _TILES, min(max(int(2 * aside / stone) + 1, 1), 90)
    stones = grain.normal(0, 5, (rows, columns)).astype(numpy.float32)
    size = columns * _STONE, rows * _STONE
    pattern: Any = cv2.resize(stones, size, interpolation=cv2.INTER_NEAREST)
    pattern[::_STONE] -= 16
    pattern[:, ::_STONE] -= 16
    pattern += 14 * smooth(grain, (columns // 3 + 2, rows // 3 + 2), size)
    pattern += grain.normal(0, 4, pattern.shape).astype(numpy.float32)
    texture = numpy.clip(numpy.array(colour, numpy.float32) + pattern[..., None], 0, 255).astype(numpy.uint8)
    # From the pattern's pixels to metres to the picture's pixels, at twice the size so that far stones do not flicker.
    lay = numpy.array(((stone / _STONE, 0, -columns * stone / 2), (0, stone / _STONE, ground.front - 1), (0, 0, 1)))
    warp = numpy.diag((2.0, 2.0, 1.0)) @ ground.matrix() @ lay
    seen = cv2.warpPerspective(texture, warp, (2 * width, 2 * height), borderMode=cv2.BORDER_REPLICATE)
    small: Any = cv2.resize(seen, (width, height), interpolation=cv2.INTER_AREA)
    floor: Picture = small
    return floor


def _wall(picture: "Picture", ground: Ground, chance: random.Random) -> None:
    far = ground.camera.far
    foot = round(ground.place(0, far)[1])
    top = round(ground.place(0, far, _WALL_HEIGHT)[1])
    picture[: max(top, 0)] = _SKY
    picture[max(top, 0) : max(foot, 0)] = chance.choice(_WALLS)
    aside = ground.aside(far)
    x = -aside
    while x < aside:
        wide = chance.uniform(0.06, 0.14) * aside
        stall = chance.choice((_WALLS[0], _WALLS[2], (120, 90, 70), (80, 120, 140), (150, 160, 200)))
        _upright(picture, ground, (x, x + wide), (0.9, 2.6), stall)
        x += wide + chance.uniform(0.03, 0.1) * aside
    for door in doors(ground):
        half = _DOOR_WIDTH / 2
        _upright(picture, ground, (door - half, door + half), (0.0, _DOOR_HEIGHT), _DOORWAY)


def _upright(
    picture: "Picture", ground: Ground, x: tuple[float, float], z: tuple[float, float], colour: Colour
) -> None:
    left, foot, _ = ground.place(x[0], ground.camera.far, z[0])
    right, top, _ = ground.place(x[1], ground.camera.far, z[1])
    cv2.rectangle(picture, (round(left), round(top)), (round(right), round(foot) - 1), colour, cv2.FILLED)


def _post(picture: "Picture", ground: Ground, x: float, y: float, colour: Colour) -> Post:
    corners = []
    for height in (0.0, _POST_HEIGHT):
        middle, row, scale = ground.place(x, y, min(height, ground.camera.height + 1))
        half = scale * _POST_WIDTH / 2
        corners.append(((middle - half, row), (middle + half, row)))
    (a, b), (c, d) = corners
    outline = numpy.round(numpy.array((a, b, d, c))).astype(numpy.int32)
    drawn = numpy.zeros(picture.shape[:2], numpy.uint8)
    cv2.fillConvexPoly(drawn, outline, 255)
    cv2.fillConvexPoly(picture, outline, colour)
    left, top, wide, high = cv2.boundingRect(drawn)
    rows, columns = slice(top, top + high), slice(left, left + wide)
    return Post(y, rows, columns, drawn[rows, columns] > 0)
