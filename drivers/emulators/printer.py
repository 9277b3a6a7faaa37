"""A receipt printer on TCP 9100, or on a pty for serial printers: `mechanism` with cables, and faults on
demand.
"""

import os
import random
import select
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, TypeVar

from drivers.emulators.cables import Cables, Wire
from drivers.emulators.mechanism import Cover, Cutter, Drawer, Level, Mechanism, Paper
from drivers.emulators.port import until_terminated
from drivers.emulators.slip import Slip
from drivers.emulators.tap import Tap
from drivers.emulators.typesetter import EPSON_PAGES

__all__ = ["PrinterEmulator", "Slip", "serve"]

_LOOK_EVERY = 0.2
"""Seconds between two looks for a finished slip."""


Value = TypeVar("Value")


class _Part(Generic[Value]):
    """Something of the mechanism that hands can set while it works."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, printer: "PrinterEmulator", owner: type) -> Value:
        value: Value = getattr(printer._mechanism, self._name)
        return value

    def __set__(self, printer: "PrinterEmulator", value: Value) -> None:
        with printer._lock:
            setattr(printer._mechanism, self._name, value)
            printer._changed()


class PrinterEmulator:
    """`port` 0 is any free port, None no TCP; `link` is a symbolic link to make to a pty.

    Settable at any time from any thread: `paper`, `cover`, `cutter`, `online`, `drawer` (a kick opens it, a hand shuts
    it), `drawer_closed` (the level of its switch when shut), `buffer` (bytes taken while it does not print), and the
    faults `silent` (answers nothing), `garbage` (noise before each answer), `dribble` (answers byte by byte), `sip`
    (takes so few bytes at a time), `slow` (seconds a line), `xoff` (says XOFF, and XON when set back), `no_status`,
    `no_reports`, `no_process_id` and `no_ordered` (DLE EOT, GS a, GS ( H, GS r unanswered, as on cheap printers). With
    `xonxoff` it says XOFF when its buffer is full and XON when there is room again.

    `columns` and `dots` are those of the paper, `pages` the code pages of ESC t.
    """

    paper = _Part[Paper]()
    cover = _Part[Cover]()
    cutter = _Part[Cutter]()
    online = _Part[bool]()
    drawer = _Part[Drawer]()
    drawer_closed = _Part[Level]()
    buffer = _Part[int]()
    slow = _Part[float]()
    no_status = _Part[bool]()
    no_reports = _Part[bool]()
    no_process_id = _Part[bool]()
    no_ordered = _Part[bool]()

    def __init__(
        self,
        port: int | None = 0,
        host: str = "127.0.0.1",
        columns: int = 42,
        *,
        link: Path | None = None,
        dots: int | None = None,
        pages: Mapping[int, str] = EPSON_PAGES,
    ) -> None:
        self.silent = False
        self.garbage = False
        self.dribble = False
        self.sip: int | None = None
        self.xonxoff = False
        self.tap = Tap()
        self._lock = threading.RLock()
        self._mechanism = Mechanism(columns, self._say, time.monotonic, dots=dots, pages=pages)
        self._cables = Cables(host, port, link)
        self._speaker: Wire | None = None
        self._close_after: int | None = None
        self._power_too = False
        self._xoff = False
        self._held_off = False
        self._noise = random.Random(9100)
        self._thread: threading.Thread | None = None
        self._ending = False
        self._bell = (-1, -1)

    @property
    def port(self) -> int:
        """The TCP port, once started; 0 without TCP."""
        return self._cables.port or 0

    @property
    def xoff(self) -> bool:
        return self._xoff

    @xoff.setter
    def xoff(self, held: bool) -> None:
        with self._lock:
            self._xoff = held
            self._ring()

    def paper_for(self, lines: int) -> None:
        """The roll ends after so many more lines."""
        with self._lock:
            self._mechanism.lines_left = lines

    def close_after(self, count: int) -> None:
        """Hangs up after so many more bytes from the host; the printer itself keeps what it has."""
        with self._lock:
            self._close_after, self._power_too = count, False

    def unplug_after(self, count: int) -> None:
        """The same with its power: gone until `plug`, and what was not printed is lost."""
        with self._lock:
            self._close_after, self._power_too = count, True

    def receipts(self) -> list[Slip]:
        """Oldest first; the last may hang out of the printer still (`cut` False)."""
        with self._lock:
            return self._mechanism.slips()

    def start(self) -> None:
        """OSError when the port or the link cannot be had."""
        with self._lock:
            if self._thread is not None:
                return
            self._cables.plug()
            self._bell = os.pipe()
            self._ending = False
            self._thread = threading.Thread(target=self._run, name="printer emulator", daemon=True)
            self._thread.start()

    def close(self) -> None:
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is None:
                return
            self._ending = True
            self._ring()
        thread.join()
        self.unplug()
        for fd in self._bell:
            os.close(fd)

    def plug(self) -> None:
        """Power and cables in."""
        with self._lock:
            self._cables.plug()
            self._ring()

    def unplug(self) -> None:
        """Power out: connections break, what was not printed is lost."""
        with self._lock:
            self._cables.unplug()
            self._speaker, self._held_off = None, False
            self._mechanism.switch_off()
            self._ring()

    def _changed(self) -> None:
        self._mechanism.changed()
        self._ring()

    def _ring(self) -> None:
        """Wakes the thread: there is something else to wait for."""
        if self._thread is not None or self._ending:
            os.write(self._bell[1], b".")

    def _say(self, reply: bytes) -> None:
        """Replies go to whoever spoke last."""
        if self._speaker is None or self.silent:
            return
        if self.garbage:
            reply = self._noise.randbytes(self._noise.randrange(1, 6)) + reply
        self.tap.note(reply, to_box=True)
        for piece in [reply[at : at + 1] for at in range(len(reply))] if self.dribble else [reply]:
            self._speaker.send(piece)

    def _run(self) -> None:
        while True:
            poll = select.poll()
            with self._lock:
                if self._ending:
                    return
                pause = self._mechanism.pause()
                wires = {wire.fd: wire for wire in self._cables.wires()}
                self._cables.register(poll, reading=self._mechanism.room > 0)
                poll.register(self._bell[0], select.POLLIN)
            ready = poll.poll(None if pause is None else pause * 1000 + 1)
            with self._lock:
                if self._bell[0] in dict(ready):
                    os.read(self._bell[0], 4096)
                self._cables.accept()
                for fd, events in ready:
                    if (wire := wires.get(fd)) is not None and wire in self._cables.wires():
                        self._attend(wire, events)
                self._mechanism.run()
                self._hold_off(self._xoff or (self.xonxoff and self._mechanism.room == 0))

    def _hold_off(self, held: bool) -> None:
        if held != self._held_off and self._speaker is not None:
            self._held_off = held
            self._speaker.send(b"\x13" if held else b"\x11")

    def _attend(self, wire: Wire, events: int) -> None:
        wire.flush()
        if events & select.POLLIN:
            room = self._mechanism.room
            data = wire.read(room if self.sip is None else min(room, self.sip))
            if data:
                self._take(wire, data)
        elif events & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
            data = b""
        else:
            return
        if data == b"":
            self._hang_up(wire)

    def _take(self, wire: Wire, data: bytes) -> None:
        self._speaker = wire
        self.tap.note(data, to_box=False)
        left, self._close_after = self._close_after, None
        if left is None:
            self._mechanism.receive(data)
        elif len(data) < left:
            self._close_after = left - len(data)
            self._mechanism.receive(data)
        else:
            self._mechanism.receive(data[:left])
            if self._power_too:
                self.unplug()
            else:
                self._hang_up(wire)

    def _hang_up(self, wire: Wire) -> None:
        self._cables.hang_up(wire)
        self._cables.plug()
        if self._speaker is wire:
            self._speaker, self._held_off = None, False


def serve(
    tcp: int | None, link: Path | None, ready: Callable[[PrinterEmulator], None], show: Callable[[Slip], None]
) -> None:
    """Runs a printer until SIGTERM or SIGINT; main thread only. `ready` once it listens, `show` each slip cut
    off.
    """
    printer = PrinterEmulator(tcp, link=link)
    printer.start()
    try:
        with until_terminated() as ended:
            ready(printer)
            shown = 0
            over = False
            while not over:  # with one more look after the end, for what was cut last
                over = bool(select.select([ended], [], [], _LOOK_EVERY)[0])
                for slip in printer.receipts():
                    if slip.id > shown and slip.cut:
                        show(slip)
                        shown = slip.id
    finally:
        printer.close()
