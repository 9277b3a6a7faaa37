"""How often claim codes may be guessed: per device as PINs are, and over all of them, in the memory of the recorder, so
that a portal that starts again has forgotten nothing.

A code has 50 bits, so the numbers below keep guessing quiet rather than safe. A device that had a right one is never
locked out for what others do.
"""

import sqlite3

from appliance.clock import Now
from appliance.private import brakes

ALL_AT_ONCE = 300
"""Wrong codes over all devices that are taken at once ..."""
ALL_PER_S = 1
"""... and in each second after."""
MOST_DEVICES = 4096
"""That are remembered; the box's own network has addresses for fewer."""

_TOO_MANY = "too many wrong claim codes"
_SCHEMA = "CREATE TABLE proved (key TEXT PRIMARY KEY, boot TEXT NOT NULL, mono INTEGER NOT NULL) STRICT;"


class Guesses:
    """Counts by device. Monotonic time, as everywhere here."""

    def __init__(self) -> None:
        self._db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._db.executescript(brakes.SCHEMA + _SCHEMA)
        self._left, self._at = float(ALL_AT_ONCE), 0

    def check(self, device: str, now: Now) -> None:
        """Before a code is looked at. Problem ``throttled``."""
        brakes.forget(self._db, now)
        if (wait := brakes.left(self._db, device, now)) > 0:
            raise brakes.throttled(wait, _TOO_MANY)
        if self._pour(now) < 1 and not self._proved(device):
            raise brakes.throttled((1 - self._left) / ALL_PER_S, _TOO_MANY)

    def wrong(self, device: str, now: Now) -> None:
        """The code was nobody's."""
        self._left = max(0.0, self._pour(now) - 1)
        brakes.count_wrong(self._db, device, now)
        self._keep_small("brake")

    def right(self, device: str, now: Now) -> None:
        """The code was somebody's."""
        brakes.let_go(self._db, device)
        self._db.execute("INSERT OR REPLACE INTO proved VALUES (?, ?, ?)", (device, now.boot, now.mono))
        self._keep_small("proved")

    def _pour(self, now: Now) -> float:
        """What is left over all, after the seconds since."""
        self._left = min(float(ALL_AT_ONCE), self._left + max(0, now.mono - self._at) / 1e6 * ALL_PER_S)
        self._at = now.mono
        return self._left

    def _proved(self, device: str) -> bool:
        return self._db.execute("SELECT 1 FROM proved WHERE key = ?", (device,)).fetchone() is not None

    def _keep_small(self, table: str) -> None:
        """The oldest goes, so that nobody fills the memory with devices that there are not."""
        (n,) = self._db.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 -- our own words
        if n > MOST_DEVICES:
            self._db.execute(f"DELETE FROM {table} WHERE key = (SELECT key FROM {table} ORDER BY mono LIMIT 1)")  # noqa: S608
