"""Come-back vouchers: what who signs up gets, and how many got one."""

from typing import Any

from babel.numbers import get_currency_precision
from flask import Blueprint, Response, make_response, redirect, request, url_for

from appliance.domain.vouchers import MOST_DAYS, MOST_VOUCHERS
from appliance.errors import Problem
from appliance.ids import new_id
from appliance.language import N_
from appliance.projections import events, guests, vouchers
from web.common.body import amount, command_key
from web.common.body import typed as written
from web.common.language import _
from web.common.problems import fault_of
from web.till import auth, frame
from web.till.deps import deps, here

blueprint = Blueprint("comeback", __name__)

_NO_AMOUNT = N_("Type amounts as 5 or 5.00, days and vouchers as whole numbers.")


@blueprint.get("/comeback")
@auth.for_roles("lead")
def page() -> str:
    """The terms as they are."""
    event = events.current(deps().reader.db())
    terms = vouchers.terms(deps().reader.db(), event.event) if event else None
    typed = {}
    if event and terms and terms.amount:
        digits = get_currency_precision(event.currency)
        typed = {
            "amount": written(terms.amount, digits),
            "minimum": written(terms.minimum, digits),
            "days": str(terms.days),
            "most": str(terms.most),
        }
    return _page(typed)


@blueprint.post("/comeback")
@auth.for_roles("lead")
def set_terms() -> Response:
    """From now on these; an empty form with ``end``: none."""
    sent, key = request.form, command_key(request.form.get("key"))
    typed = {name: sent.get(name, "").strip()[:20] for name in ("amount", "minimum", "days", "most")}
    asked: dict[str, int | None] = {"amount": 0}
    if "end" not in sent:
        event = events.current(deps().reader.db())
        digits = get_currency_precision(event.currency) if event else 2
        asked = {name: amount(typed[name], digits) for name in ("amount", "minimum")}
        asked |= {name: _whole(typed[name]) for name in ("days", "most")}
    if None in asked.values() or ("end" not in sent and not asked["amount"]):
        return make_response(_page(typed, _(_NO_AMOUNT)), 422)
    try:
        deps().client.send("voucher.set_terms", asked, actor=auth.actor(), id=key)
    except Problem as problem:
        fault = fault_of(problem)
        return make_response(_page(typed, f"{fault.detail} {fault.remedy}"), fault.status)
    return make_response(redirect(url_for("comeback.page", done="1")))


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _page(typed: dict[str, str], fault: str = "") -> str:
    db = deps().reader.db()
    event = events.current(db)
    terms = vouchers.terms(db, event.event) if event else None
    now: dict[str, Any] | None = None
    if event and terms and terms.amount:
        write = here().wording.money
        now = {
            "amount": write(terms.amount, terms.currency),
            "minimum": write(terms.minimum, terms.currency),
            "days": terms.days,
            "most": terms.most,
            "granted": terms.granted,
            "left": terms.left,
            "cost": write(terms.cost, terms.currency),
        }
    return frame.render(
        "comeback.html",
        tab="lead.page",
        now=now,
        typed=typed,
        fault=fault,
        can_set=event is not None and event.state != "closed",
        signups=guests.signups(db, event.event) if event else 0,
        currency=event.currency if event else "",
        most_days=MOST_DAYS,
        most_vouchers=MOST_VOUCHERS,
        done="done" in request.args,
        key=new_id("k"),
    )
