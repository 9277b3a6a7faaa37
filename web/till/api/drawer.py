"""The cash drawer."""

from typing import Any

from flask import Blueprint, request

from web.common.body import command_key, json_object
from web.till import auth
from web.till.deps import deps

blueprint = Blueprint("api_drawer", __name__)


@blueprint.post("/drawer/open")
@auth.for_roles("lead", "cashier")
def open_drawer() -> dict[str, Any]:
    """A drawer starts with its float."""
    key = command_key(request.headers.get("Idempotency-Key"))
    body = json_object(request.get_data())
    return deps().client.send("drawer.open", body, actor=auth.actor(), id=key).answer
