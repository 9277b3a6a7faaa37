"""The box: its workers, devices, uplink, journal."""

from typing import Any

from flask import Blueprint, render_template

from appliance.projections import events
from web.till import frame
from web.till.deps import deps, here
from web.till.tabs import Tab

blueprint = Blueprint("box", __name__)
TAB = Tab(4, "Box", "box.page", "wifi")

_ICONS = {"printer": "printer", "scanner": "scan", "footfall": "beam", "power": "battery"}
_TRUST = {
    "ntp": ("Trusted", "set by the network"),
    "rtc": ("Trusted", "set by its own battery clock"),
    "phone": ("Set by hand", "from a phone"),
    "none": ("Not trusted", "rules about time are skipped"),
}


@blueprint.get("/box")
def page() -> str:
    """Everything."""
    return frame.render("box.html", tab="box.page", **_now())


@blueprint.get("/box/now")
def now() -> str:
    """The same again."""
    return render_template("_box_now.html", **_now())


def _now() -> dict[str, Any]:
    state = frame.box_status()
    event = events.current(deps().reader.db())
    zone = event.timezone if event else "UTC"
    devices = [_device(name, device, zone) for name, device in sorted(state["devices"].items())]
    workers = [
        {"name": name, **worker, "good": worker["state"] in frame.GOOD} for name, worker in state["workers"].items()
    ]
    faults = [fault.name for fault in frame.faults(state)]
    number = here().wording.number
    waiting = max(0, state["journal"]["pos"] - state["uplink"]["safe"])
    return {
        "state": state,
        "title": "All is well" if not faults else f"Look at {', '.join(faults[:3])}",
        "workers": workers,
        "devices": devices,
        "clock": _TRUST[state["clock"]["trust"]],
        "pos": number(state["journal"]["pos"]),
        "checkpoint": number(state["journal"]["checkpoint"]),
        "safe": number(state["uplink"]["safe"]),
        "waiting": number(waiting),
        "central": bool(deps().config.central.key),
    }


def _device(name: str, device: dict[str, Any], zone: str) -> dict[str, Any]:
    since = device.get("since")
    return {
        "name": name,
        "icon": _ICONS.get(device["kind"], "plug"),
        "good": device["state"] in frame.GOOD,
        "words": frame.device_words(device),
        "remedy": device.get("remedy", ""),
        "since": here().wording.time(since, zone) if since else "",
    }
