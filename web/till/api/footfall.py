"""Footfall counters for scripts of the lead: how they are, what a camera sees, other lines."""

from typing import Any

from flask import Blueprint, Response, request

from appliance.errors import invalid
from web.common.body import command_key, json_object
from web.till import auth, counters
from web.till.counters import Counter

blueprint = Blueprint("api_footfall", __name__)


@blueprint.get("/footfall")
@auth.for_roles("lead")
def show() -> dict[str, Any]:
    """All counters."""
    return {"counters": [_told(one) for one in counters.counters()]}


@blueprint.get("/footfall/<device>")
@auth.for_roles("lead")
def one(device: str) -> dict[str, Any]:
    """One of them; of a camera what it sees now, its plan, and what the trial has counted."""
    found = counters.counter(device)
    if found.sees is None:
        return _told(found)
    seen = counters.walk(device)
    return {**_told(found), **seen, "plan": counters.plan(device, seen)}


@blueprint.get("/footfall/<device>/still")
@auth.for_roles("lead")
def still(device: str) -> Response:
    """The blurred picture of now; nobody on the way may keep it."""
    response = Response(counters.still(device), content_type="image/jpeg")
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/footfall/<device>/try")
@auth.for_roles("lead")
def try_out(device: str) -> dict[str, Any]:
    """Count at other lines besides; null: no longer."""
    body = _body({"plan"})
    if "plan" not in body:
        raise invalid("plan: wants an object with lines and zones, or null")
    return counters.try_out(device, body["plan"])


@blueprint.post("/footfall/<device>/plan")
@auth.for_roles("lead")
def keep(device: str) -> dict[str, Any]:
    """Count at these lines from now on."""
    key = command_key(request.headers.get("Idempotency-Key"))
    body = _body({"plan", "tried", "sure"})
    return counters.keep(device, body.get("plan"), body.get("tried"), body.get("sure", False), key)


def _body(allowed: set[str]) -> dict[str, Any]:
    body = json_object(request.get_data())
    if unknown := sorted(set(body) - allowed):
        raise invalid(f"{unknown[0][:40]!r} is not known here; allowed: {', '.join(sorted(allowed))}")
    return body


def _told(one: Counter) -> dict[str, Any]:
    state = {key: one.device.get(key) or "" for key in ("state", "reason", "remedy")}
    lines = [{"line": line, "in": come, "out": gone} for line, come, gone in one.lines]
    verdict = one.sees["view"]["verdict"] if one.sees is not None else None
    return {"device": one.name, "camera": one.sees is not None, **state, "verdict": verdict, "lines": lines}
