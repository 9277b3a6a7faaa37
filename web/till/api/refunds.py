"""Voids, refunds, and their paper."""

from typing import Any, get_args

from flask import Blueprint, request

from appliance.domain.guardrails import Action
from appliance.domain.refundpaper import slip_id
from appliance.domain.refunds import RefundReason
from appliance.errors import invalid
from web.common.body import command_key, json_object
from web.till import auth
from web.till.deps import deps

blueprint = Blueprint("api_refunds", __name__)


@blueprint.post("/sales/<sale>/void")
@auth.for_roles("lead", "cashier")
def void(sale: str) -> tuple[dict[str, Any], int]:
    """The whole sale never took place."""
    return _send("sale.void", sale, "void")


@blueprint.post("/sales/<sale>/refund")
@auth.for_roles("lead", "cashier")
def refund(sale: str) -> tuple[dict[str, Any], int]:
    """Some or all of what is left of a sale goes back."""
    return _send("sale.refund", sale, "refund")


def _send(command: str, sale: str, action: Action) -> tuple[dict[str, Any], int]:
    key = command_key(request.headers.get("Idempotency-Key"))
    body = auth.approved(_reasoned(json_object(request.get_data())), key, by_themselves=True)
    auth.check(action, approved="approver" in body)
    return deps().client.send(command, {**body, "sale": sale}, actor=auth.actor(), id=key).answer, 201


def _reasoned(body: dict[str, Any]) -> dict[str, Any]:
    """A reason in somebody's own words is a note: those may not stand in the journal."""
    reason = body.get("reason")
    if not isinstance(reason, str) or not reason.strip() or reason in get_args(RefundReason):
        return body
    if "note" in body:
        raise invalid(f"reason: beside a note it is one of {', '.join(get_args(RefundReason))}")
    return {**body, "reason": "other", "note": reason}


@blueprint.post("/refunds/<refund>/reprint")
@auth.for_roles("lead", "cashier", action="reprint")
def reprint(refund: str) -> tuple[dict[str, Any], int]:
    """One more copy of its paper, marked DUPLICATE unless it is the first."""
    key = command_key(request.headers.get("Idempotency-Key"))
    body = json_object(request.get_data())
    answer = deps().client.send("refund.print", {**body, "refund": refund}, actor=auth.actor(), id=key)
    return answer.answer, 201


@blueprint.post("/refunds/<refund>/receipt")
@auth.for_roles("lead", "cashier")
def settle(refund: str) -> dict[str, Any]:
    """Whether a person has a copy of its paper that the printer was not certain of."""
    key = command_key(request.headers.get("Idempotency-Key"))
    body = {**json_object(request.get_data()), "slip": slip_id(refund)}
    answer = deps().client.send("slip.settle", body, actor=auth.actor(), id=key).answer
    return {"refund": refund, "copy": answer["copy"], "on_paper": answer["on_paper"]}
