"""What happened at one drawer, from its opening to its Z, as the vouchers ("Vorgänge") of the standard.

Sales, voids, refunds, the float, cash in and out, and what the count differed by are vouchers; each has lines with
their kind of business ("GV_TYP") and payments, and of each the lines' gross is what was paid. So the cash of all of
them is what was counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from appliance.domain.books import DrawerClosed
from appliance.domain.drawer import DrawerMoved, DrawerOpened
from appliance.domain.kernel import read_fact
from appliance.domain.lines import SaleLine
from appliance.domain.money import VatLine, half_up, rate, share_tax
from appliance.domain.refunds import SaleRefunded, SaleVoided
from appliance.domain.reports import Past, Stamp, gross_of
from appliance.domain.sales import SaleCompleted

FINE = 1000
"""Parts of a minor unit in which a line's net and tax are told: five places of a currency with two."""
_MOVES = {"float": "Geldtransit", "to_safe": "Geldtransit", "from_safe": "Geldtransit", "tips": "TrinkgeldAN"}
_MEANS = {
    "cash": ("Bar", "Bar"),
    "card": ("Unbar", "Karte"),
    "voucher": ("Unbar", "Gutschein"),
    "token": ("Unbar", "Token"),
}


class Books(Past, Protocol):
    """What a voucher may refer to."""

    def z_of(self, drawer: str) -> str | None:
        """The number of a drawer's Z."""


@dataclass(frozen=True)
class Line:
    """One line. ``qty``: thousandths of ``unit``; ``price``: fine units each; ``gross``: minor units; ``net``, ``tax``:
    fine units; ``rate``: None = no business of the VAT's; ``base``: the price before the line's own discount, and
    outside of a bundle."""

    kind: str
    text: str
    qty: int
    price: int
    gross: int
    net: int
    tax: int
    rate: str | None
    name: str = ""
    unit: str = "Stück"
    sku: str = ""
    category: str = ""
    here: str = ""
    base: int | None = None

    def back(self) -> "Line":
        """The same, given back."""
        return replace(self, qty=-self.qty, gross=-self.gross, net=-self.net, tax=-self.tax)


@dataclass(frozen=True)
class Reference:
    """The voucher that is given back: its number, its drawer's Z if there is one, when it was (RFC 3339)."""

    number: str
    z: str | None
    at: str


@dataclass(frozen=True)
class Voucher:
    """``id``: a receipt's number, else ``<log>-f<seq>`` of the fact; ``vat``: minor units; ``payments``: kind of the
    standard, name, minor units; ``void``: it takes back another as a whole; ``training``: it counts nowhere."""

    id: str
    at: str
    by: str
    lines: Sequence[Line]
    vat: Sequence[VatLine]
    payments: Sequence[tuple[str, str, int]]
    training: bool
    void: bool = False
    of: Reference | None = None

    @property
    def gross(self) -> int:
        """Minor units."""
        return sum(line.gross for line in self.lines)


def vouchers(facts: Iterable[tuple[int, dict[str, Any]]], books: Books) -> Iterator[Voucher]:
    """Of one drawer's (pos, body), in order."""
    training = False
    for pos, body in facts:
        fact = read_fact(body["kind"], body["data"])
        stamp = Stamp(pos, body["event"], body["at"], body["actor"])
        ident = f"{body['log']}-f{body['seq']}"
        match fact:
            case DrawerOpened():
                training = fact.training
                if fact.float:
                    yield _cash(ident, stamp, "Anfangsbestand", "", fact.float, training=training)
            case DrawerMoved():
                kind = _MOVES.get(fact.reason, "Einzahlung" if fact.amount > 0 else "Auszahlung")
                yield _cash(ident, stamp, kind, fact.reason, fact.amount, training=training)
            case DrawerClosed() if fact.variance:
                yield _cash(ident, stamp, "DifferenzSollIst", fact.reason or "", fact.variance, training=training)
            case SaleCompleted():
                yield _sale(fact, stamp, books)
            case SaleVoided():
                yield _void(fact, stamp, books)
            case SaleRefunded():
                yield _refund(fact, stamp, books)
            case _:
                continue


def _cash(ident: str, stamp: Stamp, kind: str, name: str, amount: int, *, training: bool) -> Voucher:
    line = _untaxed(kind, kind, name, amount)
    return Voucher(ident, stamp.at, stamp.actor, [line], [], [("Bar", "Bar", amount)], training)


def _untaxed(kind: str, text: str, name: str, amount: int) -> Line:
    return Line(kind, text, 1000, amount * FINE, amount, amount * FINE, 0, None, name)


def _sale(fact: SaleCompleted, stamp: Stamp, books: Books) -> Voucher:
    paid: Counter[str] = Counter()
    for tender in fact.tenders:
        paid[tender.kind] += tender.amount
    if fact.change:
        paid["cash"] -= fact.change
    return Voucher(
        fact.number,
        stamp.at,
        stamp.actor,
        [*_lines(fact, stamp, books), *_coins(fact.rounding)],
        fact.vat,
        _payments(paid, 1),
        fact.training,
    )


def _void(fact: SaleVoided, stamp: Stamp, books: Books) -> Voucher:
    sale, sold = books.sale(fact.of)
    given: Counter[str] = Counter()
    for tender in fact.tenders:
        given[tender.kind] += tender.amount
    return Voucher(
        fact.number,
        stamp.at,
        stamp.actor,
        [line.back() for line in (*_lines(sale, sold, books), *_coins(fact.rounding))],
        [_negative(line) for line in fact.vat],
        _payments(given, -1),
        fact.training,
        void=True,
        of=Reference(sale.number, books.z_of(sale.drawer), sold.at),
    )


def _refund(fact: SaleRefunded, stamp: Stamp, books: Books) -> Voucher:
    sale, sold = books.sale(fact.of)
    given: Counter[str] = Counter()
    for tender in fact.tenders:
        given[tender.kind] += tender.amount
    parts = [(sale.lines[line.line - 1].vat, gross_of(line)) for line in fact.lines]
    taxes = share_tax(parts, fact.vat, FINE)
    lines = []
    for line, (vat, gross), tax in zip(fact.lines, parts, taxes, strict=True):
        own = sale.lines[line.line - 1]
        qty = line.qty if own.unit == "gram" else line.qty * 1000
        price = half_up(line.total * FINE * 1000, qty)
        amount = _Amount(-qty if line.taken else qty, price, gross, tax)
        lines.append(_of(own, sold.pos, books, vat, amount).back())
    return Voucher(
        fact.number,
        stamp.at,
        stamp.actor,
        [*lines, *(line.back() for line in _coins(fact.rounding))],
        [_negative(line) for line in fact.vat],
        _payments(given, -1),
        fact.training,
        of=Reference(sale.number, books.z_of(sale.drawer), sold.at),
    )


@dataclass(frozen=True)
class _Amount:
    """``qty``: thousandths; ``price``: fine units; ``gross``: minor units; ``tax``: fine units."""

    qty: int
    price: int
    gross: int
    tax: int


def _lines(sale: SaleCompleted, stamp: Stamp, books: Books) -> list[Line]:
    """What was sold at its own prices; below it what was taken off the whole cart, by VAT rate."""
    shares: dict[str, int] = {}
    for line in sale.lines:
        shares[line.vat] = shares.get(line.vat, 0) + line.discount - line.own_discount
    off = [(vat, -amount) for vat, amount in shares.items() if amount]
    grosses = [line.total + line.discount - line.own_discount for line in sale.lines]
    parts = [*zip((line.vat for line in sale.lines), grosses, strict=True), *off]
    taxes = share_tax(parts, sale.vat, FINE)
    found = []
    for line, (vat, gross), tax in zip(sale.lines, parts, taxes, strict=False):
        qty = line.qty if line.unit == "gram" else line.qty * 1000
        alone = line.unit_price * FINE
        cheaper = bool(line.own_discount or line.bundle)
        price = half_up(abs(gross) * FINE * 1000, abs(qty)) if cheaper else alone
        one = _of(line, stamp.pos, books, vat, _Amount(qty, price, gross, tax))
        found.append(replace(one, base=alone) if price != alone else one)
    for (vat, gross), tax in zip(off, taxes[len(sale.lines) :], strict=True):
        net = gross * FINE - tax
        found.append(Line("Rabatt", "Rabatt", 1000, gross * FINE, gross, net, tax, vat))
    return found


def _of(line: SaleLine, pos: int, books: Books, vat: str, amount: _Amount) -> Line:
    shelf = books.shelf(line.sku, pos)
    deposit = "PfandRueckzahlung" if line.qty < 0 else "Pfand"
    return Line(
        kind=deposit if shelf.kind == "deposit" else "Umsatz",
        text=line.name,
        qty=amount.qty,
        price=amount.price,
        gross=amount.gross,
        net=amount.gross * FINE - amount.tax,
        tax=amount.tax,
        rate=vat,
        unit="kg" if line.unit == "gram" else "Stück",
        sku=line.sku,
        category=shelf.category or "",
        here={"here": "1", "takeaway": "0"}.get(line.service or "", ""),
    )


def _coins(rounding: int) -> list[Line]:
    """The standard has no kind of business for what coins round: it is a surcharge or a rebate of that name."""
    kind = "Aufschlag" if rounding > 0 else "Rabatt"
    return [_untaxed(kind, "Rundung", "Rundung", rounding)] if rounding else []


def _payments(amounts: Counter[str], way: int) -> list[tuple[str, str, int]]:
    return [(*_MEANS.get(kind, ("Unbar", kind)), way * amount) for kind, amount in amounts.items() if amount]


def _negative(line: VatLine) -> VatLine:
    return VatLine(rate=line.rate, net=-line.net, tax=-line.tax, gross=-line.gross)


def net_and_tax(gross: int, vat: str | None) -> tuple[int, int]:
    """Of a price in fine units."""
    r = rate(vat) if vat is not None else rate("0")
    tax = half_up(gross * r.numerator, r.numerator + r.denominator)
    return gross - tax, tax
