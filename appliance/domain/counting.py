"""What the counters count, how long people stay, and how far a counter may be believed.

Places in a plan are whole numbers of ten-thousandths of the picture's width and height, from its upper left corner. The
bounds are those of `drivers.vision.plan`; a test holds both equal.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from appliance.domain.devices import DeviceName
from appliance.domain.kernel import DEVICE, STAFF, Ask, Context, Decided, Fact, command, kind, refuse
from appliance.errors import invalid

FULL = 10_000
"""Parts of the picture's width and height."""
MOST_LINES = 8
MOST_ZONES = 8
MOST_CORNERS = 12
SHORTEST = 500
LONGEST_STAY_S = 7 * 86_400
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,19}")
_ZONE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}/[a-z0-9][a-z0-9-]{0,19}")

Place = tuple[int, int]
Verdict = Literal["good", "poor", "unsuitable"]
Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z-]{0,29}$")]
Permille = Annotated[int, msgspec.Meta(ge=0, le=1000)]


class PlannedLine(Fact, frozen=True):
    """From ``a`` to ``b``; ``in`` is whoever walks down in the picture over a line from left to right. ``entrance``
    false: it lies inside of the place, and attendance leaves it out."""

    name: str
    a: Place
    b: Place
    entrance: bool = True


class PlannedZone(Fact, frozen=True):
    """A polygon on the ground. ``whole``: everybody who is inside stands in it."""

    name: str
    corners: tuple[Place, ...]
    whole: bool = False


class Tried(Fact, frozen=True, rename={"in_": "in"}):
    """What a draft counted while somebody tried it."""

    in_: int
    out: int


@kind("counter.planned/1")
class CounterPlanned(Fact, frozen=True):
    """From now on the camera ``device`` counts at these lines and in these zones. ``tried``: what the plan counted
    before it was accepted; None: it was not tried."""

    device: str
    lines: tuple[PlannedLine, ...]
    zones: tuple[PlannedZone, ...]
    tried: Tried | None


@dataclass(frozen=True)
class CounterKnown:
    """Whether a worker has told of this device."""

    there: bool


class PlanCounter(Ask, frozen=True):
    """Accept a plan for a camera."""

    device: DeviceName
    lines: tuple[PlannedLine, ...] = ()
    zones: tuple[PlannedZone, ...] = ()
    tried: Tried | None = None


@command("counter.plan", PlanCounter, STAFF, at_full="finish")
def plan(ask: PlanCounter, known: CounterKnown, ctx: Context) -> Decided:
    """What is no plan is not accepted; the rest is what the lead sees in the picture."""
    _check(ask.lines, ask.zones)
    if ask.tried is not None and not (0 <= ask.tried.in_ <= FULL and 0 <= ask.tried.out <= FULL):
        raise invalid(f"tried: {ask.tried.in_} in and {ask.tried.out} out: wants 0 to {FULL:,}")
    if not known.there:
        refuse("not-found", f"{ask.device} is no footfall counter of this box", "Look at the box's page for its name.")
    fact = CounterPlanned(device=ask.device, lines=ask.lines, zones=ask.zones, tried=ask.tried)
    return Decided([fact], {"device": ask.device})


def _check(lines: tuple[PlannedLine, ...], zones: tuple[PlannedZone, ...]) -> None:
    if len(lines) > MOST_LINES or len(zones) > MOST_ZONES:
        raise invalid(f"{len(lines)} lines and {len(zones)} zones: wants at most {MOST_LINES} and {MOST_ZONES}")
    names = [line.name for line in lines] + [zone.name for zone in zones]
    for name in names:
        if not _NAME.fullmatch(name):
            raise invalid(f"{name[:60]!r} is no name of a line: wants 1 to 20 small letters, digits and hyphens")
    if len(set(names)) < len(names):
        raise invalid("two lines or zones have one name", "Give each its own.")
    for line in lines:
        _inside(line.name, (line.a, line.b))
        if abs(line.a[0] - line.b[0]) < SHORTEST and abs(line.a[1] - line.b[1]) < SHORTEST:
            raise invalid(
                f"line {line.name}: shorter than {SHORTEST * 100 // FULL} % of the picture", "Draw it longer."
            )
    for zone in zones:
        _inside(zone.name, zone.corners)
        if not 3 <= len(zone.corners) <= MOST_CORNERS:
            raise invalid(f"zone {zone.name}: {len(zone.corners)} corners: wants 3 to {MOST_CORNERS}")


def _inside(name: str, places: Iterable[Place]) -> None:
    for x, y in places:
        if not (0 <= x <= FULL and 0 <= y <= FULL):
            raise invalid(f"{name}: {x}, {y} lies outside of the picture: wants 0 to {FULL:,}")


@kind("counter.judged/1")
class CounterJudged(Fact, frozen=True):
    """How far the counter ``device`` may be believed, by its own word: in an event that it had no word on yet, and when
    that changes. ``unsuitable``: it cannot count where it is; ``reasons``: the weightiest first; ``hidden_permille``:
    people mostly hidden behind others; ``illegal_permille``: of a beam pair, changes that no walk explains; None of a
    camera, and where nobody has walked yet."""

    device: str
    verdict: Verdict
    reasons: tuple[str, ...]
    hidden_permille: int
    illegal_permille: int | None


@dataclass(frozen=True)
class JudgedKnown:
    """The device's newest word in the present event; verdict None: none yet."""

    verdict: str | None = None
    reasons: tuple[str, ...] = ()


class JudgeCounter(Ask, frozen=True):
    """What a counter says of its own view or beams."""

    device: DeviceName
    verdict: Verdict
    reasons: Annotated[tuple[Slug, ...], msgspec.Meta(max_length=8)]
    hidden_permille: Permille
    illegal_permille: Permille | None


@command("counter.judge", JudgeCounter, DEVICE, at_full="go_on")
def judge(ask: JudgeCounter, known: JudgedKnown, ctx: Context) -> Decided:
    """The same word again is no news."""
    if (known.verdict, known.reasons) == (ask.verdict, ask.reasons):
        return Decided([])
    fact = CounterJudged(
        device=ask.device,
        verdict=ask.verdict,
        reasons=ask.reasons,
        hidden_permille=ask.hidden_permille,
        illegal_permille=ask.illegal_permille,
    )
    return Decided([fact])


@kind("dwell.counted/1")
class DwellCounted(Fact, frozen=True):
    """``stays`` people left ``zone`` (DEVICE/ZONE) between two readings of the monotonic clock (µs, at most 60 s
    apart), after ``seconds`` together; the ``longest`` of them after so many. Of a single stay nothing is kept."""

    zone: str
    stays: int
    seconds: int
    longest: int
    from_mono: int
    to_mono: int


class CountDwell(Ask, frozen=True):
    """What a camera saw of a zone."""

    zone: Annotated[str, msgspec.Meta(pattern=f"^{_ZONE.pattern}$")]
    stays: int
    seconds: int
    longest: int
    from_mono: int
    to_mono: int


@command("dwell.count", CountDwell, DEVICE, at_full="go_on")
def dwell(ask: CountDwell, known: None, ctx: Context) -> Decided:
    """Stays happened in the world: nothing is refused but nonsense."""
    if not 1 <= ask.stays <= 10_000:
        raise invalid(f"{ask.stays} stays: wants 1 to 10,000")
    # Sum and longest are rounded on their own, each by half a second at most.
    if not (0 <= ask.longest <= min(ask.seconds, LONGEST_STAY_S) and ask.seconds <= ask.stays * (ask.longest + 1)):
        raise invalid(f"{ask.stays} stays of {ask.seconds} s, the longest {ask.longest} s: do not go together")
    if not ask.from_mono <= ask.to_mono:
        raise invalid("from_mono lies after to_mono")
    fact = DwellCounted(
        zone=ask.zone,
        stays=ask.stays,
        seconds=ask.seconds,
        longest=ask.longest,
        from_mono=ask.from_mono,
        to_mono=ask.to_mono,
    )
    return Decided([fact])
