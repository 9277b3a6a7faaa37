"""What all models share that look at pictures: opened with back-off, looked at one by one, lost, opened again."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from drivers import links
from drivers.camera.frames import FPS, Frames, options
from drivers.camera.pictures import Ended, Shot
from drivers.device import Event
from drivers.errors import DeviceError
from drivers.life import LONGEST_DELAY, Life
from drivers.uri import Uri

STALE_AFTER = 5.0
"""Seconds without a picture."""


class WatchingDevice(ABC):
    """A `Device` that is told something by pictures. A subclass turns them into events."""

    kind: str

    def __init__(
        self,
        name: str,
        uri: Uri,
        now: Callable[[], float],
        *own: str,
        fps: float = FPS,
        colour: bool = False,
        every: bool = False,
    ) -> None:
        """`own`: options of the URI that are the subclass's; the rest as for `Frames`."""
        uri.only(*options(uri), *own)
        self.name = name
        self.life = Life(now, stale_after=STALE_AFTER, present=links.presence(uri))
        self._frames = Frames(uri, self.life.counters, fps=fps, colour=colour, every=every)
        self._now = now
        self._open = False
        self._seen = False
        self._ended = False

    @abstractmethod
    def came(self, shot: Shot) -> list[Event]:
        """A picture came; says so to `life`."""

    def left(self) -> list[Event]:
        """There will be no picture until the source was opened anew."""
        return []

    def fileno(self) -> int | None:
        return self._frames.fileno() if self._open else None

    def wait(self) -> float:
        return LONGEST_DELAY if self._ended else self.life.wait(connected=self._open)

    def step(self) -> list[Event]:
        if self._ended or not (self._open or self.life.due()):
            return []
        try:
            if not self._open:
                self._begin()
            shot = self._frames.newest()
            events = [] if shot is None else self._take(shot)
            self.life.watch()
            return events
        except DeviceError as error:
            opening, was_open = self._open and not self._seen, self._open
            self.close()
            self.life.lost(error)
            self._ended = isinstance(error, Ended)
            if opening and not self._ended:  # the path is there, and it was never a camera or a video
                self.life.set("fault", str(error), error.remedy)
            return self.left() if was_open else []

    def close(self) -> None:
        self._open = False
        self._frames.close()

    def _begin(self) -> None:
        self.life.trying()
        self._frames.open()
        self._open, self._seen = True, False
        self.life.opened("waiting for a first picture")

    def _take(self, shot: Shot) -> list[Event]:
        self._seen = True
        self.life.counters["pictures"] += 1
        return self.came(shot)
