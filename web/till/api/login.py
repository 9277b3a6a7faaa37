"""Signing in and out."""

from flask import Blueprint, Response, jsonify, request

from appliance.errors import invalid
from web.common.body import json_object, text_of
from web.till import auth

blueprint = Blueprint("api_login", __name__)


@blueprint.post("/login")
@auth.open_to_all
def login() -> Response:
    """A PIN for a cookie, and the token that writes by cookie repeat."""
    body = json_object(request.get_data())
    if unknown := set(body) - {"pin"}:
        raise invalid(f"{min(unknown)[:40]!r}: wants pin only")
    grant = auth.login(text_of(body, "pin"))
    staff = grant.staff
    response = jsonify({"staff": staff.id, "name": staff.name, "role": staff.role, "csrf": grant.csrf})
    auth.hand_over(grant, response)
    return response


@blueprint.post("/logout")
def logout() -> Response:
    """The cookie is worth nothing from now on."""
    response = Response(status=204)
    auth.logout(response)
    return response
