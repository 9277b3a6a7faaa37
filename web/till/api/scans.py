"""Scans at the door, and a slip of the hand undone."""

from typing import Any

from flask import Blueprint, request

from appliance.errors import invalid
from web.common.body import command_key, json_object
from web.till import auth, guests
from web.till.deps import deps

blueprint = Blueprint("api_scans", __name__)
BY_HAND = frozenset({"ticket", "reason", "approver_pin"})
"""What only a person at the door says: a ticket found by name, or why somebody is let in against the rules."""


@blueprint.post("/scans")
def scan() -> dict[str, Any]:
    """A verdict. The recorder names the holder by reference; what is personal is put in here and kept nowhere."""
    key = command_key(request.headers.get("Idempotency-Key"))
    body = json_object(request.get_data())
    command = "ticket.scan"
    if BY_HAND & set(body):
        command, body = "ticket.admit", _by_hand(body)
    answer = dict(deps().client.send(command, body, actor=auth.actor(), id=key).answer)
    return answer | guests.details(answer.pop("holder_ref", None))


def _by_hand(body: dict[str, Any]) -> dict[str, Any]:
    """The PIN stays here: the recorder is told who approved."""
    body = dict(body)
    pin = body.pop("approver_pin", None)
    if pin is not None and not isinstance(pin, str):
        raise invalid("approver_pin: wants a text")
    if "reason" in body:
        body["by"] = auth.approved_by(pin, "lead")
    elif pin is not None:
        raise invalid("approver_pin: goes with a reason", "Say why this guest is let in.")
    return body


@blueprint.post("/scans/<scan>/undo")
def undo(scan: str) -> dict[str, Any]:
    """Nobody went in, or out, with this scan; within ten seconds."""
    key = command_key(request.headers.get("Idempotency-Key"))
    if request.get_data() and (unknown := set(json_object(request.get_data()))):
        raise invalid(f"{min(unknown)[:40]!r}: this call takes nothing")
    return deps().client.send("admission.undo", {"scan": scan}, actor=auth.actor(), id=key).answer
