"""Where `frames` has its pictures from: a camera of the kernel, a Motion JPEG stream on a FIFO, a recording, a folder.

Each is an iterator that ends when `stop` is set and lets go of what it holds. OpenCV is behind `opencv` alone.
"""

import os
import select
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import TYPE_CHECKING, Any

from drivers.errors import LinkLost
from drivers.wire.mjpeg import Mjpeg

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

    Picture = NDArray[uint8]

Source = Callable[[Event], "Iterator[Picture]"]

MOST_PIXELS = 1 << 24
"""16 megapixels; a larger picture is refused before memory is taken for it."""
HANGS_FOR = 3
"""Seconds after which a camera that gives nothing is lost."""
_USUAL_RATE = 25.0
_FASTEST = 240.0
_PEEK = 0.2
"""Seconds between two looks whether to stop."""
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


class Ended(LinkLost):
    """A recording is over: nothing broke, and there is nothing to try again."""

    remedy = "Name another recording, or add ?loop=1 to the device's URI."


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


def camera(path: str, fps: float, size: tuple[int, int]) -> Source:
    """A camera of the kernel (V4L2). It is asked for `size` and `fps`, and gives what it can; of what it gives beyond
    `fps` nothing is decoded.
    """

    def pictures(stop: Event) -> "Iterator[Picture]":
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
            due = time.monotonic()
            while not stop.is_set():
                if not capture.grab():
                    raise LinkLost(f"camera {path}: gives no pictures any more")
                if (now := time.monotonic()) >= due:
                    due = now + 1 / fps
                    whole, picture = capture.retrieve()
                    if whole:
                        yield picture
        finally:
            capture.release()

    return pictures


def stream(path: str, fps: float) -> Source:
    """Motion JPEG on a FIFO, from a program that has a camera; it ends when its writer leaves."""

    def pictures(stop: Event) -> "Iterator[Picture]":
        cv2 = opencv()
        import numpy

        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            reader, due = Mjpeg(), time.monotonic()
            newest: bytes | None = None
            poll = select.poll()
            poll.register(fd, select.POLLIN)
            while not stop.is_set():
                if poll.poll(_PEEK * 1000 if newest is None else max(0.0, due - time.monotonic()) * 1000):
                    data = _read(fd)
                    if data == b"":
                        raise LinkLost(f"camera {path}: the far end went away")
                    newest = reader.feed(data or b"") or newest
                if newest is not None and time.monotonic() >= due:
                    due = time.monotonic() + 1 / fps
                    picture = decoded(cv2, numpy.frombuffer(newest, numpy.uint8))
                    newest = None
                    if picture is not None:
                        yield picture
        finally:
            os.close(fd)

    return pictures


def recording(path: str, fps: float | None, loop: bool) -> Source:
    """A video at its own speed; with `fps`, at most so many of its pictures a second."""

    def pictures(stop: Event) -> "Iterator[Picture]":
        cv2 = opencv()
        while True:
            capture = cv2.VideoCapture(path)
            try:
                if not capture.isOpened():
                    raise LinkLost(f"file {path}: not a video that can be read", remedy="Name a video, or a folder.")
                rate = capture.get(cv2.CAP_PROP_FPS)
                rate = rate if 0 < rate <= _FASTEST else _USUAL_RATE
                step = max(1, round(rate / fps)) if fps else 1
                began, number = time.monotonic(), 0
                while capture.grab():
                    if stop.wait(max(0.0, began + number / rate - time.monotonic())):
                        return
                    if number % step == 0:
                        whole, picture = capture.retrieve()
                        if whole:
                            yield picture
                    number += 1
                if number == 0:
                    raise LinkLost(f"file {path}: a video without pictures", remedy="Name another video.")
            finally:
                capture.release()
            if not loop:
                raise Ended(f"file {path}: the recording ended")

    return pictures


def folder(path: str, fps: float, loop: bool) -> Source:
    """The pictures of a folder in the order of their names, `fps` of them a second."""

    def pictures(stop: Event) -> "Iterator[Picture]":
        cv2 = opencv()
        import numpy

        while True:
            files = sorted(file for file in Path(path).iterdir() if file.suffix.lower() in _SUFFIXES)
            if not files:
                raise LinkLost(f"file {path}: no picture in this folder", remedy="Put PNG or JPEG files there.")
            for file in files:
                picture = decoded(cv2, numpy.frombuffer(file.read_bytes(), numpy.uint8))
                if picture is None:
                    raise LinkLost(f"file {file}: not a picture that can be read", remedy="Take the file away.")
                yield picture
                if stop.wait(1 / fps):
                    return
            if not loop:
                raise Ended(f"file {path}: the recording ended")

    return pictures


def decoded(cv2: ModuleType, data: Any) -> "Picture | None":
    """The picture in `data` (bytes as an array) in grey; None when it is damaged, or too large."""
    try:
        picture: Picture | None = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if len(data) else None
    except cv2.error:
        return None
    return picture


def _read(fd: int) -> bytes | None:
    """b"" = the writer left, None = nothing yet."""
    try:
        return os.read(fd, 1 << 16)
    except BlockingIOError:
        return None
