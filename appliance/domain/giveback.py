"""How somebody wants to give money back, put as the tenders of a refund: the page that asks knows no rule of money."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from appliance.domain.refunds import AskBackTender, MoneyBack, Statuses, as_paid, in_coins, still
from appliance.domain.sales import SaleCompleted
from appliance.domain.tendering import MoneyKind

Way = Literal["paid", "card", "cash", "voucher", "split"]
"""``paid``: as it came; ``card``, ``voucher``: as much as came that way, the rest in cash; ``split``: as somebody says,
the rest in cash."""


@dataclass(frozen=True)
class Wish:
    """``card``, ``voucher``: minor units of a split; ``reference``: what the terminal printed now."""

    way: Way = "paid"
    card: int = 0
    voucher: int = 0
    reference: str | None = None


def tenders(
    wish: Wish, sale: SaleCompleted, before: Sequence[MoneyBack], total: int, step: int, cards: Statuses
) -> list[AskBackTender] | None:
    """What a refund of ``total`` asks for; None: as it was paid. ``step``: of the coins of its drawer. More than came
    by a card is asked for as well: the decision refuses it, and says how much came."""
    paid = as_paid(sale, before, total, cards)
    owed = sum(one.amount for one in paid if one.declined)
    came = [
        AskBackTender(kind=one.kind, amount=one.amount, reference=one.reference)
        for one in paid
        if not one.declined and one.kind != "token"
    ]
    most, rest = still(sale, before, cards), total - owed
    match wish.way:
        case "paid":
            if wish.reference is None:
                return None
            parts = came
        case "cash":
            parts = []
        case "card" | "voucher":
            parts = _all_by(wish.way, came, min(rest, most.get(wish.way, 0)))
        case "split":
            parts = _all_by("card", came, wish.card) + _all_by("voucher", came, wish.voucher)
        case _:
            assert_never(wish.way)
    asked = []
    for part in parts:
        reference = wish.reference if part.kind == "card" and wish.reference else part.reference
        # What was declined counts as asked for by card, and moves no money.
        more, owed = (owed, 0) if part.kind == "card" else (0, owed)
        asked.append(AskBackTender(kind=part.kind, amount=part.amount + more, reference=reference))
    due = rest - sum(part.amount for part in parts)
    coins = in_coins(before, due, step) if due > 0 else 0
    return [*asked, *([AskBackTender(kind="cash", amount=coins)] if coins else [])]


def _all_by(kind: MoneyKind, came: Sequence[AskBackTender], amount: int) -> list[AskBackTender]:
    """``amount`` by one kind: under the references of its payments when it is just what goes back to them, else under
    that of the only one."""
    own = [one for one in came if one.kind == kind]
    if amount <= 0:
        return []
    if sum(one.amount for one in own) == amount:
        return own
    return [AskBackTender(kind=kind, amount=amount, reference=own[0].reference if len(own) == 1 else None)]
