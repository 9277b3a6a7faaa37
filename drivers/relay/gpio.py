"""A relay board on one GPIO line: `gpio://5?active=low&shed=saving`.

The line drives the board's input (optocoupler or transistor), never the relay's coil: a line carries 16 mA at most.

`contact=no` (default): the load hangs on the normally open contact and is on while the relay is pulled; `contact=nc`:
on while it is released. When the worker ends, and while nobody has the line, the relay is released: so after a crash,
too, as the kernel makes a free line an input. What must stay on then hangs on the normally closed contact.

Options: `active=high`, or `low` for boards that pull at a low line; `start=on` (default) or `off`: the load when the
worker starts; `shed=saving|low|critical`: from which level of the battery on it is switched off (the power worker
reads it); `chip`, `factory` and `socket` as for all lines, see `gpio.device`.
"""

from collections.abc import Callable
from typing import Any

from drivers.device import Event
from drivers.gpio.device import GpioDevice
from drivers.uri import Uri


class Model(GpioDevice):
    """A `Device` that is told to `switch`; its reason says whether the load is on.

    Counters: attempts, losses, switched.
    """

    kind = "relay"

    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        super().__init__(name, uri, now, "active", "contact", "start", "shed")
        self._low = uri.choice("active", "high", ("high", "low")) == "low"
        self._closes = uri.choice("contact", "no", ("no", "nc")) == "no"
        self.on = uri.choice("start", "on", ("on", "off")) == "on"
        uri.choice("shed", "", ("", "saving", "low", "critical"))

    def switch(self, on: bool) -> None:
        """The load on or off, at once or as soon as the line can be had."""
        if on != self.on:
            self.on = on
            self.life.counters["switched"] += 1
            if self.connected:
                self.guarded(self._put)

    def taken(self) -> None:
        self.pins[0].output_with_state(self._level())
        self._tell()

    def work(self, at: float) -> list[Event]:
        return []

    def leave(self, pins: list[Any]) -> None:
        """Released."""
        for pin in pins:
            pin.state = self._low

    def _level(self) -> bool:
        return (self.on == self._closes) != self._low

    def _put(self) -> None:
        self.pins[0].state = self._level()
        self._tell()

    def _tell(self) -> None:
        self.life.ok()
        self.life.set("online", "on" if self.on else "off")
