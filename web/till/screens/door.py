"""The door: one scan, one verdict, as large as the screen."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template

from appliance.clock import rfc3339
from appliance.domain.doorrules import FINAL
from appliance.domain.guardrails import Limits
from appliance.language import N_
from appliance.projections import door, events, headcount, kpis
from appliance.receipts.tickets import ticket_words
from web.till import auth, frame, guests
from web.till.deps import deps, here
from web.till.tabs import Tab

blueprint = Blueprint("door", __name__)
TAB = Tab(2, N_("Door"), "door.page", "door")

PLOT_WIDTH = 300
"""Units of the bar that shows how full a list is."""
_LAST = 8
_HOUR_MS = 3_600_000
_TERMS = ("list", "entry", "capacity")
"""What the page's script knows of a list."""
_ICONS = {"admitted": "tick", "exited": "back", "refused": "cross"}


@dataclass(frozen=True)
class LastScan:
    """One line of the list of last scans. ``reason``: the rule's name; the page's script has the words for it."""

    icon: str
    ticket: str
    list: str
    gate: str
    time: str
    reason: str | None
    undone: bool
    forced: bool


@dataclass(frozen=True)
class ListNow:
    """One list. ``width``: of the bar, of PLOT_WIDTH; None where the list has no limit."""

    list: str
    admitted: int
    total: int
    inside: int
    refused: int
    capacity: int | None
    width: int | None


@dataclass(frozen=True)
class Crowd:
    """People inside over all lists, by their tickets, and how many the policy lets in ``alone`` and with the ``lead``;
    ``width``: as of a list."""

    inside: int
    alone: int
    lead: int | None
    policy: int
    width: int

    @property
    def full(self) -> bool:
        """The door lets nobody in by itself."""
        return self.inside >= self.alone

    @property
    def packed(self) -> bool:
        """Nor does the lead."""
        return self.lead is not None and self.inside >= self.lead


@blueprint.get("/door")
def page() -> str:
    """Ready to scan."""
    return frame.render("door.html", tab="door.page", final=sorted(FINAL), **_now())


@blueprint.get("/door/now")
def now() -> str:
    """Who is inside, list by list, and the last scans."""
    return render_template("_door_now.html", **_now())


def _now() -> dict[str, object]:
    db, at = deps().reader.db(), deps().clock()
    event = events.current(db)
    shape, limits = guests.shape(), auth.limits()
    crowd = _crowd(sum(one["inside"] for one in shape["lists"]), limits)
    return {
        "elsewhere": [(name, sum(box["inside"].values())) for name, box in frame.neighbours().items()],
        "flow": sum(door.flow(db).values()),
        "crowd": crowd,
        "over": headcount.crowded(db),
        "attendance": kpis.kpis(db, at)["attendance"],
        "an_hour": door.entries_since(db, event.event if event else "", rfc3339(at.wall_ms - _HOUR_MS)),
        "lists": [_list(one) for one in shape["lists"]],
        "shape": {
            "lists": [{key: one[key] for key in _TERMS} for one in shape["lists"]],
            "gates": shape["gates"],
            "most": limits.rails.occupancy.lead,
            "policy": limits.policy,
        },
        "scans": [_scan(one, event.timezone if event else "UTC") for one in door.scans(db, _LAST)],
    }


def _crowd(inside: int, limits: Limits) -> Crowd | None:
    rail = limits.rails.occupancy
    if rail.door is None:
        return None
    return Crowd(inside, rail.door, rail.lead, limits.policy, min(PLOT_WIDTH, PLOT_WIDTH * inside // rail.door))


def _list(one: dict[str, Any]) -> ListNow:
    inside, capacity = one["inside"], one["capacity"]
    return ListNow(
        list=one["list"],
        admitted=one["admitted"],
        total=one["total"],
        inside=inside,
        refused=one["refused"],
        capacity=capacity,
        width=None if capacity is None else min(PLOT_WIDTH, PLOT_WIDTH * inside // capacity),
    )


def _scan(one: dict[str, Any], zone: str) -> LastScan:
    return LastScan(
        icon="undo" if one["undone"] else _ICONS[one["verdict"]],
        ticket=ticket_words(one["ticket"]),
        list=one["list"],
        gate=one["gate"],
        time=here().wording.time(one["at"], zone),
        reason=one["reason"],
        undone=bool(one["undone"]),
        forced=bool(one["forced"]),
    )
