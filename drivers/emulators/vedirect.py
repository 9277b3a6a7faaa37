"""A Victron charger with a battery monitor's values: one VE.Direct block a second (VE.Direct Protocol, Victron)."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from drivers.emulators.port import TcpPort, lines_until_terminated, port_at
from drivers.emulators.tap import Tap, TappedPort

PERIOD = 1.0
"""Seconds from block to block."""
PIECE_GAP = 0.02
"""Seconds between the pieces of a block that comes in pieces."""


def block(fields: Mapping[str, str]) -> bytes:
    """One block; its checksum byte makes the sum of all bytes a multiple of 256."""
    body = b"".join(f"\r\n{label}\t{value}".encode("ascii") for label, value in fields.items())
    body += b"\r\nChecksum\t"
    return body + bytes([-sum(body) % 256])


def hex_frame(command: int, payload: bytes) -> bytes:
    """An asynchronous hex frame; digit of command, bytes, and the byte that makes them add up to 0x55."""
    check = (0x55 - command - sum(payload)) % 256
    return f":{command:X}{payload.hex().upper()}{check:02X}\n".encode("ascii")


class VedirectEmulator:
    """`where`: the link to make, or a TCP port of 127.0.0.1. `period` None: it sends only what it is told to.

    With a `recording` it sends the recording's bytes in place of its own values, at line speed.

    `volts` and `amps` are the battery's (amps positive while it is charged), `pv_watts` the panel's, `soc`
    percent, None while the monitor is not synchronised. Settable at any time; each block carries the values
    of its moment.
    """

    def __init__(self, where: Path | int, *, period: float | None = PERIOD, recording: bytes | None = None) -> None:
        self.tap = Tap()
        self._place = port_at(where)
        self._port = TappedPort(self._place, self.tap)
        self._period = 0.1 if recording else period
        self._recording = _at_line_speed(recording) if recording else None
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self.volts = 13.2
        self.amps = -1.4
        self.load_amps = 2.6
        self.pv_watts: float = 16
        self.soc: float | None = 82.0
        self.error = 0
        self.says: bytes | None = None
        """In place of each block; b"" = it is silent."""
        self.pieces = 0
        """Each block comes in so many pieces more."""

    @property
    def number(self) -> int:
        """The TCP port that it listens on; 0 when it has none."""
        return self._place.port if isinstance(self._place, TcpPort) else 0

    def start(self) -> None:
        self._port.plug()
        if self._period is not None and self._thread is None:
            self._ending.clear()
            self._thread = threading.Thread(target=self._run, args=(self._period,), name="vedirect", daemon=True)
            self._thread.start()

    def close(self) -> None:
        if self._thread is not None:
            self._ending.set()
            self._thread.join()
            self._thread = None
        self._port.unplug()

    def unplug(self) -> None:
        self._port.unplug()

    def plug(self) -> None:
        self._port.plug()

    def fields(self) -> dict[str, str]:
        """What the next block says."""
        return {
            "PID": "0xA060",
            "FW": "159",
            "SER#": "HQ2129ABCDE",
            "V": str(round(self.volts * 1000)),
            "I": str(round(self.amps * 1000)),
            "VPV": str(18_400 if self.pv_watts else 10),
            "PPV": str(round(self.pv_watts)),
            "CS": "3" if self.pv_watts else "0",
            "MPPT": "2" if self.pv_watts else "0",
            "ERR": str(self.error),
            "LOAD": "ON",
            "IL": str(round(self.load_amps * 1000)),
            "SOC": "---" if self.soc is None else str(round(self.soc * 10)),
        }

    def send_block(self) -> None:
        data = block(self.fields()) if self.says is None else self.says
        size = len(data) // (self.pieces + 1) + 1
        for start in range(0, len(data), size):
            self._port.send(data[start : start + size])
            if self.pieces:
                time.sleep(PIECE_GAP)

    def play(self, data: bytes, patience: float = 5.0) -> int:
        """Bytes of a recording, as fast as the reader takes them; how many it took before it paused for
        `patience` s.
        """
        taken = 0
        while taken < len(data):
            sent = self._port.send(data[taken : taken + 1024], patience)
            if sent == 0:
                break
            taken += sent
        return taken

    def _run(self, period: float) -> None:
        due = time.monotonic()
        while not self._ending.wait(max(0.0, due - time.monotonic())):
            if self._recording:
                piece = next(self._recording)
                self._port.send(piece)
            else:
                self.send_block()
            due = max(due + period, time.monotonic())


def _at_line_speed(recording: bytes) -> Iterator[bytes]:
    """A tenth of a second at 19,200 baud at a time, over and over."""
    size = 192
    while True:
        for start in range(0, len(recording), size):
            yield recording[start : start + size]


def serve(where: Path | int, ready: Callable[[], None], *, recording: Path | None = None) -> None:
    """Sends a block each second, or a recording over and over at line speed, until SIGTERM or SIGINT. Main
    thread only.

    Calls `ready` once the line is there.
    """
    emulator = VedirectEmulator(where, recording=None if recording is None else recording.read_bytes())
    emulator.start()
    try:
        lines_until_terminated(None, lambda _line: None, ready)
    finally:
        emulator.close()
