"""The limits in force, and how far people went towards them and beyond."""

import sqlite3
from fractions import Fraction
from typing import Any

from appliance.domain.guardrails import GuardrailBroken, Limits
from appliance.domain.refunds import SaleRefunded, SaleVoided
from appliance.domain.sales import SaleCompleted
from appliance.journal.records import Record
from appliance.projections import policy
from appliance.projections.registry import folds

TABLES = """
CREATE TABLE p_guardrail(
  event TEXT NOT NULL, rule TEXT NOT NULL, count INTEGER NOT NULL, most INTEGER NOT NULL, beyond INTEGER NOT NULL,
  PRIMARY KEY(event, rule)) STRICT, WITHOUT ROWID;
"""

_MILLION = 1_000_000
"""Shares are stored in millionths: they have at most six places."""


def limits(db: sqlite3.Connection) -> Limits:
    """The guardrails that hold now, and the policy that they come from."""
    return Limits(policy.guardrails(db), policy.in_force(db).version)


def _count(db: sqlite3.Connection, record: Record, rule: str, *, value: int, count: int = 1, beyond: int = 0) -> None:
    db.execute(
        "INSERT INTO p_guardrail VALUES(:event, :rule, :count, :value, :beyond) ON CONFLICT(event, rule) DO UPDATE SET "
        "count = count + :count, most = max(most, :value), beyond = beyond + :beyond",
        {"event": record.body["event"], "rule": rule, "count": count, "value": value, "beyond": beyond},
    )


@folds(SaleCompleted)
def reduced(db: sqlite3.Connection, record: Record, fact: SaleCompleted) -> None:
    """A discount, within the limits or beyond; training is none."""
    if fact.share_off is not None and not fact.training:
        _count(db, record, "discount", value=int(Fraction(fact.share_off) * _MILLION))


@folds(SaleVoided, SaleRefunded)
def given_back(db: sqlite3.Connection, record: Record, fact: SaleVoided | SaleRefunded) -> None:
    """Money that went back."""
    if not fact.training:
        _count(db, record, "refund", value=fact.total)


@folds(GuardrailBroken)
def broken(db: sqlite3.Connection, record: Record, fact: GuardrailBroken) -> None:
    """Somebody went beyond what is allowed alone; how far stands in the fact that it is about, but for the people
    inside."""
    if fact.rule == "occupancy":
        _count(db, record, fact.rule, value=int(fact.value), beyond=1)
    else:
        _count(db, record, fact.rule, value=0, count=0, beyond=1)


def today(db: sqlite3.Connection, event: str) -> dict[str, dict[str, Any]]:
    """Of an event, by rule: ``count``, how often; ``most``, the largest (a share as text, minor units, people), None
    when there was none; ``beyond``, how often on the lead's word. Of ``occupancy``, ``count`` is how often as well."""
    rows = {row["rule"]: row for row in db.execute("SELECT * FROM p_guardrail WHERE event = ?", (event,))}
    found: dict[str, dict[str, Any]] = {}
    for rule in ("discount", "refund", "occupancy"):
        row = rows.get(rule)
        most: Any = row["most"] if row and row["count"] else None
        if rule == "occupancy":
            most = _most_inside(db, event)
        elif rule == "discount" and most is not None:
            most = f"{most // _MILLION}.{most % _MILLION:06}".rstrip("0").rstrip(".")
        count, beyond = (row["count"], row["beyond"]) if row else (0, 0)
        found[rule] = {"count": count, "most": most, "beyond": beyond}
    return found


def _most_inside(db: sqlite3.Connection, event: str) -> int | None:
    """The most people who were inside at once, over all lists; None: nobody was yet."""
    (most,) = db.execute(
        "SELECT max(inside) FROM (SELECT sum(iif(verdict = 'admitted', 1, 0) - was_inside) OVER (ORDER BY pos) "
        "AS inside FROM p_scan WHERE event = ? AND verdict <> 'refused' AND NOT undone)",
        (event,),
    ).fetchone()
    return None if most is None else int(most)
