"""The catalogue as it is now, with what is left of what is counted."""

import json
import sqlite3
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from appliance.domain.catalogue import CatalogueChanged, CatalogueKnown, ImportCatalogue, Item, Part
from appliance.domain.refunds import SaleRefunded, SaleVoided
from appliance.domain.sales import SaleCompleted
from appliance.journal.records import Record
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_item(
  sku TEXT PRIMARY KEY, ordinal INTEGER NOT NULL, name TEXT NOT NULL, price INTEGER NOT NULL, vat TEXT NOT NULL,
  kind TEXT NOT NULL, category TEXT, stock INTEGER, cost INTEGER, maker TEXT, lot TEXT, gtin TEXT, ticket TEXT,
  vat_takeaway TEXT, "group" TEXT, min_age INTEGER, contains TEXT, sold INTEGER NOT NULL) STRICT;
CREATE TABLE p_catalogue(version INTEGER NOT NULL, at TEXT NOT NULL) STRICT;
"""

_COLUMNS = ", ".join(f'"{name}"' for name in Item.__struct_fields__)  # group is a word of SQL


@dataclass(frozen=True)
class ItemView:
    """An item as a till shows it; ``stock`` is what is left, None when it is not counted, of a bundle how many can be
    made of its parts, whose strictest ``min_age`` it has. A bundle has no ``vat``; ``contains``: ``sku, qty`` of its
    parts."""

    sku: str
    name: str
    price: int
    vat: str | None
    kind: str
    category: str | None
    stock: int | None
    vat_takeaway: str | None
    group: str | None
    min_age: int | None
    contains: list[dict[str, Any]] | None


@folds(CatalogueChanged)
def changed(db: sqlite3.Connection, record: Record, fact: CatalogueChanged) -> None:
    """Items appear, change, go. A stock that is set anew counts from then on."""
    db.executemany("DELETE FROM p_item WHERE sku = ?", [(sku,) for sku in fact.removed])
    for number, item in enumerate(fact.items):
        row = db.execute("SELECT ordinal, stock, sold FROM p_item WHERE sku = ?", (item.sku,)).fetchone()
        ordinal = row["ordinal"] if row else record.pos * 1000 + number
        sold = row["sold"] if row and row["stock"] == item.stock else 0
        contains = json.dumps(msgspec.to_builtins(item.contains)) if item.contains else None
        fields = msgspec.structs.asdict(item) | {"contains": contains}
        values = (*fields.values(), ordinal, sold)
        places = ", ".join("?" * len(values))
        db.execute(f"INSERT OR REPLACE INTO p_item({_COLUMNS}, ordinal, sold) VALUES({places})", values)
    db.execute("DELETE FROM p_catalogue")
    db.execute("INSERT INTO p_catalogue VALUES(?, ?)", (fact.version, record.body["at"]))


@folds(SaleCompleted)
def sold(db: sqlite3.Connection, record: Record, fact: SaleCompleted) -> None:
    """What was sold is no longer there."""
    if not fact.training:
        db.executemany("UPDATE p_item SET sold = sold + ? WHERE sku = ?", [(line.qty, line.sku) for line in fact.lines])


@folds(SaleVoided, SaleRefunded)
def restocked(db: sqlite3.Connection, record: Record, fact: SaleVoided | SaleRefunded) -> None:
    """What can be sold again is there again; a deposit that is taken again is not."""
    if fact.restock and not fact.training:
        back = [(-line.qty if line.taken else line.qty, line.sku) for line in fact.lines]
        db.executemany("UPDATE p_item SET sold = sold - ? WHERE sku = ?", back)


def version(db: sqlite3.Connection) -> int:
    """The catalogue's version, 0 before the first."""
    row = db.execute("SELECT version FROM p_catalogue").fetchone()
    return row["version"] if row else 0


def items(db: sqlite3.Connection) -> list[ItemView]:
    """All items in the order of their file."""
    rows = db.execute(
        "SELECT sku, name, price, nullif(vat, '') AS vat, kind, category, "
        "CASE WHEN stock IS NULL THEN NULL ELSE max(0, stock - sold) END AS stock, "
        'vat_takeaway, "group", min_age, contains FROM p_item ORDER BY ordinal'
    )
    found = [ItemView(**{**row, "contains": json.loads(row["contains"] or "null")}) for row in map(dict, rows)]
    alone = {item.sku: item for item in found}
    return [item if item.contains is None else _made_of(item, item.contains, alone) for item in found]


def _made_of(bundle: ItemView, contains: list[dict[str, Any]], items: dict[str, ItemView]) -> ItemView:
    """How many there can be, and for whom, is for its parts to say."""
    parts = [(items[part["sku"]], part["qty"]) for part in contains]
    enough = [part.stock // qty for part, qty in parts if part.stock is not None]
    ages = [part.min_age for part, _ in parts if part.min_age is not None]
    return replace(bundle, stock=min(enough, default=None), min_age=max(ages, default=None))


def full(db: sqlite3.Connection) -> dict[str, Item]:
    """Items as they were imported, by sku."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM p_item ORDER BY ordinal")  # noqa: S608 - our own column names
    return {row["sku"]: Item(**row_values(row)) for row in rows}


def row_values(row: sqlite3.Row) -> dict[str, Any]:
    """A row of p_item as the fields of an Item."""
    fields = {key: row[key] for key in row.keys() if row[key] is not None}  # noqa: SIM118 - a Row is no dict
    if "contains" in fields:
        fields["contains"] = tuple(Part(**part) for part in json.loads(fields["contains"]))
    return fields


def pick(db: sqlite3.Connection, skus: set[str]) -> tuple[dict[str, Item], dict[str, int]]:
    """The items among ``skus``, with the parts of bundles, and what is left of those that are counted."""
    found: dict[str, Item] = {}
    left: dict[str, int] = {}
    asked = list(skus)
    for sku in asked:
        row = db.execute(f"SELECT {_COLUMNS} FROM p_item WHERE sku = ?", (sku,)).fetchone()  # noqa: S608
        if row is not None:
            found[sku] = Item(**row_values(row))
            asked += [part.sku for part in found[sku].contains if part.sku not in asked]
            if row["stock"] is not None:
                (sold_so_far,) = db.execute("SELECT sold FROM p_item WHERE sku = ?", (sku,)).fetchone()
                left[sku] = max(0, row["stock"] - sold_so_far)
    return found, left


def left(db: sqlite3.Connection, skus: set[str]) -> dict[str, int]:
    """What is left of those among ``skus`` that are counted; below zero when more was given out than was there."""
    found = {}
    for sku in skus:
        row = db.execute("SELECT stock - sold FROM p_item WHERE sku = ? AND stock IS NOT NULL", (sku,)).fetchone()
        if row is not None:
            found[sku] = int(row[0])
    return found


@knows("catalogue.import")
def for_import(db: sqlite3.Connection, ask: ImportCatalogue, around: Surroundings) -> CatalogueKnown:
    """The catalogue before the change."""
    return CatalogueKnown(version(db), full(db))
