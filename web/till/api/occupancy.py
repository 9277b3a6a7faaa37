"""People inside, set right by a head count."""

from typing import Any

from flask import Blueprint, request

from appliance.errors import invalid
from appliance.ids import new_id
from web.common.body import command_key, json_object
from web.till import auth
from web.till.deps import deps

blueprint = Blueprint("api_occupancy", __name__)


@blueprint.post("/occupancy")
@auth.for_roles("lead")
def correct() -> dict[str, Any]:
    """So many are inside: the counters count on from there. Without a key, each call is a head count of its own."""
    header = request.headers.get("Idempotency-Key")
    key = new_id("k") if header is None else command_key(header)
    body = json_object(request.get_data())
    if unknown := set(body) - {"inside"}:
        raise invalid(f"{min(unknown)[:40]!r}: wants inside only")
    return deps().client.send("occupancy.correct", body, actor=auth.actor(), id=key).answer
