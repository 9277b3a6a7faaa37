"""The box: its workers, devices, uplink, journal."""

import hashlib
from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from appliance.domain.refundpaper import slip_id
from appliance.errors import invalid
from appliance.language import N_
from appliance.projections import backups, events, paper, refunds, walkups
from appliance.receipts.tickets import ticket_words
from web.common.body import command_key
from web.common.language import _, ngettext
from web.till import auth, clocks, frame, policywords
from web.till.deps import deps, here
from web.till.tabs import Tab

blueprint = Blueprint("box", __name__)
TAB = Tab(5, N_("Box"), "box.page", "wifi")

_ICONS = {"printer": "printer", "scanner": "scan", "footfall": "beam", "power": "battery", "indicator": "sun"}
_OUTCOMES = {
    "unknown": N_("It broke off in the middle"),
    "not_printed": N_("Nothing came out"),
    "unconfirmed": N_("The printer cannot say"),
}
_RESERVES = {
    "kept": N_("The reserve for closing the event is kept"),
    "in use": N_("The reserve is in use: close the event, then free space"),
    "missing": N_("No room for the reserve that lets an event be closed"),
}
MOST_RECEIPTS = 12


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
    """What somebody saw of a receipt or a refund's slip that the printer was not certain of, or one more copy of it."""
    form = request.form
    refund = form.get("refund", "")
    asked: dict[str, Any] = {} if refund else {"sale": form.get("sale", "")}
    match form.get("verb"):
        case "reprint":
            auth.check("reprint")
            command = "refund.print" if refund else "receipt.reprint"
            asked |= {"refund": refund} if refund else {}
        case "out" | "gone" as verb:
            command = "slip.settle" if refund else "receipt.settle"
            asked |= {"slip": slip_id(refund)} if refund else {}
            copy = form.get("copy", "")
            asked |= {"copy": int(copy) if copy.isdecimal() else copy, "on_paper": verb == "out"}
        case other:
            raise invalid(f"verb {str(other)[:40]!r}: wants reprint, out or gone")
    deps().client.send(command, asked, actor=auth.actor(), id=command_key(form.get("key")))
    return make_response(redirect(url_for("box.page")))


def _doubtful(zone: str) -> list[dict[str, Any]]:
    """Receipts, and slips of refunds. A key is that of one copy: a second press on the same button is the same
    command."""
    words, db = here().wording, deps().reader.db()
    slips = [{**one, "sale": one["refund"]} for one in refunds.doubtful(db, MOST_RECEIPTS)]
    return [
        {
            **receipt,
            "at": words.time(receipt["at"], zone),
            "money": words.money(receipt["total"], receipt["currency"]),
            "words": _(_OUTCOMES[receipt["outcome"]]),
            "key": hashlib.sha256(f"{receipt['sale']} {receipt['copy']}".encode()).hexdigest()[:32],
        }
        for receipt in (*slips, *paper.doubtful(db, MOST_RECEIPTS))
    ]


def _tickets(zone: str) -> list[dict[str, Any]]:
    return [
        {
            **one,
            "at": here().wording.time(one["at"], zone),
            "digits": ticket_words(one["ticket"]),
            "words": _(_OUTCOMES[one["outcome"]]),
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
        "title": _("All is well") if not faults else _("Look at %(names)s", names=", ".join(faults[:3])),
        "workers": workers,
        "devices": devices,
        "receipts": _doubtful(zone),
        "tickets": _tickets(zone),
        "clock": [_(words) for words in clocks.TRUST[state["clock"]["trust"]]],
        "card": _card(state),
        "backup": _backup(zone),
        "pos": number(state["journal"]["pos"]),
        "checkpoint": number(state["journal"]["checkpoint"]),
        "safe": number(state["uplink"]["safe"]),
        "waiting": number(waiting),
        "central": bool(deps().config.central.key),
        "neighbours": _neighbours(state["site"], zone),
        "policy": policywords.short(),
    }


def _neighbours(site: dict[str, Any] | None, zone: str) -> list[dict[str, str]]:
    """The other boxes in words."""
    number = here().wording.number
    return [
        {
            "name": name,
            "at": here().wording.time(box["at"], zone) + ("" if box["event"] else _(", another event")),
            "inside": number(sum(box["inside"].values())) if box["event"] else "\N{EN DASH}",
            "stock": ", ".join(f"{sku} {number(left)}" for sku, left in sorted(box["stock"].items())) or "\N{EN DASH}",
        }
        for name, box in (site["boxes"].items() if site else ())
    ]


def _card(state: dict[str, Any]) -> dict[str, str]:
    """What is free on the card, for how long, the reserve, and what to do when little is left."""
    disk, tell = state["disk"], here().wording.retell
    if disk["free"] is None:
        return {}
    days, free = frame.days_words(disk), here().wording.number(disk["free"] // 2**20)
    recorder = state["workers"]["recorder"] if disk["level"] != "ok" else {}
    return {
        "free": _("%(free)s MB free, %(days)s at the pace of this event.", free=free, days=days)
        if days
        else _("%(free)s MB free. How long that lasts shows after an hour at work.", free=free),
        "reserve": _(_RESERVES[disk["reserve"]]),
        "trouble": tell(recorder.get("reason", "")),
        "remedy": tell(recorder.get("remedy", "")),
    }


def _backup(zone: str) -> str:
    made = backups.newest(deps().reader.db())
    if not made:
        return _("No backup yet")
    words = here().wording
    since = ngettext("%(num)s fact since", "%(num)s facts since", made[0].since)
    return _("Last backup: %(at)s", at=words.moment(made[0].at, zone, deps().clock().at)) + f"; {since}"


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
