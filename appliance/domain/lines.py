"""The lines of a cart: what each costs, what is taken off, the parts of bundles, and whether there is enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from appliance.domain import guardrails, money, pricing
from appliance.domain.catalogue import Item
from appliance.domain.kernel import MAX_AMOUNT, Fact, refuse
from appliance.errors import invalid

MAX_LINES = 200
MAX_QTY = 9999
MAX_GRAMS = 1_000_000


class BundleSold(Fact, frozen=True):
    """What the first line of a bundle says of all of it: ``full`` = ``qty`` x ``unit_price``, the sum of its lines
    before discounts; ``own_discount``, ``percent``: as on a line."""

    name: str
    qty: int
    unit_price: int
    full: int
    own_discount: int = 0
    percent: str | None = None


class SaleLine(Fact, frozen=True):
    """One line. ``qty``: pieces, or grams of something weighed, negative when a deposit comes back; ``unit_price``,
    ``discount``, ``total``: minor units (``unit_price`` per kilogram when weighed). ``lot``, ``maker``,
    ``gtin``: where it comes from, as the catalogue had it. ``ticket``: each
    piece is a ticket of this check-in list. ``service``: as it was asked for, ``vat`` is its rate. With a discount,
    ``full``: the price before it; ``own_discount``: what of ``discount`` is the line's own, the rest is its share of
    the cart's; ``percent``: the own one as a share, when it was asked for so. ``bundle``: it was sold as a part of this
    one, which is cheaper than ``qty`` x ``unit_price``; the first of the parts has ``bundle_sold``."""

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
    gtin: str | None = None
    ticket: str | None = None
    service: pricing.Service | None = None
    full: int | None = None
    own_discount: int = 0
    percent: str | None = None
    bundle: str | None = None
    bundle_sold: BundleSold | None = None


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


@dataclass(frozen=True)
class Position:
    """What was asked for in one line, and the ``lines`` that it is recorded as: one, or one for each part of a bundle.
    ``deposits``: which of them are."""

    item: Item
    asked: AskLine
    lines: tuple[SaleLine, ...]
    deposits: tuple[bool, ...]

    @property
    def total(self) -> int:
        """Minor units."""
        return sum(line.total for line in self.lines)

    @property
    def payable(self) -> list[int]:
        """Of each line what a discount may lower: nothing of a deposit."""
        return [0 if deposit else line.total for line, deposit in zip(self.lines, self.deposits, strict=True)]


def check(asked: Sequence[AskLine]) -> None:
    """Whether their number is that of a sale; raises ``validation``."""
    if not 1 <= len(asked) <= MAX_LINES:
        raise invalid(f"a sale has 1 to {MAX_LINES} lines, this has {len(asked)}")


def positions(asked: Sequence[AskLine], items: Mapping[str, Item]) -> list[Position]:
    """The cart at full price; raises ``validation``, refuses ``unknown-sku``."""
    found = [_position(number, line, items) for number, line in enumerate(asked, 1)]
    if (lines := sum(len(one.lines) for one in found)) > MAX_LINES:
        raise invalid(f"with the parts of its bundles this sale has {lines} lines; it may have {MAX_LINES}")
    return found


def _position(number: int, ask: AskLine, items: Mapping[str, Item]) -> Position:
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
        if not 1 <= ask.grams <= MAX_GRAMS:
            raise invalid(f"{where}: grams {ask.grams}: wants 1 to {MAX_GRAMS:,}")
        qty, unit = ask.qty * ask.grams, "gram"
        total = ask.qty * money.half_up(price * ask.grams, 1000)
    if abs(total) > MAX_AMOUNT:
        raise invalid(f"{where}: {total} is more than one sale can hold ({MAX_AMOUNT})")
    if item.kind == "bundle":
        parts = [(items[part.sku], part.qty * ask.qty) for part in item.contains]
        return Position(item, ask, _parts(item, ask, parts), tuple(part.kind == "deposit" for part, _ in parts))
    line = msgspec.structs.replace(
        _line(item, qty, total, ask), unit_price=price, unit="gram" if unit == "gram" else "piece"
    )
    return Position(item, ask, (line,), (item.kind == "deposit",))


def _line(item: Item, qty: int, total: int, ask: AskLine) -> SaleLine:
    return SaleLine(
        sku=item.sku,
        name=item.name,
        qty=qty,
        unit_price=item.price,
        discount=0,
        total=total,
        vat=pricing.vat_of(item, ask.service),
        cost=item.cost,
        lot=item.lot,
        maker=item.maker,
        gtin=item.gtin,
        ticket=item.ticket,
        service=ask.service,
    )


def _parts(bundle: Item, ask: AskLine, parts: Sequence[tuple[Item, int]]) -> tuple[SaleLine, ...]:
    """The bundle's price over its parts, by largest remainder of what each costs by itself; a deposit is paid in full,
    since it is given back in full."""
    price = ask.qty * bundle.price
    alone = [item.price * qty for item, qty in parts]
    deposits = sum(worth for worth, (item, _) in zip(alone, parts, strict=True) if item.kind == "deposit")
    shares = pricing.spread(
        price - deposits,
        [0 if item.kind == "deposit" else worth for worth, (item, _) in zip(alone, parts, strict=True)],
    )
    lines = [
        msgspec.structs.replace(_line(item, qty, worth if item.kind == "deposit" else share, ask), bundle=bundle.sku)
        for (item, qty), worth, share in zip(parts, alone, shares, strict=True)
    ]
    sold = BundleSold(name=bundle.name, qty=ask.qty, unit_price=bundle.price, full=price)
    return (msgspec.structs.replace(lines[0], bundle_sold=sold), *lines[1:])


def reduce(
    cart: Sequence[Position], asked: pricing.AskDiscount | None, rail: guardrails.Discount
) -> tuple[pricing.Reduced, list[Position]]:
    """What is taken off, and the cart without it. A bundle takes a discount as one, which its parts share by largest
    remainder; that it is cheaper than its parts is its price, and no discount."""
    reduced = pricing.reduce(
        [
            pricing.Priced(
                f"line {number} ({one.item.sku!r})",
                one.total if one.item.kind == "deposit" else sum(one.payable),
                one.item.kind == "deposit",
                one.asked.discount,
            )
            for number, one in enumerate(cart, 1)
        ],
        asked,
        rail,
    )
    return reduced, [_less(one, off) for one, off in zip(cart, reduced.lines, strict=True)]


def _less(position: Position, off: pricing.Off) -> Position:
    if not off.own + off.share:
        return position
    own = pricing.spread(off.own, position.payable)
    share = pricing.spread(off.share, [whole - part for whole, part in zip(position.payable, own, strict=True)])
    asked = position.asked.discount
    percent = asked.percent if asked and off.own else None
    lines = [
        _lower(line, of_own, of_cart, percent) for line, of_own, of_cart in zip(position.lines, own, share, strict=True)
    ]
    if (sold := lines[0].bundle_sold) is not None:
        sold = msgspec.structs.replace(sold, own_discount=off.own, percent=percent)
        lines[0] = msgspec.structs.replace(lines[0], bundle_sold=sold)
    return replace(position, lines=tuple(lines))


def _lower(line: SaleLine, own: int, share: int, percent: str | None) -> SaleLine:
    if not own + share:
        return line
    return msgspec.structs.replace(
        line,
        discount=own + share,
        total=line.total - own - share,
        full=line.total,
        own_discount=own,
        percent=percent if own else None,
    )


def check_stock(lines: Sequence[SaleLine], left: Mapping[str, int]) -> None:
    """Refuses ``sold-out`` when more is asked for than is left, of a bundle's part as of a line of its own."""
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
