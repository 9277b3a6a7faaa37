"""A paved place and simple people on it, drawn so that every pixel is known; for steps that need no whole scene."""

import cv2
import numpy as np

from drivers.vision.arrays import Box, Picture
from drivers.vision.silhouette import silhouette

WIDTH, HEIGHT = 384, 288
BLUE = (150, 60, 30)
RED = (40, 40, 180)
GREEN = (60, 160, 60)
Colour = tuple[int, int, int]


def _paved() -> Picture:
    chance = np.random.default_rng(5)
    stones = chance.normal(120, 14, (HEIGHT // 16 + 1, WIDTH // 16 + 1))
    floor = cv2.resize(stones, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
    floor = floor[:HEIGHT, :WIDTH] + chance.normal(0, 2, (HEIGHT, WIDTH))
    tinted = floor[..., None] * np.array([0.95, 1.0, 1.05])
    return np.clip(tinted, 0, 255).astype(np.uint8)


EMPTY: Picture = _paved()


def grained(picture: Picture, number: int, sigma: float = 2.0) -> Picture:
    """With the noise of a sensor, another for each number."""
    grain = np.random.default_rng(number).normal(0, sigma, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def lit(picture: Picture, gain: float) -> Picture:
    return cv2.convertScaleAbs(picture, alpha=gain)


def place(x: float = 100, y: float = 200, tall: int = 60) -> Box:
    """Of somebody whose feet are at x, y; 0.4 heights wide."""
    half = round(0.2 * tall)
    return Box(round(x) - half, round(y) - tall, round(x) + half, round(y))


def person(box: Box, coat: Colour, on: Picture = EMPTY) -> Picture:
    """Somebody with a dark head and legs who fills `box`, parts of which may lie outside."""
    seen = on.copy()
    shape = silhouette(box.height)
    body = shape.inside[shape.pad : shape.pad + box.height]
    middle = (box.left + box.right) // 2
    for row in range(box.height):
        down = row / box.height
        colour = (30, 35, 45) if down < 0.15 else coat if down < 0.55 else (50, 40, 35)
        y = box.top + row
        columns = np.flatnonzero(body[row]) - shape.middle + middle
        if 0 <= y < seen.shape[0]:
            seen[y, columns[(columns >= 0) & (columns < seen.shape[1])]] = colour
    return seen
