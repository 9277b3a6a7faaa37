"""One ticket that this box issued: its code, large enough to be scanned from the screen, and its paper."""

import hashlib
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from markupsafe import Markup

from appliance.domain.lists import CheckinList
from appliance.errors import Problem
from appliance.ids import new_id
from appliance.language import N_
from appliance.projections import events, lists, walkups
from appliance.receipts.tickets import admits, ticket_words
from web.common.body import command_key
from web.common.drawing import qr
from web.common.language import _, ngettext
from web.till import auth, frame, guests
from web.till.deps import deps, here

blueprint = Blueprint("ticket", __name__)

_MARKS = {
    "revoked": N_("Revoked: it admits nobody"),
    "cancelled": N_("Cancelled: it admits nobody"),
    "blocked": N_("Blocked for the moment"),
    "pending": N_("Not paid yet"),
}
_PAPER = {
    None: N_("Waits for the printer"),
    "printed": N_("Printed"),
    "unconfirmed": N_("Sent; the printer cannot confirm it"),
    "not_printed": N_("Nothing came out"),
    "unknown": N_("It broke off in the middle: look at the printer"),
}


@dataclass(frozen=True)
class State:
    """What a ticket is worth now."""

    good: bool
    words: str
    more: str = ""


@blueprint.get("/ticket/<ticket>")
@auth.for_roles("lead", "cashier")
def page(ticket: str) -> str:
    """Everything."""
    return frame.render("ticket.html", tab="sell.page", **_now(ticket))


@blueprint.get("/ticket/<ticket>/now")
@auth.for_roles("lead", "cashier")
def now(ticket: str) -> str:
    """The same again."""
    return render_template("_ticket_now.html", csrf=g.signed.csrf or "", **_now(ticket))


@blueprint.post("/ticket/<ticket>")
@auth.for_roles("lead", "cashier", action="tickets")
def again(ticket: str) -> Response:
    """One more copy; the form carries its own key, so that a second press makes no second one."""
    key = command_key(request.form.get("key"))
    deps().client.send("ticket.print", {"ticket": ticket}, actor=auth.actor(), id=key)
    return make_response(redirect(url_for("ticket.page", ticket=ticket)))


def _now(ticket: str) -> dict[str, Any]:
    db, words = deps().reader.db(), here().wording
    issued = walkups.get(db, ticket)
    event = events.get(db, issued.event) if issued else None
    if issued is None or event is None:
        raise Problem("not-found", f"this box issued no ticket {ticket[:64]}", "Look it up by its sale.")
    current = events.current(db)
    known = guests.ticket_now(ticket) if current and current.event == issued.event else None
    slip = walkups.paper_of(db, ticket)
    state = _state(known, issued.list, event.timezone)
    return {
        "ticket": issued,
        "name": issued.product or _("Ticket"),
        "digits": ticket_words(ticket),
        "admits": _(admits(lists.lists(db).get(issued.list, CheckinList(issued.list)).entry)),
        "at": words.time(issued.at, event.timezone),
        "price": None if issued.price is None else words.money(issued.price, issued.currency or event.currency),
        "state": state,
        "code": _code(ticket) if state.good else None,
        "paper": _("Nothing was printed: there was no printer" if slip["copy"] is None else _PAPER[slip["outcome"]]),
        "slip": slip,
        "waits": slip["copy"] is not None and slip["outcome"] is None,
        "key": "ticket-" + hashlib.sha256(f"{ticket} {slip['copy']}".encode()).hexdigest()[:32],
    }


def _state(known: dict[str, Any] | None, list_: str, zone: str) -> State:
    """``good``: the code is worth showing. It stays while the ticket is in use: re-entry shows it again."""
    if known is None:
        return State(False, _("For another event"))
    marks = known["marks"]
    if bad := next((mark for mark in ("revoked", "cancelled", "blocked") if mark in marks), None):
        return State(False, _(_MARKS[bad]))
    place = next((one for one in known["lists"] if one["list"] == list_), None)
    if place is None or not place["entries"] or place["first"] is None:
        return State(True, _(_MARKS["pending"]) if "pending" in marks else _("Not used yet"))
    times = ngettext("%(num)s time", "%(num)s times", place["entries"])
    time, gate = here().wording.time(place["first"]["at"], zone), place["first"]["gate"]
    let_in = _("Let in %(times)s, first %(time)s at %(gate)s", times=times, time=time, gate=gate)
    return State(True, let_in, _("Inside now") if place["inside"] else "")


def _code(ticket: str) -> Markup:
    answer = deps().client.send("ticket.code", {"ticket": ticket}, actor=auth.actor(), id=new_id("t"))
    return qr(answer.answer["code"])
