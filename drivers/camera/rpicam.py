"""The Pi's own cameras: pictures of `rpicam-vid`, which alone can work them (libcamera), as Motion JPEG from its
standard output. It runs for as long as its pictures are wanted, in a session of its own, and nothing of it is left
behind.
"""

import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from threading import Event

from drivers.camera.pictures import Decoder, Pace, Shot, Source, jpegs
from drivers.errors import LinkLost

PROGRAMS = ("rpicam-vid", "libcamera-vid")
"""The second is what it was called until 2023."""
SILENT_FOR = 15.0
"""Seconds without a picture after which the program is started anew; it wants one to three for its first."""
ENDS_WITHIN = 2.0
"""Seconds that it may take to end when it is asked to."""
_READS = 16
"""As many as a pipe holds: one that never ceases to talk is not listened to for ever."""
_LINES = 20
_LONGEST = 200
"""Characters of a line that are kept."""

_STAMP = re.compile(r"\[[\d:.]+\] +\[\d+\] +")
"""Time and thread before a line of libcamera's: without them the same trouble has the same words each time."""
_REMEDY = "Try the camera by hand: `rpicam-hello --timeout 5000`."


def camera(
    number: int, fps: float, size: tuple[int, int], decoder: Decoder, *, silent_for: float = SILENT_FOR
) -> Source:
    """Camera `number` of `rpicam-hello --list-cameras`, asked for `size` and `fps`."""
    name = f"rpicam {number}"
    width, height = size
    wants = {"camera": number, "width": width, "height": height, "framerate": f"{fps:g}", "codec": "mjpeg"}
    options = [word for option, value in wants.items() for word in (f"--{option}", str(value))]
    options += ["--nopreview", "--timeout", "0", "--flush", "--output", "-"]

    def pictures(stop: Event) -> Iterator[Shot]:
        path = next((found for one in PROGRAMS if (found := shutil.which(one)) is not None), None)
        if path is None:
            raise LinkLost(f"{name}: rpicam-vid is not installed", remedy="Run: apt install rpicam-apps-lite")
        program = _Program([path, *options])
        heard = time.monotonic()

        def goes_on() -> bool:
            program.listen()
            return time.monotonic() - heard < silent_for

        try:
            # It gives what it was asked for; one that gives far more is held back.
            for shot in jpegs(program.pictures, stop, Pace(2 * fps), decoder, goes_on):
                heard = shot.at
                yield shot
            if not stop.is_set():
                raise program.lost(name, None if goes_on() else silent_for)
        finally:
            program.end()

    return pictures


class _Program:
    """Runs from the start until `end`; `pictures` is its standard output, which does not block."""

    def __init__(self, argv: list[str]) -> None:
        """`LinkLost` when it cannot be started."""
        self.pictures, out = os.pipe2(os.O_CLOEXEC)
        self._beside, err = os.pipe2(os.O_CLOEXEC)
        self._half = b""
        self._lines: deque[str] = deque(maxlen=_LINES)
        try:
            self._child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
            )
        except OSError as error:
            self._close()
            raise LinkLost(f"{argv[0]}: {error.strerror}", remedy=_REMEDY) from error
        finally:
            os.close(out)
            os.close(err)
        os.set_blocking(self.pictures, False)
        os.set_blocking(self._beside, False)

    def listen(self) -> None:
        """Takes in what it said beside the pictures; a full pipe would stop it."""
        with suppress(BlockingIOError):
            for _ in range(_READS):
                *whole, half = (self._half + os.read(self._beside, 4096)).split(b"\n")
                self._half = half[:_LONGEST]
                self._lines.extend(filter(None, map(_plain, whole)))

    def lost(self, name: str, silent_for: float | None) -> LinkLost:
        """What its last words mean; its last line when we know no better. `silent_for`: it did not end by itself."""
        self._stop()
        self.listen()
        lines = [*self._lines, *filter(None, [_plain(self._half)])]
        if (known := next(filter(None, (_known(name, line.lower()) for line in reversed(lines))), None)) is not None:
            return known
        said = lines[-1] if lines else "-"
        if silent_for is not None:
            return LinkLost(f"{name}: no picture for {silent_for:g} s ({said})", remedy=_REMEDY)
        return LinkLost(f"{name}: the program ended ({said})", remedy=_REMEDY)

    def end(self) -> None:
        self._stop()
        self._close()

    def _stop(self) -> None:
        """Ends it and whatever it started. Its number is not given back before all of its group were killed, so that
        nobody else is hit.
        """
        if self._child.returncode is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGTERM)
        ended = os.pidfd_open(self._child.pid)
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        poll.poll(ENDS_WITHIN * 1000)
        os.close(ended)
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()

    def _close(self) -> None:
        os.close(self.pictures)
        os.close(self._beside)


def _known(name: str, line: str) -> LinkLost | None:
    """What it says most often when it cannot work (rpicam-apps, libcamera), in small letters."""
    if any(sign in line for sign in ("in use by another process", "failed to acquire camera", "resource busy")):
        remedy = "End that program, or remove one of two lines for one camera."
        return LinkLost(f"{name}: another program uses the camera", remedy=remedy)
    if any(sign in line for sign in ("no cameras available", "selected camera is not available")):
        remedy = "Switch off, push the ribbon cable in at both ends, switch on; see `rpicam-hello --list-cameras`."
        return LinkLost(f"{name}: no such camera", remedy=remedy)
    if any(sign in line for sign in ("permission denied", "could not open any dmaheap device")):
        remedy = (
            "Let the worker's user open /dev/video*, /dev/media* and /dev/dma_heap/*: group boothkit-camera or video."
        )
        return LinkLost(f"{name}: permission denied", remedy=remedy)
    return None


def _plain(line: bytes) -> str:
    text = line[:_LONGEST].decode("utf-8", "replace").replace("ERROR: ", "").strip(" *\r\t")
    text = _STAMP.sub("", text)
    return "".join(c if c.isprintable() else " " for c in text)
