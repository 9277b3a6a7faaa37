"""Power: VE.Direct blocks, answers of an Epever charger through minimalmodbus, uevents of a battery gauge."""

import socket
import struct
from collections.abc import Callable
from pathlib import Path

from drivers.device import PowerReading
from drivers.emulators.epever import EpeverEmulator, framed
from drivers.emulators.vedirect import VedirectEmulator, block, hex_frame
from drivers.errors import DeviceError
from drivers.links.base import DescriptorLink
from drivers.links.sysfs import Folder
from drivers.power.modbus import Modbus
from drivers.power.power_supply import meaning
from drivers.wire import epever
from drivers.wire.vedirect import Parser
from tests.fuzz.harness import Target

CAPTURES = Path(__file__).parents[2].parent / "shared" / "captures" / "vedirect"
RECORDED = [path.read_bytes()[300:800] for path in sorted(CAPTURES.glob("*.dump"))]

BMV = {"V": "12800", "I": "-1500", "P": "-19", "CE": "-4200", "SOC": "912", "TTG": "-1", "Alarm": "OFF", "AR": "0"}
VEDIRECT = (
    block(VedirectEmulator(0, period=None).fields()),
    block(BMV),
    block({"H1": "-55000", "H2": "-4200", "H18": "12"}),
    hex_frame(0xA, bytes.fromhex("ED8D00DC05")) + block({"V": "13000", "PPV": "4"}),
    *RECORDED,
)


def vedirect() -> Callable[[bytes], object]:
    return Parser().feed


class _Descriptor(DescriptorLink):
    """The box's end of a socket pair."""

    def __init__(self, fd: int) -> None:
        super().__init__("fuzzed")
        self._given = fd

    def _acquire(self) -> int:
        return self._given


def answers() -> Callable[[bytes], object]:
    """Each piece is what the line holds when the driver asks: an answer that is there already, and the far end closed,
    so that no time is spent on waiting for more."""

    def feed(data: bytes) -> object:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        link = _Descriptor(ours.detach())
        link.open()
        modbus = Modbus(_Unswept(link), 1, epever.BAUD, echo=False)
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        try:
            told = {epever.PANEL: modbus.ask(*epever.PANEL), epever.STATUS: (data[0], data[-1])}
            return epever.values(told), epever.complaint(told)
        except (DeviceError, epever.Implausible) as error:
            return error
        finally:
            link.close()
            theirs.close()

    return feed


class _Unswept:
    """A link whose first read finds nothing: what the driver throws away before it asks is not what is tried here."""

    def __init__(self, link: _Descriptor) -> None:
        self._link = link
        self.name = link.name
        self._swept = False

    def open(self) -> None:
        self._link.open()

    def fileno(self) -> int:
        return self._link.fileno()

    def read(self, size: int = 4096) -> bytes:
        if not self._swept:
            self._swept = True
            return b""
        return self._link.read(size)

    def write(self, data: bytes, timeout: float = 5.0) -> None:
        """The answer is on its way already."""

    def close(self) -> None:
        self._link.close()


def registers() -> Callable[[bytes], object]:
    """Registers of right answers, as the values that they stand for."""

    def feed(data: bytes) -> object:
        words = struct.unpack(f">{len(data) // 2}H", data[: len(data) // 2 * 2])
        told: dict[epever.Block, tuple[int, ...]] = {}
        for one in epever.BLOCKS:
            if len(words) >= one[1]:
                told[one], words = words[: one[1]], words[one[1] :]
        if epever.PANEL not in told:
            return None
        try:
            return epever.values(told), epever.complaint(told)
        except epever.Implausible as error:
            return error

    return feed


def uevents() -> Callable[[bytes], object]:
    """What the file of a gauge holds."""
    folder = Folder("fuzzed", "/", "/")

    def feed(data: bytes) -> object:
        try:
            reading, complaint = meaning(folder, data.decode("utf-8", "replace"), 1.0)
        except DeviceError as error:
            return error
        return _sane(reading), complaint

    return feed


def _sane(reading: PowerReading) -> PowerReading:
    if reading.soc_permille is not None and not 0 <= reading.soc_permille <= 1000:
        raise AssertionError(reading)
    if reading.mv is not None and not 0 <= reading.mv <= 100_000:
        raise AssertionError(reading)
    return reading


def _told(charger: EpeverEmulator, of: epever.Block) -> bytes:
    return charger.answer(framed(struct.pack(">BBHH", 1, 4, *of)))


CHARGER = EpeverEmulator()
ANSWERS = (
    _told(CHARGER, epever.PANEL),
    _told(CHARGER, epever.BATTERY),
    framed(b"\x01\x84\x02"),
    framed(b"\x01\x84\x06"),
)
REGISTERS = (b"".join(_told(CHARGER, one)[3:-2] for one in epever.BLOCKS),)
UEVENTS = (
    b"POWER_SUPPLY_NAME=BAT0\nPOWER_SUPPLY_TYPE=Battery\nPOWER_SUPPLY_STATUS=Discharging\nPOWER_SUPPLY_HEALTH=Good",
    b"POWER_SUPPLY_PRESENT=1\nPOWER_SUPPLY_VOLTAGE_NOW=13200000\nPOWER_SUPPLY_CURRENT_NOW=-1400000\n",
    b"POWER_SUPPLY_TYPE=UPS\nPOWER_SUPPLY_STATUS=Full\nPOWER_SUPPLY_POWER_NOW=5000000\nPOWER_SUPPLY_VOLTAGE_AVG=5000000",
    b"POWER_SUPPLY_CAPACITY=82\nPOWER_SUPPLY_STATUS=Charging\n",
)

# What is held is for the most part the harness' own list of pieces.
TARGETS = {
    "vedirect": Target(
        VEDIRECT, vedirect, magic=(b"\r\n", b"\t", b"Checksum\t", b":", b"\xfe", b"SOC\t", b"V\t"), holds=1 << 18
    ),
    "epever-answers": Target(ANSWERS, answers, magic=(b"\x01\x04", b"\x01\x84", b"\x10"), longest=300, holds=1 << 20),
    "epever-registers": Target(REGISTERS, registers, magic=(b"\xff\xff", b"\0\0", b"\x80\0"), longest=64),
    "uevent": Target(UEVENTS, uevents, magic=(b"POWER_SUPPLY_", b"=", b"_NOW=", b"-"), holds=1 << 20),
}
