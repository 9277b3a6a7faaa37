"""How short the power is: from the state of charge where it is known well enough, else from the voltage.

A level is left only when the charge (or the voltage) has been on the other side for a minute without a break, upwards
with a margin on top: one bad sample changes nothing, and a voltage that dips while the printer works is not low,
because it is not low all the time. Where the battery lies below its cut-off voltage for a minute, it is cut-off
whatever the charge is said to be.
"""

from dataclasses import dataclass

from appliance.domain.power import LEVELS, Level
from appliance.services.power.battery import Battery

HOLD_S = 60.0
LEAST_SAMPLES = 10
"""Samples that have to agree; fewer are too few to go by, however long they took."""
UP_PERMILLE = 30
UP_MV_PER_CELL = 60
SURE_SIGMA = 0.12
"""A charge with a larger uncertainty decides nothing."""


@dataclass
class Held:
    """A condition that has to hold without a break."""

    since: float | None = None
    samples: int = 0

    def look(self, met: bool, now: float, hold_s: float = HOLD_S) -> bool:
        """Whether it has been met for `hold_s` seconds and by enough samples."""
        if not met:
            self.since, self.samples = None, 0
            return False
        self.since = now if self.since is None else self.since
        self.samples += 1
        return now - self.since >= hold_s and self.samples >= LEAST_SAMPLES


class Levels:
    """`level` as of the last look; `known`: whether that look had anything to go by."""

    def __init__(self, battery: Battery) -> None:
        self._battery = battery
        self.level: Level = "normal"
        self.known = False
        self.why = ""
        self._down: dict[Level, Held] = {level: Held() for level in LEVELS}
        self._up: dict[Level, Held] = {level: Held() for level in LEVELS}

    def restore(self, level: Level) -> None:
        """Where it stood before this process began."""
        self.level = level

    def look(self, soc: float | None, sigma: float, mv: int | None, now: float) -> Level:
        """One sample, about each second; `soc` and `sigma` as parts of the capacity."""
        if soc is not None and sigma <= SURE_SIGMA:
            worse, better = self._battery.by_charge(soc * 1000), self._battery.by_charge(soc * 1000, UP_PERMILLE)
            why = "charge"
            if mv is not None and mv < self._battery.mv[3]:
                worse = better = "cut-off"
                why = "voltage"
        elif mv is not None:
            worse = self._battery.by_voltage(mv)
            better = self._battery.by_voltage(mv, UP_MV_PER_CELL * self._battery.cells)
            why = "voltage"
        else:
            self.known = False
            for held in (*self._down.values(), *self._up.values()):
                held.look(met=False, now=now)
            return self.level
        self.known, self.why = True, why
        self._step(LEVELS.index(worse), LEVELS.index(better), now)
        return self.level

    def _step(self, worse: int, better: int, now: float) -> None:
        """Down to the deepest level that was reached all the time, else up to the highest that was kept."""
        here = LEVELS.index(self.level)
        down = [n for n, level in enumerate(LEVELS) if self._down[level].look(worse >= n, now) and n > here]
        up = [n for n, level in enumerate(LEVELS) if self._up[level].look(better <= n, now) and n < here]
        if down:
            self.level = LEVELS[max(down)]
        elif up:
            self.level = LEVELS[min(up)]
