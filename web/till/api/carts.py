"""Parked carts."""

from typing import Any

from flask import Blueprint, request

from appliance.errors import invalid
from appliance.projections import carts, events
from web.common.body import command_key, json_object
from web.till import auth
from web.till.deps import deps

blueprint = Blueprint("api_carts", __name__)


@blueprint.get("/carts")
@auth.for_roles("lead", "cashier")
def waiting() -> dict[str, Any]:
    """Those of the present event that wait, the oldest first, with what was noted."""
    db = deps().reader.db()
    event = events.current(db)
    return {"carts": [_noted(cart) for cart in carts.waiting(db, event.event if event else "")]}


@blueprint.post("/carts")
@auth.for_roles("lead", "cashier")
def park() -> tuple[dict[str, Any], int]:
    """The box keeps a cart until a till takes it."""
    key = command_key(request.headers.get("Idempotency-Key"))
    body = json_object(request.get_data())
    return deps().client.send("cart.park", body, actor=auth.actor(), id=key).answer, 201


@blueprint.post("/carts/<cart>/take")
@auth.for_roles("lead", "cashier")
def take(cart: str) -> dict[str, Any]:
    """This till has it; no other gets it."""
    return _noted(_end("cart.take", cart))


@blueprint.post("/carts/<cart>/drop")
@auth.for_roles("lead", "cashier")
def drop(cart: str) -> dict[str, Any]:
    """Nobody wants it any more."""
    return _end("cart.drop", cart)


def _end(command: str, cart: str) -> dict[str, Any]:
    key = command_key(request.headers.get("Idempotency-Key"))
    if request.get_data() and (unknown := set(json_object(request.get_data()))):
        raise invalid(f"{min(unknown)[:40]!r}: this call takes nothing")
    return deps().client.send(command, {"cart": cart}, actor=auth.actor(), id=key).answer


def _noted(cart: dict[str, Any]) -> dict[str, Any]:
    """With what was noted in place of where that is kept."""
    cart = dict(cart)
    if (note := cart.pop("note_ref", None)) is not None and (text := deps().people.person(note["ref"]).get("note")):
        cart["note"] = text
    return cart
