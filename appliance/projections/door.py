"""What happened at the door: each scan, where each ticket is on each list, and how many are inside. What other boxes of
the event say of their doors moves tickets too, and is counted by them."""

import json
import sqlite3
from dataclasses import replace
from typing import Any

from appliance.domain.admission import (
    GATE,
    AdmissionUndone,
    Admit,
    Movement,
    Scan,
    TicketAdmitted,
    TicketExited,
    TicketRefused,
    Undo,
    UndoKnown,
)
from appliance.domain.doorrules import First, Place, ScanKnown
from appliance.domain.lists import Direction
from appliance.domain.presented import picked, present
from appliance.domain.site import AdmissionLearnt
from appliance.journal.records import Record
from appliance.projections import events, guardrails, lists, tickets
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_place(
  ticket TEXT NOT NULL, event TEXT NOT NULL, list TEXT NOT NULL, entries INTEGER NOT NULL, inside INTEGER NOT NULL,
  first INTEGER, answered TEXT NOT NULL, newest INTEGER NOT NULL, PRIMARY KEY(ticket, event, list))
  STRICT, WITHOUT ROWID;
CREATE TABLE p_inside(
  event TEXT NOT NULL, list TEXT NOT NULL, admitted INTEGER NOT NULL, inside INTEGER NOT NULL,
  refused INTEGER NOT NULL, flow INTEGER NOT NULL, PRIMARY KEY(event, list)) STRICT, WITHOUT ROWID;
CREATE TABLE p_scan(
  pos INTEGER PRIMARY KEY, event TEXT NOT NULL, at TEXT NOT NULL, boot TEXT NOT NULL, mono INTEGER NOT NULL,
  ticket TEXT, list TEXT NOT NULL, gate TEXT NOT NULL, box TEXT NOT NULL, verdict TEXT NOT NULL, reason TEXT,
  was_inside INTEGER NOT NULL, was_newest INTEGER NOT NULL, was_answered TEXT NOT NULL, undone INTEGER NOT NULL,
  forced INTEGER NOT NULL, trusted INTEGER NOT NULL, remote TEXT) STRICT;
CREATE INDEX p_scan_moved ON p_scan(event, pos) WHERE verdict <> 'refused' AND NOT undone AND remote IS NULL;
CREATE INDEX p_scan_remote ON p_scan(remote) WHERE remote IS NOT NULL;
"""


def _place(db: sqlite3.Connection, ticket: str, event: str, list_: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM p_place WHERE ticket = ? AND event = ? AND list = ?", (ticket, event, list_)
    ).fetchone()
    return row


def _count(db: sqlite3.Connection, event: str, list_: str, **by: int) -> None:
    db.execute("INSERT OR IGNORE INTO p_inside VALUES(?, ?, 0, 0, 0, 0)", (event, list_))
    changes = ", ".join(f"{column} = {column} + {step}" for column, step in by.items())
    db.execute(f"UPDATE p_inside SET {changes} WHERE event = ? AND list = ?", (event, list_))  # noqa: S608 - our words


def _row(
    db: sqlite3.Connection, record: Record, fact: TicketAdmitted | TicketExited | TicketRefused, verdict: str
) -> sqlite3.Row | None:
    """Note a scan; the ticket's place before it."""
    body = record.body
    before = _place(db, fact.ticket, body["event"], fact.list) if fact.ticket else None
    db.execute(
        "INSERT INTO p_scan VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, NULL)",
        (
            record.pos,
            body["event"],
            body["at"],
            body["boot"],
            body["mono"],
            fact.ticket,
            fact.list,
            fact.gate,
            body["box"],
            verdict,
            fact.reason if isinstance(fact, TicketRefused) else None,
            before["inside"] if before else 0,
            before["newest"] if before else 0,
            before["answered"] if before else "[]",
            int(isinstance(fact, TicketAdmitted) and fact.forced_by is not None),
            int(body["clock"] != "none"),
        ),
    )
    return before


@folds(TicketAdmitted)
def admitted(db: sqlite3.Connection, record: Record, fact: TicketAdmitted) -> None:
    """Somebody went in; the first time is kept for good."""
    before = _row(db, record, fact, "admitted")
    answered = sorted({*(json.loads(before["answered"]) if before else ()), *fact.answered})
    db.execute(
        "INSERT INTO p_place VALUES(?, ?, ?, 1, 1, ?, ?, ?) ON CONFLICT(ticket, event, list) DO UPDATE SET "
        "entries = entries + 1, inside = 1, first = coalesce(first, excluded.first), answered = excluded.answered, "
        "newest = excluded.newest",
        (fact.ticket, record.body["event"], fact.list, record.pos, json.dumps(answered), record.pos),
    )
    more = 0 if before and before["inside"] else 1
    _count(db, record.body["event"], fact.list, admitted=1, inside=more, flow=more)


@folds(TicketExited)
def exited(db: sqlite3.Connection, record: Record, fact: TicketExited) -> None:
    """Somebody went out; somebody whose entry was never seen does not make the count negative."""
    before = _row(db, record, fact, "exited")
    db.execute(
        "INSERT INTO p_place VALUES(?, ?, ?, 0, 0, NULL, '[]', ?) ON CONFLICT(ticket, event, list) DO UPDATE SET "
        "inside = 0, newest = excluded.newest",
        (fact.ticket, record.body["event"], fact.list, record.pos),
    )
    less = -1 if before and before["inside"] else 0
    _count(db, record.body["event"], fact.list, inside=less, flow=less)


@folds(TicketRefused)
def refused(db: sqlite3.Connection, record: Record, fact: TicketRefused) -> None:
    """Counted, so that the door sees how often it said no."""
    _row(db, record, fact, "refused")
    _count(db, record.body["event"], fact.list, refused=1)


@folds(AdmissionUndone)
def undone(db: sqlite3.Connection, record: Record, fact: AdmissionUndone) -> None:
    """The newest movement of a ticket on a list did not happen: all is as it was before; after its only one, there is
    no place."""
    row = db.execute(
        "SELECT s.* FROM fact f JOIN p_scan s ON s.pos = f.pos WHERE f.id = ? AND NOT s.undone", (fact.of,)
    ).fetchone()
    if row is None:
        return
    _take_back(db, row)


def _take_back(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    """A movement did not happen. One that others followed (which only those of other boxes can be) leaves the ticket
    where it is."""
    db.execute("UPDATE p_scan SET undone = 1 WHERE pos = ?", (row["pos"],))
    entered = row["verdict"] == "admitted"
    own = row["remote"] is None
    where = row["ticket"], row["event"], row["list"]
    place = _place(db, *where)
    if place is None:
        return
    moved = 0
    if place["newest"] != row["pos"]:
        db.execute(
            "UPDATE p_place SET entries = entries - ? WHERE ticket = ? AND event = ? AND list = ?",
            (int(entered), *where),
        )
    else:
        moved = row["was_inside"] - place["inside"]
        if row["was_newest"]:
            db.execute(
                "UPDATE p_place SET entries = entries - ?, inside = ?, newest = ?, answered = ?, "
                "first = nullif(first, ?) WHERE ticket = ? AND event = ? AND list = ?",
                (int(entered), row["was_inside"], row["was_newest"], row["was_answered"], row["pos"], *where),
            )
        else:
            db.execute("DELETE FROM p_place WHERE ticket = ? AND event = ? AND list = ?", where)
    steps = {"inside": moved} | ({"admitted": -int(entered), "flow": moved} if own else {})
    _count(db, row["event"], row["list"], **steps)


@folds(AdmissionLearnt)
def learnt(db: sqlite3.Connection, record: Record, fact: AdmissionLearnt) -> None:
    """Somebody moved at another box's door. What is known to have happened before the ticket's newest movement here
    does not move it any more; where a clock was not trusted, the order in which it was heard counts."""
    if fact.moved == "undone":
        row = db.execute(
            "SELECT * FROM p_scan WHERE remote = ? AND box = ? AND NOT undone", (fact.of, fact.box)
        ).fetchone()
        if row is not None:
            _take_back(db, row)
        return
    event, entered = record.body["event"], fact.moved == "in"
    before = _place(db, fact.ticket, event, fact.list)
    there = (before["newest"] if before else 0,)
    newest = db.execute("SELECT at, trusted FROM p_scan WHERE pos = ?", there).fetchone()
    trusted = fact.trust != "none"
    late = newest is not None and trusted and bool(newest["trusted"]) and fact.at < newest["at"]
    inside, was = int(entered), before["inside"] if before else 0
    db.execute(
        "INSERT INTO p_scan VALUES(?, ?, ?, '', 0, ?, ?, ?, ?, ?, NULL, ?, ?, ?, 0, 0, ?, ?)",
        (
            *(record.pos, event, fact.at, fact.ticket, fact.list, fact.gate, fact.box),
            *("admitted" if entered else "exited", was, before["newest"] if before else 0),
            *(before["answered"] if before else "[]", int(trusted), fact.of),
        ),
    )
    db.execute(
        "INSERT INTO p_place VALUES(?, ?, ?, ?, ?, ?, '[]', ?) ON CONFLICT(ticket, event, list) DO UPDATE SET "
        "entries = entries + excluded.entries, first = coalesce(first, excluded.first), "
        "inside = CASE WHEN ? THEN inside ELSE excluded.inside END, "
        "newest = CASE WHEN ? THEN newest ELSE excluded.newest END",
        (
            *(fact.ticket, event, fact.list, inside, inside, record.pos if entered else None, record.pos),
            *(int(late), int(late)),
        ),
    )
    _count(db, event, fact.list, inside=0 if late else inside - was)


def flow(db: sqlite3.Connection) -> dict[str, int]:
    """Who went in here less who went out, of the present event, by list; below 0 where more leave than enter."""
    event = events.current(db)
    rows = db.execute("SELECT list, flow FROM p_inside WHERE event = ?", (event.event if event else "",))
    return {row["list"]: row["flow"] for row in rows}


def counts(db: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """Of the present event, by list: tickets in all, admissions and refusals here, people inside wherever they
    entered."""
    event = events.current(db)
    name = event.event if event else ""
    sizes = tickets.sizes(db, name)
    rows = {row["list"]: row for row in db.execute("SELECT * FROM p_inside WHERE event = ?", (name,))}
    found = {}
    for list_ in sorted({*lists.lists(db), *sizes}):
        row = rows.get(list_)
        numbers = {key: row[key] if row else 0 for key in ("admitted", "inside", "refused")}
        found[list_] = {"total": sizes.get(list_, 0), **numbers}
    return found


def scans(db: sqlite3.Connection, limit: int) -> list[dict[str, Any]]:
    """The newest scans first: ``pos, at, ticket, list, gate, verdict, reason, undone, forced``."""
    rows = db.execute(
        "SELECT pos, at, ticket, list, gate, verdict, reason, undone, forced FROM p_scan "
        "WHERE remote IS NULL ORDER BY pos DESC LIMIT ?",
        (limit,),
    )
    return [dict(row) for row in rows]


def movements(db: sqlite3.Connection, event: str) -> list[sqlite3.Row]:
    """Everybody who went in or out, in order: ``pos, at, in_, out``."""
    return db.execute(
        "SELECT pos, at, verdict = 'admitted' AS in_, verdict = 'exited' AS out FROM p_scan "
        "WHERE event = ? AND verdict <> 'refused' AND NOT undone AND remote IS NULL ORDER BY pos",
        (event,),
    ).fetchall()


def entries_since(db: sqlite3.Connection, event: str, at: str) -> int:
    """Admissions since a time (RFC 3339)."""
    (n,) = db.execute(
        "SELECT count(*) FROM p_scan WHERE event = ? AND verdict <> 'refused' AND NOT undone AND remote IS NULL "
        "AND verdict = 'admitted' AND at >= ?",
        (event, at),
    ).fetchone()
    return int(n)


def places(db: sqlite3.Connection, ticket: str, event: str) -> dict[str, Place]:
    """A ticket's places on the lists that it stands on, and on those where it was scanned."""
    found = {name: Place(name, listed=True) for name in tickets.on_lists(db, ticket, event)}
    rows = db.execute(
        "SELECT p.*, s.at, s.gate, s.box FROM p_place p LEFT JOIN p_scan s ON s.pos = p.first "
        "WHERE p.ticket = ? AND p.event = ?",
        (ticket, event),
    )
    for row in rows:
        first = First(at=row["at"], gate=row["gate"], box=row["box"]) if row["first"] else None
        answered = frozenset(json.loads(row["answered"]))
        listed = row["list"] in found
        found[row["list"]] = Place(row["list"], row["entries"], bool(row["inside"]), first, answered, listed)
    return found


@knows("ticket.scan", "ticket.admit")
def for_scan(db: sqlite3.Connection, ask: Scan | Admit, around: Surroundings) -> ScanKnown:
    """Event, lists, gate, what the code is, and that ticket's past."""
    event = events.current(db)
    name = event.event if event else ""
    if isinstance(ask, Admit) and ask.ticket is not None:
        shown = picked(ask.ticket)
    else:
        code = (ask.code or "").strip()
        shown = present(code, around.plain_ticket(code), around.ticket_keys, around.pretix_keys)
    state = tickets.state(db, shown.ticket, name) if shown.ticket else None
    past = places(db, shown.ticket, name) if shown.ticket else {}
    home = tickets.home(db, shown.ticket, name) if shown.ticket else ""
    if shown.ticket and home not in ("", name):
        for one in tickets.on_lists(db, shown.ticket, home):
            past[one] = replace(past.get(one, Place(one)), listed=True)
    inside = {row["list"]: row["inside"] for row in db.execute("SELECT * FROM p_inside WHERE event = ?", (name,))}
    gate = lists.gate(db, ask.gate or GATE)
    limits = guardrails.limits(db)
    return ScanKnown(event, lists.lists(db), inside, gate, shown, state, past, home, limits)


@knows("admission.undo")
def for_undo(db: sqlite3.Connection, ask: Undo, around: Surroundings) -> UndoKnown:
    """The movement that this scan made, and whether it is the ticket's newest on that list."""
    row = db.execute(
        "SELECT s.*, p.newest = s.pos AS newest FROM fact f JOIN p_scan s ON s.pos = f.pos "
        "LEFT JOIN p_place p ON p.ticket = s.ticket AND p.event = s.event AND p.list = s.list "
        "WHERE f.id = ? AND s.verdict <> 'refused' AND s.remote IS NULL",
        (f"{ask.scan}.0",),
    ).fetchone()
    if row is None:
        return UndoKnown(None)
    way: Direction = "in" if row["verdict"] == "admitted" else "out"
    where = row["ticket"], row["list"], row["gate"], way
    return UndoKnown(Movement(*where, row["boot"], row["mono"], bool(row["undone"]), bool(row["newest"])))
