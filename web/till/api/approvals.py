"""A lead's word for one write that comes later."""

from typing import Any

from flask import Blueprint, request

from appliance.errors import invalid
from appliance.private.secrets import SESSION_S
from web.common.body import json_object, text_of
from web.till import auth

blueprint = Blueprint("api_approvals", __name__)


@blueprint.post("/approvals")
def give() -> tuple[dict[str, Any], int]:
    """A lead's PIN for an approval, which the page keeps in its place until the write is answered."""
    body = json_object(request.get_data())
    if unknown := set(body) - {"pin"}:
        raise invalid(f"{min(unknown)[:40]!r}: wants pin only")
    approval, person = auth.give_approval(text_of(body, "pin"))
    return {"approval": approval, "name": person.name, "expires_s": SESSION_S}, 201
