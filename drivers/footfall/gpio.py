"""A pair of light beams on two GPIO lines: `gpio://17,27`, numbers as on the chip (BCM).

Wiring: the lines are pulled up. By default (`active=high`) a high line is a broken beam, for sensors that
pull the line low while they see light ("light-on", NPN): then a cut cable, a dead emitter and a dirty lens
read as a broken beam and show up as blocked. With `active=low` a low line is a broken beam, and an unplugged
sensor looks like an empty doorway.

Options: `in=27` the line that somebody coming in breaks first (the first one named), `glitch=MS` (10) and
`blocked=S` (10), see `wire.beam`; `chip`, `factory` and `socket` as for all lines, see `gpio.device`.
"""

from collections.abc import Callable
from typing import Any, assert_never

from drivers.device import BeamFault, Crossing, Direction, Event
from drivers.errors import BadUri
from drivers.gpio.device import HIGHEST_LINE, GpioDevice
from drivers.uri import Uri
from drivers.wire.beam import BeamPair, Noted

COUNTING = "counting"
Edge = tuple[int, bool, float]
"""Beam (0 or 1), whether it is broken now, monotonic seconds."""


class _Beam:
    """One line. gpiozero keeps a weak reference to `changed`: somebody has to hold this."""

    def __init__(self, beam: int, pin: Any, broken_level: bool, edges: list[Edge]) -> None:
        self._beam, self._pin, self._broken_level, self._edges = beam, pin, broken_level, edges
        pin.input_with_pull("up")
        pin.edges = "both"
        pin.when_changed = self.changed

    def broken(self) -> bool:
        return bool(self._pin.state) == self._broken_level

    def changed(self, ticks: float, state: int) -> None:
        self._edges.append((self._beam, bool(state) == self._broken_level, ticks))


class Model(GpioDevice):
    """A `Device`. Times of crossings are the kernel's times of the edges, on the monotonic clock that `now`
    must read.
    """

    kind = "footfall"

    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        super().__init__(name, uri, now, "active", "in", "glitch", "blocked", least=2, most=2)
        first_in = uri.number("in", self.lines[0], 0, HIGHEST_LINE)
        if first_in not in self.lines:
            raise BadUri(f"{uri}: option in={first_in} is not one of the two lines")
        self._reversed = first_in == self.lines[1]
        self._broken_level = uri.choice("active", "high", ("high", "low")) == "high"
        self._glitch = uri.number("glitch", 10, 0, 200) / 1000
        self._blocked_after = uri.decimal("blocked", 10.0, 0.1, 3600.0)
        self._beams: list[_Beam] = []
        self._edges: list[Edge] = []
        self._pair: BeamPair | None = None

    def taken(self) -> None:
        self._edges.clear()
        self._beams = [_Beam(beam, pin, self._broken_level, self._edges) for beam, pin in enumerate(self.pins)]
        self._begin()
        self.life.opened("waiting until both beams are free")

    def missed(self) -> None:
        super().missed()
        self._begin()

    def _begin(self) -> None:
        """Starts from the levels as they are. Edges that come in meanwhile are queued and say the same
        again.
        """
        self._edges.clear()
        self._pair = BeamPair(
            (self._beams[0].broken(), self._beams[1].broken()),
            self._now(),
            self.life.counters,
            glitch=self._glitch,
            blocked_after=self._blocked_after,
        )

    def rest(self, at: float) -> float | None:
        return self._pair.rest(at) if self._pair is not None else None

    def close(self) -> None:
        super().close()
        self._pair = None

    def work(self, at: float) -> list[Event]:
        if self._pair is None:
            return []
        noted: list[Noted] = []
        for beam, broken, since in self._edges:
            noted += self._pair.edge(beam, broken, min(since, at))
        self._edges.clear()
        noted += self._pair.settle(at)
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
        return " and ".join(f"beam {beam + 1} (GPIO{self.lines[beam]})" for beam in (0, 1) if blocked[beam])
