"""What happens on a day, one step at a time, and what is on sale."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from drivers.emulators.beam import Direction
from drivers.emulators.mechanism import Cover, Paper

PRICES = {"COFFEE": 350, "CAKE": 420, "POSTER": 1200, "CUP": 200}
"""Minor units: what the demo sells."""
POSTERS = 20
FLOAT = 10_000
REENTRY = frozenset({"vip"})
"""Lists whose tickets open the door again after an exit; all others open it once."""
NO_TICKET = "NO-TICKET-"
"""How a code begins that stands on no list."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A code at the door. `list` is None for a code of no list; `reads`: 2 = the scanner reads one showing twice;
    an exit is always taken with the tablet."""

    code: str
    list: str | None
    by: Literal["scanner", "tablet"] = "scanner"
    direction: Direction = "in"
    reads: int = 1


@dataclass(frozen=True, slots=True)
class Walk:
    """People through the beams, one after the other."""

    direction: Direction
    people: int


@dataclass(frozen=True, slots=True)
class Line:
    """`returned`: a deposit that comes back."""

    sku: str
    qty: int
    returned: bool = False


@dataclass(frozen=True, slots=True)
class Tender:
    """Minor units; `reference` is the card terminal's."""

    kind: Literal["cash", "card"]
    amount: int
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Sell:
    """A cart as the cashier sends it off; the till may refuse it."""

    lines: tuple[Line, ...]
    tenders: tuple[Tender, ...]


@dataclass(frozen=True, slots=True)
class Printer:
    """None leaves it as it is."""

    paper: Paper | None = None
    cover: Cover | None = None


@dataclass(frozen=True, slots=True)
class Plug:
    device: Literal["printer", "scanner"]
    plugged: bool


@dataclass(frozen=True, slots=True)
class Power:
    """Battery V and A (positive = charging), solar W, state of charge in percent."""

    volts: float
    amps: float
    pv_watts: float
    soc: float


Do = Scan | Walk | Sell | Printer | Plug | Power


@dataclass(frozen=True, slots=True)
class Step:
    at_s: float
    do: Do


def total(lines: Sequence[Line]) -> int:
    """What a cart costs; negative when more comes back than goes out."""
    return sum((-1 if line.returned else 1) * line.qty * PRICES[line.sku] for line in lines)


def posters(lines: Sequence[Line]) -> int:
    return sum(line.qty for line in lines if line.sku == "POSTER")
