"""The box now: what its workers put on the board, what its journal says. ``GET /status`` and ``boothkit status``."""

import json
import sqlite3
from math import inf
from pathlib import Path
from typing import Any

from appliance import board
from appliance.clock import Now
from appliance.config import Config
from appliance.journal.notes import Verifier
from appliance.journal.read import Reader
from appliance.projections import counterwords, counting, devices, events, policy, power

SILENT_S = 15.0
"""A worker whose page is older than this says nothing any more (pages are renewed every 5 s)."""

RESTARTED = "Wait: the box starts it again by itself. If it stays so, restart the box."


def status(reader: Reader, run: Path, config: Config, now: Now, *, box: str) -> dict[str, Any]:
    """The answer of ``GET /status``; raises RecorderDown when the journal cannot be read."""
    db = reader.db()
    pages = board.read_all(run)
    head = reader.checkpoint()
    safe = reader.safe()
    (log,) = db.execute("SELECT coalesce(max(log), 0) FROM tree").fetchone()
    event = events.current(db)
    uplink = pages.get("uplink", {})
    return {
        "box": box,
        "log": log,
        "workers": _workers(pages, now),
        "devices": _devices(db, pages, event.event if event else ""),
        "power": power.now(_heard(pages.get("power", {}), now)),
        "disk": _disk(_heard(pages.get("recorder", {}), now)),
        "journal": {"pos": reader.position(), "checkpoint": head.size if head else 0},
        "uplink": {
            "connected": bool(uplink.get("connected", False)),
            "position": safe_int(uplink.get("position"), safe.pos),
            "safe": safe.pos,
            "reason": uplink.get("reason", ""),
            "remedy": uplink.get("remedy", ""),
        },
        "event": None
        if event is None
        else {field: getattr(event, field) for field in ("event", "name", "state", "currency", "timezone", "area_m2")},
        "policy": policy.status(db, now),
        "site": site(_heard(uplink, now), event.event if event else ""),
        "fingerprints": _fingerprints(db, log, config),
        "clock": {"trust": now.trust, "at": now.at},
    }


def site(page: dict[str, Any], event: str) -> dict[str, Any] | None:
    """The other boxes, from the uplink's page; None where this box is alone. ``boxes``: name → ``at``, whether it has
    the same ``event``, people ``inside`` by list (who went in there less who went out), what is left in ``stock``."""
    told = page.get("site")
    if not isinstance(told, dict):
        return None
    boxes = told.get("boxes")
    found: dict[str, dict[str, Any]] = {}
    for name, box in sorted(boxes.items()) if isinstance(boxes, dict) else ():
        match box:
            case {"at": str(at), "event": str(theirs), "inside": dict(inside), "stock": dict(stock)}:
                same = bool(event) and theirs == event
                found[name] = {"at": at, "event": same, "inside": _numbers(inside), "stock": _numbers(stock)}
            case _:
                continue
    words = {key: str(told.get(key, "")) for key in ("reason", "remedy")}
    return {"connected": told.get("connected") is True, **words, "boxes": found}


def _numbers(told: dict[str, Any]) -> dict[str, int]:
    return {str(name): value for name, value in told.items() if type(value) is int}


def _fingerprints(db: sqlite3.Connection, log: int, config: Config) -> dict[str, str | None]:
    """What stands on the poster: of the box's key in the present log, and of central's."""
    row = db.execute("SELECT body FROM fact WHERE log = ? AND seq = 1", (log,)).fetchone()
    own = json.loads(row["body"])["data"]["key"] if row else ""
    keys = {"box": own, "central": config.central.key}
    return {whose: Verifier.parse(key).fingerprint if key else None for whose, key in keys.items()}


def safe_int(value: object, default: int) -> int:
    """A board is other processes' ground: only a whole number counts."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _workers(pages: dict[str, dict[str, Any]], now: Now) -> dict[str, dict[str, Any]]:
    """What each worker shows of itself; the supervisor's word counts for one that is not running as it should.

    A page that says `standing` was put up once, by something that does not go on running.
    """
    supervised = pages.get("supervisor", {}).get("workers", {})
    found: dict[str, dict[str, Any]] = {}
    for name, page in pages.items():
        if name != "supervisor":
            age = board.age_s(page, now.mono)
            fresh = age <= SILENT_S or page.get("standing") is True
            found[name] = _entry(page) if fresh else _entry(page, "silent", _silence(age), RESTARTED)
    for name, page in supervised.items() if isinstance(supervised, dict) else ():
        if page.get("state") != "ready":
            found[name] = _entry(page) | {"remedy": page.get("remedy") or RESTARTED}
        entry = found.setdefault(name, _entry(page))
        entry["pid"], entry["restarts"] = page.get("pid"), page.get("restarts", 0)
    return dict(sorted(found.items()))


def _heard(page: dict[str, Any], now: Now) -> dict[str, Any]:
    """A page that is still being written; what a silent worker left behind is not how things are."""
    return page if board.age_s(page, now.mono) <= SILENT_S else {}


def _disk(page: dict[str, Any]) -> dict[str, Any]:
    """The card as the recorder says it is; all None while it says nothing."""
    told = page.get("disk")
    found = told if isinstance(told, dict) else {"missing": ["recorder"]}
    missing = {"missing": found["missing"]} if isinstance(found.get("missing"), list) else {}
    return {key: found.get(key) for key in ("free", "level", "days_left", "reserve")} | missing


def _entry(page: dict[str, Any], state: str = "", reason: str = "", remedy: str = "") -> dict[str, Any]:
    return {
        "state": state or page.get("state"),
        "pid": page.get("pid"),
        "restarts": max(0, safe_int(page.get("starts"), 1) - 1),
        "reason": reason or page.get("reason", ""),
        "remedy": remedy or page.get("remedy", ""),
    }


def _silence(age: float) -> str:
    return "its page is from before the last start" if age == inf else f"has said nothing for {age:.0f} s"


def _devices(db: sqlite3.Connection, pages: dict[str, dict[str, Any]], event: str) -> dict[str, dict[str, Any]]:
    """Live pages first; what no worker shows now is as it was last recorded. A counter that works and is not to be
    believed says why."""
    found: dict[str, dict[str, Any]] = {name: dict(state) for name, state in devices.states(db).items()}
    for page in pages.values():
        shown = page.get("devices")
        for name, device in shown.items() if isinstance(shown, dict) else ():
            since = found.get(name, {}).get("since")
            found[name] = {
                "kind": device.get("kind"),
                "state": device.get("state"),
                "reason": device.get("reason", ""),
                "remedy": device.get("remedy", ""),
                "since": since,
            }
    for one in counting.judgements(db, event):
        if one.device in found and one.verdict in ("poor", "unsuitable") and found[one.device]["state"] == "online":
            found[one.device]["reason"] = counterwords.sentence(one)
    return found
