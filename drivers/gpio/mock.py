"""Pins of gpiozero's mock that are moved and watched from outside, for `gpio://…?factory=mock&socket=PATH`.

One datagram to the unix socket is one JSON object. `{"pin": 17, "level": 0 or 1}` moves an input; it may carry `"at"`,
the monotonic time of the edge, as the kernel stamps the edge of a real pin before anybody reads it. A level that a pin
already has is no edge. `{"listen": true}` asks for the outputs: their levels come back at once, and then each change,
in datagrams of the same form, to the address that asked. Who asks again gets all levels again.
"""

import json
import math
import os
import socket
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from gpiozero.pins.mock import MockFactory, MockPin

from drivers.links.unix import address

LONGEST = 256
AT_ONCE = 1000
"""Datagrams that are taken in one go; the rest comes with the next turn of the loop."""
MOST_LISTENERS = 4


class Move(NamedTuple):
    """An input's new level, and when."""

    pin: int
    level: int
    at: float


class StampedPin(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """A mock pin whose edges carry the time they are given instead of the time they are handled."""

    _stamp = 0.0

    def drive(self, level: int, at: float) -> None:
        """Somebody outside moves the line."""
        self._stamp = at
        if level:
            self.drive_high()
        else:
            self.drive_low()

    def output_with_state(self, state: float) -> None:
        """The level is there from the first moment: no blip."""
        self._state = bool(state)
        self._function = "output"
        self.factory.tell(self._number, bool(state))

    def _set_state(self, value: float) -> None:
        before = self._state
        super()._set_state(value)
        if self._state != before:
            self.factory.tell(self._number, self._state)

    def _call_when_changed(self) -> None:
        # Past MockPin, which stamps the edge itself.
        super(MockPin, self)._call_when_changed(self._stamp, self._state)


class SocketFactory(MockFactory):  # type: ignore[misc]  # gpiozero has no types
    """The pins and their socket (mode 0600). OSError when the socket cannot be made.

    Counters: `bad_datagrams`.
    """

    lost = 0

    def __init__(self, path: Path, counters: Counter[str]) -> None:
        super().__init__(pin_class=StampedPin)
        self._path = path
        self._counters = counters
        self._listeners: list[bytes | str] = []
        self._held: dict[int, StampedPin] = {}
        self._socket = _bound(path)

    def pin(self, name: Any) -> Any:
        """As any factory; what was asked for is moved by its number."""
        pin = super().pin(name)
        self._held[pin._number] = pin
        return pin

    def fileno(self) -> int:
        """Readable while somebody moves a pin."""
        return self._socket.fileno()

    def dispatch(self) -> None:
        """Move the pins as far as datagrams have come."""
        for _ in range(AT_ONCE):
            try:
                datagram, sender = self._socket.recvfrom(LONGEST + 1)
            except BlockingIOError:
                return
            self.take(datagram, sender)

    def take(self, datagram: bytes, sender: bytes | str | None) -> None:
        """One datagram, whatever it holds."""
        asked = parse(datagram)
        if asked == "listen" and sender:
            self._listen(sender)
        elif isinstance(asked, Move) and self._is_input(asked.pin):
            self._held[asked.pin].drive(asked.level, asked.at)
        else:
            self._counters["bad_datagrams"] += 1

    def tell(self, pin: int, level: bool) -> None:
        """An output has this level from now on."""
        word = json.dumps({"pin": pin, "level": int(level), "at": time.monotonic()}).encode("ascii")
        for listener in list(self._listeners):
            try:
                self._socket.sendto(word, listener)
            except BlockingIOError:
                continue  # it does not read; it asks again
            except OSError:
                self._listeners.remove(listener)

    def close(self) -> None:
        """May be called twice."""
        super().close()
        self._held.clear()
        if self._socket.fileno() >= 0:
            self._socket.close()
            self._path.unlink(missing_ok=True)

    def _is_input(self, pin: int) -> bool:
        return pin in self._held and self._held[pin].function == "input"

    def _listen(self, sender: bytes | str) -> None:
        if sender in self._listeners:
            self._listeners.remove(sender)
        self._listeners = [*self._listeners, sender][-MOST_LISTENERS:]
        for number, pin in self._held.items():
            if pin.function == "output":
                self.tell(number, bool(pin.state))


def parse(datagram: bytes) -> Move | str | None:
    """A Move, `"listen"`, or None for what is neither."""
    try:
        asked = json.loads(datagram.decode()) if len(datagram) <= LONGEST else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(asked, dict):
        return None
    if asked.get("listen") is True:
        return "listen"
    pin, level, at = asked.get("pin"), asked.get("level"), asked.get("at", time.monotonic())
    if type(pin) is not int or type(level) is not int or level not in (0, 1):
        return None
    if type(at) not in (int, float) or not _finite(at):
        return None
    return Move(pin, level, float(at))


def _finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _bound(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
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
