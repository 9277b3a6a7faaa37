"""The kit check, and the devices that were found and taken into use."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, request

from appliance.projections.checklist import Step
from web.common.body import command_key, json_object, text_of
from web.till import auth, kitwork

blueprint = Blueprint("api_kit", __name__)


@blueprint.get("/kit")
@auth.for_roles("lead", "cashier")
def kit() -> dict[str, Any]:
    """The newest check with its steps, and what is plugged in and not used."""
    place = kitwork.around()
    found = kitwork.checklist(place)
    plugged = {"found": [asdict(one) for one in place.found], "adopted": dict(place.adopted)}
    if found is None:
        return {"kit": None, "steps": [], **plugged}
    check, took = found.check, found.took
    return {
        "kit": check.kit,
        "code": check.code,
        "ready": check.ready is not None,
        **asdict(took),
        "now": None if found.now is None else asdict(found.now.place),
        "steps": [_step(step) for step in found.steps],
        **plugged,
    }


@blueprint.post("/kit/<verb>")
@auth.for_roles("lead", "cashier")
def act(verb: str) -> dict[str, Any]:
    """``begin``, ``ask`` a part to show that it works, ``check``: say what became of it, ``finish``, print the
    ``sheet``."""
    key = command_key(request.headers.get("Idempotency-Key"))
    return kitwork.do(verb, json_object(request.get_data()), key)


@blueprint.post("/devices/<name>/adopt")
@auth.for_roles("lead")
def adopt(name: str) -> dict[str, Any]:
    """Take a found device into use under the proposed name."""
    key = command_key(request.headers.get("Idempotency-Key"))
    return kitwork.adopt(text_of(json_object(request.get_data()), "uri"), name, key)


@blueprint.post("/devices/<name>/drop")
@auth.for_roles("lead")
def drop(name: str) -> dict[str, Any]:
    """Use an adopted device no longer."""
    return kitwork.drop(name, command_key(request.headers.get("Idempotency-Key")))


def _step(step: Step) -> dict[str, Any]:
    answer = step.answer
    return {
        "step": step.place.step,
        "device": step.place.device,
        "title": step.title,
        "state": step.state,
        "words": step.words,
        "seen": asdict(step.seen),
        "answer": None if answer is None else asdict(answer),
    }
