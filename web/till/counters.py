"""Footfall counters, as the lead sees them and sets their lines.

What a camera sees now its worker is asked for; nothing of it is kept here.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from appliance.errors import Problem, invalid
from appliance.language import N_
from appliance.projections import counting, events, footfall
from web.till import auth, frame, kitwork
from web.till.deps import deps

UNFIT = "unsuitable"
_GONE = N_("See all of them on the page of footfall.")


@dataclass(frozen=True)
class Counter:
    """A device that counts people. ``device``: its state, as ``GET /status``; ``shown``: its worker's page of it;
    ``lines``: (line, in, out) of the present event."""

    name: str
    device: dict[str, Any]
    shown: dict[str, Any]
    lines: list[tuple[str, int, int]]

    @property
    def sees(self) -> dict[str, Any] | None:
        """What a camera says of its view; None: it is no camera, or its worker never said so."""
        found = self.shown.get("sees")
        return found if isinstance(found, dict) else None

    @property
    def source(self) -> str:
        """camera, beam; empty before its worker said what it is."""
        return "camera" if self.sees is not None else "beam" if "wiring" in self.shown else ""

    @property
    def beams(self) -> list[str]:
        """How each beam is now: free, broken, blocked; none while nobody knows."""
        found = self.shown.get("beams")
        return [one for one in found if one in ("free", "broken", "blocked")] if isinstance(found, list) else []

    @property
    def turned(self) -> str:
        """The URI of a pair of beams that counts the other way round; empty: nobody says."""
        wiring = self.shown.get("wiring")
        found = wiring.get("turned") if isinstance(wiring, dict) else None
        return found if isinstance(found, str) else ""

    @property
    def counters(self) -> dict[str, int]:
        """Since the worker started."""
        found = self.shown.get("counters")
        return {key: value for key, value in found.items() if type(value) is int} if isinstance(found, dict) else {}

    @property
    def come(self) -> int:
        """In, over all lines."""
        return sum(come for _, come, _ in self.lines)

    @property
    def gone(self) -> int:
        """Out, over all lines."""
        return sum(gone for _, _, gone in self.lines)


def counters() -> list[Counter]:
    """All that are in use, by name."""
    place, event = kitwork.around(), events.current(deps().reader.db())
    counted = footfall.by_line(deps().reader.db(), event.event if event else "")
    return [
        Counter(
            name,
            device,
            dict(place.devices.get(name, {})),
            [(line, *ways) for line, ways in counted.items() if line == name or line.startswith(f"{name}/")],
        )
        for name, device in sorted(frame.box_status()["devices"].items())
        if device["kind"] == "footfall"
    ]


def counter(name: str) -> Counter:
    """One of them; raises ``not-found``."""
    found = next((one for one in counters() if one.name == name), None)
    if found is None:
        raise Problem("not-found", f"no counter is called {name[:40]}", _GONE)
    return found


def walk(name: str) -> dict[str, Any]:
    """What the camera sees now and what the trial has counted. Raises ``not-found``, ``no-camera``, ``busy``."""
    return deps().footfall("tally", {"device": name})


def plan(name: str, seen: dict[str, Any] | None) -> dict[str, Any]:
    """The lines and zones that were accepted last, else those that the camera counts with (``seen``)."""
    found = counting.plans(deps().reader.db()).get(name) or (seen or {}).get("plan") or {"lines": [], "zones": []}
    return {"lines": [{"entrance": True, **line} for line in found["lines"]], "zones": found["zones"]}


def still(name: str) -> bytes:
    """The blurred picture of now, a JPEG. Raises ``busy`` when the camera shows none."""
    told = deps().footfall("look", {"device": name}).get("jpeg")
    if told is None:
        raise Problem("busy", f"{name} shows no picture", N_("Wait some seconds. If none comes, look at its cable."))
    try:
        return base64.b64decode(told, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise Problem("busy", f"{name} shows no picture that can be read", N_("Wait some seconds.")) from error


def try_out(name: str, plan: object) -> dict[str, Any]:
    """Have the camera count at other lines besides, or no longer (None); it begins anew at nothing."""
    if plan is not None and not isinstance(plan, dict):
        raise invalid("plan: wants an object with lines and zones, or null")
    return deps().footfall("try", {"device": name, "plan": plan})


def keep(name: str, plan: object, tried: object, sure: object, key: str) -> dict[str, Any]:
    """From now on the camera counts at these lines and in these zones. Raises ``view-unsuitable`` (ask again with
    ``sure``), ``busy`` when nobody can say how the view is, and what the recorder refuses."""
    if not isinstance(plan, dict):
        raise invalid("plan: wants an object with lines and zones")
    if unknown := sorted(set(plan) - {"lines", "zones"}):
        raise invalid(f"plan: {unknown[0][:40]!r} is not known here; allowed: lines, zones")
    if type(sure) is not bool:
        raise invalid("sure: wants true or false")
    counter(name)
    if not sure and walk(name)["view"]["verdict"] == UNFIT:
        raise Problem(
            "view-unsuitable",
            "nothing is counted while the camera's view is unsuitable",
            N_("Mount it higher or farther away, or ask again with sure."),
        )
    asked = {"device": name, **plan, "tried": tried}
    return deps().client.send("counter.plan", asked, actor=auth.actor(), id=key).answer
