"""What the journal wants of workers that may not read it: the recorder shows this on its board page."""

import sqlite3
from typing import Any

from appliance.projections import counting, devices, events, headcount, kit, power


def wanted(db: sqlite3.Connection) -> dict[str, Any]:
    """``adopted``, ``learnt`` (see ``devices.wanted``), ``asked`` (tests of the kit check), ``power``; ``counting``:
    the cameras' plans; ``event``: the present one, or empty; ``crowded``: whether too many are inside."""
    event = events.current(db)
    return {
        **devices.wanted(db),
        "asked": kit.wanted(db),
        "power": power.wanted(db),
        "counting": counting.plans(db),
        "event": event.event if event else "",
        "crowded": headcount.crowded(db) is not None,
    }
