"""Footfall: crossings of a line, counted in small batches."""

from typing import Literal

from appliance.domain.kernel import DEVICE, Ask, Context, Decided, Fact, command, kind
from appliance.errors import invalid


@kind("crossings.counted/1")
class CrossingsCounted(Fact, frozen=True, rename={"in_": "in"}):
    """People who crossed ``line`` between two readings of the monotonic clock (µs, at most 10 s apart)."""

    line: str
    in_: int
    out: int
    from_mono: int
    to_mono: int
    source: Literal["beam", "camera"]


class CountCrossings(Ask, frozen=True, rename={"in_": "in"}):
    """What a footfall counter saw."""

    line: str
    in_: int
    out: int
    from_mono: int
    to_mono: int
    source: Literal["beam", "camera"]


@command("crossings.count", CountCrossings, DEVICE)
def count(ask: CountCrossings, known: None, ctx: Context) -> Decided:
    """Crossings happened in the world: nothing is refused but nonsense."""
    if not (0 <= ask.in_ <= 10_000 and 0 <= ask.out <= 10_000 and ask.in_ + ask.out > 0):
        raise invalid(f"{ask.in_} in and {ask.out} out: wants 1 to 10,000 crossings")
    if not ask.from_mono <= ask.to_mono:
        raise invalid("from_mono lies after to_mono")
    fact = CrossingsCounted(
        line=ask.line, in_=ask.in_, out=ask.out, from_mono=ask.from_mono, to_mono=ask.to_mono, source=ask.source
    )
    return Decided([fact])
