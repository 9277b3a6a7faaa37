"""Victron battery monitors and solar chargers: `vedirect:///dev/serial/by-id/…`, or
`tcp://HOST:PORT?driver=vedirect`.
"""

from collections.abc import Callable

from drivers import links
from drivers.device import Event, PowerReading
from drivers.life import Life
from drivers.linked import LinkedDevice
from drivers.uri import Uri
from drivers.wire.vedirect import Block, Parser

BAUD = 19200
STALE_AFTER = 5.0
"""Seconds without a valid block; the device sends one or two each second."""
SHORTEST_INTERVAL = 0.5
"""Seconds between two readings; a device that talks faster than that is thinned out."""


class Model(LinkedDevice):
    kind = "power"

    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        uri.only(*links.options(uri))
        if uri.scheme == "vedirect":
            link = links.open_link(Uri("serial", path=uri.device_path(), options={"baud": str(BAUD)}))
        else:
            link = links.open_link(uri.with_defaults(baud=str(BAUD)))
        life = Life(now, stale_after=STALE_AFTER, present=links.presence(uri))
        super().__init__(name, link, life, now)
        self._parser = Parser(life.counters)
        self._last_reading: float | None = None

    def connected(self) -> None:
        self._parser.reset()

    def received(self, data: bytes, at: float) -> list[Event]:
        newest: PowerReading | None = None
        for block in self._parser.feed(data):
            self._show(block)
            newest = _reading(block, at) or newest
        if newest is None:
            return []
        if self._last_reading is not None and at - self._last_reading < SHORTEST_INTERVAL:
            self.life.counters["thinned_out"] += 1
            return []
        self._last_reading = at
        self.life.counters["readings"] += 1
        return [newest]

    def _show(self, block: Block) -> None:
        self.life.ok()
        error = block.integer("ERR")
        if error:
            self.life.set("degraded", f"the charger reports error {error}", _error_remedy(error))
        elif error == 0 and self.life.state == "degraded":
            self.life.set("online", "connected")


def _reading(block: Block, at: float) -> PowerReading | None:
    """None for a block without present values: a battery monitor sends its history in a block of its own."""
    mv, pv_watts, load_ma = block.integer("V"), block.integer("PPV"), block.integer("IL")
    reading = PowerReading(
        soc_permille=block.integer("SOC"),
        mv=mv,
        ma=block.integer("I"),
        pv_mw=None if pv_watts is None else pv_watts * 1000,
        load_mw=None if load_ma is None or mv is None else load_ma * mv // 1000,
        mono=at,
    )
    if all(value is None for value in (reading.soc_permille, reading.mv, reading.ma, reading.pv_mw)):
        return None
    return reading


def _error_remedy(error: int) -> str:
    """Victron, "MPPT Error Codes"."""
    match error:
        case 2:
            return "Battery voltage too high: check that the charger is set to the battery's voltage."
        case 17:
            return "Charger too hot: give it air and shade."
        case 18 | 20:
            return "Over-current or bulk time limit: check the battery and the charger's settings."
        case 33 | 34:
            return "Solar input too high: disconnect panels until it is within the charger's rating."
        case _:
            return f"Look up error {error} in the charger's manual."
