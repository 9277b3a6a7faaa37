"""What goes out of the box at the end of a day: its closings as CSV files, its facts as they were stored."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

from appliance.domain.events import Event
from appliance.errors import invalid
from appliance.files.dsfinvk.export import Closing, Head, Open, archive
from appliance.journal.read import Reader
from appliance.projections import books, drawer, turnover

_PIECE = 500
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def day_of(text: str | None) -> date | None:
    """A day such as 2026-11-23 (RFC 3339, full-date), None when nobody names one; raises ``validation``."""
    if text is None:
        return None
    with suppress(ValueError):
        if _DAY.fullmatch(text):  # fromisoformat alone also takes 20261123 and 2026-W48-1
            return date.fromisoformat(text)
    raise invalid(f"date: {text[:20]!r} is no day such as 2026-11-23")


def archive_of(reader: Reader, event: Event, box: str, day: date | None = None) -> bytes:
    """The zip of an event's Z reports, or of those that were made on one ``day`` of the event's own calendar."""
    db, zone = reader.db(), ZoneInfo(event.timezone)
    closed = [z for z in reversed(books.zs(db, event.event)) if day is None or _date(z["at"], zone) == day]
    left = [
        Open(one.name, books.book(db, one.drawer, 0).numbers.count) for one in drawer.drawers(db).of(event.event).open
    ]
    head = Head(
        event.event,
        event.name,
        event.currency,
        get_currency_precision(event.currency),
        box,
        version("boothkit"),
        day.isoformat() if day else "",
    )
    return archive(head, (_closing(reader, z) for z in closed), left, turnover.Kept(db))


def _closing(reader: Reader, z: dict[str, Any]) -> Closing:
    log, _, n = z["z"].partition("-")
    facts = turnover.facts(reader.db(), z["drawer"])
    return Closing(int(log), int(n), z["at"], z["name"], z["turnover"], z.get("training", False), facts)


def stored(reader: Reader, event: Event, day: date | None = None) -> Iterator[str]:
    """The event's facts, or those of one day of its own calendar, each as it was stored and a line."""
    zone, after = ZoneInfo(event.timezone), 0
    while page := reader.facts(after, _PIECE):
        after = page[-1].pos
        for fact in page:
            body = json.loads(fact.body)
            if body["event"] == event.event and (day is None or _date(body["at"], zone) == day):
                yield fact.body + "\n"


def name_of(event: Event, day: date | None, ending: str) -> str:
    """What the file is called."""
    return f"boothkit-{event.event}{f'-{day.isoformat()}' if day else ''}.{ending}"


def _date(at: str, zone: ZoneInfo) -> date:
    return datetime.fromisoformat(at).astimezone(zone).date()
