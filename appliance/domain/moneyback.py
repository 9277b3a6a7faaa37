"""Voids and refunds as they are decided: what is left of a sale, who may give it back, which tickets go with it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import msgspec

from appliance.domain import money
from appliance.domain.cards import Settled, statuses
from appliance.domain.drawer import Drawer, Drawers, check_approver, for_money_back, kicker, marked, sealed
from appliance.domain.guardrails import Limits
from appliance.domain.kernel import MAX_AMOUNT, STAFF, Ask, Context, Decided, Fact, Personal, command, refuse
from appliance.domain.lines import MAX_LINES
from appliance.domain.refundpaper import slip
from appliance.domain.refunds import (
    AskBackTender,
    Left,
    MoneyBack,
    RefundLine,
    RefundReason,
    SaleRefunded,
    SaleVoided,
    as_paid,
    by_token,
    check_known,
    done,
    in_cash,
    left,
    settle,
    vat_of,
)
from appliance.domain.sales import SaleCompleted
from appliance.domain.tasks import TaskRaised
from appliance.domain.tickets import TicketRevoked
from appliance.errors import invalid


@dataclass(frozen=True)
class SoldTicket:
    """A ticket of a sale. ``entered``: somebody went in, or out, with it; ``void``: it admits nobody any more."""

    ticket: str
    entered: bool
    void: bool


@dataclass(frozen=True)
class BackKnown:
    """The sale, its tickets in the order of its lines, and what went back of it so far; the open drawers, and what cash
    is rounded to by the event that they are open for; the next number. ``settled``: what its card payments were settled
    with; ``stock``: what is left of its items that are counted; ``tasked``: those that are a task already; ``limits``:
    those in force."""

    sale: SaleCompleted | None
    tickets: Sequence[SoldTicket]
    before: Sequence[MoneyBack]
    drawers: Drawers
    coins: Mapping[str, int]
    number: int
    settled: Settled
    stock: Mapping[str, int]
    tasked: frozenset[str]
    limits: Limits = field(default_factory=Limits)


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


@command("sale.void", VoidSale, STAFF, at_full="finish")
def void(ask: VoidSale, known: BackKnown, ctx: Context) -> Decided:
    """All of it, out of the drawer that took it, the way it came; what was sold is on the shelf again."""
    sale, rest = _sale(ask, known)
    if known.before:
        refuse("too-late", "a part of it was refunded already", "Refund what is left.", left=_named(rest))
    drawer = next((one for one in known.drawers.open if one.drawer == sale.drawer), None)
    if drawer is None:
        refuse("too-late", "the drawer that took it has its Z report", "Refund it.")
    cards = statuses(sale, known.settled)
    check_known(sale, (), sale.total, cards)
    plan = _plan(ask, known, sale, {one.line: one.qty for one in rest}, ctx)
    tokens = by_token(sale)
    paid = [*as_paid(sale, (), plan.total - sum(tender.amount for tender in tokens), cards), *tokens]
    cash = sum(tender.amount for tender in sale.tenders if tender.kind == "cash") - sale.change
    if cash < 0:
        refuse("nothing-back", f"the guest would have to pay {-cash}", "Sell the deposit instead.")
    rounding = sum(tender.amount for tender in paid) + cash - plan.total
    fields = _fields(ask, known, sale, plan, drawer, ctx) | {"restock": True, "drawer": sale.drawer}
    return _decided(SaleVoided(**fields, tenders=(*paid, *in_cash(cash)), rounding=rounding), plan, drawer, known, ctx)


@command("sale.refund", RefundSale, STAFF, at_full="finish")
def refund(ask: RefundSale, known: BackKnown, ctx: Context) -> Decided:
    """Some or all of what is left of a sale, out of a drawer that is open now, whichever took it. What access tokens
    paid is no money and stays."""
    sale, rest = _sale(ask, known)
    drawer = for_money_back(known.drawers, ctx.actor, ask.drawer, training=sale.training)
    if drawer.currency != sale.currency:
        refuse(
            "other-currency",
            f"it was paid in {sale.currency}, the drawer holds {drawer.currency}",
            "Give it back outside of the till, and write it down.",
        )
    plan = _plan(ask, known, sale, _parts(ask.lines, rest), ctx)
    _check_tokens(sale, known.before, plan.total)
    cards = statuses(sale, known.settled)
    tenders, rounding = settle(ask.tenders, sale, known.before, plan.total, known.coins[drawer.event], cards)
    fields = _fields(ask, known, sale, plan, drawer, ctx) | {"restock": ask.restock, "drawer": drawer.drawer}
    return _decided(SaleRefunded(**fields, tenders=tenders, rounding=rounding), plan, drawer, known, ctx)


@dataclass(frozen=True)
class _Plan:
    """What goes back: lines, their sum, what of the sale went back without the lead with it, the tickets that admit
    nobody from then on, and what was said of it."""

    lines: tuple[RefundLine, ...]
    total: int
    alone: int
    tickets: tuple[str, ...]
    note: Personal | None


def _sale(ask: VoidSale | RefundSale, known: BackKnown) -> tuple[SaleCompleted, list[Left]]:
    """The sale and what is left of it; refuses when there is none, or nothing."""
    check_approver(ask.approver)
    if known.sale is None:
        refuse("not-found", f"there is no sale {ask.sale[:80]}", "Look it up by its number.")
    rest = left(known.sale, known.before)
    if not rest:
        voided, number = isinstance(known.before[-1], SaleVoided), known.sale.number
        refuse(
            "nothing-back",
            f"sale {number} was voided already" if voided else f"sale {number} was given back already",
            "Look at its receipts.",
            left=[],
        )
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
    _check_most(total, known)
    alone = total + sum(back.total for back in known.before if back.approver is None)
    if ask.approver is None:
        _check_alone(alone, tickets, known.limits)
    return _Plan(tuple(lines), total, alone, tuple(one.ticket for one in tickets), sealed(ask.note, ctx))


def _check_tokens(sale: SaleCompleted, before: Sequence[MoneyBack], total: int) -> None:
    """No more goes back than was paid in money."""
    tokens = sum(tender.amount for tender in by_token(sale))
    most = max(0, sale.total - tokens - sum(one.total for one in before))
    if tokens and total > most:
        refuse(
            "too-much-back",
            f"{total} asked for; {tokens} of this sale was paid by access token, {most} of the rest is left",
            "Give back what was paid in money, or void the sale before its Z.",
            most=most,
        )


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


def _check_most(total: int, known: BackKnown) -> None:
    """Refuses what the lead cannot allow either. A refund in small steps is as large as all of them."""
    most, policy = known.limits.rails.refund.lead, known.limits.policy
    whole = total + sum(back.total for back in known.before)
    if most is not None and whole > most:
        refuse(
            "guardrail",
            f"{whole} of this sale would go back; policy {policy} allows at most {most}",
            "Give back less.",
            limit=most,
            may="nobody",
            policy=policy,
        )


def _check_alone(alone: int, tickets: Sequence[SoldTicket], limits: Limits) -> None:
    """Refuses what wants the lead. A refund in small steps is as large as all of them that nobody approved."""
    if any(one.entered for one in tickets):
        refuse(
            "ticket-entered",
            "somebody went in with a ticket of this sale",
            "Ask the lead for their PIN.",
            tickets=[one.ticket for one in tickets if one.entered],
        )
    most = limits.rails.refund.alone
    if alone > most:
        refuse(
            "guardrail",
            f"{alone} of this sale would go back; without the lead it is at most {most}",
            "Ask the lead for their PIN.",
            limit=most,
            may="lead",
        )


def _fields(
    ask: VoidSale | RefundSale, known: BackKnown, sale: SaleCompleted, plan: _Plan, drawer: Drawer, ctx: Context
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
        "printer": kicker(drawer, ctx),
    }


def _decided(fact: SaleVoided | SaleRefunded, plan: _Plan, drawer: Drawer, known: BackKnown, ctx: Context) -> Decided:
    """The entry, paper, tickets, which admit nobody from then on, tasks; all for the event of the drawer."""
    facts: list[Fact] = [fact]
    most = known.limits.rails.refund.alone
    if fact.approver is not None and plan.alone > most and not fact.training:
        facts.append(known.limits.broken("refund", most, plan.alone, fact.approver, fact.sale))
    if ctx.printer:
        facts.append(slip(fact.sale, 0, ctx.printer))
    facts += [TicketRevoked(ticket=ticket) for ticket in fact.tickets]
    facts += [TaskRaised(task=ctx.new_id("t"), kind="negative-stock", about=sku) for sku in _short(fact, known)]
    answer: dict[str, Any] = {
        "sale": fact.sale,
        "number": fact.number,
        "of": fact.of,
        "drawer": fact.drawer,
        **marked(drawer),
        "total": fact.total,
        "rounding": fact.rounding,
        "tenders": msgspec.to_builtins(list(fact.tenders)),
        "vat": msgspec.to_builtins(list(fact.vat)),
    }
    if fact.tickets:
        answer["tickets"] = list(fact.tickets)
    return Decided(facts, answer, [plan.note] if plan.note else [], event=drawer.event)


def _short(fact: SaleVoided | SaleRefunded, known: BackKnown) -> list[str]:
    """Items of which more is given out by now than was there: somebody takes a deposit again that was sold meanwhile.
    It happened, so it is no refusal; one task for each that is none yet."""
    if fact.training or not fact.restock:
        return []
    more: Counter[str] = Counter()
    for line in fact.lines:
        more[line.sku] += -line.qty if line.taken else line.qty
    return [
        sku for sku, there in known.stock.items() if more[sku] < 0 and there + more[sku] < 0 and sku not in known.tasked
    ]


def _named(rest: Sequence[Left]) -> list[dict[str, int]]:
    return [msgspec.to_builtins(one) for one in rest]
