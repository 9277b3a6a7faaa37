"""Epever and EPsolar charge controllers (LS-B, Tracer-A/B/AN, XTRA) over their RS-485 port:
`epever:///dev/serial/by-id/…?unit=1`, or `tcp://HOST:PORT?driver=epever` behind a terminal server.

`unit=1` (1…247), `baud=115200`, `interval=S` (2) from one round of questions to the next, `echo=1` for an adapter that
hears itself, `role=battery|solar|load|all` which of its values count (all).

Counters: attempts, losses, readings, silent, garbled, refused, implausible.
"""

from collections.abc import Callable

from drivers import links
from drivers.device import Event, PowerReading, Role
from drivers.errors import DeviceError, LinkStalled
from drivers.life import Life
from drivers.power.modbus import Echo, Garbled, Modbus, NoAnswer, Refused
from drivers.uri import Uri
from drivers.wire import epever

MISSES = 3
"""Questions in a row without a usable answer before it shows; one that is lost on the way is nothing."""
GAP_S = 0.01
"""Between two questions, for the worker's other devices."""
LEAST_LASTS = 5.0
MISSED = 3
"""A reading counts until so many more should have come."""


class Model:
    kind = "power"

    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        serial = uri.scheme == "epever"
        own = ("unit", "interval", "echo", "role")
        uri.only(*own, *(("baud",) if serial else links.options(uri)))
        baud = uri.number("baud", epever.BAUD, 1200, 115200)
        if serial:
            link = links.open_link(Uri("serial", path=uri.device_path(), options={"baud": str(baud)}))
        else:
            link = links.open_link(uri.with_defaults(baud=str(baud)))
        self.name = name
        self.life = Life(now, present=links.presence(uri))
        self._link = link
        self._now = now
        self._unit = uri.number("unit", 1, 1, 247)
        self._interval = uri.decimal("interval", 2.0, 0.1, 3600.0)
        self._echo = uri.choice("echo", "0", ("0", "1")) == "1"
        self._role: Role = uri.choice("role", "all", ("battery", "solar", "load", "all"))
        self._baud = baud
        self._modbus: Modbus | None = None
        self._left: list[epever.Block] = []
        self._told: dict[epever.Block, list[int]] = {}
        self._missing: set[epever.Block] = set()
        self._misses = 0
        self._trouble = ""
        self._next = 0.0

    def fileno(self) -> int | None:
        """It speaks when it is asked, and only then."""
        return None

    def wait(self) -> float:
        if self._modbus is None:
            return self.life.wait(connected=False)
        return max(0.0, self._next - self._now())

    def step(self) -> list[Event]:
        """One question at most."""
        try:
            if self._modbus is None:
                if not self.life.due():
                    return []
                self._connect()
            elif self._now() < self._next:
                return []
            return self._ask_next() if self._modbus is not None else []
        except DeviceError as error:
            self.close()
            self.life.lost(error)
            return []

    def close(self) -> None:
        self._modbus = None
        self._link.close()

    def _connect(self) -> None:
        self.life.trying()
        self._link.open()
        self._modbus = Modbus(self._link, self._unit, self._baud, echo=self._echo)
        self._left, self._told, self._trouble = [], {}, ""
        self._missing.clear()
        self._misses = 0
        self._next = self._now()
        self.life.opened()

    def _ask_next(self) -> list[Event]:
        if not self._left:
            self._told = {}
            self._left = [block for block in epever.BLOCKS if block not in self._missing]
        block = self._left.pop(0)
        if not self._answered(block):
            return []
        self._misses = 0
        self._next = self._now() + GAP_S
        if self._left:
            return []
        self._next += self._interval
        return self._reading()

    def _answered(self, block: epever.Block) -> bool:
        """Whether the round goes on."""
        assert self._modbus is not None  # noqa: S101 - step asks only while there is one
        try:
            self._told[block] = self._modbus.ask(*block)
        except Refused as error:
            self.life.counters["refused"] += 1
            if error.missing and block != epever.PANEL:
                self._missing.add(block)
                return True
            self._missed(str(error), "Check that it is an Epever charge controller.")
        except Echo as error:
            self.life.counters["garbled"] += 1
            self._missed(str(error), "Add echo=1 to the device's URI: the adapter hears itself.")
        except Garbled as error:
            self.life.counters["garbled"] += 1
            self._missed(str(error), "Check baud rate, cable and ground, and that only one box asks.")
        except (NoAnswer, LinkStalled) as error:
            self.life.counters["silent"] += 1
            remedy = "Check that it is switched on, that A and B are not swapped, and the option unit."
            self._missed(str(error), remedy)
        else:
            return True
        return False

    def _missed(self, what: str, remedy: str) -> None:
        """The round is given up; the next one begins after the interval."""
        self._left = []
        self._next = self._now() + self._interval
        self._misses += 1
        if self._misses >= MISSES:
            self._ill(what, remedy)

    def _reading(self) -> list[Event]:
        try:
            values = epever.values(self._told)
        except epever.Implausible as error:
            self.life.counters["implausible"] += 1
            self.life.ok()
            self._ill(str(error), "Check that it is an Epever charge controller.")
            return []
        complaint = epever.complaint(self._told)
        self.life.ok()
        self.life.counters["readings"] += 1
        if complaint is not None:
            self._ill(f"the charger reports: {complaint.words}", complaint.remedy)
        elif self._trouble:
            self._trouble = ""
            self.life.set("online", "connected")
        return [
            PowerReading(
                values.soc_permille,
                values.mv,
                values.ma,
                values.pv_mw,
                values.load_mw,
                self._now(),
                role=self._role,
                lasts_s=max(LEAST_LASTS, MISSED * self._interval),
                celsius=values.celsius,
            )
        ]

    def _ill(self, reason: str, remedy: str) -> None:
        """Once for each trouble, not each time."""
        if reason != self._trouble:
            self._trouble = reason
            self.life.set("degraded", reason, remedy)
