"""What the journal knows of the present event, as the KPIs want it."""

import sqlite3
from typing import Any

from appliance.clock import Now, parse_rfc3339
from appliance.domain import kpis as numbers
from appliance.projections import door, events, sales


def kpis(db: sqlite3.Connection, now: Now) -> dict[str, Any]:
    """``GET /kpis``: the present event's numbers at ``now``."""
    return numbers.compute(measure(db, now))


def measure(db: sqlite3.Connection, now: Now) -> numbers.Measured:
    """Attendance from crossings where a footfall device has counted, else from admissions and exits, never the sum."""
    event = events.current(db)
    name = event.event if event else ""
    opened = events.opened_at(db, name)
    start = parse_rfc3339(opened) if opened else None
    source, flow = _flow(db, name, start)
    sold = db.execute(
        "SELECT count(*) AS n, coalesce(sum(total), 0) AS gross, coalesce(sum(net), 0) AS net, "
        "coalesce(sum(cost), 0) AS cost, coalesce(sum(lines_without_cost), 0) AS without, min(at) AS first "
        "FROM p_sale WHERE event = ? AND NOT training",
        (name,),
    ).fetchone()
    back = sales.taken_back(db, name)
    first = (parse_rfc3339(sold["first"]) - start) / 1000 if sold["first"] and start is not None else None
    return numbers.Measured(
        source=source,
        flow=flow,
        seconds_open=None if start is None else (now.wall_ms - start) / 1000,
        sales=sold["n"] - back["voids"],
        gross=sold["gross"] - back["gross"],
        net=sold["net"] - back["net"],
        cost=sold["cost"] - back["cost"],
        lines_without_cost=sold["without"],
        signups=0,
        redemptions=0,
        buys=sold["n"] - back["voids"],
        first_sale_s=first,
        area_m2=event.area_m2 if event else None,
    )


def _flow(db: sqlite3.Connection, event: str, start: int | None) -> tuple[str | None, list[numbers.Flow]]:
    rows = db.execute("SELECT at, source, in_, out FROM p_crossing WHERE event = ? ORDER BY pos", (event,)).fetchall()
    source = rows[0]["source"] if rows else None
    if not rows:
        rows = door.movements(db, event)
        source = "admissions" if rows else None
    begin = start if start is not None else (parse_rfc3339(rows[0]["at"]) if rows else 0)
    flow = [numbers.Flow((parse_rfc3339(row["at"]) - begin) / 1000, row["in_"], row["out"]) for row in rows]
    return source, flow
