"""A camera behind a FIFO: Motion JPEG, as a program with a camera writes it."""

import fcntl
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.emulators.pictures import View, jpeg, picture

if TYPE_CHECKING:
    from drivers.emulators.pictures import Picture

_ROOM = 1 << 20
"""Bytes that wait for a slow reader; a picture that does not fit is not taken."""


class CameraEmulator:
    """`fifo`: where it is to be; `fps` pictures a second of whatever is held in front of it. May be used from any
    thread.
    """

    def __init__(self, fifo: Path, *, fps: float = 20.0, size: tuple[int, int] = (640, 480)) -> None:
        self._path = fifo
        self._every = 1 / fps
        self._size = size
        self._fd = -1
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._shown = b""
        self._rest = b""
        self._scene: Iterator[Picture] = iter(())
        self.pictures = 0
        """Taken so far."""
        self.show()

    def start(self) -> None:
        self.plug()
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="camera emulator", daemon=True)
        self._thread.start()

    def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stop.set()
            thread.join()
        self.unplug()

    def plug(self) -> None:
        with self._lock:
            if self._fd < 0:
                fresh = self._path.with_name(f".{self._path.name}.{os.getpid()}")
                fresh.unlink(missing_ok=True)
                os.mkfifo(fresh)
                # Open for both: a writer alone cannot be the first.
                self._fd = os.open(fresh, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
                with suppress(OSError):  # not allowed: fewer pictures fit
                    fcntl.fcntl(self._fd, fcntl.F_SETPIPE_SZ, _ROOM)
                fresh.replace(self._path)

    def unplug(self) -> None:
        with self._lock:
            if self._fd >= 0:
                fd, self._fd = self._fd, -1
                self._rest = b""
                self._path.unlink(missing_ok=True)
                os.close(fd)

    def show(self, *codes: str, view: View | None = None) -> None:
        """Held in front of it from now on; nothing: an empty room."""
        self.hold(jpeg(picture(codes, view, size=self._size)))

    def hold(self, data: bytes) -> None:
        """These bytes are its picture from now on."""
        with self._lock:
            self._shown, self._scene = data, iter(())

    def play(self, scene: "Iterable[Picture]") -> None:
        """A moving scene, one of its pictures after the other (grey or BGR, of any size), each drawn when it is due;
        the last one stays. `show`, `hold` and `freeze` end it.
        """
        with self._lock:
            self._scene = iter(scene)

    def freeze(self) -> None:
        """Still plugged in, no more pictures; `show` ends it."""
        self.hold(b"")

    def garbage(self, data: bytes) -> None:
        with self._lock:
            self._write(data)

    def _run(self) -> None:
        due = time.monotonic() + self._every
        while not self._stop.wait(max(due - time.monotonic(), 0)):
            # A scene that takes longer to draw than there is time goes slower; it does not hurry afterwards.
            due = max(due + self._every, time.monotonic())
            with self._lock:
                if (moving := next(self._scene, None)) is not None:
                    self._shown = jpeg(moving)
                self._write(self._shown)
                self.pictures += 1

    def _write(self, data: bytes) -> None:
        if self._fd < 0:
            return
        # How much a pipe takes depends on how its pages are filled: a picture is begun when the last one is through,
        # and goes on where it stopped. One that finds no room at all is not sent.
        with suppress(BlockingIOError):
            self._rest = self._rest[os.write(self._fd, self._rest) :]
            if not self._rest:
                self._rest = data[os.write(self._fd, data) :]
