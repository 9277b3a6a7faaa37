"""The sale: lines, tenders, change, VAT contained in the prices."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from appliance.domain import money, walkups
from appliance.domain.catalogue import Item
from appliance.domain.events import Event, require_open
from appliance.domain.kernel import MAX_AMOUNT, STAFF, Ask, Context, Decided, Fact, command, kind, refuse
from appliance.domain.lists import CheckinList
from appliance.domain.receipts import ReceiptRequested
from appliance.errors import invalid

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .:/#*+_-]{0,39}")
"""As card terminals print them. It is recorded, so it has no room for an address or a sentence."""
MAX_LINES = 200
MAX_QTY = 9999


class SaleLine(Fact, frozen=True):
    """One line. ``qty``: pieces, or grams of something weighed, negative when a deposit comes back; ``unit_price``,
    ``discount``, ``total``: minor units (``unit_price`` per kilogram when weighed). ``ticket``: each
    piece is a ticket of this check-in list."""

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


class Tender(Fact, frozen=True):
    """How a part was paid. A cash ``amount`` is what was handed over; change is the sale's own field."""

    kind: Literal["cash", "card"]
    amount: int
    reference: str | None = None
    status: Literal["approved", "unknown"] | None = None


@kind("sale.completed/1")
class SaleCompleted(Fact, frozen=True):
    """A sale that took place. ``number``: ``<log>-<n>``, gap-free within a log. Amounts in minor units of
    ``currency``."""

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


@dataclass(frozen=True)
class SaleKnown:
    """The event, the open drawer, the items asked for, what is left of those that are counted, the next number, and the
    check-in lists when tickets are among the items."""

    event: Event | None
    drawer: str | None
    items: Mapping[str, Item]
    left: Mapping[str, int]
    number: int
    lists: Mapping[str, CheckinList] = field(default_factory=dict)


class AskLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``price``: for open prices; ``grams``: for things weighed; ``returned``: a deposit that comes back."""

    sku: str
    qty: int = 1
    price: int | None = None
    grams: int | None = None
    returned: bool = False


class AskTender(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``reference`` and ``status`` are the card terminal's."""

    kind: Literal["cash", "card"]
    amount: int
    reference: str | None = None
    status: Literal["approved", "unknown"] | None = None


class CompleteSale(Ask, frozen=True):
    """A cart and how it is paid."""

    lines: list[AskLine]
    tenders: list[AskTender]


@command("sale.complete", CompleteSale, STAFF)
def complete(ask: CompleteSale, known: SaleKnown, ctx: Context) -> Decided:
    """A paid cart becomes a sale with its number, its VAT, its tickets, and requests for their paper."""
    if not 1 <= len(ask.lines) <= MAX_LINES:
        raise invalid(f"a sale has 1 to {MAX_LINES} lines, this has {len(ask.lines)}")
    event = require_open(known.event)
    if known.drawer is None:
        refuse("drawer-closed", "no drawer is open", "Open the drawer with its float first.")
    lines = [_line(number, line, known.items) for number, line in enumerate(ask.lines, 1)]
    _check_stock(lines, known.left)
    admit = [walkups.Bought(line.ticket, line.name, line.qty) for line in lines if line.ticket is not None]
    walkups.check(admit, known.lists)
    total = sum(line.total for line in lines)
    tenders, change = _settle(total, ask.tenders)
    vat = money.vat_lines((line.vat, line.total) for line in lines)
    number = f"{ctx.log}-{known.number}"
    sale = SaleCompleted(
        sale=ctx.command,
        number=number,
        drawer=known.drawer,
        currency=event.currency,
        lines=lines,
        tenders=tenders,
        total=total,
        rounding=0,
        change=change,
        vat=vat,
        training=False,
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
        "rounding": 0,
        "change": change,
        "vat": msgspec.to_builtins(vat),
    }
    if tickets:
        answer["tickets"] = [fact.ticket for fact in tickets]
    return Decided(facts, answer, receipt=0)


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
        vat=item.vat,
        unit="gram" if unit == "gram" else "piece",
        cost=item.cost,
        lot=item.lot,
        maker=item.maker,
        ticket=item.ticket,
    )


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


def _settle(total: int, asked: list[AskTender]) -> tuple[list[Tender], int]:
    """The tenders as recorded and the change; cash pays what is left, change comes from cash only."""
    if not 1 <= len(asked) <= 10:
        raise invalid(f"a sale has 1 to 10 tenders, this has {len(asked)}")
    for number, tender in enumerate(asked, 1):
        if not 0 <= tender.amount <= MAX_AMOUNT:
            raise invalid(f"tender {number}: amount {tender.amount}: wants minor units from 0")
        if tender.kind == "cash" and (tender.reference is not None or tender.status is not None):
            raise invalid(f"tender {number}: cash has neither reference nor status")
        if tender.reference is not None and not _REFERENCE.fullmatch(tender.reference):
            raise invalid(f"tender {number}: a reference has 1 to 40 letters, digits, spaces and . : / # * + _ -")
    cash = sum(tender.amount for tender in asked if tender.kind == "cash")
    other = sum(tender.amount for tender in asked if tender.kind != "cash")
    due = total - other
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
    return tenders, cash - due
