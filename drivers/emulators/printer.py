"""A receipt printer on TCP 9100, or on a pty for serial printers: `mechanism` with cables, and faults on
demand.
"""

import os
import random
import select
import threading
import time
from collections.abc import Callable
from pathlib import Path

from drivers.emulators.cables import Cables, Wire
from drivers.emulators.mechanism import Cover, Cutter, Mechanism, Paper
from drivers.emulators.port import until_terminated
from drivers.emulators.slip import Slip
from drivers.emulators.tap import Tap

__all__ = ["PrinterEmulator", "Slip", "serve"]

_LOOK_EVERY = 0.2
"""Seconds between two looks for a finished slip."""


class PrinterEmulator:
    """`port` 0 is any free port, None no TCP; `link` is a symbolic link to make to a pty.

    Settable at any time from any thread: `paper`, `cover`, `cutter`, `online`, and the faults `silent`
    (answers nothing), `garbage` (noise before each answer), `slow` (seconds a line), `no_process_id` and
    `no_ordered` (GS ( H and GS r unanswered, as on cheap printers). With `xonxoff` it says XOFF when its
    buffer is full and XON when there is room again.
    """

    def __init__(
        self,
        port: int | None = 0,
        host: str = "127.0.0.1",
        columns: int = 42,
        *,
        link: Path | None = None,
    ) -> None:
        self.silent = False
        self.garbage = False
        self.xonxoff = False
        self.tap = Tap()
        self._lock = threading.RLock()
        self._mechanism = Mechanism(columns, self._say, time.monotonic)
        self._cables = Cables(host, port, link)
        self._speaker: Wire | None = None
        self._close_after: int | None = None
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
    def paper(self) -> Paper:
        return self._mechanism.paper

    @paper.setter
    def paper(self, paper: Paper) -> None:
        with self._lock:
            self._mechanism.paper = paper
            self._mechanism.lines_left = None
            self._changed()

    @property
    def cover(self) -> Cover:
        return self._mechanism.cover

    @cover.setter
    def cover(self, cover: Cover) -> None:
        with self._lock:
            self._mechanism.cover = cover
            self._changed()

    @property
    def cutter(self) -> Cutter:
        return self._mechanism.cutter

    @cutter.setter
    def cutter(self, cutter: Cutter) -> None:
        with self._lock:
            self._mechanism.cutter = cutter

    @property
    def online(self) -> bool:
        return self._mechanism.online

    @online.setter
    def online(self, online: bool) -> None:
        with self._lock:
            self._mechanism.online = online
            self._changed()

    @property
    def slow(self) -> float:
        return self._mechanism.seconds_per_line

    @slow.setter
    def slow(self, seconds: float) -> None:
        with self._lock:
            self._mechanism.seconds_per_line = seconds

    @property
    def no_process_id(self) -> bool:
        return not self._mechanism.answers_process_ids

    @no_process_id.setter
    def no_process_id(self, missing: bool) -> None:
        with self._lock:
            self._mechanism.answers_process_ids = not missing

    @property
    def no_ordered(self) -> bool:
        return not self._mechanism.answers_ordered

    @no_ordered.setter
    def no_ordered(self, missing: bool) -> None:
        with self._lock:
            self._mechanism.answers_ordered = not missing

    def paper_for(self, lines: int) -> None:
        """The roll ends after so many more lines, unless `paper` is set before."""
        with self._lock:
            self._mechanism.lines_left = lines

    def close_after(self, count: int) -> None:
        """Hangs up after so many more bytes from the host; the printer itself keeps what it has."""
        with self._lock:
            self._close_after = count

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
            self._speaker = None
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
        self._speaker.send(reply)

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
                self._hold_off(self._mechanism.room == 0)

    def _hold_off(self, full: bool) -> None:
        if self.xonxoff and full != self._held_off and self._speaker is not None:
            self._held_off = full
            self._speaker.send(b"\x13" if full else b"\x11")

    def _attend(self, wire: Wire, events: int) -> None:
        wire.flush()
        if events & select.POLLIN:
            data = wire.read(self._mechanism.room)
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
            self._hang_up(wire)

    def _hang_up(self, wire: Wire) -> None:
        self._cables.hang_up(wire)
        self._cables.plug()
        if self._speaker is wire:
            self._speaker = None


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
