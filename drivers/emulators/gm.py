"""Scanner modules that can be told to read, byte by byte: a GM65 (zone bits) and a GM67 (framed orders).

Written from the manuals: GM65-S user manual, "Serial port instruction"; GM72 user manual, chapter 9 (the GM67's).
"""

import binascii
import os
import select
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Literal

from drivers.emulators.cables import Cables, Wire

Mode = Literal["manual", "host", "continuous"]
READS_FOR = 5.0
"""Seconds that one order to read is good for, as delivered."""


class _Orders(ABC):
    """The module's ear: bytes in, answers out. `mode` is kept over a power cut, as in its flash."""

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self.locked = False
        self.reads = False
        """An order to read came and was obeyed."""
        self._heard = bytearray()

    def hear(self, data: bytes) -> list[bytes]:
        self._heard += data
        answers: list[bytes] = []
        while (answer := self._one()) is not None:
            answers.append(answer)
        return [answer for answer in answers if answer]

    def set(self, mode: Mode, locked: bool) -> None:
        self.mode, self.locked = mode, locked

    def sleep(self) -> None:
        """Its work is done."""
        self.reads = False

    def forget(self) -> None:
        """Power cut."""
        self._heard.clear()
        self.reads = False

    @abstractmethod
    def _one(self) -> bytes | None:
        """The answer to the next whole order, b"" = none is given, None = no whole order yet."""


class _Gm65(_Orders):
    MODES: ClassVar[dict[int, Mode]] = {0: "manual", 1: "host", 2: "continuous"}

    def _one(self) -> bytes | None:
        start = self._heard.find(b"\x7e\x00")
        del self._heard[: max(start, 0)]
        if start < 0 or len(self._heard) < 4 or len(self._heard) < 8 + self._length():
            return None
        order = bytes(self._heard[: 8 + self._length()])
        del self._heard[: len(order)]
        body, check = order[2:-2], order[-2:]
        if check != b"\xab\xcd" and check != binascii.crc_hqx(body, 0).to_bytes(2, "big"):
            return b""
        kind, zone, value = body[0], int.from_bytes(body[2:4], "big"), body[4:]
        if kind == 0x07:
            return self._answer(bytes([list(self.MODES.values()).index(self.mode)]) * value[0])
        if kind == 0x08 and value:
            if zone == 0x0000:
                self.mode = self.MODES.get(value[0] & 3, "manual")
            elif zone == 0x0002 and value[0] & 1 and self.mode == "host":
                self.reads = True
            return self._answer(b"\0")
        return b""

    def _length(self) -> int:
        return 1 if self._heard[2] == 0x07 else self._heard[3]

    def _answer(self, value: bytes) -> bytes:
        body = b"\0" + bytes([len(value)]) + value
        return b"\x02\0" + body + binascii.crc_hqx(body, 0).to_bytes(2, "big")


class _Gm67(_Orders):
    MODES: ClassVar[dict[int, Mode]] = {0: "manual", 8: "host", 4: "continuous"}

    def __init__(self, mode: Mode) -> None:
        super().__init__(mode)
        self._awake = False

    def sleep(self) -> None:
        super().sleep()
        self._awake = False

    def forget(self) -> None:
        super().forget()
        self._awake = False

    def _one(self) -> bytes | None:
        while self._heard[:1] == b"\0":
            self._awake = True
            del self._heard[0]
        if not self._heard or len(self._heard) < self._heard[0] + 2:
            return None
        order = bytes(self._heard[: self._heard[0] + 2])
        del self._heard[: len(order)]
        if not self._awake:
            return b""
        if sum(order[:-2]) + int.from_bytes(order[-2:], "big") & 0xFFFF:
            return self._frame(b"\xd1\0\0\1")
        if order[1] in (0xE4, 0xE5):
            if self.mode != "host":
                return self._frame(b"\xd1\0\0\6")
            self.reads = order[1] == 0xE4
        elif self.locked:
            return self._frame(b"\xd1\0\0\6")
        elif order[1:6] == b"\xc6\x04\x08\x00\x8a" and len(order) == 9:
            self.mode = self.MODES.get(order[6], "manual")
        return self._frame(b"\xd0\0\0")

    def _frame(self, body: bytes) -> bytes:
        frame = bytes([len(body) + 1]) + body
        return frame + (0x10000 - sum(frame)).to_bytes(2, "big")


class GmEmulator:
    """`where`: the link to make, or a TCP port of 127.0.0.1 (0 = any, then `port`). In host mode a code that is held
    out waits for the order to read; in continuous mode it is read at once.

    `deaf`: orders are not answered (nothing is soldered to RX). `answer_inside`: the next answer goes out in the middle
    of the next code. May be used from any thread.
    """

    def __init__(
        self, where: Path | int, family: Literal["gm65", "gm67"], *, mode: Mode = "host", suffix: bytes = b"\r"
    ) -> None:
        self.deaf = False
        self.answer_inside = False
        self.orders = 0
        """To read, obeyed."""
        self._cables = Cables("127.0.0.1", *((None, where) if isinstance(where, Path) else (where, None)))
        self._ear: _Orders = _Gm65(mode) if family == "gm65" else _Gm67(mode)
        self._suffix = suffix
        self._held_out: deque[str] = deque()
        self._reads_until: float | None = None
        self._unsaid = b""
        self._lock = threading.RLock()
        self._bell = (-1, -1)
        self._thread: threading.Thread | None = None
        self._ending = False

    @property
    def port(self) -> int:
        return self._cables.port or 0

    def set_mode(self, mode: Mode, *, locked: bool = False) -> None:
        """Somebody scans a set-up code. `locked`: a GM67 is to be set by such codes only."""
        self._do(lambda: self._ear.set(mode, locked))

    def start(self) -> None:
        self._cables.plug()
        self._bell = os.pipe()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="GM emulator", daemon=True)
        self._thread.start()

    def close(self) -> None:
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
        self._do(self._cables.plug)

    def unplug(self) -> None:
        with self._lock:
            self._cables.unplug()
            self._ear.forget()
            self._held_out.clear()
            self._reads_until, self._unsaid = None, b""
            self._ring()

    def scan(self, code: str) -> None:
        """Holds a code out until it has been read."""
        self._do(lambda: self._held_out.append(code))

    def partial(self, code: str) -> None:
        """Half a code comes out, as when the power fails."""
        self._say(code.encode())

    def garbage(self, data: bytes) -> None:
        self._say(data)

    def slowly(self, data: bytes, pause: float = 0.002) -> None:
        """Byte by byte, so that each is a read of its own."""
        for byte in data:
            self._say(bytes([byte]))
            time.sleep(pause)

    def _do(self, change: Callable[[], object]) -> None:
        with self._lock:
            change()
            self._ring()

    def _ring(self) -> None:
        if self._thread is not None or self._ending:
            os.write(self._bell[1], b".")

    def _say(self, data: bytes) -> None:
        with self._lock:
            for wire in self._cables.wires():
                wire.send(data)

    def _run(self) -> None:
        while not self._ending:
            poll = select.poll()
            with self._lock:
                self._cables.register(poll, reading=True)
            poll.register(self._bell[0], select.POLLIN)
            ready = dict(poll.poll())
            with self._lock:
                if self._bell[0] in ready:
                    os.read(self._bell[0], 4096)
                self._cables.accept()
                for wire in self._cables.wires():
                    self._attend(wire, ready.get(wire.fd, 0))
                self._work()

    def _attend(self, wire: Wire, events: int) -> None:
        wire.flush()
        if not events & (select.POLLIN | select.POLLHUP):
            return
        heard = wire.read(4096)
        if heard == b"":
            self._cables.hang_up(wire)
        for answer in self._ear.hear(heard or b""):
            if self.deaf:
                continue
            if self.answer_inside:
                self._unsaid += answer
            else:
                wire.send(answer)
        if self._ear.reads:
            self._ear.reads = False
            self.orders += 1
            self._reads_until = time.monotonic() + READS_FOR

    def _work(self) -> None:
        reads = self._reads_until is not None and time.monotonic() < self._reads_until
        while self._held_out and self._cables.wires() and (reads or self._ear.mode == "continuous"):
            code = self._held_out.popleft().encode()
            middle = len(code) // 2
            self._say(code[:middle] + self._unsaid + code[middle:] + self._suffix)
            self._unsaid = b""
            self.answer_inside = False
            self._reads_until, reads = None, False
            self._ear.sleep()
