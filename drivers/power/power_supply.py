"""Batteries that the kernel knows, of fuel gauges and UPS boards: `power-supply://BAT0`.

The name is that of the folder in /sys/class/power_supply; its `uevent` is asked every `interval=S` (1); `root=/sys`.
The reading has what the gauge tells: capacity, voltage and current, or its power divided by the voltage. Whether a
current charges is taken from `STATUS`: the kernel's drivers do not agree on the sign of `CURRENT_NOW`. A `HEALTH` other
than good shows as degraded.

Counters: attempts, losses, readings, invalid.
"""

from collections.abc import Callable, Mapping

from drivers.device import PowerReading
from drivers.errors import DeviceError
from drivers.links.sysfs import BadAttribute, Folder
from drivers.power.polled import MOST_MA, MOST_MV, OPTIONS, PolledSensor
from drivers.uri import Uri

BATTERIES = ("Battery", "UPS")
"""Types whose voltage and current are a battery's; those of a mains or USB supply are its input's."""
_PREFIX = "POWER_SUPPLY_"
_FINE = ("Good", "Unknown")
_MOST_UW = MOST_MV * MOST_MA


class Model(PolledSensor):
    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        uri.only(*OPTIONS)
        self._supply = uri.host
        super().__init__(name, uri, now)

    def present(self) -> bool:
        return self._supply in self._tree.power_supplies()

    def find(self) -> Folder:
        return self._tree.power_supply(self._supply)

    def read(self, folder: Folder, at: float) -> tuple[PowerReading, BadAttribute | None]:
        return meaning(folder, folder.text("uevent"), at)


def meaning(folder: Folder, uevent: str, at: float) -> tuple[PowerReading, BadAttribute | None]:
    """Linux, Documentation/ABI/testing/sysfs-class-power: µV, µA, µW, percent. `BadAttribute`, `DeviceError`."""
    told = _told(uevent)
    kind = told.get("TYPE", "")
    if kind and kind not in BATTERIES:
        raise DeviceError(
            f"{folder.name}: is of type {kind[:20]!r}, not one of {', '.join(BATTERIES)}",
            remedy="Name the battery of /sys/class/power_supply in the device's URI.",
        )
    if told.get("PRESENT") == "0":
        raise BadAttribute(f"{folder.name}: no battery in it", attribute="PRESENT", remedy="Put the battery in.")
    microvolts = _number(folder, told, ("VOLTAGE_NOW", "VOLTAGE_AVG"), 0, MOST_MV * 1000)
    capacity = _number(folder, told, ("CAPACITY",), 0, 100)
    reading = PowerReading(
        soc_permille=None if capacity is None else capacity * 10,
        mv=None if microvolts is None else round(microvolts / 1000),
        ma=_milliamps(folder, told, microvolts),
        pv_mw=None,
        load_mw=None,
        mono=at,
    )
    if reading.soc_permille is None and reading.mv is None and reading.ma is None:
        raise BadAttribute(f"{folder.name}: uevent tells neither voltage nor current nor capacity", attribute="uevent")
    return reading, _complaint(folder, told.get("HEALTH", "Good"))


def _told(uevent: str) -> Mapping[str, str]:
    """The lines `POWER_SUPPLY_KEY=VALUE` by their key; other lines are left out."""
    lines = (line.partition("=") for line in uevent.split("\n") if line.startswith(_PREFIX))
    return {key.removeprefix(_PREFIX): value for key, equals, value in lines if equals}


def _number(folder: Folder, told: Mapping[str, str], keys: tuple[str, ...], low: int, high: int) -> int | None:
    for key in keys:
        if key in told:
            return folder.number(key, told[key], low, high)
    return None


def _milliamps(folder: Folder, told: Mapping[str, str], microvolts: int | None) -> int | None:
    """Positive while the battery is charged. None without a `STATUS`, which alone says what the sign means."""
    microamps = _number(folder, told, ("CURRENT_NOW", "CURRENT_AVG"), -MOST_MA * 1000, MOST_MA * 1000)
    if microamps is None:
        microwatts = _number(folder, told, ("POWER_NOW", "POWER_AVG"), -_MOST_UW, _MOST_UW)
        if microwatts is None or not microvolts:
            return None
        microamps = round(microwatts * 1_000_000 / microvolts)
        if abs(microamps) > MOST_MA * 1000:
            raise BadAttribute(f"{folder.name}: {microwatts} µW at {microvolts} µV cannot be", attribute="POWER_NOW")
    ma = round(microamps / 1000)
    match told.get("STATUS"):
        case "Charging":
            return abs(ma)
        case "Discharging":
            return -abs(ma)
        case None:
            return None
        case _:  # full, not charging, unknown: next to no current, with the sign that the kernel's rules ask for
            return ma


def _complaint(folder: Folder, health: str) -> BadAttribute | None:
    """`HEALTH` when it is one that somebody has to look after."""
    if health in _FINE:
        return None
    match health:
        case "Overheat" | "Hot" | "Warm":
            remedy = "Give the battery air and shade."
        case "Cold" | "Cool":
            remedy = "Warm the battery up before it is charged."
        case "Over voltage" | "Over current":
            remedy = "Check the charger and what else is connected to the battery."
        case _:
            remedy = "Have the battery looked at, or replace it."
    return BadAttribute(f"{folder.name}: the gauge reports {health[:30]!r}", attribute="HEALTH", remedy=remedy)
