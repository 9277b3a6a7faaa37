"""Tickets that this box issued: where their facts stand, with which sale each was bought, and its paper."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from appliance.domain.tickets import TicketIssued
from appliance.domain.walkups import PrintTicket, TicketPaperKnown, slip_id
from appliance.journal.records import Record
from appliance.projections import events, paper, sales, tickets
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_issued(
  ticket TEXT NOT NULL, event TEXT NOT NULL, pos INTEGER NOT NULL, sale TEXT, PRIMARY KEY(ticket, event))
  STRICT, WITHOUT ROWID;
CREATE INDEX p_issued_sale ON p_issued(sale, pos) WHERE sale IS NOT NULL;
"""


@dataclass(frozen=True)
class Issued:
    """A ticket as it was issued. ``valid_from``, ``valid_until``: Unix seconds; ``sale``, ``number``, ``price`` (minor
    units of ``currency``): of one that was bought at the till, else None."""

    ticket: str
    event: str
    list: str
    product: str | None
    valid_from: int | None
    valid_until: int | None
    at: str
    sale: str | None = None
    number: str | None = None
    price: int | None = None
    currency: str | None = None


@folds(TicketIssued)
def issued(db: sqlite3.Connection, record: Record, fact: TicketIssued) -> None:
    """The first fact stays: a ticket that is put on another list too is signed for the one that it was issued on."""
    db.execute(
        "INSERT OR IGNORE INTO p_issued VALUES(?, ?, ?, ?)",
        (fact.ticket, record.body["event"], record.pos, fact.sale),
    )


def get(db: sqlite3.Connection, ticket: str) -> Issued | None:
    """A ticket that this box issued, for the latest event when there are several."""
    row = db.execute(
        "SELECT f.body FROM p_issued i JOIN fact f ON f.pos = i.pos WHERE i.ticket = ? ORDER BY i.pos DESC LIMIT 1",
        (ticket,),
    ).fetchone()
    if row is None:
        return None
    body = json.loads(row["body"])
    data = body["data"]
    return Issued(
        ticket,
        body["event"],
        data["list"],
        data.get("product"),
        data.get("valid_from"),
        data.get("valid_until"),
        body["at"],
        *_bought(db, ticket, data.get("sale")),
    )


def _bought(
    db: sqlite3.Connection, ticket: str, sale: str | None
) -> tuple[str | None, str | None, int | None, str | None]:
    """Sale, number, price, currency: the n-th ticket of a sale is the n-th piece among its lines of tickets."""
    found = None if sale is None else sales.get(db, sale)
    if sale is None or found is None:
        return None, None, None, None
    prices = [line["unit_price"] for line in found["lines"] if line.get("ticket") for _ in range(line["qty"])]
    return sale, found["number"], prices[of_sale(db, sale).index(ticket)], found["currency"]


def of_sale(db: sqlite3.Connection, sale: str) -> list[str]:
    """The tickets of a sale in the order in which they were bought."""
    rows = db.execute("SELECT ticket FROM p_issued WHERE sale = ? ORDER BY pos", (sale,))
    return [row["ticket"] for row in rows]


def on_paper(db: sqlite3.Connection, sale: str) -> list[dict[str, Any]]:
    """The same with what became of each one's newest copy: ``ticket, slip, copy, printer, outcome``; the last three are
    None when nothing was asked of a printer."""
    return [{"ticket": ticket, **paper_of(db, ticket)} for ticket in of_sale(db, sale)]


def paper_of(db: sqlite3.Connection, ticket: str) -> dict[str, Any]:
    """``slip, copy, printer, outcome`` of the newest copy of a ticket."""
    ident = slip_id(ticket)
    slip = paper.slip(db, ident) or {"copy": None, "printer": None, "outcome": None}
    return {"slip": ident, "copy": slip["copy"], "printer": slip["printer"], "outcome": slip["outcome"]}


def doubtful(db: sqlite3.Connection, limit: int = 50) -> list[dict[str, Any]]:
    """Tickets of the present event that their guests may not have, newest first: the newest copy broke off or never
    came out, and nobody was let in with it. ``ticket, product, at, outcome``."""
    event = events.current(db)
    rows = db.execute(
        "SELECT s.about AS ticket, t.product, s.at, s.outcome FROM p_slip s "
        "JOIN p_ticket t ON t.ticket = s.about AND t.event = ? AND NOT t.revoked AND NOT t.cancelled "
        "WHERE s.kind = 'ticket' AND s.outcome IN ('unknown', 'not_printed') "
        "AND NOT EXISTS (SELECT 1 FROM p_slip n WHERE n.slip = s.slip AND n.copy > s.copy) "
        "AND NOT EXISTS (SELECT 1 FROM p_place d WHERE d.ticket = s.about AND d.event = t.event AND d.entries > 0) "
        "ORDER BY s.pos DESC LIMIT ?",
        (event.event if event else "", limit),
    )
    return [dict(row) for row in rows]


@knows("ticket.print")
def for_print(db: sqlite3.Connection, ask: PrintTicket, around: Surroundings) -> TicketPaperKnown:
    """The ticket, and its newest copy."""
    event = events.current(db)
    name = event.event if event else ""
    mine = db.execute("SELECT 1 FROM p_issued WHERE ticket = ? AND event = ?", (ask.ticket, name)).fetchone()
    state = tickets.state(db, ask.ticket, name)
    slip = paper.slip(db, slip_id(ask.ticket))
    return TicketPaperKnown(
        mine is not None,
        state is not None and (state.revoked or state.cancelled),
        slip["copy"] if slip else None,
        slip["printer"] if slip and slip["outcome"] is None else None,
    )
