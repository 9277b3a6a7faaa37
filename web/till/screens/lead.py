"""The lead's numbers, as they are now, and the event's beginning and end."""

import re
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from appliance.domain.events import Event
from appliance.errors import invalid
from appliance.ids import new_id
from appliance.language import N_
from appliance.projections import counterwords, counting, events, headcount, kpis, unfinished
from web.common.body import command_key
from web.common.language import _, ngettext
from web.till import auth, frame, landingwords, persons, policywords, visitwords
from web.till.deps import deps, here
from web.till.tabs import Tab

blueprint = Blueprint("lead", __name__)
TAB = Tab(4, N_("Lead"), "lead.page", "lead", ("lead",))

_VERBS = {"open": "event.open", "close": "event.close"}
_HEADS = re.compile(r"[0-9]{1,7}")
_NOT_YET = N_("Not yet")


@dataclass(frozen=True)
class Figure:
    """One number with the reason for it: window, source, or what is missing."""

    label: str
    value: str
    why: str


@dataclass(frozen=True)
class Dwell:
    """How long people stay in one zone, in words."""

    zone: str
    mean: str
    why: str


@blueprint.get("/lead")
@auth.for_roles("lead")
def page() -> str:
    """Everything."""
    left = unfinished.of_present(deps().reader.db())
    keys = {verb: new_id("k") for verb in (*_VERBS, "heads")}
    return frame.render(
        "lead.html",
        tab="lead.page",
        keys=keys,
        unfinished=left,
        policy=policywords.short(),
        landing=landingwords.short(),
        terms=persons.terms(),
        back=persons.set_back(),
        **_now(),
    )


@blueprint.get("/lead/now")
@auth.for_roles("lead")
def now() -> str:
    """The numbers again."""
    return render_template("_lead_now.html", **_now())


@blueprint.post("/lead/event")
@auth.for_roles("lead", action="event")
def event() -> Response:
    """Open or close the event; the form carries its own key, so that a second press changes nothing."""
    verb = request.form.get("verb", "")
    if verb not in _VERBS:
        raise invalid(f"verb: wants {' or '.join(_VERBS)}")
    key = command_key(request.form.get("key"))
    asked = {"force": True} if verb == "close" and request.form.get("force") else {}
    deps().client.send(_VERBS[verb], asked, actor=auth.actor(), id=key)
    return make_response(redirect(url_for("lead.page")))


@blueprint.post("/lead/occupancy")
@auth.for_roles("lead")
def occupancy() -> Response:
    """So many are inside: the lead has counted heads."""
    heads = request.form.get("inside", "").strip()
    if not _HEADS.fullmatch(heads):
        raise invalid("inside: wants a whole number of people", "Type how many people you counted.")
    key = command_key(request.form.get("key"))
    deps().client.send("occupancy.correct", {"inside": int(heads)}, actor=auth.actor(), id=key)
    return make_response(redirect(url_for("lead.page")))


def _now() -> dict[str, Any]:
    db = deps().reader.db()
    state, numbers = frame.box_status(), kpis.kpis(db, deps().clock())
    current = events.current(db)
    currency, zone = (current.currency, current.timezone) if current else ("EUR", "UTC")
    return {
        "at": here().wording.time(deps().clock().at, zone),
        "live": current,
        "faults": frame.faults(state),
        "over": headcount.crowded(db),
        "doubts": [here().wording.retell(one) for one in counterwords.doubts(_judged(current))],
        "heads": _heads(numbers["attendance"], zone),
        "dwell": [_dwell(one) for one in numbers.get("dwell", ())],
        "visits": visitwords.pages(numbers),
        "figures": [
            _inside(numbers["attendance"]),
            _sales(numbers["sales"], currency),
            _battery(state["power"]),
            _safe(state),
            _plain(_("Attention"), numbers["attention_density"], _("attendees an hour")),
            _plain(_("Conversion"), numbers["micro_conversion"], _("per 100 entries")),
            _latency(numbers["operational_latency"]),
            _roi(numbers["local_roi"], currency),
        ],
    }


def _missing(number: dict[str, Any]) -> str:
    return _("Missing: %(what)s", what=", ".join(here().wording.retell(one) for one in number.get("missing", ())))


def _judged(event: Event | None) -> list[counting.Judged]:
    return counting.judgements(deps().reader.db(), event.event) if event else []


def _heads(number: dict[str, Any], zone: str) -> str:
    """The newest head count, and how far off the counters were; empty when there was none."""
    if "corrected_at" not in number:
        return ""
    at, drift = here().wording.time(number["corrected_at"], zone), number["drift"]
    words = here().wording.number
    if not drift:
        return _("Last set right at %(at)s.", at=at)
    if drift > 0:
        return _("Last set right at %(at)s: %(n)s too many were counted.", at=at, n=words(drift))
    return _("Last set right at %(at)s: %(n)s too few were counted.", at=at, n=words(-drift))


def _dwell(zone: dict[str, Any]) -> Dwell:
    words, stays = here().wording, zone["stays"]
    longest = words.span(zone["longest_s"])
    why = ngettext(
        "on average, %(num)s stay, the longest %(longest)s",
        "on average, %(num)s stays, the longest %(longest)s",
        stays,
        longest=longest,
    )
    return Dwell(zone["zone"], words.span(round(zone["mean_s"])), why)


def _inside(number: dict[str, Any]) -> Figure:
    if number["occupancy"] is None:
        return Figure(_("Inside"), _("Not known") if number["source"] else _(_NOT_YET), _missing(number))
    words = here().wording.number
    source = here().wording.retell(number["source"])
    why = _(
        "%(come)s in, %(gone)s out, by %(source)s", come=words(number["in"]), gone=words(number["out"]), source=source
    )
    return Figure(_("Inside"), words(number["occupancy"]), why)


def _sales(number: dict[str, Any], currency: str) -> Figure:
    words = here().wording
    why = _(
        "%(n)s sales, %(net)s without VAT", n=words.number(number["count"]), net=words.money(number["net"], currency)
    )
    return Figure(_("Sales"), words.money(number["gross"], currency), why)


def _battery(power: dict[str, Any]) -> Figure:
    if power["soc"] is None:
        return Figure(_("Battery"), _(_NOT_YET), _("Missing: a power device"))
    watts = power["watts"]
    why = _("load not measured") if watts is None else _("%(watts)s W drawn", watts=here().wording.number(watts))
    return Figure(_("Battery"), here().wording.number(power["soc"]) + "\N{NO-BREAK SPACE}%", why)


def _safe(state: dict[str, Any]) -> Figure:
    words = here().wording.number
    pos, safe = state["journal"]["pos"], state["uplink"]["safe"]
    if not deps().config.central.key:
        return Figure(_("Safe at central"), _(_NOT_YET), _("Missing: central's key; all is safe on this box"))
    link = _("connected") if state["uplink"]["connected"] else _("no uplink")
    return Figure(_("Safe at central"), words(safe), _("of %(n)s facts, %(link)s", n=words(pos), link=link))


def _plain(label: str, number: dict[str, Any], unit: str) -> Figure:
    if number["value"] is None:
        return Figure(label, _(_NOT_YET), _missing(number))
    return Figure(label, here().wording.number(number["value"]), unit + (_(", scaled") if number.get("scaled") else ""))


def _latency(number: dict[str, Any]) -> Figure:
    if number["seconds"] is None:
        return Figure(_("First sale"), _(_NOT_YET), _("Appears with the first sale"))
    return Figure(_("First sale"), here().wording.span(number["seconds"]), _("after opening"))


def _roi(number: dict[str, Any], currency: str) -> Figure:
    if number["value"] is None:
        return Figure(_("Net per m²"), _(_NOT_YET), _missing(number))
    why = (
        _missing(number)
        if number.get("missing")
        else _("on %(area)s m²", area=here().wording.number(number["area_m2"]))
    )
    return Figure(_("Net per m²"), here().wording.money(round(number["value"]), currency), why)
