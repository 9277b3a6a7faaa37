"""Access tokens: which this box issued, and which sale each one paid for."""

import sqlite3
from typing import Any

from appliance.domain.access import IssueKnown, IssueTokens, Shown, TokenIssued, TokenRedeemed
from appliance.domain.presented import present
from appliance.domain.refunds import SaleVoided
from appliance.journal.records import Record
from appliance.projections import catalogue, events, tickets
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_token(
  token TEXT NOT NULL, event TEXT NOT NULL, sku TEXT NOT NULL, issued INTEGER, sale TEXT, PRIMARY KEY(token, event))
  STRICT, WITHOUT ROWID;
CREATE INDEX p_token_sale ON p_token(sale) WHERE sale IS NOT NULL;
"""


@folds(TokenIssued)
def issued(db: sqlite3.Connection, record: Record, fact: TokenIssued) -> None:
    """One of our own; it may have been used before this box heard of it."""
    db.execute(
        "INSERT INTO p_token VALUES(?, ?, ?, ?, NULL) ON CONFLICT(token, event) DO UPDATE SET issued = excluded.issued",
        (fact.token, record.body["event"], fact.for_, record.pos),
    )


@folds(TokenRedeemed)
def redeemed(db: sqlite3.Connection, record: Record, fact: TokenRedeemed) -> None:
    """It pays for nothing more."""
    db.execute(
        "INSERT INTO p_token VALUES(?, ?, ?, NULL, ?) ON CONFLICT(token, event) DO UPDATE SET sale = excluded.sale",
        (fact.token, record.body["event"], fact.sku, fact.sale),
    )


@folds(SaleVoided)
def freed(db: sqlite3.Connection, record: Record, fact: SaleVoided) -> None:
    """The sale never took place, so its tokens were not used."""
    db.execute("UPDATE p_token SET sale = NULL WHERE sale = ?", (fact.of,))


def redemptions(db: sqlite3.Connection, event: str) -> int:
    """How many tokens of an event paid for something."""
    (n,) = db.execute("SELECT count(*) FROM p_token WHERE event = ? AND sale IS NOT NULL", (event,)).fetchone()
    return int(n)


def get(db: sqlite3.Connection, token: str, event: str) -> dict[str, Any] | None:
    """``sku``, ``issued`` (by this box), ``number`` of the sale that it paid for or None; None: nothing is known."""
    row = db.execute(
        "SELECT t.sku, t.issued, s.number FROM p_token t LEFT JOIN p_sale s ON s.sale = t.sale "
        "WHERE t.token = ? AND t.event = ?",
        (token, event),
    ).fetchone()
    return {"sku": row["sku"], "issued": row["issued"] is not None, "number": row["number"]} if row else None


def shown(db: sqlite3.Connection, code: str, event: str, around: Surroundings) -> Shown:
    """What a code that is shown at the till is, and what became of it here."""
    found = present(code.strip(), "", around.ticket_keys, around.pretix_keys)
    if found.token is None:
        return Shown(None, found.fault if found.form == "token" else "unreadable")
    state = tickets.state(db, found.token.id, event)
    known = get(db, found.token.id, event)
    here = state is not None and state.event == event and (state.revoked or state.blocked or state.cancelled)
    revoked = here or tickets.for_good(db, found.token.id)
    return Shown(found.token, revoked=revoked, used_by=known["number"] if known else None)


@knows("tokens.issue")
def for_issuing(db: sqlite3.Connection, ask: IssueTokens, around: Surroundings) -> IssueKnown:
    """Event, item, and which of the tokens are there already."""
    event = events.current(db)
    items, _ = catalogue.pick(db, {ask.for_})
    present_ = {token for token in ask.tokens if event and (get(db, token, event.event) or {}).get("issued")}
    return IssueKnown(event, items.get(ask.for_), frozenset(present_))
