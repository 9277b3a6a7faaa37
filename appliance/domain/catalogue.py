"""The catalogue: what is sold, at which price and VAT rate, and how much of it there is."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from appliance.domain import gtin, money
from appliance.domain.kernel import ADMIN, MAX_AMOUNT, Ask, Context, Decided, Fact, command, kind
from appliance.domain.lists import label, list_name
from appliance.errors import invalid

MAX_ITEMS = 500
PIECE_BYTES = 96 * 1024
"""Of items in one fact, about: it travels in one message."""
MAX_AGE = 99
MAX_PARTS = 20
MAX_EACH = 99
ItemKind = Literal["unit", "weight", "open", "deposit", "bundle"]
SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


_OF_PARTS = ("vat", "vat_takeaway", "stock", "cost", "maker", "lot", "gtin", "ticket", "min_age")
_PART_KINDS = frozenset({"unit", "deposit"})


class Part(Fact, frozen=True):
    """So many pieces of an item are in a bundle."""

    sku: str
    qty: int


class Item(Fact, frozen=True, kw_only=True):
    """One thing for sale. ``price``: minor units a piece (a kilogram for ``weight``, a proposal for ``open``);
    ``vat``: rate contained in the price; ``stock``: pieces (grams when weighed) at the start, None = not counted;
    ``cost``: minor units a piece (a kilogram when weighed); ``maker``, ``lot``, ``gtin``: where it comes from, the
    last as GS1 numbers trade items; ``ticket``: each piece admits by this check-in list;
    ``vat_takeaway``: the rate when it is taken away, None = the same; ``group``: what the variants of one thing have
    in common, each of which is an item; ``min_age``: years, whoever buys it shows an ID; ``contains``: the parts of a
    bundle, whose own ``price`` is for all of them, and which has no ``vat`` ("") and no stock but theirs."""

    sku: str
    name: str
    price: int
    vat: str = ""
    kind: ItemKind
    category: str | None = None
    stock: int | None = None
    cost: int | None = None
    maker: str | None = None
    lot: str | None = None
    gtin: str | None = None
    ticket: str | None = None
    vat_takeaway: str | None = None
    group: str | None = None
    min_age: int | None = None
    contains: tuple[Part, ...] = ()


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


@command("catalogue.import", ImportCatalogue, ADMIN, bulk=True, at_full="stop")
def import_catalogue(ask: ImportCatalogue, known: CatalogueKnown, ctx: Context) -> Decided:
    """What differs from the present catalogue becomes a fact; nothing does when nothing differs."""
    check_items(ask.items)
    facts = changes(ask.items, known)
    answer = {
        "version": known.version + len(facts),
        "changed": sum(len(fact.items) for fact in facts),
        "removed": sum(len(fact.removed) for fact in facts),
    }
    return Decided(facts, answer)


def check_items(items: Sequence[Item]) -> None:
    """Raises ``validation`` with the place of the first fault: these cannot be a whole catalogue."""
    if not 1 <= len(items) <= MAX_ITEMS:
        raise invalid(f"a catalogue has 1 to {MAX_ITEMS} items, this has {len(items)}")
    by_sku: dict[str, Item] = {}
    for number, item in enumerate(items, 1):
        where = f"item {number} ({item.sku!r})"
        if fault := item_fault(item):
            raise invalid(f"{where}: {fault}")
        if item.sku in by_sku:
            raise invalid(f"{where}: this sku is there twice")
        by_sku[item.sku] = item
    for number, item in enumerate(items, 1):
        if item.kind == "bundle" and (fault := bundle_fault(item, by_sku)):
            raise invalid(f"item {number} ({item.sku!r}): {fault}")


def changes(items: Iterable[Item], known: CatalogueKnown) -> list[CatalogueChanged]:
    """What has to happen so that ``items`` are the catalogue: no fact when they are, several when they are much."""
    wanted = {item.sku: item for item in items}
    pieces: list[list[Item]] = [[]]
    room = PIECE_BYTES
    for item in wanted.values():
        if known.items.get(item.sku) == item:
            continue
        size = len(msgspec.json.encode(item))
        if pieces[-1] and size > room:
            pieces.append([])
            room = PIECE_BYTES
        pieces[-1].append(item)
        room -= size
    removed = [sku for sku in known.items if sku not in wanted]
    if not pieces[0] and not removed:
        return []
    return [
        CatalogueChanged(version=known.version + place, items=piece, removed=removed if place == 1 else [])
        for place, piece in enumerate(pieces, 1)
    ]


def item_fault(item: Item) -> str | None:
    """What is wrong with an item, in words, or None."""
    if not SKU.fullmatch(item.sku):
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
    if fault := _contents_fault(item):
        return fault
    for key, rate in (("vat", "0" if item.kind == "bundle" else item.vat), ("vat_takeaway", item.vat_takeaway)):
        try:
            money.rate("0" if rate is None else rate)
        except ValueError as error:
            return f"{key}: {error}"
    for key in ("category", "maker", "lot", "group"):
        text = getattr(item, key)
        if text is not None and not (1 <= len(text) <= 60 and text.isprintable()):
            return f"{key} has 1 to 60 printable characters"
    if item.gtin is not None and (wrong := gtin.fault(item.gtin)):
        return f"gtin: {wrong}"
    return None if item.ticket is None else _ticket_fault(item.ticket, item)


def _contents_fault(item: Item) -> str | None:
    """What is wrong with a bundle by itself; ``bundle_fault`` holds it against its parts."""
    if item.kind != "bundle":
        return f"contains: only a bundle has parts; this is {item.kind}" if item.contains else None
    for key in _OF_PARTS:
        if getattr(item, key) not in (None, ""):
            return f"{key}: a bundle has what its parts have; leave it out"
    if not 1 <= len(item.contains) <= MAX_PARTS:
        return f"contains: a bundle has 1 to {MAX_PARTS} parts such as COFFEE:1 CAKE:1, this has {len(item.contains)}"
    if len({part.sku for part in item.contains}) < len(item.contains):
        return "contains: a part is there twice; give it a larger number"
    if any(not 1 <= part.qty <= MAX_EACH for part in item.contains):
        return f"contains: of each part there are 1 to {MAX_EACH}"
    return None


def bundle_fault(bundle: Item, items: Mapping[str, Item]) -> str | None:
    """What is wrong with a bundle and its parts, in words, or None."""
    for part in bundle.contains:
        item = items.get(part.sku)
        if item is None:
            return f"contains: {part.sku[:40]!r} is not in the catalogue"
        if item.kind not in _PART_KINDS:
            return f"contains: {item.sku!r} is {item.kind}; a part has a price for each piece"
    parts = [(items[part.sku], part.qty) for part in bundle.contains]
    deposits = sum(item.price * qty for item, qty in parts if item.kind == "deposit")
    alone = sum(item.price * qty for item, qty in parts)
    if bundle.price > alone:
        return f"price {bundle.price}: its parts cost {alone} without it; a bundle is not dearer"
    if bundle.price < deposits:
        return f"price {bundle.price}: the deposits in it are {deposits}, which are paid in full"
    if all(item.kind == "deposit" for item, _ in parts):
        return "contains: nothing but deposits, which have no other price than their own"
    return None


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
