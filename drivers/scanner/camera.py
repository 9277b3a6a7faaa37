"""A camera that people hold their codes to: `camera:///dev/video0?fps=8&size=640x480`, a Motion JPEG stream on a FIFO,
or, as `file:///path`, a recording or a folder of pictures.

A code that rests in the picture is one scan until it has been gone for 1.5 s.
"""

from collections.abc import Callable

from drivers.camera.pictures import Shot
from drivers.camera.watching import WatchingDevice
from drivers.device import Event, Scan
from drivers.errors import BadUri
from drivers.uri import Uri
from drivers.wire.scan import Codes
from drivers.wire.symbols import FORMATS, Symbols


class Model(WatchingDevice):
    kind = "scanner"

    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        super().__init__(name, uri, now, "codes")
        self._formats = uri.text("codes", "qr").split(",")
        for unknown in set(self._formats) - set(FORMATS):
            raise BadUri(f"{uri}: option codes: {unknown!r} is not one of {', '.join(FORMATS)}")
        self._symbols: Symbols | None = None
        self._codes = Codes(self.life.counters, resting=True)

    def came(self, shot: Shot) -> list[Event]:
        if self._symbols is None:
            self._symbols = Symbols(self._formats)
        self.life.ok("looking for codes")
        at = self._now()
        codes = (self._codes.accept(data, at) for data in self._symbols.read(shot.picture))
        return [Scan(code, at) for code in codes if code is not None]
