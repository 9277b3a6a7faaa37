"""What went over a cable lately, as somebody with a probe on it sees it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from drivers.emulators.port import Port

KEPT = 8
"""Pieces each way."""
HEAD = 24
"""Bytes of a piece that are kept."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that went in one go: when (Unix seconds), whether towards the box, the first `HEAD` of `size`."""

    at: float
    to_box: bool
    head: bytes
    size: int


class Tap:
    """The newest pieces of one cable; may be used from any thread. What is said again and again, such as a status, is
    one piece and takes no other's place.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._seen: dict[bool, dict[tuple[bytes, int], Piece]] = {True: {}, False: {}}

    def note(self, data: bytes, *, to_box: bool) -> None:
        if not data:
            return
        head, size = bytes(data[:HEAD]), len(data)
        with self._lock:
            seen = self._seen[to_box]
            seen.pop((head, size), None)
            seen[head, size] = Piece(self._now(), to_box, head, size)
            if len(seen) > KEPT:
                del seen[next(iter(seen))]

    def pieces(self) -> list[Piece]:
        """Newest first."""
        with self._lock:
            seen = [piece for pieces in self._seen.values() for piece in pieces.values()]
        return sorted(seen, key=lambda piece: piece.at, reverse=True)


class TappedPort:
    """A port with a probe on the device's side."""

    def __init__(self, port: Port, tap: Tap) -> None:
        self._port = port
        self._tap = tap

    def plug(self) -> None:
        self._port.plug()

    def unplug(self) -> None:
        self._port.unplug()

    def send(self, data: bytes, patience: float = 0.0) -> int:
        sent = self._port.send(data, patience)
        self._tap.note(data[:sent], to_box=True)
        return sent
