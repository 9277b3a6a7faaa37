"""The trees that the kernel makes under /sys for a power sensor and for a battery, in a folder: files, links, names and
units as in Linux' hwmon/ina2xx, hwmon/sysfs-interface and ABI/testing/sysfs-class-power.

A file changes in one step, a device appears and goes in one step: what a reader finds is whole, unless it was asked for
otherwise (`garbage`, `half_written`).
"""

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, assert_never

Chip = Literal["ina219", "ina226", "ina260"]
Sign = Literal["rules", "unsigned", "reversed"]
"""How a gauge's kernel driver shows currents: negative = discharging, never negative, or the other way round."""


@dataclass(frozen=True)
class _Steps:
    """What one step of a register is: bus voltage in µV, current in µA, power in µW (the chips' data sheets, with the
    calibration that the kernel's driver sets); whether the shunt's voltage is shown.
    """

    microvolts: int
    microamps: int
    microwatts: int
    shunt: bool


_CHIPS: Mapping[Chip, _Steps] = {
    "ina219": _Steps(4_000, 1_000, 20_000, shunt=True),
    "ina226": _Steps(1_250, 1_000, 25_000, shunt=True),
    "ina260": _Steps(1_250, 1_250, 10_000, shunt=False),
}
_SHUNT_MICROOHMS = 10_000


class _Emulator(ABC):
    """One device below `root`. Not thread-safe."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._plugged = False

    @property
    @abstractmethod
    def folder(self) -> Path:
        """Where its files are while it is plugged in."""

    @property
    @abstractmethod
    def link(self) -> Path:
        """Its entry in `class/…`, a link to `folder`."""

    @abstractmethod
    def files(self) -> dict[str, str]:
        """What each file says now."""

    def start(self) -> None:
        self.plug()

    def close(self) -> None:
        self.unplug()

    def plug(self) -> None:
        """Idempotent."""
        if self._plugged:
            return
        self._remove()
        fresh = self._aside("new")
        fresh.mkdir(parents=True)
        for name, text in self.files().items():
            (fresh / name).write_text(text, encoding="ascii")
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        fresh.rename(self.folder)
        self.link.parent.mkdir(parents=True, exist_ok=True)
        self.link.symlink_to(self._target)
        self._plugged = True

    def unplug(self) -> None:
        """Idempotent. Who has the folder open finds it empty."""
        if self._plugged:
            self._plugged = False
            self._remove()

    def write(self) -> None:
        """Every file anew, whole; also over what `garbage` and others put there."""
        if not self._plugged:
            return
        files = self.files()
        for name, text in files.items():
            self._put(name, text.encode("ascii"))
        for name in os.listdir(self.folder):
            if name not in files:
                (self.folder / name).unlink()

    def garbage(self, attribute: str, data: bytes) -> None:
        """These bytes in place of a file's text, until the next `write` or change of a value."""
        self._put(attribute, data)

    def half_written(self, attribute: str, size: int) -> None:
        """Only the first `size` bytes of what the file should say."""
        self._put(attribute, self.files()[attribute].encode("ascii")[:size])

    @property
    def _target(self) -> str:
        return os.path.relpath(self.folder, self.link.parent)

    def _remove(self) -> None:
        """Also what an emulator that was killed left behind."""
        gone = self._aside("gone")
        for leftover in (gone, self._aside("new")):
            shutil.rmtree(leftover, ignore_errors=True)
        if self.link.is_symlink() and os.readlink(self.link) == self._target:
            self.link.unlink()
        if self.folder.exists():
            self.folder.rename(gone)
            shutil.rmtree(gone)

    def _put(self, attribute: str, data: bytes) -> None:
        fresh = self._aside(attribute)
        fresh.write_bytes(data)
        fresh.replace(self.folder / attribute)

    def _aside(self, name: str) -> Path:
        """A place on the same file system where no reader looks."""
        return self._root / f".{self.link.name}.{name}"


class HwmonEmulator(_Emulator):
    """A current sensor. `number` is that of its `hwmonN`, which changes between boots; `address` that on the I²C bus.

    `volts` is the bus voltage, `amps` positive from IN+ to IN−; both show in the chip's own steps.
    """

    def __init__(
        self,
        root: Path,
        chip: Chip = "ina226",
        *,
        number: int = 0,
        address: int = 0x40,
        volts: float = 13.2,
        amps: float = -1.4,
    ) -> None:
        super().__init__(root)
        self.chip: Chip = chip
        self._number, self._address = number, address
        self._volts, self._amps = volts, amps

    @property
    def folder(self) -> Path:
        bus = self._root / "devices" / "platform" / "soc" / "i2c-1"
        return bus / f"1-{self._address:04x}" / "hwmon" / f"hwmon{self._number}"

    @property
    def link(self) -> Path:
        return self._root / "class" / "hwmon" / f"hwmon{self._number}"

    def set(self, *, volts: float | None = None, amps: float | None = None) -> None:
        """None leaves it as it is."""
        self._volts = self._volts if volts is None else volts
        self._amps = self._amps if amps is None else amps
        self.write()

    def boot(self, number: int) -> None:
        """The same sensor with another number, as after a boot."""
        self.unplug()
        self._number = number
        self.plug()

    def files(self) -> dict[str, str]:
        steps = _CHIPS[self.chip]
        microvolts = _stepped(self._volts * 1e6, steps.microvolts)
        microamps = _stepped(self._amps * 1e6, steps.microamps)
        # The register of the power has no sign.
        microwatts = _stepped(abs(microvolts * microamps) / 1e6, steps.microwatts)
        values = {
            "in1_input": round(microvolts / 1000),
            "curr1_input": round(microamps / 1000),
            "power1_input": microwatts,
        }
        if steps.shunt:
            values["in0_input"] = round(microamps * _SHUNT_MICROOHMS / 1e9)
            values["shunt_resistor"] = _SHUNT_MICROOHMS
        return {"name": f"{self.chip}\n", **{name: f"{value}\n" for name, value in values.items()}}


class PowerSupplyEmulator(_Emulator):
    """A battery with its gauge. `amps` is positive while it is charged, `soc` in percent or None for a gauge that does
    not know; `health` and `battery` (whether one is in) may be set, then `write`.
    """

    def __init__(
        self,
        root: Path,
        name: str = "BAT0",
        *,
        sign: Sign = "rules",
        volts: float = 13.2,
        amps: float = -1.4,
        soc: float | None = 82.0,
    ) -> None:
        super().__init__(root)
        self.name = name
        self.sign: Sign = sign
        self.health = "Good"
        self.battery = True
        self._volts, self._amps, self._soc = volts, amps, soc

    @property
    def folder(self) -> Path:
        return self._root / "devices" / "platform" / "soc" / "i2c-1" / "1-0055" / "power_supply" / self.name

    @property
    def link(self) -> Path:
        return self._root / "class" / "power_supply" / self.name

    def set(self, *, volts: float | None = None, amps: float | None = None, soc: float | None = None) -> None:
        """None leaves it as it is."""
        self._volts = self._volts if volts is None else volts
        self._amps = self._amps if amps is None else amps
        self._soc = self._soc if soc is None else soc
        self.write()

    def files(self) -> dict[str, str]:
        told = {"NAME": self.name, "TYPE": "Battery", **self._properties()}
        attributes = {key.lower(): f"{value}\n" for key, value in told.items() if key != "NAME"}
        return {"uevent": "".join(f"POWER_SUPPLY_{key}={value}\n" for key, value in told.items()), **attributes}

    def _properties(self) -> dict[str, str]:
        if not self.battery:
            return {"PRESENT": "0"}
        found = {
            "STATUS": self._status(),
            "HEALTH": self.health,
            "PRESENT": "1",
            "TECHNOLOGY": "LiFe",
            "VOLTAGE_NOW": str(round(self._volts * 1e6)),
            "CURRENT_NOW": str(self._microamps()),
        }
        if self._soc is not None:
            found["CAPACITY"] = str(round(self._soc))
        return {**found, "MODEL_NAME": "bq27441-0", "MANUFACTURER": "Texas Instruments"}

    def _status(self) -> str:
        if self._amps:
            return "Charging" if self._amps > 0 else "Discharging"
        return "Full" if self._soc == 100 else "Not charging"

    def _microamps(self) -> int:
        microamps = round(self._amps * 1e6)
        match self.sign:
            case "rules":
                return microamps
            case "unsigned":
                return abs(microamps)
            case "reversed":
                return -microamps
            case never:
                assert_never(never)


def _stepped(value: float, step: int) -> int:
    return round(value / step) * step
