"""What a camera sees when a person holds out a code: on paper or a telephone, near, far, aslant, out of focus, in bad
light, and as a recording.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import segno

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

    Picture = NDArray[uint8]

_PAPER, _INK, _ROOM = 235, 20, 110
_QUIET = 4
"""Modules of free space that a symbol wants around it (ISO/IEC 18004)."""


@dataclass(frozen=True)
class View:
    """`module` pixels a module, `angle` in degrees, `tilt` 0…1 (how much shorter the far edge is), `blur` and `noise`
    as standard deviations in pixels and grey levels, `light` 0…1 of full contrast, `inverted`: light on dark.
    """

    module: float = 5.0
    angle: float = 0.0
    tilt: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    light: float = 1.0
    inverted: bool = False


def picture(
    codes: Sequence[str], view: View | None = None, *, size: tuple[int, int] = (640, 480), seed: int = 1
) -> "Picture":
    """A grey picture of `size` (width, height) with the codes side by side, each with its own quiet zone."""
    import cv2
    import numpy

    view = view or View()
    width, height = size
    scene: Picture = numpy.full((height, width), _ROOM, numpy.uint8)
    for number, code in enumerate(codes):
        symbol = _symbol(code, view.inverted)
        side = symbol.shape[0] * view.module
        middle = width * (2 * number + 1) / (2 * len(codes)), height / 2
        corners = numpy.array([_corner(middle, side, view, n) for n in range(4)], numpy.float32)
        edge = float(symbol.shape[0])
        square = numpy.array([(0, 0), (edge, 0), (edge, edge), (0, edge)], numpy.float32)
        warp = cv2.getPerspectiveTransform(square, corners)
        flags = cv2.INTER_NEAREST if view.module >= 3 else cv2.INTER_AREA
        laid = cv2.warpPerspective(symbol, warp, size, flags=flags)
        covered = cv2.warpPerspective(numpy.full_like(symbol, 255), warp, size, flags=cv2.INTER_NEAREST)
        scene = numpy.where(covered > 0, laid, scene)
    seen: Any = _ROOM + (scene.astype(numpy.float32) - _ROOM) * view.light
    if view.blur:
        seen = cv2.GaussianBlur(seen, (0, 0), view.blur)
    if view.noise:
        seen = seen + numpy.random.default_rng(seed).normal(0, view.noise, seen.shape)
    shot: Picture = numpy.clip(seen, 0, 255).astype(numpy.uint8)
    return shot


def jpeg(scene: "Picture", quality: int = 80) -> bytes:
    import cv2

    _, data = cv2.imencode(".jpg", scene, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(data)


def record(path: Path, scenes: "Iterable[Picture]", fps: float = 25.0) -> None:
    """A Motion JPEG video (AVI) of grey or BGR scenes; all are of the size and kind of the first."""
    import cv2

    writer: cv2.VideoWriter | None = None
    for scene in scenes:
        if writer is None:
            size = scene.shape[1], scene.shape[0]
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, size, isColor=scene.ndim == 3)
        writer.write(scene)
    if writer is None or not path.exists():
        raise ValueError(f"{path}: nothing was recorded")
    writer.release()


def _symbol(code: str, inverted: bool) -> "Picture":
    import numpy

    rows = numpy.array([list(row) for row in segno.make(code, micro=False, error="m").matrix], numpy.uint8)
    rows = numpy.pad(rows, _QUIET)
    dark, light = (_PAPER, _INK) if inverted else (_INK, _PAPER)
    grey: Picture = numpy.where(rows > 0, dark, light).astype(numpy.uint8)
    return grey


def _corner(middle: tuple[float, float], side: float, view: View, number: int) -> tuple[float, float]:
    """Corners clockwise from the upper left; the upper edge is the far one."""
    x, y = ((-1, -1), (1, -1), (1, 1), (-1, 1))[number]
    half = side / 2 * (1 - view.tilt if number < 2 else 1)
    turn = math.radians(view.angle)
    across, down = x * half, y * side / 2
    return (
        middle[0] + across * math.cos(turn) - down * math.sin(turn),
        middle[1] + across * math.sin(turn) + down * math.cos(turn),
    )
