"""A pair of light beams on two GPIO lines: `gpio://17,27`, numbers as on the chip (BCM).

Wiring: the lines are pulled up. By default (`active=high`) a high line is a broken beam, for sensors that
pull the line low while they see light ("light-on", NPN): then a cut cable, a dead emitter and a dirty lens
read as a broken beam and show up as blocked. With `active=low` a low line is a broken beam, and an unplugged
sensor looks like an empty doorway.

People who walk close behind each other are told apart as long as light falls between them; mount the beams 8 to 12 cm
apart at the height of an elbow. What they cannot tell is in docs/devices/beam.md.

Options: `in=27` the line that somebody coming in breaks first (the first one named), `glitch=MS` (10) and
`blocked=S` (10), see `wire.beam`; `chip`, `factory` and `socket` as for all lines, see `gpio.device`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, assert_never

from drivers.device import BeamFault, Crossing, Direction, Event, Judgement
from drivers.errors import BadUri
from drivers.gpio.device import HIGHEST_LINE, GpioDevice
from drivers.uri import Uri
from drivers.wire.beam import BeamPair, Noted

COUNTING = "counting"
TOO_MANY = 4
"""Illegal changes among the last passages (`wire.beam.RECENT`) from which on the count is poor: a cable that was pulled
and plugged in again is two.
"""
ENOUGH = 20
"""Passages after which a count without faults is good."""
BeamState = Literal["free", "broken", "blocked"]
"""Blocked: broken for too long."""
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
    source = "beam"

    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        super().__init__(name, uri, now, "active", "in", "glitch", "blocked", least=2, most=2)
        self._uri = uri
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

    def judgement(self) -> Judgement:
        """`poor`: `illegal` while both beams change at once, or did so too often among the last passages; `blocked`
        while a beam is broken for too long. `learning` until enough people have passed.
        """
        pair = self._pair
        if pair is None:
            return Judgement("learning")
        illegal, passages = pair.illegal
        doubts = {"illegal": pair.confused or illegal >= TOO_MANY, "blocked": any(pair.blocked)}
        reasons = tuple(reason for reason, doubt in doubts.items() if doubt)
        share = round(1000 * illegal / passages) if passages else None
        verdict: Literal["poor", "learning", "good"] = "good" if passages >= ENOUGH else "learning"
        return Judgement("poor" if reasons else verdict, reasons, illegal_permille=share)

    @property
    def wiring(self) -> dict[str, Any]:
        """For whoever mounts the beams: `lines` as the URI has them, how many seconds ago each was `broken` last and
        the last `illegal` change was (None: never), and the URI that counts the other way round, `turned`.
        """
        pair, now = self._pair, self._now()

        def ago(at: float | None) -> float | None:
            return None if at is None else round(max(0.0, now - at), 1)

        options = {key: value for key, value in self._uri.options.items() if key != "in"}
        turned = options if self._reversed else {**options, "in": str(self.lines[1])}
        return {
            "lines": list(self.lines),
            "broken": [None, None] if pair is None else [ago(at) for at in pair.broken],
            "illegal": None if pair is None else ago(pair.illegal_at),
            "turned": str(replace(self._uri, options=turned)),
        }

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

    @property
    def beams(self) -> list[BeamState] | None:
        """How each beam is now; None while the lines are not held."""
        if self._pair is None:
            return None
        state, blocked = self._pair.state, self._pair.blocked
        return ["blocked" if blocked[beam] else "broken" if state >> beam & 1 else "free" for beam in (0, 1)]

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
