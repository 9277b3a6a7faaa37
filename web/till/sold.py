"""A sale with all that became of it, as the API and the pages show it."""

from typing import Any

from appliance.errors import Problem
from appliance.projections import cards, refunds, sales, walkups
from web.till import persons
from web.till.deps import deps


def sold(sale: str) -> dict[str, Any]:
    """A sale as it was recorded, with what was noted, what went back and what is left of it, its tickets and what
    became of their paper. Raises ``not-found``."""
    db = deps().reader.db()
    found = sales.get(db, sale)
    if found is None:
        raise Problem("not-found", f"there is no sale {sale[:80]}", "Look it up by its number.")
    _said(found, "note_ref", "note")
    found |= {"tenders": cards.tenders(db, sale)} | refunds.of_sale(db, sale)
    for back in found["refunds"]:
        said(back)
    tickets = walkups.on_paper(db, sale)
    return {**found, "tickets": tickets} if tickets else found


def said(back: dict[str, Any]) -> None:
    """Put what was said of a void or a refund in the place of its reference."""
    _said(back, "reason_ref", "reason")


def _said(found: dict[str, Any], place: str, name: str) -> None:
    if (ref := found.pop(place, None)) is not None:
        found["note"] = deps().people.person(ref["ref"]).get(name)
        if found["note"] is None and persons.is_erased(ref["ref"]):
            found["note_erased"] = True
