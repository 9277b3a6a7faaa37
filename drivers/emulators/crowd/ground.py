"""Where a camera sees what stands on level ground.

Metres: x to the right, y away from the foot of the camera along the ground, z up. Pixels: x to the right, y downwards.
A pinhole without distortion, held level: the nearer a person's feet are to the lower edge of the picture, the taller
the person appears, and nearly in proportion.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

Size = tuple[int, int]
"""Of a picture: width, height in pixels."""

_TALLEST = 2.0
_HEADROOM = 0.5
"""Metres by which a camera has to hang above all heads for people to pass below it."""
_BEHIND = -50.0
_SHALLOW = 0.3
"""Metres in front of the lens at which it shows nothing any more."""


@dataclass(frozen=True)
class Camera:
    """`height` of the lens in metres, `tilt` in degrees below the horizon, `view` across the picture in degrees.

    Behind `far` metres along the ground a wall begins; nobody comes nearer than `near` metres, or, without it, people
    walk on below the camera and out of the picture.
    """

    height: float = 5.0
    tilt: float = 22.0
    view: float = 50.0
    far: float = 24.0
    near: float | None = None


MARKET = Camera()
"""On a stall's roof: people are 0.1 to 0.3 of the picture's height."""
CLOSE = Camera(height=1.7, tilt=3.0, view=55.0, far=3.5, near=2.0)
"""On a counter: people are taller than half of the picture and mostly cut off, and little ground is seen."""
FAR = Camera(height=45.0, tilt=20.0, view=30.0, far=220.0)
"""On a tower: people are 0.02 to 0.05 of the picture's height."""


class Ground:
    """What `camera` sees in pictures of `size`.

    `near` and `far`: metres between which people walk; `front` is the nearest place in the picture's lowest row.
    `below`: people can leave the picture below the camera; `beyond`: they can leave it above its upper edge, else a
    wall stands at `far`.
    """

    def __init__(self, camera: Camera, size: Size) -> None:
        width, height = size
        self.size = size
        self.camera = camera
        self._middle = width / 2, height / 2
        self._focal = width / 2 / math.tan(math.radians(camera.view) / 2)
        self._cos, self._sin = math.cos(math.radians(camera.tilt)), math.sin(math.radians(camera.tilt))
        self.front = self.away(height)
        if math.isinf(self.front):
            raise ValueError(f"{camera}: no ground in the picture")
        self.below = camera.near is None and camera.height > _TALLEST + _HEADROOM
        if camera.near is not None:
            self.near = self.front = camera.near
        else:
            self.near = self._out_of_sight() if self.below else self.front
        top = self.away(0)
        self.beyond = top < camera.far
        self.far = top + 1.0 if self.beyond else camera.far
        if not self.near < self.front + 1e-9 < self.far:
            raise ValueError(f"{camera}: no ground between {self.near:.1f} and {self.far:.1f} m")

    def place(self, x: float, y: float, z: float = 0.0) -> tuple[float, float, float]:
        """Pixels x, y, and pixels a metre there; `ValueError` for what is behind the lens."""
        up = self.camera.height - z
        depth = y * self._cos + up * self._sin
        if depth < _SHALLOW:
            raise ValueError(f"({x:.1f}, {y:.1f}, {z:.1f}) m is not in front of the camera")
        scale = self._focal / depth
        return self._middle[0] + scale * x, self._middle[1] + scale * (up * self._cos - y * self._sin), scale

    def away(self, row: float) -> float:
        """Metres along the ground to what is seen in this row of pixels; infinite at the horizon and above."""
        down = row - self._middle[1]
        sinks = self._focal * self._sin + down * self._cos
        if sinks <= 0:
            return math.inf
        return self.camera.height * (self._focal * self._cos - down * self._sin) / sinks

    def aside(self, y: float) -> float:
        """Metres from the middle to the picture's left and right edge for feet at `y`."""
        depth = max(y * self._cos + self.camera.height * self._sin, _SHALLOW)
        return self._middle[0] * depth / self._focal

    def matrix(self) -> "NDArray[float64]":
        """3 x 3: from (x, y, 1) on the ground to pixels, homogeneous."""
        middle_x, middle_y = self._middle
        rise = self.camera.height * self._sin
        drop = self._focal * self.camera.height * self._cos
        return numpy.array(
            [
                (self._focal, middle_x * self._cos, middle_x * rise),
                (0.0, middle_y * self._cos - self._focal * self._sin, middle_y * rise + drop),
                (0.0, self._cos, rise),
            ]
        )

    def _out_of_sight(self) -> float:
        """The place from which not even the tallest head is in the picture; feet come from there and go there."""
        y = self.front
        while y > _BEHIND:
            try:
                if self.place(0.0, y, _TALLEST)[1] > self.size[1]:
                    return y
            except ValueError:
                break
            y -= 0.1
        return y + 0.1
