"""The small numbers for a dashboard, ``live/…``: read from the projections, sent when they change."""

import json
from typing import Any

from appliance.clock import Now
from appliance.journal.read import Reader
from appliance.projections import devices, kpis, power, sales


def read(reader: Reader, now: Now) -> dict[str, dict[str, Any]]:
    """By subject: ``attendance`` and ``sales`` as in GET /kpis, ``sales`` also of today, ``power`` as last recorded,
    ``devices`` by name. RecorderDown."""
    db = reader.db()
    numbers = kpis.kpis(db, now)
    return {
        "attendance": numbers["attendance"],
        "sales": {**numbers["sales"], "today": sales.today(db, now)},
        "power": power.newest(db) or {},
        "devices": devices.states(db),
    }


class Changes:
    """Which subjects differ from what this connection sent before."""

    def __init__(self) -> None:
        self._sent: dict[str, bytes] = {}

    def of(self, values: dict[str, dict[str, Any]]) -> list[tuple[str, bytes]]:
        """Subject and payload of what is new; it counts as sent."""
        changed = []
        for subject, value in values.items():
            payload = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
            if self._sent.get(subject) != payload:
                self._sent[subject] = payload
                changed.append((subject, payload))
        return changed

    def forget(self) -> None:
        """A new connection: everything is new."""
        self._sent.clear()
