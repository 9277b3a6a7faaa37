"""Tasks that wait for a person."""

from typing import Any

from flask import Blueprint, request

from appliance.projections import tasks
from web.common.body import command_key
from web.till import auth
from web.till.deps import deps

blueprint = Blueprint("api_tasks", __name__)


@blueprint.get("/tasks")
@auth.for_roles("lead", "cashier")
def waiting() -> dict[str, Any]:
    """Those that nobody has done, the oldest first."""
    return {"tasks": tasks.waiting(deps().reader.db())}


@blueprint.post("/tasks/<task>/done")
@auth.for_roles("lead")
def done(task: str) -> dict[str, Any]:
    """A person says that it is done."""
    key = command_key(request.headers.get("Idempotency-Key"))
    return deps().client.send("task.done", {"task": task}, actor=auth.actor(), id=key).answer
