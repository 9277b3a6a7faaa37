"""What the driver tests share: a worker's loop, in small."""

import select
import time
from collections.abc import Callable
from typing import Protocol

import pytest

from drivers.device import Device, Event


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
