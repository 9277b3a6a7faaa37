"""The books of the drawers: sums as ``domain.books`` makes them, the numbers of receipts, and the reports so far."""

import json
import sqlite3
from typing import Any

import msgspec

from appliance.domain import books
from appliance.domain.books import Book, DrawerClosed, DrawerRead, Numbers, Sum, Totals
from appliance.domain.closing import (
    BooksKnown,
    CloseDrawer,
    CountDrawer,
    PaperKnown,
    ReadDrawer,
    ReprintZ,
    slip_id,
)
from appliance.domain.drawer import Drawer
from appliance.domain.kernel import Fact
from appliance.domain.refunds import SaleRefunded, SaleVoided
from appliance.domain.sales import SaleCompleted
from appliance.journal.records import Record
from appliance.projections import drawer as drawers
from appliance.projections import paper
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_book(
  drawer TEXT NOT NULL, what TEXT NOT NULL, name TEXT NOT NULL, n INTEGER NOT NULL, amount INTEGER NOT NULL,
  net INTEGER NOT NULL, tax INTEGER NOT NULL, PRIMARY KEY(drawer, what, name)) STRICT, WITHOUT ROWID;
CREATE TABLE p_numbered(
  sale TEXT PRIMARY KEY, drawer TEXT NOT NULL, log INTEGER NOT NULL, n INTEGER NOT NULL, UNIQUE(log, n))
  STRICT, WITHOUT ROWID;
CREATE INDEX p_numbered_drawer ON p_numbered(drawer, log, n);
CREATE TABLE p_report(
  report TEXT PRIMARY KEY, drawer TEXT NOT NULL, event TEXT NOT NULL, pos INTEGER NOT NULL, log INTEGER, n INTEGER,
  UNIQUE(log, n))
  STRICT, WITHOUT ROWID;
"""
_ADD = (
    "INSERT INTO p_book VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(drawer, what, name) DO UPDATE SET "
    "n = n + excluded.n, amount = amount + excluded.amount, net = net + excluded.net, tax = tax + excluded.tax"
)


@folds(*books.FOLDED)
def booked(db: sqlite3.Connection, record: Record, fact: Fact) -> None:
    """What it adds to the books."""
    if isinstance(fact, SaleCompleted | SaleVoided | SaleRefunded):
        log, _, n = fact.number.partition("-")
        db.execute("INSERT INTO p_numbered VALUES(?, ?, ?, ?)", (fact.sale, fact.drawer, int(log), int(n)))
    for entry in books.entries(fact, lambda sale: _drawer_of(db, sale)):
        db.execute(_ADD, entry)


@folds(DrawerClosed)
def closed(db: sqlite3.Connection, record: Record, fact: DrawerClosed) -> None:
    """A Z has its number."""
    log, _, n = fact.z.partition("-")
    row = (fact.z, fact.drawer, record.body["event"], record.pos, int(log), int(n))
    db.execute("INSERT INTO p_report VALUES(?, ?, ?, ?, ?, ?)", row)


@folds(DrawerRead)
def read(db: sqlite3.Connection, record: Record, fact: DrawerRead) -> None:
    """An X has none."""
    row = (fact.report, fact.drawer, record.body["event"], record.pos)
    db.execute("INSERT INTO p_report VALUES(?, ?, ?, ?, NULL, NULL)", row)


def _drawer_of(db: sqlite3.Connection, sale: str) -> str | None:
    row = db.execute("SELECT drawer FROM p_numbered WHERE sale = ?", (sale,)).fetchone()
    return row["drawer"] if row else None


def book(db: sqlite3.Connection, drawer: str, log: int) -> Book:
    """All that is in the books of a drawer now; ``log``: the present one."""
    rows = db.execute("SELECT * FROM p_book WHERE drawer = ?", (drawer,))
    sums = {(row["what"], row["name"]): Sum(row["n"], row["amount"], row["net"], row["tax"]) for row in rows}
    (z,) = db.execute("SELECT coalesce(max(n), 0) + 1 FROM p_report WHERE log = ?", (log,)).fetchone()
    (size,) = db.execute("SELECT coalesce(max(seq), 0) FROM fact WHERE log = ?", (log,)).fetchone()
    return Book(sums, _numbers(db, drawer), z, size)


def _numbers(db: sqlite3.Connection, drawer: str) -> Numbers:
    """Its receipts, and whether a number is missing in the logs that they stand in."""
    rows = db.execute(
        "SELECT log, count(*) AS n, min(n) AS first, max(n) AS last FROM p_numbered WHERE drawer = ? "
        "GROUP BY log ORDER BY log",
        (drawer,),
    ).fetchall()
    if not rows:
        return Numbers()
    missing = 0
    for row in rows:
        (gone,) = db.execute("SELECT max(n) - count(*) FROM p_numbered WHERE log = ?", (row["log"],)).fetchone()
        missing += gone
    return Numbers(
        count=sum(row["n"] for row in rows),
        first=f"{rows[0]['log']}-{rows[0]['first']}",
        last=f"{rows[-1]['log']}-{rows[-1]['last']}",
        logs=[row["log"] for row in rows],
        missing=missing,
    )


def x(db: sqlite3.Connection, drawer: Drawer) -> dict[str, Any]:
    """The X report of an open drawer now, as ``GET /drawer/x`` answers it."""
    counted = drawer.counted if drawer.is_counted else None
    return books.answer(_now(db, drawer), drawer.drawer, z=None, counted=counted, training=drawer.training)


def preview(db: sqlite3.Connection, drawer: Drawer, at: str) -> dict[str, Any]:
    """The X report of an open drawer in the shape in which ``report`` gives one; nothing is recorded."""
    told = x(db, drawer)
    return {
        "totals": msgspec.to_builtins(_now(db, drawer)),
        "counted": told["counted"],
        "variance": told["variance"],
        "training": drawer.training,
        "at": at,
        "event": drawer.event,
    }


def _now(db: sqlite3.Connection, drawer: Drawer) -> Totals:
    (log,) = db.execute("SELECT coalesce(max(log), 0) FROM tree").fetchone()
    return books.seen(drawer, books.totals(drawer, book(db, drawer.drawer, log), log))


def z_of(db: sqlite3.Connection, drawer: str) -> str | None:
    """The number of a drawer's Z; None while it has none."""
    row = db.execute("SELECT report FROM p_report WHERE drawer = ? AND n IS NOT NULL", (drawer,)).fetchone()
    return row["report"] if row else None


def report(db: sqlite3.Connection, ident: str) -> dict[str, Any] | None:
    """A report as it was recorded, a Z by its number: data of ``drawer.closed`` or ``drawer.read``, with ``at``,
    ``event``, ``by`` and ``pos``."""
    row = db.execute(
        "SELECT f.pos, f.body FROM p_report r JOIN fact f ON f.pos = r.pos WHERE r.report = ?", (ident,)
    ).fetchone()
    if row is None:
        return None
    body = json.loads(row["body"])
    return {**body["data"], "at": body["at"], "event": body["event"], "by": body["actor"], "pos": row["pos"]}


def z(db: sqlite3.Connection, number: str) -> dict[str, Any] | None:
    """A Z as the API shows it, with ``at``, ``by``, ``reason`` and its newest copy on paper; None: there is none of
    this number."""
    found = report(db, number)
    if found is None or found.get("z") is None:
        return None
    shown = books.answer(
        msgspec.convert(found["totals"], Totals),
        found["drawer"],
        z=number,
        counted=found["counted"],
        training=found.get("training", False),
    )
    slip = paper.slip(db, slip_id(number)) or {"copy": None, "printer": None, "outcome": None}
    return {
        **shown,
        "at": found["at"],
        "by": found["by"],
        "reason": found.get("reason"),
        "pos": found["pos"],
        "paper": {key: slip[key] for key in ("copy", "printer", "outcome")},
    }


def zs(db: sqlite3.Connection, event: str) -> list[dict[str, Any]]:
    """The Z reports of an event, the newest first: ``z, drawer, name, at, by, turnover, variance``; ``training`` where
    it is."""
    rows = db.execute(
        "SELECT f.body FROM p_report r JOIN fact f ON f.pos = r.pos WHERE r.n IS NOT NULL AND r.event = ? "
        "ORDER BY r.pos DESC",
        (event,),
    )
    found = []
    for row in rows:
        body = json.loads(row["body"])
        data = body["data"]
        found.append(
            {
                "z": data["z"],
                "drawer": data["drawer"],
                "name": data["totals"]["name"],
                "at": body["at"],
                "by": body["actor"],
                "turnover": data["totals"]["turnover"],
                "variance": data["variance"],
                **({"training": True} if data.get("training") else {}),
            }
        )
    return found


@knows("drawer.count", "drawer.close", "drawer.read")
def for_books(db: sqlite3.Connection, ask: CountDrawer | CloseDrawer | ReadDrawer, around: Surroundings) -> BooksKnown:
    """The open drawers with their books."""
    found = drawers.drawers(db, ask.drawer)
    return BooksKnown(found, {one.drawer: book(db, one.drawer, around.log) for one in found.open})


@knows("drawer.reprint")
def for_reprint(db: sqlite3.Connection, ask: ReprintZ, around: Surroundings) -> PaperKnown:
    """The Z, and its newest copy."""
    found = report(db, ask.z)
    slip = paper.slip(db, slip_id(ask.z))
    return PaperKnown(
        found is not None and "z" in found,
        slip["copy"] if slip else None,
        slip["printer"] if slip and slip["outcome"] is None else None,
    )
