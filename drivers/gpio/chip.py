"""A pin factory for gpiozero over libgpiod 2: the kernel's GPIO character device, and nothing else.

As any factory it is `GPIOZERO_PIN_FACTORY=boothkit`, or `GpiodFactory()` handed to a gpiozero device; edges then come
from a thread of its own. A loop of one's own takes `GpiodFactory(threaded=False)`, waits on its `fileno` and calls
`dispatch`.

Sources: gpiozero 2.0.1 (`pins/local.py`); libgpiod 2 and its Python bindings; Linux, userspace-api/gpio/chardev.
"""

import os
import select
import threading
from glob import glob
from pathlib import Path
from typing import Any

import gpiod
from gpiozero.exc import PinUnknownPi
from gpiozero.pins.local import LocalPiFactory

from drivers.gpio.errors import ChipForbidden, ChipGone, NoChip
from drivers.gpio.pin import GpiodPin

HEADER_LABELS = ("pinctrl-bcm2711", "pinctrl-bcm2835", "pinctrl-rp1")
"""The chips that carry the 40-pin header: Pi 4; Pi 1 to 3 and Zero; Pi 5. Offsets on them are BCM numbers."""
DEV = "/dev"
_FORTY_PINS = 0xA03111
"""A Pi 4: every board with 40 pins has the same lines in the same places."""


def chips() -> list[str]:
    """The GPIO chips of this machine, lowest number first."""
    return sorted(glob(f"{DEV}/gpiochip[0-9]*"), key=lambda path: (len(path), path))


class GpiodFactory(LocalPiFactory):  # type: ignore[misc]  # gpiozero has no types
    """`chip`: the number of a gpiochip; None = the one whose label says that it carries the header.

    Raises NoChip or ChipForbidden; asking it for a pin LineBusy or LineRefused.
    """

    def __init__(self, chip: int | None = None, *, threaded: bool = True) -> None:
        super().__init__()
        # gpiozero shares the pins of all local factories, against two libraries on one line: here the kernel sees to
        # that, and a factory that is closed must not close the lines of another device.
        self.pins: dict[Any, GpiodPin] = {}
        self.pin_class = GpiodPin
        self.lost = 0
        self._threaded = threaded
        self._reader: _Reader | None = None
        self._watched: dict[int, GpiodPin] = {}
        self._chip = _open(chip)
        self._poll = select.epoll()

    @property
    def chip(self) -> gpiod.Chip:
        """The open chip."""
        return self._chip

    def fileno(self) -> int:
        """Readable while edges wait; stays the same until `close`."""
        return self._poll.fileno()

    def dispatch(self) -> None:
        """Tells the pins' callbacks of all edges that wait, in the order of the kernel's time stamps.

        Raises ChipGone. Edges that the kernel had to drop are added to `lost`.
        """
        for at, pin, level in self.edges():
            pin.tell(at, level)

    def edges(self) -> "list[tuple[float, GpiodPin, bool]]":
        """The edges that wait: CLOCK_MONOTONIC seconds, pin, level after it. Raises ChipGone."""
        found: list[tuple[float, GpiodPin, bool]] = []
        for fd, _ in self._poll.poll(0):
            if (pin := self._watched.get(fd)) is not None:
                found += [(at, pin, level) for at, level in pin.edges_waiting()]
        return sorted(found, key=lambda edge: edge[0])

    def close(self) -> None:
        """Lets go of all lines; may be called twice."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        for pin in self.pins.values():
            pin.close()
            pin.release()
        self.pins.clear()
        self._watched.clear()
        if not self._poll.closed:
            self._poll.close()
            self._chip.close()

    def watch(self, pin: "GpiodPin", fd: int) -> None:
        """Edges of this pin's request are wanted from now on."""
        self._watched[fd] = pin
        self._poll.register(fd, select.EPOLLIN)
        if self._threaded and self._reader is None:
            self._reader = _Reader(self)

    def unwatch(self, fd: int) -> None:
        """Also when it was never watched."""
        if self._watched.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def drop(self) -> None:
        """Watch nothing any more: the chip is gone."""
        for fd in list(self._watched):
            self.unwatch(fd)

    def _get_revision(self) -> int:
        try:
            return int(super()._get_revision())
        except PinUnknownPi:
            return _FORTY_PINS


class _Reader:
    """The thread of a factory that has no loop. A callback that raises is told to `threading.excepthook`, as if it had
    ended a thread of its own, and the next edge comes all the same."""

    def __init__(self, factory: GpiodFactory) -> None:
        self._factory = factory
        self._stop = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, args=(factory.fileno(),), name="gpio edges", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Also from inside a callback."""
        os.eventfd_write(self._stop, 1)
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self, edges: int) -> None:
        poll = select.poll()
        poll.register(self._stop, select.POLLIN)
        poll.register(edges, select.POLLIN)
        while all(fd != self._stop for fd, _ in poll.poll()):
            self._tell()
        os.close(self._stop)

    def _tell(self) -> None:
        try:
            edges = self._factory.edges()
        except ChipGone as error:
            self._factory.drop()  # else its descriptors stay readable for ever
            _report(error, self._thread)
            return
        for at, pin, level in edges:
            try:
                pin.tell(at, level)
            except Exception as error:  # noqa: BLE001 -- foreign code: its fault must not end the edges of all pins
                _report(error, self._thread)


def _report(error: BaseException, thread: threading.Thread) -> None:
    threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, thread)))


def _open(number: int | None) -> gpiod.Chip:
    if number is not None:
        path = f"{DEV}/gpiochip{number}"
        try:
            return gpiod.Chip(path)
        except PermissionError as error:
            raise ChipForbidden(f"{path}: {error.strerror}") from error
        except OSError as error:
            raise NoChip(f"{path}: {error.strerror}") from error
    forbidden, labels = [], []
    for path in chips():
        try:
            chip = gpiod.Chip(path)
        except PermissionError:
            forbidden.append(path)
            continue
        except OSError:
            continue  # it went away while we looked
        label = chip.get_info().label
        if label in HEADER_LABELS:
            return chip
        labels.append(f"{Path(path).name} {label}")
        chip.close()
    if forbidden:
        raise ChipForbidden(f"{', '.join(forbidden)}: Permission denied")
    raise NoChip(f"no GPIO chip carries the header; found: {', '.join(labels) or 'none'}")
