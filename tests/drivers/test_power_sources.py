"""Every power source through the suite of its kind: VE.Direct and Epever over a pty and over TCP, sensors of the kernel
as trees of files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.emulators.epever import EpeverEmulator
from drivers.emulators.sysfs import HwmonEmulator, PowerSupplyEmulator
from drivers.emulators.vedirect import VedirectEmulator, block
from tests.drivers.suites.power import PowerBench, PowerSuite

ON = ["pty", "tcp"]


class VedirectBench(PowerBench):
    def __init__(self, tmp_path: Path, on: str) -> None:
        self._where: Path | int = tmp_path / "power" if on == "pty" else 0
        self._emulator = self._fresh()
        if on == "tcp":
            self._where = self._emulator.number
        super().__init__(
            f"vedirect://{self._where}" if on == "pty" else f"tcp://127.0.0.1:{self._where}?driver=vedirect"
        )

    def _fresh(self) -> VedirectEmulator:
        emulator = VedirectEmulator(self._where, period=0.02)
        emulator.start()
        return emulator

    def set(self, volts: float, amps: float) -> None:
        self._emulator.volts, self._emulator.amps = volts, amps

    def plug(self) -> None:
        self._emulator.plug()

    def unplug(self) -> None:
        self._emulator.unplug()

    def silence(self, on: bool) -> None:
        self._emulator.says = b"" if on else None

    def garbage(self, on: bool) -> None:
        self._emulator.says = block({"V": "99999", "I": "1"})[:-1] + b"\0\xff" if on else None

    def slow(self, on: bool) -> None:
        self._emulator.pieces = 3 if on else 0

    def restart(self) -> None:
        self._emulator.close()
        self._emulator = self._fresh()

    def close(self) -> None:
        super().close()
        self._emulator.close()


class EpeverBench(PowerBench):
    def __init__(self, tmp_path: Path, on: str) -> None:
        self._link = tmp_path / "charger" if on == "pty" else None
        self._port = 0
        self.emulator = self._fresh()
        self._port = self.emulator.port or 0
        where = f"epever://{self._link}?interval=0.1"
        super().__init__(where if self._link else f"tcp://127.0.0.1:{self._port}?driver=epever&interval=0.1")

    def _fresh(self) -> EpeverEmulator:
        emulator = EpeverEmulator(link=self._link) if self._link else EpeverEmulator(port=self._port)
        emulator.start()
        return emulator

    def set(self, volts: float, amps: float) -> None:
        self.emulator.volts, self.emulator.amps = volts, amps

    def plug(self) -> None:
        self.emulator.plug()

    def unplug(self) -> None:
        self.emulator.unplug()

    def silence(self, on: bool) -> None:
        self.emulator.fault = "silent" if on else "none"

    def garbage(self, on: bool) -> None:
        self.emulator.fault = "garbage" if on else "none"

    def slow(self, on: bool) -> None:
        self.emulator.slow_s = 0.05 if on else 0.0

    def restart(self) -> None:
        self.emulator.close()
        self.emulator = self._fresh()

    def close(self) -> None:
        super().close()
        self.emulator.close()


class SysfsBench(PowerBench):
    """A tree of files; `attribute` is the one that speaks or does not."""

    attribute = "in1_input"

    def __init__(self, root: Path) -> None:
        self._root = root
        self._emulator = self.fresh()
        super().__init__(self.where())

    def fresh(self) -> HwmonEmulator | PowerSupplyEmulator:
        raise NotImplementedError

    def where(self) -> str:
        raise NotImplementedError

    def set(self, volts: float, amps: float) -> None:
        self._emulator.set(volts=volts, amps=amps)

    def plug(self) -> None:
        self._emulator.plug()

    def unplug(self) -> None:
        self._emulator.unplug()

    def silence(self, on: bool) -> None:
        self._say(b"" if on else None)

    def garbage(self, on: bool) -> None:
        self._say(b"1e9\xff\n" if on else None)

    def _say(self, data: bytes | None) -> None:
        """Nothing while it is unplugged: there is no file then."""
        if data is None:
            self._emulator.write()
        else:
            self._emulator.garbage(self.attribute, data)

    def slow(self, on: bool) -> None:
        """A file is not slow; half of one is what there is of it."""
        if on:
            self._emulator.half_written(self.attribute, 2)
            assert self.run(lambda _: self.state() == "degraded", hurry=True) == []

    def restart(self) -> None:
        self._emulator.close()
        self._emulator = self.fresh()

    def close(self) -> None:
        super().close()
        self._emulator.close()


class HwmonBench(SysfsBench):
    tells_charge = False

    def fresh(self) -> HwmonEmulator:
        sensor = HwmonEmulator(self._root)
        sensor.start()
        return sensor

    def where(self) -> str:
        return f"hwmon://ina226?root={self._root}"


class PowerSupplyBench(SysfsBench):
    attribute = "uevent"

    def fresh(self) -> PowerSupplyEmulator:
        battery = PowerSupplyEmulator(self._root)
        battery.start()
        return battery

    def where(self) -> str:
        return f"power-supply://BAT0?root={self._root}"


class TestVedirect(PowerSuite):
    @pytest.fixture(params=ON)
    def bench(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PowerBench]:
        bench = VedirectBench(tmp_path, request.param)
        yield bench
        bench.close()


class TestEpever(PowerSuite):
    @pytest.fixture(params=ON)
    def bench(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PowerBench]:
        bench = EpeverBench(tmp_path, request.param)
        yield bench
        bench.close()


class TestHwmon(PowerSuite):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[PowerBench]:
        bench = HwmonBench(tmp_path)
        yield bench
        bench.close()


class TestPowerSupply(PowerSuite):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[PowerBench]:
        bench = PowerSupplyBench(tmp_path)
        yield bench
        bench.close()
