"""Voids and refunds: what went back of each sale, and what is left of it."""

import json
import sqlite3
from typing import Any

import msgspec

from appliance.domain.kernel import read_fact
from appliance.domain.money import half_up
from appliance.domain.moneyback import (
    BackKnown,
    PrintRefund,
    RefundPaperKnown,
    RefundSale,
    SoldTicket,
    VoidSale,
    slip_id,
)
from appliance.domain.refunds import MoneyBack, SaleRefunded, SaleVoided, left
from appliance.domain.sales import SaleCompleted
from appliance.journal.records import Record
from appliance.projections import drawer, events, paper, sales, tickets, walkups
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_back(
  pos INTEGER PRIMARY KEY, sale TEXT NOT NULL UNIQUE, of TEXT NOT NULL, voids INTEGER NOT NULL, log INTEGER NOT NULL,
  n INTEGER NOT NULL, number TEXT NOT NULL, event TEXT NOT NULL, at TEXT NOT NULL, total INTEGER NOT NULL,
  net INTEGER NOT NULL, cost INTEGER NOT NULL, training INTEGER NOT NULL, reason_ref TEXT, UNIQUE(log, n)) STRICT;
CREATE INDEX p_back_of ON p_back(of);
CREATE INDEX p_back_people ON p_back(pos) WHERE reason_ref IS NOT NULL;
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
        "INSERT INTO p_back VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
            fact.reason_ref.ref if fact.reason_ref else None,
        ),
    )


def _bodies(db: sqlite3.Connection, sale: str) -> list[dict[str, Any]]:
    rows = db.execute("SELECT f.body FROM p_back b JOIN fact f ON f.pos = b.pos WHERE b.of = ? ORDER BY b.pos", (sale,))
    return [json.loads(row["body"]) for row in rows]


def _before(bodies: list[dict[str, Any]]) -> list[MoneyBack]:
    found = [read_fact(body["kind"], body["data"]) for body in bodies]
    return [fact for fact in found if isinstance(fact, MoneyBack)]


def _sale(db: sqlite3.Connection, sale: str) -> SaleCompleted | None:
    row = db.execute("SELECT f.body FROM p_sale s JOIN fact f ON f.pos = s.pos WHERE s.sale = ?", (sale,)).fetchone()
    body = json.loads(row["body"]) if row else None
    fact = read_fact(body["kind"], body["data"]) if body else None
    return fact if isinstance(fact, SaleCompleted) else None


def of_sale(db: sqlite3.Connection, sale: str) -> dict[str, Any]:
    """``refunds``: what went back, as it was recorded, each with ``kind`` (void, refund), ``at`` and ``slip`` (copy,
    printer, outcome); ``left``: what can still be given back, by line."""
    bodies, sold = _bodies(db, sale), _sale(db, sale)
    shown = [
        {
            **body["data"],
            "kind": "void" if body["kind"].startswith("sale.voided") else "refund",
            "at": body["at"],
            "slip": _paper(db, body["data"]["sale"]),
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


def _paper(db: sqlite3.Connection, refund: str) -> dict[str, Any]:
    slip = paper.slip(db, slip_id(refund)) or {"copy": None, "printer": None, "outcome": None}
    return {key: slip[key] for key in ("copy", "printer", "outcome")}


def people(db: sqlite3.Connection) -> set[str]:
    """Every record of people.db that a void or a refund refers to."""
    return {ref for (ref,) in db.execute("SELECT reason_ref FROM p_back WHERE reason_ref IS NOT NULL")}


@knows("sale.void", "sale.refund")
def for_giving_back(db: sqlite3.Connection, ask: VoidSale | RefundSale, around: Surroundings) -> BackKnown:
    """The sale and its past, the open drawers, the next number."""
    asked = ask.drawer if isinstance(ask, RefundSale) else None
    drawers = drawer.drawers(db, asked)
    homes = {one.event: events.get(db, one.event) for one in drawers.open}
    return BackKnown(
        _sale(db, ask.sale),
        [_ticket(db, ticket) for ticket in walkups.of_sale(db, ask.sale)],
        _before(_bodies(db, ask.sale)),
        drawers,
        {name: event.cash_rounding for name, event in homes.items() if event is not None},
        sales.next_number(db, around.log),
    )


def _ticket(db: sqlite3.Connection, ticket: str) -> SoldTicket:
    moved = db.execute("SELECT 1 FROM p_place WHERE ticket = ?", (ticket,)).fetchone()
    state = tickets.state(db, ticket, "")
    return SoldTicket(ticket, moved is not None, state is not None and (state.revoked or state.cancelled))


@knows("refund.print")
def for_print(db: sqlite3.Connection, ask: PrintRefund, around: Surroundings) -> RefundPaperKnown:
    """The entry and its newest copy."""
    there = db.execute("SELECT 1 FROM p_back WHERE sale = ?", (ask.refund,)).fetchone()
    slip = _paper(db, ask.refund)
    waits_at = slip["printer"] if slip["outcome"] is None else None
    return RefundPaperKnown(there is not None, slip["copy"], waits_at)
