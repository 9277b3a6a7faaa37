"""What sensors that the kernel reads have in common: they are found, asked at an interval, lost and found again."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from drivers.device import Event, PowerReading, Role
from drivers.errors import BadUri, DeviceError
from drivers.life import Life
from drivers.links.sysfs import BadAttribute, Folder, Tree
from drivers.uri import Uri

OPTIONS = ("root", "interval")
LEAST_LASTS = 5.0
MISSED = 3
"""A reading counts until so many more should have come."""
MOST_MV = 100_000
MOST_MA = 1_000_000
MOST_MW = 10_000_000
"""What a small box can have; the journal takes nothing beyond either."""


class PolledSensor(ABC):
    """A `Device` without anything to wait on. A sensor that is there and talks nonsense is `degraded`, gives no
    reading and is asked on at the interval.
    """

    kind = "power"
    role: Role = "battery"

    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        root = Path(uri.text("root", "/sys"))
        if not root.is_absolute():
            raise BadUri(f"{uri}: option root={str(root)!r} is not an absolute path")
        if uri.host in ("", ".", "..") or "/" in uri.host or uri.port is not None or uri.path not in ("", "/"):
            raise BadUri(f"{uri}: needs a name and nothing else ({uri.scheme}://NAME)")
        self.name = name
        self.life = Life(now, present=self._present)
        self._tree = Tree(root)
        self._now = now
        self._interval = uri.decimal("interval", 1.0, 0.1, 3600.0)
        self._folder: Folder | None = None
        self._next = 0.0
        self._new = False
        self._trouble = ""

    @abstractmethod
    def present(self) -> bool:
        """Whether the sensor's folder is there."""

    @abstractmethod
    def find(self) -> Folder:
        """The sensor's folder, open; `DeviceError` when it is not there or not what the URI says it is."""

    @abstractmethod
    def read(self, folder: Folder, at: float) -> tuple[PowerReading, BadAttribute | None]:
        """The values now, and what the device itself complains of. `BadAttribute`: nothing to go by this time;
        another `DeviceError`: it is gone.
        """

    def fileno(self) -> int | None:
        return None

    def wait(self) -> float:
        return self.life.wait(connected=False) if self._folder is None else max(0.0, self._next - self._now())

    def step(self) -> list[Event]:
        try:
            at = self._now()
            if self._folder is None:
                if not self.life.due():
                    return []
                self.life.trying()
                self._folder = self.find()
                self._new, self._trouble = True, ""
            elif at < self._next:
                return []
            self._next = at + self._interval
            return self._ask(self._folder, at)
        except DeviceError as error:
            self.close()
            self.life.lost(error)
            return []

    def close(self) -> None:
        if self._folder is not None:
            self._folder.close()
            self._folder = None

    def _ask(self, folder: Folder, at: float) -> list[Event]:
        try:
            reading, complaint = self.read(folder, at)
        except BadAttribute as error:
            self._connected()
            self.life.counters["invalid"] += 1
            self._show(error)
            return []
        self._connected()
        self.life.counters["readings"] += 1
        self.life.ok()
        self._show(complaint)
        return [replace(reading, role=self.role, lasts_s=max(LEAST_LASTS, MISSED * self._interval))]

    def _connected(self) -> None:
        """Only once it was asked: one that is found and cannot be used stays in its fault, try after try."""
        if self._new:
            self._new = False
            self.life.opened()

    def _present(self) -> bool:
        try:
            return self.present()
        except DeviceError:  # there, but not for us; the next try says why
            return True

    def _show(self, trouble: BadAttribute | None) -> None:
        """Once for each attribute that is in trouble, not once for each nonsense that it says."""
        if trouble is None:
            if self._trouble:
                self.life.set("online", "connected")
            self._trouble = ""
        elif trouble.attribute != self._trouble:
            self._trouble = trouble.attribute
            self.life.set("degraded", str(trouble), trouble.remedy)
