"""What the driver tests share: a worker's loop, in small."""

import select
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from drivers.device import Device, Event
from drivers.emulators.printer import PrinterEmulator
from drivers.printer.escpos import Model
from tests.drivers.printers import SHORT, connected


class Pump(Protocol):
    def __call__(
        self, device: Device, until: Callable[[list[Event]], bool], *, patience: float = 20.0
    ) -> list[Event]: ...


@pytest.fixture
def pump() -> Pump:
    """Runs a device as a worker does until `until(events so far)`; fails after `patience` seconds."""

    def run(device: Device, until: Callable[[list[Event]], bool], *, patience: float = 20.0) -> list[Event]:
        events: list[Event] = []
        deadline = time.monotonic() + patience
        while not until(events):
            assert time.monotonic() < deadline, f"{device.life.snapshot()}, so far {events}"
            poll = select.poll()
            fd = device.fileno()
            if fd is not None:
                poll.register(fd, select.POLLIN)
            poll.poll(min(device.wait(), 0.1) * 1000)
            events += device.step()
        return events

    return run


@pytest.fixture
def emulator() -> Iterator[PrinterEmulator]:
    printer = PrinterEmulator()
    printer.start()
    yield printer
    printer.close()


@pytest.fixture
def printer(emulator: PrinterEmulator) -> Iterator[Model]:
    with connected(emulator) as model:
        yield model


@pytest.fixture
def impatient(emulator: PrinterEmulator) -> Iterator[Model]:
    with connected(emulator, SHORT) as model:
        yield model
