"""Scanners that send text: `serial:///dev/serial/by-id/…?baud=9600` (GM65 and GM67 modules, USB COM mode),
`tcp://…`, a FIFO.

They are silent between two codes, so silence is health.
"""

from collections.abc import Callable

from drivers import links
from drivers.device import Event, Scan
from drivers.life import Life
from drivers.linked import LinkedDevice
from drivers.uri import Uri
from drivers.wire.scan import ScanReader


class Model(LinkedDevice):
    kind = "scanner"

    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        uri.only(*links.options(uri))
        life = Life(now, present=links.presence(uri))
        super().__init__(name, links.open_link(uri), life, now)
        self._reader = ScanReader(life.counters)

    def connected(self) -> None:
        self._reader.reset()
        self.life.ok("waiting for codes")

    def received(self, data: bytes, at: float) -> list[Event]:
        codes = self._reader.feed(data, at) if data else self._reader.idle(at)
        if data:
            self.life.ok()
        return [Scan(code, at) for code in codes]

    def rest(self, at: float) -> float:
        pause = self._reader.rest(at)
        return super().rest(at) if pause is None else pause
