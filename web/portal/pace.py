"""How fast one device may go on: so many at once, then one each so many seconds. Counted by address and kept in memory,
for so many addresses at most; no device is slowed down for another."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from appliance.errors import Problem
from appliance.language import N_

MOST_DEVICES = 4096
"""That are remembered: more than the box's network has addresses for."""


class Pace:
    """``at_once`` tries, and one more each ``every_s`` seconds. ``monotonic``: seconds."""

    def __init__(self, at_once: int, every_s: float, monotonic: Callable[[], float]) -> None:
        self._at_once, self._every_s, self._monotonic = at_once, every_s, monotonic
        self._full_at: OrderedDict[str, float] = OrderedDict()
        self._lock = Lock()

    def take(self, device: str) -> None:
        """One try. Problem ``throttled`` with the seconds until the next one."""
        now = self._monotonic()
        with self._lock:
            full_at = max(now, self._full_at.get(device, now))
            wait = full_at - now - (self._at_once - 1) * self._every_s
            if wait > 0:
                raise _throttled(max(1, -int(-wait // 1)))
            self._full_at[device] = full_at + self._every_s
            self._full_at.move_to_end(device)
            if len(self._full_at) > MOST_DEVICES:
                self._full_at.popitem(last=False)

    def give_back(self, device: str) -> None:
        """That try came to nothing through no fault of the device."""
        with self._lock:
            if device in self._full_at:
                self._full_at[device] -= self._every_s


def _throttled(seconds: int) -> Problem:
    remedy = N_(f"Wait {seconds} s, then press once more.")
    return Problem("throttled", "too many sign-ups from this device", remedy, retry_after=seconds)
