"""The four short-horizon numbers, defined in docs/reference/kpis.md; every other place shows what is computed here."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

WINDOW_S = 3600


@dataclass(frozen=True)
class Flow:
    """Movement at one moment: seconds since the event opened, people in, people out."""

    second: float
    in_: int
    out: int


@dataclass(frozen=True)
class Measured:
    """What the journal knows of one event. ``seconds_open``: since opening; ``first_sale_s``: None before the first;
    ``source``: beam, camera, admissions or None; ``cost``: None when any line has none (``lines_without_cost``)."""

    source: str | None
    flow: Sequence[Flow]
    seconds_open: float | None
    sales: int
    gross: int
    net: int
    cost: int
    lines_without_cost: int
    signups: int
    redemptions: int
    buys: int
    first_sale_s: float | None
    area_m2: str | None


def occupancy(flow: Sequence[Flow]) -> int:
    """People inside; a counter that missed an entry never shows fewer than none."""
    inside = 0
    for step in flow:
        inside = max(0, inside + step.in_ - step.out)
    return inside


def compute(m: Measured) -> dict[str, Any]:
    """The KPIs as ``GET /kpis`` answers them; unknown = None, with what is missing named."""
    entries = sum(step.in_ for step in m.flow)
    inside = occupancy(m.flow)
    attendance: dict[str, Any] = {
        "in": entries if m.source else None,
        "out": sum(step.out for step in m.flow) if m.source else None,
        "occupancy": inside if m.source else None,
        "source": m.source,
    }
    if m.source is None:
        attendance["missing"] = ["footfall or admissions"]
    return {
        "attendance": attendance,
        "sales": {"count": m.sales, "gross": m.gross, "net": m.net},
        "attention_density": _density(m),
        "micro_conversion": _conversion(m, entries),
        "operational_latency": {
            "seconds": None if m.first_sale_s is None else round(m.first_sale_s),
            **({"missing": ["first sale"]} if m.first_sale_s is None else {}),
        },
        "local_roi": _roi(m),
    }


def _density(m: Measured) -> dict[str, Any]:
    """Occupancy at the start of the window + entries in it, over 3,600 s; scaled and marked while open for less."""
    answer: dict[str, Any] = {"value": None, "unit": "attendees/h"}
    if m.source is None or m.seconds_open is None or m.seconds_open <= 0:
        return answer | {"missing": ["footfall or admissions" if m.source is None else "an open event"]}
    start = max(0.0, m.seconds_open - WINDOW_S)
    before = occupancy([step for step in m.flow if step.second < start])
    entries = sum(step.in_ for step in m.flow if step.second >= start)
    if m.seconds_open < WINDOW_S:
        scaled = Fraction((before + entries) * WINDOW_S) / Fraction(max(m.seconds_open, 60.0))
        return answer | {"value": _number(scaled), "scaled": True}
    return answer | {"value": before + entries}


def _conversion(m: Measured, entries: int) -> dict[str, Any]:
    parts = {"signups": m.signups, "redemptions": m.redemptions, "buys": m.buys}
    if entries == 0:
        return {"value": None, "per": 100, **parts, "missing": ["entries"]}
    return {"value": _number(Fraction(100 * sum(parts.values()), entries)), "per": 100, **parts}


def _roi(m: Measured) -> dict[str, Any]:
    """(gross − VAT − cost) / area; fees and event costs count from the moment when the lead enters them."""
    area = None if m.area_m2 is None else Fraction(Decimal(m.area_m2))
    answer: dict[str, Any] = {"value": None, "area_m2": None if area is None else _number(area)}
    missing = []
    if area is None:
        missing.append("area")
    if m.lines_without_cost:
        missing.append(f"cost of {m.lines_without_cost} lines")
    missing.append("fees and event costs")
    if area is not None:
        answer["value"] = _number((m.net - m.cost) / area)
    return answer | {"missing": missing}


def _number(value: Fraction) -> int | float:
    """One decimal, half up; whole numbers stay whole."""
    rounded = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return int(rounded) if rounded == rounded.to_integral() else float(rounded)
