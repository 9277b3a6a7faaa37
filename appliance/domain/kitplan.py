"""The steps of plugging in the kit, and how long it took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Literal, get_args

StepName = Literal[
    "power",
    "clock",
    "printer",
    "drawer",
    "scanner",
    "footfall",
    "indicator",
    "relay",
    "button",
    "wifi",
    "keys",
    "sale",
]
"""The steps in their order. Those from printer to button are taken once for each such device; a drawer hangs on its
printer."""
KIND: Mapping[StepName, str] = {
    "printer": "printer",
    "drawer": "printer",
    "scanner": "scanner",
    "footfall": "footfall",
    "indicator": "indicator",
    "relay": "relay",
    "button": "button",
}
"""The kind of device that a step is about; the others are about none."""
TARGET_S = 7200
"""From the plug to a box that is ready: two hours."""

Since = Literal["power", "begun"]


@dataclass(frozen=True)
class Place:
    """One step for one device; ``device`` is "" where a step has none."""

    step: StepName
    device: str = ""


@dataclass(frozen=True)
class Moment:
    """When something was recorded: ``mono`` in µs since the start of ``boot``."""

    boot: str
    mono: int
    wall_ms: int
    trusted: bool


@dataclass(frozen=True)
class Timed:
    """How long a check took. ``since``: the power came on, or, on a box that had been on for longer than the target,
    the check began. Not ``exact``: the time that the box was off is not in it, because its clock was not trusted.
    ``boots``: starts of the box, 1 = it was never off."""

    seconds: int
    since: Since
    exact: bool
    boots: int


def plan(devices: Sequence[str]) -> list[Place]:
    """The steps of a box with these devices, in their order. A printer and a scanner are always asked for, also when
    there is none yet."""
    places = []
    for step in get_args(StepName):
        kind = KIND.get(step)
        if kind is None:
            places.append(Place(step))
        else:
            names = [name for name in devices if name.partition("-")[0] == kind]
            missing = [""] if step in ("printer", "scanner") else []
            places += [Place(step, name) for name in names or missing]
    return places


def timed(moments: Sequence[Moment]) -> Timed:
    """How long it took from the first of these moments to the last, by this rule.

    Within one start of the box the monotonic clock counts, from the moment the power came on; over a restart the wall
    clock does, if it was trusted before and after, else the time in between is left out. A box that had been on for
    longer than the target at the first moment is timed from there: that was no set-up.
    """
    boots = [list(group) for _, group in groupby(moments, key=attrgetter("boot"))]
    first = boots[0]
    from_power = first[0].mono <= TARGET_S * 1_000_000
    total, exact = first[-1].mono - (0 if from_power else first[0].mono), True
    for before, after in pairwise(boots):
        gap = (after[0].wall_ms - before[-1].wall_ms) * 1000 - after[0].mono
        known = before[-1].trusted and after[0].trusted and gap >= 0
        total += after[-1].mono + (gap if known else 0)
        exact = exact and known
    return Timed(total // 1_000_000, "power" if from_power else "begun", exact, len(boots))
