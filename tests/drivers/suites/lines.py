"""What every device on GPIO lines has to pass, on emulated pins over their socket and on the kernel's chip."""

import json
import select
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.device import Event
from drivers.emulators.pins import LampEmulator
from drivers.registry import create
from tests.drivers.kernelchip import KernelChip, kernel

PATIENCE = 30.0
GARBAGE = (
    b"",
    b"{",
    b"[]",
    b"[" * 200,
    b"\xff" * 300,
    b'{"pin": 4, "level": 1}',
    b'{"pin": 17, "level": 2}',
    b'{"pin": true, "level": true}',
    b'{"pin": 17, "level": 1, "at": NaN}',
    b'{"pin": 17, "level": 1, "at": "now"}',
    b'{"pin": 17, "level": 1, "at": 1e999}',
    b'{"pin": 17}',
    b'{"listen": 1}',
)


class Clock:
    """The machine's, and as far ahead of it as a test likes."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


class LinesBench(ABC):
    """A device and the far ends of its lines. `device: Any`: each kind's own verbs."""

    live = False
    """Whether the lines can go away while they are held."""

    def __init__(self, name: str, lines: str, options: str) -> None:
        self.clock = Clock()
        self._early: list[Event] = []
        self._name, self._uri = name, f"gpio://{lines}?{self.options()}{options and '&'}{options}"
        self.device: Any = create(name, self._uri, now=self.clock)
        self.numbers = [int(number) for number in lines.split(",")]

    @abstractmethod
    def options(self) -> str: ...

    @abstractmethod
    def move(self, line: int, level: int) -> None:
        """From outside, now."""

    @abstractmethod
    def seen(self, line: int) -> bool | None:
        """The level that the box gives a line; None = it drives nothing."""

    @abstractmethod
    def unplug(self) -> None: ...

    @abstractmethod
    def plug(self) -> None: ...

    @abstractmethod
    def garbage(self) -> None:
        """What no line says."""

    @abstractmethod
    def restart(self, lost: Callable[[], bool]) -> None:
        """The far end starts anew."""

    def again(self, options: str = "") -> None:
        """The driver starts anew: another object, as after a restart of the worker."""
        self.device.close()
        self.device = create(self._name, self._uri + (options and f"&{options}"), now=self.clock)

    def run(self, until: Callable[[list[Event]], object], *, hurry: float = 0.0) -> list[Event]:
        """As its worker runs it. `hurry`: seconds that pass beyond the real ones with each turn."""
        events: list[Event] = []
        deadline = time.monotonic() + PATIENCE
        while not until(events):
            assert time.monotonic() < deadline, f"{self.device.life.snapshot()}, so far {events}"
            poll = select.poll()
            if (fd := self.device.fileno()) is not None:
                poll.register(fd, select.POLLIN)
            poll.poll(1 if hurry else min(self.device.wait(), 0.02) * 1000)
            self.clock.ahead += hurry
            events += self.turn()
        return events

    def turn(self) -> list[Event]:
        """One turn of its worker's loop."""
        events = [*self._early, *self.device.step()]
        self._early.clear()
        return events

    def pass_(self, seconds: float) -> list[Event]:
        """Nobody touches anything for so long."""
        end = self.clock() + seconds
        events = self.turn()
        while (left := end - self.clock()) > 0:
            self.clock.ahead += min(max(self.device.wait(), 0.001), left)
            events += self.turn()
        return events

    def online(self) -> None:
        self.run(lambda _: self.device.life.state == "online", hurry=0.05)

    def absent(self) -> None:
        """Lost, with words that help."""
        self.run(lambda _: self.device.life.counters["attempts"] and self.device.life.state in ("absent", "fault"))
        assert self.device.life.reason
        assert self.device.life.remedy

    def close(self) -> None:
        self.device.close()


class SocketBench(LinesBench):
    def __init__(self, folder: Path, name: str, lines: str, options: str) -> None:
        self.folder = folder
        self.path = folder / "pins.sock"
        super().__init__(name, lines, options)
        self.lamps = self._watch()

    def options(self) -> str:
        return f"factory=mock&socket={self.path}"

    def _watch(self) -> LampEmulator:
        lamps = LampEmulator(self.path, tuple(self.numbers), repeat=0.02)
        lamps.start()
        return lamps

    def move(self, line: int, level: int) -> None:
        self.send(json.dumps({"pin": line, "level": level, "at": self.clock()}).encode())

    def send(self, datagram: bytes) -> None:
        """Turning the device over while its queue is full, so that nothing here waits for itself."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hand:
            hand.setblocking(False)
            while True:
                try:
                    hand.sendto(datagram, str(self.path))
                except BlockingIOError:
                    self._early += self.device.step()
                else:
                    return

    def seen(self, line: int) -> bool | None:
        return self.lamps.lit(line)

    def unplug(self) -> None:
        self.folder.rename(self.folder.with_name("away"))

    def plug(self) -> None:
        self.folder.with_name("away").rename(self.folder)

    def garbage(self) -> None:
        for datagram in GARBAGE:
            self.send(datagram)
        self.run(lambda _: self.device.life.counters["bad_datagrams"] >= len(GARBAGE))

    def restart(self, lost: Callable[[], bool]) -> None:
        self.lamps.close()
        self.lamps = self._watch()

    def close(self) -> None:
        super().close()
        self.lamps.close()


class ChipBench(LinesBench):
    live = True

    def __init__(self, chip: KernelChip, name: str, lines: str, options: str) -> None:
        self.chip = chip
        super().__init__(name, lines, options)

    def options(self) -> str:
        return "factory=gpiod"

    def move(self, line: int, level: int) -> None:
        self.chip.move(line, level, self.clock())

    def seen(self, line: int) -> bool | None:
        found = self.chip.lines[line]
        return bool(found.out) if found.is_output else None

    def unplug(self) -> None:
        self.chip.unplug()

    def plug(self) -> None:
        self.chip.plug()

    def garbage(self) -> None:
        """Other lines chatter."""
        for number in (4, 6, 7):
            for level in (1, 0) * 100:
                self.chip.move(number, level)
        self.turn()

    def restart(self, lost: Callable[[], bool]) -> None:
        self.chip.unplug()
        self.run(lambda _: lost(), hurry=0.05)
        self.chip.plug()


@contextmanager
def bench(kind: str, folder: Path, name: str, lines: str, options: str = "") -> Iterator[LinesBench]:
    """`kind`: `socket` or `chip`."""
    place = folder / "gpio"
    place.mkdir()
    if kind == "socket":
        found: LinesBench = SocketBench(place, name, lines, options)
        yield found
        found.close()
    else:
        with kernel(place) as chip:
            found = ChipBench(chip, name, lines, options)
            yield found
            found.close()


class LinesSuite(ABC):
    """A kind's suite subclasses this; its model's tests have a fixture `bench`."""

    NAME: str
    LINES: str
    OPTIONS = ""
    STATES: tuple[str, ...]
    """What `bring` brings the device into."""

    @abstractmethod
    def works(self, bench: LinesBench) -> None:
        """The device does what it is for."""

    @abstractmethod
    def bring(self, bench: LinesBench, state: str) -> None:
        """From online into one of `STATES`."""

    @pytest.fixture(params=["socket", "chip"])
    def bench(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LinesBench]:
        with bench(request.param, tmp_path, self.NAME, self.LINES, self.OPTIONS) as found:
            yield found

    def test_it_does_what_it_is_for(self, bench: LinesBench) -> None:
        self.works(bench)
        self.works(bench)

    def test_lines_that_are_not_there_are_tried_again_until_they_are(self, bench: LinesBench) -> None:
        bench.unplug()
        bench.absent()
        bench.plug()
        self.works(bench)

    def test_lines_that_go_away_in_any_state_come_back(self, bench: LinesBench) -> None:
        if not bench.live:
            pytest.skip("a socket of the driver's own does not go away")
        for state in self.STATES:
            bench.online()
            self.bring(bench, state)
            bench.unplug()
            bench.run(lambda _: self.lost(bench), hurry=0.05)
            bench.plug()
            self.works(bench)

    def lost(self, bench: LinesBench) -> bool:
        """Told to do something, if that is what it takes to notice."""
        return str(bench.device.life.state) == "absent"

    def test_garbage_changes_nothing(self, bench: LinesBench) -> None:
        bench.online()
        bench.garbage()
        assert bench.device.life.state == "online"
        self.works(bench)

    def test_a_driver_that_starts_anew_goes_on(self, bench: LinesBench) -> None:
        for state in self.STATES:
            bench.online()
            self.bring(bench, state)
            bench.again()
            self.works(bench)

    def test_a_far_end_that_starts_anew_is_found_again(self, bench: LinesBench) -> None:
        for _ in range(2):
            self.works(bench)
            bench.restart(lambda: self.lost(bench))
        self.works(bench)

    def test_closing_twice_is_closing_once_and_nothing_is_held(self, bench: LinesBench) -> None:
        self.works(bench)
        bench.device.close()
        bench.device.close()
        assert bench.device.fileno() is None
        if isinstance(bench, ChipBench):
            assert [line.used_by for line in bench.chip.lines if line.used_by] == []
        else:
            assert not (bench.folder / "pins.sock").exists()  # type: ignore[attr-defined]

    def test_a_line_that_somebody_else_holds_says_whose_it_is(self, bench: LinesBench) -> None:
        if not isinstance(bench, ChipBench):
            pytest.skip("nobody else has the emulated lines")
        bench.chip.lines[bench.numbers[0]].used_by = "spi0 CS1"
        bench.absent()
        assert f"GPIO{bench.numbers[0]} is in use by 'spi0 CS1'" in bench.device.life.reason
        bench.chip.lines[bench.numbers[0]].used_by = ""
        bench.run(lambda _: bench.device.connected, hurry=0.05)
        self.works(bench)
