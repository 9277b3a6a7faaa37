"""gpiozero pins that are moved from outside, for `gpio://…?factory=mock&socket=PATH`.

Each datagram to the unix socket is JSON, `{"pin": 17, "level": 0 or 1}`, and may carry `"at"`: the monotonic
time of the edge, as the kernel stamps the edge of a real pin before anybody reads it. A level that a pin
already has is no edge.
"""

import json
import math
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gpiozero.exc import GPIOZeroError
from gpiozero.pins.mock import MockFactory, MockPin

from drivers.links.unix import address

_LONGEST = 256


class StampedPin(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """A mock pin whose edges carry the time they are given instead of the time they are handled."""

    _stamp = 0.0

    def drive(self, level: int, at: float) -> None:
        self._stamp = at
        if level:
            self.drive_high()
        else:
            self.drive_low()

    def _call_when_changed(self) -> None:
        # Past MockPin, which stamps the edge itself.
        super(MockPin, self)._call_when_changed(self._stamp, self._state)


class MockPins:
    """The factory, the socket (mode 0600) and the thread that moves the pins, as lgpio has one for its
    callbacks.
    """

    errors: tuple[type[Exception], ...] = (GPIOZeroError, OSError)

    def __init__(self, path: Path, counters: Counter[str]) -> None:
        self.factory: Any = MockFactory(pin_class=StampedPin)
        self._counters = counters
        self._path = path
        self._pins: Mapping[int, StampedPin] = {}
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._closing = False

    def start(self, pins: Mapping[int, StampedPin]) -> None:
        """Call it when the pins' callbacks are set; OSError when the socket cannot be made."""
        self._pins = pins
        self._socket = _bound(self._path)
        self._thread = threading.Thread(target=self._serve, args=(self._socket,), name="mock pins", daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._socket is not None and self._thread is not None:
            self._closing = True
            self._socket.shutdown(socket.SHUT_RDWR)
            self._thread.join()
            self._socket.close()
            self._path.unlink(missing_ok=True)
            self._socket = self._thread = None
        self.factory.close()

    def _serve(self, sock: socket.socket) -> None:
        while True:
            datagram = sock.recv(_LONGEST)
            if self._closing:
                return
            move = _parse(datagram)
            if move is None or move[0] not in self._pins:
                self._counters["bad_datagrams"] += 1
                continue
            pin, level, at = move
            self._pins[pin].drive(level, at)


def _bound(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        # Before bind, so that there is no moment in which others may send.
        os.fchmod(sock.fileno(), 0o600)
        if path.is_socket():
            path.unlink()  # left behind by a process that was killed
        with address(path) as name:
            sock.bind(name)
    except OSError:
        sock.close()
        raise
    return sock


def _parse(datagram: bytes) -> tuple[int, int, float] | None:
    try:
        move = json.loads(datagram)
    except ValueError:
        return None
    if not isinstance(move, dict):
        return None
    now = time.monotonic()
    pin, level, at = move.get("pin"), move.get("level"), move.get("at", now)
    if type(pin) is not int or type(level) is not int or level not in (0, 1):
        return None
    if not isinstance(at, int | float) or not math.isfinite(at):
        return None
    return pin, level, min(at, now)
