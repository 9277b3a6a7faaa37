"""Power as recorded: samples, energy of an event, the level and its steps, vetoes, the planned end, the sun so far."""

import sqlite3
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from appliance.clock import parse_rfc3339, rfc3339
from appliance.domain.energy import CO2_G_PER_KWH, CO2_SOURCE, Energy
from appliance.domain.kernel import Ask
from appliance.domain.power import (
    LEVELS,
    EventPlanned,
    Level,
    LevelChanged,
    PowerKnown,
    PowerSampled,
    PowerVetoed,
    Step,
    StepChanged,
)
from appliance.journal.records import Record
from appliance.projections.registry import Surroundings, folds, knows

SPAN_S = 90
"""A sample that does not say what time it stands for stands for the time since the one before, if no longer ago."""
GAP_S = 180
"""Without a sample for longer than this, the time between is a gap: nothing is known of it."""
SLOT_MS = 1_800_000
SUN_DAYS = 3

TABLES = """
CREATE TABLE p_power(
  pos INTEGER PRIMARY KEY, event TEXT NOT NULL, at TEXT NOT NULL, at_ms INTEGER NOT NULL, boot TEXT NOT NULL,
  mono INTEGER NOT NULL, soc_permille INTEGER, mv INTEGER, ma INTEGER, pv_mw INTEGER, load_mw INTEGER, in_mw INTEGER,
  out_mw INTEGER, span_s INTEGER NOT NULL, counted INTEGER NOT NULL, sigma_permille INTEGER) STRICT;
CREATE TABLE p_sun(
  day INTEGER NOT NULL, slot INTEGER NOT NULL, mj INTEGER NOT NULL, seconds INTEGER NOT NULL,
  PRIMARY KEY(day, slot)) STRICT, WITHOUT ROWID;
CREATE TABLE p_power_level(one INTEGER PRIMARY KEY, level TEXT NOT NULL, at TEXT NOT NULL) STRICT;
CREATE TABLE p_power_step(
  step TEXT PRIMARY KEY, state TEXT NOT NULL, level TEXT NOT NULL, final INTEGER NOT NULL, vetoes INTEGER NOT NULL,
  at TEXT NOT NULL) STRICT;
CREATE TABLE p_power_veto(
  step TEXT PRIMARY KEY, level TEXT NOT NULL, boot TEXT NOT NULL, mono INTEGER NOT NULL, for_s INTEGER NOT NULL,
  at TEXT NOT NULL) STRICT;
CREATE TABLE p_plan(event TEXT PRIMARY KEY, closes_ms INTEGER NOT NULL) STRICT;
"""


@folds(PowerSampled)
def sampled(db: sqlite3.Connection, record: Record, fact: PowerSampled) -> None:
    """A sample, the time it stands for, and the sun of its half hour."""
    body = record.body
    at_ms = parse_rfc3339(body["at"])
    span = fact.over_s or _since(db, body)
    db.execute(
        f"INSERT INTO p_power VALUES({', '.join('?' * 16)})",
        (
            *(record.pos, body["event"], body["at"], at_ms, body["boot"], body["mono"]),
            *(fact.soc_permille, fact.mv, fact.ma, fact.pv_mw, fact.load_mw, fact.in_mw, fact.out_mw),
            *(span, int(fact.counted), fact.sigma_permille),
        ),
    )
    if fact.pv_mw is not None and span and body["clock"] != "none":
        day, slot = divmod(at_ms // SLOT_MS, 48)
        db.execute(
            "INSERT INTO p_sun VALUES(?, ?, ?, ?) ON CONFLICT(day, slot) DO UPDATE SET mj = mj + excluded.mj, "
            "seconds = seconds + excluded.seconds",
            (day, slot, fact.pv_mw * span, span),
        )


def _since(db: sqlite3.Connection, body: dict[str, Any]) -> int:
    row = db.execute("SELECT boot, mono FROM p_power ORDER BY pos DESC LIMIT 1").fetchone()
    if row is None or row["boot"] != body["boot"]:
        return 0
    passed = round((body["mono"] - row["mono"]) / 1e6)
    return passed if 0 <= passed <= SPAN_S else 0


@folds(LevelChanged)
def level_changed(db: sqlite3.Connection, record: Record, fact: LevelChanged) -> None:
    """The newest level."""
    db.execute("INSERT OR REPLACE INTO p_power_level VALUES(1, ?, ?)", (fact.to, record.body["at"]))


@folds(StepChanged)
def step_changed(db: sqlite3.Connection, record: Record, fact: StepChanged) -> None:
    """The newest state of a step; it is counted anew how often it was put off once it is over."""
    over = fact.state in ("withdrawn", "refused")
    db.execute(
        "INSERT INTO p_power_step VALUES(?, ?, ?, ?, 0, ?) ON CONFLICT(step) DO UPDATE SET state = excluded.state, "
        "level = excluded.level, final = excluded.final, at = excluded.at, "
        "vetoes = CASE WHEN ? THEN 0 ELSE vetoes END",
        (fact.step, fact.state, fact.level, int(fact.final), record.body["at"], int(over)),
    )


@folds(PowerVetoed)
def vetoed(db: sqlite3.Connection, record: Record, fact: PowerVetoed) -> None:
    """The step stays on, or comes back."""
    body = record.body
    db.execute(
        "INSERT OR REPLACE INTO p_power_veto VALUES(?, ?, ?, ?, ?, ?)",
        (fact.step, fact.level, body["boot"], body["mono"], fact.for_s, body["at"]),
    )
    db.execute("UPDATE p_power_step SET state = 'on', vetoes = vetoes + 1 WHERE step = ?", (fact.step,))


@folds(EventPlanned)
def planned(db: sqlite3.Connection, record: Record, fact: EventPlanned) -> None:
    """When an event is meant to close."""
    db.execute("INSERT OR REPLACE INTO p_plan VALUES(?, ?)", (fact.event, parse_rfc3339(fact.closes)))


def newest(db: sqlite3.Connection) -> dict[str, Any] | None:
    """The newest sample: ``pos, at, soc_permille, mv, ma, pv_mw, load_mw``; or None."""
    row = db.execute(
        "SELECT pos, at, soc_permille, mv, ma, pv_mw, load_mw FROM p_power ORDER BY pos DESC LIMIT 1"
    ).fetchone()
    return dict(row) if row else None


def level(db: sqlite3.Connection) -> Level:
    """How short the power is, as last recorded."""
    row = db.execute("SELECT level FROM p_power_level").fetchone()
    return next((known for known in LEVELS if row and row["level"] == known), "normal")


def shed(db: sqlite3.Connection) -> frozenset[str]:
    """The steps that are off now, such as ``uplink``."""
    return frozenset(row["step"] for row in db.execute("SELECT step FROM p_power_step WHERE state = 'off'"))


def step_times(db: sqlite3.Connection) -> dict[str, str]:
    """Since when each step is as it is (RFC 3339)."""
    return {row["step"]: row["at"] for row in db.execute("SELECT step, at FROM p_power_step ORDER BY step")}


def closes_ms(db: sqlite3.Connection, event: str) -> int | None:
    """When an event is meant to close, in Unix milliseconds."""
    row = db.execute("SELECT closes_ms FROM p_plan WHERE event = ?", (event,)).fetchone()
    return row["closes_ms"] if row else None


def wanted(db: sqlite3.Connection) -> dict[str, Any]:
    """What the power worker has to know and may not read itself: ``level``; ``off`` (steps); ``vetoes`` (``step, level,
    boot, mono`` µs, ``for_s``); ``last`` (``soc_permille, sigma_permille, counted, at_ms, boot, mono``) or None;
    ``closes_ms`` of the present event or None; ``sun`` (half hour of the UTC day → mW, of the last days)."""
    last = db.execute(
        "SELECT soc_permille, sigma_permille, counted, at_ms, boot, mono FROM p_power WHERE soc_permille IS NOT NULL "
        "ORDER BY pos DESC LIMIT 1"
    ).fetchone()
    plan = db.execute(
        "SELECT closes_ms FROM p_plan WHERE event = (SELECT event FROM p_event ORDER BY ordinal DESC LIMIT 1)"
    ).fetchone()
    sun = db.execute(
        "SELECT slot, sum(mj) / sum(seconds) AS mw FROM p_sun WHERE day > (SELECT max(day) FROM p_sun) - ? "
        "GROUP BY slot HAVING sum(seconds) >= 300",
        (SUN_DAYS,),
    )
    vetoes = db.execute("SELECT step, level, boot, mono, for_s FROM p_power_veto ORDER BY step")
    return {
        "level": level(db),
        "off": sorted(shed(db)),
        "vetoes": [dict(row) for row in vetoes],
        "last": dict(last) if last else None,
        "closes_ms": plan["closes_ms"] if plan else None,
        "sun": {str(row["slot"]): row["mw"] for row in sun},
    }


def now(page: dict[str, Any]) -> dict[str, Any]:
    """What the power worker shows on its board ``page`` now, for ``GET /status``; None = not known, or no worker.

    ``soc`` percent, ``soc_from`` (``measured`` or ``counted``), ``soc_sigma`` percent, ``volts``, ``watts`` of the
    load, ``pv_watts``, ``battery_watts`` (negative while it gives), ``celsius``, ``time_to_empty_s`` with ``_low_s``
    and ``_high_s``, ``at_close`` percent with ``_low`` and ``_high``, ``closes`` (RFC 3339), ``level``, ``steps`` and
    ``shutdown`` as the worker shows them.
    """
    told = page.get("power")
    values: dict[str, Any] = told if isinstance(told, dict) else {}
    ahead = values.get("forecast")
    ahead = ahead if isinstance(ahead, dict) else {}
    mv, ma = _whole(values, "mv"), _whole(values, "ma")
    soc = _scaled(values, "soc_permille", 10)
    closes = _whole(values, "closes_ms")
    flow = None if mv is None or ma is None else mv * ma / 1e6
    load = _scaled(values, "load_mw", 1000)
    empty = _whole(ahead, "empty_s")
    return {
        "soc": soc,
        "soc_from": None if soc is None else "counted" if values.get("counted") is True else "measured",
        "soc_sigma": _scaled(values, "sigma_permille", 10),
        "volts": _scaled(values, "mv", 1000),
        "watts": max(0.0, -flow) if load is None and flow is not None else load,
        "pv_watts": _scaled(values, "pv_mw", 1000),
        "battery_watts": None if flow is None else round(flow, 1),
        "celsius": _whole(values, "celsius"),
        "time_to_empty_s": _whole(values, "ttg_s") if empty is None and not ahead else empty,
        "time_to_empty_low_s": _whole(ahead, "empty_low_s"),
        "time_to_empty_high_s": _whole(ahead, "empty_high_s"),
        "at_close": _scaled(ahead, "at_close", 10),
        "at_close_low": _scaled(ahead, "at_close_low", 10),
        "at_close_high": _scaled(ahead, "at_close_high", 10),
        "closes": None if closes is None else rfc3339(closes),
        "level": values["level"] if values.get("level") in LEVELS and values.get("known") is True else None,
        "limits": values["limits"] if isinstance(values.get("limits"), dict) else {},
        "steps": [step for step in steps if isinstance(step, dict)]
        if isinstance(steps := values.get("steps"), list)
        else [],
        "shutdown": values["shutdown"] if isinstance(values.get("shutdown"), dict) else None,
    }


def _whole(values: dict[str, Any], key: str) -> int | None:
    """A board is other processes' ground: only a whole number counts."""
    value = values.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _scaled(values: dict[str, Any], key: str, unit: int) -> float | None:
    value = _whole(values, key)
    return None if value is None else value / unit


def sheet(db: sqlite3.Connection, event: str, zone: str) -> dict[str, Any]:
    """The energy of an event: ``days`` (``day, pv_wh, load_wh, battery_in_wh, battery_out_wh, seconds``, in the event's
    own time zone), ``total`` alike, ``gaps`` (``from, to, seconds``) that are in no sum, ``co2`` (``low_g, high_g,
    per_kwh_g, source``) that a petrol generator would have given off for the load; grams are None while no load was
    measured."""
    rows = db.execute(
        "SELECT at_ms / 900000 AS quarter, sum(span_s) AS seconds, sum(pv_mw * span_s) AS pv, "
        "sum(load_mw * span_s) AS load, sum(in_mw * span_s) AS taken, sum(out_mw * span_s) AS given "
        "FROM p_power WHERE event = ? GROUP BY quarter ORDER BY quarter",
        (event,),
    )
    days: dict[str, Energy] = {}
    for row in rows:
        day = f"{datetime.fromtimestamp(row['quarter'] * 900, ZoneInfo(zone)):%Y-%m-%d}"
        energy = Energy(row["seconds"], row["pv"], row["load"], row["taken"], row["given"])
        days[day] = days.get(day, Energy()) + energy
    total = sum(days.values(), Energy())
    grams = total.co2_g()
    return {
        "days": [{"day": day, **energy.sheet()} for day, energy in days.items()],
        "total": total.sheet(),
        "gaps": _gaps(db, event),
        "co2": {
            "low_g": grams[0] if grams else None,
            "high_g": grams[1] if grams else None,
            "per_kwh_g": list(CO2_G_PER_KWH),
            "source": CO2_SOURCE,
        },
    }


def _gaps(db: sqlite3.Connection, event: str) -> list[dict[str, Any]]:
    rows = db.execute(
        "SELECT before, at_ms FROM (SELECT lag(at_ms) OVER (ORDER BY pos) AS before, at_ms FROM p_power "
        "WHERE event = ?) WHERE at_ms - before > ? ORDER BY at_ms",
        (event, GAP_S * 1000),
    )
    return [
        {"from": rfc3339(row["before"]), "to": rfc3339(row["at_ms"]), "seconds": (row["at_ms"] - row["before"]) // 1000}
        for row in rows
    ]


def history(db: sqlite3.Connection, since_ms: int, every_ms: int) -> list[dict[str, Any]]:
    """Means of ``every_ms`` each since then, oldest first: ``at_ms, soc_permille, pv_mw, load_mw``; what was not
    measured is None, times without a sample are left out."""
    rows = db.execute(
        "SELECT at_ms / ?1 * ?1 AS at_ms, avg(soc_permille) AS soc_permille, avg(pv_mw) AS pv_mw, "
        "avg(load_mw) AS load_mw FROM p_power WHERE at_ms >= ?2 GROUP BY at_ms / ?1 ORDER BY 1",
        (every_ms, since_ms),
    )
    return [dict(row) for row in rows]


@knows("power.change_level", "power.change_step", "power.veto")
def for_shedding(db: sqlite3.Connection, ask: Ask, around: Surroundings) -> PowerKnown:
    """The level and every step."""
    rows = db.execute("SELECT step, state, level, final, vetoes FROM p_power_step")
    steps = {row["step"]: Step(row["state"], row["level"], bool(row["final"]), row["vetoes"]) for row in rows}
    return PowerKnown(level(db), steps)
