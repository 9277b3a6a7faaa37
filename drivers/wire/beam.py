"""People through a doorway with two light beams, one behind the other.

State: bit 0 = first beam broken, bit 1 = second beam broken. Somebody who walks in takes it through
0-1-3-2-0, out through 0-2-3-1-0; steps back undo steps forward, so turning round or loitering counts nothing.
Two people in the beams at once are one passage to them: that is what a beam pair cannot see.
"""

from collections import Counter
from typing import Literal, NamedTuple, assert_never

GLITCH = 0.010
"""Seconds that a beam must keep a level before it counts; a hand or a moth is shorter, a walking body is
not.
"""

TOGETHER = 0.002
"""Beams that change within this many seconds changed at once. A person needs 10 ms and more from beam to
beam, so it was the supply or the cable.
"""

BLOCKED_AFTER = 10.0
"""Seconds after which a broken beam is blocked: something leans in it, or it lost its reflector, supply or
cable.
"""

Passed = Literal["in", "out", "back", "illegal"]
What = Literal["in", "out", "illegal", "blocked", "cleared"]

_RING = (0, 1, 3, 2)


class Passage:
    """The state path of one passage. Starting with a broken beam, the path is unknown until both are free."""

    def __init__(self, state: int = 0) -> None:
        self.state = state
        self._turned: int | None = 0 if state == 0 else None

    def move(self, state: int) -> Passed | None:
        """`in` or `out` when a passage ends, `back` when somebody turned round, `illegal` when both beams
        changed.
        """
        if state == self.state:
            return None
        step = (_RING.index(state) - _RING.index(self.state)) % 4
        self.state = state
        if step == 2:
            self._turned = 0 if state == 0 else None
            return "illegal"
        if self._turned is not None:
            self._turned += 1 if step == 1 else -1
        if state != 0:
            return None
        turned, self._turned = self._turned, 0
        match turned:
            case None:
                return None
            case 4:
                return "in"
            case -4:
                return "out"
            case _:
                return "back"


class Noted(NamedTuple):
    """`at` is when it happened, monotonic seconds. `cleared` follows once, when both beams are free again;
    until then more illegal changes are counted and not told.
    """

    what: What
    at: float


class BeamPair:
    """Raw edges in, passages and faults out. Call `settle` when `rest` has passed, and with every edge.

    `counters`: `in`, `out`, `turned_back`, `illegal`, `blocked`, `glitches`.
    """

    def __init__(
        self,
        broken: tuple[bool, bool],
        at: float,
        counters: Counter[str] | None = None,
        *,
        glitch: float = GLITCH,
        blocked_after: float = BLOCKED_AFTER,
    ) -> None:
        self._delay = glitch + TOGETHER
        self._blocked_after = blocked_after
        self._passage = Passage(broken[0] | broken[1] << 1)
        self._settled = list(broken)
        self._since = [at, at]
        self._pending: list[float | None] = [None, None]
        self._blocked = [False, False]
        self._faulty = False
        self._moved = at
        self.counters: Counter[str] = Counter() if counters is None else counters

    @property
    def state(self) -> int:
        return self._passage.state

    @property
    def blocked(self) -> tuple[bool, bool]:
        return self._blocked[0], self._blocked[1]

    def edge(self, beam: int, broken: bool, at: float) -> list[Noted]:
        """`beam` is 0 or 1. Give the edges in the order of time; one that comes late is as good as in
        time.
        """
        noted = self.settle(at)
        if broken == self._settled[beam]:
            if self._pending[beam] is not None:
                self._pending[beam] = None
                self.counters["glitches"] += 1
        elif self._pending[beam] is None:
            self._pending[beam] = max(at, self._moved)
        return noted

    def settle(self, at: float) -> list[Noted]:
        """What is certain when no edge up to `at` is missing."""
        noted: list[Noted] = []
        while True:
            waiting = [since for since in self._pending if since is not None]
            if not waiting or min(waiting) + self._delay > at:
                break
            first = self._moved = min(waiting)
            self._check_blocked(first, noted)
            for beam, since in enumerate(self._pending):
                if since is not None and since - first <= TOGETHER:
                    self._pending[beam] = None
                    self._settled[beam] = not self._settled[beam]
                    self._since[beam] = since
                    self._blocked[beam] = False
            self._move(first, noted)
        self._check_blocked(at, noted)
        return noted

    def rest(self, at: float) -> float | None:
        """Seconds until `settle` can say something new without an edge; None = never."""
        due = [since + self._delay for since in self._pending if since is not None]
        due += [self._since[beam] + self._blocked_after for beam in (0, 1) if self._may_block(beam)]
        return max(0.0, min(due) - at) if due else None

    def _move(self, at: float, noted: list[Noted]) -> None:
        passed = self._passage.move(self._settled[0] | self._settled[1] << 1)
        match passed:
            case "in" | "out":
                self.counters[passed] += 1
                noted.append(Noted(passed, at))
            case "back":
                self.counters["turned_back"] += 1
            case "illegal":
                self.counters["illegal"] += 1
                if not self._faulty:
                    self._faulty = True
                    noted.append(Noted("illegal", at))
            case None:
                pass
            case never:
                assert_never(never)
        if self._faulty and self._passage.state == 0:
            self._faulty = False
            noted.append(Noted("cleared", at))

    def _check_blocked(self, at: float, noted: list[Noted]) -> None:
        for beam in (0, 1):
            until = self._since[beam] + self._blocked_after
            if self._may_block(beam) and until <= at:
                self._blocked[beam] = True
                self._faulty = True
                self.counters["blocked"] += 1
                noted.append(Noted("blocked", until))

    def _may_block(self, beam: int) -> bool:
        return self._settled[beam] and not self._blocked[beam] and self._pending[beam] is None
