"""The catalogue as it is now, with what is left of what is counted."""

import sqlite3
from dataclasses import dataclass
from typing import Any

import msgspec

from appliance.domain.catalogue import CatalogueChanged, CatalogueKnown, ImportCatalogue, Item
from appliance.domain.refunds import SaleRefunded, SaleVoided
from appliance.domain.sales import SaleCompleted
from appliance.journal.records import Record
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_item(
  sku TEXT PRIMARY KEY, ordinal INTEGER NOT NULL, name TEXT NOT NULL, price INTEGER NOT NULL, vat TEXT NOT NULL,
  kind TEXT NOT NULL, category TEXT, stock INTEGER, cost INTEGER, maker TEXT, lot TEXT, ticket TEXT, vat_takeaway TEXT,
  "group" TEXT, min_age INTEGER, sold INTEGER NOT NULL) STRICT;
CREATE TABLE p_catalogue(version INTEGER NOT NULL, at TEXT NOT NULL) STRICT;
"""

_COLUMNS = ", ".join(f'"{name}"' for name in Item.__struct_fields__)  # group is a word of SQL


@dataclass(frozen=True)
class ItemView:
    """An item as a till shows it; ``stock`` is what is left, None when it is not counted."""

    sku: str
    name: str
    price: int
    vat: str
    kind: str
    category: str | None
    stock: int | None
    vat_takeaway: str | None
    group: str | None
    min_age: int | None


@folds(CatalogueChanged)
def changed(db: sqlite3.Connection, record: Record, fact: CatalogueChanged) -> None:
    """Items appear, change, go. A stock that is set anew counts from then on."""
    db.executemany("DELETE FROM p_item WHERE sku = ?", [(sku,) for sku in fact.removed])
    for number, item in enumerate(fact.items):
        row = db.execute("SELECT ordinal, stock, sold FROM p_item WHERE sku = ?", (item.sku,)).fetchone()
        ordinal = row["ordinal"] if row else record.pos * 1000 + number
        sold = row["sold"] if row and row["stock"] == item.stock else 0
        values = (*msgspec.structs.astuple(item), ordinal, sold)
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
        "SELECT sku, name, price, vat, kind, category, "
        "CASE WHEN stock IS NULL THEN NULL ELSE max(0, stock - sold) END AS stock, "
        'vat_takeaway, "group", min_age FROM p_item ORDER BY ordinal'
    )
    return [ItemView(*row) for row in rows]


def full(db: sqlite3.Connection) -> dict[str, Item]:
    """Items as they were imported, by sku."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM p_item ORDER BY ordinal")  # noqa: S608 - our own column names
    return {row["sku"]: Item(**row_values(row)) for row in rows}


def row_values(row: sqlite3.Row) -> dict[str, Any]:
    """A row of p_item as the fields of an Item."""
    return {key: row[key] for key in row.keys() if row[key] is not None}  # noqa: SIM118 - a Row is no dict


def pick(db: sqlite3.Connection, skus: set[str]) -> tuple[dict[str, Item], dict[str, int]]:
    """The items among ``skus``, and what is left of those that are counted."""
    found: dict[str, Item] = {}
    left: dict[str, int] = {}
    for sku in skus:
        row = db.execute(f"SELECT {_COLUMNS} FROM p_item WHERE sku = ?", (sku,)).fetchone()  # noqa: S608
        if row is not None:
            found[sku] = Item(**row_values(row))
            if row["stock"] is not None:
                (sold_so_far,) = db.execute("SELECT sold FROM p_item WHERE sku = ?", (sku,)).fetchone()
                left[sku] = max(0, row["stock"] - sold_so_far)
    return found, left


@knows("catalogue.import")
def for_import(db: sqlite3.Connection, ask: ImportCatalogue, around: Surroundings) -> CatalogueKnown:
    """The catalogue before the change."""
    return CatalogueKnown(version(db), full(db))
