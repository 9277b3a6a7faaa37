"""The power screen's two pictures: points for SVG, in user units."""

import math
from dataclasses import dataclass
from typing import Any

from appliance.language import N_
from web.common.language import _

NAMES = {
    "saving": N_("Saving"),
    "low": N_("Low"),
    "critical": N_("Critical"),
    "cut-off": N_("Cut-off"),
}
"""The levels, as the plot calls their limits."""

WIDTH, LEFT, RIGHT = 320, 20, 300
TOP, BOTTOM = 12, 118
BACK_MS = 6 * 3_600_000
MOST_AHEAD_MS = 12 * 3_600_000
LEAST_AHEAD_MS = 3_600_000
EVERY_MS = 600_000
HEADROOM = 1.3
"""Above the highest value, for the label of the axis."""
BREAK_MS = 3 * EVERY_MS
"""Between two means further apart than this the line is broken: nothing is known of the time between."""


@dataclass(frozen=True)
class Point:
    """Where something is; ``text`` on its label."""

    x: float
    y: float
    text: str = ""


@dataclass(frozen=True)
class ChargePlot:
    """The charge so far (``lines``: one for each stretch that was measured), now, and as it will be: ``ahead`` and the
    corners of the range. ``limits``: lines with words. ``end`` is the moment at the right edge, in Unix ms."""

    lines: list[str]
    now: Point | None
    ahead: str
    range: str
    limits: list[Point]
    begin: int
    end: int


@dataclass(frozen=True)
class WattPlot:
    """What the load took (``load``) and the sun gave (``sun``: closed areas); ``most`` is what the top stands for."""

    load: list[str]
    sun: list[str]
    most: int
    begin: int
    end: int


def charge(
    history: list[dict[str, Any]], power: dict[str, Any], now_ms: int, closes_ms: int | None, limits: dict[str, int]
) -> ChargePlot:
    """Six hours back, and ahead to closing time or to the end of the charge."""
    soc, empty = power["soc"], power["time_to_empty_s"]
    goal, low, high = power["at_close"], power["at_close_low"], power["at_close_high"]
    until = closes_ms
    if goal is None and soc is not None and empty is not None:
        until, goal, low, high = now_ms + empty * 1000, float(limits.get("cut-off", 0)), None, None
    begin, ahead_ms = now_ms - BACK_MS, (until or now_ms) - now_ms
    end = now_ms + min(MOST_AHEAD_MS, max(LEAST_AHEAD_MS, ahead_ms))

    def x(at_ms: int) -> float:
        return round(LEFT + (RIGHT - LEFT) * max(0, at_ms - begin) / (end - begin), 1)

    def y(percent: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * percent / 100, 1)

    known = [(row["at_ms"], row["soc_permille"] / 10) for row in history if row["soc_permille"] is not None]
    if soc is not None:
        known.append((now_ms, soc))
    lines = [" ".join(f"{x(at)},{y(value)}" for at, value in stretch) for stretch in _stretches(known)]
    here = None if soc is None else Point(x(now_ms), y(soc))
    ahead = corners = ""
    if here is not None and goal is not None and until is not None and now_ms < until <= end:
        ahead = f"{here.x},{here.y} {x(until)},{y(goal)}"
        if low is not None and high is not None:
            corners = f"{here.x},{here.y} {x(until)},{y(high)} {x(until)},{y(low)}"
    words = [Point(LEFT, y(percent), f"{_(NAMES.get(level, level))} {percent} %") for level, percent in limits.items()]
    return ChargePlot(lines, here, ahead, corners, words, begin, end)


def watts(history: list[dict[str, Any]], now_ms: int) -> WattPlot:
    """The last six hours."""
    begin, end = now_ms - BACK_MS, now_ms
    seen = [row[key] / 1000 for row in history for key in ("load_mw", "pv_mw") if row[key] is not None]
    most = math.ceil(HEADROOM * max([10.0, *seen]) / 10) * 10

    def point(at_ms: int, mw: float) -> str:
        x = LEFT + (RIGHT - LEFT) * (at_ms - begin) / (end - begin)
        return f"{x:.1f},{BOTTOM - (BOTTOM - TOP) * mw / 1000 / most:.1f}"

    def runs(key: str) -> list[list[tuple[int, float]]]:
        return _stretches([(max(begin, row["at_ms"]), row[key]) for row in history if row[key] is not None])

    load = [" ".join(point(at, mw) for at, mw in run) for run in runs("load_mw")]
    sun = [
        " ".join([point(run[0][0], 0), *(point(at, mw) for at, mw in run), point(run[-1][0], 0)])
        for run in runs("pv_mw")
    ]
    return WattPlot(load, sun, most, begin, end)


def _stretches(values: list[tuple[int, float]]) -> list[list[tuple[int, float]]]:
    found: list[list[tuple[int, float]]] = []
    for at, value in values:
        if found and at - found[-1][-1][0] <= BREAK_MS:
            found[-1].append((at, value))
        else:
            found.append([(at, value)])
    return found
