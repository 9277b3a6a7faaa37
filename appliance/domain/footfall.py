"""Footfall: crossings of a line, counted in small batches."""

from typing import Literal

from appliance.domain.kernel import DEVICE, Ask, Context, Decided, Fact, command, kind
from appliance.domain.occupancy import HeadcountKnown, moved
from appliance.errors import invalid

Source = Literal["beam", "camera"]


@kind("crossings.counted/1")
class CrossingsCounted(Fact, frozen=True, rename={"in_": "in"}):
    """People who crossed ``line`` between two readings of the monotonic clock (µs, at most 10 s apart). ``line``: the
    counter's name, of a camera DEVICE/LINE; ``entrance`` false: the line lies inside of the place, so that those who
    cross it neither come nor go and attendance leaves them out."""

    line: str
    in_: int
    out: int
    from_mono: int
    to_mono: int
    source: Source
    entrance: bool = True


class CountCrossings(Ask, frozen=True, rename={"in_": "in"}):
    """What a footfall counter saw."""

    line: str
    in_: int
    out: int
    from_mono: int
    to_mono: int
    source: Source


@command("crossings.count", CountCrossings, DEVICE, at_full="go_on")
def count(ask: CountCrossings, known: HeadcountKnown, ctx: Context) -> Decided:
    """Crossings happened in the world: nothing is refused but nonsense."""
    if not (0 <= ask.in_ <= 10_000 and 0 <= ask.out <= 10_000 and ask.in_ + ask.out > 0):
        raise invalid(f"{ask.in_} in and {ask.out} out: wants 1 to 10,000 crossings")
    if not ask.from_mono <= ask.to_mono:
        raise invalid("from_mono lies after to_mono")
    fact = CrossingsCounted(
        line=ask.line,
        in_=ask.in_,
        out=ask.out,
        from_mono=ask.from_mono,
        to_mono=ask.to_mono,
        source=ask.source,
        entrance=known.entrance,
    )
    if not known.entrance:
        return Decided([fact])
    return Decided([fact, *moved(known, max(0, known.inside + ask.in_ - ask.out), ctx)])
