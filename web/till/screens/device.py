"""One device: how it is, what to do, what happened to it."""

from datetime import datetime
from typing import Any

from flask import Blueprint, g, render_template

from appliance.domain.kitplan import KIND
from appliance.errors import Problem
from appliance.projections import devicelog, events, kitlooks, kitwords, status
from appliance.projections.kitlooks import Around
from web.common.language import _
from web.till import auth, frame, kitwork
from web.till.deps import deps, here

blueprint = Blueprint("device", __name__)

_LAST = 20
_TONES = {"online": ("go", "tick"), "fault": ("stop", "cross"), "absent": ("stop", "cross")}


@blueprint.get("/box/devices/<name>")
def page(name: str) -> str:
    """Everything."""
    return frame.render("device.html", tab="box.page", **_now(name))


@blueprint.get("/box/devices/<name>/now")
def now(name: str) -> str:
    """The same again."""
    return render_template("_device_now.html", csrf=g.signed.csrf or "", staff=auth.staff(), **_now(name))


def _now(name: str) -> dict[str, Any]:
    place = kitwork.around()
    device = place.state["devices"].get(name)
    if device is None:
        raise Problem("not-found", f"no device is called {name[:40]}", "See all of them on the box's page.")
    kind = name.partition("-")[0]
    step = next((step for step, of in KIND.items() if of == kind), None)
    good = device["state"] in frame.GOOD
    return {
        "name": name,
        "kind": kind,
        "good": good,
        "words": frame.device_words(device),
        "remedy": device.get("remedy", ""),
        "help": kitwords.WORDS[step].help if step is not None else (),
        "step": step,
        "history": _history(name, place),
        "counters": _counters(place.devices.get(name, {})),
        "uri": deps().config.devices.get(name) or place.adopted.get(name, ""),
        "adopted": name in place.adopted and name not in deps().config.devices,
        "heard": _heard(place.devices.get(name, {})),
        "key": kitwork.key,
        "drawer": kitlooks.drawer_level(name, place),
    }


def _history(name: str, place: Around) -> list[dict[str, str]]:
    """Its states, newest first, and how long each lasted by the wall clock."""
    event = events.current(deps().reader.db())
    zone = event.timezone if event else "UTC"
    words, rows = here().wording, []
    until = datetime.fromisoformat(place.now.at)
    for n, change in enumerate(devicelog.newest(deps().reader.db(), name, _LAST)):
        at = datetime.fromisoformat(change["at"])
        lasted = words.span(max(0.0, (until - at).total_seconds()))
        tone, icon = _TONES.get(change["state"], ("", "clock"))
        told = words.retell(change["reason"])
        rows.append(
            {
                "when": words.time(change["at"], zone, seconds=True),
                "state": here().wording.retell(change["state"].capitalize()),
                "tone": tone,
                "icon": icon,
                "why": told[:1].upper() + told[1:],
                "lasted": _("%(span)s and counting", span=lasted) if n == 0 else lasted,
            }
        )
        until = at
    return rows


def _counters(shown: Any) -> list[tuple[str, str]]:
    counters = shown.get("counters")
    if not isinstance(counters, dict):
        return []
    number = here().wording.number
    counted = ((key, status.safe_int(value, 0)) for key, value in sorted(counters.items()))
    return [(key.replace("_", " ").capitalize(), number(value)) for key, value in counted if value]


def _heard(shown: Any) -> str:
    """How long ago the device itself proved that it is there."""
    last = shown.get("last_ok")
    if not isinstance(last, int | float):
        return ""
    return _("heard %(span)s ago", span=here().wording.span(max(0.0, deps().monotonic() - last)))
