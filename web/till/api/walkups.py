"""Tickets on paper."""

from typing import Any

from flask import Blueprint, request

from web.common.body import command_key, json_object
from web.till import auth
from web.till.deps import deps

blueprint = Blueprint("api_walkups", __name__)


@blueprint.post("/tickets/<ticket>/print")
@auth.for_roles("lead", "cashier", action="tickets")
def print_ticket(ticket: str) -> tuple[dict[str, Any], int]:
    """One more copy of a ticket that this box issued, marked DUPLICATE unless it is the first."""
    key = command_key(request.headers.get("Idempotency-Key"))
    body = json_object(request.get_data())
    answer = deps().client.send("ticket.print", {**body, "ticket": ticket}, actor=auth.actor(), id=key)
    return answer.answer, 201
