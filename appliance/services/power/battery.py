"""The battery as the configuration describes it: chemistry, cells, capacity, and the limits that follow from them.

Voltages are of one cell. The rest tables are open-circuit voltages after half an hour without current, as cell makers'
data sheets give them within a few per cent; what that leaves open is in `rest_sigma`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from appliance.config import PowerTable
from appliance.domain.power import LEVELS, Level


@dataclass(frozen=True)
class Chemistry:
    """`percent` and `volts`: charge and resting-load voltage at which saving, low, critical and cut-off begin. `hard`:
    below this cell voltage discharging does harm. `absorption` and `tail` (part of the capacity, per hour): full when
    the voltage is reached and the current has fallen so far. `efficiency`: charge out for charge in."""

    cells: int
    nominal: float
    percent: tuple[int, int, int, int]
    volts: tuple[float, float, float, float]
    hard: float
    absorption: float
    tail: float
    efficiency: float
    rest: tuple[tuple[float, float], ...]
    rest_sigma: float


CHEMISTRIES: Mapping[str, Chemistry] = {
    "lifepo4": Chemistry(
        cells=4,
        nominal=3.2,
        percent=(50, 30, 15, 5),
        volts=(3.22, 3.15, 3.05, 2.90),
        hard=2.60,
        absorption=3.45,
        tail=0.05,
        efficiency=0.99,
        rest=((2.50, 0.0), (3.00, 0.09), (3.13, 0.14), (3.20, 0.20), (3.25, 0.30), (3.28, 0.50), (3.30, 0.70),
              (3.33, 0.90), (3.40, 1.0)),
        rest_sigma=0.15,
    ),
    "lead": Chemistry(
        cells=6,
        nominal=2.0,
        percent=(75, 60, 50, 40),
        volts=(2.07, 2.03, 1.98, 1.92),
        hard=1.80,
        absorption=2.35,
        tail=0.02,
        efficiency=0.90,
        rest=((1.93, 0.0), (1.97, 0.20), (2.01, 0.40), (2.05, 0.60), (2.08, 0.80), (2.12, 1.0)),
        rest_sigma=0.08,
    ),
    "li-ion": Chemistry(
        cells=3,
        nominal=3.65,
        percent=(50, 30, 15, 5),
        volts=(3.70, 3.58, 3.45, 3.30),
        hard=3.00,
        absorption=4.15,
        tail=0.05,
        efficiency=0.99,
        rest=((3.00, 0.0), (3.45, 0.10), (3.60, 0.25), (3.70, 0.45), (3.85, 0.65), (4.00, 0.85), (4.20, 1.0)),
        rest_sigma=0.06,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Battery:
    """`capacity_mah` and `capacity_mwh` are None when nobody said. `percent` and `mv` say where each level but normal
    begins, in the order of `LEVELS`."""

    chemistry: Chemistry
    cells: int
    capacity_mah: int | None
    percent: tuple[int, int, int, int]
    mv: tuple[int, int, int, int]
    hard_mv: int

    @classmethod
    def of(cls, table: PowerTable) -> "Battery":
        """What the table says, the chemistry for the rest."""
        chemistry = CHEMISTRIES[table.chemistry]
        cells = table.cells or chemistry.cells
        told = (table.saving, table.low, table.critical, table.cutoff)
        usual = tuple(round(volts * cells * 1000) for volts in chemistry.volts)
        cutoff_mv = round(table.cutoff_v * 1000) or usual[3]
        ah = table.capacity_ah or table.capacity_wh / (chemistry.nominal * cells)
        saving, low, critical, cutoff = (one or other for one, other in zip(told, chemistry.percent, strict=True))
        low = min(saving, low)
        critical = min(low, critical)
        return cls(
            chemistry,
            cells,
            round(ah * 1000) or None,
            (saving, low, critical, min(critical, cutoff)),
            (max(usual[0], cutoff_mv), max(usual[1], cutoff_mv), max(usual[2], cutoff_mv), cutoff_mv),
            round(table.hard_v * 1000) or round(chemistry.hard * cells * 1000),
        )

    @property
    def capacity_mwh(self) -> int | None:
        """At the nominal voltage."""
        if self.capacity_mah is None:
            return None
        return round(self.capacity_mah * self.chemistry.nominal * self.cells)

    def resting(self, mv: int) -> float:
        """State of charge 0…1 that an open-circuit voltage of the battery stands for."""
        cell = mv / 1000 / self.cells
        table = self.chemistry.rest
        if cell <= table[0][0]:
            return table[0][1]
        for (low, at_low), (high, at_high) in pairwise(table):
            if cell <= high:
                return at_low + (at_high - at_low) * (cell - low) / (high - low)
        return table[-1][1]

    def by_charge(self, soc_permille: float, margin: float = 0) -> Level:
        """The level at this charge; with `margin` (per mille) the one that the charge has to be above."""
        return _level([soc_permille < percent * 10 + margin for percent in self.percent])

    def by_voltage(self, mv: float, margin: float = 0) -> Level:
        """The level at this voltage, likewise; `margin` in mV."""
        return _level([mv < limit + margin for limit in self.mv])


def _level(below: list[bool]) -> Level:
    return LEVELS[sum(below)]
