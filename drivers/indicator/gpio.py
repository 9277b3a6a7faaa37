"""Lamps and a beeper on GPIO lines: `gpio://23,24` (green, red), `gpio://25` (one lamp), `gpio://18?as=beeper`.

One line carries at most 16 mA: an LED with its resistor, not more; a bulb or a loud beeper hangs on a transistor. What
each signal looks like is in `wire.signals`.

Options: `as=beeper` on one line; `active=low` for what lights when its line is low; `chip`, `factory` and `socket` as
for all lines, see `gpio.device`.
"""

from collections.abc import Callable
from typing import Any

from drivers.device import Event, Signal
from drivers.errors import BadUri
from drivers.gpio.device import GpioDevice
from drivers.uri import Uri
from drivers.wire.signals import Kind, Levels, Player


class Model(GpioDevice):
    """A `Device` that is told what to `show`. Lines that were lost go on where the pattern is by then: a verdict whose
    time is over is not shown to the next person.

    Counters: attempts, losses, shown.
    """

    kind = "indicator"

    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        super().__init__(name, uri, now, "as", "active", most=2)
        beeper = uri.choice("as", "lamp", ("lamp", "beeper")) == "beeper"
        if beeper and len(self.lines) != 1:
            raise BadUri(f"{uri}: a beeper has one line")
        self.shape: Kind = "beeper" if beeper else "pair" if len(self.lines) == 2 else "lamp"
        self._low = uri.choice("active", "high", ("high", "low")) == "low"
        self._player = Player(self.shape)
        self._levels: Levels = ()

    @property
    def signal(self) -> Signal:
        """What is shown now."""
        return self._player.signal(self._now())

    def show(self, signal: Signal) -> None:
        """At once, in place of what was shown. The caller steps the device next, so that it is woken in time."""
        self.life.counters["shown"] += 1
        self._player.play(signal, self._now())
        if self.connected:
            self.guarded(self._light)

    def taken(self) -> None:
        self._levels = self._player.levels(self._now())
        for pin, on in zip(self.pins, self._levels, strict=True):
            pin.output_with_state(on != self._low)
        self.life.ok("at work")

    def work(self, at: float) -> list[Event]:
        self._light()
        return []

    def rest(self, at: float) -> float | None:
        return self._player.rest(at)

    def leave(self, pins: list[Any]) -> None:
        """Dark."""
        self._put(pins, (False,) * len(pins))

    def _light(self) -> None:
        levels = self._player.levels(self._now())
        if levels != self._levels:
            self._put(self.pins, levels)
            self._levels = levels

    def _put(self, pins: list[Any], levels: Levels) -> None:
        for pin, on in zip(pins, levels, strict=True):
            pin.state = on != self._low
