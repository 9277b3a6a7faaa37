"""What the journal wants of workers that may not read it: the recorder shows this on its board page."""

import sqlite3
from typing import Any

from appliance.projections import devices, kit, power


def wanted(db: sqlite3.Connection) -> dict[str, Any]:
    """``adopted``, ``learnt`` (see ``devices.wanted``), ``asked`` (tests of the kit check), ``power``."""
    return {**devices.wanted(db), "asked": kit.wanted(db), "power": power.wanted(db)}
