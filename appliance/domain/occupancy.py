"""How many are inside by the counters: set right by a head count or by a place that was seen empty, and held against
the limit of the policy.

Counters drift: nobody counts perfectly, and what is off adds up over a day. A correction says how many there are; from
then on they count on from there. What came in and went out stays as it was counted.
"""

from dataclasses import dataclass, field

from appliance.domain.events import Event, require_open
from appliance.domain.guardrails import Limits, OccupancyExceeded
from appliance.domain.kernel import DEVICE, STAFF, Ask, Context, Decided, Fact, command, kind
from appliance.domain.tasks import TaskRaised
from appliance.errors import invalid

MOST_PEOPLE = 1_000_000


@kind("occupancy.corrected/1")
class OccupancyCorrected(Fact, frozen=True):
    """``occupancy`` people are inside: counted by ``by``, or seen by the box itself, whose camera has looked at an
    empty place for a while. ``counted``: how many the box held for inside until then; None: it did not know."""

    occupancy: int
    counted: int | None
    by: str | None = None


@kind("occupancy.eased/1")
class OccupancyEased(Fact, frozen=True):
    """By the counters there are no more people inside than the policy lets in any more: ``occupancy`` of them."""

    occupancy: int


@dataclass(frozen=True)
class HeadcountKnown:
    """What the counters know of the present event. ``counted``: whether any has counted in it; ``inside``: how many are
    by them; ``shown``: how many the box says are inside, by whatever it counts, None: nobody knows; ``over``: too many
    were, and that has not ended; ``told``: a task waits about that; ``whole``: zones that are the whole place;
    ``entrance``: whether those who cross the line come in or go out (else they pass by inside)."""

    event: Event | None
    counted: bool = False
    inside: int = 0
    shown: int | None = None
    over: bool = False
    told: bool = False
    whole: frozenset[str] = frozenset()
    entrance: bool = True
    limits: Limits = field(default_factory=Limits)


def moved(known: HeadcountKnown, inside: int, ctx: Context) -> list[Fact]:
    """What follows when so many are inside now: too many for the policy, once each time that its line is crossed, with
    a task for the lead; or no longer too many."""
    most = known.limits.rails.occupancy.door
    if known.over and (most is None or inside <= most):
        return [OccupancyEased(occupancy=inside)]
    if most is None or inside <= most or (known.over and known.inside > most):
        return []
    if known.event is None or known.event.state != "open":
        return []
    facts: list[Fact] = [OccupancyExceeded(occupancy=inside)]
    if not known.told:
        facts.append(TaskRaised(task=ctx.new_id("t"), kind="over-capacity", about=known.event.event))
    return facts


class Correct(Ask, frozen=True):
    """``inside``: how many people are inside, counted by heads."""

    inside: int


@command("occupancy.correct", Correct, STAFF, at_full="go_on")
def correct(ask: Correct, known: HeadcountKnown, ctx: Context) -> Decided:
    """The lead has counted: that is how many there are, however far the counters were off."""
    if not 0 <= ask.inside <= MOST_PEOPLE:
        raise invalid(f"{ask.inside} inside: wants 0 to {MOST_PEOPLE:,}")
    require_open(known.event)
    by = ctx.actor.partition(":")[2]
    fact = OccupancyCorrected(occupancy=ask.inside, counted=known.shown, by=by)
    after = moved(known, ask.inside, ctx) if known.counted else []
    drift = None if known.shown is None else known.shown - ask.inside
    return Decided([fact, *after], {"occupancy": ask.inside, "drift": drift})


class SeenEmpty(Ask, frozen=True):
    """``zone``: DEVICE/ZONE, which is the whole place and has been empty for a minute."""

    zone: str


@command("occupancy.seen_empty", SeenEmpty, DEVICE, at_full="go_on")
def seen_empty(ask: SeenEmpty, known: HeadcountKnown, ctx: Context) -> Decided:
    """Nobody is there: news only where the box thought otherwise, or did not know. A zone that is not the whole place
    (any more) says nothing about it."""
    live = known.event is not None and known.event.state == "open"
    if not live or ask.zone not in known.whole or known.shown == 0 or (known.shown is None and not known.counted):
        return Decided([])
    after = moved(known, 0, ctx)
    return Decided([OccupancyCorrected(occupancy=0, counted=known.shown), *after])
