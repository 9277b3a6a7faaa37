"""The books of a drawer: what each fact adds to them, and the one calculation that X and Z are both made by.

Books are sums and nothing else, so that the order in which facts come, a restart and a rebuild change nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import msgspec

from appliance.domain.cards import TenderSettled
from appliance.domain.drawer import (
    Drawer,
    DrawerCounted,
    DrawerMoved,
    DrawerUnlocked,
)
from appliance.domain.kernel import Fact, PersonRef, kind
from appliance.domain.money import VatLine, rate
from appliance.domain.receipts import ReceiptRequested, SlipRequested
from appliance.domain.refunds import MoneyBack, SaleRefunded, SaleVoided
from appliance.domain.sales import SaleCompleted

VarianceReason = Literal["wrong_change", "counted_twice", "other"]
What = Literal[
    "sale",
    "refund",
    "void",
    "rounding",
    "tender",
    "vat",
    "move",
    "no_sale",
    "reprint",
    "late",
    "count",
    "unknown",
]
_FIRST = ("cash", "card", "voucher", "token")


class Entry(NamedTuple):
    """What one fact adds: ``n`` of them, ``amount`` minor units; ``net`` and ``tax`` of a rate's gross ``amount``."""

    drawer: str
    what: What
    name: str
    n: int
    amount: int
    net: int = 0
    tax: int = 0


class Sum(NamedTuple):
    """Entries of one kind, added up."""

    n: int = 0
    amount: int = 0
    net: int = 0
    tax: int = 0


Sums = Mapping[tuple[str, str], Sum]
"""(what, name) → sum; of one drawer."""


class Figure(Fact, frozen=True):
    """How many, and how much in minor units."""

    count: int = 0
    amount: int = 0


class TenderSum(Fact, frozen=True):
    """What was taken by one kind of tender, less what was given back by it; cash without the change."""

    kind: str
    amount: int


class MoveSum(Fact, frozen=True):
    """Cash in and out for one reason: how often, and the balance."""

    reason: str
    count: int
    amount: int


class Numbers(Fact, frozen=True):
    """The receipts of a drawer, refunds and voids among them: how many, the first and the last number. ``missing``: how
    many numbers of ``logs``, in which they stand, are nowhere in the journal."""

    count: int = 0
    first: str | None = None
    last: str | None = None
    logs: list[int] = msgspec.field(default_factory=list)
    missing: int = 0


class Totals(Fact, frozen=True):
    """All that X and Z show. Minor units of ``currency``. ``turnover`` = ``sales`` (those that were not voided) less
    ``refunds``, and so are ``vat`` and ``tenders``; ``voids`` are in none of them. Tenders add up to turnover and
    ``rounding``. ``float``: of the opening; ``cash``: sales less refunds; ``moves``: in and out without a sale;
    ``expected`` = float + cash + moves. ``late``: cash of sales that were rung up for a drawer that had its Z before
    they were recorded. ``unknown``: card payments among the tenders whose outcome is not known. ``log_size``: facts in
    ``log``; a Z counts itself and its slip, as its checkpoint does.

    ``tenders``, ``cash`` and ``expected`` are withheld (None) until the drawer is counted.
    """

    name: str
    currency: str
    opened_at: str
    opened_by: str
    float: int
    sales: Figure
    refunds: Figure
    turnover: int
    rounding: int
    vat: list[VatLine]
    voids: Figure
    late: Figure
    moves: list[MoveSum]
    no_sales: int
    reprints: int
    counts: int
    receipts: Numbers
    log: int
    log_size: int
    tenders: list[TenderSum] | None = None
    cash: int | None = None
    expected: int | None = None
    unknown: Figure = Figure()


@kind("drawer.read/1")
class DrawerRead(Fact, frozen=True):
    """An X report was taken on paper: the drawer goes on. ``counted``: None while it is not counted."""

    drawer: str
    report: str
    totals: Totals
    counted: int | None = None
    training: bool = False


@kind("drawer.closed/1")
class DrawerClosed(Fact, frozen=True):
    """The Z report: nothing is sold into this drawer any more, and none of this changes. ``z``: ``<log>-<n>``,
    gap-free within a log; ``variance`` = ``counted`` - ``expected``; ``reason_ref``: what was said of it; ``training``:
    all of it is, and its number stands in the same series, so that none is missing."""

    drawer: str
    z: str
    expected: int
    counted: int
    variance: int
    totals: Totals
    reason: VarianceReason | None = None
    reason_ref: PersonRef | None = None
    training: bool = False


@dataclass(frozen=True)
class Book:
    """What is in the books of one drawer. ``z``: number of the next Z; ``size``: facts in the log."""

    sums: Sums
    numbers: Numbers
    z: int
    size: int


def entries(fact: Fact, drawer_of: Callable[[str], str | None]) -> Iterator[Entry]:
    """What a fact adds to which drawer. ``drawer_of``: of a sale, refund or void by its identity. Training stands in
    drawers of its own, so that no sum of a real one holds any."""
    match fact:
        case SaleCompleted():
            yield from _traded(fact, 1)
            yield Entry(fact.drawer, "sale", "", 1, fact.total)
            cash = sum(tender.amount for tender in fact.tenders if tender.kind == "cash") - fact.change
            yield Entry(fact.drawer, "tender", "cash", 0, -fact.change)
            if fact.late_for is not None:
                yield Entry(fact.drawer, "late", "", 1, cash)
            for tender in fact.tenders:
                if tender.status == "unknown":
                    yield Entry(fact.drawer, "unknown", "", 1, tender.amount)
        case TenderSettled() if drawer := drawer_of(fact.sale):
            yield Entry(drawer, "unknown", "", -1, -fact.amount)
        case SaleVoided():
            yield from _traded(fact, -1)
            yield Entry(fact.drawer, "sale", "", -1, -fact.total)
            yield Entry(fact.drawer, "void", "", 1, fact.total)
        case SaleRefunded():
            yield from _traded(fact, -1)
            yield Entry(fact.drawer, "refund", "", 1, fact.total)
        case DrawerMoved():
            yield Entry(fact.drawer, "move", fact.reason, 1, fact.amount)
        case DrawerUnlocked():
            yield Entry(fact.drawer, "no_sale", "", 1, 0)
        case DrawerCounted():
            yield Entry(fact.drawer, "count", "", 1, fact.counted)
        case ReceiptRequested() if fact.copy and (drawer := drawer_of(fact.sale)):
            yield Entry(drawer, "reprint", "", 1, 0)
        case SlipRequested(slip_kind="refund") if fact.copy and (drawer := drawer_of(fact.about)):
            yield Entry(drawer, "reprint", "", 1, 0)
        case _:
            return


FOLDED: tuple[type[Fact], ...] = (
    SaleCompleted,
    SaleVoided,
    SaleRefunded,
    DrawerMoved,
    DrawerUnlocked,
    DrawerCounted,
    ReceiptRequested,
    SlipRequested,
    TenderSettled,
)
"""The facts that ``entries`` knows."""


def _traded(fact: SaleCompleted | MoneyBack, way: int) -> Iterator[Entry]:
    for tender in fact.tenders:
        yield Entry(fact.drawer, "tender", tender.kind, way, way * tender.amount)
    for vat in fact.vat:
        yield Entry(fact.drawer, "vat", vat.rate, way, way * vat.gross, way * vat.net, way * vat.tax)
    if fact.rounding:
        yield Entry(fact.drawer, "rounding", "", way, way * fact.rounding)


def add_up(found: Iterable[Entry]) -> dict[str, dict[tuple[str, str], Sum]]:
    """The books of each drawer."""
    books: dict[str, dict[tuple[str, str], Sum]] = {}
    for one in found:
        sums = books.setdefault(one.drawer, {})
        before = sums.get((one.what, one.name), Sum())
        sums[one.what, one.name] = Sum(
            before.n + one.n, before.amount + one.amount, before.net + one.net, before.tax + one.tax
        )
    return books


def totals(drawer: Drawer, book: Book, log: int) -> Totals:
    """The report of a drawer, nothing withheld."""
    sums = book.sums

    def figure(what: What) -> Figure:
        found = sums.get((what, ""), Sum())
        return Figure(count=found.n, amount=found.amount)

    def named(what: What) -> dict[str, Sum]:
        return {name: found for (of, name), found in sums.items() if of == what}

    tenders = {"cash": Sum(), **named("tender")}
    moves = named("move")
    cash = tenders["cash"].amount
    sales, refunds = figure("sale"), figure("refund")
    order = sorted(tenders, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))
    return Totals(
        name=drawer.name,
        currency=drawer.currency,
        opened_at=drawer.at,
        opened_by=drawer.by,
        float=drawer.float,
        sales=sales,
        refunds=refunds,
        turnover=sales.amount - refunds.amount,
        rounding=figure("rounding").amount,
        vat=[
            VatLine(rate=name, net=found.net, tax=found.tax, gross=found.amount)
            for name, found in sorted(named("vat").items(), key=lambda item: -rate(item[0]))
        ],
        voids=figure("void"),
        late=figure("late"),
        unknown=figure("unknown"),
        moves=[MoveSum(reason=name, count=moves[name].n, amount=moves[name].amount) for name in sorted(moves)],
        no_sales=figure("no_sale").count,
        reprints=figure("reprint").count,
        counts=figure("count").count,
        receipts=book.numbers,
        log=log,
        log_size=book.size,
        tenders=[TenderSum(kind=name, amount=tenders[name].amount) for name in order],
        cash=cash,
        expected=drawer.float + cash + sum(found.amount for found in moves.values()),
    )


def seen(drawer: Drawer, found: Totals) -> Totals:
    """What may be shown of it: while the drawer is not counted, nothing that says what should be in it."""
    if drawer.is_counted:
        return found
    return msgspec.structs.replace(found, tenders=None, cash=None, expected=None)


def answer(found: Totals, drawer: str, *, z: str | None, counted: int | None, training: bool = False) -> dict[str, Any]:
    """X and Z as the API gives them: ``expected``, ``counted``, ``variance`` and what leads to them once the drawer is
    counted, else None with ``missing``; ``training`` when it is, and only then."""
    known = found.expected is not None and counted is not None
    told = {
        "drawer": drawer,
        "z": z,
        **dict.fromkeys(("tenders", "cash", "expected")),
        **msgspec.to_builtins(found),
        "counted": counted if known else None,
        "variance": counted - found.expected if found.expected is not None and counted is not None else None,
    }
    for name, value in _WHOLE.items():
        told[name] = {**value, **told.get(name, {})}
    if training:
        told["training"] = True
    return told if known else {**told, "missing": ["count"]}


_WHOLE: dict[str, dict[str, Any]] = {
    **{name: {"count": 0, "amount": 0} for name in ("sales", "refunds", "voids", "late", "unknown")},
    "receipts": {"count": 0, "first": None, "last": None, "logs": [], "missing": 0},
}
"""What a body leaves out because it is as usual, an answer says."""
