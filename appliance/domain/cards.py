"""Card payments whose outcome nobody knew when they were taken: what the terminal says of them later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from appliance.domain.kernel import STAFF, Ask, Context, Decided, Fact, command, kind, refuse
from appliance.domain.refunds import Status
from appliance.domain.sales import SaleCompleted
from appliance.domain.tasks import TaskRaised
from appliance.domain.tendering import REFERENCE
from appliance.errors import invalid

Outcome = Literal["approved", "declined"]
Settled = Mapping[int, tuple[Outcome, str | None]]
"""Tender, from 1 → what it was settled with: outcome and reference."""


@kind("tender.settled/1")
class TenderSettled(Fact, frozen=True):
    """What became of tender ``tender`` (from 1) of a sale, a card payment of ``amount`` minor units. ``left``: how many
    card payments of the sale are unknown still; ``reference``: the terminal's. The sale itself stays as it is:
    what was declined is given back by a void or a refund, in which no money moves."""

    sale: str
    tender: int
    amount: int
    outcome: Outcome
    left: int
    reference: str | None = None
    training: bool = False


@dataclass(frozen=True)
class CardKnown:
    """The sale and its event, and what its card payments were settled with."""

    sale: SaleCompleted | None
    event: str = ""
    settled: Settled = field(default_factory=dict)


class SettleCard(Ask, frozen=True):
    """``tender``: of the sale, from 1; ``reference``: what the terminal printed."""

    sale: str
    tender: int
    outcome: Outcome
    reference: str | None = None


@command("card.settle", SettleCard, STAFF, at_full="finish")
def settle_card(ask: SettleCard, known: CardKnown, ctx: Context) -> Decided:
    """An unknown outcome is known. Saying the same again changes nothing; there is no other afterwards."""
    if ask.reference is not None and not REFERENCE.fullmatch(ask.reference):
        raise invalid("reference: has 1 to 40 letters, digits, spaces and . : / # * + _ -")
    sale = known.sale
    if sale is None:
        refuse("not-found", f"there is no sale {ask.sale[:80]}", "Look it up by its number.")
    if not 1 <= ask.tender <= len(sale.tenders) or (tender := sale.tenders[ask.tender - 1]).kind != "card":
        raise invalid(f"tender {ask.tender}: sale {sale.number} has no card payment there", "Look at its tenders.")
    before = known.settled.get(ask.tender)
    if before is None and tender.status != "unknown":
        before = ("approved", tender.reference)
    if before is not None:
        if before[0] != ask.outcome or ask.reference not in (None, before[1]):
            refuse(
                "card-settled",
                f"this payment of sale {sale.number} was approved"
                if before[0] == "approved"
                else f"this payment of sale {sale.number} was declined",
                "If that is wrong, tell the lead: what was recorded stays.",
                outcome=before[0],
            )
        return Decided([], _answer(sale, known.settled), event=known.event)
    settled = {**known.settled, ask.tender: (ask.outcome, ask.reference)}
    facts: list[Fact] = [
        TenderSettled(
            sale=sale.sale,
            tender=ask.tender,
            amount=tender.amount,
            outcome=ask.outcome,
            left=sum(1 for status in statuses(sale, settled) if status == "unknown"),
            reference=ask.reference,
            training=sale.training,
        )
    ]
    if ask.outcome == "declined" and not sale.training:
        facts.append(TaskRaised(task=ctx.new_id("t"), kind="card-declined", about=sale.sale))
    return Decided(facts, _answer(sale, settled), event=known.event)


def statuses(sale: SaleCompleted, settled: Settled) -> list[Status | None]:
    """What is known now of each tender of a sale; None: it is no card."""
    return [settled[number][0] if number in settled else tender.status for number, tender in enumerate(sale.tenders, 1)]


def as_known(sale: SaleCompleted, settled: Settled) -> list[dict[str, Any]]:
    """The tenders of a sale as the API shows them: with their present status and reference."""
    shown: list[dict[str, Any]] = msgspec.to_builtins(sale.tenders)
    for number, (outcome, reference) in settled.items():
        shown[number - 1] |= {"status": outcome} | ({"reference": reference} if reference else {})
    return shown


def _answer(sale: SaleCompleted, settled: Settled) -> dict[str, Any]:
    return {"sale": sale.sale, "number": sale.number, "tenders": as_known(sale, settled)}
