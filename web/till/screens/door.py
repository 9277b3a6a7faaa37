"""The door: one scan, one verdict, as large as the screen."""

import json
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template

from appliance.journal.read import Stored
from appliance.projections import events, kpis, tickets
from web.till import frame
from web.till.deps import deps, here
from web.till.tabs import Tab

blueprint = Blueprint("door", __name__)
TAB = Tab(2, "Door", "door.page", "door")

_LAST = 8
_LOOK_BACK = 200  # facts among which the last scans are looked for
_ICONS = {"ticket.admitted/1": "tick", "ticket.exited/1": "back", "ticket.refused/1": "cross"}


@dataclass(frozen=True)
class LastScan:
    """One line of the list of last scans."""

    icon: str
    ticket: str
    what: str
    gate: str
    time: str


@blueprint.get("/door")
def page() -> str:
    """Ready to scan."""
    lists = list(tickets.counts(deps().reader.db()))
    return frame.render("door.html", tab="door.page", lists=lists, **_now())


@blueprint.get("/door/now")
def now() -> str:
    """Who is inside, list by list, and the last scans."""
    return render_template("_door_now.html", **_now())


def _now() -> dict[str, object]:
    db = deps().reader.db()
    event = events.current(db)
    return {
        "attendance": kpis.kpis(db, deps().clock())["attendance"],
        "counts": tickets.counts(db),
        "scans": _last_scans(event.timezone if event else "UTC"),
    }


def _last_scans(zone: str) -> list[LastScan]:
    reader = deps().reader
    stored = reader.facts(max(0, reader.position() - _LOOK_BACK), _LOOK_BACK)
    return [_scan(json.loads(fact.body), zone) for fact in reversed(_scans(stored))][:_LAST]


def _scans(stored: list[Stored]) -> list[Stored]:
    """Those that are scans, by a look at the text: most facts are not, and parsing costs."""
    return [fact for fact in stored if any(f'"kind":"{kind}"' in fact.body for kind in _ICONS)]


def _scan(body: dict[str, Any], zone: str) -> LastScan:
    kind, data = body["kind"], body["data"]
    what = data["list"] or "no list"
    if kind == "ticket.refused/1":
        what = data["reason"].replace("_", " ")
    elif kind == "ticket.exited/1":
        what = "left"
    return LastScan(
        icon=_ICONS[kind],
        ticket=ticket_words(data["ticket"]),
        what=what,
        gate=data["gate"],
        time=here().wording.time(body["at"], zone),
    )


def ticket_words(ticket: str | None) -> str:
    """A ticket's id as people compare it: the last eight digits in two groups."""
    if ticket is None:
        return "No ticket"
    tail = ticket[-8:].upper()
    return f"{tail[:4]}\N{NO-BREAK SPACE}{tail[4:]}"
