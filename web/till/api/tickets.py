"""Tickets, lists and gates."""

from typing import Any

from flask import Blueprint, request

from appliance.errors import Problem
from web.common.body import command_key, json_object
from web.till import auth, guests
from web.till.deps import deps

blueprint = Blueprint("api_tickets", __name__)


@blueprint.get("/tickets")
def find() -> dict[str, Any]:
    """Tickets whose holder's name or order holds every word of ``q``, at most twenty."""
    return {"tickets": guests.find(request.args.get("q", "")[:120])}


@blueprint.get("/tickets/<ticket>")
def one(ticket: str) -> dict[str, Any]:
    """What this box knows of a ticket."""
    found = guests.ticket_now(ticket)
    if found is None:
        raise Problem("not-found", f"ticket {ticket[:64]} is not known for this event", "Scan it, or look for a name.")
    return found


@blueprint.post("/tickets/mark")
@auth.for_roles("lead", action="tickets")
def mark() -> dict[str, Any]:
    """Tickets are revoked for good, blocked for the moment or no longer, cancelled, or paid after all."""
    return _send("tickets.mark")


@blueprint.get("/lists")
def lists() -> dict[str, Any]:
    """Check-in lists with their counts, and gates."""
    return guests.shape()


@blueprint.post("/lists")
@auth.for_roles("lead", action="tickets")
def define() -> dict[str, Any]:
    """A list appears, or what is named of it changes."""
    return _send("list.define")


@blueprint.post("/gates")
@auth.for_roles("lead", action="tickets")
def gate() -> dict[str, Any]:
    """Which lists a gate lets in, and which way people go there."""
    return _send("gate.define")


def _send(command: str) -> dict[str, Any]:
    key = command_key(request.headers.get("Idempotency-Key"))
    return deps().client.send(command, json_object(request.get_data()), actor=auth.actor(), id=key).answer
