"""Victron battery monitors and solar chargers: `vedirect:///dev/serial/by-id/…`, or
`tcp://HOST:PORT?driver=vedirect`.

A charger (MPPT) tells panel, its load output and what it does to the battery; a monitor (BMV, SmartShunt) tells the
whole battery. Which it is shows in what it sends; `role=battery|solar|load|all` says which of its values count.

Counters: attempts, losses, blocks, invalid, hex_frames, bad_hex_frames, unknown_fields, readings, thinned_out, stale.
"""

from collections.abc import Callable, Mapping

from drivers import links
from drivers.device import Event, PowerReading, Role
from drivers.life import Life
from drivers.linked import LinkedDevice
from drivers.uri import Uri
from drivers.wire.vedirect import Block, Parser

BAUD = 19200
STALE_AFTER = 5.0
"""Seconds without a valid block; the device sends one or two each second."""
SHORTEST_INTERVAL = 0.5
"""Seconds between two readings; a device that talks faster than that is thinned out."""

ALARMS: Mapping[int, tuple[str, str]] = {
    1: ("low voltage", "Charge the battery, or switch something off."),
    2: ("high voltage", "Check the charger's settings."),
    4: ("low state of charge", "Charge the battery, or switch something off."),
    8: ("low starter voltage", "Charge the starter battery."),
    16: ("high starter voltage", "Check what charges the starter battery."),
    32: ("low temperature", "Warm the battery up before it is charged."),
    64: ("high temperature", "Give the battery air and shade."),
    128: ("mid-point voltage", "Have the battery's halves checked: they are not equal."),
    256: ("overload", "Switch something off."),
    512: ("DC ripple", "Check the cables between battery and inverter."),
    1024: ("low AC voltage", "Check the inverter."),
    2048: ("high AC voltage", "Check the inverter."),
    4096: ("short circuit", "Disconnect the load and look for the short."),
    8192: ("battery management lockout", "Look at the battery's own management."),
}
"""Bits of the label AR (Victron, "VE.Direct Protocol" 3.33)."""


class Model(LinkedDevice):
    kind = "power"

    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        uri.only(*links.options(uri), "role")
        role: Role = uri.choice("role", "all", ("battery", "solar", "load", "all"))
        self._role = role if "role" in uri.options else None
        if uri.scheme == "vedirect":
            link = links.open_link(Uri("serial", path=uri.device_path(), options={"baud": str(BAUD)}))
        else:
            link = links.open_link(uri.with_defaults(baud=str(BAUD)))
        life = Life(now, stale_after=STALE_AFTER, present=links.presence(uri))
        super().__init__(name, link, life, now)
        self._parser = Parser(life.counters)
        self._last_reading: float | None = None
        self._trouble: tuple[str, int] | None = None

    def connected(self) -> None:
        self._parser.reset()
        self._trouble = None

    def received(self, data: bytes, at: float) -> list[Event]:
        newest: PowerReading | None = None
        for block in self._parser.feed(data):
            self._show(block)
            newest = _reading(block, at, self._role) or newest
        if newest is None:
            return []
        if self._last_reading is not None and at - self._last_reading < SHORTEST_INTERVAL:
            self.life.counters["thinned_out"] += 1
            return []
        self._last_reading = at
        self.life.counters["readings"] += 1
        return [newest]

    def _show(self, block: Block) -> None:
        """A block that does not speak of troubles changes nothing: a monitor sends its history in one of its own."""
        self.life.ok()
        error, alarm = block.integer("ERR"), block.integer("AR")
        if error is None and alarm is None:
            return
        trouble = ("ERR", error) if error else ("AR", alarm) if alarm else None
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if error:
            self.life.set("degraded", f"the charger reports error {error}", _error_remedy(error))
        elif alarm:
            words, remedy = _alarm(alarm)
            self.life.set("degraded", f"the monitor's alarm is on: {words}", remedy)
        else:
            self.life.set("online", "connected")


def _reading(block: Block, at: float, role: Role | None) -> PowerReading | None:
    """None for a block without present values."""
    mv, pv_watts, load_ma = block.integer("V"), block.integer("PPV"), block.integer("IL")
    to_go, consumed = block.integer("TTG"), block.integer("CE")
    reading = PowerReading(
        soc_permille=block.integer("SOC"),
        mv=mv,
        ma=block.integer("I"),
        pv_mw=None if pv_watts is None else pv_watts * 1000,
        load_mw=None if load_ma is None or mv is None else max(0, load_ma) * mv // 1000,
        mono=at,
        role=role or ("battery" if pv_watts is None and load_ma is None else "all"),
        lasts_s=STALE_AFTER,
        ttg_s=None if to_go is None or to_go < 0 else to_go * 60,
        consumed_mah=None if consumed is None else -consumed,
        celsius=block.integer("T"),
    )
    if all(value is None for value in (reading.soc_permille, reading.mv, reading.ma, reading.pv_mw)):
        return None
    return reading


def _alarm(reasons: int) -> tuple[str, str]:
    known = [ALARMS[bit] for bit in ALARMS if reasons & bit]
    if not known:
        return f"reason {reasons}", f"Look up alarm {reasons} in the monitor's manual."
    return ", ".join(words for words, _ in known), known[0][1]


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
