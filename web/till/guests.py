"""What the door may know of a guest: their ticket's past, and what people.db says of them."""

from typing import Any

from appliance.projections import door, events, lists, tickets
from web.till import persons
from web.till.deps import deps

MOST = 20
"""Tickets that one search shows."""


def details(ref: str | None) -> dict[str, Any]:
    """``holder, order, note`` (None where nobody said), ``includes``: what else the ticket buys; ``erased`` when it was
    said and is gone."""
    said = deps().people.person(ref)
    more = said.get("includes", "")
    gone = {"erased": True} if not said and persons.is_erased(ref) else {}
    return gone | {
        **{name: said.get(name) for name in ("holder", "order", "note")},
        "includes": more.split("\n") if more else [],
    }


def find(text: str) -> list[dict[str, Any]]:
    """Tickets of the present event whose holder or order holds every word of ``text``."""
    db = deps().reader.db()
    event = events.current(db)
    if event is None or len(text.strip()) < 2:
        return []
    held = tickets.held_by(db, deps().people.find(text, MOST * 2), event.event)
    return [one for ticket in held[:MOST] if (one := ticket_now(ticket)) is not None]


def ticket_now(ticket: str) -> dict[str, Any] | None:
    """A ticket as the present event knows it: what it is, what is said of it, where it is on each list."""
    db = deps().reader.db()
    event = events.current(db)
    name = event.event if event else ""
    state = tickets.state(db, ticket, name)
    if state is not None and state.event != name:
        state = None
    places = door.places(db, ticket, name)
    if state is None and not places:
        return None
    return {
        "ticket": ticket,
        **details(state.holder_ref if state else None),
        "product": state.product if state else None,
        "session": state.session if state else None,
        "marks": [mark for mark in ("pending", "cancelled", "blocked", "revoked") if state and getattr(state, mark)],
        "lists": [
            {
                "list": place.list,
                "entries": place.entries,
                "inside": place.inside,
                "first": None if place.first is None else {"at": place.first.at, "gate": place.first.gate},
            }
            for place in places.values()
        ],
    }


def shape() -> dict[str, Any]:
    """Lists and gates as they are now, for whoever stands at the door."""
    db = deps().reader.db()
    numbers = door.counts(db)
    return {
        "lists": [
            {
                "list": one.list,
                "entry": one.entry,
                "products": one.products,
                "sessions": one.sessions,
                "capacity": one.capacity,
                "pending": one.pending,
                "questions": [{"text": ask.text, "answer": ask.answer} for ask in one.questions],
                **numbers[one.list],
            }
            for one in lists.lists(db).values()
        ],
        "gates": [
            {"gate": gate.gate, "lists": gate.lists, "direction": gate.direction} for gate in lists.gates(db).values()
        ],
    }
