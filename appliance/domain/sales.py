"""The sale: lines, discounts, tenders, change, VAT contained in the prices."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from appliance.domain import money, pricing, walkups
from appliance.domain.catalogue import Item
from appliance.domain.drawer import Drawers, for_sale
from appliance.domain.events import Event, require_open
from appliance.domain.kernel import (
    MAX_AMOUNT,
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
from appliance.domain.lists import CheckinList
from appliance.domain.receipts import ReceiptRequested
from appliance.errors import invalid

REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .:/#*+_-]{0,39}")
"""As card terminals print them. It is recorded, so it has no room for an address or a sentence."""
MAX_LINES = 200
MAX_QTY = 9999
MAX_NOTE = 500
STAFF_ID = re.compile(r"[A-Za-z0-9-]{1,60}")


TenderKind = Literal["cash", "card", "voucher"]


class SaleLine(Fact, frozen=True):
    """One line. ``qty``: pieces, or grams of something weighed, negative when a deposit comes back; ``unit_price``,
    ``discount``, ``total``: minor units (``unit_price`` per kilogram when weighed). ``ticket``: each
    piece is a ticket of this check-in list. ``service``: as it was asked for, ``vat`` is its rate. With a discount,
    ``full``: the price before it; ``own_discount``: what of ``discount`` is the line's own, the rest is its share of
    the cart's; ``percent``: the own one as a share, when it was asked for so."""

    sku: str
    name: str
    qty: int
    unit_price: int
    discount: int
    total: int
    vat: str
    unit: Literal["piece", "gram"] = "piece"
    cost: int | None = None
    lot: str | None = None
    maker: str | None = None
    ticket: str | None = None
    service: pricing.Service | None = None
    full: int | None = None
    own_discount: int = 0
    percent: str | None = None


class Tender(Fact, frozen=True):
    """How a part was paid. A cash ``amount`` is what was handed over; change is the sale's own field. ``reference``:
    on the card's slip, or the voucher's own."""

    kind: TenderKind
    amount: int
    reference: str | None = None
    status: Literal["approved", "unknown"] | None = None


@kind("sale.completed/1")
class SaleCompleted(Fact, frozen=True):
    """A sale that took place. ``number``: ``<log>-<n>``, gap-free within a log. Amounts in minor units of
    ``currency``. ``rounding``: what was paid more (less) than ``total`` because cash is paid in coins that there are.
    ``cart_discount``: what was taken off the whole cart, in the lines' ``discount`` too; ``cart_percent``: as a share,
    when asked for so. ``approver``: the lead who allowed more discount than the guardrail. ``age_checked``: somebody
    looked at an ID, which a line wanted. ``note_ref``: what was noted. ``late_for``: the drawer that it was rung up
    for, when that had its Z before the sale was recorded."""

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
    discount_reason: pricing.DiscountReason | None = None
    approver: str | None = None
    age_checked: bool = False
    note_ref: PersonRef | None = None
    late_for: str | None = None


@dataclass(frozen=True)
class SaleKnown:
    """The event, the open drawers, the items asked for, what is left of those that are counted, the next number, and
    the check-in lists when tickets are among the items."""

    event: Event | None
    drawers: Drawers
    items: Mapping[str, Item]
    left: Mapping[str, int]
    number: int
    lists: Mapping[str, CheckinList] = field(default_factory=dict)


class AskLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``price``: for open prices; ``grams``: for things weighed; ``returned``: a deposit that comes back; ``service``:
    where it is consumed."""

    sku: str
    qty: int = 1
    price: int | None = None
    grams: int | None = None
    returned: bool = False
    discount: pricing.AskDiscount | None = None
    service: pricing.Service | None = None


class AskTender(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``reference`` and ``status`` are the card terminal's; a voucher has a ``reference`` too."""

    kind: TenderKind
    amount: int
    reference: str | None = None
    status: Literal["approved", "unknown"] | None = None


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


@command("sale.complete", CompleteSale, STAFF)
def complete(ask: CompleteSale, known: SaleKnown, ctx: Context) -> Decided:
    """A paid cart becomes a sale with its number, its VAT, its tickets, and requests for their paper."""
    if not 1 <= len(ask.lines) <= MAX_LINES:
        raise invalid(f"a sale has 1 to {MAX_LINES} lines, this has {len(ask.lines)}")
    event = require_open(known.event)
    drawer, late_for = for_sale(known.drawers, ctx.actor, ask.drawer, event.event)
    priced = [_line(number, line, known.items) for number, line in enumerate(ask.lines, 1)]
    _check_stock(priced, known.left)
    reduced, lines = _reduce(priced, ask, known.items)
    _check_approval(reduced, ask)
    age = max((known.items[line.sku].min_age or 0 for line in lines if line.qty > 0), default=0)
    if age and not ask.age_checked:
        refuse("age-check", f"something in this cart is sold from {age} years on", "Ask for an ID.", min_age=age)
    admit = [walkups.Bought(line.ticket, line.name, line.qty) for line in lines if line.ticket is not None]
    walkups.check(admit, known.lists)
    total = sum(line.total for line in lines)
    tenders, rounding, change = _settle(total, ask.tenders, event.cash_rounding)
    note = _note(ask.note, ctx)
    vat = money.vat_lines((line.vat, line.total) for line in lines)
    number = f"{ctx.log}-{known.number}"
    sale = SaleCompleted(
        sale=ctx.command,
        number=number,
        drawer=drawer,
        currency=event.currency,
        lines=lines,
        tenders=tenders,
        total=total,
        rounding=rounding,
        change=change,
        vat=vat,
        training=False,
        cart_discount=reduced.cart,
        cart_percent=ask.discount.percent if ask.discount and reduced.cart else None,
        discount_reason=ask.discount_reason,
        approver=ask.approver if reduced.beyond else None,
        age_checked=age > 0,
        note_ref=note.ref if note else None,
        late_for=late_for,
    )
    facts: list[Fact] = [sale]
    if ctx.printer:
        facts.append(ReceiptRequested(sale=sale.sale, copy=0, printer=ctx.printer))
    tickets, slips = walkups.issue(admit, sale.sale, ctx)
    facts += [*tickets, *slips]
    answer: dict[str, Any] = {
        "sale": sale.sale,
        "number": number,
        "total": total,
        "rounding": rounding,
        "change": change,
        "vat": msgspec.to_builtins(vat),
    }
    if late_for:
        answer |= {"drawer": drawer, "late_for": late_for}
    if tickets:
        answer["tickets"] = [fact.ticket for fact in tickets]
    return Decided(facts, answer, [note] if note else (), receipt=0)


def _note(text: str | None, ctx: Context) -> Personal | None:
    if text is None:
        return None
    if not 1 <= len(text.strip()) <= MAX_NOTE:
        raise invalid(f"note: wants 1 to {MAX_NOTE} characters", "Shorten it, or leave it out.")
    return ctx.seal({"note": text.strip()})


def _line(number: int, ask: AskLine, items: Mapping[str, Item]) -> SaleLine:
    item = items.get(ask.sku)
    where = f"line {number}" + (f" ({item.sku!r})" if item else "")
    if not 1 <= ask.qty <= MAX_QTY:
        raise invalid(f"{where}: qty {ask.qty}: wants 1 to {MAX_QTY}")
    if item is None:
        refuse("unknown-sku", f"{where}: this sku is not in the catalogue", "Reload the catalogue.")
    if ask.returned and item.kind != "deposit":
        raise invalid(f"{where}: only a deposit can come back; {item.name} is {item.kind}")
    if (ask.price is not None) != (item.kind == "open"):
        raise invalid(f"{where}: price is given for open prices, and only for them; {item.name} is {item.kind}")
    if (ask.grams is not None) != (item.kind == "weight"):
        raise invalid(f"{where}: grams are given for things weighed, and only for them; {item.name} is {item.kind}")
    price = item.price if ask.price is None else ask.price
    if not 0 <= price <= MAX_AMOUNT:
        raise invalid(f"{where}: price {price}: wants minor units from 0")
    qty, unit = -ask.qty if ask.returned else ask.qty, "piece"
    total = qty * price
    if ask.grams is not None:
        if not 1 <= ask.grams <= 1_000_000:
            raise invalid(f"{where}: grams {ask.grams}: wants 1 to 1,000,000")
        qty, unit = ask.qty * ask.grams, "gram"
        total = ask.qty * money.half_up(price * ask.grams, 1000)
    if abs(total) > MAX_AMOUNT:
        raise invalid(f"{where}: {total} is more than one sale can hold ({MAX_AMOUNT})")
    return SaleLine(
        sku=item.sku,
        name=item.name,
        qty=qty,
        unit_price=price,
        discount=0,
        total=total,
        vat=pricing.vat_of(item, ask.service),
        unit="gram" if unit == "gram" else "piece",
        cost=item.cost,
        lot=item.lot,
        maker=item.maker,
        ticket=item.ticket,
        service=ask.service,
    )


def _reduce(
    lines: list[SaleLine], ask: CompleteSale, items: Mapping[str, Item]
) -> tuple[pricing.Reduced, list[SaleLine]]:
    """What is taken off, and the lines without it."""
    deposit = [items[line.sku].kind == "deposit" for line in lines]
    reduced = pricing.reduce(
        [
            pricing.Priced(f"line {number} ({line.sku!r})", line.total, back, asked.discount)
            for number, (line, back, asked) in enumerate(zip(lines, deposit, ask.lines, strict=True), 1)
        ],
        ask.discount,
    )
    return reduced, [
        _less(line, off, asked.discount) for line, off, asked in zip(lines, reduced.lines, ask.lines, strict=True)
    ]


def _less(line: SaleLine, off: pricing.Off, asked: pricing.AskDiscount | None) -> SaleLine:
    discount = off.own + off.share
    if not discount:
        return line
    return msgspec.structs.replace(
        line,
        discount=discount,
        total=line.total - discount,
        full=line.total,
        own_discount=off.own,
        percent=asked.percent if asked and off.own else None,
    )


def _check_approval(reduced: pricing.Reduced, ask: CompleteSale) -> None:
    if ask.approver is not None and not STAFF_ID.fullmatch(ask.approver):
        raise invalid("approver: wants the id of a person who works here")
    if ask.discount_reason is not None and ask.discount is None and all(line.discount is None for line in ask.lines):
        raise invalid("discount_reason: no discount is asked for", "Leave the reason out.")
    if reduced.beyond and ask.approver is None:
        most = f"{money.rate(pricing.GUARDRAIL) * 100} %"
        refuse("guardrail", f"more than {most} is taken off", "Ask the lead for their PIN.")
    if reduced.beyond and ask.discount_reason is None:
        raise invalid("discount_reason: a discount as large as this wants one", "Say why it is given.")


def _check_stock(lines: list[SaleLine], left: Mapping[str, int]) -> None:
    wanted: dict[str, int] = {}
    for line in lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.qty
    for line in lines:
        stock = left.get(line.sku)
        if stock is not None and wanted[line.sku] > stock:
            refuse(
                "sold-out",
                f"{line.name}: {stock} left, {wanted[line.sku]} asked for",
                "Take it out of the cart, or sell what is left.",
                sku=line.sku,
                left=stock,
            )


def _settle(total: int, asked: list[AskTender], coin: int) -> tuple[list[Tender], int, int]:
    """The tenders as recorded, the rounding and the change; cash pays what is left in multiples of ``coin``, change
    comes from cash only."""
    if not 1 <= len(asked) <= 10:
        raise invalid(f"a sale has 1 to 10 tenders, this has {len(asked)}")
    for number, tender in enumerate(asked, 1):
        if not 0 <= tender.amount <= MAX_AMOUNT:
            raise invalid(f"tender {number}: amount {tender.amount}: wants minor units from 0")
        if tender.kind == "cash" and (tender.reference is not None or tender.status is not None):
            raise invalid(f"tender {number}: cash has neither reference nor status")
        if tender.reference is not None and not REFERENCE.fullmatch(tender.reference):
            raise invalid(f"tender {number}: a reference has 1 to 40 letters, digits, spaces and . : / # * + _ -")
        if tender.kind == "voucher" and (tender.reference is None or tender.status is not None):
            raise invalid(f"tender {number}: a voucher has a reference and no status", "Type what stands on it.")
    cash = sum(tender.amount for tender in asked if tender.kind == "cash")
    other = sum(tender.amount for tender in asked if tender.kind != "cash")
    if cash % coin:
        raise invalid(
            f"cash of {cash}: the smallest coin is {coin}", "Enter the notes and coins that were handed over."
        )
    exact = total - other
    in_cash = exact < 0 or any(tender.kind == "cash" for tender in asked)
    due = money.round_cash(exact, coin) if in_cash else exact
    if other > max(total, 0) or (due == 0 and cash > 0 and other > 0):
        refuse(
            "overpaid", f"{other + cash} was tendered for {total}", "Only cash gives change; lower the other tender."
        )
    if cash < due:
        refuse("underpaid", f"{other + cash} was tendered for {total}", "Take the rest.", missing=due - cash)
    tenders = [
        Tender(
            kind=tender.kind,
            amount=tender.amount,
            reference=tender.reference,
            status=(tender.status or "approved") if tender.kind == "card" else None,
        )
        for tender in asked
    ]
    return tenders, due - exact, cash - due
