"""The sales reports: what each fact adds to which row, and how sums become rows.

A void takes its sale out of every row where the sale stood, as if it had never been. A refund counts when and where
the money went back: in its own hour, for its own cashier, for its own event; for the items that came back. Training is
in no row. Of every report but the one by tender, the rows add up to turnover, as the Z reports define it; tenders add
up to turnover and what coins rounded.

Rows are sums and nothing else, so that a restart and a rebuild change nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from appliance.clock import parse_rfc3339
from appliance.domain.catalogue import CatalogueChanged
from appliance.domain.kernel import Fact
from appliance.domain.money import VatLine, rate, share_tax
from appliance.domain.refunds import RefundLine, SaleRefunded, SaleVoided
from appliance.domain.sales import SaleCompleted

By = Literal["item", "hour", "cashier", "tender", "vat", "category"]
_What = Literal["all", "rounding", "item", "quarter", "cashier", "tender", "vat", "category"]
QUARTER_MS = 900_000
"""Sales are summed by quarters of an hour: no time zone is off by less, and a row of the report is an hour of the
event's own clock, whichever that is."""
_TENDERS = ("cash", "card", "voucher")


class Entry(NamedTuple):
    """What one fact adds to one row of an event. ``key``: which row; ``unit``: of an item's quantity, else "";
    ``label``: what it is called now; ``n``: sales; ``refunds``: refunds; ``qty``: pieces or grams; money in minor
    units."""

    event: str
    what: _What
    key: str
    unit: str = ""
    label: str = ""
    n: int = 0
    refunds: int = 0
    qty: int = 0
    gross: int = 0
    net: int = 0
    tax: int = 0


class Sum(NamedTuple):
    """Entries of one row, added up; ``label``: the newest."""

    label: str = ""
    n: int = 0
    refunds: int = 0
    qty: int = 0
    gross: int = 0
    net: int = 0
    tax: int = 0


Sums = Mapping[tuple[str, str, str], Sum]
"""(what, key, unit) → sum; of one event."""


@dataclass(frozen=True)
class Stamp:
    """Of a fact: its place in the journal, event, time (RFC 3339) and actor."""

    pos: int
    event: str
    at: str
    actor: str


@dataclass(frozen=True)
class Shelf:
    """What the catalogue said of an item when it was sold."""

    kind: str
    category: str | None


class Past(Protocol):
    """What a fact does not say itself."""

    def sale(self, sale: str) -> tuple[SaleCompleted, Stamp]:
        """A sale that was recorded before."""

    def shelf(self, sku: str, pos: int) -> Shelf:
        """An item as the catalogue had it at a place in the journal."""


FOLDED: tuple[type[Fact], ...] = (SaleCompleted, SaleVoided, SaleRefunded)
"""The facts that ``entries`` knows."""


def entries(fact: Fact, stamp: Stamp, past: Past) -> Iterator[Entry]:
    """What a fact adds to which rows."""
    match fact:
        case SaleCompleted(training=True) | SaleVoided(training=True) | SaleRefunded(training=True):
            return
        case SaleCompleted():
            yield from _sold(fact, stamp, past)
        case SaleVoided():
            for one in _sold(*past.sale(fact.of), past):
                yield Entry(*one[:5], *(-value for value in one[5:]))
        case SaleRefunded():
            yield from _refunded(fact, stamp, past)
        case _:
            return


def _sold(fact: SaleCompleted, stamp: Stamp, past: Past) -> Iterator[Entry]:
    tenders: Counter[str] = Counter()
    for tender in fact.tenders:
        tenders[tender.kind] += tender.amount
    if fact.change:
        tenders["cash"] -= fact.change
    yield from _whole(stamp, fact.vat, fact.rounding, tenders, way=1)
    parts = [(line.vat, line.total) for line in fact.lines]
    tax = share_tax(parts, fact.vat)
    found = [
        _Part(line.sku, line.name, line.unit, line.qty, line.total, own)
        for line, own in zip(fact.lines, tax, strict=True)
    ]
    yield from _lines(found, stamp, stamp.pos, past, n=1, refunds=0)


def _refunded(fact: SaleRefunded, stamp: Stamp, past: Past) -> Iterator[Entry]:
    tenders: Counter[str] = Counter()
    for tender in fact.tenders:
        tenders[tender.kind] += tender.amount
    yield from _whole(stamp, fact.vat, fact.rounding, tenders, way=-1)
    sale, sold = past.sale(fact.of)
    parts = [(sale.lines[line.line - 1].vat, gross_of(line)) for line in fact.lines]
    tax = share_tax(parts, fact.vat)
    found = [
        _Part(line.sku, line.name, line.unit, line.qty if line.taken else -line.qty, -gross, -own)
        for line, (_, gross), own in zip(fact.lines, parts, tax, strict=True)
    ]
    yield from _lines(found, stamp, sold.pos, past, n=0, refunds=1)


def gross_of(line: RefundLine) -> int:
    """What goes back for a line, in minor units: negative for a deposit that is taken again."""
    return -line.total if line.taken else line.total


def _whole(
    stamp: Stamp, vat: Iterable[VatLine], rounding: int, tenders: Mapping[str, int], way: Literal[1, -1]
) -> Iterator[Entry]:
    """The rows that a receipt stands in as a whole. ``way``: -1 = money went back."""
    n, refunds = (1, 0) if way == 1 else (0, 1)

    def entry(what: _What, key: str, gross: int, net: int = 0, tax: int = 0) -> Entry:
        gross, net, tax = way * gross, way * net, way * tax
        return Entry(stamp.event, what, key, n=n, refunds=refunds, gross=gross, net=net, tax=tax)

    vat = list(vat)
    whole = sum(line.gross for line in vat), sum(line.net for line in vat), sum(line.tax for line in vat)
    yield entry("all", "", *whole)
    yield entry("quarter", str(parse_rfc3339(stamp.at) // QUARTER_MS), *whole)
    yield entry("cashier", stamp.actor, *whole)
    if rounding:
        yield entry("rounding", "", rounding)
    for name, amount in tenders.items():
        yield entry("tender", name, amount)
    for line in vat:
        yield entry("vat", line.rate, line.gross, line.net, line.tax)


class _Part(NamedTuple):
    sku: str
    name: str
    unit: str
    qty: int
    gross: int
    tax: int


def _lines(parts: Iterable[_Part], stamp: Stamp, sold: int, past: Past, *, n: int, refunds: int) -> Iterator[Entry]:
    """The rows of the items and categories of one receipt: each receipt is counted once in each of them."""
    found: dict[tuple[_What, str, str], Entry] = {}
    for part in parts:
        category = past.shelf(part.sku, sold).category or ""
        for what, key, unit, label, qty in (
            ("item", part.sku, part.unit, part.name, part.qty),
            ("category", category, "", category, 0),
        ):
            place: tuple[Any, str, str] = (what, key, unit)
            before = found.get(place, Entry(stamp.event, *place, n=n, refunds=refunds))
            found[place] = before._replace(
                label=label,
                qty=before.qty + qty,
                gross=before.gross + part.gross,
                net=before.net + part.gross - part.tax,
                tax=before.tax + part.tax,
            )
    yield from found.values()


def add_up(found: Iterable[Entry]) -> dict[str, dict[tuple[str, str, str], Sum]]:
    """The sums of each event."""
    events: dict[str, dict[tuple[str, str, str], Sum]] = {}
    for one in found:
        sums, place = events.setdefault(one.event, {}), (one.what, one.key, one.unit)
        before = sums.get(place, Sum())
        sums[place] = Sum(one.label, *(old + new for old, new in zip(before[1:], one[5:], strict=True)))
    return events


def report(by: By, sums: Sums, timezone: str) -> dict[str, Any]:
    """``rows`` and ``total`` of a report; its ``amount`` is what the tenders come to. A row of which nothing is left,
    because all of it was voided, is none."""
    wanted = "quarter" if by == "hour" else by
    found = {(key, unit): one for (what, key, unit), one in sums.items() if what == wanted}
    rows: list[dict[str, Any]]
    match by:
        case "item":
            rows = [
                {"sku": key, "name": one.label, **_figures(one), "qty": one.qty, "unit": unit}
                for (key, unit), one in sorted(found.items(), key=_largest)
            ]
        case "category":
            rows = [{"category": key or None, **_figures(one)} for (key, _), one in sorted(found.items(), key=_largest)]
        case "cashier":
            rows = [{"cashier": key, **_figures(one)} for (key, _), one in sorted(found.items())]
        case "vat":
            ordered = sorted(found.items(), key=lambda item: -rate(item[0][0]))
            rows = [{"vat": key, **_figures(one)} for (key, _), one in ordered]
        case "tender":
            ordered = sorted(found.items(), key=lambda item: (_place(item[0][0]), item[0][0]))
            rows = [
                {"tender": key, "n": one.n, "refunds": one.refunds, "amount": one.gross} for (key, _), one in ordered
            ]
        case "hour":
            rows = _hours({int(key): one for (key, _), one in found.items()}, ZoneInfo(timezone))
    whole, coins = sums.get(("all", "", ""), Sum()), sums.get(("rounding", "", ""), Sum())
    return {
        "rows": [row for row in rows if any(value for value in row.values() if isinstance(value, int))],
        "total": {**_figures(whole), "rounding": coins.gross, "amount": whole.gross + coins.gross},
    }


def _figures(one: Sum) -> dict[str, int]:
    return {"n": one.n, "refunds": one.refunds, "gross": one.gross, "net": one.net, "tax": one.tax}


def _largest(item: tuple[tuple[str, str], Sum]) -> tuple[int, tuple[str, str]]:
    return -item[1].gross, item[0]


def _place(kind: str) -> int:
    return _TENDERS.index(kind) if kind in _TENDERS else len(_TENDERS)


def _hours(quarters: Mapping[int, Sum], zone: ZoneInfo) -> list[dict[str, Any]]:
    """By hours of the zone's clock, with its offset: the hour that comes twice in autumn is two rows."""
    hours: dict[str, list[int]] = {}
    for quarter in sorted(quarters):
        at = datetime.fromtimestamp(quarter * QUARTER_MS // 1000, zone)
        begin = at.replace(minute=0, second=0).isoformat(timespec="seconds")  # which of two equal hours, is kept
        sums = hours.setdefault(begin, [0] * 5)
        for place, value in enumerate(_figures(quarters[quarter]).values()):
            sums[place] += value
    names = ("n", "refunds", "gross", "net", "tax")
    return [{"hour": begin, **dict(zip(names, sums, strict=True))} for begin, sums in hours.items()]


def shelves(fact: CatalogueChanged) -> Iterator[tuple[str, Shelf]]:
    """What a catalogue says of each item that it changes."""
    for item in fact.items:
        yield item.sku, Shelf(item.kind, item.category)
