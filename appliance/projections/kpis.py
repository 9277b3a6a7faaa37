"""What the journal knows of the present event, as the KPIs want it."""

import sqlite3
from operator import itemgetter
from typing import Any

from appliance.clock import Now, parse_rfc3339
from appliance.domain import kpis as numbers
from appliance.domain.timeline import Timeline
from appliance.projections import counting, door, events, footfall, guests, headcount, sales, steps, tokens, visits
from appliance.projections.counterwords import doubts

_Step = tuple[int, str, dict[str, Any]]
"""Position, time (RFC 3339), what a `Flow` says of it."""


def kpis(db: sqlite3.Connection, now: Now) -> dict[str, Any]:
    """``GET /kpis``: the present event's numbers at ``now``."""
    return numbers.compute(measure(db, now))


def measure(db: sqlite3.Connection, now: Now) -> numbers.Measured:
    """Attendance from crossings where a footfall device has counted, else from admissions and exits, never the sum."""
    event = events.current(db)
    name = event.event if event else ""
    opened = events.opened_at(db, name)
    begin = (events.opened_pos(db, name) or 0) if opened else 0
    times = steps.timeline(db, begin, trusted=now.trusted)
    start = times.wall_ms(begin, parse_rfc3339(opened)) if opened else None
    judged = counting.judgements(db, name)
    source, steps_ = _steps(db, name, judged)
    sold = db.execute(
        "SELECT count(*) AS n, coalesce(sum(total), 0) AS gross, coalesce(sum(net), 0) AS net, "
        "coalesce(sum(cost), 0) AS cost, coalesce(sum(lines_without_cost), 0) AS without, min(pos) AS first, at "
        "FROM p_sale WHERE event = ? AND NOT training",
        (name,),
    ).fetchone()
    back = sales.taken_back(db, name)
    first = None
    if sold["first"] is not None and start is not None:
        first = (times.wall_ms(sold["first"], parse_rfc3339(sold["at"])) - start) / 1000
    return numbers.Measured(
        source=source,
        blind=source != "admissions" and counting.unsuitable(judged),
        doubts=doubts(judged),
        flow=_flow(steps_, start, times),
        corrected=_corrected(db, name),
        dwell=counting.dwell(db, name),
        seconds_open=None if start is None else (now.wall_ms - start) / 1000,
        sales=sold["n"] - back["voids"],
        gross=sold["gross"] - back["gross"],
        net=sold["net"] - back["net"],
        cost=sold["cost"] - back["cost"],
        lines_without_cost=sold["without"],
        signups=guests.signups(db, name),
        redemptions=tokens.redemptions(db, name),
        buys=sold["n"] - back["voids"],
        first_sale_s=first,
        area_m2=event.area_m2 if event else None,
        visits=visits.of_event(db, name),
    )


def _steps(db: sqlite3.Connection, event: str, judged: list[counting.Judged]) -> tuple[str | None, list[_Step]]:
    """By what people are counted, and all that happened to the count, in the order in which it was recorded."""
    rows = footfall.entrances(db, event)
    source = "+".join(sorted({row["source"] for row in rows})) or None
    steps: list[_Step] = []
    if source is None:
        rows = door.movements(db, event)
        source = "admissions" if rows else None
    else:
        steps += [(pos, at, {"lost": True}) for one in judged for pos, at in one.lost]
    steps += [(row["pos"], row["at"], {"in_": row["in_"], "out": row["out"]}) for row in rows]
    if source is not None:
        steps += [(row["pos"], row["at"], {"corrected": row["occupancy"]}) for row in headcount.corrections(db, event)]
    return source, sorted(steps, key=itemgetter(0))


def _flow(steps: list[_Step], start: int | None, times: Timeline) -> list[numbers.Flow]:
    at = [times.wall_ms(pos, parse_rfc3339(at)) for pos, at, _ in steps]
    begin = start if start is not None else next(iter(at), 0)
    return [numbers.Flow((ms - begin) / 1000, **what) for ms, (_, _, what) in zip(at, steps, strict=True)]


def _corrected(db: sqlite3.Connection, event: str) -> numbers.Corrected | None:
    rows = headcount.corrections(db, event)
    if not rows:
        return None
    last = rows[-1]
    drift = None if last["counted"] is None else last["counted"] - last["occupancy"]
    return numbers.Corrected(last["at"], drift)
