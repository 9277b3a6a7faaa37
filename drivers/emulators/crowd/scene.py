"""A camera's view of a crowd that never was, with the truth about it."""

from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.emulators.crowd.ground import MARKET, Camera, Ground, Size
from drivers.emulators.crowd.light import Disturbance, light
from drivers.emulators.crowd.paint import Look, Painter
from drivers.emulators.crowd.route import Habits
from drivers.emulators.crowd.truth import Seen
from drivers.emulators.crowd.walk import Crowd
from drivers.emulators.pictures import record

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

    Picture = NDArray[uint8]

_BEFORE = 120.0
"""Seconds before the first picture at which people begin to come."""


class Scene:
    """Iterates pictures (BGR, rows x columns x 3) and who is in each, without end. A picture is a function of its
    number and of the arguments alone.

    `people_per_minute` come on average; `quiet` seconds pass before the first of them, else the place is busy from the
    first picture on. `disturbances` of the light (`light.py`) add up.
    """

    def __init__(
        self,
        seed: int,
        *,
        size: Size = (768, 576),
        fps: float = 10.0,
        people_per_minute: float = 20.0,
        camera: Camera = MARKET,
        habits: Habits | None = None,
        look: Look | None = None,
        disturbances: Sequence[Disturbance] = (),
        quiet: float = 0.0,
    ) -> None:
        self.size = size
        self.fps = fps
        self.ground = Ground(camera, size)
        self._disturbances = tuple(disturbances)
        self._crowd = Crowd(seed, self.ground, habits or Habits(), people_per_minute, quiet or -_BEFORE)
        self._painter = Painter(seed, self.ground, look or Look())

    def __iter__(self) -> "Iterator[tuple[Picture, list[Seen]]]":
        return (self.frame(number) for number in count())

    def frame(self, number: int) -> "tuple[Picture, list[Seen]]":
        """The picture of this number, from 0."""
        seconds = number / self.fps
        now = light(self._disturbances, seconds)
        return self._painter.paint(self._crowd.around(seconds), number, seconds, now)

    def frames(self, seconds: float) -> "Iterator[tuple[Picture, list[Seen]]]":
        """The first pictures, as many as come in this time."""
        return islice(self, round(seconds * self.fps))


def write_video(path: Path, scene: Scene, seconds: float) -> list[list[Seen]]:
    """A Motion JPEG video (AVI) of the first `seconds`; who is in each of its pictures."""
    rows: list[list[Seen]] = []

    def pictures() -> "Iterator[Picture]":
        for picture, seen in scene.frames(seconds):
            rows.append(seen)
            yield picture

    record(path, pictures(), scene.fps)
    return rows
