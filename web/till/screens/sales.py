"""Sales and refunds: look a sale up, see what became of it, show or print its receipt again."""

import re
from typing import Any, cast, get_args

from babel.numbers import get_currency_precision
from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from appliance.domain import tokens
from appliance.errors import Problem, invalid
from appliance.ids import new_id
from appliance.language import N_
from appliance.projections import drawer, events, paper, sales, saleslist
from appliance.projections.saleslist import Show, Sought
from appliance.receipts import layout
from appliance.receipts.check import raw_of
from appliance.receipts.layout import TENDERS
from appliance.receipts.refund import REASONS
from appliance.receipts.tickets import ticket_words
from web.common.body import command_key, whole
from web.common.paper import parts
from web.till import auth, frame
from web.till.deps import deps, here
from web.till.salewords import (
    STATES,
    Teller,
    copy_name,
    form_key,
    has_printer,
    paper_tag,
    unknown,
)
from web.till.sold import sold

blueprint = Blueprint("sales", __name__)

SHOW: dict[Show, str] = {
    "all": N_("All"),
    "mine": N_("My own"),
    "unsettled": N_("Not settled"),
    "refunded": N_("Given back"),
}
_PAGE = 30
_TYPED = 100
_COUNTED = re.compile(r"(^|, )(-?[0-9]+) x ")
_LONGEST = tokens.MAX_TEXT + 200
"""What a scanner types of a receipt: its address, and the token in it."""


@blueprint.get("/sales")
@auth.for_roles("lead", "cashier")
def page() -> str:
    """The list, and beside it the sale that was chosen."""
    return frame.render("sales.html", tab="sell.page", shows=SHOW, longest=_LONGEST, **_list(), **_beside())


@blueprint.get("/sales/now")
@auth.for_roles("lead", "cashier")
def now() -> str:
    """The list again."""
    return render_template("_sales_now.html", **_list())


@blueprint.get("/sales/beside")
@auth.for_roles("lead", "cashier")
def beside() -> str:
    """The chosen sale again."""
    return render_template("_sale_beside.html", csrf=g.signed.csrf or "", **_beside())


@blueprint.get("/sales/<sale>")
@auth.for_roles("lead", "cashier")
def one(sale: str) -> str:
    """A sale: its receipt as it was printed, with the code for the guest's phone, and what became of it."""
    return frame.render("sale.html", tab="sell.page", parts=_receipt(sale), **about(sale))


@blueprint.get("/sales/<sale>/now")
@auth.for_roles("lead", "cashier")
def one_now(sale: str) -> str:
    """What became of it, again."""
    return render_template("_sale_about.html", csrf=g.signed.csrf or "", **about(sale))


@blueprint.post("/sales/<sale>/copy")
@auth.for_roles("lead", "cashier", action="reprint")
def copy(sale: str) -> Response:
    """One more copy of its receipt; the form carries its own key, so that a second press makes no second one."""
    key = command_key(request.form.get("key"))
    deps().client.send("receipt.reprint", {"sale": sale}, actor=auth.actor(), id=key)
    return _back_to(sale)


@blueprint.post("/sales/<sale>/card")
@auth.for_roles("lead", "cashier")
def card(sale: str) -> Response:
    """What the terminal says of a card payment that nobody was certain of."""
    tender, reference = request.form.get("tender", ""), request.form.get("reference", "").strip()
    asked: dict[str, Any] = {
        "sale": sale,
        "tender": int(tender) if tender.isdecimal() and len(tender) < 4 else tender,
        "outcome": request.form.get("outcome"),
    }
    if reference:
        asked["reference"] = reference
    # Both outcomes under one key would leave the second press on the wrong one without an answer.
    key = command_key(f"{request.form.get('key', '')}-{str(asked['outcome'])[:8]}")
    try:
        deps().client.send("card.settle", asked, actor=auth.actor(), id=key)
    except Problem as problem:
        if problem.slug != "key-reused":
            raise
        # The same button again, with another reference beside it: said anew, the decision tells what holds.
        deps().client.send("card.settle", asked, actor=auth.actor(), id=new_id("c"))
    return _back_to(sale)


def _back_to(sale: str) -> Response:
    """Where the form was."""
    match request.form.get("at"):
        case "list":
            return make_response(redirect(url_for("sales.page", sale=sale)))
        case "back":
            return make_response(redirect(url_for("refund.page", sale=sale)))
        case _:
            return make_response(redirect(url_for("sales.one", sale=sale)))


def _list() -> dict[str, Any]:
    asked, db, tell = request.args, deps().reader.db(), Teller()
    show = asked.get("show", "all")
    if show not in get_args(Show):
        raise invalid(f"show: wants {', '.join(get_args(Show))}")
    before = whole(asked["before"], "before", 0) if asked.get("before") else None
    text = asked.get("q", "").strip()[:_LONGEST]
    digits = get_currency_precision(tell.currency)
    sought = Sought(_meant(text), cast(Show, show), auth.actor(), before, _PAGE)
    found = saleslist.find(db, sought, digits)
    rows = [_row(sale, tell) for sale in found["sales"]]
    today, last = sales.today(db, deps().clock()), sales.recent(db, 1)
    return {
        "q": text,
        "show": show,
        "before": before,
        "chosen": asked.get("sale", ""),
        "rows": rows,
        "count": found["count"],
        "most": saleslist.MOST_COUNTED,
        "number": here().wording.number,
        "older": rows[-1] if len(rows) == _PAGE else None,
        "today": {"count": today["count"], "gross": tell.money(today["gross"])},
        "last": tell.when(last[0]["at"]) if last else None,
    }


def _row(sale: dict[str, Any], tell: Teller) -> dict[str, Any]:
    copies = paper.receipts(deps().reader.db(), sale["sale"])
    return {
        **sale,
        "when": tell.when(sale["at"]),
        "who": tell.person(sale["by"]),
        "items": _COUNTED.sub(_counted, sale["items"]),
        "amount": tell.money(sale["total"], sale["currency"]),
        "paid": [TENDERS[kind] for kind in sale["tenders"]],
        "tag": STATES.get(sale["state"]) or paper_tag(copies[-1] if copies else None),
    }


def _counted(found: re.Match[str]) -> str:
    """As people write it: ``-2 x Cup`` is ``−2 × Cup``."""
    return f"{found[1]}{found[2].replace('-', chr(0x2212))} × "


def _meant(text: str) -> str:
    """What a scanner typed of a receipt or a ticket, as the number or id that is looked for; other text as it is."""
    _, receipt, code = text.rpartition("/r/")
    try:
        if receipt:
            token = tokens.read_unverified(tokens.url_text(raw_of(code)))
        elif text.startswith(tokens.PREFIX):
            token = tokens.read_unverified(text)
        else:
            return text[:_TYPED]
    except (tokens.Unreadable, ArithmeticError, TypeError):
        return text[:_TYPED]
    sale = sales.get(deps().reader.db(), token.scope or "") if receipt else None
    return str(sale["number"]) if sale else token.id


def _beside() -> dict[str, Any]:
    """The chosen sale; nothing when none is, or it is not there."""
    sale = request.args.get("sale", "")
    if not sale or sales.get(deps().reader.db(), sale) is None:
        return {"sold": None, "at": "list"}
    return {**about(sale), "at": "list"}


def about(sale: str) -> dict[str, Any]:
    """A sale as its page tells of it."""
    db, tell = deps().reader.db(), Teller()
    found = sold(sale)
    currency, row = found["currency"], saleslist.get(db, sale) or {"state": "paid", "by": None}
    newest = found["receipts"][-1] if found["receipts"] else None
    home = drawer.get(db, found["drawer"])
    return {
        "sold": found,
        "at": "one",
        "tell": tell,
        "state": STATES.get(row["state"]),
        "lines": [_line(line, tell, currency) for line in found["lines"]],
        "unknown": unknown(found),
        "backs": [_given_back(back, tell) for back in reversed(found["refunds"])],
        "tickets": [
            {**one, "digits": ticket_words(one["ticket"]), "tag": paper_tag(one)} for one in found.get("tickets", ())
        ],
        "copies": [
            {"name": copy_name(one["copy"]), "printer": one["printer"], "tag": paper_tag(one)}
            for one in reversed(found["receipts"])
        ],
        "waits": newest is not None and newest["outcome"] is None,
        "next_copy": None if newest is None else newest["copy"] + 1,
        "key": form_key("copy", sale, newest["copy"] if newest else None, auth.actor()),
        "can_print": has_printer(),
        "drawer": home.name if home else "",
        "by": tell.person(row["by"]),
        "approver": tell.person(found.get("approver")),
        "note_ref": ((sales.get(db, sale) or {}).get("note_ref") or {}).get("ref"),
        "may_erase": auth.staff().role == "lead",
    }


def _line(line: dict[str, Any], tell: Teller, currency: str) -> dict[str, Any]:
    """``off``: what it cost before a discount."""
    return {
        "qty": tell.number(line["qty"]) if line.get("unit") != "gram" else "",
        "name": line["name"] if line.get("unit") != "gram" else tell.piece(line),
        "amount": tell.money(line["total"], currency),
        "off": tell.money(line["full"], currency) if line.get("full") is not None else None,
        "bundle": line.get("bundle"),
        "service": line.get("service"),
    }


def _given_back(back: dict[str, Any], tell: Teller) -> dict[str, Any]:
    return {
        "refund": back["sale"],
        "number": back["number"],
        "void": back["kind"] == "void",
        "when": tell.when(back["at"]),
        "amount": tell.money(back["total"], back["currency"]),
        "what": [tell.piece(line) for line in back["lines"]],
        "how": [(tell.tender(one), tell.money(one["amount"], back["currency"])) for one in back["tenders"]],
        "reason": REASONS[back["reason"]],
        "note": back.get("note"),
        "approver": tell.person(back.get("approver")),
        "tag": paper_tag(back["slip"]),
    }


def _receipt(sale: str) -> list[Any]:
    """The paper, with the code that leads a guest's phone to it; training has none."""
    db = deps().reader.db()
    found = sales.get(db, sale)
    event = events.get(db, found["event"]) if found else None
    if found is None or event is None:
        raise Problem("not-found", f"there is no sale {sale[:80]}", "Look it up by its number.")
    url = None
    if not found["training"]:
        url = deps().client.send("receipt.link", {"sale": sale}, actor=auth.actor(), id=new_id("l")).answer["url"]
    return parts(
        layout.receipt(
            found, event_name=event.name, timezone=event.timezone, url=url, locale=deps().config.box.language
        )
    )
