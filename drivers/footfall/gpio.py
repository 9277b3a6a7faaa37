"""A pair of light beams on two GPIO lines: `gpio://17,27`, numbers as on the chip (BCM).

Wiring: the lines are pulled up. By default (`active=high`) a high line is a broken beam, for sensors that
pull the line low while they see light ("light-on", NPN): then a cut cable, a dead emitter and a dirty lens
read as a broken beam and show up as blocked. With `active=low` a low line is a broken beam, and an unplugged
sensor looks like an empty doorway.

Options: `in=27` the line that somebody coming in breaks first (the first one named), `chip=N` the gpiochip,
`glitch=MS` (10) and `blocked=S` (10), see `wire.beam`; `factory=lgpio`, or `factory=mock&socket=/PATH`, whose
pins are moved through that socket (see `mockpins`).
"""

import os
import re
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, assert_never

from drivers.device import BeamFault, Crossing, Direction, Event
from drivers.errors import BadUri, DeviceError, LinkLost
from drivers.life import Life
from drivers.uri import Uri
from drivers.wire.beam import BeamPair, Noted

HIGHEST_LINE = 27
QUEUE_MAX = 4096
"""Edges between two steps; beyond that the sensors chatter and the path is lost anyway."""
COUNTING = "counting"
Edge = tuple[int, bool, float]
"""Beam (0 or 1), whether it is broken now, monotonic seconds."""


class _Line:
    """One GPIO line. `changed` runs in the pin factory's thread, which an exception would end: it only
    enqueues.
    """

    def __init__(self, beam: int, pin: Any, broken_level: bool, queue: deque[Edge], wake: int) -> None:
        self._beam, self._pin, self._broken_level = beam, pin, broken_level
        self._queue, self._wake = queue, wake
        pin.input_with_pull("up")
        pin.edges = "both"
        pin.when_changed = self.changed

    def broken(self) -> bool:
        return bool(self._pin.state) == self._broken_level

    def changed(self, ticks: float, state: int) -> None:
        if len(self._queue) < QUEUE_MAX:
            self._queue.append((self._beam, bool(state) == self._broken_level, ticks))
        os.eventfd_write(self._wake, 1)


class Model:
    """A `Device`. Times of crossings are the kernel's times of the edges, on the monotonic clock that `now`
    must read.
    """

    kind = "footfall"

    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        uri.only("factory", "socket", "active", "in", "glitch", "blocked", "chip")
        self.name = name
        self.life = Life(now)
        self._now = now
        self._numbers = _lines(uri)
        first_in = uri.number("in", self._numbers[0], 0, HIGHEST_LINE)
        if first_in not in self._numbers:
            raise BadUri(f"{uri}: option in={first_in} is not one of the two lines")
        self._reversed = first_in == self._numbers[1]
        self._factory = uri.choice("factory", "lgpio", ("lgpio", "mock"))
        self._socket = Path(uri.text("socket", ""))
        given = "socket" in uri.options
        if given != (self._factory == "mock") or (given and not self._socket.is_absolute()):
            raise BadUri(f"{uri}: factory=mock and socket=/PATH go together")
        self._chip = uri.number("chip", 0, 0, 99) if "chip" in uri.options else None
        self._broken_level = uri.choice("active", "high", ("high", "low")) == "high"
        self._glitch = uri.number("glitch", 10, 0, 200) / 1000
        self._blocked_after = uri.decimal("blocked", 10.0, 0.1, 3600.0)
        self._pins: Any = None
        self._wake: int | None = None
        self._lines: list[_Line] = []
        self._edges: deque[Edge] = deque()
        self._pair: BeamPair | None = None

    def fileno(self) -> int | None:
        return self._wake

    def wait(self) -> float:
        rest = self._pair.rest(self._now()) if self._pair is not None else None
        return self.life.wait(connected=self._pair is not None) if rest is None else rest

    def step(self) -> list[Event]:
        if self._pair is None:
            if not self.life.due():
                return []
            self.life.trying()
            try:
                self._connect()
            except DeviceError as error:
                self.close()
                self.life.lost(error)
                return []
        return self._count()

    def close(self) -> None:
        # The pins first: a callback writes to the wake-up descriptor.
        if self._pins is not None:
            self._pins.close()
            self._pins = None
        if self._wake is not None:
            os.close(self._wake)
            self._wake = None
        self._lines.clear()
        self._edges.clear()
        self._pair = None

    def _connect(self) -> None:
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        if self._factory == "mock":
            from drivers.footfall.mockpins import MockPins

            self._pins = MockPins(self._socket, self.life.counters)
        else:
            from drivers.footfall.boardpins import BoardPins

            self._pins = BoardPins(self._chip)
        try:
            pins = {number: self._pins.factory.pin(number) for number in self._numbers}
            for beam, pin in enumerate(pins.values()):
                self._lines.append(_Line(beam, pin, self._broken_level, self._edges, self._wake))
            self._pins.start(pins)
            self._begin()
        except self._pins.errors as error:
            raise LinkLost(f"gpio {self._numbers[0]},{self._numbers[1]}: {error}") from error
        self.life.opened("waiting until both beams are free")

    def _begin(self) -> None:
        """Starts from the levels as they are. Edges that come in meanwhile are queued and say the same
        again.
        """
        levels = self._lines[0].broken(), self._lines[1].broken()
        self._pair = BeamPair(
            levels,
            self._now(),
            self.life.counters,
            glitch=self._glitch,
            blocked_after=self._blocked_after,
        )

    def _count(self) -> list[Event]:
        if self._pair is None or self._wake is None:
            return []
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        if len(self._edges) >= QUEUE_MAX:
            self.life.counters["overflows"] += 1
            self._edges.clear()
            self._begin()
        noted: list[Noted] = []
        while self._edges:
            beam, broken, at = self._edges.popleft()
            noted += self._pair.edge(beam, broken, min(at, self._now()))
        noted += self._pair.settle(self._now())
        if self._pair.state == 0:
            self.life.ok(COUNTING)
        return [self._event(note) for note in noted]

    def _event(self, note: Noted) -> Event:
        match note.what:
            case "in" | "out":
                direction: Direction = "in" if (note.what == "in") != self._reversed else "out"
                return Crossing(self.name, direction, note.at)
            case "illegal":
                self.life.set(
                    "degraded",
                    "both beams changed at once",
                    "Check the sensors' supply and cable, and that the beams are 5 cm apart or more.",
                )
            case "blocked":
                self.life.set(
                    "degraded",
                    f"{self._blocked_beams()} broken for more than {self._blocked_after:g} s",
                    "Clear the doorway, align the beams, check the cable and the option `active`.",
                )
            case "cleared":
                self.life.set("online", COUNTING)
            case never:
                assert_never(never)
        return BeamFault(self.name, note.what, note.at)

    def _blocked_beams(self) -> str:
        blocked = self._pair.blocked if self._pair is not None else (False, False)
        return " and ".join(f"beam {beam + 1} (GPIO{self._numbers[beam]})" for beam in (0, 1) if blocked[beam])


def _lines(uri: Uri) -> tuple[int, int]:
    shape = re.fullmatch(r"([0-9]{1,2}),([0-9]{1,2})", uri.host)
    if uri.scheme == "gpio" and shape and uri.port is None and uri.path in ("", "/"):
        first, second = int(shape[1]), int(shape[2])
        if first != second and max(first, second) <= HIGHEST_LINE:
            return first, second
    raise BadUri(f"{uri}: needs two different lines, 0…{HIGHEST_LINE} (gpio://17,27)")
