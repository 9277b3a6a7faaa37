"""The lead's numbers, as they are now, and the event's beginning and end."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from appliance.errors import invalid
from appliance.ids import new_id
from appliance.projections import drawer, events, kpis
from web.common.body import command_key
from web.till import auth, frame
from web.till.deps import deps, here
from web.till.tabs import Tab

blueprint = Blueprint("lead", __name__)
TAB = Tab(3, "Lead", "lead.page", "lead", ("lead",))

_VERBS = {"open": "event.open", "close": "event.close"}
_NOT_YET = "Not yet"


@dataclass(frozen=True)
class Figure:
    """One number with the reason for it: window, source, or what is missing."""

    label: str
    value: str
    why: str


@blueprint.get("/lead")
@auth.for_roles("lead")
def page() -> str:
    """Everything."""
    drawers = [one.name for one in drawer.drawers(deps().reader.db()).open]
    keys = {verb: new_id("k") for verb in _VERBS}
    return frame.render("lead.html", tab="lead.page", keys=keys, drawers=drawers, **_now())


@blueprint.get("/lead/now")
@auth.for_roles("lead")
def now() -> str:
    """The numbers again."""
    return render_template("_lead_now.html", **_now())


@blueprint.post("/lead/event")
@auth.for_roles("lead")
def event() -> Response:
    """Open or close the event; the form carries its own key, so that a second press changes nothing."""
    verb = request.form.get("verb", "")
    if verb not in _VERBS:
        raise invalid(f"verb: wants {' or '.join(_VERBS)}")
    key = command_key(request.form.get("key"))
    asked = {"force": True} if verb == "close" and request.form.get("force") else {}
    deps().client.send(_VERBS[verb], asked, actor=auth.actor(), id=key)
    return make_response(redirect(url_for("lead.page")))


def _now() -> dict[str, Any]:
    db = deps().reader.db()
    state, numbers = frame.box_status(), kpis.kpis(db, deps().clock())
    current = events.current(db)
    currency = current.currency if current else "EUR"
    return {
        "at": here().wording.time(deps().clock().at, current.timezone if current else "UTC"),
        "live": current,
        "faults": frame.faults(state),
        "figures": [
            _inside(numbers["attendance"]),
            _sales(numbers["sales"], currency),
            _battery(state["power"]),
            _safe(state),
            _plain("Attention", numbers["attention_density"], "attendees an hour"),
            _plain("Conversion", numbers["micro_conversion"], "per 100 entries"),
            _latency(numbers["operational_latency"]),
            _roi(numbers["local_roi"], currency),
        ],
    }


def _missing(number: dict[str, Any]) -> str:
    return "Missing: " + ", ".join(number.get("missing", ()))


def _inside(number: dict[str, Any]) -> Figure:
    if number["occupancy"] is None:
        return Figure("Inside", _NOT_YET, _missing(number))
    words = here().wording.number
    why = f"{words(number['in'])} in, {words(number['out'])} out, by {number['source']}"
    return Figure("Inside", words(number["occupancy"]), why)


def _sales(number: dict[str, Any], currency: str) -> Figure:
    words = here().wording
    why = f"{words.number(number['count'])} sales, {words.money(number['net'], currency)} without VAT"
    return Figure("Sales", words.money(number["gross"], currency), why)


def _battery(power: dict[str, Any]) -> Figure:
    if power["soc"] is None:
        return Figure("Battery", _NOT_YET, "Missing: a power device")
    watts = power["watts"]
    why = "load not measured" if watts is None else f"{here().wording.number(watts)} W drawn"
    return Figure("Battery", here().wording.number(power["soc"]) + "\N{NO-BREAK SPACE}%", why)


def _safe(state: dict[str, Any]) -> Figure:
    words = here().wording.number
    pos, safe = state["journal"]["pos"], state["uplink"]["safe"]
    if not deps().config.central.key:
        return Figure("Safe at central", _NOT_YET, "Missing: central's key; all is safe on this box")
    link = "connected" if state["uplink"]["connected"] else "no uplink"
    return Figure("Safe at central", words(safe), f"of {words(pos)} facts, {link}")


def _plain(label: str, number: dict[str, Any], unit: str) -> Figure:
    if number["value"] is None:
        return Figure(label, _NOT_YET, _missing(number))
    return Figure(label, here().wording.number(number["value"]), unit + (", scaled" if number.get("scaled") else ""))


def _latency(number: dict[str, Any]) -> Figure:
    if number["seconds"] is None:
        return Figure("First sale", _NOT_YET, "Appears with the first sale")
    return Figure("First sale", here().wording.span(number["seconds"]), "after opening")


def _roi(number: dict[str, Any], currency: str) -> Figure:
    if number["value"] is None:
        return Figure("Net per m²", _NOT_YET, _missing(number))
    why = _missing(number) if number.get("missing") else f"on {here().wording.number(number['area_m2'])} m²"
    return Figure("Net per m²", here().wording.money(round(number["value"]), currency), why)
