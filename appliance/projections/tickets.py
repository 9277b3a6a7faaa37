"""Tickets, each for its event, and which lists they stand on."""

import sqlite3

from appliance.domain.doorrules import TicketState
from appliance.domain.tickets import (
    ImportTickets,
    IssueTickets,
    MarkTickets,
    Status,
    TicketDetails,
    TicketIssued,
    TicketMarked,
    TicketRevoked,
    TicketsImported,
    TicketsKnown,
)
from appliance.journal.records import Record
from appliance.projections import events
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_ticket(
  ticket TEXT NOT NULL, event TEXT NOT NULL, holder_ref TEXT, product TEXT, session TEXT, pending INTEGER,
  cancelled INTEGER NOT NULL, blocked INTEGER NOT NULL, revoked INTEGER NOT NULL, valid_from INTEGER,
  valid_until INTEGER, sale TEXT, PRIMARY KEY(ticket, event)) STRICT, WITHOUT ROWID;
CREATE INDEX p_ticket_holder ON p_ticket(holder_ref) WHERE holder_ref IS NOT NULL;
CREATE INDEX p_ticket_sale ON p_ticket(sale) WHERE sale IS NOT NULL;
CREATE TABLE p_on_list(
  ticket TEXT NOT NULL, event TEXT NOT NULL, list TEXT NOT NULL, PRIMARY KEY(ticket, event, list))
  STRICT, WITHOUT ROWID;
CREATE TABLE p_list_size(
  event TEXT NOT NULL, list TEXT NOT NULL, total INTEGER NOT NULL, PRIMARY KEY(event, list)) STRICT, WITHOUT ROWID;
"""


def named(db: sqlite3.Connection) -> bool:
    """Whether any ticket is known, of whatever event."""
    return db.execute("SELECT 1 FROM p_ticket LIMIT 1").fetchone() is not None


MARKS = {
    "blocked": "blocked = 1",
    "unblocked": "blocked = 0",
    "cancelled": "cancelled = 1",
    "paid": "pending = 0, cancelled = 0",
}


def _ticket(
    db: sqlite3.Connection, event: str, list_: str, ticket: str, about: TicketDetails, sale: str | None = None
) -> None:
    """A ticket that is known from now on. Known already (on another list, or marked before it came): what was said
    first stays, what nobody had said is filled in."""
    db.execute(
        "INSERT INTO p_ticket VALUES(?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?) ON CONFLICT(ticket, event) DO UPDATE SET "
        "holder_ref = coalesce(holder_ref, excluded.holder_ref), product = coalesce(product, excluded.product), "
        "session = coalesce(session, excluded.session), pending = coalesce(pending, excluded.pending), "
        "cancelled = max(cancelled, excluded.cancelled), "
        "valid_from = coalesce(valid_from, excluded.valid_from), "
        "valid_until = coalesce(valid_until, excluded.valid_until), sale = coalesce(sale, excluded.sale)",
        (
            ticket,
            event,
            about.holder.ref if about.holder else None,
            about.product,
            about.session,
            int(about.status == "pending"),
            int(about.status == "cancelled"),
            about.valid_from,
            about.valid_until,
            sale,
        ),
    )
    if db.execute("INSERT OR IGNORE INTO p_on_list VALUES(?, ?, ?)", (ticket, event, list_)).rowcount:
        db.execute(
            "INSERT INTO p_list_size VALUES(?, ?, 1) ON CONFLICT(event, list) DO UPDATE SET total = total + 1",
            (event, list_),
        )


@folds(TicketIssued)
def issued(db: sqlite3.Connection, record: Record, fact: TicketIssued) -> None:
    """One of our own tickets."""
    _ticket(db, record.body["event"], fact.list, fact.ticket, fact, fact.sale)


@folds(TicketsImported)
def imported(db: sqlite3.Connection, record: Record, fact: TicketsImported) -> None:
    """Another shop's tickets."""
    for ticket in fact.tickets:
        _ticket(db, record.body["event"], fact.list, ticket.ticket, ticket)


def _mark(db: sqlite3.Connection, event: str, ticket: str, change: str) -> None:
    db.execute(
        "INSERT OR IGNORE INTO p_ticket VALUES(?, ?, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, NULL)",
        (ticket, event),
    )
    db.execute(
        f"UPDATE p_ticket SET {change} WHERE ticket = ? AND event = ?",  # noqa: S608 - one of our own words
        (ticket, event),
    )


@folds(TicketRevoked)
def revoked(db: sqlite3.Connection, record: Record, fact: TicketRevoked) -> None:
    """Refused from now on, known or not; by a policy for events to come too, which stands under no event."""
    _mark(db, record.body["event"], fact.ticket, "revoked = 1")
    if fact.policy is not None:
        _mark(db, "", fact.ticket, "revoked = 1")


@folds(TicketMarked)
def marked(db: sqlite3.Connection, record: Record, fact: TicketMarked) -> None:
    """What the shop says by now."""
    _mark(db, record.body["event"], fact.ticket, MARKS[fact.mark])


def sizes(db: sqlite3.Connection, event: str) -> dict[str, int]:
    """Tickets on each list of an event."""
    rows = db.execute("SELECT list, total FROM p_list_size WHERE event = ?", (event,))
    return {row["list"]: row["total"] for row in rows}


def state(db: sqlite3.Connection, ticket: str, event: str) -> TicketState | None:
    """What is remembered of a ticket for this event, else for the latest other one; None: nothing at all."""
    row = db.execute(
        "SELECT t.* FROM p_ticket t LEFT JOIN p_event e USING (event) WHERE ticket = ? "
        "ORDER BY t.event = ? DESC, e.ordinal DESC LIMIT 1",
        (ticket, event),
    ).fetchone()
    if row is None:
        return None
    return TicketState(
        ticket,
        row["event"],
        row["holder_ref"],
        row["product"],
        row["session"],
        bool(row["pending"]),
        bool(row["cancelled"]),
        bool(row["blocked"]),
        bool(row["revoked"]) or for_good(db, ticket),
        row["valid_from"],
        row["valid_until"],
    )


def for_good(db: sqlite3.Connection, ticket: str) -> bool:
    """Whether a policy revoked it, for every event."""
    row = db.execute("SELECT revoked FROM p_ticket WHERE ticket = ? AND event = ''", (ticket,)).fetchone()
    return row is not None and bool(row["revoked"])


def home(db: sqlite3.Connection, ticket: str, event: str) -> str:
    """The event for which a ticket stands on a list: this one, else the latest other one; "" when it is on none."""
    row = db.execute(
        "SELECT o.event FROM p_on_list o LEFT JOIN p_event e USING (event) WHERE ticket = ? "
        "ORDER BY o.event = ? DESC, e.ordinal DESC LIMIT 1",
        (ticket, event),
    ).fetchone()
    return row["event"] if row else ""


def on_lists(db: sqlite3.Connection, ticket: str, event: str) -> list[str]:
    """The lists that a ticket stands on."""
    rows = db.execute(
        "SELECT list FROM p_on_list WHERE ticket = ? AND event = ? ORDER BY list", (ticket, event)
    ).fetchall()
    return [row["list"] for row in rows]


def of_sale(db: sqlite3.Connection, sale: str) -> list[str]:
    """The tickets that were bought with a sale, in a fixed order."""
    return [row["ticket"] for row in db.execute("SELECT ticket FROM p_ticket WHERE sale = ? ORDER BY ticket", (sale,))]


def held_by(db: sqlite3.Connection, refs: list[str], event: str) -> list[str]:
    """The tickets of this event whose holders' records these are, in the order of the records."""
    found = []
    for ref in refs:
        rows = db.execute("SELECT ticket FROM p_ticket WHERE holder_ref = ? AND event = ?", (ref, event))
        found += [row["ticket"] for row in rows]
    return found


@knows("tickets.issue", "tickets.import", "tickets.mark")
def for_tickets(
    db: sqlite3.Connection, ask: IssueTickets | ImportTickets | MarkTickets, around: Surroundings
) -> TicketsKnown:
    """Event, lists, and which of the tickets are on the list already."""
    event = events.current(db)
    lists = frozenset(row["list"] for row in db.execute("SELECT list FROM p_list"))
    if isinstance(ask, MarkTickets):
        return TicketsKnown(event, lists, {code: around.ticket_id(code.strip()) for code in ask.codes}, {})
    ids = (
        {code.code: around.ticket_id(code.code.strip()) for code in ask.tickets}
        if isinstance(ask, ImportTickets)
        else {}
    )
    named = ids.values() if isinstance(ask, ImportTickets) else [ticket.ticket for ticket in ask.tickets]
    present: dict[str, Status] = {}
    if event is not None:
        for ticket in named:
            row = db.execute(
                "SELECT t.pending, t.cancelled FROM p_on_list o JOIN p_ticket t ON t.ticket = o.ticket "
                "AND t.event = o.event WHERE o.ticket = ? AND o.event = ? AND o.list = ?",
                (ticket, event.event, ask.list),
            ).fetchone()
            if row is not None:
                present[ticket] = "cancelled" if row["cancelled"] else "pending" if row["pending"] else "paid"
    return TicketsKnown(event, lists, ids, present)
