"""The cash drawers: which are open, whose they are, and whether the newest count of each is still true."""

import json
import sqlite3
from dataclasses import replace
from typing import Any

from appliance.domain.books import DrawerClosed
from appliance.domain.drawer import (
    Drawer,
    DrawerCounted,
    DrawerMoved,
    DrawerOpened,
    Drawers,
    DrawerUnlocked,
    MoveMoney,
    NoSale,
    OpenDrawer,
    OpeningKnown,
)
from appliance.domain.refunds import SaleRefunded, SaleVoided
from appliance.domain.sales import SaleCompleted
from appliance.journal.records import Record
from appliance.projections import events
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_drawer(
  drawer TEXT PRIMARY KEY, pos INTEGER NOT NULL, name TEXT NOT NULL, event TEXT NOT NULL, opened_by TEXT NOT NULL,
  opened_at TEXT NOT NULL, float INTEGER NOT NULL, counted INTEGER, since INTEGER NOT NULL, open INTEGER NOT NULL,
  training INTEGER NOT NULL) STRICT;
CREATE INDEX p_drawer_open ON p_drawer(pos) WHERE open;
CREATE TABLE p_drawer_kick(pos INTEGER PRIMARY KEY, drawer TEXT NOT NULL, printer TEXT, reason_ref TEXT) STRICT;
CREATE INDEX p_drawer_kick_drawer ON p_drawer_kick(drawer, pos);
"""


@folds(DrawerOpened)
def opened(db: sqlite3.Connection, record: Record, fact: DrawerOpened) -> None:
    """A drawer starts with its float."""
    body = record.body
    db.execute(
        "INSERT INTO p_drawer VALUES(?, ?, ?, ?, ?, ?, ?, NULL, 0, 1, ?)",
        (fact.drawer, record.pos, fact.name, body["event"], body["actor"], body["at"], fact.float, int(fact.training)),
    )


@folds(DrawerCounted)
def counted(db: sqlite3.Connection, record: Record, fact: DrawerCounted) -> None:
    """The newest count takes the place of the one before."""
    db.execute("UPDATE p_drawer SET counted = ?, since = 0 WHERE drawer = ?", (fact.counted, fact.drawer))


@folds(SaleCompleted, SaleVoided, SaleRefunded)
def traded(db: sqlite3.Connection, record: Record, fact: SaleCompleted | SaleVoided | SaleRefunded) -> None:
    """What was counted before is not all that is in it now. Training opens no drawer: the money in it is real."""
    _more(db, fact.drawer)
    if (
        not isinstance(fact, SaleCompleted)
        and not fact.training
        and any(tender.kind == "cash" for tender in fact.tenders)
    ):
        db.execute("INSERT INTO p_drawer_kick VALUES(?, ?, ?, NULL)", (record.pos, fact.drawer, fact.printer))


@folds(DrawerMoved, DrawerUnlocked)
def unlocked(db: sqlite3.Connection, record: Record, fact: DrawerMoved | DrawerUnlocked) -> None:
    """The drawer is opened for it."""
    if isinstance(fact, DrawerMoved):
        _more(db, fact.drawer)
    ref = fact.reason_ref.ref if fact.reason_ref else None
    db.execute("INSERT INTO p_drawer_kick VALUES(?, ?, ?, ?)", (record.pos, fact.drawer, fact.printer, ref))


@folds(DrawerClosed)
def closed(db: sqlite3.Connection, record: Record, fact: DrawerClosed) -> None:
    """It has its Z."""
    db.execute("UPDATE p_drawer SET open = 0 WHERE drawer = ?", (fact.drawer,))


def _more(db: sqlite3.Connection, drawer: str) -> None:
    db.execute("UPDATE p_drawer SET since = since + 1 WHERE drawer = ?", (drawer,))


def is_open(db: sqlite3.Connection, drawer: str) -> bool:
    """Whether this drawer has no Z yet."""
    return db.execute("SELECT 1 FROM p_drawer WHERE drawer = ? AND open", (drawer,)).fetchone() is not None


def get(db: sqlite3.Connection, drawer: str) -> Drawer | None:
    """A drawer by its id, whether it is open or not."""
    found = _read(db, "d.drawer = ?", (drawer,))
    return found[0] if found else None


def drawers(db: sqlite3.Connection, asked: str | None = None) -> Drawers:
    """Those that are open, the oldest first; ``asked``: the id that a command names, which may be closed."""
    found = _read(db, "d.open")
    row = db.execute("SELECT drawer, training FROM p_drawer WHERE drawer = ? AND NOT open", (asked,)).fetchone()
    return Drawers(found, row["drawer"], bool(row["training"])) if row else Drawers(found)


def _read(db: sqlite3.Connection, where: str, values: tuple[str, ...] = ()) -> tuple[Drawer, ...]:
    now = events.current(db)
    rows = db.execute(
        "SELECT d.drawer, d.name, iif(e.currency = ?, ?, d.event), coalesce(e.currency, ''), d.opened_by, d.opened_at, "  # noqa: S608
        "d.float, d.counted, d.since, d.training FROM p_drawer d LEFT JOIN p_event e ON e.event = d.event "
        f"WHERE {where} ORDER BY d.pos",
        (now.currency if now else "", now.event if now else "", *values),
    )
    return tuple(replace(Drawer(*row[:-1]), training=bool(row["training"])) for row in rows)


def current(db: sqlite3.Connection) -> str | None:
    """A drawer that the present event sells into, none for training; None: there is none."""
    event = events.current(db)
    found = drawers(db).of(event.event if event else "").kin(training=False).open
    return found[-1].drawer if found else None


def kicks(db: sqlite3.Connection, printer: str, after: int) -> list[int]:
    """Positions behind ``after`` of what opens the drawer at ``printer`` without a receipt."""
    rows = db.execute("SELECT pos FROM p_drawer_kick WHERE pos > ? AND printer = ? ORDER BY pos", (after, printer))
    return [row["pos"] for row in rows]


def hands(db: sqlite3.Connection, drawer: str, limit: int = 100) -> list[dict[str, Any]]:
    """When a drawer was opened without a sale, newest first: ``at, by, reason, ref`` (of what was said of it, or None),
    of a movement its ``amount``, and ``approver`` where a lead gave their word."""
    rows = db.execute(
        "SELECT f.body, k.reason_ref FROM p_drawer_kick k JOIN fact f ON f.pos = k.pos "
        "WHERE k.drawer = ? AND f.body ->> 'kind' LIKE 'drawer.%' ORDER BY k.pos DESC LIMIT ?",
        (drawer, limit),
    )
    found = []
    for row in rows:
        body = json.loads(row["body"])
        data = {name: body["data"][name] for name in ("reason", "amount", "approver") if name in body["data"]}
        found.append({"at": body["at"], "by": body["actor"], "ref": row["reason_ref"], **data})
    return found


@knows("drawer.open")
def for_opening(db: sqlite3.Connection, ask: OpenDrawer, around: Surroundings) -> OpeningKnown:
    """Event and open drawers."""
    return OpeningKnown(events.current(db), drawers(db))


@knows("drawer.move", "drawer.no_sale")
def for_moving(db: sqlite3.Connection, ask: MoveMoney | NoSale, around: Surroundings) -> Drawers:
    """The open drawers."""
    return drawers(db, ask.drawer)
