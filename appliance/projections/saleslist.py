"""The sales as they are looked through: the newest first, what became of each, and what it is found by.

A sale is found by words that stand in few rows: its numbers and amounts as they are, its references, tickets and items
by any part of them. An item's words are kept once, not once a sale.
"""

import json
import re
import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from appliance.domain.cards import TenderSettled
from appliance.domain.refunds import SaleRefunded, SaleVoided
from appliance.domain.sales import SaleCompleted
from appliance.domain.tickets import TicketIssued
from appliance.journal.records import Record
from appliance.private.people import folded
from appliance.projections.registry import folds

DECISIVE = False
TABLES = """
CREATE TABLE p_listed(
  pos INTEGER PRIMARY KEY, sale TEXT NOT NULL UNIQUE, actor TEXT NOT NULL, total INTEGER NOT NULL,
  unknown INTEGER NOT NULL, declined INTEGER NOT NULL, back INTEGER NOT NULL, voided INTEGER NOT NULL,
  entries INTEGER NOT NULL) STRICT;
CREATE INDEX p_listed_actor ON p_listed(actor, pos);
CREATE INDEX p_listed_unsettled ON p_listed(pos) WHERE unknown > 0;
CREATE INDEX p_listed_refunded ON p_listed(pos) WHERE entries > 0;
CREATE TABLE p_found_by(word TEXT NOT NULL, pos INTEGER NOT NULL, PRIMARY KEY(word, pos)) STRICT, WITHOUT ROWID;
CREATE TABLE p_item_words(word TEXT PRIMARY KEY, folded TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
Show = Literal["all", "mine", "unsettled", "refunded"]
MOST = 100
"""Sales of one page."""
MOST_COUNTED = 1000
MOST_WORDS = 5
MOST_ITEMS = 4
_SHOWN = {
    "all": "1",
    "mine": "l.actor = :actor",
    "unsettled": "l.unknown > 0",
    "refunded": "l.entries > 0",
}
_MONEY = re.compile(r"[€$£-]*([0-9]{1,12}(?:[.,][0-9]{1,3})?)[€$£]?")
_TICKET_BEGINS = 6  # characters of an id that tell it from most others
# A word's first character says what it is, so that each kind is one range of the key.
_NUMBER, _AMOUNT, _REFERENCE, _TICKET, _ITEM = "#", "=", "@", "!", "*"
_HOLDS = """SELECT pos FROM p_found_by WHERE word IN (:{n}_number, :{n}_amount)
UNION SELECT pos FROM p_found_by WHERE word >= '@' AND word < 'A' AND instr(word, :{n}_part)
UNION SELECT pos FROM p_found_by WHERE word >= :{n}_ticket AND word < :{n}_ticket || '~'
UNION SELECT k.pos FROM p_item_words i CROSS JOIN p_found_by k ON k.word = i.word WHERE instr(i.folded, :{n}_part)"""


@dataclass(frozen=True)
class Sought:
    """What is asked for. ``actor``: who asks; ``before``: only what stands in front of this position."""

    text: str
    show: Show
    actor: str
    before: int | None
    limit: int


@folds(SaleCompleted)
def completed(db: sqlite3.Connection, record: Record, fact: SaleCompleted) -> None:
    """A sale, and all that it is found by."""
    unknown = sum(1 for tender in fact.tenders if tender.status == "unknown")
    row = (record.pos, fact.sale, record.body["actor"], fact.total, unknown)
    db.execute("INSERT INTO p_listed VALUES(?, ?, ?, ?, ?, 0, 0, 0, 0)", row)
    words = _numbers(fact.number) | {_AMOUNT + str(abs(fact.total)), _AMOUNT + str(abs(fact.total + fact.rounding))}
    words |= {_AMOUNT + str(tender.amount) for tender in fact.tenders if tender.kind != "cash"}
    words |= {_REFERENCE + folded(tender.reference) for tender in fact.tenders if tender.reference}
    items = {_ITEM + line.sku + "\t" + line.name: f"{folded(line.sku)}\n{folded(line.name)}" for line in fact.lines}
    db.executemany("INSERT OR IGNORE INTO p_item_words VALUES(?, ?)", items.items())
    _found_by(db, record.pos, words | set(items))


@folds(SaleVoided, SaleRefunded)
def given_back(db: sqlite3.Connection, record: Record, fact: SaleVoided | SaleRefunded) -> None:
    """What went back, and the numbers and references of it."""
    pos = _pos(db, fact.of)
    db.execute(
        "UPDATE p_listed SET back = back + ?, voided = voided + ?, entries = entries + 1 WHERE pos = ?",
        (fact.total, int(isinstance(fact, SaleVoided)), pos),
    )
    references = {_REFERENCE + folded(tender.reference) for tender in fact.tenders if tender.reference}
    _found_by(db, pos, _numbers(fact.number) | references)


@folds(TenderSettled)
def settled(db: sqlite3.Connection, record: Record, fact: TenderSettled) -> None:
    """A card's outcome is known."""
    pos = _pos(db, fact.sale)
    db.execute(
        "UPDATE p_listed SET unknown = ?, declined = declined + ? WHERE pos = ?",
        (fact.left, int(fact.outcome == "declined"), pos),
    )
    _found_by(db, pos, {_REFERENCE + folded(fact.reference)} if fact.reference else set())


@folds(TicketIssued)
def issued(db: sqlite3.Connection, record: Record, fact: TicketIssued) -> None:
    """A ticket that was bought."""
    if fact.sale is not None:
        _found_by(db, _pos(db, fact.sale), {_TICKET + fact.ticket})


def _found_by(db: sqlite3.Connection, pos: int, words: set[str]) -> None:
    db.executemany("INSERT OR IGNORE INTO p_found_by VALUES(?, ?)", [(word, pos) for word in sorted(words)])


def _pos(db: sqlite3.Connection, sale: str) -> int:
    row = db.execute("SELECT pos FROM p_listed WHERE sale = ?", (sale,)).fetchone()
    return int(row["pos"])


def _numbers(number: str) -> set[str]:
    """In full, and as people say it: without its log."""
    return {_NUMBER + number, _NUMBER + number.partition("-")[2]}


def find(db: sqlite3.Connection, sought: Sought, digits: int) -> dict[str, Any]:
    """``sales``: the newest first, as `_shown` says; ``count``: how many there are in all, at most 1,000. Every word of
    ``text`` has to fit; an amount is in major units of the currency, which has so many ``digits`` behind its point or
    comma."""
    where = [_SHOWN[sought.show]]
    values: dict[str, Any] = {"actor": sought.actor}
    for number, word in enumerate(folded(sought.text).split()[:MOST_WORDS]):
        where.append(f"l.pos IN ({_HOLDS.format(n=f'w{number}')})")
        values |= {f"w{number}_{name}": value for name, value in _meant(word, digits).items()}
    those = f"SELECT l.pos FROM p_listed l WHERE {' AND '.join(where)}"  # noqa: S608 - our own words
    first = [pos for (pos,) in db.execute(f"{those} ORDER BY l.pos DESC LIMIT {MOST_COUNTED}", values)]
    page = first[: sought.limit]
    if sought.before is not None:
        more = values | {"before": sought.before, "limit": sought.limit}
        page = [pos for (pos,) in db.execute(f"{those} AND l.pos < :before ORDER BY l.pos DESC LIMIT :limit", more)]
    return {"sales": [_shown(db, pos) for pos in page], "count": len(first)}


def get(db: sqlite3.Connection, sale: str) -> dict[str, Any] | None:
    """One sale as the list shows it."""
    row = db.execute("SELECT pos FROM p_listed WHERE sale = ?", (sale,)).fetchone()
    return _shown(db, row["pos"]) if row else None


def _meant(word: str, digits: int) -> dict[str, str]:
    """What a word may be: a number, an amount, a part of a reference or of an item's name, a ticket's beginning."""
    amount = ""
    if found := _MONEY.fullmatch(word):
        minor = Decimal(found[1].replace(",", ".")).scaleb(digits)
        amount = str(int(minor)) if minor == int(minor) else ""
    return {
        "number": _NUMBER + word.removeprefix("#"),
        "amount": _AMOUNT + amount,
        "part": word,
        "ticket": _TICKET + (word if len(word) >= _TICKET_BEGINS else "~"),
    }


def _shown(db: sqlite3.Connection, pos: int) -> dict[str, Any]:
    """One sale: what it was, and its ``state``: paid, unknown or declined (a card payment), refunded, part-refunded,
    voided."""
    row = db.execute(
        "SELECT l.*, f.body FROM p_listed l JOIN fact f ON f.pos = l.pos WHERE l.pos = ?", (pos,)
    ).fetchone()
    body = json.loads(row["body"])
    data = body["data"]
    shown = {
        "sale": data["sale"],
        "number": data["number"],
        "at": body["at"],
        "by": body["actor"],
        "drawer": data["drawer"],
        "total": data["total"],
        "currency": data["currency"],
        "items": _items(data["lines"]),
        "tenders": list(dict.fromkeys(tender["kind"] for tender in data["tenders"])),
        "state": _state(row),
        "pos": row["pos"],
    }
    return shown | ({"training": True} if data["training"] else {})


def _state(row: sqlite3.Row) -> str:
    if row["voided"]:
        return "voided"
    if row["entries"] and row["back"] >= row["total"]:
        return "refunded"
    if row["unknown"]:
        return "unknown"
    if row["declined"]:
        return "declined"
    return "part-refunded" if row["entries"] else "paid"


def _items(lines: list[dict[str, Any]]) -> str:
    """``2 x Coffee, Cake, 250 g Beans, -1 x Cup``, at most so many."""
    words = []
    for line in lines[:MOST_ITEMS]:
        if line.get("unit") == "gram":
            words.append(f"{line['qty']} g {line['name']}")
        else:
            words.append(line["name"] if line["qty"] == 1 else f"{line['qty']} x {line['name']}")
    if len(lines) > MOST_ITEMS:
        words.append(f"+{len(lines) - MOST_ITEMS}")
    return ", ".join(words)
