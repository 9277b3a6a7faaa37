"""Voids and refunds as they are decided: what is left of a sale, who may give it back, which tickets go with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec

from appliance.domain import money
from appliance.domain.drawer import Drawer, Drawers, choose, sealed
from appliance.domain.kernel import MAX_AMOUNT, STAFF, Ask, Context, Decided, Fact, Personal, command, refuse
from appliance.domain.receipts import MAX_COPIES, SlipRequested, chosen_printer
from appliance.domain.refunds import (
    AskBackTender,
    Left,
    MoneyBack,
    RefundLine,
    RefundReason,
    SaleRefunded,
    SaleVoided,
    as_paid,
    done,
    in_cash,
    left,
    settle,
    vat_of,
)
from appliance.domain.sales import MAX_LINES, STAFF_ID, SaleCompleted
from appliance.domain.tickets import TicketRevoked
from appliance.errors import invalid

LIMIT = 10_000
"""Minor units of one sale that go back without the lead, until a policy says otherwise."""


@dataclass(frozen=True)
class SoldTicket:
    """A ticket of a sale. ``entered``: somebody went in, or out, with it; ``void``: it admits nobody any more."""

    ticket: str
    entered: bool
    void: bool


@dataclass(frozen=True)
class BackKnown:
    """The sale, its tickets in the order of its lines, and what went back of it so far; the open drawers, and what cash
    is rounded to by the event that they are open for; the next number."""

    sale: SaleCompleted | None
    tickets: Sequence[SoldTicket]
    before: Sequence[MoneyBack]
    drawers: Drawers
    coins: Mapping[str, int]
    number: int


@dataclass(frozen=True)
class RefundPaperKnown:
    """Whether there is such an entry, its newest copy, and where that one waits (None = it has an outcome)."""

    there: bool
    newest: int | None
    waits_at: str | None


class AskBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``line``: of the sale, from 1; ``qty``: pieces, or grams of something weighed."""

    line: int
    qty: int


AskedLines = list[AskBack]
AskedTenders = list[AskBackTender]


class VoidSale(Ask, frozen=True):
    """``note``: for the erasable table; ``approver``: the id of the lead who allows it."""

    sale: str
    reason: RefundReason
    note: str | None = None
    approver: str | None = None


class RefundSale(Ask, frozen=True):
    """``lines``: None = all that is left; ``tenders``: None = as it was paid; ``restock``: it can be sold again;
    ``drawer``: id or name of the one that pays, by default the cashier's own."""

    sale: str
    reason: RefundReason
    restock: bool
    lines: AskedLines | None = None
    tenders: AskedTenders | None = None
    note: str | None = None
    approver: str | None = None
    drawer: str | None = None


class PrintRefund(Ask, frozen=True):
    """``refund``: the identity of a refund or a void; ``printer``: another one than the receipts' own."""

    refund: str
    printer: str | None = None


def slip_id(refund: str) -> str:
    """The slip that all copies of a refund's paper are copies of."""
    return f"sr-{refund}"


@command("sale.void", VoidSale, STAFF)
def void(ask: VoidSale, known: BackKnown, ctx: Context) -> Decided:
    """All of it, out of the drawer that took it, the way it came; what was sold is on the shelf again."""
    sale, rest = _sale(ask, known)
    if known.before:
        refuse("too-late", "a part of it was refunded already", "Refund what is left.", left=_named(rest))
    drawer = next((one for one in known.drawers.open if one.drawer == sale.drawer), None)
    if drawer is None:
        refuse("too-late", "the drawer that took it has its Z report", "Refund it.")
    plan = _plan(ask, known, sale, {one.line: one.qty for one in rest}, ctx)
    paid = as_paid(sale, (), plan.total)
    cash = sum(tender.amount for tender in sale.tenders if tender.kind == "cash") - sale.change
    rounding = sum(tender.amount for tender in paid) + cash - plan.total
    fields = _fields(ask, known, sale, plan, ctx) | {"restock": True, "drawer": sale.drawer}
    return _decided(SaleVoided(**fields, tenders=(*paid, *in_cash(cash)), rounding=rounding), plan, drawer, ctx)


@command("sale.refund", RefundSale, STAFF)
def refund(ask: RefundSale, known: BackKnown, ctx: Context) -> Decided:
    """Some or all of what is left of a sale, out of a drawer that is open now, whichever took it."""
    sale, rest = _sale(ask, known)
    drawer = choose(known.drawers, ctx.actor, ask.drawer)
    if drawer.currency != sale.currency:
        refuse(
            "other-currency",
            f"it was paid in {sale.currency}, the drawer holds {drawer.currency}",
            "Give it back outside of the till, and write it down.",
        )
    plan = _plan(ask, known, sale, _parts(ask.lines, rest), ctx)
    tenders, rounding = settle(ask.tenders, sale, known.before, plan.total, known.coins[drawer.event])
    fields = _fields(ask, known, sale, plan, ctx) | {"restock": ask.restock, "drawer": drawer.drawer}
    return _decided(SaleRefunded(**fields, tenders=tenders, rounding=rounding), plan, drawer, ctx)


@dataclass(frozen=True)
class _Plan:
    """What goes back: lines, their sum, the tickets that admit nobody from then on, and what was said of it."""

    lines: tuple[RefundLine, ...]
    total: int
    tickets: tuple[str, ...]
    note: Personal | None


def _sale(ask: VoidSale | RefundSale, known: BackKnown) -> tuple[SaleCompleted, list[Left]]:
    """The sale and what is left of it; refuses when there is none, or nothing."""
    if ask.approver is not None and not STAFF_ID.fullmatch(ask.approver):
        raise invalid("approver: wants the id of a person who works here")
    if known.sale is None:
        refuse("not-found", f"there is no sale {ask.sale[:80]}", "Look it up by its number.")
    rest = left(known.sale, known.before)
    if not rest:
        how = "voided" if isinstance(known.before[-1], SaleVoided) else "given back"
        refuse("nothing-back", f"sale {known.sale.number} was {how} already", "Look at its receipts.", left=[])
    return known.sale, rest


def _parts(asked: AskedLines | None, rest: Sequence[Left]) -> dict[int, int]:
    """Quantities by line; refuses more than is left."""
    there = {one.line: one.qty for one in rest}
    if asked is None:
        return there
    if not 1 <= len(asked) <= MAX_LINES:
        raise invalid(f"a refund has 1 to {MAX_LINES} lines, this has {len(asked)}")
    parts: dict[int, int] = {}
    for one in asked:
        if one.line in parts:
            raise invalid(f"line {one.line} is there twice")
        if not 1 <= one.qty <= MAX_AMOUNT:
            raise invalid(f"line {one.line}: qty {one.qty}: wants 1 or more")
        parts[one.line] = one.qty
    for line, qty in parts.items():
        if qty > (most := there.get(line, 0)):
            refuse(
                "too-much-back",
                f"line {line}: {qty} asked for, {most} can still be given back",
                "Give back what is left.",
                left=_named(rest),
            )
    return parts


def _plan(
    ask: VoidSale | RefundSale, known: BackKnown, sale: SaleCompleted, parts: Mapping[int, int], ctx: Context
) -> _Plan:
    """The lines and tickets of ``parts``; refuses what gives nothing back or too much, or wants the lead."""
    qty, back = done(known.before)
    lines = []
    for number, part in sorted(parts.items()):
        line = sale.lines[number - 1]
        share = money.half_up(abs(line.total) * (qty[number] + part), abs(line.qty)) - back[number]
        lines.append(
            RefundLine(
                line=number,
                qty=part,
                total=share,
                sku=line.sku,
                name=line.name,
                unit=line.unit,
                cost=line.cost,
                taken=line.qty < 0,
            )
        )
    total = sum(-line.total if line.taken else line.total for line in lines)
    most = sale.total - sum(one.total for one in known.before)
    if total < 0:
        refuse("nothing-back", f"the guest would have to pay {-total}", "Sell the deposit instead.")
    if total > most:
        refuse(
            "too-much-back",
            f"{total} asked for, {most} of what was paid is left: a deposit was given back with this sale",
            "Take the deposit in the same refund; it can be given back in a sale of its own.",
            left=_named(left(sale, known.before)),
        )
    tickets = _tickets(sale, known, parts)
    if ask.approver is None:
        _check_alone(total, tickets, known.before)
    return _Plan(tuple(lines), total, tuple(one.ticket for one in tickets), sealed(ask.note, ctx))


def _tickets(sale: SaleCompleted, known: BackKnown, parts: Mapping[int, int]) -> list[SoldTicket]:
    """As many as pieces are given back of each line; first those that admit nobody any more, last those that somebody
    went in with."""
    gone = {ticket for back in known.before for ticket in back.tickets}
    waiting, chosen = iter(known.tickets), []
    for number, line in enumerate(sale.lines, 1):
        if line.ticket is None:
            continue
        own = [one for one in islice(waiting, line.qty) if one.ticket not in gone]
        chosen += sorted(own, key=lambda one: (one.entered, not one.void))[: parts.get(number, 0)]
    return chosen


def _check_alone(total: int, tickets: Sequence[SoldTicket], before: Sequence[MoneyBack]) -> None:
    """Refuses what wants the lead. A refund in small steps is as large as all of them that nobody approved."""
    if any(one.entered for one in tickets):
        refuse(
            "ticket-entered",
            "somebody went in with a ticket of this sale",
            "Ask the lead for their PIN.",
            tickets=[one.ticket for one in tickets if one.entered],
        )
    alone = total + sum(back.total for back in before if back.approver is None)
    if alone > LIMIT:
        refuse(
            "guardrail",
            f"{alone} of this sale would go back; without the lead it is at most {LIMIT}",
            "Ask the lead for their PIN.",
            limit=LIMIT,
        )


def _fields(
    ask: VoidSale | RefundSale, known: BackKnown, sale: SaleCompleted, plan: _Plan, ctx: Context
) -> dict[str, Any]:
    """What a void and a refund have in common."""
    return {
        "sale": ctx.command,
        "number": f"{ctx.log}-{known.number}",
        "of": sale.sale,
        "currency": sale.currency,
        "lines": plan.lines,
        "total": plan.total,
        "vat": vat_of(sale, known.before, plan.lines),
        "reason": ask.reason,
        "reason_ref": plan.note.ref if plan.note else None,
        "tickets": plan.tickets,
        "approver": ask.approver,
        "training": sale.training,
        "printer": ctx.printer or None,
    }


def _decided(fact: SaleVoided | SaleRefunded, plan: _Plan, drawer: Drawer, ctx: Context) -> Decided:
    """The entry, its paper, and its tickets, which admit nobody from then on; all for the event of the drawer."""
    facts: list[Fact] = [fact]
    if ctx.printer:
        facts.append(_slip(fact.sale, 0, ctx.printer))
    facts += [TicketRevoked(ticket=ticket) for ticket in fact.tickets]
    answer: dict[str, Any] = {
        "sale": fact.sale,
        "number": fact.number,
        "of": fact.of,
        "drawer": fact.drawer,
        "total": fact.total,
        "rounding": fact.rounding,
        "tenders": msgspec.to_builtins(list(fact.tenders)),
        "vat": msgspec.to_builtins(list(fact.vat)),
    }
    if fact.tickets:
        answer["tickets"] = list(fact.tickets)
    return Decided(facts, answer, [plan.note] if plan.note else [], event=drawer.event)


def _named(rest: Sequence[Left]) -> list[dict[str, int]]:
    return [msgspec.to_builtins(one) for one in rest]


def _slip(refund_: str, copy: int, printer: str) -> SlipRequested:
    return SlipRequested(slip=slip_id(refund_), slip_kind="refund", about=refund_, printer=printer, copy=copy)


@command("refund.print", PrintRefund, STAFF)
def print_refund(ask: PrintRefund, known: RefundPaperKnown, ctx: Context) -> Decided:
    """The first copy that a printer can have, or one more that says DUPLICATE. While one still waits for the same
    printer, two taps make one."""
    if not known.there:
        refuse("not-found", f"there is no refund {ask.refund[:80]}", "Look it up by its sale.")
    printer = chosen_printer(ask.printer, ctx.printer, ctx)
    if known.waits_at == printer:
        refuse("receipt-waiting", f"copy {known.newest} still waits for {printer}", "Look at the printer first.")
    copy = 0 if known.newest is None else known.newest + 1
    if copy > MAX_COPIES:
        refuse("too-many-copies", f"this refund was printed {copy} times", "Show it on the screen instead.")
    fact = _slip(ask.refund, copy, printer)
    return Decided([fact], {"refund": ask.refund, "slip": fact.slip, "copy": copy, "printer": printer})
