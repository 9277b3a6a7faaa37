"""What to send next, and when to go back. No I/O; ``now`` is seconds of the loop's clock.

A PUBACK says that the broker has a message, not that central has the fact: brokers lose what they acknowledged
when they are killed or full. So the only mark that counts is *safe*, moved by central's receipts, and sending goes
back as in TCP (RFC 5681 §3, RFC 6298 §5), with the journal for a buffer:

- a new connection begins again behind the safe mark;
- when nothing is heard for a while, the oldest unreceipted batch is sent again as a probe, and new facts go on
  being sent. Only an answer makes everything behind the safe mark go out again: a central that is down for an
  hour does not cost an hour of mobile data;
- a receipt that says what is known already, while newer facts are on their way, means that something was lost or
  that central came back: go back;
- a receipt below the safe mark means that central fell behind itself (its store was restored): send from there.
"""

PATIENCE_S = 10.0
"""How long something may stay unreceipted before it is probed for; doubled by each probe without an answer."""

REPEAT_S = 2.0
"""How old what is on its way must be for a repeated receipt to mean loss. Going back is not repeated for as long,
and for twice as long each time that it brings no progress."""

LONGEST_S = 60.0


class Flow:
    """``cursor``: position of the newest fact sent on this pass; ``safe``: of the newest that central holds."""

    def __init__(self, safe: int) -> None:
        self.safe = safe
        self.cursor = safe
        self._since: float | None = None  # when the wait for a receipt began
        self._probe_at = 0.0
        self._back_at = 0.0
        self._told = -1  # where central said that it is, when that was no news
        self._patience, self._pause, self._probed = PATIENCE_S, REPEAT_S, False

    def connected(self) -> None:
        """A new connection: whatever was on its way is forgotten."""
        self.cursor = self.safe
        self._since = None
        self._told = -1

    def sent(self, last: int, now: float) -> None:
        """The facts up to ``last`` were handed to the broker."""
        self.cursor = max(self.cursor, last)
        if self._since is None and self.cursor > self.safe:
            self._wait(now)

    def receipted(self, pos: int, now: float, *, fresh: bool = True) -> bool:
        """Central holds everything up to ``pos``; whether sending goes back. ``fresh`` is False for a receipt that had
        been lying at the broker: when it is no news, it is no sign of anything."""
        if pos == self.safe and (self.cursor == pos or not fresh):
            return False
        if pos <= self.safe:
            self._told = pos
            return self._go_back(now)
        back = self._probed and self.cursor > pos
        self.safe = pos
        self.cursor = pos if back else max(self.cursor, pos)
        self._patience, self._pause, self._probed, self._told = PATIENCE_S, REPEAT_S, False, -1
        self._since = None
        if self.cursor > pos:
            self._wait(now)
        return back

    def tick(self, now: float) -> bool:
        """Time passes; whether the oldest unreceipted batch shall be sent once more, as a probe."""
        if self._go_back(now) or self._since is None or now < self._probe_at:
            return False
        self._patience = min(LONGEST_S, self._patience * 2)
        self._probe_at = now + self._patience
        self._probed = True
        return True

    def _wait(self, now: float) -> None:
        self._since = now
        self._probe_at = now + self._patience

    def _go_back(self, now: float) -> bool:
        """To where central says it is, unless that just crossed with what was sent, or was done a moment ago."""
        if not 0 <= self._told < self.cursor or now < self._back_at:
            return False
        if self._told == self.safe and not self._probed and (self._since is None or now - self._since < REPEAT_S):
            return False
        self.cursor, self._told = self._told, -1
        self._since, self._probed = None, False
        self._back_at = now + self._pause
        self._pause = min(LONGEST_S, self._pause * 2)
        return True
