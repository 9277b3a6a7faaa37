"""Sales."""

import json
import sqlite3
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from appliance.clock import Now, rfc3339
from appliance.domain.money import half_up
from appliance.domain.sales import CompleteSale, SaleCompleted, SaleKnown
from appliance.journal.records import Record
from appliance.projections import catalogue, drawer, events, lists, paper
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_sale(
  pos INTEGER PRIMARY KEY, sale TEXT NOT NULL UNIQUE, log INTEGER NOT NULL, n INTEGER NOT NULL, number TEXT NOT NULL,
  event TEXT NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL, drawer TEXT NOT NULL, currency TEXT NOT NULL,
  total INTEGER NOT NULL, net INTEGER NOT NULL, cost INTEGER NOT NULL, lines_without_cost INTEGER NOT NULL,
  training INTEGER NOT NULL, UNIQUE(log, n)) STRICT;
"""


@folds(SaleCompleted)
def completed(db: sqlite3.Connection, record: Record, fact: SaleCompleted) -> None:
    """A sale, with what the numbers need beside it."""
    log, _, n = fact.number.partition("-")
    cost = sum(half_up((line.cost or 0) * line.qty, 1000 if line.unit == "gram" else 1) for line in fact.lines)
    without = sum(1 for line in fact.lines if line.cost is None and line.total > 0)
    db.execute(
        "INSERT INTO p_sale VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.pos,
            fact.sale,
            int(log),
            int(n),
            fact.number,
            record.body["event"],
            record.body["at"],
            record.body["actor"],
            fact.drawer,
            fact.currency,
            fact.total,
            sum(line.net for line in fact.vat),
            cost,
            without,
            int(fact.training),
        ),
    )


def get(db: sqlite3.Connection, sale: str) -> dict[str, Any] | None:
    """A sale as it was recorded, with ``at``, ``event``, ``pos`` and its receipts."""
    row = db.execute(
        "SELECT f.pos, f.body FROM p_sale s JOIN fact f ON f.pos = s.pos WHERE s.sale = ?", (sale,)
    ).fetchone()
    if row is None:
        return None
    body = json.loads(row["body"])
    return {
        **body["data"],
        "at": body["at"],
        "event": body["event"],
        "pos": row["pos"],
        "receipts": paper.receipts(db, sale),
    }


def recent(db: sqlite3.Connection, limit: int = 20) -> list[dict[str, Any]]:
    """The newest sales first: number, time, total."""
    rows = db.execute("SELECT sale, number, at, total, currency, pos FROM p_sale ORDER BY pos DESC LIMIT ?", (limit,))
    return [dict(row) for row in rows]


def today(db: sqlite3.Connection, now: Now) -> dict[str, Any]:
    """``count`` and ``gross`` of the present event's sales since midnight where it is; ``since`` in UTC."""
    event = events.current(db)
    local = datetime.fromtimestamp(now.wall_ms / 1000, ZoneInfo(event.timezone) if event else UTC)
    since = rfc3339(round(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000))
    count, gross = db.execute(
        "SELECT count(*), coalesce(sum(total), 0) FROM p_sale WHERE event = ? AND at >= ? AND NOT training",
        (event.event if event else "", since),
    ).fetchone()
    return {"count": count, "gross": gross, "since": since}


def next_number(db: sqlite3.Connection, log: int) -> int:
    """The next receipt number within a log; gap-free because it is taken in the sale's transaction."""
    (n,) = db.execute("SELECT coalesce(max(n), 0) + 1 FROM p_sale WHERE log = ?", (log,)).fetchone()
    return int(n)


@knows("sale.complete")
def for_sale(db: sqlite3.Connection, ask: CompleteSale, around: Surroundings) -> SaleKnown:
    """Event, drawer, the items asked for and what is left of them, the next number; for tickets, the lists."""
    items, left = catalogue.pick(db, {line.sku for line in ask.lines})
    terms = lists.lists(db) if any(item.ticket for item in items.values()) else {}
    return SaleKnown(events.current(db), drawer.current(db), items, left, next_number(db, around.log), terms)
