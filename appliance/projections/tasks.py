"""Tasks that wait for a person."""

import sqlite3
from typing import Any

from appliance.domain.books import DrawerClosed
from appliance.domain.cards import TenderSettled
from appliance.domain.carts import CartDropped, CartTaken
from appliance.domain.occupancy import OccupancyEased
from appliance.domain.refunds import SaleVoided
from appliance.domain.tasks import FinishTask, TaskDone, TaskKnown, TaskRaised
from appliance.journal.records import Record
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_task(
  task TEXT PRIMARY KEY, pos INTEGER NOT NULL, event TEXT NOT NULL, kind TEXT NOT NULL, about TEXT NOT NULL,
  at TEXT NOT NULL, done_at TEXT) STRICT;
CREATE INDEX p_task_waiting ON p_task(about) WHERE done_at IS NULL;
"""


@folds(TaskRaised)
def raised(db: sqlite3.Connection, record: Record, fact: TaskRaised) -> None:
    """Somebody has to do something."""
    body = record.body
    row = (fact.task, record.pos, body["event"], fact.kind, fact.about, body["at"])
    db.execute("INSERT INTO p_task VALUES(?, ?, ?, ?, ?, ?, NULL)", row)


@folds(TaskDone)
def done(db: sqlite3.Connection, record: Record, fact: TaskDone) -> None:
    """A person says so."""
    db.execute("UPDATE p_task SET done_at = ? WHERE task = ? AND done_at IS NULL", (record.body["at"], fact.task))


@folds(DrawerClosed)
def closed(db: sqlite3.Connection, record: Record, fact: DrawerClosed) -> None:
    """A drawer that was left open has its Z after all."""
    _over(db, record, "open-drawer", fact.drawer)


@folds(CartTaken, CartDropped)
def ended(db: sqlite3.Connection, record: Record, fact: CartTaken | CartDropped) -> None:
    """A cart waits no more."""
    _over(db, record, "parked-cart", fact.cart)


@folds(TenderSettled)
def settled(db: sqlite3.Connection, record: Record, fact: TenderSettled) -> None:
    """All outcomes of a sale are known."""
    if not fact.left:
        _over(db, record, "unknown-card", fact.sale)


@folds(SaleVoided)
def voided(db: sqlite3.Connection, record: Record, fact: SaleVoided) -> None:
    """A sale that was not paid never took place."""
    _over(db, record, "card-declined", fact.of)


@folds(OccupancyEased)
def eased(db: sqlite3.Connection, record: Record, fact: OccupancyEased) -> None:
    """There is room again."""
    _over(db, record, "over-capacity", record.body["event"])


def _over(db: sqlite3.Connection, record: Record, kind: str, about: str) -> None:
    db.execute(
        "UPDATE p_task SET done_at = ? WHERE kind = ? AND about = ? AND done_at IS NULL",
        (record.body["at"], kind, about),
    )


def waiting(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """Tasks that nobody has done, the oldest first: ``task, kind, about, at, event``."""
    rows = db.execute("SELECT task, kind, about, at, event FROM p_task WHERE done_at IS NULL ORDER BY pos")
    return [dict(row) for row in rows]


def waits(db: sqlite3.Connection, kind: str, about: str) -> bool:
    """Whether such a task waits."""
    row = db.execute("SELECT 1 FROM p_task WHERE kind = ? AND about = ? AND done_at IS NULL", (kind, about)).fetchone()
    return row is not None


@knows("task.done")
def for_task(db: sqlite3.Connection, ask: FinishTask, around: Surroundings) -> TaskKnown:
    """The task."""
    row = db.execute("SELECT done_at FROM p_task WHERE task = ?", (ask.task,)).fetchone()
    return TaskKnown(row is not None, row is not None and row["done_at"] is not None)
