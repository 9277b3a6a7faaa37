"""What all models share whose device talks over a link: connect with back-off, read, parse, lose, connect
again.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

from drivers.device import Event
from drivers.errors import DeviceError
from drivers.life import Life
from drivers.links import Link


class LinkedDevice(ABC):
    """A `Device` that mostly listens. A subclass turns bytes into events."""

    kind: str

    def __init__(self, name: str, link: Link, life: Life, now: Callable[[], float]) -> None:
        self.name = name
        self.life = life
        self._link = link
        self._now = now
        self._open = False

    @abstractmethod
    def connected(self) -> None:
        """The link was opened anew: forget what was half read. May raise `DeviceError`."""

    @abstractmethod
    def received(self, data: bytes, at: float) -> list[Event]:
        """Bytes that arrived by `at`; b"" when there was nothing to read."""

    def rest(self, at: float) -> float:
        """Seconds until `received` wants to be called even without bytes."""
        return self.life.wait(connected=True)

    def fileno(self) -> int | None:
        return self._link.fileno() if self._open else None

    def wait(self) -> float:
        return self.rest(self._now()) if self._open else self.life.wait(connected=False)

    def step(self) -> list[Event]:
        try:
            if not self._open:
                if not self.life.due():
                    return []
                self.life.trying()
                self._link.open()
                self._open = True
                self.life.opened()
                self.connected()
            events = self.received(self._link.read(), self._now())
            self.life.watch()
            return events
        except DeviceError as error:
            self.close()
            self.life.lost(error)
            return []

    def close(self) -> None:
        self._open = False
        self._link.close()
