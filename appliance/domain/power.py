"""Power: battery, solar panel and load, sampled at most once a minute."""

from appliance.domain.kernel import DEVICE, Ask, Context, Decided, Fact, command, kind
from appliance.errors import invalid


@kind("power.sampled/1")
class PowerSampled(Fact, frozen=True):
    """State of charge in per mille, battery in mV and mA (negative = discharging), panel and load in mW; None = not
    measured."""

    soc_permille: int | None
    mv: int | None
    ma: int | None
    pv_mw: int | None
    load_mw: int | None


class SamplePower(Ask, frozen=True):
    """One reading, merged from all power devices."""

    soc_permille: int | None
    mv: int | None
    ma: int | None
    pv_mw: int | None
    load_mw: int | None


@command("power.sample", SamplePower, DEVICE)
def sample(ask: SamplePower, known: None, ctx: Context) -> Decided:
    """A reading outside of what a small box can have is a fault of the device, not a fact."""
    limits = {"soc_permille": (0, 1000), "mv": (0, 100_000), "ma": (-1_000_000, 1_000_000)}
    limits |= {"pv_mw": (0, 10_000_000), "load_mw": (0, 10_000_000)}
    for key, (low, high) in limits.items():
        value = getattr(ask, key)
        if value is not None and not low <= value <= high:
            raise invalid(f"{key} {value}: wants {low} to {high}")
    fact = PowerSampled(soc_permille=ask.soc_permille, mv=ask.mv, ma=ask.ma, pv_mw=ask.pv_mw, load_mw=ask.load_mw)
    return Decided([fact])
