"""What the registers of an Epever (EPsolar) charge controller say: Modbus function 04, all values × 100.

Source: "LS-B, VS-B, Tracer-B, Tracer-A, iTracer, eTracer Series Controller Communication Instruction" V2.5 (Beijing
Epsolar): 115200 8N1, unit 1. 32-bit values come low word first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BAUD = 115200

Block = tuple[int, int]
"""First register, and how many."""

PANEL: Block = (0x3100, 8)
"""PV V, A, W lo, hi; battery V, charging A, W lo, hi."""
LOAD: Block = (0x310C, 4)
"""Load V, A, W lo, hi."""
TEMPERATURE: Block = (0x3110, 1)
"""Of the battery, °C."""
CHARGE: Block = (0x311A, 1)
"""State of charge in whole percent."""
STATUS: Block = (0x3200, 2)
"""Bits of battery and charging equipment."""
BATTERY: Block = (0x331A, 3)
"""Battery V, then its net current, A lo, hi, signed."""

BLOCKS: tuple[Block, ...] = (PANEL, LOAD, TEMPERATURE, CHARGE, STATUS, BATTERY)
"""In the order in which they are asked. Only PANEL has to be there: smaller models refuse the others."""

Registers = Mapping[Block, Sequence[int]]

MOST_MV = 100_000
MOST_MA = 1_000_000
MOST_MW = 10_000_000


class Implausible(ValueError):
    """Registers that were transmitted right and cannot be true; says which."""


@dataclass(frozen=True)
class Values:
    """mW, mV, mA (positive = charging), per mille, °C; None = the model does not tell."""

    pv_mw: int
    mv: int
    ma: int | None
    load_mw: int | None
    soc_permille: int | None
    celsius: int | None


@dataclass(frozen=True)
class Complaint:
    """What the charger itself says is wrong, and what to do."""

    words: str
    remedy: str


def values(told: Registers) -> Values:
    """What a round of answers says. `Implausible`."""
    panel = told[PANEL]
    mv, ma = panel[4] * 10, None
    soc = told[CHARGE][0] if CHARGE in told else None
    if BATTERY in told:
        volts, low, high = told[BATTERY]
        ma = _signed(low | high << 16, 32) * 10
        if soc is None and volts <= 100:
            soc = volts  # some write the charge here: no battery that feeds a charger has 1 V
        elif volts > 100:
            mv = volts * 10
    load = told.get(LOAD)
    heat = told.get(TEMPERATURE)
    found = Values(
        pv_mw=(panel[2] | panel[3] << 16) * 10,
        mv=mv,
        ma=ma,
        load_mw=None if load is None else (load[2] | load[3] << 16) * 10,
        soc_permille=None if soc is None else soc * 10,
        celsius=None if heat is None else round(_signed(heat[0], 16) / 100),
    )
    _check("panel power in mW", found.pv_mw, 0, MOST_MW)
    _check("battery voltage in mV", found.mv, 0, MOST_MV)
    _check("battery current in mA", found.ma, -MOST_MA, MOST_MA)
    _check("load power in mW", found.load_mw, 0, MOST_MW)
    _check("state of charge in per mille", found.soc_permille, 0, 1000)
    _check("battery temperature in °C", found.celsius, -60, 150)
    return found


_BATTERY_STATES = {
    1: Complaint("battery over-voltage", "Disconnect the panel, and check that the charger is set to the battery."),
    2: Complaint("battery under-voltage", "Charge the battery, or switch something off."),
    3: Complaint("battery too low, load disconnected", "Charge the battery; the charger then gives the load back."),
    4: Complaint("battery fault", "Have the battery checked."),
}
_HEAT_STATES = {
    1: Complaint("battery too hot", "Give the battery air and shade."),
    2: Complaint("battery too cold", "Warm the battery up before it is charged."),
}
_BATTERY_BITS = {
    8: Complaint("battery's inner resistance abnormal", "Have the battery and its cables checked."),
    15: Complaint("battery's rated voltage not recognised", "Set the charger to 12 or 24 V, as the battery is."),
}
_CHARGER_BITS = {
    4: Complaint("panel input shorted", "Check the panel's cables."),
    7: Complaint("load switch shorted", "Have the charger repaired."),
    8: Complaint("load shorted", "Disconnect the load and look for the short."),
    9: Complaint("load over-current", "Switch something off."),
    10: Complaint("panel over-current", "Disconnect panels until they are within the charger's rating."),
    11: Complaint("anti-reverse switch shorted", "Have the charger repaired."),
    12: Complaint("charging or anti-reverse switch shorted", "Have the charger repaired."),
    13: Complaint("charging switch shorted", "Have the charger repaired."),
    1: Complaint("fault", "Look at the charger's display, and in its manual."),
}
"""By bit number, the most telling first: bit 1 is set beside the others."""
_INPUT_STATES = {
    2: Complaint("panel voltage too high", "Disconnect panels until they are within the charger's rating."),
    3: Complaint("panel voltage wrong", "Check the panel's cables and their polarity."),
}
"""1 = no power connected: it is night."""


def complaint(told: Registers) -> Complaint | None:
    """The first thing that the status registers complain of."""
    if STATUS not in told:
        return None
    battery, charger = told[STATUS]
    found = (
        _BATTERY_STATES.get(battery & 0xF),
        _HEAT_STATES.get(battery >> 4 & 0xF),
        *(words for bit, words in _BATTERY_BITS.items() if battery >> bit & 1),
        _INPUT_STATES.get(charger >> 14),
        *(words for bit, words in _CHARGER_BITS.items() if charger >> bit & 1),
    )
    return next((each for each in found if each is not None), None)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _check(what: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise Implausible(f"{what} is {value}, not in {low}…{high}")
