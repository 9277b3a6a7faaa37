"""Sales."""

import json
import sqlite3
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from appliance.clock import Now, rfc3339
from appliance.domain.kernel import read_fact
from appliance.domain.money import half_up
from appliance.domain.sales import CompleteSale, SaleCompleted, SaleKnown
from appliance.domain.vouchers import is_code
from appliance.journal.records import Record
from appliance.projections import catalogue, drawer, events, guardrails, lists, paper, tokens, vouchers
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
    without = sum(1 for line in fact.lines if line.cost is None and (line.full or line.total) > 0)
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


def fact(db: sqlite3.Connection, sale: str) -> SaleCompleted | None:
    """The same as its fact."""
    row = db.execute("SELECT f.body FROM p_sale s JOIN fact f ON f.pos = s.pos WHERE s.sale = ?", (sale,)).fetchone()
    body = json.loads(row["body"]) if row else None
    found = read_fact(body["kind"], body["data"]) if body else None
    return found if isinstance(found, SaleCompleted) else None


def recent(db: sqlite3.Connection, limit: int = 20) -> list[dict[str, Any]]:
    """The newest sales first: number, time, total."""
    rows = db.execute("SELECT sale, number, at, total, currency, pos FROM p_sale ORDER BY pos DESC LIMIT ?", (limit,))
    return [dict(row) for row in rows]


def today(db: sqlite3.Connection, now: Now) -> dict[str, Any]:
    """``count`` and ``gross`` of the present event's sales since midnight where it is, less what went back; ``since``
    in UTC."""
    event = events.current(db)
    local = datetime.fromtimestamp(now.wall_ms / 1000, ZoneInfo(event.timezone) if event else UTC)
    since = rfc3339(round(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000))
    count, gross = db.execute(
        "SELECT count(*), coalesce(sum(total), 0) FROM p_sale WHERE event = ? AND at >= ? AND NOT training",
        (event.event if event else "", since),
    ).fetchone()
    back = taken_back(db, event.event if event else "", since)
    return {"count": count - back["voids"], "gross": gross - back["gross"], "since": since}


def taken_back(db: sqlite3.Connection, event: str, since: str = "") -> sqlite3.Row:
    """What an event's numbers are less: ``voids, gross, net, cost``. A void counts when its sale did, a refund when the
    money went back."""
    row: sqlite3.Row = db.execute(
        "SELECT coalesce(sum(b.voids), 0) AS voids, coalesce(sum(b.total), 0) AS gross, coalesce(sum(b.net), 0) AS net,"
        " coalesce(sum(b.cost), 0) AS cost FROM p_back b JOIN p_sale s ON s.sale = b.of WHERE NOT b.training "
        "AND iif(b.voids, s.event, b.event) = ? AND iif(b.voids, s.at, b.at) >= ?",
        (event, since),
    ).fetchone()
    return row


def next_number(db: sqlite3.Connection, log: int) -> int:
    """The next receipt number within a log, of sales, voids and refunds; gap-free because it is taken in the same
    transaction."""
    (n,) = db.execute(
        "SELECT 1 + max(coalesce((SELECT max(n) FROM p_sale WHERE log = :log), 0), "
        "coalesce((SELECT max(n) FROM p_back WHERE log = :log), 0))",
        {"log": log},
    ).fetchone()
    return int(n)


@knows("sale.complete")
def for_sale(db: sqlite3.Connection, ask: CompleteSale, around: Surroundings) -> SaleKnown:
    """Event, drawer, the items asked for and what is left of them, the next number; for tickets, the lists; the access
    tokens and come-back vouchers that are shown; the limits."""
    items, left = catalogue.pick(db, {line.sku for line in ask.lines})
    terms = lists.lists(db) if any(item.ticket for item in items.values()) else {}
    event = events.current(db)
    codes = {tender.reference for tender in ask.tenders if tender.kind == "token" and tender.reference is not None}
    shown = {code: tokens.shown(db, code, event.event if event else "", around) for code in codes}
    number = next_number(db, around.log)
    limits = guardrails.limits(db)
    given = {tender.reference or "" for tender in ask.tenders if is_code(tender)}
    known = {code: vouchers.shown(db, code, around) for code in given}
    return SaleKnown(event, drawer.drawers(db, ask.drawer), items, left, number, terms, shown, limits, known)
