"""Guests who signed up, and how each is found by a claim code."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.domain.erasure import EraseGuest, Guest, GuestKnown, RecordErased
from appliance.domain.guests import GuestErased, GuestSignedUp, SignUp, SignUpKnown, read_code
from appliance.journal.records import Record
from appliance.projections import events, vouchers
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_guest(
  guest TEXT PRIMARY KEY, event TEXT NOT NULL, at TEXT NOT NULL, version TEXT NOT NULL, language TEXT NOT NULL,
  ref TEXT NOT NULL UNIQUE, code TEXT NOT NULL, is_erased INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX p_guest_code ON p_guest(code) WHERE NOT is_erased;
CREATE INDEX p_guest_event ON p_guest(event);
"""


@dataclass(frozen=True)
class SignedUp:
    """A guest as recorded: at which event, when (RFC 3339), which words in which language, the record of people.db."""

    guest: str
    event: str
    at: str
    version: str
    language: str
    ref: str


@folds(GuestSignedUp)
def signed_up(db: sqlite3.Connection, record: Record, fact: GuestSignedUp) -> None:
    """One more."""
    db.execute(
        "INSERT INTO p_guest VALUES(?, ?, ?, ?, ?, ?, ?, 0)",
        (
            fact.guest,
            record.body["event"],
            record.body["at"],
            fact.consent_version,
            fact.language,
            fact.person.ref,
            fact.code,
        ),
    )


@folds(GuestErased)
def erased(db: sqlite3.Connection, record: Record, fact: GuestErased) -> None:
    """The code opens nothing any more."""
    db.execute("UPDATE p_guest SET is_erased = 1 WHERE guest = ?", (fact.guest,))


@folds(RecordErased)
def record_erased(db: sqlite3.Connection, record: Record, fact: RecordErased) -> None:
    """Who has no name any more is no guest, whoever said so."""
    db.executemany("UPDATE p_guest SET is_erased = 1 WHERE ref = ?", [(ref,) for ref in fact.refs])


_SIGNED_UP = "SELECT guest, event, at, version, language, ref FROM p_guest"


def by_mark(db: sqlite3.Connection, mark: str) -> SignedUp | None:
    """Whose claim code has this HMAC; None: nobody's, or of somebody who is erased."""
    row = db.execute(f"{_SIGNED_UP} WHERE code = ? AND NOT is_erased", (mark,)).fetchone()
    return SignedUp(*row) if row else None


def kept(db: sqlite3.Connection) -> list[SignedUp]:
    """Everybody who signed up and is not erased, in the order of time."""
    return [SignedUp(*row) for row in db.execute(f"{_SIGNED_UP} WHERE NOT is_erased ORDER BY at, guest")]


def of_records(db: sqlite3.Connection, refs: Iterable[str]) -> dict[str, Guest]:
    """Who signed up with these records and is not erased."""
    found = {}
    for ref in refs:
        row = db.execute("SELECT guest, version FROM p_guest WHERE ref = ? AND NOT is_erased", (ref,)).fetchone()
        if row is not None:
            found[ref] = Guest(row["guest"], row["version"])
    return found


def signups(db: sqlite3.Connection, event: str) -> int:
    """How many signed up at an event, whether or not they are erased since."""
    (n,) = db.execute("SELECT count(*) FROM p_guest WHERE event = ?", (event,)).fetchone()
    return int(n)


@knows("guest.sign_up")
def for_sign_up(db: sqlite3.Connection, ask: SignUp, around: Surroundings) -> SignUpKnown:
    """The present event, and what is given at it."""
    event = events.current(db)
    return SignUpKnown(event, vouchers.terms(db, event.event) if event else None)


@knows("guest.erase")
def for_erase(db: sqlite3.Connection, ask: EraseGuest, around: Surroundings) -> GuestKnown:
    """The guest of the code, if it is the one that is named."""
    code = read_code(ask.code)
    found = by_mark(db, around.claim_mark(code)) if code else None
    if found is None or found.guest != ask.guest:
        return GuestKnown(None)
    return GuestKnown(Guest(found.guest, found.version), found.ref)
