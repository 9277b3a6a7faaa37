"""What a lamp or a beeper does for each signal: on and off in time, no input or output.

A refusal differs from an admission in its rhythm, not only in its colour: one in twelve men does not tell red from
green. Nothing flashes more than three times within a second (WCAG 2.3.1). What asks for a person goes on until another
signal comes; a verdict ends by itself.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from drivers.device import Signal

Kind = Literal["pair", "lamp", "beeper"]
Levels = tuple[bool, ...]


class Step(NamedTuple):
    """Which lines are on (a pair: green, red), and for how long; None = until another signal comes."""

    on: Levels
    seconds: float | None


class Pattern(NamedTuple):
    """`again`: from the beginning when it is over; else it ends dark."""

    steps: tuple[Step, ...]
    again: bool = False


def _pair(*steps: tuple[str, float | None], again: bool = False) -> Pattern:
    return Pattern(tuple(Step(("g" in on, "r" in on), seconds) for on, seconds in steps), again)


def _one(*seconds: float | None, again: bool = False) -> Pattern:
    """On, off, on, …"""
    return Pattern(tuple(Step((number % 2 == 0,), each) for number, each in enumerate(seconds)), again)


SHORT = 0.18
_FIVE_SHORT = (SHORT,) * 9

PATTERNS: Mapping[Kind, Mapping[Signal, Pattern]] = {
    "pair": {
        "admitted": _pair(("g", 1.5)),
        "refused": _pair(*(("r", SHORT), ("", SHORT)) * 5),
        "exited": _pair(("g", 0.4), ("", 0.3), ("g", 0.4)),
        "attention": _pair(("r", 0.25), ("", 0.15), ("g", 0.25), ("", 0.85), again=True),
        "ready": _pair(("g", None)),
        "trouble": _pair(("r", 0.5), ("", 0.5), again=True),
        "test": _pair(("g", 0.75), ("", 0.25), ("r", 0.75), ("", 0.25), ("gr", 1.0)),
        "off": _pair(("", None)),
    },
    "lamp": {
        "admitted": _one(1.5),
        "refused": _one(*_FIVE_SHORT),
        "exited": _one(0.4, 0.3, 0.4),
        "attention": _one(0.25, 0.15, 0.25, 0.85, again=True),
        "ready": _one(None),
        "trouble": _one(0.5, 0.5, again=True),
        "test": _one(0.75, 0.25, 0.75, 0.25, 1.0),
        "off": _one(0.0, None),
    },
    # A beeper says what somebody at the door has to hear. That the box is well or not is nothing to beep about.
    "beeper": {
        "admitted": _one(0.12),
        "refused": _one(*_FIVE_SHORT),
        "exited": _one(0.12, 0.25, 0.12),
        "attention": _one(0.9, 0.3, 0.9),
        "ready": _one(0.0, None),
        "trouble": _one(0.0, None),
        "test": _one(0.3, 0.4, 0.3, 0.4, 0.3),
        "off": _one(0.0, None),
    },
}
LINES: Mapping[Kind, int] = {"pair": 2, "lamp": 1, "beeper": 1}


class Player:
    """One pattern at a time, by the clock that `at` comes from: what is late is skipped, never made up for."""

    def __init__(self, kind: Kind) -> None:
        self._table = PATTERNS[kind]
        self._dark = (False,) * LINES[kind]
        self._signal: Signal = "off"
        self._since = 0.0

    def play(self, signal: Signal, at: float) -> None:
        """From its beginning; whatever was shown is over."""
        self._signal, self._since = signal, at

    def signal(self, at: float) -> Signal:
        """What is shown now; `off` when it has ended."""
        return self._signal if self._step(at) is not None else "off"

    def levels(self, at: float) -> Levels:
        """Which lines are on now."""
        step = self._step(at)
        return self._dark if step is None else step[0].on

    def rest(self, at: float) -> float | None:
        """Seconds until the lines change; None = not by themselves."""
        step = self._step(at)
        return None if step is None else step[1]

    def _step(self, at: float) -> tuple[Step, float | None] | None:
        """The step that goes on now, and how long it still does; None when all is over."""
        steps, again = self._table[self._signal]
        passed = max(0.0, at - self._since)
        if again:
            passed %= sum(step.seconds or 0.0 for step in steps)
        for step in steps:
            if step.seconds is None:
                return step, None
            if passed < step.seconds:
                return step, step.seconds - passed
            passed -= step.seconds
        return (steps[-1], 0.0) if again else None
