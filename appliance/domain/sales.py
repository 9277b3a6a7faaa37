"""The sale: a cart that is paid. What its lines cost is in ``lines``, how it is paid in ``tendering``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from appliance.domain import access, lines, money, pricing, tendering, vouchers, walkups
from appliance.domain.access import Shown, TokenRedeemed
from appliance.domain.catalogue import Item
from appliance.domain.drawer import Drawers, check_approver, for_sale
from appliance.domain.events import Event
from appliance.domain.guardrails import Limits
from appliance.domain.kernel import (
    STAFF,
    Ask,
    Context,
    Decided,
    Fact,
    Personal,
    PersonRef,
    command,
    kind,
    refuse,
)
from appliance.domain.lines import AskLine, SaleLine
from appliance.domain.lists import CheckinList
from appliance.domain.receipts import ReceiptRequested
from appliance.domain.tendering import AskTender, Tender
from appliance.errors import invalid

MAX_NOTE = 500


@kind("sale.completed/1")
class SaleCompleted(Fact, frozen=True):
    """A sale that took place. ``number``: ``<log>-<n>``, gap-free within a log. Amounts in minor units of
    ``currency``. ``rounding``: what was paid more (less) than ``total`` because cash is paid in coins that there are.
    ``cart_discount``: what was taken off the whole cart, in the lines' ``discount`` too; ``cart_percent``: as a share,
    when asked for so. ``share_off``: the largest share that was taken off, of a line or of the whole. ``approver``: the
    lead who allowed more discount than the guardrail. ``age_checked``: somebody
    looked at an ID, which a line wanted. ``note_ref``: what was noted. ``late_for``: the drawer that it was rung up
    for, when that had its Z before the sale was recorded. ``token``: the access token that paid a piece of it; when
    there were several, the tenders name them. ``training``: it counts nowhere, takes no stock, issues no tickets and
    uses no token up."""

    sale: str
    number: str
    drawer: str
    currency: str
    lines: list[SaleLine]
    tenders: list[Tender]
    total: int
    rounding: int
    change: int
    vat: list[money.VatLine]
    training: bool
    cart_discount: int = 0
    cart_percent: str | None = None
    share_off: str | None = None
    discount_reason: pricing.DiscountReason | None = None
    approver: str | None = None
    age_checked: bool = False
    note_ref: PersonRef | None = None
    late_for: str | None = None
    token: str | None = None


@dataclass(frozen=True)
class SaleKnown:
    """The event, the open drawers, the items asked for, what is left of those that are counted, the next number, and
    the check-in lists when tickets are among the items; each access token, and each come-back voucher (``given``), by
    its code; the limits in force. ``items``: also the parts of the bundles among them."""

    event: Event | None
    drawers: Drawers
    items: Mapping[str, Item]
    left: Mapping[str, int]
    number: int
    lists: Mapping[str, CheckinList] = field(default_factory=dict)
    tokens: Mapping[str, Shown] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    given: Mapping[str, vouchers.Shown] = field(default_factory=dict)


class CompleteSale(Ask, frozen=True):
    """A cart and how it is paid. ``approver``: the id of the lead who allows what is beyond the guardrail;
    ``note``: for the erasable table; ``drawer``: id or name, by default the cashier's own."""

    lines: list[AskLine]
    tenders: list[AskTender]
    discount: pricing.AskDiscount | None = None
    discount_reason: pricing.DiscountReason | None = None
    approver: str | None = None
    age_checked: bool = False
    note: str | None = None
    drawer: str | None = None


@command("sale.complete", CompleteSale, STAFF, at_full="stop")
def complete(ask: CompleteSale, known: SaleKnown, ctx: Context) -> Decided:
    """A paid cart becomes a sale with its number, its VAT, its tickets, and requests for their paper."""
    lines.check(ask.lines)
    event, drawer, late_for = for_sale(known.drawers, ctx.actor, ask.drawer, known.event)
    cart = lines.positions(ask.lines, known.items)
    lines.check_stock(_flat(cart), known.left)
    rail = known.limits.rails.discount
    reduced, cart = lines.reduce(cart, ask.discount, rail)
    sold = _flat(cart)
    _check_approval(reduced, ask, known.limits)
    age = max((known.items[line.sku].min_age or 0 for line in sold if line.qty > 0), default=0)
    if age and not ask.age_checked:
        refuse("age-check", f"something in this cart is sold from {age} years on", "Ask for an ID.", min_age=age)
    admit = [walkups.Bought(line.ticket, line.name, line.qty) for line in sold if line.ticket is not None]
    walkups.check(admit, known.lists)
    tendering.check(ask.tenders)
    redeemed = access.redeem(ask.tenders, cart, known.tokens, event.event, ctx)
    total = sum(line.total for line in sold)
    given = vouchers.redeem(ask.tenders, known.given, total, event, ctx)
    by_place, by_voucher = {one.place: one.token for one in redeemed}, {one.place: one.voucher for one in given}
    tenders, rounding, change = tendering.settle(total, ask.tenders, event.cash_rounding, by_place, by_voucher)
    note = noted(ask.note, ctx)
    vat = money.vat_lines((line.vat, line.total) for line in sold)
    number = f"{ctx.log}-{known.number}"
    sale = SaleCompleted(
        sale=ctx.command,
        number=number,
        drawer=drawer.drawer,
        currency=event.currency,
        lines=sold,
        tenders=tenders,
        total=total,
        rounding=rounding,
        change=change,
        vat=vat,
        training=drawer.training,
        cart_discount=reduced.cart,
        cart_percent=ask.discount.percent if ask.discount and reduced.cart else None,
        share_off=reduced.share if any(off.own + off.share for off in reduced.lines) else None,
        discount_reason=ask.discount_reason,
        approver=ask.approver if reduced.beyond else None,
        age_checked=age > 0,
        note_ref=note.ref if note else None,
        late_for=late_for,
        token=redeemed[0].token if len(redeemed) == 1 else None,
    )
    facts: list[Fact] = [sale]
    if sale.approver is not None and not sale.training:
        facts.append(known.limits.broken("discount", rail.alone, reduced.share, sale.approver, sale.sale))
    if ctx.printer:
        facts.append(ReceiptRequested(sale=sale.sale, copy=0, printer=ctx.printer))
    tickets, slips = walkups.issue([] if sale.training else admit, sale.sale, ctx)
    facts += [*tickets, *slips]
    if not sale.training:
        facts += [_redeemed(one, sale.sale, ctx) for one in redeemed]
        facts += [_given(one, sale.sale, ctx) for one in given]
    answer: dict[str, Any] = {
        "sale": sale.sale,
        "number": number,
        "total": total,
        "rounding": rounding,
        "change": change,
        "vat": msgspec.to_builtins(vat),
    }
    if late_for:
        answer |= {"drawer": sale.drawer, "late_for": late_for}
    if sale.training:
        answer["training"] = True
    if tickets:
        answer["tickets"] = [fact.ticket for fact in tickets]
    # A receipt's signed code is a promise to a guest; a training sale makes none.
    return Decided(facts, answer, [note] if note else (), receipt=None if sale.training else 0)


def _flat(cart: Sequence[lines.Position]) -> list[SaleLine]:
    return [line for position in cart for line in position.lines]


def _redeemed(one: access.Redeemed, sale: str, ctx: Context) -> TokenRedeemed:
    return TokenRedeemed(
        token=one.token,
        sale=sale,
        sku=one.sku,
        amount=one.amount,
        provisional=False,
        time_checked=ctx.now.trusted,
    )


def _given(one: vouchers.Redeemed, sale: str, ctx: Context) -> vouchers.VoucherRedeemed:
    return vouchers.VoucherRedeemed(
        voucher=one.voucher,
        sale=sale,
        amount=one.amount,
        provisional=one.provisional,
        time_checked=ctx.now.trusted,
    )


def noted(text: str | None, ctx: Context) -> Personal | None:
    """A note for the erasable table; None when there is none. Raises ``validation``."""
    if text is None:
        return None
    if not 1 <= len(text.strip()) <= MAX_NOTE:
        raise invalid(f"note: wants 1 to {MAX_NOTE} characters", "Shorten it, or leave it out.")
    return ctx.seal({"note": text.strip()})


def _check_approval(reduced: pricing.Reduced, ask: CompleteSale, limits: Limits) -> None:
    check_approver(ask.approver)
    if ask.discount_reason is not None and ask.discount is None and all(line.discount is None for line in ask.lines):
        raise invalid("discount_reason: no discount is asked for", "Leave the reason out.")
    rail = limits.rails.discount
    if reduced.barred:
        refuse(
            "guardrail",
            f"more than {_percent(rail.lead)} is taken off, and policy {limits.policy} lets nobody do that",
            "Take less off.",
            limit=rail.lead,
            may="nobody",
        )
    if reduced.beyond and ask.approver is None:
        refuse(
            "guardrail",
            f"more than {_percent(rail.alone)} is taken off",
            "Ask the lead for their PIN.",
            limit=rail.alone,
            may="lead",
        )
    if reduced.beyond and ask.discount_reason is None:
        raise invalid("discount_reason: a discount as large as this wants one", "Say why it is given.")


def _percent(share: str) -> str:
    return f"{float(money.rate(share) * 100):g} %"
