"""Turnover by the hour as bars for a plot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

LEFT, RIGHT, TOP, BOTTOM = 20.0, 300.0, 22.0, 118.0
MOST = 36
"""Bars: more are too thin to be told apart on a phone; then the newest are shown."""
_GAP = 0.2  # of a bar's place
_HOUR = timedelta(hours=1)
_LONGEST = 4  # hours without a sale that are shown as such
_HALF = 30  # of the text above the highest bar


@dataclass(frozen=True)
class Bar:
    """A rectangle; ``hour``: when it begins (RFC 3339); ``best``: the highest of all."""

    x: float
    y: float
    width: float
    height: float
    hour: str
    best: bool


@dataclass(frozen=True)
class HourPlot:
    """``zero``: where nothing is; bars of hours in which more went back than came in hang below it. ``best``: the row
    of the highest bar, whose middle is at ``middle``. ``first``, ``last``: hours at the edges."""

    bars: list[Bar]
    zero: float
    best: dict[str, Any]
    middle: float
    top: float
    first: str
    last: str


def hours(rows: Sequence[dict[str, Any]]) -> HourPlot | None:
    """Of a report by hour, in order; None when nothing was sold. Hours without a sale are gaps; a night is a small
    one."""
    shown = rows[-MOST:]
    places = _places(shown)
    while shown and places[-1] - places[0] >= MOST:
        shown, places = shown[1:], places[1:]
    highest = max((row["gross"] for row in shown), default=0)
    if highest <= 0:
        return None
    lowest = min(0, *(row["gross"] for row in shown))
    step = (RIGHT - LEFT) / (places[-1] - places[0] + 1)
    scale = (BOTTOM - TOP) / (highest - lowest)
    zero = BOTTOM + lowest * scale
    best = next(row for row in shown if row["gross"] == highest)
    bars: list[Bar] = []
    for row, place in zip(shown, places, strict=True):
        left, height = LEFT + (place - places[0] + _GAP / 2) * step, abs(row["gross"]) * scale
        y = zero - height if row["gross"] > 0 else zero
        width = step * (1 - _GAP)
        bars.append(Bar(round(left, 1), round(y, 1), round(width, 1), round(height, 1), row["hour"], row is best))
    top = next(bar for bar in bars if bar.best)
    middle = min(RIGHT - _HALF, max(LEFT + _HALF, top.x + top.width / 2))
    first, last = shown[0]["hour"], shown[-1]["hour"]
    return HourPlot(bars, round(zero, 1), best, round(middle, 1), round(top.y - 6, 1), first, last)


def _places(rows: Sequence[dict[str, Any]]) -> list[int]:
    """Where each hour's bar stands, counted in bars."""
    times = [datetime.fromisoformat(row["hour"]) for row in rows]
    found = [0]
    for before, at in pairwise(times):
        gap = round((at - before) / _HOUR)
        found.append(found[-1] + (gap if gap <= _LONGEST else 2))
    return found
