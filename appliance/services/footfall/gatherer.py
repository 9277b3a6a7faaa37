"""Crossings and stays become facts in small batches."""

from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from appliance.clock import Clock
from appliance.ids import new_id
from appliance.services.devicehost import Outbox
from appliance.services.footfall.spool import Kept, Spool
from appliance.services.run import Loop
from drivers.device import Crossing, Device, Event, Stay

GATHER_S = 2.0
"""Movement over one line within this time is one fact: live enough for a screen, few enough for a card."""
DWELL_S = 60.0
"""So are the stays in one zone: nobody waits for those."""


@dataclass
class _Line:
    """People over one line."""

    device: str
    ident: str
    line: str
    source: str
    from_mono: int
    to_mono: int
    in_: int = 0
    out: int = 0

    def kept(self) -> Kept:
        data = {"line": self.line, "in": self.in_, "out": self.out, "source": self.source}
        data |= {"from_mono": self.from_mono, "to_mono": self.to_mono}
        return Kept(self.ident, "crossings.count", data, f"device:{self.device}")


@dataclass
class _Zone:
    """Stays in one zone, in seconds."""

    device: str
    ident: str
    zone: str
    from_mono: int
    to_mono: int
    stays: int = 0
    seconds: float = 0.0
    longest: float = 0.0

    def kept(self) -> Kept:
        data: dict[str, Any] = {"zone": self.zone, "stays": self.stays}
        data |= {"seconds": round(self.seconds), "longest": round(self.longest)}
        data |= {"from_mono": self.from_mono, "to_mono": self.to_mono}
        return Kept(self.ident, "dwell.count", data, f"device:{self.device}")


B = TypeVar("B", _Line, _Zone)


class Gatherer:
    """Counts by line and by zone, handed over two seconds after the first movement and a minute after the first stay.
    ``moved``: how often anybody has crossed anything."""

    def __init__(self, clock: Clock, loop: Loop, outbox: Outbox, spool: Spool) -> None:
        self._clock = clock
        self._loop = loop
        self._outbox = outbox
        self._spool = spool
        self._lines: dict[str, _Line] = {}
        self._zones: dict[str, _Zone] = {}
        self.moved = 0

    def begin(self) -> None:
        """Have recorded what an earlier process of this worker left."""
        for kept in self._spool.left():
            self._send(kept)

    def take(self, device: Device, event: Event) -> None:
        """One person crossed a line, or left a zone."""
        match event:
            case Crossing():
                self.moved += 1
                self._crossed(device, event)
            case Stay():
                self._stayed(device, event)
            case _:
                return

    def _crossed(self, device: Device, event: Crossing) -> None:
        now, name = self._clock().mono, event.line
        line = self._lines.get(name)
        if line is None:
            source = getattr(device, "source", "beam")
            line = self._lines[name] = _Line(device.name, new_id(), name, source, now, now)
            self._loop.call_later(GATHER_S, partial(self._over, self._lines, name, line))
        line.to_mono = now
        if event.direction == "in":
            line.in_ += 1
        else:
            line.out += 1
        self._spool.keep(line.kept())

    def _stayed(self, device: Device, event: Stay) -> None:
        now, name = self._clock().mono, event.zone
        zone = self._zones.get(name)
        if zone is None:
            zone = self._zones[name] = _Zone(device.name, new_id(), name, now, now)
            self._loop.call_later(DWELL_S, partial(self._over, self._zones, name, zone))
        zone.to_mono = now
        zone.stays += 1
        zone.seconds += event.seconds
        zone.longest = max(zone.longest, event.seconds)
        self._spool.keep(zone.kept())

    def _over(self, batches: dict[str, B], name: str, batch: B) -> None:
        """Its time is over, unless it was handed over before."""
        if batches.get(name) is batch:
            del batches[name]
            self._send(batch.kept())

    def hand_over(self, device: str | None = None) -> None:
        """What was gathered becomes facts now: of one counter, whose lines are about to mean something else; of all,
        before the worker stops."""
        for name, line in list(self._lines.items()):
            if device in (None, line.device):
                self._over(self._lines, name, line)
        for name, zone in list(self._zones.items()):
            if device in (None, zone.device):
                self._over(self._zones, name, zone)

    def _send(self, kept: Kept) -> None:
        over = partial(self._spool.forget, kept.ident)
        self._outbox.send(kept.command, kept.data, actor=kept.actor, ident=kept.ident, over=over)
