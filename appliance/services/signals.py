"""Lamps and the lead's button: what they mean, for the workers that have them."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from appliance import board
from appliance.services.wanted import Asked
from drivers.device import Device, Press, Signal

SILENT_S = 15.0
"""A worker renews its page every five seconds."""
REFUSED_S = 10.0
"""How long the lamp shows that the box was not switched off."""

Outcome = Literal["asked", "refused", "down"]


@runtime_checkable
class Indicator(Device, Protocol):
    """A device that shows something to people."""

    @property
    def signal(self) -> Signal:
        """What it shows now."""

    def show(self, signal: Signal) -> None:
        """At once; the caller steps the device next."""


@runtime_checkable
class Button(Device, Protocol):
    """A push button."""

    changed: Callable[[bool], None] | None
    """Called when it goes down (True) and when that is over."""


class KitTests:
    """The kit check's wish to see a lamp, once for each time it was asked."""

    def __init__(self) -> None:
        self._done: dict[str, int] = {}

    def due(self, asked: Iterable[Asked], indicators: Mapping[str, Indicator]) -> list[Indicator]:
        """Those that have to show a test now."""
        found = []
        for one in asked:
            if one.device in indicators and self._done.get(one.device) != one.n:
                self._done[one.device] = one.n
                found.append(indicators[one.device])
        return found


def signal_of(pages: Mapping[str, Mapping[str, Any]], now_us: int) -> Signal:
    """How the box is, from the workers' pages: `trouble` when the recorder is missing or any worker is silent,
    `attention` when one is not well or not up yet, else `ready`."""
    if "recorder" not in pages:
        return "trouble"
    if any(_silent(page, now_us) for page in pages.values()):
        return "trouble"
    return "ready" if all(page.get("state") == "ready" for page in pages.values()) else "attention"


def _silent(page: Mapping[str, Any], now_us: int) -> bool:
    return page.get("standing") is not True and board.age_s(dict(page), now_us) > SILENT_S


class StatusLamp:
    """All lamps that show the box itself. `lamps`: those there are now; `step`: what wakes one in time after a change.

    A finger on the lead's button and what came of it go before; a test of the kit check runs to its end.
    """

    def __init__(
        self,
        run: Path,
        lamps: Callable[[], Mapping[str, Indicator]],
        step: Callable[[Device], None],
        *,
        now_us: Callable[[], int] = board.boottime_us,
    ) -> None:
        self._run, self._lamps, self._step, self._now_us = run, lamps, step, now_us
        self._tests = KitTests()
        self._over: Signal | None = None

    def look(self, asked: Iterable[Asked] = ()) -> None:
        """Once a second: show how the box is, and what the kit check asks for."""
        lamps = self._lamps()
        wanted = self._over or signal_of(board.read_all(self._run), self._now_us())
        testing = self._tests.due(asked, lamps)
        for lamp in lamps.values():
            if any(lamp is one for one in testing):
                self._put(lamp, "test")
            elif lamp.signal not in (wanted, "test"):
                self._put(lamp, wanted)

    def instead(self, signal: Signal | None) -> None:
        """Show this from now on, at once; None = how the box is again."""
        self._over = signal
        for lamp in self._lamps().values():
            self._put(lamp, signal or signal_of(board.read_all(self._run), self._now_us()))

    def _put(self, lamp: Indicator, signal: Signal) -> None:
        lamp.show(signal)
        self._step(lamp)


class CrowdLamp:
    """Lamps at the door, which ask for a person as long as too many people are inside; a verdict goes before, for as
    long as it lasts. Beepers stay silent: they would go on all evening."""

    def __init__(self, show: Callable[[Indicator, Signal], None]) -> None:
        self._show = show
        self._lit: set[str] = set()

    def look(self, crowded: bool, indicators: Mapping[str, Indicator]) -> None:
        """Once a second."""
        for name, lamp in indicators.items():
            if not name.startswith("indicator-door"):
                continue
            if crowded and lamp.signal == "off":
                self._show(lamp, "attention")
                self._lit.add(name)
            elif not crowded and name in self._lit:
                self._lit.discard(name)
                if lamp.signal == "attention":
                    self._show(lamp, "off")


class LeadButton:
    """Held for its time it switches the box off. The lamp asks for attention while a finger is on it, goes dark when
    the box has been told to go, and shows trouble for ten seconds when it may not.

    `power_off` asks the steward and says what came of it, with the reason. `later`: call something after so many
    seconds.
    """

    def __init__(
        self,
        lamp: StatusLamp,
        power_off: Callable[[], tuple[Outcome, str]],
        later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self._lamp, self._power_off, self._later = lamp, power_off, later
        self._state: Literal["up", "down", "asked", "refused", "unheard"] = "up"
        self._why = ""
        self._tries = 0

    def attach(self, buttons: Iterable[Button]) -> None:
        """Follow the fingers on these; once a second, as buttons come and go."""
        for button in buttons:
            button.changed = self._changed

    def pressed(self, press: Press) -> None:
        """A press came; a short one is for the kit check, which counts it."""
        if not press.held or self._state == "asked":
            return
        outcome, self._why = self._power_off()
        match outcome:
            case "asked":
                self._state = "asked"
                self._lamp.instead("off")
            case "refused" | "down":
                self._state = "refused" if outcome == "refused" else "unheard"
                self._tries += 1
                self._lamp.instead("trouble")
                self._later(REFUSED_S, partial(self._calm, self._tries))

    def page(self) -> dict[str, Any]:
        """For the board: ``button {state, why}``; state `up`, `down`, `asked`, `refused`, `unheard`."""
        return {"button": {"state": self._state, "why": self._why}}

    def _changed(self, down: bool) -> None:
        if self._state in ("up", "down"):
            self._state = "down" if down else "up"
            self._lamp.instead("attention" if down else None)

    def _calm(self, tries: int) -> None:
        if tries == self._tries and self._state in ("refused", "unheard"):
            self._state, self._why = "up", ""
            self._lamp.instead(None)
