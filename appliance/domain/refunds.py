"""Money that goes back: a sale is voided before its drawer's Z, or refunded, whole or by lines. The sale itself stays.

How much goes back never depends on the steps. Of each line, each rate and the coins, a step gives the share of all that
is back after it less the share of what was back before; each share is rounded as the sale rounds.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from appliance.domain import money
from appliance.domain.kernel import MAX_AMOUNT, Fact, PersonRef, kind, refuse
from appliance.domain.sales import SaleCompleted
from appliance.domain.tendering import REFERENCE, MoneyKind, TenderKind
from appliance.errors import invalid

RefundReason = Literal["faulty", "wrong_item", "changed_mind", "wrong_price", "wrong_tender", "recall", "other"]
"""What may stand in the journal; anything said beyond that is in the erasable table."""
MAX_TENDERS = 10
Status = Literal["approved", "declined", "unknown"]
Statuses = Sequence[Status | None]
"""Of each tender of a sale what is known now; None: it is no card."""


class RefundLine(Fact, frozen=True):
    """A line of the sale, from 1: ``qty`` of it (pieces, or grams of something weighed) is given back for ``total``
    minor units. Both positive, also for a deposit that was given back and is ``taken`` again, which lowers the refund's
    total. ``sku``, ``name``, ``unit``, ``cost``: as the sale's line has them."""

    line: int
    qty: int
    total: int
    sku: str = ""
    name: str = ""
    unit: Literal["piece", "gram"] = "piece"
    cost: int | None = None
    taken: bool = False


class RefundTender(Fact, frozen=True):
    """How a part is given back; ``amount`` in minor units; ``reference``: the terminal's, else that of the payment. By
    ``token`` only in a void, which makes it valid again. ``declined``: the card payment that it takes out of the books
    never came, so no money moves."""

    kind: TenderKind
    amount: int
    reference: str | None = None
    declined: bool = False


class MoneyBack(Fact, frozen=True, kw_only=True):
    """``sale``: the identity of this entry; ``number``: of the receipts' own series; ``of``: the sale; ``drawer``: the
    one that pays it; amounts positive, in minor units of ``currency``; tenders = total + rounding; ``restock``: it can
    be sold again; ``tickets``: admission tickets that are revoked with it; ``approver``: the lead who allowed it;
    ``printer``: the one that opens the drawer when cash goes back."""

    sale: str
    number: str
    of: str
    drawer: str
    currency: str
    lines: tuple[RefundLine, ...]
    tenders: tuple[RefundTender, ...]
    total: int
    rounding: int
    vat: tuple[money.VatLine, ...]
    restock: bool
    reason: RefundReason
    reason_ref: PersonRef | None = None
    tickets: tuple[str, ...] = ()
    approver: str | None = None
    training: bool = False
    printer: str | None = None


@kind("sale.voided/1")
class SaleVoided(MoneyBack, frozen=True, kw_only=True):
    """The whole sale never took place; only before the Z of its drawer."""


@kind("sale.refunded/1")
class SaleRefunded(MoneyBack, frozen=True, kw_only=True):
    """Some or all of a sale was given back."""


@dataclass(frozen=True)
class Left:
    """What of a line can still be given back."""

    line: int
    qty: int
    total: int


class AskBackTender(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``reference``: what the terminal printed when it gave the money back."""

    kind: MoneyKind
    amount: int
    reference: str | None = None


def left(sale: SaleCompleted, before: Sequence[MoneyBack]) -> list[Left]:
    """By line what can still be given back; lines of which nothing is left are not there."""
    qty, total = done(before)
    found = [
        Left(number, abs(line.qty) - qty[number], abs(line.total) - total[number])
        for number, line in enumerate(sale.lines, 1)
    ]
    return [one for one in found if one.qty]


def done(before: Sequence[MoneyBack]) -> tuple[Counter[int], Counter[int]]:
    """What went back so far: quantity and minor units by line."""
    qty: Counter[int] = Counter()
    total: Counter[int] = Counter()
    for line in (line for back in before for line in back.lines):
        qty[line.line] += line.qty
        total[line.line] += line.total
    return qty, total


def _paid(sale: SaleCompleted, cards: Statuses) -> Counter[str]:
    """What came by each tender kind, cash less change; a card payment only when it was approved."""
    paid: Counter[str] = Counter({"cash": -sale.change})
    for tender, status in zip(sale.tenders, cards, strict=True):
        if status in (None, "approved"):
            paid[tender.kind] += tender.amount
    return paid


def still(sale: SaleCompleted, before: Sequence[MoneyBack], cards: Statuses) -> dict[str, int]:
    """By tender kind what came that way and has not gone back; only kinds of which something is left."""
    rest = _paid(sale, cards)
    rest.subtract({name: amount for name, amount in _given(before).items() if name != "declined"})
    return {name: amount for name, amount in rest.items() if amount > 0}


def in_coins(before: Sequence[MoneyBack], due: int, step: int) -> int:
    """What is handed out in coins of ``step`` when ``due`` more goes back in cash."""
    so_far = _given(before)["cash"] - sum(back.rounding for back in before)
    return money.round_cash(so_far + due, step) - money.round_cash(so_far, step)


def _of(sale: SaleCompleted, cards: Statuses, wanted: Status) -> int:
    return sum(tender.amount for tender, status in zip(sale.tenders, cards, strict=True) if status == wanted)


def _given(before: Sequence[MoneyBack]) -> Counter[str]:
    """By tender kind, what never came under ``declined``."""
    given: Counter[str] = Counter()
    for tender in (tender for back in before for tender in back.tenders):
        given["declined" if tender.declined else tender.kind] += tender.amount
    return given


def as_paid(sale: SaleCompleted, before: Sequence[MoneyBack], total: int, cards: Statuses) -> list[RefundTender]:
    """The part of ``total`` that goes back to cards and vouchers: as much as came from each, the first ones first;
    nothing goes back by token, no money came from one. Before all of them comes what was declined: whoever owes for one
    thing and brings back another gets no money."""
    given, rest, found = _given(before), total, []
    pairs = sorted(zip(sale.tenders, cards, strict=True), key=lambda pair: pair[1] != "declined")
    for tender, status in pairs:
        if tender.kind in ("cash", "token") or status == "unknown":
            continue
        declined = status == "declined"
        name = "declined" if declined else tender.kind
        used = min(given[name], tender.amount)
        given[name] -= used
        if (part := min(rest, tender.amount - used)) > 0:
            found.append(RefundTender(kind=tender.kind, amount=part, reference=tender.reference, declined=declined))
            rest -= part
    return found


def by_token(sale: SaleCompleted) -> list[RefundTender]:
    """What access tokens paid; a void takes it off the books again."""
    paid = [tender for tender in sale.tenders if tender.kind == "token"]
    return [RefundTender(kind=one.kind, amount=one.amount, reference=one.reference) for one in paid]


def check_known(sale: SaleCompleted, before: Sequence[MoneyBack], wanted: int, cards: Statuses) -> None:
    """Refuses ``wanted``, minor units that really go back, as far as nobody knows whether they ever came."""
    unknown = _of(sale, cards, "unknown")
    if not unknown:
        return
    back = sum(one.total for one in before) - _given(before)["declined"]
    most = max(0, sale.total - unknown - _of(sale, cards, "declined") - back)
    if wanted > most:
        refuse(
            "card-unknown",
            f"{wanted} would go back, {most} can: whether {unknown} by card ever came is not known",
            "Look at the terminal and say what became of it; then give it back.",
            unknown=unknown,
            most=most,
        )


def in_cash(amount: int) -> list[RefundTender]:
    """A tender, or none when there is nothing to give."""
    return [RefundTender(kind="cash", amount=amount)] if amount else []


def settle(
    asked: Sequence[AskBackTender] | None,
    sale: SaleCompleted,
    before: Sequence[MoneyBack],
    total: int,
    step: int,
    cards: Statuses,
) -> tuple[tuple[RefundTender, ...], int]:
    """The tenders as recorded, and what the coins differ from what is due in cash. No more goes to a card or a voucher
    than came from it, nothing of what was declined or is not known."""
    others = as_paid(sale, before, total, cards)
    owed = sum(tender.amount for tender in others if tender.declined)
    check_known(sale, before, total - owed, cards)
    if asked is not None:
        others = [tender for tender in others if tender.declined] + _asked(asked, sale, before, owed, cards)
    due = total - sum(tender.amount for tender in others)
    if due < 0:
        refuse("overpaid", f"{total - due} would go back for {total}", "Lower what goes back to the card.")
    coins = in_coins(before, due, step)
    if asked is not None:
        cash = sum(tender.amount for tender in asked if tender.kind == "cash")
        if cash > coins and owed:
            refuse(
                "card-declined",
                f"{cash} in cash would go back, {coins} is due: {owed} of this was never paid, the card was declined",
                "Give what is due.",
                due=coins,
                declined=owed,
            )
        if cash > coins:
            refuse("overpaid", f"{cash} in cash would go back, {coins} is due", "Give what is due.", due=coins)
        if cash < coins:
            refuse("underpaid", f"{cash} in cash would go back, {coins} is due", "Give the rest.", missing=coins - cash)
    check_given(sale, before, total, others)
    return (*others, *in_cash(coins)), coins - due


def check_given(sale: SaleCompleted, before: Sequence[MoneyBack], total: int, others: Sequence[RefundTender]) -> None:
    """Refuses money for what the house's own voucher paid: that part goes back to the voucher, which pays again."""
    free = {tender.reference: tender.amount for tender in sale.tenders if tender.comeback}
    if not free:
        return
    tenders = [*others, *(tender for back in before for tender in back.tenders)]
    to_it = sum(tender.amount for tender in tenders if tender.kind == "voucher" and tender.reference in free)
    wanted = total + sum(back.total for back in before) - to_it
    most = sale.total - sum(free.values())
    if wanted > most:
        refuse(
            "too-much-back",
            f"{wanted} would go back in money; {most} of this sale was paid so, the rest by a voucher of the house",
            "Give that part back to the voucher.",
            most=most,
        )


def _asked(
    asked: Sequence[AskBackTender], sale: SaleCompleted, before: Sequence[MoneyBack], owed: int, cards: Statuses
) -> list[RefundTender]:
    """What shall go to cards and vouchers, less the declined part that was asked for by card; raises ``validation``,
    refuses more than came from them."""
    if len(asked) > MAX_TENDERS:
        raise invalid(f"a refund has at most {MAX_TENDERS} tenders, this has {len(asked)}")
    paid, given = _paid(sale, cards), _given(before)
    for number, tender in enumerate(asked, 1):
        if not 0 <= tender.amount <= MAX_AMOUNT:
            raise invalid(f"tender {number}: amount {tender.amount}: wants minor units from 0")
        if tender.kind == "cash" and tender.reference is not None:
            raise invalid(f"tender {number}: cash has no reference")
        if tender.reference is not None and not REFERENCE.fullmatch(tender.reference):
            raise invalid(f"tender {number}: a reference has 1 to 40 letters, digits, spaces and . : / # * + _ -")
    others = []
    for tender in asked:
        less = min(owed, tender.amount) if tender.kind == "card" else 0
        owed -= less
        if tender.kind != "cash" and tender.amount > less:
            others.append(RefundTender(kind=tender.kind, amount=tender.amount - less, reference=tender.reference))
    for kind_ in sorted({tender.kind for tender in others}):
        wanted = sum(tender.amount for tender in others if tender.kind == kind_)
        most = max(0, paid[kind_] - given[kind_])
        if wanted > most:
            refuse(
                "overpaid",
                f"{wanted} would go back by {kind_}, {most} of what came that way is left",
                "Give the rest in cash.",
                most=most,
            )
    return others


def vat_of(sale: SaleCompleted, before: Sequence[MoneyBack], lines: Sequence[RefundLine]) -> tuple[money.VatLine, ...]:
    """By rate, in the order of the sale's; when all is back, all of the sale's tax is."""
    now: Counter[str] = Counter()
    for line in lines:
        now[sale.lines[line.line - 1].vat] += -line.total if line.taken else line.total
    found = []
    for whole in sale.vat:
        if whole.rate not in now:
            continue
        done = [line for back in before for line in back.vat if line.rate == whole.rate]
        gross, rate = now[whole.rate], money.rate(whole.rate)
        after = gross + sum(line.gross for line in done)
        share = money.half_up(after * rate.numerator, rate.numerator + rate.denominator)
        tax = (whole.tax if after == whole.gross else share) - sum(line.tax for line in done)
        found.append(money.VatLine(rate=whole.rate, net=gross - tax, tax=tax, gross=gross))
    return tuple(found)
