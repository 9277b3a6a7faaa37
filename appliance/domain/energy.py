"""What an event took and gave in energy, and what a petrol generator would have given off for it.

The factor: kg CO₂ of a litre of petrol = density × net calorific value × default emission factor. Litres for a kWh:
those of one small inverter generator, at its rated load (the best it can do) and at a quarter of it (more than a stall
takes, so still in its favour).
"""

from dataclasses import dataclass

PETROL_KG_CO2_PER_TJ = 69_300
"""Motor gasoline. IPCC 2006 Guidelines for National Greenhouse Gas Inventories, volume 2, table 2.2."""
PETROL_MJ_PER_KG = 44.3
"""Net calorific value. IPCC 2006, volume 2, table 1.2 (44.3 TJ/Gg)."""
PETROL_KG_PER_LITRE = 0.7475
"""The middle of EN 228's 720…775 kg/m³ at 15 °C."""
TANK_LITRES = 3.596
HOURS_AT_RATED, RATED_W = 3.2, 1800
HOURS_AT_QUARTER, QUARTER_W = 8.1, 450
"""Honda EU2200i, manufacturer's figures: 0.95 US gallons last 3.2 h at rated load and 8.1 h at a quarter of it."""

_KG_PER_LITRE = PETROL_KG_PER_LITRE * PETROL_MJ_PER_KG * PETROL_KG_CO2_PER_TJ / 1e6
CO2_G_PER_KWH = (
    round(1e6 * _KG_PER_LITRE * TANK_LITRES / (HOURS_AT_RATED * RATED_W)),
    round(1e6 * _KG_PER_LITRE * TANK_LITRES / (HOURS_AT_QUARTER * QUARTER_W)),
)
"""Grams of CO₂ a kWh from the generator: at rated load, at a quarter of it."""
CO2_SOURCE = (
    "IPCC 2006 Guidelines vol. 2 tables 1.2 and 2.2 (petrol), EN 228 (density), Honda EU2200i run times (litres a kWh)"
)


@dataclass(frozen=True)
class Energy:
    """Sums in mJ (mW · s); None = never measured. ``seconds``: how long samples covered."""

    seconds: int = 0
    pv_mj: int | None = None
    load_mj: int | None = None
    in_mj: int | None = None
    out_mj: int | None = None

    def __add__(self, other: "Energy") -> "Energy":
        return Energy(
            self.seconds + other.seconds,
            _both(self.pv_mj, other.pv_mj),
            _both(self.load_mj, other.load_mj),
            _both(self.in_mj, other.in_mj),
            _both(self.out_mj, other.out_mj),
        )

    def sheet(self) -> dict[str, float | int | None]:
        """``pv_wh, load_wh, battery_in_wh, battery_out_wh`` to a tenth, ``seconds``."""
        return {
            "pv_wh": _wh(self.pv_mj),
            "load_wh": _wh(self.load_mj),
            "battery_in_wh": _wh(self.in_mj),
            "battery_out_wh": _wh(self.out_mj),
            "seconds": self.seconds,
        }

    def co2_g(self) -> tuple[int, int] | None:
        """Grams that a generator would have given off for what the load took: at least, and at a quarter of its load.

        None while no load was measured.
        """
        if self.load_mj is None:
            return None
        low, high = (round(self.load_mj / 3.6e9 * grams) for grams in CO2_G_PER_KWH)
        return low, high


def _both(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return one if other is None else other
    return one + other


def _wh(millijoules: int | None) -> float | None:
    return None if millijoules is None else round(millijoules / 3.6e6, 1)
