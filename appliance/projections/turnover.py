"""Turnover by item, hour, cashier, tender, VAT rate and category: sums as ``domain.reports`` makes them; what the
catalogue said at each time; and which facts are a drawer's."""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from appliance.domain import reports
from appliance.domain.books import DrawerClosed
from appliance.domain.catalogue import CatalogueChanged
from appliance.domain.drawer import DrawerCounted, DrawerMoved, DrawerOpened, DrawerUnlocked
from appliance.domain.events import Event
from appliance.domain.kernel import read_fact
from appliance.domain.refunds import SaleRefunded, SaleVoided
from appliance.domain.reports import By, Shelf, Stamp, Sum
from appliance.domain.sales import SaleCompleted
from appliance.errors import Problem
from appliance.journal.records import Record
from appliance.projections import books, drawer
from appliance.projections.registry import folds

DECISIVE = False
TABLES = """
CREATE TABLE p_turnover(
  event TEXT NOT NULL, what TEXT NOT NULL, key TEXT NOT NULL, unit TEXT NOT NULL, label TEXT NOT NULL,
  n INTEGER NOT NULL, refunds INTEGER NOT NULL, qty INTEGER NOT NULL, gross INTEGER NOT NULL, net INTEGER NOT NULL,
  tax INTEGER NOT NULL, PRIMARY KEY(event, what, key, unit)) STRICT, WITHOUT ROWID;
CREATE TABLE p_shelf(
  sku TEXT NOT NULL, pos INTEGER NOT NULL, kind TEXT NOT NULL, category TEXT, PRIMARY KEY(sku, pos))
  STRICT, WITHOUT ROWID;
CREATE TABLE p_traded(sale TEXT PRIMARY KEY, pos INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE p_drawer_fact(drawer TEXT NOT NULL, pos INTEGER NOT NULL, PRIMARY KEY(drawer, pos)) STRICT, WITHOUT ROWID;
"""
_ADD = (
    "INSERT INTO p_turnover VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(event, what, key, unit) DO UPDATE SET "
    "label = excluded.label, n = n + excluded.n, refunds = refunds + excluded.refunds, qty = qty + excluded.qty, "
    "gross = gross + excluded.gross, net = net + excluded.net, tax = tax + excluded.tax"
)


class Kept:
    """The past as this projection keeps it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def sale(self, sale: str) -> tuple[SaleCompleted, Stamp]:
        """The fact itself, and where it stands."""
        row = self._db.execute(
            "SELECT f.pos, f.body FROM p_traded t JOIN fact f ON f.pos = t.pos WHERE t.sale = ?", (sale,)
        ).fetchone()
        body = json.loads(row["body"])
        fact = read_fact(body["kind"], body["data"])
        if not isinstance(fact, SaleCompleted):
            raise LookupError(f"{sale} is no sale")
        return fact, stamp_of(row["pos"], body)

    def shelf(self, sku: str, pos: int) -> Shelf:
        """By the newest catalogue before that."""
        row = self._db.execute(
            "SELECT kind, category FROM p_shelf WHERE sku = ? AND pos <= ? ORDER BY pos DESC LIMIT 1", (sku, pos)
        ).fetchone()
        return Shelf(row["kind"], row["category"]) if row else Shelf("unit", None)

    def z_of(self, name: str) -> str | None:
        """The number of a drawer's Z, if it has one."""
        row = self._db.execute("SELECT report FROM p_report WHERE drawer = ? AND n IS NOT NULL", (name,)).fetchone()
        return row["report"] if row else None


def stamp_of(pos: int, body: dict[str, Any]) -> Stamp:
    """Of a stored body."""
    return Stamp(pos, body["event"], body["at"], body["actor"])


@folds(CatalogueChanged)
def changed(db: sqlite3.Connection, record: Record, fact: CatalogueChanged) -> None:
    """From now on items are sold as it says."""
    db.executemany(
        "INSERT INTO p_shelf VALUES(?, ?, ?, ?)",
        [(sku, record.pos, shelf.kind, shelf.category) for sku, shelf in reports.shelves(fact)],
    )


@folds(*reports.FOLDED)
def traded(db: sqlite3.Connection, record: Record, fact: SaleCompleted | SaleVoided | SaleRefunded) -> None:
    """What it adds to the rows."""
    db.execute("INSERT INTO p_drawer_fact VALUES(?, ?)", (fact.drawer, record.pos))
    if isinstance(fact, SaleCompleted):
        db.execute("INSERT INTO p_traded VALUES(?, ?)", (fact.sale, record.pos))
    db.executemany(_ADD, reports.entries(fact, stamp_of(record.pos, record.body), Kept(db)))


@folds(DrawerOpened, DrawerMoved, DrawerUnlocked, DrawerCounted, DrawerClosed)
def handled(
    db: sqlite3.Connection,
    record: Record,
    fact: DrawerOpened | DrawerMoved | DrawerUnlocked | DrawerCounted | DrawerClosed,
) -> None:
    """It is a drawer's."""
    db.execute("INSERT INTO p_drawer_fact VALUES(?, ?)", (fact.drawer, record.pos))


def sums(db: sqlite3.Connection, event: str) -> dict[tuple[str, str, str], Sum]:
    """All that is known of an event."""
    rows = db.execute("SELECT * FROM p_turnover WHERE event = ?", (event,))
    return {(row["what"], row["key"], row["unit"]): Sum(*tuple(row)[4:]) for row in rows}


def report(db: sqlite3.Connection, event: Event, by: By) -> dict[str, Any]:
    """``GET /reports/sales``: an event's report of one moment, beside it ``zs``: its Z reports, newest first, and
    ``open``: the drawers that serve it and have none yet, with their turnover so far; ``training`` where it
    is, whose turnover is in no row."""
    if db.execute("SELECT 1 FROM projection WHERE name = 'turnover' AND stale IS NOT NULL").fetchone():
        raise Problem("busy", "the reports fell behind the journal", "Restart the box; it builds them again.")
    found = reports.report(by, sums(db, event.event), event.timezone)
    return {
        "event": event.event,
        "by": by,
        "currency": event.currency,
        **found,
        "zs": books.zs(db, event.event),
        "open": [
            {
                "drawer": one.drawer,
                "name": one.name,
                "turnover": books.x(db, one)["turnover"],
                **({"training": True} if one.training else {}),
            }
            for one in drawer.drawers(db).of(event.event).open
        ],
    }


def facts(db: sqlite3.Connection, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(pos, body) of all that concerns a drawer, in order."""
    for row in db.execute(
        "SELECT f.pos, f.body FROM p_drawer_fact d JOIN fact f ON f.pos = d.pos WHERE d.drawer = ? ORDER BY d.pos",
        (name,),
    ):
        yield row["pos"], json.loads(row["body"])
