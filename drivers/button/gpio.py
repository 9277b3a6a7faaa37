"""A push button between a GPIO line and ground: `gpio://22`.

The line is pulled up. A button that is pressed when the worker starts does nothing until it was let go once: a
shorted cable never shuts a box down at boot.

Options: `active=low` (default), or `high` for a button to 3.3 V (the line is then pulled down); `hold=S` (3) makes a
press a long one, told while the button is still down; `stuck=S` (30) after which nobody can be pressing it;
`glitch=MS` (20); `chip`, `factory` and `socket` as for all lines, see `gpio.device`.
"""

from collections.abc import Callable
from typing import assert_never

from drivers.device import Event, Press
from drivers.gpio.device import GpioDevice
from drivers.uri import Uri
from drivers.wire.press import Button, Noted

WAITING = "waiting for a press"


class Model(GpioDevice):
    """A `Device`. `changed`, if set, is called when the button goes down (True) and when that is over (False), so that
    a lamp can follow the finger; it must not raise.

    Counters: attempts, losses, presses, holds, glitches, stuck, overflows.
    """

    kind = "button"

    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        super().__init__(name, uri, now, "active", "hold", "stuck", "glitch")
        self._down_level = uri.choice("active", "low", ("low", "high")) == "high"
        self.hold = uri.decimal("hold", 3.0, 0.5, 30.0)
        self._stuck = uri.decimal("stuck", 30.0, 0.5, 3600.0)
        self._glitch = uri.number("glitch", 20, 0, 200) / 1000
        self._edges: list[tuple[bool, float]] = []
        self._button: Button | None = None
        self.changed: Callable[[bool], None] | None = None

    @property
    def down(self) -> bool:
        """Whether it is pressed now, as far as is known."""
        return self._button is not None and self._button.down

    def taken(self) -> None:
        pin = self.pins[0]
        pin.input_with_pull("down" if self._down_level else "up")
        pin.edges = "both"
        self._edges.clear()
        pin.when_changed = self._edge
        self._begin()
        self.life.ok(WAITING)

    def missed(self) -> None:
        super().missed()
        self._begin()

    def work(self, at: float) -> list[Event]:
        if self._button is None:
            return []
        noted: list[Noted] = []
        for down, since in self._edges:
            noted += self._button.edge(down, min(since, at))
        self._edges.clear()
        noted += self._button.settle(at)
        return [event for note in noted if (event := self._event(note)) is not None]

    def rest(self, at: float) -> float | None:
        return self._button.rest(at) if self._button is not None else None

    def close(self) -> None:
        """A press that goes on is over."""
        was_down, self._button = self.down, None
        super().close()
        if was_down:
            self._tell(False)

    def _begin(self) -> None:
        """From the level as it is; a press that was under way is nobody's."""
        if self.down:
            self._tell(False)
        self._edges.clear()
        down = bool(self.pins[0].state) == self._down_level
        self._button = Button(
            down, self._now(), self.life.counters, glitch=self._glitch, hold=self.hold, stuck=self._stuck
        )

    def _edge(self, ticks: float, state: int) -> None:
        self._edges.append((bool(state) == self._down_level, ticks))

    def _event(self, note: Noted) -> Press | None:
        match note.what:
            case "down":
                self._tell(True)
            case "short":
                self._tell(False)
                return Press(self.name, False, note.at)
            case "held":
                return Press(self.name, True, note.at)
            case "up":
                self._tell(False)
            case "stuck":
                self._tell(False)
                self.life.set(
                    "degraded",
                    f"pressed for more than {self._stuck:g} s",
                    "Free the button, check its cable for a short and the option `active`.",
                )
            case "freed":
                self.life.set("online", WAITING)
            case never:
                assert_never(never)
        return None

    def _tell(self, down: bool) -> None:
        if self.changed is not None:
            self.changed(down)
