"""The cash drawers: which are open, whose they are, and whether the newest count of each is still true."""

import sqlite3

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
    listed,
)
from appliance.domain.events import CloseEvent, EventKnown
from appliance.domain.refunds import SaleRefunded, SaleVoided
from appliance.domain.sales import SaleCompleted
from appliance.journal.records import Record
from appliance.projections import events, tasks
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_drawer(
  drawer TEXT PRIMARY KEY, pos INTEGER NOT NULL, name TEXT NOT NULL, event TEXT NOT NULL, opened_by TEXT NOT NULL,
  opened_at TEXT NOT NULL, float INTEGER NOT NULL, counted INTEGER, since INTEGER NOT NULL, open INTEGER NOT NULL,
  reason_ref TEXT) STRICT;
CREATE INDEX p_drawer_open ON p_drawer(pos) WHERE open;
CREATE TABLE p_drawer_kick(pos INTEGER PRIMARY KEY, printer TEXT, reason_ref TEXT) STRICT;
"""


@folds(DrawerOpened)
def opened(db: sqlite3.Connection, record: Record, fact: DrawerOpened) -> None:
    """A drawer starts with its float."""
    body = record.body
    db.execute(
        "INSERT INTO p_drawer VALUES(?, ?, ?, ?, ?, ?, ?, NULL, 0, 1, NULL)",
        (fact.drawer, record.pos, fact.name, body["event"], body["actor"], body["at"], fact.float),
    )


@folds(DrawerCounted)
def counted(db: sqlite3.Connection, record: Record, fact: DrawerCounted) -> None:
    """The newest count takes the place of the one before."""
    db.execute("UPDATE p_drawer SET counted = ?, since = 0 WHERE drawer = ?", (fact.counted, fact.drawer))


@folds(SaleCompleted, SaleVoided, SaleRefunded)
def traded(db: sqlite3.Connection, record: Record, fact: SaleCompleted | SaleVoided | SaleRefunded) -> None:
    """What was counted before is not all that is in it now."""
    if fact.training:
        return
    _more(db, fact.drawer)
    if not isinstance(fact, SaleCompleted) and any(tender.kind == "cash" for tender in fact.tenders):
        db.execute("INSERT INTO p_drawer_kick VALUES(?, ?, NULL)", (record.pos, fact.printer))


@folds(DrawerMoved, DrawerUnlocked)
def unlocked(db: sqlite3.Connection, record: Record, fact: DrawerMoved | DrawerUnlocked) -> None:
    """The drawer is opened for it."""
    if isinstance(fact, DrawerMoved):
        _more(db, fact.drawer)
    ref = fact.reason_ref.ref if fact.reason_ref else None
    db.execute("INSERT INTO p_drawer_kick VALUES(?, ?, ?)", (record.pos, fact.printer, ref))


@folds(DrawerClosed)
def closed(db: sqlite3.Connection, record: Record, fact: DrawerClosed) -> None:
    """It has its Z."""
    ref = fact.reason_ref.ref if fact.reason_ref else None
    db.execute("UPDATE p_drawer SET open = 0, reason_ref = ? WHERE drawer = ?", (ref, fact.drawer))


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
    row = db.execute("SELECT drawer FROM p_drawer WHERE drawer = ? AND NOT open", (asked,)).fetchone()
    return Drawers(found, row["drawer"] if row else None)


def _read(db: sqlite3.Connection, where: str, values: tuple[str, ...] = ()) -> tuple[Drawer, ...]:
    now = events.current(db)
    rows = db.execute(
        "SELECT d.drawer, d.name, iif(e.currency = ?, ?, d.event), coalesce(e.currency, ''), d.opened_by, d.opened_at, "  # noqa: S608
        "d.float, d.counted, d.since FROM p_drawer d LEFT JOIN p_event e ON e.event = d.event "
        f"WHERE {where} ORDER BY d.pos",
        (now.currency if now else "", now.event if now else "", *values),
    )
    return tuple(Drawer(*row) for row in rows)


def current(db: sqlite3.Connection) -> str | None:
    """A drawer that the present event sells into; None: there is none."""
    event = events.current(db)
    found = drawers(db).of(event.event if event else "").open
    return found[-1].drawer if found else None


def kicks(db: sqlite3.Connection, printer: str, after: int) -> list[int]:
    """Positions behind ``after`` of what opens the drawer at ``printer`` without a receipt."""
    rows = db.execute("SELECT pos FROM p_drawer_kick WHERE pos > ? AND printer = ? ORDER BY pos", (after, printer))
    return [row["pos"] for row in rows]


def people(db: sqlite3.Connection) -> set[str]:
    """Every record of people.db that a movement, a no-sale or a Z refers to."""
    rows = db.execute(
        "SELECT reason_ref FROM p_drawer_kick WHERE reason_ref IS NOT NULL UNION "
        "SELECT reason_ref FROM p_drawer WHERE reason_ref IS NOT NULL"
    )
    return {ref for (ref,) in rows}


@knows("drawer.open")
def for_opening(db: sqlite3.Connection, ask: OpenDrawer, around: Surroundings) -> OpeningKnown:
    """Event and open drawers."""
    return OpeningKnown(events.current(db), drawers(db))


@knows("event.close")
def for_closing(db: sqlite3.Connection, ask: CloseEvent, around: Surroundings) -> EventKnown:
    """The present event, and its open drawers."""
    event = events.current(db)
    here = drawers(db).of(event.event if event else "").open
    tasked = frozenset(task["about"] for task in tasks.waiting(db))
    return EventKnown(event, {one.drawer: listed([one]) for one in here}, tasked)


@knows("drawer.move", "drawer.no_sale")
def for_moving(db: sqlite3.Connection, ask: MoveMoney | NoSale, around: Surroundings) -> Drawers:
    """The open drawers."""
    return drawers(db, ask.drawer)
