"""A metered line: how much was sent today, and what may still be sent.

Facts go in order or not at all, so none of them can go before another. What goes first when the day's budget runs low
are the small numbers for people who watch: attendance and sales. From `FACTS_SHARE` of the budget on facts wait for the
next day; when all of it is used, the numbers wait too.
"""

import json
from collections.abc import Callable
from pathlib import Path

from appliance.clock import Clock
from appliance.services.uplink.faults import Fault

FACTS_SHARE = 0.8
FIRST = frozenset({"attendance", "sales"})
"""Subjects below `live/` that go on while facts wait."""
HEADERS = 80
"""Bytes of a message beside topic and payload, its acknowledgement and TCP's headers included (RFC 9293, RFC 791)."""

_KEEP_S = 60.0
_DAY_US = 86_400_000_000


class Budget:
    """``limit``: bytes a day, 0 = no limit. A day is one of UTC where the clock can be trusted, else 24 h of running.

    What was spent is kept in a file, written once a minute at most: a restart does not begin the day anew.
    """

    def __init__(self, limit: int, path: Path, clock: Clock, now: Callable[[], float]) -> None:
        self._limit, self._path, self._clock, self._now = limit, path, clock, now
        self._day, self.spent = self._read()
        self._kept_at = now()

    def count(self, topic: str, payload: bytes) -> None:
        """A message was sent."""
        if not self._limit:
            return
        self._turn()
        self.spent += HEADERS + len(topic) + len(payload)
        if self._now() - self._kept_at >= _KEEP_S:
            self.keep()

    def may_send_facts(self) -> bool:
        """Whether facts may go now."""
        if not self._limit:
            return True
        self._turn()
        return self.spent < self._limit * FACTS_SHARE

    def may_send(self, subject: str) -> bool:
        """Whether the numbers of a subject may go now."""
        if self.may_send_facts():
            return True
        return subject in FIRST and self.spent < self._limit

    def fault(self) -> Fault | None:
        """What a person should know about it."""
        if self.may_send_facts():
            return None
        what = "attendance and sales go on" if self.spent < self._limit else "nothing more is sent today"
        return Fault(
            f"today's data budget of {self._limit / 1e6:g} MB is used to {100 * self.spent // self._limit} %: "
            f"facts wait for tomorrow, {what}",
            "Nothing is lost. Raise [mqtt] daily_mb, or plug in a line that costs nothing and set it to 0.",
        )

    def keep(self) -> None:
        """Remember what was spent. A folder that cannot be written is no reason to stop."""
        self._kept_at = self._now()
        if not self._limit:
            return
        try:
            temporary = self._path.with_suffix(".new")
            temporary.write_text(json.dumps({"day": self._day, "spent": self.spent}))
            temporary.replace(self._path)
        except OSError:
            return

    def _turn(self) -> None:
        today = self._today()
        if today != self._day:
            self._day, self.spent = today, 0

    def _today(self) -> str:
        now = self._clock()
        return now.at[:10] if now.trusted else f"{now.boot} {now.mono // _DAY_US}"

    def _read(self) -> tuple[str, int]:
        try:
            kept = json.loads(self._path.read_bytes())
            day, spent = kept["day"], kept["spent"]
        except (OSError, ValueError, KeyError, TypeError):
            return self._today(), 0
        return (day, spent) if isinstance(day, str) and type(spent) is int and spent >= 0 else (self._today(), 0)
