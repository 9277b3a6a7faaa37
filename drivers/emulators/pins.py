"""The far ends of GPIO lines, over the socket of `gpio://…?factory=mock&socket=PATH` (see `drivers.gpio.mock`): wires
that hands move, and lamps that light up.
"""

import json
import queue
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from drivers.links.unix import address

REPEAT = 0.5
"""Seconds after which levels are said, or asked for, again: whoever comes in an idle moment learns them soon."""
GLOW = 1.2
"""Seconds for which a lamp that has been lit can still be seen by somebody who looks once a second."""
_PATIENCE = 30.0
"""Seconds that an edge waits for a reader who does not read."""
_APART = 0.1
"""Seconds from one push of a button to the next, at least."""
_LISTEN = b'{"listen": true}'
_LONGEST = 256

Levels = tuple[int, ...]


class MovedLines:
    """Inputs of the box. Changes are queued and done one after the other in a thread of its own; `finish` waits for
    them. `settle` seconds pass between the levels that a new reader is shown and the next change.
    """

    def __init__(
        self, path: Path, pins: tuple[int, ...], idle: Levels, *, settle: float, repeat: float = REPEAT
    ) -> None:
        self._path = path
        self._pins = pins
        self._settle = settle
        self._repeat = repeat
        self._ending = threading.Event()
        self._steps: queue.Queue[tuple[Levels, float, Callable[[], None] | None] | None] = queue.Queue()
        self._levels = idle
        self._reader: tuple[int, int, int] | None = None
        self._thread: threading.Thread | None = None
        self.pulled: Levels | None = None
        """What the box sees while the cable is out; None = it is in."""

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="moved lines", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Changes that have not begun are dropped."""
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

    def put(self, levels: Levels, pause: float = 0.0, after: Callable[[], None] | None = None) -> None:
        """These levels next, and nothing else for `pause` seconds; then `after`."""
        self._steps.put((levels, pause, after))

    def finish(self) -> None:
        """Returns when all that was asked for has been done."""
        self._steps.join()

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
                self._levels, pause, after = step
                self._say(sock)
                time.sleep(pause)
                if after is not None:
                    after()
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
            time.sleep(self._settle)

    def _say(self, sock: socket.socket) -> None:
        at = time.monotonic()
        levels = self._levels if self.pulled is None else self.pulled
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


class ButtonEmulator:
    """A push button between a line and ground."""

    def __init__(self, path: Path, pin: int, *, repeat: float = REPEAT) -> None:
        self.down = False
        self._lines = MovedLines(path, (pin,), (1,), settle=0.05, repeat=repeat)
        self.start, self.close, self.finish = self._lines.start, self._lines.close, self._lines.finish

    def push(self) -> None:
        """And stay on it."""
        self._lines.put((0,), after=self._is_down)

    def let_go(self, after: float = 0.0) -> None:
        """`after` seconds."""
        if after:
            self._lines.put((0,), after)
        self._lines.put((1,), _APART, self._is_up)

    def press(self, seconds: float) -> None:
        """Down for so long, then up."""
        self.push()
        self.let_go(seconds)

    def chatter(self, times: int, gap: float) -> None:
        """Its contacts bounce: down and up again, so many times."""
        for _ in range(times):
            self._lines.put((0,), gap)
            self._lines.put((1,), gap)

    def _is_down(self) -> None:
        self.down = True

    def _is_up(self) -> None:
        self.down = False


class LampEmulator:
    """Whatever hangs on outputs of the box: LEDs, a beeper, a relay's input. It lights up at a high line, with `low` at
    a low one; a line that nobody drives is dark.

    `changes` has every change since the start, oldest first: monotonic seconds, pin, lit.
    """

    def __init__(self, path: Path, pins: tuple[int, ...], *, low: bool = False, repeat: float = REPEAT) -> None:
        self._path = path
        self._low = low
        self._repeat = repeat
        self._lock = threading.Lock()
        self._lit = dict.fromkeys(pins, False)
        self._dark_since = dict.fromkeys(pins, float("-inf"))
        self.flashes = dict.fromkeys(pins, 0)
        self.changes: list[tuple[float, int, bool]] = []
        self._end: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            ending, self._end = socket.socketpair()
            self._thread = threading.Thread(target=self._run, args=(ending,), name="lamps", daemon=True)
            self._thread.start()

    def close(self) -> None:
        if self._thread is not None and self._end is not None:
            self._end.close()
            self._thread.join()
            self._thread = None

    def lit(self, pin: int) -> bool:
        """Now."""
        return self._lit[pin]

    def glows(self, pin: int) -> bool:
        """Now, or a moment ago."""
        return self._lit[pin] or time.monotonic() - self._dark_since[pin] < GLOW

    def _run(self, ending: socket.socket) -> None:
        with ending, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.bind("")  # unix(7): a name of the kernel's choice, for the answers
            due = 0.0
            while True:
                if time.monotonic() >= due:
                    self._listen(sock)
                    due = time.monotonic() + self._repeat
                readable, _, _ = select.select([sock, ending], [], [], max(0.0, due - time.monotonic()))
                if ending in readable:
                    return
                if sock in readable:
                    self._hear(sock.recv(_LONGEST))

    def _listen(self, sock: socket.socket) -> None:
        try:
            with address(self._path) as name:
                sock.sendto(_LISTEN, socket.MSG_DONTWAIT, name)
        except BlockingIOError:
            return  # it is there, and busy
        except OSError:
            for pin in self._lit:
                self._show(pin, False, time.monotonic())

    def _hear(self, datagram: bytes) -> None:
        told = json.loads(datagram)
        if told["pin"] in self._lit:
            self._show(told["pin"], bool(told["level"]) != self._low, told["at"])

    def _show(self, pin: int, lit: bool, at: float) -> None:
        with self._lock:
            if lit == self._lit[pin]:
                return
            self._lit[pin] = lit
            if lit:
                self.flashes[pin] += 1
            else:
                self._dark_since[pin] = at
            self.changes.append((at, pin, lit))
            del self.changes[:-1000]
