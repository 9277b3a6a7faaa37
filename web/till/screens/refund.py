"""Giving money back: what of a sale, how and why, with the box's own figures before anything is done; then its slip."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from appliance.domain.cards import statuses
from appliance.domain.drawer import Drawer
from appliance.domain.refunds import MoneyBack, RefundTender, still
from appliance.errors import Problem
from appliance.projections import cards, catalogue, drawer, events, refunds, sales
from appliance.receipts import refund as slip
from appliance.receipts.refund import REASONS
from appliance.receipts.wording import sentence
from web.common.body import command_key
from web.common.language import _, wording
from web.common.paper import parts
from web.till import auth, frame, giveback
from web.till.deps import deps
from web.till.giveback import Preview
from web.till.salewords import Teller, copy_name, form_key, has_printer, paper_tag, unknown
from web.till.sold import said, sold

blueprint = Blueprint("refund", __name__)

SHELVED = ("wrong_item", "changed_mind", "wrong_price", "wrong_tender", "other")
"""Reasons after which a thing is sold again, unless somebody says otherwise."""


@blueprint.get("/sales/<sale>/back")
@auth.for_roles("lead", "cashier")
def page(sale: str) -> str:
    """The form."""
    found, tell = sold(sale), Teller()
    left = {one["line"]: one for one in found["left"]}
    drawers = _drawers(found)
    lines = [
        _line(number, line, left[number], tell, found)
        for number, line in enumerate(found["lines"], 1)
        if number in left
    ]
    ways = _ways(sale)
    untouched = {"mode": "some" if len(lines) > 1 else "all", "drawer": drawers[0].drawer if drawers else ""}
    return frame.render(
        "refund.html",
        tab="sell.page",
        sold=found,
        tell=tell,
        lines=lines,
        unknown=unknown(found),
        ways=ways,
        came=[(tell.tender({"kind": kind}), tell.money(most, found["currency"])) for kind, most in ways.items()],
        reasons=REASONS,
        shelved=SHELVED,
        rail=_rail(tell, found["currency"]),
        no_void=_told(giveback.why_no_void(sale), tell),
        drawers=drawers,
        state=_state(found),
        policy=auth.limits().policy,
        **_figures(sale, giveback.read(untouched, tell.currency), found, tell),
    )


@blueprint.get("/sales/<sale>/back/preview")
@auth.for_roles("lead", "cashier")
def preview(sale: str) -> str:
    """What would come of the form as it stands; nothing is written."""
    found, tell = sold(sale), Teller()
    try:
        figures = _figures(sale, giveback.read(request.args, found["currency"]), found, tell)
    except Problem as problem:
        figures = {"preview": Preview(problem=problem), "told": _told(problem, tell)}
    return render_template("_refund_preview.html", sold=found, tell=tell, state=_state(found), **figures)


@blueprint.get("/sales/<sale>/back/cards")
@auth.for_roles("lead", "cashier")
def cards_now(sale: str) -> str:
    """Card payments that have to be settled first, again; and whether the form is still true."""
    found = sold(sale)
    shown = {"sold": found, "tell": Teller(), "unknown": unknown(found), "state": _state(found)}
    return render_template("_refund_cards.html", csrf=g.signed.csrf or "", policy=auth.limits().policy, **shown)


@blueprint.get("/refunds/<refund>")
@auth.for_roles("lead", "cashier")
def done(refund: str) -> str:
    """What was given back, and its slip."""
    return frame.render("refunded.html", tab="sell.page", **_done(refund))


@blueprint.get("/refunds/<refund>/now")
@auth.for_roles("lead", "cashier")
def done_now(refund: str) -> str:
    """What became of the slip, again."""
    return render_template("_refunded_now.html", csrf=g.signed.csrf or "", **_done(refund))


@blueprint.post("/refunds/<refund>/copy")
@auth.for_roles("lead", "cashier", action="reprint")
def copy(refund: str) -> Response:
    """One more copy of the slip; the form carries its own key, so that a second press makes no second one."""
    key = command_key(request.form.get("key"))
    deps().client.send("refund.print", {"refund": refund}, actor=auth.actor(), id=key)
    return make_response(redirect(url_for("refund.done", refund=refund)))


def _state(found: dict[str, Any]) -> str:
    """What the form was made of: another one asks for a new identity."""
    return f"{len(found['refunds'])}-{sum(1 for one in found['tenders'] if one.get('status') == 'unknown')}"


def _line(
    number: int, line: dict[str, Any], left: dict[str, int], tell: Teller, found: dict[str, Any]
) -> dict[str, Any]:
    """``most``: how much of it can be given back; ``step``: what one press of a key adds."""
    gram = line.get("unit") == "gram"
    paid = tell.money(abs(line["total"]), found["currency"])
    many = tell.piece({**line, "name": "", "qty": abs(line["qty"])}).strip()
    if line["qty"] < 0:
        words = _("Given back with this sale for %(paid)s: the guest takes it again", paid=paid)
    elif gram:
        words = _("%(many)s sold for %(paid)s", many=many, paid=paid)
    else:
        price = tell.money(line["unit_price"], found["currency"])
        words = _("%(qty)s sold at %(price)s", qty=tell.number(line["qty"]), price=price)
        if line.get("discount"):
            words = _("%(qty)s sold for %(paid)s, reduced", qty=tell.number(line["qty"]), paid=paid)
    if left["qty"] < abs(line["qty"]):
        words += ". " + _("%(left)s left", left=tell.number(left["qty"]))
    return {
        "n": number,
        "name": line["name"],
        "words": words,
        "bundle": line.get("bundle"),
        "most": left["qty"],
        "step": left["qty"] if gram else 1,
        "gram": gram,
    }


def _ways(sale: str) -> dict[str, int]:
    """By tender kind what came that way and is left, cash last."""
    db = deps().reader.db()
    found = sales.fact(db, sale)
    if found is None:
        return {}
    rest = still(found, refunds.before(db, sale), statuses(found, cards.of_sale(db, sale)))
    return {kind: rest[kind] for kind in ("card", "voucher", "cash") if kind in rest}


def _drawers(found: dict[str, Any]) -> list[Drawer]:
    """Those that can pay; the first one is meant until somebody says otherwise: one's own, that of the sale, any."""
    there = drawer.drawers(deps().reader.db()).kin(training=found["training"]).open
    return sorted(there, key=lambda one: (one.by != auth.actor(), one.drawer != found["drawer"]))


def _figures(sale: str, asked: giveback.Asked, found: dict[str, Any], tell: Teller) -> dict[str, Any]:
    seen = giveback.preview(sale, asked)
    fact = seen.fact
    if fact is None:
        return {"preview": seen, "told": _told(seen.problem, tell)}
    money = partial(tell.money, currency=found["currency"])
    moved = [one for one in fact.tenders if not one.declined and one.kind != "token"]
    return {
        "preview": seen,
        "chosen": asked.reason is not None,
        "void": asked.mode == "void",
        "total": money(sum(one.amount for one in moved)),
        "pieces": [
            (
                tell.piece({"name": line.name, "unit": line.unit, "qty": line.qty}),
                money(-line.total if line.taken else line.total),
            )
            for line in fact.lines
        ],
        "vat": [(tell.percent(one.rate), money(one.tax)) for one in fact.vat if one.tax],
        "rounding": money(fact.rounding) if fact.rounding else None,
        "back": [(one.kind, _where(one, tell), money(one.amount)) for one in fact.tenders],
        "short": _short(moved, tell, found["currency"]),
        "keeps": money(found["total"] - sum(one["total"] for one in found["refunds"]) - fact.total),
        "shelf": _shelf(fact) if fact.restock else [],
        "tickets": len(fact.tickets),
        "lead": _lead(seen.lead, tell, found["currency"]),
    }


def _where(tender: RefundTender, tell: Teller) -> str:
    if tender.declined:
        return _("Never paid: the card was declined")
    if tender.kind == "token":
        return _("Access token: it is good again")
    if tender.kind == "cash":
        return _("Cash, out of the drawer")
    name = _("To card") if tender.kind == "card" else _("To voucher")
    if not tender.reference:
        return name
    return _("%(tender)s, ref. %(reference)s", tender=name, reference=tender.reference)


def _short(moved: list[RefundTender], tell: Teller, currency: str) -> tuple[str, str]:
    """How it goes back, in one word or two, for the button: ``cash``, ``card``…; and what the button says."""
    amount = tell.money(sum(one.amount for one in moved), currency)
    kinds = {one.kind for one in moved}
    if not moved:
        return "", _("Take it back, no money moves")
    match sorted(kinds):
        case ["card"]:
            return _("To card"), _("Refund %(amount)s to card", amount=amount)
        case ["cash"]:
            return _("In cash"), _("Refund %(amount)s in cash", amount=amount)
        case ["voucher"]:
            return _("To voucher"), _("Refund %(amount)s to voucher", amount=amount)
        case _:
            return _("Several ways"), _("Refund %(amount)s", amount=amount)


def _shelf(fact: MoneyBack) -> list[tuple[str, int, int]]:
    """What is counted and goes back on the shelf: name, how many there are, how many there will be."""
    more: dict[str, int] = {}
    names = {}
    for line in fact.lines:
        more[line.sku] = more.get(line.sku, 0) + (-line.qty if line.taken else line.qty)
        names[line.sku] = line.name
    there = catalogue.left(deps().reader.db(), set(more))
    return [(names[sku], stock, stock + more[sku]) for sku, stock in sorted(there.items()) if more[sku]]


def _rail(tell: Teller, currency: str) -> str | None:
    """What a policy allows of one sale; None while there is none."""
    limits = auth.limits()
    rail, money = limits.rails.refund, partial(tell.money, currency=currency)
    if not limits.policy:
        return None
    if rail.lead is None:
        return _(
            "Policy %(policy)s: up to %(alone)s of one sale by yourself, more with the lead.",
            policy=limits.policy,
            alone=money(rail.alone),
        )
    return _(
        "Policy %(policy)s: up to %(alone)s of one sale by yourself, up to %(lead)s with the lead.",
        policy=limits.policy,
        alone=money(rail.alone),
        lead=money(rail.lead),
    )


def _lead(why: Problem | None, tell: Teller, currency: str) -> str | None:
    if why is None:
        return None
    if why.slug == "role":
        return _("Policy %(policy)s leaves this to the lead.", policy=auth.limits().policy)
    if why.slug == "guardrail":
        return _("Above %(limit)s of one sale the lead approves.", limit=tell.money(why.extra["limit"], currency))
    return _("Somebody went in with a ticket of this sale: the lead approves.")


def _told(problem: Problem | None, tell: Teller) -> str | None:
    """A refusal in words, its amounts as money."""
    if problem is None:
        return None
    money, extra = tell.money, problem.extra
    match problem.slug:
        case "guardrail" if extra.get("may") == "nobody":
            return _(
                "Policy %(policy)s lets at most %(limit)s of one sale go back. Give back less.",
                policy=extra["policy"],
                limit=money(extra["limit"]),
            )
        case "overpaid" if "most" in extra:
            return _("At most %(most)s goes back that way: no more than came.", most=money(extra["most"]))
        case "overpaid":
            return _("That is more than there is to give back. Lower it.")
        case "card-unknown":
            unknown = money(extra["unknown"])
            return _("Whether %(unknown)s by card ever came is not known. Settle that first, above.", unknown=unknown)
        case "too-much-back" if "deposit" in problem.detail:
            return _("A deposit was given back with this sale: take it again in the same refund.")
        case "too-much-back" if "most" in extra:
            most = money(extra["most"])
            return _("Access tokens paid a part: at most %(most)s goes back. Take fewer, or void it.", most=most)
        case "nothing-back" if "have to pay" in problem.detail:
            return _("The guest would have to pay: sell the deposit instead.")
        case _:
            retell = wording().retell
            return f"{sentence(retell(problem.detail))} {retell(problem.remedy)}".strip()


def _done(refund: str) -> dict[str, Any]:
    db, tell = deps().reader.db(), Teller()
    back = refunds.get(db, refund)
    event = events.get(db, back["event"]) if back else None
    if back is None or event is None:
        raise Problem("not-found", f"there is no refund {refund[:80]}", "Look it up by its sale.")
    said(back)
    paper_ = refunds.paper_of(db, refund)
    moved = [one for one in back["tenders"] if not one.get("declined") and one["kind"] != "token"]
    return {
        "back": back,
        "tell": tell,
        "void": back["kind"] == "void",
        "cash": tell.money(sum(one["amount"] for one in moved if one["kind"] == "cash"), back["currency"]),
        "moved": [(one["kind"], tell.tender(one), tell.money(one["amount"], back["currency"])) for one in moved],
        "has_cash": any(one["kind"] == "cash" for one in moved),
        "reason": REASONS[back["reason"]],
        "approver": tell.person(back.get("approver")),
        "parts": parts(
            slip.refund(back, event_name=event.name, timezone=event.timezone, locale=deps().config.box.language)
        ),
        "slip": paper_,
        "tag": paper_tag(paper_),
        "copy": None if paper_["copy"] is None else copy_name(paper_["copy"]),
        "waits": paper_["copy"] is not None and paper_["outcome"] is None,
        "next_copy": None if paper_["copy"] is None else paper_["copy"] + 1,
        "key": form_key("refund", refund, paper_["copy"], auth.actor()),
        "can_print": has_printer(),
    }
