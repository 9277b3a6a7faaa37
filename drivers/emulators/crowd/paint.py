"""A picture of people on the ground as a cheap camera takes it, and what is in it."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy

from drivers.emulators.crowd.backdrop import Backdrop, Post, smooth
from drivers.emulators.crowd.body import Clothes, Figure, Outline, dressed, figure, shadow
from drivers.emulators.crowd.ground import Ground
from drivers.emulators.crowd.light import Light
from drivers.emulators.crowd.route import doors
from drivers.emulators.crowd.truth import Seen
from drivers.emulators.crowd.walk import Pose, Walker

if TYPE_CHECKING:
    from numpy import float64, int16, uint8
    from numpy.typing import NDArray

    Picture = NDArray[uint8]

_FINE = 4
"""Bits of a pixel's fractions that outlines are drawn with."""
_EXPOSED = 1 / 60
"""Seconds that a picture takes; who moves is blurred by as much."""
_DOOR_DEPTH = 0.9
"""Metres before a doorway in which people come out of the dark."""
_CONTACT, _CONTACT_WIDE = 75, 0.15
_SHIFTS = 96
"""Rows and columns by which the noise of two pictures may be shifted against each other."""
_FOLDS, _FOLD_DEPTH = 256, 18
"""Pixels after which the folds of cloth repeat, and grey levels that they differ by."""
_COVER: tuple[int, int, int] = (14, 12, 16)
_CLOUD_CELLS = 24
_CLOUD_DRIFT = 0.35
"""Cells a second."""


@dataclass(frozen=True)
class Sun:
    """`azimuth`: degrees, where shadows fall, 0 to the right and 90 away from the camera. `length` in metres for a
    metre of height; `strength` 0…1, the light that is missing in them.
    """

    azimuth: float = 20.0
    length: float = 0.9
    strength: float = 0.45


@dataclass(frozen=True)
class Look:
    """`sun`: None on a dull day. `noise`: of the sensor, standard deviation in grey levels. `camouflage`: share 0…1 of
    coats and trousers in the colour of the ground. `jpeg`: quality 1…100 of a picture that was compressed before.
    """

    sun: Sun | None = None
    noise: float = 2.0
    posts: int = 1
    camouflage: float = 0.1
    jpeg: int | None = None


class Painter:
    """Pictures of `ground`; each depends on the seed and on what is handed over, not on the ones before."""

    def __init__(self, seed: int, ground: Ground, look: Look) -> None:
        self._seed = seed
        self._ground = ground
        self._look = look
        self._doors = doors(ground)
        self.backdrop = Backdrop(seed, ground, look.posts)
        grain = numpy.random.default_rng([seed, 2])
        width, height = ground.size
        self._grain = grain.standard_normal((height + _SHIFTS, width + _SHIFTS, 3), numpy.float32)
        folds = smooth(grain, (_FOLDS // 5, _FOLDS // 5), (_FOLDS, _FOLDS))
        self._folds = numpy.rint(_FOLD_DEPTH * folds).astype(numpy.int16)
        self._sky = smooth(grain, (_CLOUD_CELLS, _CLOUD_CELLS), (_CLOUD_CELLS * 8, _CLOUD_CELLS * 8))
        self._noises: tuple[float, NDArray[int16]] | None = None
        self._wardrobe: dict[int, Clothes] = {}

    def paint(
        self, people: list[tuple[Walker, Pose]], number: int, seconds: float, light: Light
    ) -> "tuple[Picture, list[Seen]]":
        """The picture of this `number` (which draws its noise), and who is in it, nearest last."""
        scene: Any = self.backdrop.picture.copy()
        people = sorted(people, key=lambda person: -person[1].y)
        self._shadows(scene, people)
        seen = self._people(scene, people, seconds)
        width, height = self._ground.size
        if light.clouds:
            scene = self._clouded(scene, seconds, light.clouds)
        if light.gain != 1:
            scene = cv2.convertScaleAbs(scene, alpha=light.gain)
        if light.shift != (0.0, 0.0) or light.turn:
            moved = _moved(light, self._ground.size)
            scene = cv2.warpAffine(scene, moved, (width, height), borderMode=cv2.BORDER_REFLECT_101)
            seen = [row.moved(moved) for row in seen]
        if light.covered:
            scene = _covered(scene, light.covered)
        if sigma := math.hypot(self._look.noise, light.noise):
            scene = cv2.add(scene, self._noise(sigma, number), dtype=cv2.CV_8U)
        if self._look.jpeg is not None:
            _, data = cv2.imencode(".jpg", scene, (cv2.IMWRITE_JPEG_QUALITY, self._look.jpeg))
            scene = cv2.imdecode(data, cv2.IMREAD_COLOR)
        picture: Picture = scene
        return picture, seen

    def _shadows(self, scene: "Picture", people: list[tuple[Walker, Pose]]) -> None:
        """Drawn at half the size, as they are soft anyway."""
        sun, (width, height) = self._look.sun, self._ground.size
        dark = numpy.zeros(((height + 1) // 2, (width + 1) // 2), numpy.uint8)
        for walker, pose in people:
            try:
                x, y, scale = self._ground.place(pose.x, pose.y)
                wide = walker.height * _CONTACT_WIDE
                # As deep on the ground as it is wide.
                deep = abs(self._ground.place(pose.x, pose.y + wide)[1] - y)
                ellipse = (x / 2, y / 2), (wide * scale, deep), 0.0
                cv2.ellipse(dark, ellipse, _CONTACT, cv2.FILLED)
                if sun is not None:
                    turn = math.radians(sun.azimuth)
                    reach = sun.length * math.cos(turn), sun.length * math.sin(turn)
                    outline = shadow(self._ground, walker, pose, reach)
                    cv2.fillPoly(dark, [_fixed(outline, 0, 0, 0.5)], round(255 * sun.strength), cv2.LINE_AA, _FINE)
            except ValueError:  # behind the lens
                continue
        left, top, wide, high = cv2.boundingRect(dark)
        if not wide:
            return
        soft = cv2.GaussianBlur(dark, (5, 5), 0)
        left, top, right, low = max(left - 3, 0), max(top - 3, 0), left + wide + 3, top + high + 3
        soft = soft[top:low, left:right]
        part = scene[2 * top : 2 * low, 2 * left : 2 * right]
        light = cv2.resize(255 - soft, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_LINEAR)
        cv2.multiply(part, cv2.cvtColor(light, cv2.COLOR_GRAY2BGR), part, 1 / 255)

    def _people(self, scene: "Picture", people: list[tuple[Walker, Pose]], seconds: float) -> list[Seen]:
        """From far to near; posts come back over whom they hide."""
        owner = numpy.zeros(scene.shape[:2], numpy.int32)
        posts = sorted(self.backdrop.posts, key=lambda post: -post.away)
        drawn: list[tuple[Walker, Figure, int]] = []
        for walker, pose in people:
            while posts and posts[0].away > pose.y:
                self._restore(scene, owner, posts.pop(0))
            there = self._emerged(pose)
            try:
                person = figure(self._ground, walker, pose, self._wears(walker), seconds)
            except ValueError:  # behind the lens
                continue
            pixels = self._draw(scene, owner, person, walker.number, there)
            if pixels and there > 0.5:
                drawn.append((walker, person, pixels))
        for post in posts:
            self._restore(scene, owner, post)
        most = max((walker.number for walker, _, _ in drawn), default=0)
        left = numpy.bincount(owner.ravel(), minlength=most + 1).tolist()
        return [
            Seen(walker.number, person.foot, person.box, 1 - left[walker.number] / pixels)
            for walker, person, pixels in drawn
        ]

    def _draw(self, scene: "Picture", owner: "NDArray[numpy.int32]", person: Figure, number: int, there: float) -> int:
        """Pixels of the picture that the person takes, before others come in front."""
        smear = math.hypot(*person.blur) * _EXPOSED
        rim = 2 + math.ceil(smear)
        left, top, wide, high = person.box
        x0, y0 = max(math.floor(left) - rim, 0), max(math.floor(top) - rim, 0)
        x1, y1 = min(math.ceil(left + wide) + rim, scene.shape[1]), min(math.ceil(top + high) + rim, scene.shape[0])
        if x1 <= x0 or y1 <= y0:
            return 0
        mask = numpy.zeros((y1 - y0, x1 - x0), numpy.uint8)
        # What shines through at the edges of two pieces is cloth.
        cloth = numpy.array(person.pieces[0][1], numpy.uint8)
        patch: Any = numpy.full((y1 - y0, x1 - x0, 3), cloth, numpy.uint8)
        for outline, colour in person.pieces:
            fixed = _fixed(outline, x0, y0)
            cv2.fillConvexPoly(mask, fixed, 255, cv2.LINE_AA, _FINE)
            cv2.fillConvexPoly(patch, fixed, colour, cv2.LINE_AA, _FINE)
        # Folds go with the person.
        down = (numpy.arange(y0, y1) - math.floor(person.foot[1]) + 31 * number) % _FOLDS
        across = (numpy.arange(x0, x1) - math.floor(person.foot[0]) + 17 * number) % _FOLDS
        folds = self._folds[down[:, None], across]
        patch = cv2.add(patch, cv2.merge((folds, folds, folds)), dtype=cv2.CV_8U)
        body = mask > 127
        owner[y0:y1, x0:x1][body] = number
        if (span := round(smear)) > 1:
            mask, patch = cv2.blur(mask, (span, 1)), cv2.blur(patch, (span, 1))
        solid = mask.astype(numpy.float32) * (there / 255)
        part = scene[y0:y1, x0:x1]
        part[:] = cv2.blendLinear(patch, part, solid, 1 - solid)
        return int(numpy.count_nonzero(body))

    def _restore(self, scene: "Picture", owner: "NDArray[numpy.int32]", post: Post) -> None:
        where = post.rows, post.columns
        scene[where][post.mask] = self.backdrop.picture[where][post.mask]
        owner[where][post.mask] = 0

    def _emerged(self, pose: Pose) -> float:
        """0…1: in a doorway one is not seen."""
        if not self._doors:
            return 1.0
        return min(max((self._ground.far - pose.y) / _DOOR_DEPTH, 0.0), 1.0)

    def _wears(self, walker: Walker) -> Clothes:
        if walker.number not in self._wardrobe:
            clothes = dressed(self._seed, walker.number, self.backdrop.colour, self._look.camouflage)
            self._wardrobe[walker.number] = clothes
        return self._wardrobe[walker.number]

    def _clouded(self, scene: "Picture", seconds: float, depth: float) -> "Picture":
        drift = seconds * _CLOUD_DRIFT * 8
        crop = numpy.array(((1.0, 0.0, -drift), (0.0, 1.0, -0.4 * drift)))
        field = cv2.warpAffine(self._sky, crop, (48, 36), borderMode=cv2.BORDER_WRAP)
        gain = 1 - depth * numpy.clip(0.5 + 0.5 * field, 0, 1)
        full = cv2.resize(gain.astype(numpy.float32), self._ground.size, interpolation=cv2.INTER_LINEAR)
        clouded: Any = cv2.multiply(scene, cv2.merge((full, full, full)), dtype=cv2.CV_8U)
        picture: Picture = clouded
        return picture

    def _noise(self, sigma: float, number: int) -> "NDArray[int16]":
        sigma = round(sigma, 2)
        if self._noises is None or self._noises[0] != sigma:
            self._noises = sigma, numpy.rint(self._grain * sigma).astype(numpy.int16)
        width, height = self._ground.size
        row, column = numpy.random.default_rng([self._seed, 3, number]).integers(0, _SHIFTS, 2).tolist()
        return self._noises[1][row : row + height, column : column + width]


def _fixed(outline: Outline, left: int, top: int, scale: float = 1.0) -> "NDArray[numpy.int32]":
    """In the drawing functions' fractions of a pixel, seen from (left, top); whole numbers are pixels' middles."""
    places = (numpy.array(outline) - (left, top)) * scale - 0.5
    fixed: NDArray[numpy.int32] = numpy.rint(places * (1 << _FINE)).astype(numpy.int32)
    return fixed


def _moved(light: Light, size: tuple[int, int]) -> "NDArray[float64]":
    """2 x 3: from where things were to where they are after a bump."""
    width, height = size
    turned: NDArray[float64] = cv2.getRotationMatrix2D((width / 2, height / 2), -light.turn, 1.0)
    turned[:, 2] += numpy.array(light.shift) * width
    return turned


def _covered(scene: "Picture", share: float) -> "Picture":
    width = scene.shape[1]
    edge = 0.08 * width
    open_ = numpy.clip((numpy.arange(width) - share * (width + edge) + edge) / edge, 0, 1)[None, :, None]
    covered: Picture = (scene * open_ + numpy.array(_COVER) * (1 - open_)).astype(numpy.uint8)
    return covered
