"""Sales."""

from typing import Any, cast, get_args

from babel.numbers import get_currency_precision
from flask import Blueprint, request

from appliance.errors import invalid
from appliance.projections import events, paper, refunds, saleslist, walkups
from appliance.projections.saleslist import Show, Sought
from web.common.body import command_key, json_object, whole
from web.till import auth
from web.till.deps import deps
from web.till.sold import sold

blueprint = Blueprint("api_sales", __name__)

_PAGE = 30
_LONGEST = 100


@blueprint.post("/sales")
@auth.for_roles("lead", "cashier", action="sell")
def complete() -> tuple[dict[str, Any], int]:
    """A paid cart becomes a sale."""
    key = command_key(request.headers.get("Idempotency-Key"))
    asked = json_object(request.get_data())
    body = auth.approved(asked, key, by_themselves=_takes_off(asked))
    answer = deps().client.send("sale.complete", body, actor=auth.actor(), id=key)
    return answer.answer, 201


@blueprint.get("/sales")
@auth.for_roles("lead", "cashier")
def several() -> dict[str, Any]:
    """Sales, the newest first: those that a text fits, one's own, those with an unknown outcome, those of which money
    went back."""
    asked, db = request.args, deps().reader.db()
    show = asked.get("show", "all")
    if show not in get_args(Show):
        raise invalid(f"show: wants {', '.join(get_args(Show))}")
    text = asked.get("q", "")
    if len(text) > _LONGEST:
        raise invalid(f"q: wants at most {_LONGEST} characters")
    before = whole(asked["before"], "before", 0) if "before" in asked else None
    limit = whole(asked.get("limit"), "limit", _PAGE)
    if not 1 <= limit <= saleslist.MOST:
        raise invalid(f"limit: wants 1 to {saleslist.MOST}")
    event = events.current(db)
    digits = get_currency_precision(event.currency if event else "EUR")
    return saleslist.find(db, Sought(text, cast(Show, show), auth.actor(), before, limit), digits)


def _takes_off(body: dict[str, Any]) -> bool:
    lines = body.get("lines")
    asked = [body, *(lines if isinstance(lines, list) else [])]
    return any(isinstance(one, dict) and one.get("discount") is not None for one in asked)


@blueprint.post("/sales/<sale>/reprint")
@auth.for_roles("lead", "cashier", action="reprint")
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


@blueprint.post("/sales/<sale>/card")
@auth.for_roles("lead", "cashier")
def card(sale: str) -> dict[str, Any]:
    """What became of a card payment that nobody was certain of."""
    key = command_key(request.headers.get("Idempotency-Key"))
    body = json_object(request.get_data())
    return deps().client.send("card.settle", {**body, "sale": sale}, actor=auth.actor(), id=key).answer


@blueprint.get("/receipts")
def doubtful() -> dict[str, Any]:
    """The receipts, papers of refunds and tickets that somebody should look at."""
    db = deps().reader.db()
    return {"receipts": paper.doubtful(db), "refunds": refunds.doubtful(db), "tickets": walkups.doubtful(db)}


@blueprint.get("/sales/<sale>")
def one(sale: str) -> dict[str, Any]:
    """A sale as it was recorded, with what was noted, what went back and what is left of it, its tickets and what
    became of their paper."""
    return sold(sale)
