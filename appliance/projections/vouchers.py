"""Come-back vouchers: what is given now, whose each is, and what it still pays."""

import json
import sqlite3
from dataclasses import dataclass

from appliance.domain.kernel import read_fact
from appliance.domain.presented import present
from appliance.domain.refunds import SaleRefunded, SaleVoided
from appliance.domain.vouchers import (
    SetTerms,
    Shown,
    Terms,
    TermsKnown,
    VoucherGranted,
    VoucherRedeemed,
    VoucherTermsSet,
)
from appliance.journal.records import Record
from appliance.projections import events
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_voucher(
  voucher TEXT PRIMARY KEY, event TEXT NOT NULL, guest TEXT, terms TEXT, pos INTEGER NOT NULL,
  pays INTEGER NOT NULL, sale TEXT) STRICT, WITHOUT ROWID;
CREATE INDEX p_voucher_guest ON p_voucher(guest) WHERE guest IS NOT NULL;
CREATE INDEX p_voucher_given ON p_voucher(terms) WHERE terms IS NOT NULL;
CREATE TABLE p_voucher_use(
  voucher TEXT NOT NULL, sale TEXT NOT NULL, PRIMARY KEY(voucher, sale)) STRICT, WITHOUT ROWID;
CREATE TABLE p_voucher_terms(
  event TEXT PRIMARY KEY, terms TEXT NOT NULL, currency TEXT NOT NULL, amount INTEGER NOT NULL,
  minimum INTEGER NOT NULL, days INTEGER NOT NULL, most INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Held:
    """A voucher that this box gave: as it was granted, at which ``event``, what it still ``pays`` (minor units), and
    when the sale was that took the rest (RFC 3339)."""

    granted: VoucherGranted
    event: str
    pays: int
    used_at: str | None


@folds(VoucherTermsSet)
def terms_set(db: sqlite3.Connection, record: Record, fact: VoucherTermsSet) -> None:
    """The newest count."""
    db.execute(
        "INSERT OR REPLACE INTO p_voucher_terms VALUES(?, ?, ?, ?, ?, ?, ?)",
        (record.body["event"], fact.terms, fact.currency, fact.amount, fact.minimum, fact.days, fact.most),
    )


@folds(VoucherGranted)
def granted(db: sqlite3.Connection, record: Record, fact: VoucherGranted) -> None:
    """One more."""
    db.execute(
        "INSERT INTO p_voucher VALUES(?, ?, ?, ?, ?, ?, NULL)",
        (fact.voucher, record.body["event"], fact.guest, fact.terms, record.pos, fact.amount),
    )


@folds(VoucherRedeemed)
def redeemed(db: sqlite3.Connection, record: Record, fact: VoucherRedeemed) -> None:
    """It pays nothing more; also one that another box gave."""
    db.execute(
        "INSERT INTO p_voucher VALUES(?, ?, NULL, NULL, ?, 0, ?) "
        "ON CONFLICT(voucher) DO UPDATE SET pays = max(0, pays - ?), sale = excluded.sale",
        (fact.voucher, record.body["event"], record.pos, fact.sale, fact.amount),
    )
    db.execute("INSERT OR IGNORE INTO p_voucher_use VALUES(?, ?)", (fact.voucher, fact.sale))


@folds(SaleVoided, SaleRefunded)
def given_back(db: sqlite3.Connection, record: Record, fact: SaleVoided | SaleRefunded) -> None:
    """What it paid of that sale went back to it. A number that somebody typed for a voucher on paper is none of these,
    whatever it looks like."""
    for tender in fact.tenders:
        if tender.kind == "voucher":
            db.execute(
                "UPDATE p_voucher SET pays = pays + ? WHERE voucher = ? "
                "AND voucher IN (SELECT voucher FROM p_voucher_use WHERE sale = ?)",
                (tender.amount, tender.reference, fact.of),
            )


def terms(db: sqlite3.Connection, event: str) -> Terms | None:
    """What is given at an event; None: nothing was ever set."""
    row = db.execute(
        "SELECT terms, currency, amount, minimum, days, most, (SELECT count(*) FROM p_voucher v "
        "WHERE v.terms = t.terms) FROM p_voucher_terms t WHERE event = ?",
        (event,),
    ).fetchone()
    return Terms(*row) if row else None


_HELD = (
    "SELECT f.body, v.event, v.pays, s.at FROM p_voucher v JOIN fact f ON f.pos = v.pos "
    "LEFT JOIN p_sale s ON s.sale = v.sale AND v.pays = 0 WHERE v.guest = ? ORDER BY v.pos"
)


def of_guest(db: sqlite3.Connection, guest: str) -> list[Held]:
    """All of one guest's, the oldest first."""
    found = []
    for body, event, pays, at in db.execute(_HELD, (guest,)):
        record = json.loads(body)
        fact = read_fact(record["kind"], record["data"])
        if isinstance(fact, VoucherGranted):
            found.append(Held(fact, event, pays, at))
    return found


def shown(db: sqlite3.Connection, code: str, around: Surroundings) -> Shown:
    """What a code that is shown at the till is, and what it still pays."""
    found = present(code.strip(), "", around.ticket_keys, around.pretix_keys)
    if found.token is None:
        return Shown(None, found.fault if found.form == "token" else "unreadable")
    row = db.execute(
        "SELECT v.pays, v.guest, s.number FROM p_voucher v LEFT JOIN p_sale s ON s.sale = v.sale WHERE v.voucher = ?",
        (found.token.id,),
    ).fetchone()
    if row is None:
        return Shown(found.token)
    return Shown(found.token, left=row["pays"], used_by=row["number"], is_own=row["guest"] is not None)


@knows("voucher.set_terms")
def for_terms(db: sqlite3.Connection, ask: SetTerms, around: Surroundings) -> TermsKnown:
    """The present event."""
    return TermsKnown(events.current(db))
