"""The four short-horizon numbers, defined in docs/reference/kpis.md; every other place shows what is computed here."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from appliance.domain.visits import LIMITS_S, PageSeen, median
from appliance.language import N_

WINDOW_S = 3600


@dataclass(frozen=True)
class Flow:
    """Movement at one moment: seconds since the event opened, people in, people out. ``corrected``: so many are inside,
    whatever was counted; ``lost``: a counter could not count any more, or can again, so nobody knows how many are."""

    second: float
    in_: int = 0
    out: int = 0
    corrected: int | None = None
    lost: bool = False


@dataclass(frozen=True)
class Dwell:
    """How long people stayed in ``zone`` (DEVICE/ZONE): ``seconds`` in all ``stays``, the ``longest`` of them."""

    zone: str
    stays: int
    seconds: int
    longest: int


@dataclass(frozen=True)
class Corrected:
    """The newest correction: when (RFC 3339), and how many too many were counted until then; None: not known."""

    at: str
    drift: int | None


@dataclass(frozen=True)
class Measured:
    """What the journal knows of one event. ``seconds_open``: since opening; ``first_sale_s``: None before the first;
    ``source``: beam, camera, beam+camera, admissions or None; ``blind``: a counter that all of this rests on cannot
    count; ``doubts``: what the counters say of themselves; ``cost``: None when any line has none
    (``lines_without_cost``)."""

    source: str | None
    blind: bool
    doubts: Sequence[str]
    flow: Sequence[Flow]
    corrected: Corrected | None
    dwell: Sequence[Dwell]
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
    visits: Sequence[PageSeen] = ()


def inside(flow: Sequence[Flow]) -> int | None:
    """People inside; a counter that missed an entry never shows fewer than none. None: nobody knows since a counter
    could not count."""
    now: int | None = 0
    for step in flow:
        if step.corrected is not None:
            now = step.corrected
        elif step.lost:
            now = None
        elif now is not None:
            now = max(0, now + step.in_ - step.out)
    return now


def compute(m: Measured) -> dict[str, Any]:
    """The KPIs as ``GET /kpis`` answers them; unknown = None, with what is missing named."""
    answer: dict[str, Any] = {
        "attendance": _attendance(m),
        "sales": {"count": m.sales, "gross": m.gross, "net": m.net},
        "attention_density": _density(m),
        "micro_conversion": _conversion(m),
        "operational_latency": {
            "seconds": None if m.first_sale_s is None else round(m.first_sale_s),
            **({"missing": [N_("first sale")]} if m.first_sale_s is None else {}),
        },
        "local_roi": _roi(m),
    }
    if m.dwell:
        answer["dwell"] = [
            {
                "zone": zone.zone,
                "stays": zone.stays,
                "mean_s": _number(Fraction(zone.seconds, zone.stays)),
                "longest_s": zone.longest,
            }
            for zone in m.dwell
        ]
    if m.visits:
        answer["visits"] = _visits(m.visits)
    return answer


def _visits(pages: Sequence[PageSeen]) -> dict[str, Any]:
    """All of them, then page by page, the most visited first."""
    buckets = tuple(map(sum, zip(*(page.by_bucket for page in pages), strict=True)))
    visits, seconds, lost = (sum(getattr(page, name) for page in pages) for name in ("visits", "seconds", "lost"))
    each = [{"page": page.page, **_seen(page.visits, page.seconds, page.by_bucket, page.lost)} for page in pages]
    return {**_seen(visits, seconds, buckets, lost), "limits_s": list(LIMITS_S), "pages": each}


def _seen(visits: int, seconds: int, by_bucket: Sequence[int], lost: int) -> dict[str, Any]:
    """``median_s``: between which limits the visit in the middle lasted; the last bucket has no upper one."""
    place = median(by_bucket)
    edges = [0, *LIMITS_S, None]
    return {
        "count": visits,
        "seconds": seconds,
        "mean_s": _number(Fraction(seconds, visits)) if visits else None,
        "median_s": None if place is None else edges[place : place + 2],
        "by_bucket": list(by_bucket),
        "lost": lost,
    }


def _attendance(m: Measured) -> dict[str, Any]:
    """A sum that lacks what a counter did not see is shown, and says so; while one cannot count, nothing is."""
    known = m.source is not None and not m.blind
    people = inside(m.flow) if known else None
    answer: dict[str, Any] = {
        "in": sum(step.in_ for step in m.flow) if known else None,
        "out": sum(step.out for step in m.flow) if known else None,
        "occupancy": people,
        "source": m.source,
    }
    if m.corrected is not None:
        answer |= {"corrected_at": m.corrected.at, "drift": m.corrected.drift}
    missing = [N_("footfall or admissions")] if m.source is None else []
    missing += m.doubts
    if known and people is None:
        missing.append(N_("a head count since"))
    return answer | ({"missing": missing} if missing else {})


def _density(m: Measured) -> dict[str, Any]:
    """Occupancy at the start of the window + entries in it, over 3,600 s; scaled and marked while open for less."""
    answer: dict[str, Any] = {"value": None, "unit": "attendees/h"}
    doubts = {"missing": [*m.doubts]} if m.doubts else {}
    if m.source is None or m.seconds_open is None or m.seconds_open <= 0:
        lacks = N_("footfall or admissions") if m.source is None else N_("an open event")
        return answer | {"missing": [lacks, *m.doubts]}
    start = max(0.0, m.seconds_open - WINDOW_S)
    before = inside([step for step in m.flow if step.second < start])
    if m.blind:
        return answer | doubts
    if before is None:
        return answer | {"missing": [*m.doubts, N_("a head count before the last hour")]}
    entries = sum(step.in_ for step in m.flow if step.second >= start)
    if m.seconds_open < WINDOW_S:
        scaled = Fraction((before + entries) * WINDOW_S) / Fraction(max(m.seconds_open, 60.0))
        return answer | {"value": _number(scaled), "scaled": True} | doubts
    return answer | {"value": before + entries} | doubts


def _conversion(m: Measured) -> dict[str, Any]:
    parts = {"signups": m.signups, "redemptions": m.redemptions, "buys": m.buys}
    entries = 0 if m.blind else sum(step.in_ for step in m.flow)
    if entries == 0:
        return {"value": None, "per": 100, **parts, "missing": [*m.doubts] if m.blind else [N_("entries"), *m.doubts]}
    doubts = {"missing": [*m.doubts]} if m.doubts else {}
    return {"value": _number(Fraction(100 * sum(parts.values()), entries)), "per": 100, **parts} | doubts


def _roi(m: Measured) -> dict[str, Any]:
    """(gross − VAT − cost) / area; fees and event costs count from the moment when the lead enters them."""
    area = None if m.area_m2 is None else Fraction(Decimal(m.area_m2))
    answer: dict[str, Any] = {"value": None, "area_m2": None if area is None else _number(area)}
    missing = []
    if area is None:
        missing.append(N_("area"))
    if m.lines_without_cost:
        missing.append(N_(f"cost of {m.lines_without_cost} lines"))
    missing.append(N_("fees and event costs"))
    if area is not None:
        answer["value"] = _number((m.net - m.cost) / area)
    return answer | {"missing": missing}


def _number(value: Fraction) -> int | float:
    """One decimal, half up; whole numbers stay whole."""
    rounded = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return int(rounded) if rounded == rounded.to_integral() else float(rounded)
