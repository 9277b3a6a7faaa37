"""An Epever charge controller at the far end of an RS-485 line: Modbus RTU as "MODBUS over Serial Line" V1.02 has it,
registers as Epsolar's "Controller Communication Instruction" V2.5 lists them.

It answers function 04 for the registers that it has, function 03 for the rated data, and refuses the rest as Modbus
says: 01 function, 02 address, 03 count. A question to another unit, or one with a wrong CRC, stays unanswered.
"""

import os
import select
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from drivers.emulators.cables import Cables, Wire
from drivers.emulators.port import lines_until_terminated
from drivers.emulators.tap import Tap

Fault = Literal["none", "silent", "garbage", "other_unit", "echo", "busy"]
"""`busy`: it refuses everything with exception 06."""

READ_HOLDING, READ_INPUT = 3, 4
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_BUSY = 1, 2, 3, 6
MOST_REGISTERS = 125
REQUEST_BYTES = 8
FRAME_GAP_S = 0.05
"""Silence after which a half question is thrown away. At 115,200 baud Modbus wants 1.75 ms; a pty is no wire."""


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS, bit by bit."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def framed(body: bytes) -> bytes:
    """With its CRC, low byte first."""
    return body + struct.pack("<H", crc16(body))


class EpeverEmulator:
    """`port` 0 = any free TCP port, None = none; `link` = the pty's name.

    `volts` and `amps` are the battery's (amps positive while it is charged), `pv_watts` the panel's, `soc` whole
    percent or None for a model that does not know; `battery_status` and `charger_status` are registers 0x3200 and
    0x3201; `slow_s` delays each answer; `small`: a model that has nothing but the block at 0x3100. Settable at any
    time.
    """

    def __init__(self, *, port: int | None = None, link: Path | None = None, unit: int = 1) -> None:
        self.tap = Tap()
        self.unit = unit
        self.volts = 13.2
        self.amps = -1.4
        self.load_amps = 2.6
        self.pv_watts: float = 16
        self.soc: float | None = 82
        self.celsius = 21.0
        self.battery_status = 0
        self.charger_status = 0x0009
        """Running, in boost."""
        self.fault: Fault = "none"
        self.slow_s = 0.0
        self.small = False
        self._lock = threading.Lock()
        self._cables = Cables("127.0.0.1", port, link)
        self._wake_r, self._wake_w = -1, -1
        self._thread: threading.Thread | None = None
        self._ending = False
        self._half: dict[int, tuple[float, bytearray]] = {}

    @property
    def port(self) -> int | None:
        return self._cables.port

    def start(self) -> None:
        """OSError when the port or the link cannot be had."""
        self.plug()
        self._wake_r, self._wake_w = os.pipe()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="epever", daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._thread is not None:
            self._ending = True
            os.write(self._wake_w, b".")
            self._thread.join()
            self._thread = None
            os.close(self._wake_r)
            os.close(self._wake_w)
        self.unplug()

    def plug(self) -> None:
        with self._lock:
            self._cables.plug()
        self._look_again()

    def unplug(self) -> None:
        with self._lock:
            self._cables.unplug()
            self._half.clear()
        self._look_again()

    def registers(self) -> dict[int, int]:
        """Every input register that there is, by its address."""
        panel_volts = 18.4 if self.pv_watts else 0.1
        found = {
            0x3100: _hundredths(panel_volts),
            0x3101: _hundredths(self.pv_watts / panel_volts),
            **_pair(0x3102, self.pv_watts),
            0x3104: _hundredths(self.volts),
            0x3105: _hundredths(self.pv_watts / self.volts if self.volts else 0),
            **_pair(0x3106, self.pv_watts),
        }
        if self.small:
            return found
        found |= {
            0x310C: _hundredths(self.volts),
            0x310D: _hundredths(self.load_amps),
            **_pair(0x310E, self.load_amps * self.volts),
            0x3110: _hundredths(self.celsius),
            0x3111: _hundredths(self.celsius + 9),
            0x311D: 1200,
            0x3200: self.battery_status,
            0x3201: self.charger_status,
            0x331A: _hundredths(self.volts),
            **_pair(0x331B, self.amps),
        }
        if self.soc is not None:
            found[0x311A] = round(self.soc)
        return found

    def answer(self, request: bytes) -> bytes:
        """What it says to a whole question; b"" = nothing."""
        if crc16(request[:-2]) != struct.unpack("<H", request[-2:])[0]:
            return b""
        unit, function, first, count = struct.unpack(">BBHH", request[:6])
        if unit != self.unit:
            return b""
        if self.fault == "busy":
            return self._refusal(function, DEVICE_BUSY)
        if function not in (READ_INPUT, READ_HOLDING):
            return self._refusal(function, ILLEGAL_FUNCTION)
        if not 1 <= count <= MOST_REGISTERS:
            return self._refusal(function, ILLEGAL_VALUE)
        there = self.registers() if function == READ_INPUT else _RATED
        wanted = range(first, first + count)
        if any(address not in there for address in wanted):
            return self._refusal(function, ILLEGAL_ADDRESS)
        data = struct.pack(f">{count}H", *(there[address] & 0xFFFF for address in wanted))
        return framed(bytes([self.unit, function, len(data)]) + data)

    def _refusal(self, function: int, code: int) -> bytes:
        return framed(bytes([self.unit, function | 0x80, code]))

    def _said(self, request: bytes) -> bytes:
        """What goes onto the line, faults included."""
        answer = self.answer(request)
        match self.fault:
            case "silent":
                return b""
            case "garbage":
                return bytes(byte ^ 0x55 for byte in answer)
            case "other_unit":
                return framed(bytes([answer[0] + 1]) + answer[1:-2]) if answer else b""
            case "echo":
                return request + answer
            case "none" | "busy":
                return answer

    def _run(self) -> None:
        while not self._ending:
            poll = select.poll()
            poll.register(self._wake_r, select.POLLIN)
            with self._lock:
                self._cables.register(poll, reading=True)
            poll.poll(1000)
            with self._lock:
                if select.select([self._wake_r], [], [], 0)[0]:
                    os.read(self._wake_r, 64)
                self._cables.accept()
                heard = [(wire, request) for wire in self._cables.wires() for request in self._questions(wire)]
            for wire, request in heard:
                self._reply(wire, request)

    def _questions(self, wire: Wire) -> list[bytes]:
        wire.flush()
        data = wire.read(4096)
        if data == b"":
            self._half.pop(wire.fd, None)
            self._cables.hang_up(wire)
            return []
        now = time.monotonic()
        since, half = self._half.get(wire.fd, (now, bytearray()))
        if now - since > FRAME_GAP_S:
            half.clear()
        half += data or b""
        self.tap.note(data or b"", to_box=False)
        found = []
        while len(half) >= REQUEST_BYTES:
            found.append(bytes(half[:REQUEST_BYTES]))
            del half[:REQUEST_BYTES]
        self._half[wire.fd] = (now, half)
        return found

    def _reply(self, wire: Wire, request: bytes) -> None:
        if self.slow_s:
            time.sleep(self.slow_s)
        said = self._said(request)
        with self._lock:
            if wire in self._cables.wires() and said:
                wire.send(said)
                self.tap.note(said, to_box=True)

    def _look_again(self) -> None:
        if self._thread is not None:
            os.write(self._wake_w, b".")


_RATED = {0x9000: 0, 0x9001: 100, 0x9002: 300}
"""Battery type user-defined, 100 Ah, compensation 3 mV/°C/2 V: the settings that a reader may ask for."""


def _hundredths(value: float) -> int:
    return round(value * 100) & 0xFFFF


def _pair(first: int, value: float) -> dict[int, int]:
    """A 32-bit value, low word first."""
    whole = round(value * 100) & 0xFFFFFFFF
    return {first: whole & 0xFFFF, first + 1: whole >> 16}


def serve(where: Path | int, ready: Callable[[], None]) -> None:
    """Answers questions until SIGTERM or SIGINT. Main thread only. Calls `ready` once the line is there."""
    emulator = EpeverEmulator(port=where) if isinstance(where, int) else EpeverEmulator(link=where)
    emulator.start()
    try:
        lines_until_terminated(None, lambda _line: None, ready)
    finally:
        emulator.close()
