"""Two light beams and the people who walk through them; moves the mock pins of
`gpio://…?factory=mock&socket=PATH`.

Sensors pull their line low (0) while they see light; a broken beam or a missing sensor leaves it high (1).
"""

import json
import queue
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from drivers.links.unix import address

Direction = Literal["in", "out"]

STRIDE = 0.03
"""Seconds from one change of the beams to the next while somebody walks through."""
_PATIENCE = 30.0
"""Seconds that an edge waits for a reader who does not read."""
GAP = 0.06
"""Seconds between two people who follow each other with a clear gap."""
REPEAT = 0.5
"""Seconds after which idle levels are said again, so that a reader who comes in an idle moment sees them soon."""

_FIRST, _BOTH, _SECOND, _NONE = (1, 0), (1, 1), (0, 1), (0, 0)
_IN = (_FIRST, _BOTH, _SECOND, _NONE)
_OUT = (_SECOND, _BOTH, _FIRST, _NONE)
Levels = tuple[int, int]
Passed = tuple[Direction, int]
"""Which way, how many people."""


class BeamEmulator:
    """Walks are queued and done one after the other in a thread of their own; `finish` waits for them.

    `walked` counts who is through the door, seen or not.
    """

    def __init__(
        self, path: Path, pins: tuple[int, int] = (17, 27), *, stride: float = STRIDE, repeat: float = REPEAT
    ) -> None:
        self._path = path
        self._pins = pins
        self._stride = stride
        self._repeat = repeat
        self.walked: dict[Direction, int] = {"in": 0, "out": 0}
        self._ending = threading.Event()
        self._steps: queue.Queue[tuple[Levels, float, Passed | None] | None] = queue.Queue()
        self._levels: Levels = _NONE
        self._plugged = True
        self._reader: tuple[int, int, int] | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="beam", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Walks that have not begun are dropped."""
        if self._thread is None:
            return
        self._ending.set()
        with suppress(queue.Empty):
            while True:
                self._steps.get_nowait()
                self._steps.task_done()
        self._steps.put(None)
        self._thread.join()
        self._thread = None
        self._ending.clear()

    def walk(self, direction: Direction, people: int = 1) -> None:
        """So many people one after the other, a clear gap between them."""
        for _ in range(people):
            self._take(_IN if direction == "in" else _OUT, (direction, 1))

    def follow_closely(self, direction: Direction) -> None:
        """Two people, the second on the heels of the first; the beams are never both free between them."""
        first, both, second, none = _IN if direction == "in" else _OUT
        self._take((first, both, second, both, first, both, second, none), (direction, 2))

    def abreast(self, direction: Direction) -> None:
        """Two people side by side; the beams see one wide one."""
        self._take(_IN if direction == "in" else _OUT, (direction, 2))

    def turn_back(self, direction: Direction, depth: int) -> None:
        """Somebody comes as far as `depth` changes (1…3) and goes back the way they came."""
        if not 1 <= depth <= 3:
            raise ValueError(f"depth is 1…3, not {depth}")
        path = (_IN if direction == "in" else _OUT)[:depth]
        self._take((*path, *reversed(path[:-1]), _NONE))

    def block(self, *, first: bool, second: bool) -> None:
        """Something stays in the beams, until `block(first=False, second=False)`."""
        self._steps.put(((int(first), int(second)), self._stride, None))

    def unplug(self) -> None:
        """The cable is out: both lines float high at once, and nobody who walks is seen."""
        self._plugged = False
        self._steps.put((self._levels, 0.0, None))

    def plug(self) -> None:
        self._plugged = True
        self._steps.put((_NONE, 0.0, None))

    def finish(self) -> None:
        """Returns when all that was asked for has been done."""
        self._steps.join()

    def _take(self, path: Sequence[Levels], passed: Passed | None = None) -> None:
        for levels in path:
            self._steps.put((levels, self._stride, None))
        self._steps.put((path[-1], GAP, passed))

    def _run(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.settimeout(1.0)
            while True:
                try:
                    step = self._steps.get(timeout=self._repeat)
                except queue.Empty:
                    self._say(sock)
                    continue
                if step is None:
                    self._steps.task_done()
                    return
                self._show_a_new_reader(sock)
                self._levels, pause, passed = step
                self._say(sock)
                time.sleep(pause)
                if passed is not None:
                    self.walked[passed[0]] += passed[1]
                self._steps.task_done()

    def _show_a_new_reader(self, sock: socket.socket) -> None:
        """A wire holds its level before anybody looks: a reader who came since the last step sees the levels as they
        were, long enough to take them for true, before they change."""
        try:
            found = self._path.stat()
        except OSError:
            return
        reader = (found.st_dev, found.st_ino, found.st_ctime_ns)
        if reader != self._reader:
            self._reader = reader
            self._say(sock)
            time.sleep(self._stride)

    def _say(self, sock: socket.socket) -> None:
        at = time.monotonic()
        levels = self._levels if self._plugged else _BOTH
        # No socket, or nobody behind it: a wire does not care whether somebody looks.
        with suppress(OSError), address(self._path) as name:
            for pin, level in zip(self._pins, levels, strict=True):
                self._send(sock, json.dumps({"pin": pin, "level": level, "at": at}).encode("ascii"), name)

    def _send(self, sock: socket.socket, edge: bytes, name: str) -> None:
        """A reader that is busy finds the edge later, with its own time stamp, as a kernel keeps it for a driver."""
        deadline = time.monotonic() + _PATIENCE
        while not self._ending.is_set():
            try:
                sock.sendto(edge, name)
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise
            else:
                return
