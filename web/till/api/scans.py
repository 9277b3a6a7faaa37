"""Scans at the door."""

from typing import Any

from flask import Blueprint, request

from web.common.body import command_key, json_object
from web.till import auth
from web.till.deps import deps

blueprint = Blueprint("api_scans", __name__)


@blueprint.post("/scans")
def scan() -> dict[str, Any]:
    """A verdict. The recorder names the holder by reference; the name is put in here and kept nowhere."""
    key = command_key(request.headers.get("Idempotency-Key"))
    body = json_object(request.get_data())
    answer = dict(deps().client.send("ticket.scan", body, actor=auth.actor(), id=key).answer)
    answer["holder"] = deps().people.holder(answer.pop("holder_ref", None))
    return answer
