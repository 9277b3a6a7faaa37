"""Paper: what was asked of each printer, and what became of it."""

import sqlite3
from typing import Any

from appliance.domain.receipts import (
    CopiesKnown,
    PaperKnown,
    ReceiptPrinted,
    ReceiptRequested,
    ReceiptSettled,
    ReportReceipt,
    ReportSlip,
    Reprint,
    Settle,
    SettleKnown,
    SettleSlip,
    SlipPrinted,
    SlipRequested,
    SlipSettled,
)
from appliance.journal.records import Record
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_receipt(
  sale TEXT NOT NULL, copy INTEGER NOT NULL, printer TEXT NOT NULL, pos INTEGER NOT NULL, outcome TEXT,
  on_paper INTEGER, PRIMARY KEY(sale, copy)) STRICT, WITHOUT ROWID;
CREATE INDEX p_receipt_open ON p_receipt(printer, pos) WHERE outcome IS NULL;
CREATE INDEX p_receipt_doubtful ON p_receipt(pos)
  WHERE outcome IN ('unknown', 'not_printed', 'unconfirmed') AND on_paper IS NULL;
CREATE TABLE p_slip(
  slip TEXT NOT NULL, copy INTEGER NOT NULL, kind TEXT NOT NULL, about TEXT NOT NULL, printer TEXT NOT NULL,
  pos INTEGER NOT NULL, at TEXT NOT NULL, outcome TEXT, on_paper INTEGER, PRIMARY KEY(slip, copy))
  STRICT, WITHOUT ROWID;
CREATE INDEX p_slip_open ON p_slip(printer, pos) WHERE outcome IS NULL;
CREATE INDEX p_slip_doubtful ON p_slip(pos) WHERE outcome IN ('unknown', 'not_printed');
CREATE INDEX p_slip_unseen ON p_slip(pos)
  WHERE outcome IN ('unknown', 'not_printed', 'unconfirmed') AND on_paper IS NULL;
"""
_OPEN = """
SELECT 'receipt' AS what, sale AS id, copy, pos FROM p_receipt WHERE printer = :printer AND outcome IS NULL AND {where}
UNION ALL
SELECT 'slip', slip, copy, pos FROM p_slip WHERE printer = :printer AND outcome IS NULL AND {where}
ORDER BY pos LIMIT :limit
"""


@folds(ReceiptRequested)
def requested(db: sqlite3.Connection, record: Record, fact: ReceiptRequested) -> None:
    """A receipt is asked for."""
    db.execute(
        "INSERT OR IGNORE INTO p_receipt VALUES(?, ?, ?, ?, NULL, NULL)",
        (fact.sale, fact.copy, fact.printer, record.pos),
    )


@folds(ReceiptPrinted)
def printed(db: sqlite3.Connection, record: Record, fact: ReceiptPrinted) -> None:
    """What became of it."""
    db.execute("UPDATE p_receipt SET outcome = ? WHERE sale = ? AND copy = ?", (fact.outcome, fact.sale, fact.copy))


@folds(ReceiptSettled)
def settled(db: sqlite3.Connection, record: Record, fact: ReceiptSettled) -> None:
    """What a person saw."""
    db.execute(
        "UPDATE p_receipt SET on_paper = ? WHERE sale = ? AND copy = ?", (int(fact.on_paper), fact.sale, fact.copy)
    )


@folds(SlipRequested)
def slip_requested(db: sqlite3.Connection, record: Record, fact: SlipRequested) -> None:
    """A slip is asked for."""
    db.execute(
        "INSERT OR IGNORE INTO p_slip VALUES(?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
        (fact.slip, fact.copy, fact.slip_kind, fact.about, fact.printer, record.pos, record.body["at"]),
    )


@folds(SlipPrinted)
def slip_printed(db: sqlite3.Connection, record: Record, fact: SlipPrinted) -> None:
    """What became of it."""
    db.execute("UPDATE p_slip SET outcome = ? WHERE slip = ? AND copy = ?", (fact.outcome, fact.slip, fact.copy))


@folds(SlipSettled)
def slip_settled(db: sqlite3.Connection, record: Record, fact: SlipSettled) -> None:
    """What a person saw."""
    db.execute("UPDATE p_slip SET on_paper = ? WHERE slip = ? AND copy = ?", (int(fact.on_paper), fact.slip, fact.copy))


def waiting(db: sqlite3.Connection, printer: str, after: int, limit: int = 1000) -> list[dict[str, Any]]:
    """What is asked of ``printer`` behind position ``after`` and has no outcome yet, oldest first: ``what`` (receipt,
    slip), ``id``, ``copy``, ``pos``."""
    rows = db.execute(_OPEN.format(where="pos > :pos"), {"printer": printer, "pos": after, "limit": limit})
    return [dict(row) for row in rows]


def begun(db: sqlite3.Connection, printer: str, upto: int) -> list[dict[str, Any]]:
    """As ``waiting``, what a spool had begun (position ≤ ``upto``): nobody knows what of it is on paper."""
    rows = db.execute(_OPEN.format(where="pos <= :pos"), {"printer": printer, "pos": upto, "limit": 1_000_000})
    return [dict(row) for row in rows]


def receipts(db: sqlite3.Connection, sale: str) -> list[dict[str, Any]]:
    """A sale's copies: ``copy, printer, outcome, on_paper`` (what a person saw, or None)."""
    rows = db.execute("SELECT copy, printer, outcome, on_paper FROM p_receipt WHERE sale = ? ORDER BY copy", (sale,))
    return [{**dict(row), "on_paper": _seen(row)} for row in rows]


def doubtful(db: sqlite3.Connection, limit: int = 50) -> list[dict[str, Any]]:
    """Receipts that somebody should look at, newest first: the newest copy of a sale neither came out for certain nor
    was looked at, and it is no training. ``sale, copy, printer, outcome, number, at, total, currency``."""
    rows = db.execute(
        "SELECT r.sale, r.copy, r.printer, r.outcome, s.number, s.at, s.total, s.currency FROM p_receipt r "
        "JOIN p_sale s ON s.sale = r.sale WHERE r.outcome IN ('unknown', 'not_printed', 'unconfirmed') "
        "AND r.on_paper IS NULL AND NOT s.training AND NOT EXISTS "
        "(SELECT 1 FROM p_receipt n WHERE n.sale = r.sale AND n.copy > r.copy) ORDER BY r.pos DESC LIMIT ?",
        (limit,),
    )
    return [dict(row) for row in rows]


def slip(db: sqlite3.Connection, ident: str, copy: int | None = None) -> dict[str, Any] | None:
    """A slip, by default its newest copy: ``slip, copy, kind, about, printer, pos, at, outcome, on_paper`` (what a
    person saw, or None)."""
    row = db.execute(
        "SELECT * FROM p_slip WHERE slip = ? AND (? IS NULL OR copy = ?) ORDER BY copy DESC LIMIT 1",
        (ident, copy, copy),
    ).fetchone()
    return {**dict(row), "on_paper": _seen(row)} if row else None


def newest(db: sqlite3.Connection, kind: str) -> dict[str, Any] | None:
    """The slip of a kind that was asked for last: ``slip, copy, printer, at, outcome``."""
    row = db.execute(
        "SELECT slip, copy, printer, at, outcome FROM p_slip WHERE kind = ? ORDER BY pos DESC LIMIT 1", (kind,)
    ).fetchone()
    return dict(row) if row else None


def _seen(row: sqlite3.Row) -> bool | None:
    return None if row["on_paper"] is None else bool(row["on_paper"])


@knows("receipt.report")
def for_report(db: sqlite3.Connection, ask: ReportReceipt, around: Surroundings) -> PaperKnown:
    """Whether this copy was asked for, and what became of it so far."""
    row = db.execute("SELECT outcome FROM p_receipt WHERE sale = ? AND copy = ?", (ask.sale, ask.copy)).fetchone()
    return PaperKnown(row is not None, row["outcome"] if row else None)


@knows("slip.report")
def for_slip_report(db: sqlite3.Connection, ask: ReportSlip, around: Surroundings) -> PaperKnown:
    """The same of a slip."""
    row = db.execute("SELECT outcome FROM p_slip WHERE slip = ? AND copy = ?", (ask.slip, ask.copy)).fetchone()
    return PaperKnown(row is not None, row["outcome"] if row else None)


@knows("receipt.reprint")
def for_reprint(db: sqlite3.Connection, ask: Reprint, around: Surroundings) -> CopiesKnown:
    """The sale and its newest copy."""
    sale = db.execute("SELECT 1 FROM p_sale WHERE sale = ?", (ask.sale,)).fetchone()
    row = db.execute(
        "SELECT copy, printer, outcome FROM p_receipt WHERE sale = ? ORDER BY copy DESC LIMIT 1", (ask.sale,)
    ).fetchone()
    waits_at = row["printer"] if row and row["outcome"] is None else None
    return CopiesKnown(sale is not None, row["copy"] if row else None, waits_at)


@knows("receipt.settle")
def for_settle(db: sqlite3.Connection, ask: Settle, around: Surroundings) -> SettleKnown:
    """One copy."""
    row = db.execute(
        "SELECT outcome, on_paper FROM p_receipt WHERE sale = ? AND copy = ?", (ask.sale, ask.copy)
    ).fetchone()
    return _settle_known(row)


@knows("slip.settle")
def for_slip_settle(db: sqlite3.Connection, ask: SettleSlip, around: Surroundings) -> SettleKnown:
    """The same of a slip."""
    return _settle_known(
        db.execute("SELECT outcome, on_paper FROM p_slip WHERE slip = ? AND copy = ?", (ask.slip, ask.copy)).fetchone()
    )


def _settle_known(row: sqlite3.Row | None) -> SettleKnown:
    return SettleKnown(False, None, None) if row is None else SettleKnown(True, row["outcome"], _seen(row))
