"""The state of one device as people see it, and when to try it again."""

import random as chance
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal

from drivers.errors import DeviceError

State = Literal["absent", "connecting", "online", "degraded", "fault"]

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
JITTER = 0.2
HEALTHY_AFTER = 30.0
LOOK_EVERY = 0.5
"""Seconds between two looks for a device path that is not there."""


class Life:
    """`absent` (nobody at the other end), `connecting`, `online`, `degraded` (works in part, or is silent),
    `fault` (a person must act).

    `since` and `last_ok` are seconds of `now`'s monotonic clock. `present` tells whether the device's path
    exists (None: it has no path); when it appears, the next try is due at once instead of after the back-off.
    Without `stale_after` silence is normal.
    """

    def __init__(
        self,
        now: Callable[[], float],
        *,
        random: Callable[[], float] = chance.random,
        stale_after: float | None = None,
        present: Callable[[], bool] | None = None,
    ) -> None:
        self._now = now
        self._random = random
        self._stale_after = stale_after
        self._present = present
        self._was_present = False
        self._open = False
        self._up_since: float | None = None
        self._heard = now()
        self._stale = False
        self._delay = FIRST_DELAY
        self._next_try = now()
        self._told: tuple[State, str, str, float] = "absent", "not tried yet", "", now()
        self.last_ok: float | None = None
        self.counters: Counter[str] = Counter()

    @property
    def state(self) -> State:
        return self._told[0]

    @property
    def reason(self) -> str:
        return self._told[1]

    @property
    def remedy(self) -> str:
        return self._told[2]

    @property
    def since(self) -> float:
        return self._told[3]

    @property
    def told(self) -> tuple[State, str]:
        """State and reason that belong together, also for another thread than the device's."""
        return self._told[:2]

    def set(self, state: State, reason: str, remedy: str = "") -> None:
        self._told = state, reason, remedy, self.since if state == self.state else self._now()
        self._stale = False

    def trying(self) -> None:
        """An attempt begins; `opened` or `lost` follows. The state stays: a retry that fails is no news."""
        self.counters["attempts"] += 1

    def opened(self, reason: str = "connected, waiting for a first answer") -> None:
        """The link is open; `ok` follows with the first proof of the device itself."""
        self._heard = self._now()
        self._up_since = None
        self._open = True
        self.set("connecting", reason)

    def ok(self, reason: str = "connected") -> None:
        """The device proved that it is there. Leaves a fault or a degradation that the model itself set."""
        self._heard = self.last_ok = self._now()
        self._open = True
        if self._up_since is None:
            self._up_since = self._heard
        if self._stale or self.state in ("absent", "connecting"):
            self.set("online", reason)

    def lost(self, error: DeviceError) -> None:
        """An attempt failed or the connection broke: the next try follows after the back-off.

        A path that is there and cannot be opened is a `fault` (in use, no permission), everything else
        `absent`.
        """
        now = self._now()
        was_open, self._open = self._open, False
        if self._up_since is not None:
            self.counters["losses"] += 1
            if now - self._up_since >= HEALTHY_AFTER:
                self._delay = FIRST_DELAY
        self._up_since = None
        self._was_present = self._present is not None and self._present()
        self._next_try = now + self._delay * (1 + JITTER * (2 * self._random() - 1))
        self._delay = min(self._delay * 2, LONGEST_DELAY)
        self.set("fault" if self._was_present and not was_open else "absent", str(error), error.remedy)

    def due(self) -> bool:
        """Asked while not connected: whether to try now."""
        if self._appeared():
            self._delay = FIRST_DELAY
            self._next_try = self._now()
        return self._now() >= self._next_try

    def watch(self) -> None:
        """Asked while connected: turns a device that has been silent for `stale_after` seconds to
        `degraded`.
        """
        if self._stale_after is None or self.state == "fault" or self._stale:
            return
        if self._now() - self._heard >= self._stale_after:
            self.counters["stale"] += 1
            self.set(
                "degraded",
                f"nothing valid heard for {self._stale_after:g} s",
                "Check the device's cable and that it is switched on.",
            )
            self._stale = True

    def wait(self, connected: bool) -> float:
        """Seconds until `due` (not connected) or `watch` (connected) can say something new."""
        now = self._now()
        if connected:
            if self._stale_after is None or self._stale or self.state == "fault":
                return LONGEST_DELAY
            return max(0.0, self._heard + self._stale_after - now)
        left = max(0.0, self._next_try - now)
        return left if self._present is None else min(left, LOOK_EVERY)

    def snapshot(self) -> dict[str, Any]:
        """For the status board: `state, reason, remedy, since, last_ok` (mono s or None) and `counters`."""
        state, reason, remedy, since = self._told
        return {
            "state": state,
            "reason": reason,
            "remedy": remedy,
            "since": since,
            "last_ok": self.last_ok,
            "counters": dict(self.counters),
        }

    def _appeared(self) -> bool:
        if self._present is None:
            return False
        before, self._was_present = self._was_present, self._present()
        return self._was_present and not before
