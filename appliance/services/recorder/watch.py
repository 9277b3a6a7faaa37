"""The clock as the recorder believes it, and what it notices of it."""

from appliance.clock import STEP_MS, Clock, Now, no_earlier
from appliance.domain.box import ClockStepped
from appliance.journal import read
from appliance.journal.store import Store


class Watch:
    """The machine's clock. A battery clock that says a time before the newest fact that was trusted is flat."""

    def __init__(self, machine: Clock, store: Store) -> None:
        """``store``: the journal, as it was left."""
        trusted = read.newest(store.db, trusted=True)
        self._machine, self._floor_ms = machine, trusted.wall_ms if trusted else 0
        self._seen = read.newest(store.db)

    def __call__(self) -> Now:
        return no_earlier(self._machine(), self._floor_ms)

    def notice(self) -> tuple[Now, ClockStepped | None]:
        """The clock now, and a step of it that is not on record.

        A wall clock that moved against the monotonic one is a fact, also while no recorder ran. Over a restart of the
        box it is one when the clock is behind the newest fact, or when that was of no trusted time and there is one
        now.
        """
        now, seen = self(), self._seen
        if seen is None:
            return now, None
        restarted = seen.boot != now.boot
        moved = now.offset_ms - (seen.wall_ms if restarted else seen.offset_ms)
        if restarted and now.wall_ms > seen.wall_ms - STEP_MS and (seen.trusted or not now.trusted):
            return now, None
        if abs(moved) < STEP_MS:
            return (now if restarted else seen), None
        return now, ClockStepped(by_ms=moved, source=now.trust, restarted=restarted)

    def keep(self, seen: Now) -> None:
        """What was noticed is on record: the next is compared with this one."""
        self._seen = seen
