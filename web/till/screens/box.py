"""The box: its workers, devices, uplink, journal."""

import hashlib
from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from appliance.errors import invalid
from appliance.projections import events, paper, walkups
from appliance.receipts.tickets import ticket_words
from web.common.body import command_key
from web.till import auth, frame
from web.till.deps import deps, here
from web.till.tabs import Tab

blueprint = Blueprint("box", __name__)
TAB = Tab(4, "Box", "box.page", "wifi")

_ICONS = {"printer": "printer", "scanner": "scan", "footfall": "beam", "power": "battery", "indicator": "sun"}
_OUTCOMES = {
    "unknown": "It broke off in the middle",
    "not_printed": "Nothing came out",
    "unconfirmed": "The printer cannot say",
}
MOST_RECEIPTS = 12
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
    return render_template("_box_now.html", csrf=g.signed.csrf or "", staff=auth.staff(), **_now())


@blueprint.post("/box/receipts")
@auth.for_roles("lead", "cashier")
def receipts() -> Response:
    """What somebody saw of a receipt that the printer was not certain of, or one more copy of it."""
    form = request.form
    asked: dict[str, Any] = {"sale": form.get("sale", "")}
    match form.get("verb"):
        case "reprint":
            command = "receipt.reprint"
        case "out" | "gone" as verb:
            command = "receipt.settle"
            copy = form.get("copy", "")
            asked |= {"copy": int(copy) if copy.isdecimal() else copy, "on_paper": verb == "out"}
        case other:
            raise invalid(f"verb {str(other)[:40]!r}: wants reprint, out or gone")
    deps().client.send(command, asked, actor=auth.actor(), id=command_key(form.get("key")))
    return make_response(redirect(url_for("box.page")))


def _doubtful(zone: str) -> list[dict[str, Any]]:
    """A key is that of one copy: a second press on the same button is the same command."""
    words = here().wording
    return [
        {
            **receipt,
            "at": words.time(receipt["at"], zone),
            "money": words.money(receipt["total"], receipt["currency"]),
            "words": _OUTCOMES[receipt["outcome"]],
            "key": hashlib.sha256(f"{receipt['sale']} {receipt['copy']}".encode()).hexdigest()[:32],
        }
        for receipt in paper.doubtful(deps().reader.db(), MOST_RECEIPTS)
    ]


def _tickets(zone: str) -> list[dict[str, Any]]:
    return [
        {
            **one,
            "at": here().wording.time(one["at"], zone),
            "digits": ticket_words(one["ticket"]),
            "words": _OUTCOMES[one["outcome"]],
        }
        for one in walkups.doubtful(deps().reader.db(), MOST_RECEIPTS)
    ]


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
        "receipts": _doubtful(zone),
        "tickets": _tickets(zone),
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
