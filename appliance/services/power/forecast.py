"""How long the charge lasts, and how much is left at closing time.

The model: the battery's energy falls by the load and rises by the sun, in steps of ten minutes. The load stays what it
was on average over the last quarter of an hour (an exponentially weighted mean), the sun of each half hour is what it
was at that time on the days before, scaled by how today compares so far; where nothing was ever seen it is nothing. The
range comes from three runs: as expected, and with charge, load and sun each 1.28 standard deviations (80 % of cases lie
between) on the side of too little or too much. The load's deviation is what its minutes showed, a tenth at least; the
sun's is half of what is expected; the charge's is the counter's. Efficiency of the battery is left to the margin.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

STEP_S = 600.0
HORIZON_S = 48 * 3600.0
SLOT_S = 1800.0
SLOTS = 48
WEIGHT_S = 900.0
"""Time constant of the load's mean."""
Z = 1.28
SUN_SPREAD = 0.5
LEAST_SPREAD = 0.1
MOST_SCALE = 1.5
MINUTES_ENOUGH = 3


class Load:
    """The load as of late: a mean and how far its minutes lie from it. Fed with the mean of each minute."""

    def __init__(self) -> None:
        self.mean_mw: float | None = None
        self._variance = 0.0
        self._minutes = 0

    def take(self, mw: float, over_s: float) -> None:
        """A mean of so many seconds."""
        self._minutes += 1
        if self.mean_mw is None:
            self.mean_mw = mw
            return
        # A young mean is a plain average: the first minutes weigh alike.
        weight = max(1 - math.exp(-over_s / WEIGHT_S), 1 / self._minutes)
        away = mw - self.mean_mw
        self.mean_mw += weight * away
        self._variance = (1 - weight) * (self._variance + weight * away * away)

    @property
    def spread_mw(self) -> float:
        """Standard deviation; at least a tenth of the mean, and half of it before three minutes were seen."""
        if self.mean_mw is None:
            return 0.0
        least = LEAST_SPREAD if self._minutes >= MINUTES_ENOUGH else 0.5
        return max(math.sqrt(self._variance), least * self.mean_mw)


@dataclass(frozen=True)
class Sun:
    """`by_slot`: half hour of the UTC day (0…47) → mW as seen on the days before; `now_mw`: what comes now."""

    by_slot: Mapping[int, int]
    now_mw: float | None

    def scale(self, slot: int) -> float:
        """How today compares with the days before, at this time."""
        usual = self.by_slot.get(slot, 0)
        if self.now_mw is None or usual <= 0:
            return 1.0
        return min(MOST_SCALE, self.now_mw / usual)

    def expected(self, wall_s: float, scale: float, now_slot: int) -> float:
        """mW at a wall time. In the half hour that goes on: what comes now."""
        slot = slot_of(wall_s)
        if slot == now_slot and self.now_mw is not None:
            return self.now_mw
        return self.by_slot.get(slot, 0) * scale


@dataclass(frozen=True)
class State:
    """`soc` and `sigma` as parts of the capacity; `floor`: the charge at which the box switches off."""

    soc: float
    sigma: float
    capacity_mwh: float
    floor: float
    load_mw: float
    load_spread_mw: float


@dataclass(frozen=True)
class Forecast:
    """Seconds until the floor is reached, and parts of the capacity at closing; None = not within 48 h, or no closing
    time. `low` is the bad case."""

    empty_s: float | None
    empty_low_s: float | None
    empty_high_s: float | None
    at_close: float | None = None
    at_close_low: float | None = None
    at_close_high: float | None = None


def slot_of(wall_s: float) -> int:
    """The half hour of the UTC day."""
    return int(wall_s // SLOT_S) % SLOTS


def forecast(state: State, sun: Sun, wall_s: float, close_in_s: float | None) -> Forecast:
    """From now (Unix seconds) on; `close_in_s`: seconds until the event closes, if anybody said."""
    mid, low, high = (_run(state, sun, wall_s, close_in_s, side) for side in (0, -1, 1))
    return Forecast(mid[0], low[0], high[0], mid[1], low[1], high[1])


def _run(
    state: State, sun: Sun, wall_s: float, close_in_s: float | None, side: int
) -> tuple[float | None, float | None]:
    """One case; `side` −1 is the bad one. Seconds to the floor, charge at closing."""
    load = max(0.0, state.load_mw - side * Z * state.load_spread_mw)
    full = state.capacity_mwh
    energy = full * min(1.0, max(0.0, state.soc + side * Z * state.sigma))
    floor = full * state.floor
    now_slot = slot_of(wall_s)
    scale = sun.scale(now_slot) * max(0.0, 1 + side * Z * SUN_SPREAD)
    closing = None if close_in_s is None or not 0 <= close_in_s <= HORIZON_S else close_in_s
    empty: float | None = 0.0 if energy <= floor else None
    at_close: float | None = None
    at = 0.0
    while at < HORIZON_S and (empty is None or (closing is not None and at_close is None)):
        # Steps end where the half hours do: a step has one value of the sun.
        step = min(STEP_S, SLOT_S - (wall_s + at) % SLOT_S)
        net = sun.expected(wall_s + at, scale, now_slot) - load
        after = energy + net * step / 3600
        if closing is not None and at <= closing <= at + step:
            at_close = _part(energy + net * (closing - at) / 3600, full)
        if empty is None and after <= floor:
            empty = at + (energy - floor) / -net * 3600
        energy = min(full, max(0.0, after))
        at += step
    return empty, at_close


def _part(energy: float, full: float) -> float:
    return min(1.0, max(0.0, energy / full))
