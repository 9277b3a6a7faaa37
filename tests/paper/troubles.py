"""What goes wrong at a stand, one after the other and several at a time, drawn from one seed."""

import math
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

_LURKS_S = 0.3
"""So long trouble waits for its moment."""


def nothing() -> None:
    """How a trouble ends that is over at once."""


@dataclass(frozen=True)
class Trouble:
    """``begin``, after some of at most ``longest`` seconds ``end``. ``share`` of the turns: 1 = as often as the
    others."""

    kind: str
    begin: Callable[[], object]
    end: Callable[[], object]
    longest: float
    share: float = 1.0


class Troubles:
    """``counts`` by kind."""

    def __init__(self, troubles: list[Trouble], chance: random.Random, pause: float, worst: Callable[[], bool]) -> None:
        """``pause``: at most so many seconds between two, and a little more if that makes it the ``worst`` moment."""
        self._troubles, self._chance, self._pause, self._worst = troubles, chance, pause, worst
        self._now: list[tuple[float, Trouble]] = []
        self._turns: list[Trouble] = []
        self._next = time.monotonic()
        self.counts: Counter[str] = Counter({trouble.kind: 0 for trouble in troubles})

    def turn(self) -> None:
        """What is due now. No kind waits longer for its turn than any other of the same share."""
        now = time.monotonic()
        self._end(now)
        if now < self._next or (now < self._next + _LURKS_S and not self._worst()):
            return
        if not self._turns:
            self._turns = [trouble for trouble in self._troubles if self._chance.random() < trouble.share]
            self._chance.shuffle(self._turns)
        trouble = self._turns.pop()
        if all(trouble is not other for _, other in self._now):
            trouble.begin()
            self.counts[trouble.kind] += 1
            self._now.append((time.monotonic() + self._chance.uniform(0.0, trouble.longest), trouble))
        self._next = time.monotonic() + self._chance.uniform(0.0, self._pause)

    def end(self) -> None:
        """All is well again."""
        self._end(math.inf)

    def _end(self, now: float) -> None:
        for due, trouble in list(self._now):
            if due <= now:
                self._now.remove((due, trouble))
                trouble.end()
