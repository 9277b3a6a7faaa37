"""What stands around every screen: the event, who works here, the tabs, the bar that says how the box is."""

from dataclasses import dataclass
from typing import Any

from flask import g, render_template, url_for

from appliance import board
from appliance.language import N_
from appliance.projections import events, status
from appliance.projections.disk import MOST_DAYS
from web.common.language import _, ngettext
from web.till import auth
from web.till.deps import deps, here

GOOD = frozenset({"ready", "online"})
"""States of workers and devices that need nobody."""

_WORDS = {
    "online": N_("ok"),
    "absent": N_("not there"),
    "connecting": N_("connecting"),
    "degraded": N_("unsure"),
    "fault": N_("fault"),
}

_KINDS = (N_("printer"), N_("scanner"), N_("footfall"), N_("power"), N_("indicator"), N_("relay"), N_("button"))
_STATES = (N_("Ready"), N_("Online"), N_("Absent"), N_("Connecting"), N_("Degraded"), N_("Fault"), N_("Stopping"))
_ROLES = (N_("lead"), N_("cashier"), N_("door"))
"""Names that the frame and the pages in it show by ``tell``."""


@dataclass(frozen=True)
class Tag:
    """A state in a line: shape, words, then colour. ``desk``: more words, where there is room for them; ``href``: the
    page that says what to do."""

    icon: str
    text: str
    tone: str = ""
    desk: str = ""
    href: str = ""


@dataclass(frozen=True)
class Fault:
    """Something that is not well: its name, what it says, what to do."""

    name: str
    words: str
    remedy: str


def render(template: str, **values: Any) -> str:
    """A screen in its frame."""
    staff = auth.staff()
    return render_template(
        template,
        staff=staff,
        csrf=g.signed.csrf or "",
        tabs=[tab for tab in here().tabs if staff.role in tab.roles],
        position=deps().reader.position(),
        tags=tags(),
        event=events.current(deps().reader.db()),
        lock_after=deps().config.staff.lock_after_s,
        **values,
    )


def box_status() -> dict[str, Any]:
    """The box now, as ``GET /status`` answers it: looked at once for each page, however many of its parts ask."""
    if "box_status" not in g:
        g.box_status = status.status(deps().reader, deps().run, deps().config, deps().clock(), box=deps().box)
    found: dict[str, Any] = g.box_status
    return found


def neighbours() -> dict[str, dict[str, Any]]:
    """The other boxes of this event that were heard of late: ``inside`` by list, what is left in ``stock``."""
    event = events.current(deps().reader.db())
    page = board.read(deps().run, "uplink") or {}
    found = status.site(page, event.event if event else "")
    return {name: box for name, box in found["boxes"].items() if box["event"]} if found else {}


def tags() -> list[Tag]:
    """The bar: the card when it fills up, what is safe at central, the printer, the battery."""
    state = box_status()
    found = [_card(state), _clock(state), _safe(state), _printer(state)]
    soc = (state.get("power") or {}).get("soc")
    if soc is not None:
        found.append(Tag("battery", here().wording.number(soc) + "\N{NO-BREAK SPACE}%"))
    return [tag for tag in found if tag is not None]


def is_full(state: dict[str, Any]) -> bool:
    """Whether the card takes no more sales."""
    return state["disk"]["level"] in ("full", "reserve")


def days_words(disk: dict[str, Any]) -> str:
    """How long the card lasts; empty when nobody can tell."""
    days = disk["days_left"]
    if days is None:
        return ""
    if days >= MOST_DAYS:
        return _("more than a year left")
    whole = int(days)
    return ngettext("about %(num)s day left", "about %(num)s days left", whole) if whole else _("less than a day left")


def _card(state: dict[str, Any]) -> Tag | None:
    if is_full(state):
        return Tag("flag", _("Memory card full"), "stop")
    if state["disk"]["level"] == "low":
        return Tag("flag", _("Memory card nearly full"), desk=days_words(state["disk"]))
    return None


def _clock(state: dict[str, Any]) -> Tag | None:
    """For who can set it, as long as nobody has."""
    if auth.staff().role != "lead" or state["clock"]["trust"] != "none":
        return None
    return Tag("clock", _("Set the clock"), "stop", href=url_for("clock.page"))


def _safe(state: dict[str, Any]) -> Tag:
    number = here().wording.number
    pos, safe = state["journal"]["pos"], (state.get("uplink") or {}).get("safe") or 0
    if not deps().config.central.key:
        return Tag("tick", _("Safe on the box: %(n)s", n=number(pos)))
    if safe >= pos:
        return Tag("tick", _("Safe: %(n)s", n=number(safe)), "go", desk=_("at central"))
    return Tag("clock", _("Safe: %(n)s of %(all)s", n=number(safe), all=number(pos)), desk=_("at central"))


def _printer(state: dict[str, Any]) -> Tag | None:
    printers = {name: device for name, device in state["devices"].items() if device["kind"] == "printer"}
    if not printers:
        return None
    worst = next((name for name, device in printers.items() if device["state"] != "online"), None)
    if worst is None:
        return Tag("printer", _("Paper ok"))
    tone = "stop" if printers[worst]["state"] in ("absent", "fault") else ""
    return Tag("printer", device_words(printers[worst]), tone, href=url_for("device.page", name=worst))


def faults(state: dict[str, Any]) -> list[Fault]:
    """Workers and devices that are not well, and what to do about each."""
    told = here().wording.retell
    workers = [
        Fault(
            _worker_name(name, state),
            told(worker.get("reason") or str(worker["state"])).removesuffix("."),
            told(worker.get("remedy") or ""),
        )
        for name, worker in state["workers"].items()
        if worker["state"] not in GOOD
    ]
    devices = [
        Fault(name, device_words(device), told(device.get("remedy") or ""))
        for name, device in sorted(state["devices"].items())
        if device["state"] not in GOOD
    ]
    return workers + devices + _site_fault(state.get("site"))


def _site_fault(site: dict[str, Any] | None) -> list[Fault]:
    """The other boxes cannot be heard, or somebody there is not what they say."""
    if site is None or not site["reason"]:
        return []
    told = here().wording.retell
    return [Fault(_("Site"), told(site["reason"]), told(site["remedy"]))]


def _worker_name(name: str, state: dict[str, Any]) -> str:
    """What the recorder says of a card that fills up is said of the card."""
    if name == "recorder" and state["disk"]["level"] not in (None, "ok"):
        return _("Memory card")
    return _("Worker %(name)s", name=name)


def device_words(device: dict[str, str]) -> str:
    """What a device says of itself: the reason where there is one, with a capital."""
    told = here().wording.retell
    state = _(_WORDS.get(device["state"], device["state"]))
    text = told(device["reason"]) if device["reason"] else f"{told(device['kind'])} {state}"
    return text[:1].upper() + text[1:60]
