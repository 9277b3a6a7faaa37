"""What the journal is told each minute: means over the minute, and the charge at its end."""

from collections import Counter as Tally
from typing import Any

from appliance.services.power.counting import Charge
from appliance.services.power.merge import Merged

SAMPLE_S = 60.0
FIRST_S = 2.0
"""The first one comes soon: it says that something is measured at all."""
ENOUGH = 0.8
"""Part of the seconds of which a quantity has to be known for its mean to stand for all of them."""
LONGEST_S = 180


class Sampler:
    """Takes one picture a second."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._every = FIRST_S
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._sums: Tally[str] = Tally()
        self._known: Tally[str] = Tally()
        self._ticks = 0

    def take(self, merged: Merged, charge: Charge | None, now: float) -> dict[str, Any] | None:
        """The sample that is due now, as ``power.sample`` wants it; a minute of which nothing is known gives none."""
        flow = merged.battery_mw
        values = {
            "mv": merged.mv,
            "ma": merged.ma,
            "pv_mw": merged.pv_mw,
            "load_mw": merged.load_mw,
            "in_mw": None if flow is None else max(0, flow),
            "out_mw": None if flow is None else max(0, -flow),
        }
        if self._began is None and all(value is None for value in values.values()):
            return None  # nobody has measured anything yet
        if self._began is None or now - self._began > LONGEST_S:
            self._began = now  # the first, or somebody stopped the clock: a gap is a gap
            self._begin_anew()
        self._ticks += 1
        for key, value in values.items():
            if value is not None:
                self._sums[key] += value
                self._known[key] += 1
        if now - self._began < self._every:
            return None
        over_s = round(now - self._began)
        means = {key: self._mean(key) for key in values}
        self._began, self._every = now, SAMPLE_S
        self._begin_anew()
        soc = None if charge is None else round(charge.soc * 1000)
        if soc is None and all(mean is None for mean in means.values()):
            return None
        counted = charge is not None and charge.counted
        sigma = round(charge.sigma * 1000) if charge is not None and counted else None
        return {"soc_permille": soc, **means, "over_s": over_s, "counted": counted, "sigma_permille": sigma}

    def _mean(self, key: str) -> int | None:
        known = self._known[key]
        return round(self._sums[key] / known) if known and known >= ENOUGH * self._ticks else None
