"""ESC/POS, the reply side: what a printer sends back, and the requests that make it do so.

Source: Epson's ESC/POS command reference (DLE EOT, GS a, GS r, GS I, GS ( H, "Transmission status
identification").
Replies of different commands share one byte stream and are told apart by fixed bits alone; a real-time reply
does not say which of the four questions it answers, so its meaning is the asker's.
"""

from dataclasses import dataclass
from enum import IntFlag
from typing import Literal

ROUND = (1, 2, 3, 4)
"""The real-time questions that together describe a printer."""

XON, XOFF = 0x11, 0x13

Connector = Literal["pin2", "pin5"]
"""Where the drawer's solenoid is connected; pin 3 of the same socket is its switch."""
_CONNECTORS: dict[Connector, int] = {"pin2": 0, "pin5": 1}
_HEADERS = frozenset((0x35, 0x37, 0x3B, 0x3D, 0x5F))
_LONGEST_BLOCK = 96
"""Printer information is at most 80 bytes between identifier and NUL."""


class PrinterStatus(IntFlag):
    """Reply to DLE EOT 1."""

    DRAWER = 0x04
    OFFLINE = 0x08


class OfflineCause(IntFlag):
    """Reply to DLE EOT 2."""

    COVER_OPEN = 0x04
    FEED_BUTTON = 0x08
    PAPER_END = 0x20
    ERROR = 0x40


class ErrorCause(IntFlag):
    """Reply to DLE EOT 3."""

    MECHANICAL = 0x04
    CUTTER = 0x08
    UNRECOVERABLE = 0x20
    AUTO_RECOVERABLE = 0x40


class PaperSensor(IntFlag):
    """Reply to DLE EOT 4. Two bits each; a worn sensor may set one of them."""

    NEAR_END = 0x0C
    END = 0x60


class AsbPrinter(IntFlag):
    """First byte of Automatic Status Back."""

    DRAWER = 0x04
    OFFLINE = 0x08
    COVER_OPEN = 0x20
    FEED_BUTTON = 0x40


class AsbError(IntFlag):
    """Second byte of Automatic Status Back."""

    WAITING = 0x01
    FEED_BUTTON = 0x02
    MECHANICAL = 0x04
    CUTTER = 0x08
    UNRECOVERABLE = 0x20
    AUTO_RECOVERABLE = 0x40


class RollPaper(IntFlag):
    """Third byte of Automatic Status Back, and the reply to GS r 1."""

    NEAR_END = 0x03
    END = 0x0C


@dataclass(frozen=True, slots=True)
class RealTime:
    """One of the four DLE EOT replies."""

    raw: int


@dataclass(frozen=True, slots=True)
class Asb:
    """Automatic Status Back; the reserved fourth byte is dropped."""

    printer: AsbPrinter
    error: AsbError
    paper: RollPaper


@dataclass(frozen=True, slots=True)
class Ordered:
    """Reply to GS r: everything sent before the question has been processed."""

    raw: int


@dataclass(frozen=True, slots=True)
class ProcessId:
    """Reply to GS ( H function 48: everything sent before this id is printed."""

    id: bytes


@dataclass(frozen=True, slots=True)
class PrinterInfo:
    """Reply to GS I 65…68."""

    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """Any other reply with a header: offline response (37 23), clear response (37 25), …"""

    header: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Flow:
    """XON (`ready`) or XOFF on a serial line."""

    ready: bool


Reply = RealTime | Asb | Ordered | ProcessId | PrinterInfo | Block | Flow


class Demultiplexer:
    """Bytes in any portions → replies in order. `garbage` counts bytes that belong to no reply."""

    def __init__(self) -> None:
        self.garbage = 0
        self._block: bytearray | None = None
        self._asb = bytearray()

    def reset(self) -> None:
        """Gives up a half-received reply; to be called when the line has been quiet."""
        self.garbage += len(self._asb) + (len(self._block) if self._block is not None else 0)
        self._block = None
        self._asb.clear()

    def feed(self, data: bytes) -> list[Reply]:
        return [reply for byte in data if (reply := self._take(byte)) is not None]

    def _take(self, byte: int) -> Reply | None:
        if byte in (XON, XOFF):
            return Flow(ready=byte == XON)
        if self._block is not None:
            if byte == 0:
                block, self._block = bytes(self._block), None
                return _named(block)
            if len(self._block) < _LONGEST_BLOCK:
                self._block.append(byte)
                return None
            self.reset()
        elif self._asb:
            if byte & 0x90 == 0:
                self._asb.append(byte)
                return self._finished_asb()
            self.reset()
        return self._begin(byte)

    def _begin(self, byte: int) -> Reply | None:
        if byte in _HEADERS:
            self._block = bytearray((byte,))
        elif byte & 0x93 == 0x12:
            return RealTime(byte)
        elif byte & 0x93 == 0x10:
            self._asb.append(byte)
        elif byte & 0x90 == 0:
            return Ordered(byte)
        else:
            self.garbage += 1
        return None

    def _finished_asb(self) -> Asb | None:
        if len(self._asb) < 4:
            return None
        printer, error, paper, _ = self._asb
        self._asb.clear()
        return Asb(AsbPrinter(printer & 0x6C), AsbError(error & 0x6F), RollPaper(paper & 0x0F))


def _named(block: bytes) -> Reply:
    header, data = block[0], block[1:]
    if header == 0x37 and data[:1] == b"\x22" and len(data) == 5:
        return ProcessId(data[1:])
    if header == 0x5F:
        return PrinterInfo(data.decode("ascii", "replace"))
    return Block(header, data)


def ask_status(n: int) -> bytes:
    """DLE EOT n, answered at once even offline. Never to be sent inside another command."""
    if n not in ROUND:
        raise ValueError(f"DLE EOT {n}: the questions are 1…4")
    return bytes((0x10, 0x04, n))


def recover() -> bytes:
    """DLE ENQ 1: leave a recoverable error and go on with the line where it happened."""
    return b"\x10\x05\x01"


def pulse(connector: Connector) -> bytes:
    """ESC p: opens the drawer when the printer comes to it, for 100 ms."""
    return bytes((0x1B, 0x70, _CONNECTORS[connector], 50, 250))


def pulse_now(connector: Connector) -> bytes:
    """DLE DC4 function 1: the same at once, also with the paper out or the cover open. Never to be sent inside
    another command. A printer in an error state ignores it.
    """
    return bytes((0x10, 0x14, 0x01, _CONNECTORS[connector], 1))


def enable_asb() -> bytes:
    """GS a: report now and at every change of drawer, online state, errors and paper; until ESC @."""
    return b"\x1da\x0f"


def ask_ordered() -> bytes:
    """GS r 1: the paper sensors, answered in the order of the buffer."""
    return b"\x1dr\x01"


def ask_process_id(id: bytes) -> bytes:
    """GS ( H function 48; `id` is four bytes in 32…126."""
    if len(id) != 4 or not all(32 <= byte <= 126 for byte in id):
        raise ValueError(f"GS ( H: {id!r} is not four printable ASCII bytes")
    return b"\x1d(H\x06\x0000" + id


def ask_info(n: int) -> bytes:
    """GS I: 65 firmware, 66 maker, 67 model, 68 serial number."""
    if not 65 <= n <= 68:
        raise ValueError(f"GS I {n}: printer information is 65…68")
    return bytes((0x1D, 0x49, n))
