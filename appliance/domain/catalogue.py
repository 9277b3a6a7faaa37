"""The catalogue: what is sold, at which price and VAT rate, and how much of it there is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec

from appliance.domain import money
from appliance.domain.kernel import ADMIN, MAX_AMOUNT, Ask, Context, Decided, Fact, command, kind
from appliance.domain.lists import label, list_name
from appliance.errors import invalid

MAX_ITEMS = 500
MAX_AGE = 99
ItemKind = Literal["unit", "weight", "open", "deposit"]
_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


class Item(Fact, frozen=True):
    """One thing for sale. ``price``: minor units a piece (a kilogram for ``weight``, a proposal for ``open``);
    ``vat``: rate contained in the price; ``stock``: pieces (grams when weighed) at the start, None = not counted;
    ``cost``: minor units a piece (a kilogram when weighed); ``ticket``: each piece admits by this check-in list;
    ``vat_takeaway``: the rate when it is taken away, None = the same; ``group``: what the variants of one thing have
    in common, each of which is an item; ``min_age``: years, whoever buys it shows an ID."""

    sku: str
    name: str
    price: int
    vat: str
    kind: ItemKind
    category: str | None = None
    stock: int | None = None
    cost: int | None = None
    maker: str | None = None
    lot: str | None = None
    ticket: str | None = None
    vat_takeaway: str | None = None
    group: str | None = None
    min_age: int | None = None


@kind("catalogue.changed/1")
class CatalogueChanged(Fact, frozen=True):
    """Items added or replaced, and those taken out. ``version`` rises by one with every change."""

    version: int
    items: list[Item]
    removed: list[str]


@dataclass(frozen=True)
class CatalogueKnown:
    """The items as they are now (stock as it was set, not what is left), and the version."""

    version: int
    items: dict[str, Item]


class ImportCatalogue(Ask, frozen=True):
    """The whole catalogue as it shall be from now on; all or nothing."""

    items: list[Item]


@command("catalogue.import", ImportCatalogue, ADMIN, bulk=True)
def import_catalogue(ask: ImportCatalogue, known: CatalogueKnown, ctx: Context) -> Decided:
    """What differs from the present catalogue becomes a fact; nothing does when nothing differs."""
    if not 1 <= len(ask.items) <= MAX_ITEMS:
        raise invalid(f"a catalogue has 1 to {MAX_ITEMS} items, this has {len(ask.items)}")
    seen: set[str] = set()
    for number, item in enumerate(ask.items, 1):
        where = f"item {number} ({item.sku!r})"
        if fault := item_fault(item):
            raise invalid(f"{where}: {fault}")
        if item.sku in seen:
            raise invalid(f"{where}: this sku is there twice")
        seen.add(item.sku)
    changed = [item for item in ask.items if known.items.get(item.sku) != item]
    removed = [sku for sku in known.items if sku not in seen]
    answer = {"version": known.version, "changed": len(changed), "removed": len(removed)}
    if not changed and not removed:
        return Decided([], answer)
    fact = CatalogueChanged(version=known.version + 1, items=changed, removed=removed)
    return Decided([fact], {**answer, "version": known.version + 1})


def item_fault(item: Item) -> str | None:
    """What is wrong with an item, in words, or None."""
    if not _SKU.fullmatch(item.sku):
        return "a sku has 1 to 40 of letters, digits, dot, dash, underscore"
    if not 1 <= len(item.name) <= 60 or not item.name.isprintable():
        return "a name has 1 to 60 printable characters"
    if not 0 <= item.price <= MAX_AMOUNT:
        return f"price {item.price}: wants minor units from 0"
    if item.stock is not None and not 0 <= item.stock <= MAX_AMOUNT:
        return f"stock {item.stock}: wants a number from 0"
    if item.cost is not None and not 0 <= item.cost <= MAX_AMOUNT:
        return f"cost {item.cost}: wants minor units from 0"
    if item.min_age is not None and not 1 <= item.min_age <= MAX_AGE:
        return f"min_age {item.min_age}: wants 1 to {MAX_AGE} years"
    if item.vat_takeaway is not None and item.kind == "deposit":
        return "vat_takeaway: a deposit has one rate, which it comes back with"
    for key, rate in (("vat", item.vat), ("vat_takeaway", item.vat_takeaway)):
        try:
            money.rate("0" if rate is None else rate)
        except ValueError as error:
            return f"{key}: {error}"
    for key in ("category", "maker", "lot", "group"):
        text = getattr(item, key)
        if text is not None and not (1 <= len(text) <= 60 and text.isprintable()):
            return f"{key} has 1 to 60 printable characters"
    return None if item.ticket is None else _ticket_fault(item.ticket, item)


def _ticket_fault(list_: str, item: Item) -> str | None:
    """The name becomes the ticket's product, which lists are asked about."""
    if not list_name(list_):
        return "ticket: wants a check-in list's name of 1 to 40 lower-case letters, digits, dashes"
    if item.kind != "unit":
        return f"ticket: only a unit is one; this is {item.kind}"
    if not label(item.name):
        return "a ticket's name neither begins nor ends with a space"
    return None


def items_from(rows: Iterable[tuple[int, dict[str, object]]]) -> list[Item]:
    """Items from the tables of a file, each with its number there; raises a ``validation`` Problem that names item and
    key."""
    items = []
    for number, row in rows:
        unknown = set(row) - set(Item.__struct_fields__)
        if unknown:
            raise invalid(
                f"item {number} ({row.get('sku', '?')}): unknown key {min(unknown)!r}; "
                f"allowed are {', '.join(Item.__struct_fields__)}, variants"
            )
        try:
            items.append(msgspec.convert(row, Item))
        except msgspec.ValidationError as error:
            raise invalid(f"item {number} ({row.get('sku', '?')}): {error}") from error
    return items
