"""What all models on GPIO lines share: `gpio://17,27?factory=gpiod&chip=0`, taken with back-off, lost, taken again.

Numbers are those of the chip (BCM on the header). `chip=N` names /dev/gpiochipN; without it the chip that carries the
header is used. `factory=mock&socket=/PATH` are emulated lines, see `mock`.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from gpiozero.exc import GPIOZeroError

from drivers.device import Event
from drivers.errors import BadUri, DeviceError, LinkLost
from drivers.life import Life
from drivers.uri import Uri

HIGHEST_LINE = 27
OPTIONS = ("factory", "socket", "chip")
"""Options of a URI that are understood here; a model adds its own."""


class GpioDevice(ABC):
    """A `Device` on `lines` (their numbers). A subclass says what to do with `pins`, gpiozero's pins in that order."""

    kind: str

    def __init__(self, name: str, uri: Uri, now: Callable[[], float], *options: str, most: int = 1, least: int = 1):
        uri.only(*OPTIONS, *options)
        self.name = name
        self.life = Life(now)
        self.lines = _lines(uri, least, most)
        self._now = now
        self._mock = uri.choice("factory", "gpiod", ("gpiod", "mock")) == "mock"
        self._socket = Path(uri.text("socket", ""))
        given = "socket" in uri.options
        if given != self._mock or (given and not self._socket.is_absolute()):
            raise BadUri(f"{uri}: factory=mock and socket=/PATH go together")
        self._chip = uri.number("chip", 0, 0, 99) if "chip" in uri.options else None
        self._factory: Any = None
        self.pins: list[Any] = []

    @abstractmethod
    def taken(self) -> None:
        """The lines are ours: set them up. May raise what a pin raises."""

    @abstractmethod
    def work(self, at: float) -> list[Event]:
        """Edges were told and time has passed; `at` monotonic seconds."""

    def rest(self, at: float) -> float | None:
        """Seconds until `work` wants to be called without an edge; None = never."""
        return None

    def missed(self) -> None:
        """Edges were lost on the way: the levels are known no more."""
        self.life.counters["overflows"] += 1

    @property
    def connected(self) -> bool:
        """Whether the lines are held now."""
        return bool(self.pins)

    def fileno(self) -> int | None:
        return self._factory.fileno() if self.pins else None

    def wait(self) -> float:
        rest = self.rest(self._now()) if self.pins else None
        return self.life.wait(connected=self.connected) if rest is None else rest

    def step(self) -> list[Event]:
        events: list[Event] = []
        if self.pins or self.life.due():
            self.guarded(lambda: events.extend(self._turn()))
        return events

    def leave(self, pins: list[Any]) -> None:
        """The last that is done with lines that are given back."""
        for pin in pins:
            pin.when_changed = None

    def close(self) -> None:
        pins, self.pins = self.pins, []
        with suppress(DeviceError, GPIOZeroError, OSError):  # lines that are gone have nothing to be left in
            self.leave(pins)
        if self._factory is not None:
            self._factory.close()
            self._factory = None

    def guarded(self, act: Callable[[], object]) -> None:
        """Does it; what is wrong with the lines shows in `life` and leads to another try."""
        try:
            act()
        except DeviceError as error:
            self._lose(error)
        except (GPIOZeroError, OSError) as error:
            where = ",".join(map(str, self.lines))
            self._lose(LinkLost(f"gpio {where}: {error}", remedy="Compare the line's number and options with the pin."))

    def _lose(self, error: DeviceError) -> None:
        self.close()
        self.life.lost(error)

    def _turn(self) -> list[Event]:
        if not self.pins:
            self.life.trying()
            self._factory = self._open()
            self.pins = [self._factory.pin(line) for line in self.lines]
            self.taken()
        lost = self._factory.lost
        self._factory.dispatch()
        if self._factory.lost != lost:
            self.missed()
        return self.work(self._now())

    def _open(self) -> Any:
        # Each brings a library that the other does not need.
        if self._mock:
            from drivers.gpio.mock import SocketFactory

            return SocketFactory(self._socket, self.life.counters)
        from drivers.gpio.chip import GpiodFactory

        return GpiodFactory(self._chip, threaded=False)


def _lines(uri: Uri, least: int, most: int) -> tuple[int, ...]:
    if uri.scheme == "gpio" and re.fullmatch(r"[0-9]{1,2}(,[0-9]{1,2})*", uri.host):
        lines = tuple(int(number) for number in uri.host.split(","))
        alone = uri.port is None and uri.path in ("", "/") and len(set(lines)) == len(lines)
        if alone and least <= len(lines) <= most and max(lines) <= HIGHEST_LINE:
            return lines
    count = {(1, 1): "one line", (2, 2): "two different lines"}.get((least, most), f"{least} to {most} different lines")
    example = "gpio://17,27" if most > 1 else "gpio://17"
    raise BadUri(f"{uri}: needs {count}, 0…{HIGHEST_LINE} ({example})")
