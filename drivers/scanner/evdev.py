"""Scanners that are keyboards to the system: `evdev:///dev/input/by-id/…-event-kbd?layout=us`.

`layout` is the country that the scanner itself is set to, whatever the box's console uses.
"""

from collections.abc import Callable

from drivers import links
from drivers.device import Event, Scan
from drivers.life import Life
from drivers.linked import LinkedDevice
from drivers.links.evdev import EvdevLink
from drivers.uri import Uri
from drivers.wire.hid import End, Keyboard
from drivers.wire.keys import LAYOUTS
from drivers.wire.scan import ScanReader

GAP = 0.15
"""Seconds without a key that end a code; scanners type a key every 1 to 50 ms."""
_ENDS: tuple[End, ...] = ("enter", "tab", "either")


class Model(LinkedDevice):
    kind = "scanner"

    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        uri.only("grab", "layout", "end", "gap")
        layout = LAYOUTS[uri.choice("layout", "us", tuple(LAYOUTS))]
        life = Life(now, present=links.presence(uri))
        super().__init__(name, EvdevLink.from_uri(uri), life, now)
        self._keyboard = Keyboard(layout, uri.choice("end", "either", _ENDS), life.counters)
        self._reader = ScanReader(life.counters, gap=uri.number("gap", round(GAP * 1000), 20, 5000) / 1000)

    def connected(self) -> None:
        self._keyboard.reset()
        self._reader.reset()
        self.life.ok("waiting for codes")

    def received(self, data: bytes, at: float) -> list[Event]:
        if data:
            self.life.ok()
        codes = self._reader.feed(self._keyboard.feed(data), at) if data else self._reader.idle(at)
        return [Scan(code, at) for code in codes]

    def rest(self, at: float) -> float:
        pause = self._reader.rest(at)
        return super().rest(at) if pause is None else pause
