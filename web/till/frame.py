"""What stands around every screen: the event, who works here, the tabs, the bar that says how the box is."""

from dataclasses import dataclass
from typing import Any

from flask import g, render_template

from appliance.projections import events, status
from web.till import auth
from web.till.deps import deps, here

GOOD = frozenset({"ready", "online"})
"""States of workers and devices that need nobody."""

_WORDS = {
    "online": "ok",
    "absent": "not there",
    "connecting": "connecting",
    "degraded": "unsure",
    "fault": "fault",
}


@dataclass(frozen=True)
class Tag:
    """A state in a line: shape, words, then colour. ``desk``: more words, where there is room for them; ``device``: the
    one whose page says what to do."""

    icon: str
    text: str
    tone: str = ""
    desk: str = ""
    device: str = ""


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
        language=here().wording.language,
        tags=tags(),
        event=events.current(deps().reader.db()),
        **values,
    )


def box_status() -> dict[str, Any]:
    """The box now, as ``GET /status`` answers it."""
    return status.status(deps().reader, deps().run, deps().config, deps().clock(), box=deps().box)


def tags() -> list[Tag]:
    """The bar: what is safe at central, the printer, the battery."""
    state = box_status()
    found = [_safe(state), _printer(state)]
    soc = (state.get("power") or {}).get("soc")
    if soc is not None:
        found.append(Tag("battery", here().wording.number(soc) + "\N{NO-BREAK SPACE}%"))
    return [tag for tag in found if tag is not None]


def _safe(state: dict[str, Any]) -> Tag:
    number = here().wording.number
    pos, safe = state["journal"]["pos"], (state.get("uplink") or {}).get("safe") or 0
    if not deps().config.central.key:
        return Tag("tick", f"Safe on the box: {number(pos)}")
    if safe >= pos:
        return Tag("tick", f"Safe: {number(safe)}", "go", desk="at central")
    return Tag("clock", f"Safe: {number(safe)} of {number(pos)}", desk="at central")


def _printer(state: dict[str, Any]) -> Tag | None:
    printers = {name: device for name, device in state["devices"].items() if device["kind"] == "printer"}
    if not printers:
        return None
    worst = next((name for name, device in printers.items() if device["state"] != "online"), None)
    if worst is None:
        return Tag("printer", "Paper ok")
    tone = "stop" if printers[worst]["state"] in ("absent", "fault") else ""
    return Tag("printer", device_words(printers[worst]), tone, device=worst)


def faults(state: dict[str, Any]) -> list[Fault]:
    """Workers and devices that are not well, and what to do about each."""
    workers = [
        Fault(f"Worker {name}", worker.get("reason") or str(worker["state"]), "")
        for name, worker in state["workers"].items()
        if worker["state"] not in GOOD
    ]
    devices = [
        Fault(name, device_words(device), device.get("remedy") or "")
        for name, device in sorted(state["devices"].items())
        if device["state"] not in GOOD
    ]
    return workers + devices


def device_words(device: dict[str, str]) -> str:
    """What a device says of itself: the reason where there is one, with a capital."""
    text = device["reason"] or f"{device['kind']} {_WORDS.get(device['state'], device['state'])}"
    return text[:1].upper() + text[1:60]
