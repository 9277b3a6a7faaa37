"""INA219, INA226, INA228, INA260 and what else the kernel reads as a power sensor: `hwmon://ina226`.

The sensor is found by its `name`, since `hwmonN` is numbered anew at each boot; of several with one name, `index=0`
is the one with the lowest bus address. `interval=S` (1) from one reading to the next, `root=/sys`.

`at=battery` (default): the shunt is in the battery's line and the reading is the battery's voltage and current. The
chip's current is positive from IN+ to IN−: `positive=charge` (default) when that charges the battery,
`positive=discharge` when IN+ is at the battery and IN− at the load. What the load takes is then not known, since a
charger may be giving, too.

`cells=N`: the battery has so many in a row; a voltage beyond 1.0…4.5 V each (no battery, a loose wire) is no reading.

`at=load`, `at=panel`: the shunt is in the load's or the solar panel's line and the reading is that one's power.

Counters: attempts, losses, readings, invalid.
"""

from collections.abc import Callable, Mapping
from typing import Literal, assert_never

from drivers.device import PowerReading, Role
from drivers.errors import BadUri, DeviceError
from drivers.links.sysfs import BadAttribute, Folder
from drivers.power.polled import MOST_MA, MOST_MV, MOST_MW, OPTIONS, PolledSensor
from drivers.uri import Uri

At = Literal["battery", "load", "panel"]
Positive = Literal["charge", "discharge"]
_ROLES: Mapping[At, Role] = {"battery": "battery", "load": "load", "panel": "solar"}

CELL_MV = (1_000, 4_500)
"""Below lead's, above lithium's: what no cell in use has."""
VOLTS, AMPS, WATTS = "in1_input", "curr1_input", "power1_input"
"""Bus voltage in mV, current in mA, power in µW (Linux, hwmon/ina2xx and hwmon/sysfs-interface)."""


class Model(PolledSensor):
    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        uri.only(*OPTIONS, "index", "at", "positive", "cells")
        self._chip = uri.host
        self._index = uri.number("index", 0, 0, 31) if "index" in uri.options else None
        self._at: At = uri.choice("at", "battery", ("battery", "load", "panel"))
        positive: Positive = uri.choice("positive", "charge", ("charge", "discharge"))
        self._sign = 1 if positive == "charge" else -1
        self._mv = (0, MOST_MV)
        if "cells" in uri.options:
            cells = uri.number("cells", 1, 1, MOST_MV // CELL_MV[1])
            self._mv = (cells * CELL_MV[0], cells * CELL_MV[1])
        self.role = _ROLES[self._at]
        if self._at != "battery" and not uri.options.keys().isdisjoint({"positive", "cells"}):
            raise BadUri(f"{uri}: the options positive and cells are about a battery, not at={self._at}")
        self._has: frozenset[str] = frozenset()
        super().__init__(name, uri, now)

    def present(self) -> bool:
        return self._tree.has_hwmon(self._chip)

    def find(self) -> Folder:
        folder = self._tree.hwmon(self._chip, self._index)
        self._has = frozenset(key for key in (VOLTS, AMPS, WATTS) if folder.has(key))
        enough = self._has & {VOLTS, AMPS} if self._at == "battery" else WATTS in self._has or len(self._has) == 2
        if not enough:
            folder.close()
            wanted = f"{VOLTS} or {AMPS}" if self._at == "battery" else f"{WATTS}"
            raise DeviceError(
                f"{folder.name}: has no {wanted}", remedy="Name a sensor of voltage and current in the device's URI."
            )
        return folder

    def read(self, folder: Folder, at: float) -> tuple[PowerReading, BadAttribute | None]:
        """Only what the place of the shunt tells."""
        match self._at:
            case "battery":
                mv, ma = self._value(folder, VOLTS, *self._mv), self._value(folder, AMPS, -MOST_MA, MOST_MA)
                return PowerReading(None, mv, None if ma is None else self._sign * ma, None, None, at), None
            case "load":
                return PowerReading(None, None, None, None, self._milliwatts(folder), at), None
            case "panel":
                return PowerReading(None, None, None, self._milliwatts(folder), None, at), None
            case never:
                assert_never(never)

    def _milliwatts(self, folder: Folder) -> int:
        if WATTS in self._has:
            return folder.integer(WATTS, 0, MOST_MW * 1000) // 1000
        mv, ma = folder.integer(VOLTS, 0, MOST_MV), folder.integer(AMPS, -MOST_MA, MOST_MA)
        return min(mv * abs(ma) // 1000, MOST_MW)

    def _value(self, folder: Folder, attribute: str, low: int, high: int) -> int | None:
        """None when the sensor never had it; one that it had and has no more is a sensor that goes."""
        return folder.integer(attribute, low, high) if attribute in self._has else None
