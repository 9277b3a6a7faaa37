"""Voids and refunds: what went back of each sale, and what is left of it."""

import json
import sqlite3
from typing import Any

import msgspec

from appliance.domain.kernel import read_fact
from appliance.domain.money import half_up
from appliance.domain.moneyback import BackKnown, RefundSale, SoldTicket, VoidSale
from appliance.domain.refundpaper import PrintRefund, RefundPaperKnown, slip_id
from appliance.domain.refunds import MoneyBack, SaleRefunded, SaleVoided, left
from appliance.journal.records import Record
from appliance.projections import cards, catalogue, drawer, events, guardrails, paper, sales, tasks, tickets, walkups
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_back(
  pos INTEGER PRIMARY KEY, sale TEXT NOT NULL UNIQUE, of TEXT NOT NULL, voids INTEGER NOT NULL, log INTEGER NOT NULL,
  n INTEGER NOT NULL, number TEXT NOT NULL, event TEXT NOT NULL, at TEXT NOT NULL, total INTEGER NOT NULL,
  net INTEGER NOT NULL, cost INTEGER NOT NULL, training INTEGER NOT NULL, UNIQUE(log, n)) STRICT;
CREATE INDEX p_back_of ON p_back(of);
"""


@folds(SaleVoided, SaleRefunded)
def given_back(db: sqlite3.Connection, record: Record, fact: SaleVoided | SaleRefunded) -> None:
    """An entry; ``cost`` is what can be sold again."""
    log, _, n = fact.number.partition("-")
    cost = sum(
        half_up((line.cost or 0) * (-line.qty if line.taken else line.qty), 1000 if line.unit == "gram" else 1)
        for line in fact.lines
        if fact.restock
    )
    db.execute(
        "INSERT INTO p_back VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.pos,
            fact.sale,
            fact.of,
            int(isinstance(fact, SaleVoided)),
            int(log),
            int(n),
            fact.number,
            record.body["event"],
            record.body["at"],
            fact.total,
            sum(line.net for line in fact.vat),
            cost,
            int(fact.training),
        ),
    )


def _bodies(db: sqlite3.Connection, sale: str) -> list[dict[str, Any]]:
    rows = db.execute("SELECT f.body FROM p_back b JOIN fact f ON f.pos = b.pos WHERE b.of = ? ORDER BY b.pos", (sale,))
    return [json.loads(row["body"]) for row in rows]


def before(db: sqlite3.Connection, sale: str) -> list[MoneyBack]:
    """What went back of a sale so far, the oldest first."""
    return _before(_bodies(db, sale))


def _before(bodies: list[dict[str, Any]]) -> list[MoneyBack]:
    found = [read_fact(body["kind"], body["data"]) for body in bodies]
    return [fact for fact in found if isinstance(fact, MoneyBack)]


def of_sale(db: sqlite3.Connection, sale: str) -> dict[str, Any]:
    """``refunds``: what went back, as it was recorded, each with ``kind`` (void, refund), ``at`` and ``slip`` (copy,
    printer, outcome, on_paper: what a person saw); ``left``: what can still be given back, by line."""
    bodies, sold = _bodies(db, sale), sales.fact(db, sale)
    shown = [
        {
            **body["data"],
            "kind": "void" if body["kind"].startswith("sale.voided") else "refund",
            "at": body["at"],
            "slip": paper_of(db, body["data"]["sale"]),
        }
        for body in bodies
    ]
    rest = left(sold, _before(bodies)) if sold else []
    return {"refunds": shown, "left": msgspec.to_builtins(rest)}


def get(db: sqlite3.Connection, refund: str) -> dict[str, Any] | None:
    """An entry as it was recorded, with ``kind`` (void, refund), ``at``, ``event``, and ``of_number``."""
    row = db.execute(
        "SELECT f.body, b.voids, s.number AS of_number FROM p_back b JOIN fact f ON f.pos = b.pos "
        "JOIN p_sale s ON s.sale = b.of WHERE b.sale = ?",
        (refund,),
    ).fetchone()
    if row is None:
        return None
    body = json.loads(row["body"])
    more = {"kind": "void" if row["voids"] else "refund", "at": body["at"], "event": body["event"]}
    return {**body["data"], **more, "of_number": row["of_number"]}


def paper_of(db: sqlite3.Connection, refund: str) -> dict[str, Any]:
    """``copy, printer, outcome, on_paper`` of the newest copy of an entry's paper."""
    names = ("copy", "printer", "outcome", "on_paper")
    slip = paper.slip(db, slip_id(refund)) or dict.fromkeys(names)
    return {key: slip[key] for key in names}


def doubtful(db: sqlite3.Connection, limit: int = 50) -> list[dict[str, Any]]:
    """Papers of voids and refunds that somebody should look at, newest first, as ``paper.doubtful`` says of receipts:
    ``refund, slip, copy, printer, outcome, kind, number, of, of_number, at, total, currency``."""
    rows = db.execute(
        "SELECT p.slip, p.copy, p.printer, p.outcome, b.sale AS refund, iif(b.voids, 'void', 'refund') AS kind, "
        "b.number, b.of, s.number AS of_number, b.at, b.total, s.currency FROM p_slip p "
        "JOIN p_back b ON b.sale = p.about JOIN p_sale s ON s.sale = b.of WHERE p.kind = 'refund' "
        "AND p.outcome IN ('unknown', 'not_printed', 'unconfirmed') AND p.on_paper IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM p_slip n WHERE n.slip = p.slip AND n.copy > p.copy) ORDER BY p.pos DESC LIMIT ?",
        (limit,),
    )
    return [dict(row) for row in rows]


@knows("sale.void", "sale.refund")
def for_giving_back(db: sqlite3.Connection, ask: VoidSale | RefundSale, around: Surroundings) -> BackKnown:
    """The sale and its past, the open drawers, the next number, the limits."""
    asked = ask.drawer if isinstance(ask, RefundSale) else None
    drawers = drawer.drawers(db, asked)
    homes = {one.event: events.get(db, one.event) for one in drawers.open}
    sale = sales.fact(db, ask.sale)
    return BackKnown(
        sale,
        [_ticket(db, ticket) for ticket in walkups.of_sale(db, ask.sale)],
        before(db, ask.sale),
        drawers,
        {name: event.cash_rounding for name, event in homes.items() if event is not None},
        sales.next_number(db, around.log),
        cards.of_sale(db, ask.sale),
        catalogue.left(db, {line.sku for line in sale.lines}) if sale else {},
        frozenset(task["about"] for task in tasks.waiting(db) if task["kind"] == "negative-stock"),
        guardrails.limits(db),
    )


def _ticket(db: sqlite3.Connection, ticket: str) -> SoldTicket:
    moved = db.execute("SELECT 1 FROM p_place WHERE ticket = ?", (ticket,)).fetchone()
    state = tickets.state(db, ticket, "")
    return SoldTicket(ticket, moved is not None, state is not None and (state.revoked or state.cancelled))


@knows("refund.print")
def for_print(db: sqlite3.Connection, ask: PrintRefund, around: Surroundings) -> RefundPaperKnown:
    """The entry and its newest copy."""
    there = db.execute("SELECT 1 FROM p_back WHERE sale = ?", (ask.refund,)).fetchone()
    slip = paper_of(db, ask.refund)
    waits_at = slip["printer"] if slip["outcome"] is None else None
    return RefundPaperKnown(there is not None, slip["copy"], waits_at)
