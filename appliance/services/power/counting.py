"""The state of charge where no device measures it: counted from currents, with an uncertainty that grows.

Charge in counts with the chemistry's efficiency. The count is set right by whoever measures, at full (absorption
voltage with a small current for two minutes), and towards the rest voltage after half an hour with next to no current.
The standard uncertainty `sigma` (part of the capacity) grows by 1 % of the charge that moves, by 20 mA of offset of the
sensor, and by whatever may have flowed while nobody looked. Peukert's law and temperature are left out.
"""

from dataclasses import dataclass

from appliance.services.power.battery import Battery

FULL_S = 120.0
REST_S = 1800.0
IDLE = 0.01
"""Part of the capacity per hour below which the battery rests."""
LONGEST_STEP_S = 10.0
"""Longer than this without a current, and the charge between is not counted but doubted."""
GAIN_ERROR = 0.01
OFFSET_MA = 20.0
MEASURED_SIGMA = 0.02
GUESS_SIGMA = 0.25
"""Of a first guess from the voltage of a battery that may be working."""
FULL_SIGMA = 0.01
UNSEEN_PER_HOUR = 0.05
"""What may have flowed in an hour without anybody looking, as part of the capacity."""


@dataclass(frozen=True)
class Charge:
    """`soc` and `sigma` are parts of the capacity; `counted`: no device measured it."""

    soc: float
    sigma: float
    counted: bool


class Counter:
    """Fed about once a second with the seconds of any monotonic clock."""

    def __init__(self, battery: Battery) -> None:
        self._battery = battery
        self._begun = False
        self._soc = 0.0
        self._sigma = GUESS_SIGMA
        self._at: float | None = None
        self._full_for = 0.0
        self._idle_for = 0.0

    def restore(self, soc: float, sigma: float, unseen_s: float | None) -> None:
        """Where it stood `unseen_s` seconds ago; None = nobody knows how long ago. Not after it has begun to count."""
        if not self._begun:
            self._begun = True
            doubt = GUESS_SIGMA if unseen_s is None else UNSEEN_PER_HOUR * unseen_s / 3600
            self._soc, self._sigma = soc, min(GUESS_SIGMA, sigma + doubt)

    def measured(self, soc: float, now: float) -> Charge:
        """A device says so."""
        self._begun, self._soc, self._sigma, self._at = True, soc, MEASURED_SIGMA, now
        self._full_for = self._idle_for = 0.0
        return Charge(soc, MEASURED_SIGMA, counted=False)

    def count(self, mv: int | None, ma: int | None, now: float) -> Charge | None:
        """None while there is nothing to count: no capacity, no current, no word to begin with."""
        capacity = self._battery.capacity_mah
        if capacity is None:
            return None
        passed = 0.0 if self._at is None else max(0.0, now - self._at)
        self._at = now
        if not self._begun:
            if mv is None:
                return None
            self._begun, self._soc = True, self._battery.resting(mv)
        if ma is None:
            self._unseen(passed)
            return None
        if passed > LONGEST_STEP_S:
            self._unseen(passed)
        else:
            self._flow(ma, passed / 3600, capacity)
            self._set_right(mv, ma, passed, capacity)
        return Charge(self._soc, self._sigma, counted=True)

    def _unseen(self, passed: float) -> None:
        self._doubt(UNSEEN_PER_HOUR * passed / 3600)
        self._full_for = self._idle_for = 0.0

    def _flow(self, ma: float, hours: float, capacity: int) -> None:
        kept = ma * hours * (self._battery.chemistry.efficiency if ma > 0 else 1.0) / capacity
        self._soc = min(1.0, max(0.0, self._soc + kept))
        self._doubt(GAIN_ERROR * abs(kept) + OFFSET_MA * hours / capacity)

    def _doubt(self, more: float) -> None:
        self._sigma = min(GUESS_SIGMA, self._sigma + more)

    def _set_right(self, mv: int | None, ma: int, passed: float, capacity: int) -> None:
        chemistry = self._battery.chemistry
        full = mv is not None and mv >= chemistry.absorption * self._battery.cells * 1000
        self._full_for = self._full_for + passed if full and 0 <= ma <= chemistry.tail * capacity else 0.0
        self._idle_for = self._idle_for + passed if abs(ma) <= IDLE * capacity else 0.0
        if self._full_for >= FULL_S:
            self._soc, self._sigma = 1.0, FULL_SIGMA
        elif self._idle_for >= REST_S and mv is not None and not full:
            self._rest(mv)
            self._idle_for = 0.0

    def _rest(self, mv: int) -> None:
        """Two estimates, each weighed with its own uncertainty."""
        other = self._battery.chemistry.rest_sigma
        if self._sigma <= other / 3:
            return
        weight = self._sigma**2 / (self._sigma**2 + other**2)
        self._soc += weight * (self._battery.resting(mv) - self._soc)
        self._sigma = (1 - weight) ** 0.5 * self._sigma
