"""What to send next: the window's two marks and when to go back. No I/O; ``now`` is seconds of the loop's clock.

A PUBACK says that the broker has a message, not that central has the fact: brokers lose what they acknowledged when they
are killed or full. So the only mark that counts is *safe*, moved by central's receipts, and sending is *go back*, as
in TCP (RFC 5681 §3, RFC 6298 §5), over the journal instead of a buffer:

- a new connection begins again behind the safe mark;
- when nothing is heard for a while, the oldest unreceipted batch is sent again as a probe. New facts go on being sent.
  Only an answer makes everything behind the safe mark go out again: a central that is down for an hour does not cost
  an hour of mobile data;
- a receipt that says what is known already, while newer facts are on their way, means that something was lost or that
  central came back: go back at once;
- a receipt below the safe mark means that central fell behind itself (restored from a backup): send again from there.
"""

PATIENCE_S = 10.0
"""How long something may stay unreceipted before it is probed for; doubled by every probe without an answer."""

REPEAT_S = 2.0
"""How old what is on its way must be for a repeated receipt to mean loss; doubled by going back without progress."""

LONGEST_S = 60.0


class Flow:
    """``cursor``: position of the newest fact sent on this pass; ``safe``: of the newest that central holds."""

    def __init__(self, safe: int) -> None:
        self.safe = safe
        self.cursor = safe
        self._since: float | None = None
        self._went_back = -LONGEST_S
        self._doubt = -1
        self._patience, self._repeat, self._probed = PATIENCE_S, REPEAT_S, False

    def connected(self) -> None:
        """A new connection: whatever was on its way is forgotten."""
        self.cursor = self.safe
        self._since = None
        self._doubt = -1

    def sent(self, last: int, now: float) -> None:
        """The facts up to ``last`` were handed to the broker."""
        self.cursor = max(self.cursor, last)
        if self._since is None and self.cursor > self.safe:
            self._since = now

    def receipted(self, pos: int, now: float) -> bool:
        """Central holds everything up to ``pos``. Returns whether sending goes back."""
        if pos <= self.safe:
            self._doubt = pos
            return self._go_back(now)
        back = self._probed and self.cursor > pos
        self.safe = pos
        self.cursor = pos if back else max(self.cursor, pos)
        self._since = now if self.cursor > pos else None
        self._calm()
        return back

    def tick(self, now: float) -> bool:
        """Time passes; whether the oldest unreceipted batch shall be sent once more, as a probe."""
        if self._go_back(now) or self._since is None or now - self._since < self._patience:
            return False
        self._since = now
        self._patience = min(LONGEST_S, self._patience * 2)
        self._probed = True
        return True

    def _go_back(self, now: float) -> bool:
        """To where central says it is, when that is no news and is not just crossing with what was sent."""
        if not 0 <= self._doubt < self.cursor:
            return False
        started = self._since if self._doubt == self.safe else self._went_back
        if started is None or not (self._probed or now - started >= self._repeat):
            return False
        self.cursor, self._doubt = self._doubt, -1
        self._since, self._went_back = None, now
        self._patience, self._probed = PATIENCE_S, False
        self._repeat = min(LONGEST_S, self._repeat * 2)
        return True

    def _calm(self) -> None:
        """There was progress: the next disturbance is answered quickly again."""
        self._patience, self._repeat, self._probed, self._doubt = PATIENCE_S, REPEAT_S, False, -1
