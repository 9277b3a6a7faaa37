"""Who dies when: kill -9 by lot, several at a time, each of them back a moment later."""

import math
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Mortal:
    """Something that can be killed, and started again. ``kind``: what the report counts it as; ``needs``: the kind
    that it cannot start without (whoever supervises it tries until it can)."""

    kind: str
    kill: Callable[[], object]
    start: Callable[[], object]
    needs: str = ""


class Deaths:
    """Draws a victim, leaves it dead for a while, draws the next; ``counts`` by kind."""

    def __init__(self, mortals: list[Mortal], chance: random.Random) -> None:
        self._chance = chance
        self._alive = list(mortals)
        self._dead: list[tuple[float, Mortal]] = []
        self._next = time.monotonic()
        self._turns: list[str] = []
        self.counts: Counter[str] = Counter()

    def turn(self) -> None:
        """What is due now. No kind waits longer for its turn than any other."""
        now = time.monotonic()
        self._revive(now)
        if now < self._next:
            return
        self._next = now + self._chance.uniform(0.2, 1.2)
        if not self._turns:
            self._turns = sorted({mortal.kind for mortal in self._alive})
            self._chance.shuffle(self._turns)
        kind = self._turns.pop()
        victims = [mortal for mortal in self._alive if mortal.kind == kind]
        if victims:
            victim = self._chance.choice(victims)
            victim.kill()
            self.counts[kind] += 1
            self._alive.remove(victim)
            self._dead.append((now + self._chance.uniform(0.0, 2.0), victim))

    def end(self) -> None:
        """Everybody lives again."""
        while self._dead:
            self._revive(math.inf)

    def _revive(self, now: float) -> None:
        for due, mortal in list(self._dead):
            dead = {each.kind for _, each in self._dead}
            if due <= now and mortal.needs not in dead:
                self._dead.remove((due, mortal))
                mortal.start()
                self._alive.append(mortal)
