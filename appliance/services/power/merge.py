"""One picture out of what several devices measure.

A device counts with the values that its role is trusted for, for as long as the reading lasts and the device is well.
Battery: a monitor (role `battery`) before chargers (role `all`), quantity by quantity; among monitors the first in the
order of the names; chargers' currents add up, their voltage and charge are the lowest that one of them tells. Sun: all
add up. Load: what load sensors measure; else sun less battery power, when a monitor measures the battery; else what the
chargers give off at their load outputs; else sun less battery power. A sum needs all of its devices: while one of them
is not heard, it is not known.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from drivers.device import PowerReading, Role

Pick = Callable[[PowerReading], int | None]

_BATTERY: tuple[Role, ...] = ("battery", "all")
_SUN: tuple[Role, ...] = ("solar", "all")


@dataclass(frozen=True)
class Merged:
    """Units as in `PowerReading`; None = not known."""

    soc_permille: int | None = None
    mv: int | None = None
    ma: int | None = None
    pv_mw: int | None = None
    load_mw: int | None = None
    ttg_s: int | None = None
    consumed_mah: int | None = None
    celsius: int | None = None

    @property
    def battery_mw(self) -> int | None:
        """Power into the battery; negative while it gives."""
        return None if self.mv is None or self.ma is None else self.mv * self.ma // 1000


@dataclass
class _Seen:
    reading: PowerReading
    until: float
    fresh: bool = True
    gave: frozenset[str] = frozenset()


class Merge:
    """`now` is any clock in seconds; readings count from when they are taken in."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    @property
    def devices(self) -> frozenset[str]:
        """Those that ever told something."""
        return frozenset(self._seen)

    def take(self, device: str, reading: PowerReading, now: float) -> None:
        """The newest reading of a device."""
        gave = self._seen[device].gave if device in self._seen else frozenset()
        told = frozenset(key for key in ("pv_mw", "load_mw", "ma") if getattr(reading, key) is not None)
        self._seen[device] = _Seen(reading, now + reading.lasts_s, gave=gave | told)

    def lost(self, device: str) -> None:
        """Its values do not count any more; that it gave some is remembered, for the sums."""
        if device in self._seen:
            self._seen[device].fresh = False

    def forget(self, device: str) -> None:
        """It is no longer one of the box's devices."""
        self._seen.pop(device, None)

    def merged(self, now: float) -> Merged:
        """What is known at `now`."""
        for seen in self._seen.values():
            seen.fresh = seen.fresh and now <= seen.until
        monitored = any(seen.fresh and seen.reading.role == "battery" for seen in self._seen.values())
        battery = Merged(
            soc_permille=self._battery(lambda r: r.soc_permille, min),
            mv=self._battery(lambda r: r.mv, min),
            ma=self._first(lambda r: r.ma),
            ttg_s=self._battery(lambda r: r.ttg_s, min),
            consumed_mah=self._battery(lambda r: r.consumed_mah, min),
            celsius=self._battery(lambda r: r.celsius, max),
        )
        if battery.ma is None:
            battery = replace(battery, ma=self._sum(("all",), "ma", lambda r: r.ma))
        sun = self._sum(_SUN, "pv_mw", lambda r: r.pv_mw)
        return replace(battery, pv_mw=sun, load_mw=self._load(battery.battery_mw, sun, monitored=monitored))

    def _load(self, battery_mw: int | None, sun: int | None, *, monitored: bool) -> int | None:
        measured = self._sum(("load",), "load_mw", lambda r: r.load_mw)
        if measured is not None or self._gave(("load",), "load_mw"):
            return measured
        balance = None
        if battery_mw is not None and (sun is not None or not self._gave(_SUN, "pv_mw")):
            balance = max(0, (sun or 0) - battery_mw)
        if monitored and balance is not None:
            return balance
        outputs = self._sum(("all",), "load_mw", lambda r: r.load_mw)
        return balance if outputs is None else outputs

    def _of(self, roles: Iterable[Role]) -> list[_Seen]:
        return [seen for _, seen in sorted(self._seen.items()) if seen.reading.role in roles]

    def _first(self, pick: Pick) -> int | None:
        """Of the first monitor that tells it."""
        found = (pick(seen.reading) for seen in self._of(("battery",)) if seen.fresh)
        return next((value for value in found if value is not None), None)

    def _battery(self, pick: Pick, among: Callable[[list[int]], int]) -> int | None:
        first = self._first(pick)
        if first is not None:
            return first
        chargers = (pick(seen.reading) for seen in self._of(("all",)) if seen.fresh)
        told = [value for value in chargers if value is not None]
        return among(told) if told else None

    def _gave(self, roles: tuple[Role, ...], key: str) -> bool:
        return any(key in seen.gave for seen in self._of(roles))

    def _sum(self, roles: tuple[Role, ...], key: str, pick: Pick) -> int | None:
        """None when nobody tells it, or one that used to tell it does not."""
        total: int | None = None
        for seen in self._of(roles):
            if key not in seen.gave:
                continue
            value = pick(seen.reading) if seen.fresh else None
            if value is None:
                return None
            total = value if total is None else total + value
        return total
