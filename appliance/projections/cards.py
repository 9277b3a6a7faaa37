"""Card payments whose outcome was not known at the sale, and what they were settled with."""

import sqlite3
from typing import Any

from appliance.domain.cards import CardKnown, SettleCard, Settled, TenderSettled, as_known
from appliance.domain.sales import SaleCompleted
from appliance.journal.records import Record
from appliance.projections import sales
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_card(
  sale TEXT NOT NULL, tender INTEGER NOT NULL, pos INTEGER NOT NULL, event TEXT NOT NULL, number TEXT NOT NULL,
  training INTEGER NOT NULL, outcome TEXT, reference TEXT, PRIMARY KEY(sale, tender)) STRICT, WITHOUT ROWID;
CREATE INDEX p_card_unknown ON p_card(event, pos) WHERE outcome IS NULL AND NOT training;
"""


@folds(SaleCompleted)
def sold(db: sqlite3.Connection, record: Record, fact: SaleCompleted) -> None:
    """Its outcomes that are not known; those of training can be settled too, and are missed by nobody."""
    for number, tender in enumerate(fact.tenders, 1):
        if tender.status == "unknown":
            row = (fact.sale, number, record.pos, record.body["event"], fact.number, int(fact.training))
            db.execute("INSERT INTO p_card VALUES(?, ?, ?, ?, ?, ?, NULL, NULL)", row)


@folds(TenderSettled)
def settled(db: sqlite3.Connection, record: Record, fact: TenderSettled) -> None:
    """One of them is known."""
    db.execute(
        "UPDATE p_card SET outcome = ?, reference = ? WHERE sale = ? AND tender = ?",
        (fact.outcome, fact.reference, fact.sale, fact.tender),
    )


def of_sale(db: sqlite3.Connection, sale: str) -> Settled:
    """What the card payments of a sale were settled with."""
    rows = db.execute(
        "SELECT tender, outcome, reference FROM p_card WHERE sale = ? AND outcome IS NOT NULL ORDER BY tender", (sale,)
    )
    return {row["tender"]: (row["outcome"], row["reference"]) for row in rows}


def tenders(db: sqlite3.Connection, sale: str) -> list[dict[str, Any]]:
    """The tenders of a sale with what is known of them now; none when there is no such sale."""
    found = sales.fact(db, sale)
    return [] if found is None else as_known(found, of_sale(db, sale))


def unknown(db: sqlite3.Connection, event: str) -> dict[str, str]:
    """Sale → number of an event's sales with an outcome that is not known, the oldest first."""
    rows = db.execute(
        "SELECT sale, number FROM p_card WHERE event = ? AND outcome IS NULL AND NOT training ORDER BY pos", (event,)
    )
    return {row["sale"]: row["number"] for row in rows}


@knows("card.settle")
def for_settling(db: sqlite3.Connection, ask: SettleCard, around: Surroundings) -> CardKnown:
    """The sale, and what is known of its cards."""
    row = db.execute("SELECT event FROM p_sale WHERE sale = ?", (ask.sale,)).fetchone()
    return CardKnown(sales.fact(db, ask.sale), row["event"] if row else "", of_sale(db, ask.sale))
