"""What an event should not be closed with."""

import sqlite3

from appliance.domain.events import CloseEvent, EventKnown, Unfinished
from appliance.projections import cards, carts, drawer, events, tasks
from appliance.projections.registry import Surroundings, knows


def of_present(db: sqlite3.Connection) -> Unfinished:
    """Of the present event; training leaves nothing to settle."""
    event = events.current(db)
    name = event.event if event else ""
    return Unfinished(
        {one.drawer: one.name for one in drawer.drawers(db).of(name).kin(training=False).open},
        carts.names(db, name),
        cards.unknown(db, name),
        frozenset((task["kind"], task["about"]) for task in tasks.waiting(db)),
    )


@knows("event.close")
def for_closing(db: sqlite3.Connection, ask: CloseEvent, around: Surroundings) -> EventKnown:
    """The present event, and what is unfinished."""
    return EventKnown(events.current(db), of_present(db))
