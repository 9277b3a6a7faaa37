"""Where `frames` has its pictures from: a camera of the kernel, a Motion JPEG stream on a FIFO, a recording, a folder;
`rpicam` has the one of the Pi's own cameras.

Each is an iterator that ends when `stop` is set and lets go of what it holds. OpenCV is behind `opencv` alone.
"""

import functools
import os
import select
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import TYPE_CHECKING

from drivers.errors import LinkLost
from drivers.wire.mjpeg import Mjpeg, size_of

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

    Picture = NDArray[uint8]

MOST_PIXELS = 1 << 24
"""16 megapixels; a larger picture is refused before memory is taken for it."""
COUNTED_WIDTH = 384
"""Pixels; in a picture of twice that width or more nothing finer is counted."""
HANGS_FOR = 3
"""Seconds after which a camera that gives nothing is lost."""
_USUAL_RATE = 25.0
FASTEST = 240.0
_PEEK = 0.2
"""Seconds between two looks whether to stop."""
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


@dataclass(frozen=True)
class Shot:
    """One picture, and when it was taken in monotonic seconds: that of a recording so long after its begin as the
    recording itself says, however fast it is played.
    """

    picture: "Picture"
    at: float


Source = Callable[[Event], Iterator[Shot]]


class Ended(LinkLost):
    """A recording is over: nothing broke, and there is nothing to try again."""

    remedy = "Name another recording, or add ?loop=1 to the device's URI."


@functools.cache
def opencv() -> ModuleType:
    """cv2, for one core and a small memory; silent, since what goes wrong is told by our own errors."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(HANGS_FOR))
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MOST_PIXELS))
    import cv2

    cv2.setNumThreads(1)
    module: ModuleType = cv2
    return module


class Decoder:
    """Pictures out of bytes: grey, or in colour (rows x columns x 3, BGR) and then no finer than counting needs."""

    def __init__(self, colour: bool, counters: Counter[str]) -> None:
        """`counters["damaged"]`: pictures that could not be read."""
        self._colour = colour
        self._counters = counters

    def read(self, data: bytes) -> "Picture | None":
        """The picture in `data`; None when it is damaged, or too large."""
        cv2 = opencv()
        import numpy

        picture: Picture | None = None
        width, height = size_of(data) or (0, 0)
        if data and width * height <= MOST_PIXELS:
            with suppress(cv2.error):
                picture = cv2.imdecode(numpy.frombuffer(data, numpy.uint8), self._flags(width))
        if picture is None:
            self._counters["damaged"] += 1
            return None
        return self.shaped(picture)

    def shaped(self, picture: "Picture") -> "Picture":
        """The same picture in the colours and the size that are wanted."""
        if not self._colour:
            return picture
        cv2 = opencv()
        if picture.ndim == 2:
            picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
        height, width = picture.shape[:2]
        if (by := _finer(width)) > 1 and height >= by:
            picture = cv2.resize(picture, (width // by, height // by), interpolation=cv2.INTER_AREA)
        return picture

    def _flags(self, width: int) -> int:
        cv2 = opencv()
        if not self._colour:
            return int(cv2.IMREAD_GRAYSCALE)
        smaller = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
        return int(smaller.get(_finer(width), cv2.IMREAD_COLOR))


class Pace:
    """Lets through about `fps` pictures a second of however many there are. Of a camera that gives just so many none is
    lost because it came a little early.
    """

    def __init__(self, fps: float) -> None:
        self._every = 1 / fps
        self._due = float("-inf")

    def rest(self, now: float) -> float:
        """Seconds until the next may pass."""
        return max(0.0, self._due - self._every / 2 - now)

    def passed(self, now: float) -> None:
        """One was taken."""
        self._due = max(self._due, now - self._every / 2) + self._every


def camera(path: str, fps: float, size: tuple[int, int], decoder: Decoder) -> Source:
    """A camera of the kernel (V4L2). It is asked for `size` and `fps`, and gives what it can; of what it gives beyond
    `fps` nothing is decoded.
    """

    def pictures(stop: Event) -> Iterator[Shot]:
        cv2 = opencv()
        capture = cv2.VideoCapture(path, cv2.CAP_V4L2)
        try:
            if not capture.isOpened():
                raise LinkLost(
                    f"camera {path}: gives no pictures", remedy="Stop the other program that uses it, or name another."
                )
            for what, value in (
                (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),
                (cv2.CAP_PROP_FRAME_WIDTH, size[0]),
                (cv2.CAP_PROP_FRAME_HEIGHT, size[1]),
                (cv2.CAP_PROP_FPS, fps),
                (cv2.CAP_PROP_BUFFERSIZE, 1),
            ):
                capture.set(what, value)
            pace = Pace(fps)
            while not stop.is_set():
                if not capture.grab():
                    raise LinkLost(f"camera {path}: gives no pictures any more")
                if pace.rest(now := time.monotonic()) == 0:
                    pace.passed(now)
                    whole, picture = capture.retrieve()
                    if whole:
                        yield Shot(decoder.shaped(picture), now)
        finally:
            capture.release()

    return pictures


def stream(path: str, fps: float, decoder: Decoder) -> Source:
    """Motion JPEG on a FIFO, from a program that has a camera; it ends when its writer leaves."""

    def pictures(stop: Event) -> Iterator[Shot]:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            yield from jpegs(fd, stop, Pace(fps), decoder)
            if not stop.is_set():
                raise LinkLost(f"camera {path}: the far end went away")
        finally:
            os.close(fd)

    return pictures


def jpegs(
    fd: int, stop: Event, pace: Pace, decoder: Decoder, beside: Callable[[], bool] = lambda: True
) -> Iterator[Shot]:
    """The pictures of a Motion JPEG stream on a descriptor that does not block, the newest when there are more than
    `pace` lets through, until the writer leaves or `beside`, which is asked about five times a second, says no.
    """
    reader = Mjpeg()
    newest: tuple[bytes, float] | None = None
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    asked = time.monotonic()
    while not stop.is_set():
        wait = _PEEK if newest is None else min(_PEEK, pace.rest(time.monotonic()))
        ready = poll.poll(wait * 1000)
        now = time.monotonic()
        if ready:
            data = _read(fd)
            if data == b"":
                return
            if (whole := reader.feed(data or b"")) is not None:
                newest = whole, now
        if newest is not None and pace.rest(now) == 0:
            pace.passed(now)
            (data, at), newest = newest, None
            if (picture := decoder.read(data)) is not None:
                yield Shot(picture, at)
        if now - asked >= _PEEK or not ready:
            asked = now
            if not beside():
                return


def scene_rate(told: float) -> float:
    """Pictures a second of a recording that says so itself; the usual rate when that cannot be."""
    return told if 0 < told <= FASTEST else _USUAL_RATE


def recording(path: str, fps: float | None, loop: bool, decoder: Decoder) -> Source:
    """A video at its own speed, or slower when nobody takes its pictures; with `fps`, at most so many of its pictures a
    second.
    """

    def pictures(stop: Event) -> Iterator[Shot]:
        cv2 = opencv()
        began = time.monotonic()
        while True:
            capture = cv2.VideoCapture(path)
            try:
                if not capture.isOpened():
                    raise LinkLost(f"file {path}: not a video that can be read", remedy="Name a video, or a folder.")
                rate = scene_rate(capture.get(cv2.CAP_PROP_FPS))
                step = max(1, round(rate / fps)) if fps else 1
                number = 0
                while capture.grab():
                    at = began + number / rate
                    if stop.wait(max(0.0, at - time.monotonic())):
                        return
                    if number % step == 0:
                        whole, picture = capture.retrieve()
                        if whole:
                            yield Shot(decoder.shaped(picture), at)
                    number += 1
                if number == 0:
                    raise LinkLost(f"file {path}: a video without pictures", remedy="Name another video.")
                began += number / rate
            finally:
                capture.release()
            if not loop:
                raise Ended(f"file {path}: the recording ended")

    return pictures


def folder(path: str, fps: float, loop: bool, decoder: Decoder) -> Source:
    """The pictures of a folder in the order of their names, `fps` of them a second."""

    def pictures(stop: Event) -> Iterator[Shot]:
        at = time.monotonic()
        while True:
            files = sorted(file for file in Path(path).iterdir() if file.suffix.lower() in _SUFFIXES)
            if not files:
                raise LinkLost(f"file {path}: no picture in this folder", remedy="Put PNG or JPEG files there.")
            for file in files:
                picture = decoder.read(file.read_bytes())
                if picture is None:
                    raise LinkLost(f"file {file}: not a picture that can be read", remedy="Take the file away.")
                yield Shot(picture, at)
                at += 1 / fps
                if stop.wait(max(0.0, at - time.monotonic())):
                    return
            if not loop:
                raise Ended(f"file {path}: the recording ended")

    return pictures


def _finer(width: int) -> int:
    """How many times finer a picture of this width is than what is counted: 1, 2, 4 or 8."""
    return next((by for by in (8, 4, 2) if width >= by * COUNTED_WIDTH), 1)


def _read(fd: int) -> bytes | None:
    """b"" = the writer left, None = nothing yet."""
    try:
        return os.read(fd, 1 << 16)
    except BlockingIOError:
        return None
