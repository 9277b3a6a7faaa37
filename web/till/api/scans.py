"""Scans at the door, and a slip of the hand undone."""

from typing import Any

from flask import Blueprint, request

from appliance.errors import invalid
from web.common.body import command_key, json_object
from web.till import auth, guests
from web.till.deps import deps

blueprint = Blueprint("api_scans", __name__)
BY_HAND = frozenset({"ticket", "reason", *auth.APPROVALS})
"""What only a person at the door says: a ticket found by name, or why somebody is let in against the rules."""


@blueprint.post("/scans")
def scan() -> dict[str, Any]:
    """A verdict. The recorder names the holder by reference; what is personal is put in here and kept nowhere."""
    key = command_key(request.headers.get("Idempotency-Key"))
    body = json_object(request.get_data())
    command = "ticket.scan"
    if BY_HAND & set(body):
        command, body = "ticket.admit", _by_hand(body, key)
    answer = dict(deps().client.send(command, body, actor=auth.actor(), id=key).answer)
    return answer | guests.details(answer.pop("holder_ref", None))


def _by_hand(body: dict[str, Any], key: str) -> dict[str, Any]:
    """PIN and approval stay here: the recorder is told who approved."""
    body = dict(body)
    if "reason" in body:
        person = auth.approved_by(body, key)
        return {**body, "by": person}
    if any(body.pop(name, None) is not None for name in auth.APPROVALS):
        raise invalid("approver_pin, approval: go with a reason", "Say why this guest is let in.")
    return body


@blueprint.post("/scans/<scan>/undo")
def undo(scan: str) -> dict[str, Any]:
    """Nobody went in, or out, with this scan; within ten seconds."""
    key = command_key(request.headers.get("Idempotency-Key"))
    if request.get_data() and (unknown := set(json_object(request.get_data()))):
        raise invalid(f"{min(unknown)[:40]!r}: this call takes nothing")
    return deps().client.send("admission.undo", {"scan": scan}, actor=auth.actor(), id=key).answer
