"""When a fact happened whose box had no clock: the best estimate, and the bounds that the truth lies in.

All facts of one boot of a box keep their order and their distances by its monotonic clock; so a boot is moved as one
block, and what is looked for is one number, its *origin*: the true time at which its monotonic clock stood at 0. A fact
of that boot with a trusted clock says it. Else it lies behind the last fact of the boot before, the last fact lies
before the origin of the next boot, and none lies behind the time at which central received it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

DRIFT_PPM = 100
"""How wrong a monotonic clock may run: twice what the worst crystal of a Pi does in the sun."""
WITHIN_MS = 1000
"""How wrong a trusted clock may be at least."""
BEST = ("ntp", "phone", "rtc")
"""Whose word counts, where several set the clock of one boot."""

Place = tuple[int, int]
"""A fact's log and seq."""


@dataclass
class Boot:
    """What central holds of one boot of a box. ``first``, ``last``: places of its facts; ``mono_ms``: its longest;
    ``cap_ms``: the least of receipt − mono; ``offsets``: by source, least and greatest of wall − mono."""

    boot: str
    first: Place
    last: Place
    mono_ms: int
    cap_ms: int
    offsets: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def drift_ms(self) -> int:
        """By how much its monotonic clock may have gone wrong in all."""
        return self.mono_ms * DRIFT_PPM // 1_000_000 + 1

    def trusted(self) -> tuple[int, int] | None:
        """The origin's bounds by the best word of its own."""
        for source in BEST:
            if source in self.offsets:
                low, high = self.offsets[source]
                more = WITHIN_MS + self.drift_ms
                return low - more, high + more
        return None


@dataclass(frozen=True)
class Origin:
    """Of a boot: ``estimate_ms``, and its bounds. ``low_ms`` None: nothing says how early it may have been. ``how``:
    ``same boot``, ``between boots``, ``received`` (behind the boot before, and before central had it) or ``open``."""

    estimate_ms: int
    low_ms: int | None
    high_ms: int
    how: str


def origins(boots: Sequence[Boot], loose: Iterable[str] = ()) -> dict[str, Origin]:
    """The origin of each of a box's boots. ``loose``: those of which nobody knows what came after them, because central
    holds two pasts there; they follow the others, and nothing follows them."""
    apart = set(loose)
    chain: list[Boot] = []
    for boot in sorted(boots, key=lambda one: (one.first, one.last, one.boot)):
        if boot.boot in apart or (chain and chain[-1].last >= boot.first):
            apart.add(boot.boot)
        else:
            chain.append(boot)
    lows = _lows(chain)
    highs, followed = _highs(chain)
    found = {boot.boot: _origin(boot, lows[boot.boot], highs[boot.boot], boot.boot in followed) for boot in chain}
    for boot in boots:
        if boot.boot in apart:
            before = [one for one in chain if one.last < boot.first]
            low = _behind(before[-1], lows[before[-1].boot], boot) if before else None
            found[boot.boot] = _origin(boot, low, boot.cap_ms + boot.drift_ms, False)
    return found


def _behind(before: Boot, low_ms: int | None, boot: Boot) -> int | None:
    """The box started again after its last fact."""
    return None if low_ms is None else low_ms + before.mono_ms - boot.drift_ms


def _lows(chain: Sequence[Boot]) -> dict[str, int | None]:
    lows: dict[str, int | None] = {}
    before: Boot | None = None
    for boot in chain:
        own = boot.trusted()
        if own is not None:
            lows[boot.boot] = own[0]
        else:
            lows[boot.boot] = _behind(before, lows[before.boot], boot) if before else None
        before = boot
    return lows


def _highs(chain: Sequence[Boot]) -> tuple[dict[str, int], set[str]]:
    """Also those whose end is known by the next boot sooner than by what central received."""
    highs: dict[str, int] = {}
    followed: set[str] = set()
    after: Boot | None = None
    for boot in reversed(chain):
        own, high = boot.trusted(), boot.cap_ms + boot.drift_ms
        if own is not None:
            high = own[1]
        elif after is not None:
            ends = highs[after.boot] + after.drift_ms - boot.mono_ms + boot.drift_ms
            if ends < high:
                high = ends
                followed.add(boot.boot)
        highs[boot.boot] = high
        after = boot
    return highs, followed


def _origin(boot: Boot, low: int | None, high: int, followed: bool) -> Origin:
    own = boot.trusted()
    if own is not None:
        low, high = own
    if low is None:
        return Origin(min(high, boot.cap_ms), None, high, "open")
    low, high = min(low, high), max(low, high)  # clocks that contradict each other: somewhere between them
    middle = (low + high) // 2
    # No estimate is later than what central received, unless central's own clock is behind all that is possible.
    estimate = min(middle, boot.cap_ms) if boot.cap_ms >= low else middle
    how = "same boot" if own is not None else "between boots" if followed else "received"
    return Origin(estimate, low, high, how)
