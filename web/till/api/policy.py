"""The policy for scripts of the lead: what is in force, and a new one."""

from typing import Any

import msgspec
from flask import Blueprint, request

from appliance.errors import invalid
from appliance.files import policy as policyfile
from appliance.files.bundle import LONGEST
from appliance.projections import policy
from web.common.body import command_key, json_object, text_of
from web.common.problems import takes
from web.till import auth
from web.till.deps import deps

blueprint = Blueprint("api_policy", __name__)

MOST = 2 * LONGEST
"""Bytes of a request: a note with its quotes escaped."""


@blueprint.get("/policy")
@auth.for_roles("lead")
def show() -> dict[str, Any]:
    """What is in force, the guardrails, what became of the last bundles."""
    db = deps().reader.db()
    return {
        "policy": policy.status(db, deps().clock()),
        "guardrails": msgspec.to_builtins(policy.guardrails(db)),
        "history": [_seen(seen) for seen in policy.history(db)],
    }


@blueprint.post("/policy")
@takes(MOST)
@auth.for_roles("lead")
def apply() -> dict[str, Any]:
    """Apply a signed note, all or nothing; one that is refused changes nothing, and the answer says why."""
    key = command_key(request.headers.get("Idempotency-Key"))
    body = json_object(request.get_data())
    if unknown := sorted(set(body) - {"note"}):
        raise invalid(f"{unknown[0][:40]!r} is not known here; allowed: note")
    asked = policyfile.asked(text_of(body, "note").encode(), "upload")
    return deps().client.send("policy.apply", asked, actor=auth.actor(), id=key).answer


def _seen(seen: policy.Seen) -> dict[str, Any]:
    return {
        "pos": seen.pos,
        "at": seen.at,
        "version": seen.version,
        "applied": seen.reason is None,
        "reason": seen.reason,
        "source": seen.source,
        "kinds": list(seen.kinds),
    }
