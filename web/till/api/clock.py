"""The box's clock: what it says, and how a lead sets it from a phone."""

from typing import Any

from flask import Blueprint, request

from appliance.errors import invalid
from web.common.body import json_object
from web.till import auth, clocks

blueprint = Blueprint("api_clock", __name__)


@blueprint.get("/clock")
def reading() -> dict[str, Any]:
    """What time it is here."""
    return clocks.reading()


@blueprint.post("/clock")
@auth.for_roles("lead")
def set_clock() -> dict[str, Any]:
    """Set it. Twice changes nothing more: it says a time, not by how much."""
    body = json_object(request.get_data())
    if unknown := set(body) - {"unix_ms", "sure"}:
        raise invalid(f"{min(unknown)[:40]!r}: wants unix_ms and sure only")
    return clocks.set_clock(body.get("unix_ms"), body.get("sure", False))
