"""The far end of every device of the demo: a person's hands on the scanner, the printer, the doorway and the
battery.
"""

import math
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from drivers.emulators import benchlines
from drivers.emulators.beam import BeamEmulator, Direction
from drivers.emulators.printer import PrinterEmulator
from drivers.emulators.scanner import ScannerEmulator
from drivers.emulators.vedirect import VedirectEmulator
from drivers.uri import Uri

Paper = Literal["ok", "near_end", "out"]
Cover = Literal["open", "closed"]
Behaviour = Literal["normal", "silent", "slow", "garbage"]
"""How the printer takes what it is sent: it answers nothing, takes its time, or puts noise before its answers."""
Plug = Literal["printer", "scanner", "beam", "power"]

PINS = (17, 27)
_PINS, _SCANNER, _POWER = "pins.sock", "scanner-door", "power"
SLOW = 0.5
"""Seconds a line of a printer that takes its time."""
COLUMNS = 48  # what the profile TM-T20II prints in font A
MOST_PEOPLE = 100
LONGEST_CODE = 4296
"""Bytes: what the largest QR code holds as alphanumeric text (ISO/IEC 18004, version 40-L)."""
_TURNING_POINT = 2
"""Changes of the beams after which somebody turns back: in the middle, both of them broken."""
_NOISE = bytes(range(0x80, 0xA0)) + b"\r"


def uris(folder: Path, printer_port: int) -> dict[str, str]:
    """Names and URIs of the devices of a bench in `folder`, as the configuration's `[devices]` wants them."""
    if not 1 <= printer_port <= 65535:
        raise ValueError(f"printer_port is 1…65535, not {printer_port}")
    folder = folder.absolute()
    pins = {"factory": "mock", "socket": str(folder / _PINS)}
    found = {
        "printer": Uri("tcp", "127.0.0.1", printer_port, options={"profile": "TM-T20II"}),
        "scanner-door": Uri("serial", path=str(folder / _SCANNER)),
        "footfall": Uri("gpio", f"{PINS[0]},{PINS[1]}", options=pins),
        "power": Uri("vedirect", path=str(folder / _POWER)),
    }
    return {name: str(uri) for name, uri in found.items()} | benchlines.uris(folder)


class _Pluggable(Protocol):
    def plug(self) -> None: ...

    def unplug(self) -> None: ...


class Bench:
    """Owns the emulators. Every control may be called from any thread and raises `ValueError` saying what is
    allowed.
    """

    def __init__(self, folder: Path, printer_port: int) -> None:
        self.devices = uris(folder, printer_port)
        self._folder = folder.absolute()
        self._lock = threading.Lock()
        self._printer = PrinterEmulator(port=printer_port, columns=COLUMNS)
        self._scanner = ScannerEmulator(self._folder / _SCANNER)
        self._beam = BeamEmulator(self._folder / _PINS, PINS)
        self._power = VedirectEmulator(self._folder / _POWER)
        self._lines = benchlines.BenchLines(self._folder)
        self._behaviour: Behaviour = "normal"
        self._unplugged: set[Plug] = set()
        self._running = ExitStack()

    def start(self) -> None:
        """OSError when a port or the folder cannot be had; then nothing runs."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as started:
            for emulator in (self._printer, self._scanner, self._beam, self._power, self._lines):
                emulator.start()
                started.callback(emulator.close)
            self._running = started.pop_all()

    def close(self) -> None:
        self._running.close()

    def scan(self, code: str) -> None:
        """Holds a code in front of the scanner; an identical one within 1.5 s is the same scan to the
        driver.
        """
        if not isinstance(code, str):
            raise ValueError(f"code is a text, not {code!r}")
        size = len(code.encode(errors="replace"))
        if size > LONGEST_CODE:
            raise ValueError(f"code has at most {LONGEST_CODE} bytes, not {size}; no QR code holds more")
        with self._lock:
            self._needs("scanner")
            self._scanner.scan(code)

    def noise(self) -> None:
        """Bytes that are no text, as from a wrong baud rate."""
        with self._lock:
            self._needs("scanner")
            self._scanner.garbage(_NOISE)

    def beam(self, direction: Direction, people: int) -> None:
        """So many people walk through, one after the other; returns at once."""
        _one_of("direction", direction, get_args(Direction))
        if type(people) is not int or not 1 <= people <= MOST_PEOPLE:
            raise ValueError(f"people is a whole number in 1…{MOST_PEOPLE}, not {people!r}")
        self._beam.walk(direction, people)

    def turn_back(self, direction: Direction) -> None:
        """Somebody who comes this way stops between the beams and goes back."""
        _one_of("direction", direction, get_args(Direction))
        self._beam.turn_back(direction, _TURNING_POINT)

    def printer(
        self,
        paper: Paper | None = None,
        cover: Cover | None = None,
        online: bool | None = None,
        drawer: Cover | None = None,
        behaviour: Behaviour | None = None,
    ) -> None:
        """None leaves it as it is."""
        for name, value, allowed in (
            ("paper", paper, Paper),
            ("cover", cover, Cover),
            ("drawer", drawer, Cover),
            ("behaviour", behaviour, Behaviour),
        ):
            if value is not None:
                _one_of(name, value, get_args(allowed))
        if online is not None and type(online) is not bool:
            raise ValueError(f"online is true or false, not {online!r}")
        with self._lock:
            if paper is not None:
                self._printer.paper = paper
            if cover is not None:
                self._printer.cover = cover
            if online is not None:
                self._printer.online = online
            if drawer is not None:
                self._printer.drawer = drawer
            if behaviour is not None:
                self._behaviour = behaviour
                self._printer.silent = behaviour == "silent"
                self._printer.garbage = behaviour == "garbage"
                self._printer.slow = SLOW if behaviour == "slow" else 0.0

    def button(self, hold: bool) -> None:
        """The lead's button, pressed for a moment or held until it counts; returns at once."""
        if type(hold) is not bool:
            raise ValueError(f"hold is true or false, not {hold!r}")
        self._lines.press(hold)

    def receipts(self) -> list[dict[str, Any]]:
        """What came out of the printer, oldest first: `id, text, qr, cut, drawer_kicks`."""
        return [
            {"id": s.id, "text": s.text, "qr": list(s.qr), "cut": s.cut, "drawer_kicks": s.drawer_kicks}
            for s in self._printer.receipts()
        ]

    def receipt_png(self, receipt: int) -> bytes:
        for slip in self._printer.receipts():
            if slip.id == receipt:
                return slip.png()
        raise ValueError(f"no receipt has the id {receipt!r}")

    def power(
        self,
        volts: float | None = None,
        amps: float | None = None,
        pv_watts: float | None = None,
        soc: float | None = None,
    ) -> None:
        """Battery V and A (positive = charging), solar W, state of charge in percent; None leaves it as it
        is.
        """
        _within("volts", volts, 0, 100)
        _within("amps", amps, -1000, 1000)
        _within("pv_watts", pv_watts, 0, 10_000)
        _within("soc", soc, 0, 100)
        with self._lock:
            if volts is not None:
                self._power.volts = volts
            if amps is not None:
                self._power.amps = amps
            if pv_watts is not None:
                self._power.pv_watts = pv_watts
            if soc is not None:
                self._power.soc = soc

    def state(self) -> dict[str, Any]:
        """How the hands left things: `printer {paper, cover, online, drawer, behaviour}`, `power {volts, amps,
        pv_watts, soc}`, `walked {in, out}` (people, since the start), `button {down}`, `unplugged` (a list), `devices`
        (name → URI); and what the box lights: `lamps`, a list of `device, name, lit, flashes`.
        """
        with self._lock:
            printer, power = self._printer, self._power
            return {
                "printer": {
                    "paper": printer.paper,
                    "cover": printer.cover,
                    "online": printer.online,
                    "drawer": printer.drawer,
                    "behaviour": self._behaviour,
                },
                "power": {
                    "volts": power.volts,
                    "amps": power.amps,
                    "pv_watts": power.pv_watts,
                    "soc": power.soc,
                },
                "walked": dict(self._beam.walked),
                **self._lines.state(),
                "unplugged": sorted(self._unplugged),
                "devices": self.devices,
            }

    def wire(self) -> dict[str, list[dict[str, Any]]]:
        """The last bytes of each cable, newest first: `at` (Unix seconds), `to_box`, `hex` (the first bytes),
        `size`.
        """
        taps = {"printer": self._printer.tap, "scanner": self._scanner.tap, "power": self._power.tap}
        return {
            device: [
                {"at": piece.at, "to_box": piece.to_box, "hex": piece.head.hex(" ").upper(), "size": piece.size}
                for piece in tap.pieces()
            ]
            for device, tap in taps.items()
        }

    def unplug(self, device: Plug) -> None:
        self._switch(device, plugged=False)

    def plug(self, device: Plug) -> None:
        self._switch(device, plugged=True)

    def _switch(self, device: Plug, *, plugged: bool) -> None:
        _one_of("device", device, get_args(Plug))
        emulators: dict[Plug, _Pluggable] = {
            "printer": self._printer,
            "scanner": self._scanner,
            "beam": self._beam,
            "power": self._power,
        }
        with self._lock:
            if plugged == (device not in self._unplugged):
                return
            if plugged:
                try:
                    emulators[device].plug()
                except OSError as error:
                    raise ValueError(f"{device} cannot be plugged in: {error}") from error
                self._unplugged.discard(device)
            else:
                emulators[device].unplug()
                self._unplugged.add(device)

    def _needs(self, device: Plug) -> None:
        if device in self._unplugged:
            raise ValueError(f"the {device} is unplugged")


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is one of {', '.join(allowed)}, not {value!r}")


def _within(name: str, value: object, low: float, high: float) -> None:
    if value is None:
        return
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not low <= number <= high:
        raise ValueError(f"{name} is a number in {low:g}…{high:g}, not {value!r}")
