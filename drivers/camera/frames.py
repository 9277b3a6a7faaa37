"""Pictures of a camera or a recording, taken by a thread of its own: reading a camera waits, a worker does not. However
slow the reader is, one picture is kept: of a camera the newest, of a recording, where `every` one is wanted, the next.
"""

import os
import re
import stat
import threading
from collections import Counter

from drivers.camera import pictures, rpicam
from drivers.camera.pictures import Shot
from drivers.errors import BadUri, DeviceError, LinkLost
from drivers.uri import Uri

FPS = 8.0
_SIZES = ("320x240", "640x480", "800x600", "1280x720", "1920x1080")
_STOPS_WITHIN = pictures.HANGS_FOR + 1.0
"""Seconds; usually a picture's time. A thread that is still in OpenCV when the process ends takes it down."""


def options(uri: Uri) -> tuple[str, ...]:
    """What `Frames` takes of the URI's options."""
    return ("fps", "loop") if uri.scheme == "file" else ("fps", "size")


class Frames:
    """`camera:///dev/video0?fps=8&size=640x480`, `rpicam://0` with the same options, or `file:///path?fps=8&loop=1`.
    `open`, wait on `fileno`, take the `newest`, `close`; all from one thread. `BadUri` for an option that it does not
    understand.
    """

    def __init__(
        self, uri: Uri, counters: Counter[str], *, fps: float = FPS, colour: bool = False, every: bool = False
    ) -> None:
        """`fps`: of a source that has no speed of its own, unless the URI says another; `colour`: pictures in BGR, as
        fine as counting needs; `every`: no picture of a recording is passed over. `counters`: `dropped`, pictures for
        which there was no time, and `damaged`.
        """
        self._number = _number(uri) if uri.scheme == "rpicam" else None
        self._path = uri.device_path() if self._number is None else ""
        self._live = uri.scheme != "file"
        self.name = f"{uri.scheme} {self._path or self._number}"
        self._asked = uri.decimal("fps", 0, 0.1, 60) or None
        self._fps = self._asked or fps
        width, _, height = uri.choice("size", "640x480", _SIZES).partition("x")
        self._size = int(width), int(height)
        self._loop = uri.choice("loop", "0", ("0", "1")) == "1"
        self._every = every and not self._live
        self._counters = counters
        self._decoder = pictures.Decoder(colour, counters)
        self._feed: _Feed | None = None

    def open(self) -> None:
        """Looks whether the path can be read and starts; `LinkLost`. What goes wrong later `newest` tells."""
        self.close()
        self._feed = _Feed(self._source(), self._counters, self._every)

    def fileno(self) -> int:
        """Readable when `newest` has something to say."""
        if self._feed is None:
            raise LinkLost(f"{self.name}: not open")
        return self._feed.bell

    def newest(self) -> Shot | None:
        """The picture taken last, once; None when there is no newer one. `LinkLost` when there will be none, `Ended` at
        the end of a recording.
        """
        if self._feed is None:
            raise LinkLost(f"{self.name}: not open")
        return self._feed.take()

    def close(self) -> None:
        """Idempotent."""
        if self._feed is not None:
            feed, self._feed = self._feed, None
            feed.end()

    def _source(self) -> pictures.Source:
        if self._number is not None:
            return rpicam.camera(self._number, self._fps, self._size, self._decoder)
        try:
            mode = os.stat(self._path).st_mode
            # Without waiting: a FIFO has its writer later.
            os.close(os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
        except PermissionError as error:
            group = "group video" if self._live else "mode 644"
            raise LinkLost(
                f"{self.name}: permission denied", remedy=f"Let the worker's user read it: {group}."
            ) from error
        except OSError as error:
            raise LinkLost(f"{self.name}: {error.strerror}") from error
        if self._live:
            if stat.S_ISFIFO(mode):
                return pictures.stream(self._path, self._fps, self._decoder)
            if not stat.S_ISCHR(mode):
                raise LinkLost(
                    f"{self.name}: not a camera", remedy="Name the device under /dev/v4l/by-id, or use file://."
                )
            return pictures.camera(self._path, self._fps, self._size, self._decoder)
        if stat.S_ISDIR(mode):
            return pictures.folder(self._path, self._fps, self._loop, self._decoder)
        return pictures.recording(self._path, self._asked, self._loop, self._decoder)


def _number(uri: Uri) -> int:
    if not re.fullmatch("[0-9]", uri.host) or uri.port is not None or uri.path not in ("", "/"):
        raise BadUri(f"{uri}: needs the camera's number and nothing else (rpicam://0)")
    return int(uri.host)


class _Feed:
    """One run of a source's thread."""

    def __init__(self, source: pictures.Source, counters: Counter[str], every: bool) -> None:
        self.bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._source = source
        self._counters = counters
        self._every = every
        self._lock = threading.Condition()
        self._stop = threading.Event()
        self._newest: Shot | None = None
        self._failure: DeviceError | None = None
        self._bell_is_ours = True
        self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)
        self._thread.start()

    def take(self) -> Shot | None:
        with self._lock:
            newest, self._newest = self._newest, None
            self._lock.notify()
            if newest is None and self._failure is not None:
                raise self._failure
            if self._failure is None:  # else it rings on: there is something left to hear
                try:
                    os.eventfd_read(self.bell)
                except BlockingIOError:
                    return newest
        return newest

    def end(self) -> None:
        self._stop.set()
        with self._lock:
            self._lock.notify()
        self._thread.join(_STOPS_WITHIN)
        with self._lock:
            self._newest = None
            self._bell_is_ours = False
            os.close(self.bell)

    def _run(self) -> None:
        failure: DeviceError = LinkLost("the pictures ended without a reason", remedy="Look at the worker's log.")
        try:
            for shot in self._source(self._stop):
                self._put(shot, None)
        except DeviceError as error:
            failure = error
        except OSError as error:
            failure = LinkLost(f"{error.filename or 'pictures'}: {error.strerror or error}")
        finally:
            # Also for an accident, which goes on to the log: the device must not look as if it waited.
            if not self._stop.is_set():
                self._put(None, failure)

    def _put(self, shot: Shot | None, failure: DeviceError | None) -> None:
        with self._lock:
            while shot is not None and self._every and self._newest is not None and not self._stop.is_set():
                self._lock.wait()
            if self._bell_is_ours:
                if shot is not None:
                    self._counters["dropped"] += self._newest is not None and not self._stop.is_set()
                    self._newest = shot
                self._failure = failure
                os.eventfd_write(self.bell, 1)
