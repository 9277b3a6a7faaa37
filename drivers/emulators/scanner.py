"""A serial QR scanner (GM65-like, continuous mode): sends each code with a suffix, CR unless told
otherwise.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from drivers.emulators.port import lines_until_terminated, port_at
from drivers.emulators.tap import Tap, TappedPort

ACKNOWLEDGEMENT = bytes.fromhex("02000001003331")
"""GM65 manual, "Serial port command": the answer to a command that it carried out."""

PATIENCE = 1.0
"""Seconds that a scan waits for room on the line."""


class ScannerEmulator:
    """`where`: the link to make, or a TCP port of 127.0.0.1. Not connected to anything before `start`."""

    def __init__(self, where: Path | int, *, suffix: bytes = b"\r") -> None:
        self.tap = Tap()
        self._port = TappedPort(port_at(where), self.tap)
        self._suffix = suffix

    def start(self) -> None:
        self._port.plug()

    def close(self) -> None:
        self._port.unplug()

    def scan(self, code: str) -> None:
        """`ValueError` for a code that no symbol could carry as one line."""
        if not code or not code.replace("\x1d", "").isprintable():
            raise ValueError("a code is at least one printable character and no line break")
        self._port.send(code.encode() + self._suffix, PATIENCE)

    def partial(self, code: str) -> None:
        """The scanner loses power within a code: no suffix follows."""
        self._port.send(code.encode(), PATIENCE)

    def slowly(self, code: str, pause: float = 0.002) -> None:
        """Byte by byte, so that each is a read of its own."""
        for byte in code.encode() + self._suffix:
            self._port.send(bytes([byte]), PATIENCE)
            time.sleep(pause)

    def garbage(self, data: bytes) -> None:
        """Noise on the line, or a wrong baud rate."""
        self._port.send(data, PATIENCE)

    def acknowledge(self) -> None:
        """Answers a command, on the same line as the codes."""
        self._port.send(ACKNOWLEDGEMENT, PATIENCE)

    def unplug(self) -> None:
        self._port.unplug()

    def plug(self) -> None:
        self._port.plug()


def serve(where: Path | int, codes: int | None, ready: Callable[[], None]) -> None:
    """Scans each line of the descriptor `codes` (0 = standard input) until SIGTERM or SIGINT; empty lines are
    skipped.

    Calls `ready` once the line is there. Main thread only.
    """
    scanner = ScannerEmulator(where)

    def take(line: str) -> None:
        if line.strip():
            try:
                scanner.scan(line)
            except ValueError as error:
                sys.stderr.write(f"{line!r}: {error}\n")

    scanner.start()
    try:
        lines_until_terminated(codes, take, ready)
    finally:
        scanner.close()
