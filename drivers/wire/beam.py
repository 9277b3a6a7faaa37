"""People through a doorway with two light beams, one behind the other.

State: bit 0 = first beam broken, bit 1 = second beam broken. Somebody who walks in takes it through
0-1-3-2-0, out through 0-2-3-1-0; steps back undo steps forward, so turning round or loitering counts nothing.

Two people close behind each other take it through 0-1-3-2-3-1-3-2-0, as one does who sways to and fro. Time tells
them apart: whatever walks straight through reaches the second beam as much later as it takes from beam to beam, and
so does the light between two people; who sways has to come to a stop and go back by almost their own depth.
People side by side, and people with no light between them, are one to the beams.
"""

from collections import Counter, deque
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

PACE = 2.0
"""Times the shortest way from beam to beam that the longest may take of things that walk straight through at one
pace.
"""

SLOWEST = 1.0
"""Seconds from beam to beam; who takes longer stands."""

NARROW = 0.4
"""Part of the longest shade below which another is an arm's or a bag's that swings ahead or behind."""

RECENT = 200
"""Passages, illegal changes among them, that the share of illegal ones is taken of."""

_MOST_EDGES = 64
"""Of each beam in one passage; with more, somebody loiters or something flutters, and only the state path counts."""

Passed = Literal["in", "out", "back", "illegal"]
What = Literal["in", "out", "illegal", "blocked", "cleared"]

_RING = (0, 1, 3, 2)


_Edges = tuple[list[float], list[float]]
"""Of each beam when it was broken, free, broken, free, …; seconds."""


class Passage:
    """The state path of one passage. Starting with a broken beam, the path is unknown until both are free: the sensors
    may just have been switched on.
    """

    def __init__(self, state: int = 0) -> None:
        self.state = state
        self._turned: int | None = 0 if state == 0 else None
        self._begun = state == 0
        self._edges: _Edges = [], []
        self._before: _Edges = [], []

    def move(self, state: int, at: float) -> list[Passed]:
        """`in` or `out` for each person when a passage ends, `back` when somebody turned round, `illegal` when both
        beams changed.
        """
        if state == self.state:
            return []
        step = (_RING.index(state) - _RING.index(self.state)) % 4
        beam = (self.state ^ state) >> 1
        self.state = state
        if not self._begun:
            self._begun = state == 0
            self._turned = 0 if self._begun else None
            return []
        if step == 2:
            self._turned = 0 if state == 0 else None
            self._edges, self._before = ([], []), ([], [])
            return ["illegal"]
        if self._turned is not None:
            self._turned += 1 if step == 1 else -1
            if len(self._edges[beam]) < _MOST_EDGES:
                self._edges[beam].append(at)
        if state != 0:
            return []
        turned, self._turned = self._turned, 0
        edges, self._edges = self._edges, ([], [])
        return [] if turned is None else self._ended(turned, edges)

    def _ended(self, turned: int, edges: _Edges) -> list[Passed]:
        """Both beams are free. An arm ahead of its owner may be between them just now, broad enough for neither: what
        counted nobody is looked at once more together with what follows.
        """
        before, self._before = self._before, ([], [])
        both = before[0] + edges[0], before[1] + edges[1]
        people = walked_through(*edges) or walked_through(*both) or turned // 4
        if people == 0:
            self._before = edges
            return ["back"]
        return ["in" if people > 0 else "out"] * abs(people)


def walked_through(first: list[float], second: list[float]) -> int:
    """People in (out: negative) when everything that broke the beams more than once walked straight through; 0 = it did
    not, or there is no second. The lists are edges of the two beams, both free before and after.

    Straight through: each edge of the one beam comes again at the other, all of them about equally later.
    """
    if min(len(first), len(second)) == 0 or len(first) + len(second) == 4 or _MOST_EDGES in (len(first), len(second)):
        return 0
    way, ahead, behind = (1, first, second) if first[0] < second[0] else (-1, second, first)
    if len(ahead) < len(behind):
        return 0
    lags = [later - sooner for sooner, later in zip(ahead, behind, strict=False)]
    lag = min(lags)
    if lag <= 0 or max(lags) > min(PACE * lag + GLITCH, SLOWEST):
        return 0
    shades = [free - broken for broken, free in zip(ahead[::2], ahead[1::2], strict=True)]
    arm = NARROW * max(shades)
    passed, left = shades[: len(behind) // 2], shades[len(behind) // 2 :]
    if any(shade >= min(arm, lag) for shade in left):  # not an arm on its way to the other beam: somebody went back
        return 0
    return way * sum(shade >= max(arm, lag) for shade in passed)


class Noted(NamedTuple):
    """`at` is when it happened, monotonic seconds; people who walked through together are noted when the last is
    through. `cleared` follows once, when both beams are free again; until then more illegal changes are counted and
    not told.
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
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self.broken: list[float | None] = [None, None]
        """When each beam was broken last."""
        self.illegal_at: float | None = None
        self.confused = False
        """Whether there was an illegal change since both beams were free."""
        self.counters: Counter[str] = Counter() if counters is None else counters

    @property
    def state(self) -> int:
        return self._passage.state

    @property
    def blocked(self) -> tuple[bool, bool]:
        return self._blocked[0], self._blocked[1]

    @property
    def illegal(self) -> tuple[int, int]:
        """Illegal changes among how many passages, turned back and illegal ones included; the newest `RECENT` count."""
        return sum(self._recent), len(self._recent)

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
            for beam in self._together(first):
                self._since[beam], self._pending[beam] = first, None
                self._settled[beam] = not self._settled[beam]
                self._blocked[beam] = False
                if self._settled[beam]:
                    self.broken[beam] = first
            self._move(first, noted)
        self._check_blocked(at, noted)
        return noted

    def rest(self, at: float) -> float | None:
        """Seconds until `settle` can say something new without an edge; None = never."""
        due = [since + self._delay for since in self._pending if since is not None]
        due += [self._since[beam] + self._blocked_after for beam in (0, 1) if self._may_block(beam)]
        return max(0.0, min(due) - at) if due else None

    def _together(self, first: float) -> list[int]:
        """The beam that changed at `first`, and the other one if the same befell it at once. One that frees itself
        while the other breaks does so by chance: the light between two people is as long as from beam to beam.
        """
        foremost = self._pending.index(first)
        since = self._pending[1 - foremost]
        alike = self._settled[0] == self._settled[1]
        return [0, 1] if since is not None and since - first <= TOGETHER and alike else [foremost]

    def _move(self, at: float, noted: list[Noted]) -> None:
        for passed in self._passage.move(self._settled[0] | self._settled[1] << 1, at):
            self._recent.append(passed == "illegal")
            match passed:
                case "in" | "out":
                    self.counters[passed] += 1
                    noted.append(Noted(passed, at))
                case "back":
                    self.counters["turned_back"] += 1
                case "illegal":
                    self.counters["illegal"] += 1
                    self.illegal_at, self.confused = at, True
                    if not self._faulty:
                        self._faulty = True
                        noted.append(Noted("illegal", at))
                case never:
                    assert_never(never)
        if self._faulty and self._passage.state == 0:
            self._faulty = self.confused = False
            noted.append(Noted("cleared", at))

    def _check_blocked(self, at: float, noted: list[Noted]) -> None:
        for beam in sorted((0, 1), key=self._since.__getitem__):
            until = self._since[beam] + self._blocked_after
            if self._may_block(beam) and until <= at:
                self._blocked[beam] = True
                self._faulty = True
                self.counters["blocked"] += 1
                noted.append(Noted("blocked", until))

    def _may_block(self, beam: int) -> bool:
        return self._settled[beam] and not self._blocked[beam] and self._pending[beam] is None
