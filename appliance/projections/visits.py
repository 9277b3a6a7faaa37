"""For how long the portal's pages were looked at, by event and page."""

import sqlite3

from appliance.domain.visits import LIMITS_S, PageSeen, VisitMeasured
from appliance.journal.records import Record
from appliance.projections.registry import folds

DECISIVE = False
TABLES = """
CREATE TABLE p_visit(
  event TEXT NOT NULL, page TEXT NOT NULL, visits INTEGER NOT NULL, seconds INTEGER NOT NULL, lost INTEGER NOT NULL,
  b0 INTEGER NOT NULL, b1 INTEGER NOT NULL, b2 INTEGER NOT NULL, b3 INTEGER NOT NULL, b4 INTEGER NOT NULL,
  PRIMARY KEY(event, page)) STRICT;
"""

_BUCKETS = len(LIMITS_S) + 1


@folds(VisitMeasured)
def measured(db: sqlite3.Connection, record: Record, fact: VisitMeasured) -> None:
    """A batch adds to its page."""
    db.execute(
        "INSERT INTO p_visit VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(event, page) DO UPDATE SET "
        "visits = visits + excluded.visits, seconds = seconds + excluded.seconds, lost = lost + excluded.lost, "
        "b0 = b0 + excluded.b0, b1 = b1 + excluded.b1, b2 = b2 + excluded.b2, b3 = b3 + excluded.b3, "
        "b4 = b4 + excluded.b4",
        (record.body["event"], fact.page, fact.visits, fact.seconds, fact.lost, *fact.by_bucket),
    )


def of_event(db: sqlite3.Connection, event: str) -> list[PageSeen]:
    """The pages in the order of their visits, the most first."""
    rows = db.execute("SELECT * FROM p_visit WHERE event = ? ORDER BY visits DESC, page", (event,))
    return [
        PageSeen(
            row["page"],
            row["visits"],
            row["seconds"],
            tuple(row[f"b{place}"] for place in range(_BUCKETS)),
            row["lost"],
        )
        for row in rows
    ]
