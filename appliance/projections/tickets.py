"""Lists, tickets, and what happened to each at the door."""

import sqlite3
from typing import Any

from appliance.domain.admission import (
    First,
    Scan,
    ScanKnown,
    TicketAdmitted,
    TicketExited,
    TicketRefused,
    TicketState,
    present,
)
from appliance.domain.kernel import Ask
from appliance.domain.tickets import (
    Entry,
    ImportTickets,
    IssueTickets,
    ListDefined,
    ListsKnown,
    TicketIssued,
    TicketRevoked,
    TicketsImported,
)
from appliance.journal.records import Record
from appliance.projections import events
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_list(
  list TEXT PRIMARY KEY, entry TEXT NOT NULL, total INTEGER NOT NULL, admitted INTEGER NOT NULL,
  inside INTEGER NOT NULL, refused INTEGER NOT NULL) STRICT;
CREATE TABLE p_ticket(
  ticket TEXT PRIMARY KEY, list TEXT, holder_ref TEXT, revoked INTEGER NOT NULL, entries INTEGER NOT NULL,
  inside INTEGER NOT NULL, first_at TEXT, first_gate TEXT, first_box TEXT) STRICT, WITHOUT ROWID;
"""


def _ticket(db: sqlite3.Connection, ticket: str, list_: str | None, holder: str | None) -> None:
    """A ticket that is known from now on (again: nothing changes but what was unknown)."""
    new = db.execute("SELECT 1 FROM p_ticket WHERE ticket = ? AND list IS NOT NULL", (ticket,)).fetchone() is None
    db.execute(
        "INSERT INTO p_ticket VALUES(?, ?, ?, 0, 0, 0, NULL, NULL, NULL) ON CONFLICT(ticket) DO UPDATE SET "
        "list = coalesce(list, excluded.list), holder_ref = coalesce(holder_ref, excluded.holder_ref)",
        (ticket, list_, holder),
    )
    if new and list_ is not None:
        db.execute("UPDATE p_list SET total = total + 1 WHERE list = ?", (list_,))


@folds(ListDefined)
def defined(db: sqlite3.Connection, record: Record, fact: ListDefined) -> None:
    """A list appears, or its entry rule changes."""
    db.execute(
        "INSERT INTO p_list VALUES(?, ?, 0, 0, 0, 0) ON CONFLICT(list) DO UPDATE SET entry = excluded.entry",
        (fact.list, fact.entry),
    )


@folds(TicketIssued)
def issued(db: sqlite3.Connection, record: Record, fact: TicketIssued) -> None:
    """One of our own tickets."""
    _ticket(db, fact.ticket, fact.list, fact.holder.ref if fact.holder else None)


@folds(TicketsImported)
def imported(db: sqlite3.Connection, record: Record, fact: TicketsImported) -> None:
    """Another shop's tickets."""
    for ticket in fact.tickets:
        _ticket(db, ticket.ticket, fact.list, ticket.holder.ref if ticket.holder else None)


@folds(TicketRevoked)
def revoked(db: sqlite3.Connection, record: Record, fact: TicketRevoked) -> None:
    """Refused from now on, known or not."""
    _ticket(db, fact.ticket, None, None)
    db.execute("UPDATE p_ticket SET revoked = 1 WHERE ticket = ?", (fact.ticket,))


@folds(TicketAdmitted)
def admitted(db: sqlite3.Connection, record: Record, fact: TicketAdmitted) -> None:
    """Somebody went in; the first time is kept for good."""
    _ticket(db, fact.ticket, fact.list, None)
    db.execute(
        "UPDATE p_ticket SET entries = entries + 1, inside = 1, first_at = coalesce(first_at, ?), "
        "first_gate = coalesce(first_gate, ?), first_box = coalesce(first_box, ?) WHERE ticket = ?",
        (record.body["at"], fact.gate, record.body["box"], fact.ticket),
    )
    db.execute("UPDATE p_list SET admitted = admitted + 1, inside = inside + 1 WHERE list = ?", (fact.list,))


@folds(TicketExited)
def exited(db: sqlite3.Connection, record: Record, fact: TicketExited) -> None:
    """Somebody went out; somebody whose entry was never seen does not make the count negative."""
    row = db.execute("SELECT inside FROM p_ticket WHERE ticket = ?", (fact.ticket,)).fetchone()
    _ticket(db, fact.ticket, fact.list, None)
    db.execute("UPDATE p_ticket SET inside = 0 WHERE ticket = ?", (fact.ticket,))
    if row and row["inside"]:
        db.execute("UPDATE p_list SET inside = inside - 1 WHERE list = ?", (fact.list,))


@folds(TicketRefused)
def refused(db: sqlite3.Connection, record: Record, fact: TicketRefused) -> None:
    """Counted, so that the door sees how often it said no."""
    db.execute("UPDATE p_list SET refused = refused + 1 WHERE list = ?", (fact.list,))


def lists(db: sqlite3.Connection) -> dict[str, Entry]:
    """Every list and its entry rule."""
    return {row["list"]: row["entry"] for row in db.execute("SELECT list, entry FROM p_list ORDER BY list")}


def counts(db: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """By list: tickets in all, admissions, people inside, refusals."""
    rows = db.execute("SELECT list, total, admitted, inside, refused FROM p_list ORDER BY list")
    return {row["list"]: {key: row[key] for key in ("total", "admitted", "inside", "refused")} for row in rows}


def state(db: sqlite3.Connection, ticket: str) -> TicketState | None:
    """What is remembered of a ticket."""
    row = db.execute("SELECT * FROM p_ticket WHERE ticket = ?", (ticket,)).fetchone()
    if row is None:
        return None
    first = First(at=row["first_at"], gate=row["first_gate"], box=row["first_box"]) if row["first_at"] else None
    return TicketState(
        ticket, row["list"] or "", row["holder_ref"], bool(row["revoked"]), row["entries"], bool(row["inside"]), first
    )


@knows("list.define", "tickets.issue", "tickets.import", "ticket.revoke")
def for_tickets(db: sqlite3.Connection, ask: Ask, around: Surroundings) -> ListsKnown:
    """Event, lists, and which of the tickets are there already."""
    named: list[Any] = ask.tickets if isinstance(ask, IssueTickets | ImportTickets) else []
    present_ = frozenset(
        ticket.ticket
        for ticket in named
        if db.execute("SELECT 1 FROM p_ticket WHERE ticket = ? AND list IS NOT NULL", (ticket.ticket,)).fetchone()
    )
    return ListsKnown(events.current(db), lists(db), present_)


@knows("ticket.scan")
def for_scan(db: sqlite3.Connection, ask: Scan, around: Surroundings) -> ScanKnown:
    """Event, lists, what the code is, and that ticket's past."""
    presented = present(ask.code, around.ticket_keys(), around.plain_ticket(ask.code))
    past = state(db, presented.ticket) if presented.ticket else None
    return ScanKnown(events.current(db), lists(db), presented, past)
