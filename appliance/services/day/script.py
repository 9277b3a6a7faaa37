"""What is played: RUN/day.json, as ``boothkit up --day`` writes it."""

from typing import Any, Literal

import msgspec

FILE = "day.json"

Direction = Literal["in", "out"]


class Scan(msgspec.Struct, frozen=True, tag=True):
    """A code at the door; ``reads``: 2 = the scanner reads one showing twice."""

    code: str
    by: Literal["scanner", "tablet"]
    direction: Direction
    reads: int


class Walk(msgspec.Struct, frozen=True, tag=True):
    """People through the beams."""

    direction: Direction
    people: int


class Sell(msgspec.Struct, frozen=True, tag=True):
    """The body of a sale."""

    lines: list[dict[str, Any]]
    tenders: list[dict[str, Any]]


class Printer(msgspec.Struct, frozen=True, tag=True):
    """Hands on the printer; None leaves it as it is."""

    paper: str | None
    cover: str | None


class Plug(msgspec.Struct, frozen=True, tag=True):
    """A plug pulled or put back."""

    device: Literal["printer", "scanner"]
    plugged: bool


class Power(msgspec.Struct, frozen=True, tag=True):
    """V, A, W, percent."""

    volts: float
    amps: float
    pv_watts: float
    soc: float


Do = Scan | Walk | Sell | Printer | Plug | Power


class Step(msgspec.Struct, frozen=True):
    """``at_s``: seconds since the beginning of the day, in the day's own time."""

    at_s: float
    do: Do


class Script(msgspec.Struct, frozen=True):
    """``name`` begins every key; ``pin``: the cashier's; ``speed``: the day's seconds in one of ours."""

    name: str
    speed: float
    pin: str
    steps: list[Step]
