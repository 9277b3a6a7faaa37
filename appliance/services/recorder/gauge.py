"""What the board says of the card: what is free, the level, how many days are left, the reserve."""

from typing import TYPE_CHECKING, Any

from appliance.journal.schema import PAGE_SIZE
from appliance.projections import disk
from appliance.projections.disk import Left
from appliance.services.recorder.levels import STOP

if TYPE_CHECKING:
    from appliance.services.recorder.engine import Engine

_AGAIN_US = 60_000_000


class Gauge:
    """Asked every second; the pace is looked up once a minute."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._left = Left(None, ("facts",))
        self._due = 0

    def page(self) -> dict[str, Any]:
        """``free`` bytes, ``level``, ``days_left`` or None with ``missing``, ``reserve``."""
        engine, now = self._engine, self._engine.now()
        free = engine.room.free()
        if now.mono >= self._due:
            self._due = now.mono + _AGAIN_US
            (pages,) = engine.store.db.execute("PRAGMA page_count").fetchone()
            used = pages * PAGE_SIZE + engine.people.size()
            self._left = disk.days_left(engine.store.db, now, max(0, free - STOP), used)
        found = {"free": free, "level": engine.levels.level, "days_left": self._left.days}
        missing = {"missing": list(self._left.missing)} if self._left.missing else {}
        return {**found, **missing, "reserve": engine.levels.reserve}
