"""A camera that people hold their codes to: `camera:///dev/video0?fps=8&size=640x480`, a Motion JPEG stream on a FIFO,
or, as `file:///path`, a recording or a folder of pictures.

A code that rests in the picture is one scan until it has been gone for 1.5 s.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from drivers import links
from drivers.camera.frames import Frames, options
from drivers.camera.pictures import Ended
from drivers.device import Event, Scan
from drivers.errors import BadUri, DeviceError
from drivers.life import LONGEST_DELAY, Life
from drivers.uri import Uri
from drivers.wire.scan import Codes
from drivers.wire.symbols import FORMATS, Symbols

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

STALE_AFTER = 5.0
"""Seconds without a picture."""


class Model:
    kind = "scanner"

    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        uri.only(*options(uri), "codes")
        self.name = name
        self.life = Life(now, stale_after=STALE_AFTER, present=links.presence(uri))
        self._frames = Frames(uri)
        self._formats = uri.text("codes", "qr").split(",")
        for unknown in set(self._formats) - set(FORMATS):
            raise BadUri(f"{uri}: option codes: {unknown!r} is not one of {', '.join(FORMATS)}")
        self._symbols: Symbols | None = None
        self._codes = Codes(self.life.counters, resting=True)
        self._now = now
        self._open = False
        self._seen = False
        self._ended = False

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
            picture = self._frames.newest()
            events = [] if picture is None else self._look(picture)
            self.life.watch()
            return events
        except DeviceError as error:
            opening = self._open and not self._seen
            self.close()
            self.life.lost(error)
            self._ended = isinstance(error, Ended)
            if opening and not self._ended:  # the path is there, and it was never a camera or a video
                self.life.set("fault", str(error), error.remedy)
            return []

    def close(self) -> None:
        self._open = False
        self._frames.close()

    def _begin(self) -> None:
        self.life.trying()
        self._frames.open()
        self._open, self._seen = True, False
        self.life.opened("waiting for a first picture")

    def _look(self, picture: "NDArray[uint8]") -> list[Event]:
        if self._symbols is None:
            self._symbols = Symbols(self._formats)
        self._seen = True
        self.life.ok("looking for codes")
        self.life.counters["pictures"] += 1
        at = self._now()
        codes = (self._codes.accept(data, at) for data in self._symbols.read(picture))
        return [Scan(code, at) for code in codes if code is not None]
