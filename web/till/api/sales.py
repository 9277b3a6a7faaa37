"""Sales."""

from typing import Any

from flask import Blueprint, request

from appliance.errors import Problem
from appliance.projections import paper, refunds, sales, walkups
from web.common.body import command_key, json_object
from web.till import auth
from web.till.deps import deps

blueprint = Blueprint("api_sales", __name__)


@blueprint.post("/sales")
@auth.for_roles("lead", "cashier")
def complete() -> tuple[dict[str, Any], int]:
    """A paid cart becomes a sale."""
    key = command_key(request.headers.get("Idempotency-Key"))
    asked = json_object(request.get_data())
    body = auth.approved(asked, by_themselves=_takes_off(asked))
    answer = deps().client.send("sale.complete", body, actor=auth.actor(), id=key)
    return answer.answer, 201


def _takes_off(body: dict[str, Any]) -> bool:
    lines = body.get("lines")
    asked = [body, *(lines if isinstance(lines, list) else [])]
    return any(isinstance(one, dict) and one.get("discount") is not None for one in asked)


@blueprint.post("/sales/<sale>/reprint")
@auth.for_roles("lead", "cashier")
def reprint(sale: str) -> tuple[dict[str, Any], int]:
    """One more copy of its receipt, marked DUPLICATE."""
    key = command_key(request.headers.get("Idempotency-Key"))
    body = json_object(request.get_data())
    answer = deps().client.send("receipt.reprint", {**body, "sale": sale}, actor=auth.actor(), id=key)
    return answer.answer, 201


@blueprint.post("/sales/<sale>/receipt")
@auth.for_roles("lead", "cashier")
def settle(sale: str) -> dict[str, Any]:
    """Whether a person has a copy on paper that the printer was not certain of."""
    key = command_key(request.headers.get("Idempotency-Key"))
    body = json_object(request.get_data())
    answer = deps().client.send("receipt.settle", {**body, "sale": sale}, actor=auth.actor(), id=key)
    return answer.answer


@blueprint.get("/receipts")
def doubtful() -> dict[str, Any]:
    """The receipts and tickets that somebody should look at."""
    db = deps().reader.db()
    return {"receipts": paper.doubtful(db), "tickets": walkups.doubtful(db)}


@blueprint.get("/sales/<sale>")
def one(sale: str) -> dict[str, Any]:
    """A sale as it was recorded, with what was noted, what went back and what is left of it, its tickets and what
    became of their paper."""
    db = deps().reader.db()
    found = sales.get(db, sale)
    if found is None:
        raise Problem("not-found", f"there is no sale {sale[:80]}", "Look it up by its number.")
    if (note := found.pop("note_ref", None)) is not None:
        found["note"] = deps().people.person(note["ref"]).get("note")
    found |= refunds.of_sale(db, sale)
    for back in found["refunds"]:
        if (note := back.pop("reason_ref", None)) is not None:
            back["note"] = deps().people.person(note["ref"]).get("reason")
    tickets = walkups.on_paper(db, sale)
    return {**found, "tickets": tickets} if tickets else found
