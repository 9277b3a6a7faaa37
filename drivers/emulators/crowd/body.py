"""What a person looks like from a camera: a jointed body of flat pieces with clothes, and the shadow of it."""

import math
import random
from dataclasses import dataclass

from drivers.emulators.crowd.ground import Ground
from drivers.emulators.crowd.walk import Pose, Walker

Colour = tuple[float, float, float]
"""Blue, green, red, 0…255."""
Outline = list[tuple[float, float]]
"""Corners of a convex or nearly convex piece, in pixels."""

_SKIN: tuple[Colour, ...] = ((150, 175, 215), (120, 150, 200), (80, 110, 160), (50, 70, 105))
_HAIR: tuple[Colour, ...] = ((25, 25, 30), (35, 50, 75), (70, 120, 160), (150, 150, 155))
_DARK: tuple[Colour, ...] = ((30, 28, 28), (60, 38, 28), (45, 45, 48), (80, 55, 40), (30, 40, 55))
_MIDDLE: tuple[Colour, ...] = ((120, 95, 75), (90, 110, 120), (75, 100, 80), (110, 110, 110), (70, 80, 130))
_BRIGHT: tuple[Colour, ...] = ((215, 215, 215), (50, 50, 190), (170, 110, 40), (60, 190, 215), (190, 200, 160))

# Shares of the body's height.
_HIP, _KNEE, _SHOULDER, _NECK, _FACE = 0.50, 0.27, 0.81, 0.86, 0.925
_HEAD = 0.066
_STRIDE, _LIFT = 0.2, 0.05
_CYCLE = 0.8
"""Height walked in two steps, in parts of the body's height and for each m/s below a full stride."""
_FULL_STRIDE = 1.2
"""m/s from which steps do not get longer."""


@dataclass(frozen=True)
class Clothes:
    """Colours, and the share of the height at which the coat ends (0.48: a jacket); `bag`: something on the back."""

    coat: Colour
    trousers: Colour
    skin: Colour
    hair: Colour
    hem: float
    bag: Colour | None


@dataclass(frozen=True)
class Figure:
    """`pieces` in the order of painting; `foot` is where the person stands; `box` left, top, width, height of the
    whole body, beyond the picture too. `shadow` and `contact` (the dark below the soles) lie on the ground. `blur`:
    pixels that the body moves a second.
    """

    pieces: list[tuple[Outline, Colour]]
    foot: tuple[float, float]
    box: tuple[float, float, float, float]
    blur: tuple[float, float]


def dressed(seed: int, number: int, ground_colour: Colour, camouflage: float) -> Clothes:
    """What the person of this number wears; a share of `camouflage` wears the colour of the ground."""
    chance = random.Random(f"{seed}/clothes/{number}")
    near = ground_colour if chance.random() < camouflage else None
    coat = near or chance.choice(chance.choices((_DARK, _MIDDLE, _BRIGHT), (5, 3, 3))[0])
    trousers = near or chance.choice(chance.choices((_DARK, _MIDDLE, _BRIGHT), (6, 3, 1))[0])
    return Clothes(
        _varied(chance, coat),
        _varied(chance, trousers),
        chance.choice(_SKIN),
        chance.choice(_HAIR),
        chance.choice((0.48, 0.48, 0.42, 0.3)),
        _varied(chance, chance.choice(_DARK + _MIDDLE + _BRIGHT)) if chance.random() < 0.3 else None,
    )


def figure(ground: Ground, walker: Walker, pose: Pose, wears: Clothes, seconds: float) -> Figure:
    """The person as they are seen at this time; `ValueError` when they stand behind the lens."""
    body = _Body(ground, walker, pose)
    pieces = body.pieces(wears, seconds)
    xs = [x for outline, _ in pieces for x, _ in outline]
    ys = [y for outline, _ in pieces for _, y in outline]
    left, top = min(xs), min(ys)
    return Figure(pieces, body.foot, (left, top, max(xs) - left, max(ys) - top), body.speed)


def shadow(ground: Ground, walker: Walker, pose: Pose, reach: tuple[float, float]) -> Outline:
    """Where no sun comes to; `reach`: metres on the ground (x, y) for each metre of height."""
    length = math.hypot(*reach) or 1.0
    across = -reach[1] / length, reach[0] / length
    outline: Outline = []
    for side in (-1, 1):
        half = [(0.0, 0.05), (_HIP, 0.08), (_SHOULDER, 0.12), (_NECK, 0.05), (_FACE, 0.06), (1.0, 0.03)]
        for part, wide in half if side < 0 else reversed(half):
            x = pose.x + walker.height * (part * reach[0] + side * wide * across[0])
            y = pose.y + walker.height * (part * reach[1] + side * wide * across[1])
            outline.append(ground.place(x, max(min(y, ground.far), ground.near))[:2])
    return outline


class _Body:
    """Turns places of the body (metres ahead, metres to its right, share of its height) into pixels."""

    def __init__(self, ground: Ground, walker: Walker, pose: Pose) -> None:
        x, y, self._scale = ground.place(pose.x, pose.y)
        top_x, top_y, _ = ground.place(pose.x, pose.y, walker.height)
        ahead_x, ahead_y, _ = ground.place(pose.x + 0.2 * math.cos(pose.heading), pose.y + 0.2 * math.sin(pose.heading))
        right_x, right_y, _ = ground.place(pose.x + 0.2 * math.sin(pose.heading), pose.y - 0.2 * math.cos(pose.heading))
        self.foot = x, y
        self.speed = pose.speed * (ahead_x - x) / 0.2, pose.speed * (ahead_y - y) / 0.2
        self._up = top_x - x, top_y - y
        self._ahead = (ahead_x - x) / 0.2, (ahead_y - y) / 0.2
        self._right = (right_x - x) / 0.2, (right_y - y) / 0.2
        self._walker, self._pose = walker, pose
        self._size = walker.height * self._scale
        self._goes_away = math.sin(pose.heading)

    def pieces(self, wears: Clothes, seconds: float) -> list[tuple[Outline, Colour]]:
        """Far limbs first."""
        height, pose = self._walker.height, self._pose
        lively = min(pose.speed / _FULL_STRIDE, 1.0)
        phase = 2 * math.pi * pose.walked / (_CYCLE * height * (0.45 + 0.55 * lively))
        idle = seconds * 1.3 + self._walker.number
        bob = 0.012 * lively * math.cos(2 * phase)
        # Somebody who stands shifts their weight now and then.
        sway = 0.03 * (1 - lively) * math.sin(0.7 * idle)
        gesture = (1 - lively) * max(0.0, math.sin(0.5 * idle)) * (0.5 + 0.5 * math.sin(4 * idle))
        near = 1.0 if self._right[1] > 0 else -1.0
        pieces: list[tuple[Outline, Colour]] = []
        for side in (-near, near):
            light = 1.0 if side == near else 0.82
            turn = phase if side > 0 else phase + math.pi
            self._leg(pieces, side, turn, lively, bob, _shade(wears.trousers, light))
            if side == -near:
                self._arm(pieces, side, turn, lively, sway, 0.0, _shade(wears.coat, light), wears.skin)
                self._trunk(pieces, wears, bob, sway)
        self._arm(pieces, near, phase if near > 0 else phase + math.pi, lively, sway, gesture, wears.coat, wears.skin)
        return pieces

    def _at(self, ahead: float, right: float, up: float) -> tuple[float, float]:
        return (
            self.foot[0] + ahead * self._ahead[0] + right * self._right[0] + up * self._up[0],
            self.foot[1] + ahead * self._ahead[1] + right * self._right[1] + up * self._up[1],
        )

    def _leg(
        self, pieces: list[tuple[Outline, Colour]], side: float, turn: float, lively: float, bob: float, colour: Colour
    ) -> None:
        height = self._walker.height
        forward = _STRIDE * height * lively * math.sin(turn)
        lift = _LIFT * lively * max(0.0, math.cos(turn))
        hip = self._at(0.0, side * 0.05 * height, _HIP + bob)
        bend = height * (0.02 + lift)
        knee = self._at(0.5 * forward + bend, side * 0.05 * height, _KNEE + 0.5 * lift)
        ankle = self._at(forward - 0.02 * height, side * 0.045 * height, 0.035 + lift)
        toe = self._at(forward + 0.09 * height, side * 0.05 * height, 0.015 + lift)
        wide = self._size
        pieces.append((_limb(hip, knee, 0.095 * wide, 0.07 * wide), colour))
        pieces.append((_limb(knee, ankle, 0.07 * wide, 0.05 * wide), colour))
        pieces.append((_limb(ankle, toe, 0.05 * wide, 0.03 * wide), (25, 25, 28)))

    def _arm(
        self,
        pieces: list[tuple[Outline, Colour]],
        side: float,
        turn: float,
        lively: float,
        sway: float,
        gesture: float,
        colour: Colour,
        skin: Colour,
    ) -> None:
        height = self._walker.height
        swing = -0.13 * height * lively * math.sin(turn)
        shoulder = self._at(sway, side * 0.115 * height, _SHOULDER - 0.01)
        elbow = self._at(sway + 0.4 * swing - 0.015 * height, side * 0.14 * height, 0.63)
        hand = self._at(sway + swing + height * (0.02 + 0.15 * gesture), side * 0.135 * height, 0.47 + 0.2 * gesture)
        wide = self._size
        pieces.append((_limb(shoulder, elbow, 0.065 * wide, 0.055 * wide), colour))
        pieces.append((_limb(elbow, hand, 0.055 * wide, 0.04 * wide), colour))
        pieces.append((_round(hand, 0.024 * wide), skin))

    def _trunk(self, pieces: list[tuple[Outline, Colour]], wears: Clothes, bob: float, sway: float) -> None:
        height, wide = self._walker.height, self._size
        # An ellipse on the ground, seen from the side that the person turns to the camera.
        turned = abs(self._right[0]) / self._scale, abs(self._ahead[0]) / self._scale
        chest = wide * math.hypot(0.125 * turned[0], 0.085 * turned[1])
        waist = wide * math.hypot(0.10 * turned[0], 0.08 * turned[1])
        neck, shoulder = self._at(sway, 0, _NECK + bob), self._at(sway, 0, _SHOULDER + bob)
        belly, hem = self._at(0.5 * sway, 0, 0.6 + bob), self._at(0, 0, wears.hem + bob)
        outline = [
            (neck[0] - 0.4 * chest, neck[1]),
            (neck[0] + 0.4 * chest, neck[1]),
            (shoulder[0] + chest, shoulder[1]),
            (belly[0] + waist, belly[1]),
            (hem[0] + 1.08 * waist, hem[1]),
            (hem[0] - 1.08 * waist, hem[1]),
            (belly[0] - waist, belly[1]),
            (shoulder[0] - chest, shoulder[1]),
        ]
        back = self._at(sway - 0.11 * height, 0, 0.69 + bob)
        bag = None if wears.bag is None else (_round(back, 0.085 * wide, 1.45), wears.bag)
        if bag is not None and self._goes_away < 0:
            pieces.append(bag)
        pieces.append((outline, wears.coat))
        # One flank lies in the shade.
        shaded = [outline[1], outline[2], outline[3], outline[4], (hem[0] + 0.4 * waist, hem[1]), (neck[0], neck[1])]
        pieces.append((shaded, _shade(wears.coat, 0.85)))
        if bag is not None and self._goes_away >= 0:
            pieces.append(bag)
        size = wide * _HEAD * (1.35 if self._walker.child else 1.0)
        pieces.append((_limb(neck, self._at(sway, 0, _FACE + bob), 0.07 * wide, 0.07 * wide), wears.skin))
        head = self._at(sway + 0.02 * height, 0, _FACE + bob)
        pieces.append((_round(head, size, 1.15), wears.hair if self._goes_away > 0.3 else wears.skin))
        back_of_head = self._at(sway, 0, _FACE + 0.02 + bob)
        if self._goes_away <= 0.3:
            pieces.append((_round(back_of_head, 0.95 * size, 0.85, top=True), wears.hair))


def _limb(a: tuple[float, float], b: tuple[float, float], wide_a: float, wide_b: float) -> Outline:
    x, y = b[0] - a[0], b[1] - a[1]
    length = math.hypot(x, y) or 1.0
    x, y = x / length / 2, y / length / 2
    return [
        (a[0] - y * wide_a, a[1] + x * wide_a),
        (a[0] + y * wide_a, a[1] - x * wide_a),
        (b[0] + y * wide_b, b[1] - x * wide_b),
        (b[0] - y * wide_b, b[1] + x * wide_b),
    ]


_CIRCLE = tuple((math.cos(angle), math.sin(angle)) for angle in (2 * math.pi * n / 12 for n in range(12)))


def _round(middle: tuple[float, float], size: float, tall: float = 1.0, *, top: bool = False) -> Outline:
    """An ellipse, `tall` times as high as wide; its upper half only."""
    return [(middle[0] + size * x, middle[1] + size * tall * y) for x, y in _CIRCLE if not top or y < 0.2]


def _shade(colour: Colour, light: float) -> Colour:
    return colour[0] * light, colour[1] * light, colour[2] * light


def _varied(chance: random.Random, colour: Colour) -> Colour:
    light = chance.uniform(0.85, 1.15)
    blue, green, red = (min(max(part * light + chance.gauss(0, 6), 0), 255) for part in colour)
    return blue, green, red
