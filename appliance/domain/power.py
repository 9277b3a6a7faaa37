"""Power: battery, solar panel and load as sampled; how short it is, what is switched off for that, and who said no."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from appliance.clock import parse_rfc3339, rfc3339
from appliance.domain.kernel import DEVICE, STAFF, Ask, Context, Decided, Fact, command, kind, refuse
from appliance.errors import invalid

Level = Literal["normal", "saving", "low", "critical", "cut-off"]
LEVELS: tuple[Level, ...] = ("normal", "saving", "low", "critical", "cut-off")
"""From plenty to nothing."""

StepState = Literal["announced", "withdrawn", "off", "on", "refused"]
"""`announced`: goes off soon; `withdrawn`: announced and not needed any more; `off`, `on`: done, undone; `refused`: the
box could not do it."""

SHUTDOWN = "shutdown"
"""The step that switches the box itself off."""
VETO_S = 1800
"""Seconds that a step stays on after the lead said no, unless it gets worse before."""
SHUTDOWN_VETO_S = 300
SHUTDOWN_VETOES = 2
"""How often the end may be put off, and by how many seconds."""
LONGEST_PLAN_MS = 14 * 86_400_000

_STEP = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_MOMENT = re.compile(
    r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


@kind("power.sampled/1")
class PowerSampled(Fact, frozen=True):
    """State of charge in per mille, battery in mV and mA (negative = discharging), panel and load in mW; None = not
    measured.

    All but the state of charge are means over the last ``over_s`` seconds. ``in_mw`` and ``out_mw``: mean power into
    and out of the battery, each for itself. ``counted``: the state of charge was counted from currents, no device
    measured it; ``sigma_permille``: its standard uncertainty.
    """

    soc_permille: int | None
    mv: int | None
    ma: int | None
    pv_mw: int | None
    load_mw: int | None
    in_mw: int | None = None
    out_mw: int | None = None
    over_s: int = 0
    counted: bool = False
    sigma_permille: int | None = None


@kind("power.level_changed/1")
class LevelChanged(Fact, frozen=True, rename={"from_": "from"}):
    """How short the power is. ``shed``: the steps that belong off at the new level; each is announced first."""

    from_: Level
    to: Level
    shed: list[str]


@kind("power.step_changed/1")
class StepChanged(Fact, frozen=True):
    """One thing that is switched off to save power. ``in_s``: seconds from the announcement to the deed; ``final``: the
    lead cannot stop it."""

    step: str
    state: StepState
    level: Level
    in_s: int = 0
    final: bool = False


@kind("power.vetoed/1")
class PowerVetoed(Fact, frozen=True):
    """The lead keeps a step on at this level for ``for_s`` seconds."""

    step: str
    level: Level
    for_s: int


@kind("event.planned/1")
class EventPlanned(Fact, frozen=True):
    """When the event is meant to close (RFC 3339, UTC)."""

    event: str
    closes: str


@dataclass(frozen=True)
class Step:
    """A step as last recorded; ``vetoes``: how often it was put off since it was first announced."""

    state: StepState
    level: Level
    final: bool
    vetoes: int


@dataclass(frozen=True)
class PowerKnown:
    """The level and the steps as last recorded."""

    level: Level
    steps: Mapping[str, Step] = field(default_factory=dict)


class SamplePower(Ask, frozen=True):
    """One sample, merged from all power devices; as the fact."""

    soc_permille: int | None
    mv: int | None
    ma: int | None
    pv_mw: int | None
    load_mw: int | None
    in_mw: int | None = None
    out_mw: int | None = None
    over_s: int = 0
    counted: bool = False
    sigma_permille: int | None = None


class ChangeLevel(Ask, frozen=True):
    """The power worker's word; ``shed`` as in the fact."""

    to: Level
    shed: list[str]


class ChangeStep(Ask, frozen=True):
    """What the power worker did with a step."""

    step: str
    state: StepState
    level: Level
    in_s: int = 0
    final: bool = False


class VetoStep(Ask, frozen=True):
    """Keep a step on that is announced, or bring it back."""

    step: str


class PlanEvent(Ask, frozen=True):
    """``closes``: RFC 3339 with an offset, within two weeks."""

    closes: str


_LIMITS = {
    "soc_permille": (0, 1000),
    "mv": (0, 100_000),
    "ma": (-1_000_000, 1_000_000),
    "pv_mw": (0, 10_000_000),
    "load_mw": (0, 10_000_000),
    "in_mw": (0, 10_000_000),
    "out_mw": (0, 10_000_000),
    "over_s": (0, 3600),
    "sigma_permille": (0, 1000),
}


@command("power.sample", SamplePower, DEVICE, at_full="finish")
def sample(ask: SamplePower, known: None, ctx: Context) -> Decided:
    """A reading outside of what a small box can have is a fault of the device, not a fact."""
    for key, (low, high) in _LIMITS.items():
        value = getattr(ask, key)
        if value is not None and not low <= value <= high:
            raise invalid(f"{key} {value}: wants {low} to {high}")
    fact = PowerSampled(
        soc_permille=ask.soc_permille,
        mv=ask.mv,
        ma=ask.ma,
        pv_mw=ask.pv_mw,
        load_mw=ask.load_mw,
        in_mw=ask.in_mw,
        out_mw=ask.out_mw,
        over_s=ask.over_s,
        counted=ask.counted,
        sigma_permille=ask.sigma_permille,
    )
    return Decided([fact])


@command("power.change_level", ChangeLevel, DEVICE, at_full="finish")
def change_level(ask: ChangeLevel, known: PowerKnown, ctx: Context) -> Decided:
    """The same level again is no news."""
    for step in ask.shed:
        _named(step)
    if ask.to == known.level:
        return Decided([])
    return Decided([LevelChanged(from_=known.level, to=ask.to, shed=ask.shed)])


@command("power.change_step", ChangeStep, DEVICE, at_full="finish")
def change_step(ask: ChangeStep, known: PowerKnown, ctx: Context) -> Decided:
    """The same state again is no news, but for an announcement that is made anew."""
    _named(ask.step)
    if not 0 <= ask.in_s <= 86_400:
        raise invalid(f"in_s {ask.in_s}: wants 0 to 86,400 seconds")
    before = known.steps.get(ask.step)
    if before is not None and ask.state != "announced" and before.state == ask.state:
        return Decided([])
    return Decided([StepChanged(step=ask.step, state=ask.state, level=ask.level, in_s=ask.in_s, final=ask.final)])


@command("power.veto", VetoStep, STAFF, at_full="finish")
def veto(ask: VetoStep, known: PowerKnown, ctx: Context) -> Decided:
    """The lead keeps a step on. The end of the box can be put off twice, and not at all below the hard limit."""
    step = known.steps.get(ask.step)
    if step is None or step.state not in ("announced", "off"):
        refuse("not-found", "no such step is announced or off", "Load the page again.")
    if ask.step != SHUTDOWN:
        return Decided([PowerVetoed(step=ask.step, level=step.level, for_s=VETO_S)], {"for_s": VETO_S})
    if step.final or step.state == "off":
        refuse("guardrail", "the battery is below the limit that protects it", "Charge it, or let the box switch off.")
    if step.vetoes >= SHUTDOWN_VETOES:
        refuse("guardrail", f"it was put off {step.vetoes} times already", "Charge it, or let the box switch off.")
    return Decided([PowerVetoed(step=SHUTDOWN, level=step.level, for_s=SHUTDOWN_VETO_S)], {"for_s": SHUTDOWN_VETO_S})


@command("event.plan", PlanEvent, STAFF, at_full="go_on")
def plan(ask: PlanEvent, known: None, ctx: Context) -> Decided:
    """When the present event is meant to close; the newest word counts."""
    if not ctx.event:
        refuse("event-closed", "there is no event yet", "Create it first: boothkit event create")
    try:
        closes = parse_rfc3339(ask.closes) if _MOMENT.fullmatch(ask.closes) else -1
    except ValueError:  # 30 February
        closes = -1
    if closes < 0:
        raise invalid("closes: wants RFC 3339, such as 2026-11-27T22:00:00+01:00")
    if ctx.now.trusted and not ctx.now.wall_ms < closes <= ctx.now.wall_ms + LONGEST_PLAN_MS:
        raise invalid("closes: wants a time in the next two weeks")
    fact = EventPlanned(event=ctx.event, closes=rfc3339(closes))
    return Decided([fact], {"event": fact.event, "closes": fact.closes})


def _named(step: str) -> None:
    if not _STEP.fullmatch(step):
        raise invalid("step: wants 1 to 40 small letters, digits and dashes")
