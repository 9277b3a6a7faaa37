"""When to tell a scanner module to read: always again, because the person in front of it presses nothing."""

from typing import Literal

from drivers.wire.gm import Answer, Family

WAKING = 0.05
"""Seconds between the byte that wakes a module and its order (GM72 manual, chapter 9)."""
ANSWER_WITHIN = 1.0
"""Seconds; a module answers within milliseconds."""
READS_FOR = 5.0
"""Seconds that a module tries to read after one order (GM65 manual, "Time length of single read", as delivered)."""
MISSES = 3
"""Orders without an answer after which a module is taken to be deaf."""

Verdict = Literal["reads", "refuses", "deaf"]


class Trigger:
    """`due` gives the bytes to send, `rest` the seconds until it has some. Times are monotonic seconds.

    A module that is not set to be told is set so, once for each connection: a GM65 until it is switched off, a GM67,
    which only shows it by refusing, for good.
    """

    def __init__(self, family: Family) -> None:
        self._family = family
        self.reset(0.0)

    def reset(self, at: float) -> None:
        """The line is new: nobody was told to read."""
        self._order = self._family.ask or self._family.trigger
        self._misses = 0
        self._is_set = self._awake = self._waiting = False
        self._at = at
        self.verdict: Verdict | None = None
        """None until the module has answered, or has kept silent three times."""

    def due(self, at: float) -> bytes:
        """What to send now; b"" = nothing. Call again until it is nothing."""
        if at < self._at:
            return b""
        if self._waiting:
            self._waiting = False
            self._misses += 1
            self._order = self._family.trigger
            if self._misses >= MISSES:
                self.verdict = "deaf"
        if self._family.wake and not self._awake:
            self._awake, self._at = True, at + WAKING
            return self._family.wake
        self._awake, self._waiting, self._at = False, True, at + ANSWER_WITHIN
        return self._order

    def answered(self, answer: Answer, at: float) -> None:
        asked, self._order = self._order, self._family.trigger
        self._misses, self._waiting, self._awake, self._at = 0, False, False, at
        if asked == self._family.ask:
            if answer.obeyed and not self._family.is_hosted(answer.value):
                self._is_set, self._order = True, self._family.hosted(answer.value)
        elif asked == self._family.trigger:
            if not answer.obeyed and not self._is_set:
                self._is_set, self._order = True, self._family.hosted(answer.value)
            else:
                self.verdict = "reads" if answer.obeyed else "refuses"
                self._at = at + READS_FOR

    def read(self, at: float) -> None:
        """It read something, be it only noise: it has stopped."""
        if not self._waiting:
            self._at = at

    def rest(self, at: float) -> float:
        return max(0.0, self._at - at)
