"""Personal data: what is kept, of whom, and its erasure."""

from typing import Any

from flask import Blueprint, request

from appliance.errors import invalid
from web.common.body import command_key, json_object, text_of
from web.till import auth, persons
from web.till.deps import deps

blueprint = Blueprint("api_people", __name__)
MOST = 200
"""Records that one search names."""


@blueprint.get("/people")
@auth.for_roles("lead")
def kept() -> dict[str, Any]:
    """How much is kept of each event, and until when."""
    return {"keep_days": deps().config.privacy.keep_days, "events": persons.kept()}


@blueprint.post("/people/find")
@auth.for_roles("lead")
def find() -> dict[str, Any]:
    """Records that hold every word of ``q``. Not in the address: names do not belong into logs and histories."""
    body = json_object(request.get_data())
    if unknown := set(body) - {"q"}:
        raise invalid(f"{min(unknown)[:40]!r}: wants q only")
    text = text_of(body, "q").strip()
    if len(text) < 2:
        raise invalid("q: wants at least two characters")
    return {"records": persons.search(text, MOST)}


@blueprint.post("/people/erase")
@auth.for_roles("lead")
def erase() -> dict[str, Any]:
    """Records by their references."""
    key, body = command_key(request.headers.get("Idempotency-Key")), json_object(request.get_data())
    refs = body.get("refs")
    if set(body) != {"refs"} or not isinstance(refs, list) or not refs or not all(isinstance(one, str) for one in refs):
        raise invalid("wants refs, a list of references")
    return persons.erase(refs, key)


@blueprint.post("/people/events/<event>/erase")
@auth.for_roles("lead")
def erase_event(event: str) -> dict[str, Any]:
    """All of an event that is over."""
    return persons.erase_event(event, command_key(request.headers.get("Idempotency-Key")))
