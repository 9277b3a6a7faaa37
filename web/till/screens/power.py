"""Power: what there is, how long it lasts, what is switched off next, and the energy of the event."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from appliance.clock import parse_rfc3339, rfc3339
from appliance.domain.power import SHUTDOWN
from appliance.errors import invalid
from appliance.ids import new_id
from appliance.language import N_
from appliance.projections import events, power
from web.common.body import command_key
from web.common.language import _
from web.till import auth, frame, powerplot
from web.till.deps import deps, here
from web.till.tabs import Tab

blueprint = Blueprint("power", __name__)
TAB = Tab(6, N_("Power"), "power.page", "battery", ("lead",))

_TITLES = {
    "normal": N_("Power is fine"),
    "saving": N_("Saving power"),
    "low": N_("Battery low"),
    "critical": N_("Battery critical"),
    "cut-off": N_("Battery empty"),
}
_LEVELS = {"saving": N_("saving"), "low": N_("low"), "critical": N_("critical"), "cut-off": N_("empty")}
_UNKNOWN = N_("Not known")


@blueprint.get("/power")
@auth.for_roles("lead")
def page() -> str:
    """Everything."""
    return frame.render("power.html", tab="power.page", key=new_id("k"), **_now())


@blueprint.get("/power/now")
@auth.for_roles("lead")
def now() -> str:
    """The same again."""
    return render_template("_power_now.html", csrf=g.signed.csrf or "", **_now())


@blueprint.post("/power/veto")
@auth.for_roles("lead")
def veto() -> Response:
    """Keep something on, or bring it back; the form carries its own key, so that a second press changes nothing."""
    asked = {"step": request.form.get("step", "")}
    deps().client.send("power.veto", asked, actor=auth.actor(), id=command_key(request.form.get("key")))
    return make_response(redirect(url_for("power.page")))


@blueprint.post("/power/plan")
@auth.for_roles("lead")
def plan() -> Response:
    """Say when the event closes: the next time that the event's own clock shows this."""
    try:
        told = time.fromisoformat(request.form.get("closes", ""))
    except ValueError as error:
        raise invalid("closes: wants a time such as 22:00") from error
    asked = {"closes": _next(told)}
    deps().client.send("event.plan", asked, actor=auth.actor(), id=command_key(request.form.get("key")))
    return make_response(redirect(url_for("power.page")))


def _next(told: time) -> str:
    zone = ZoneInfo(_zone())
    clock = datetime.fromtimestamp(deps().clock().wall_ms / 1000, zone)
    at = datetime.combine(clock.date(), told.replace(tzinfo=None), zone)
    if at <= clock:
        at = datetime.combine(clock.date() + timedelta(days=1), told.replace(tzinfo=None), zone)
    return rfc3339(round(at.timestamp() * 1000))


def _zone() -> str:
    event = events.current(deps().reader.db())
    return event.timezone if event else "UTC"


def _now() -> dict[str, Any]:
    db, clock, words = deps().reader.db(), deps().clock(), here().wording
    event, zone = events.current(db), _zone()
    state = frame.box_status()["power"]
    closes = power.closes_ms(db, event.event) if event else None
    closes = closes if closes is not None and closes > clock.wall_ms else None
    history = power.history(db, clock.wall_ms - powerplot.BACK_MS, powerplot.EVERY_MS)
    plot = powerplot.charge(history, state, clock.wall_ms, closes, state["limits"])
    watts = powerplot.watts(history, clock.wall_ms)
    return {
        "at": words.time(clock.at, zone),
        "live": event,
        "power": state,
        "title": _title(state),
        "figures": [_battery(state), _sun(state), _load(state), _lasts(state)],
        "ending": _ending(state),
        "steps": [_step(step, state["limits"]) for step in state["steps"]],
        "keys": _keys(db),
        "plot": plot,
        "watts": watts,
        "times": {
            key: words.time(rfc3339(at), zone)
            for key, at in (("begin", plot.begin), ("end", plot.end), ("now", clock.wall_ms))
        },
        "closes": words.time(rfc3339(closes), zone) if closes else "",
        "closing": _closing(state),
        "energy": _energy(power.sheet(db, event.event, zone), zone) if event else None,
    }


def _keys(db: Any) -> dict[str, str]:
    """Of each step's present state: a second press on the same button is the same command."""
    return {step: f"veto-{step}-{parse_rfc3339(at)}" for step, at in power.step_times(db).items()}


def _title(state: dict[str, Any]) -> str:
    if state["shutdown"] and state["shutdown"].get("state") == "announced":
        return _("The box switches off")
    return _(_TITLES.get(state["level"], "Nothing measures the battery"))


def _percent(value: float) -> str:
    return f"{here().wording.number(round(value))}\N{NO-BREAK SPACE}%"


def _watts(value: float) -> str:
    return f"{here().wording.number(round(value))}\N{NO-BREAK SPACE}W"


def _battery(state: dict[str, Any]) -> tuple[str, str, str]:
    if state["soc"] is None:
        volts = state["volts"]
        return (
            _("Battery"),
            _(_UNKNOWN) if volts is None else f"{volts:.1f}\N{NO-BREAK SPACE}V",
            _("Charge not measured"),
        )
    why = _("Measured")
    if state["soc_from"] == "counted":
        why = _("Counted, give or take %(share)s", share=_percent(state["soc_sigma"]))
    if state["volts"] is not None:
        why += f", {state['volts']:.1f}\N{NO-BREAK SPACE}V"
    return _("Battery"), _percent(state["soc"]), why


def _sun(state: dict[str, Any]) -> tuple[str, str, str]:
    if state["pv_watts"] is None:
        return _("Sun"), _(_UNKNOWN), _("Missing: a solar charger")
    flow = state["battery_watts"]
    said = _("%(watts)s into the battery") if (flow or 0) >= 0 else _("%(watts)s out of the battery")
    why = "" if flow is None else said % {"watts": _watts(abs(flow))}
    return _("Sun"), _watts(state["pv_watts"]), why


def _load(state: dict[str, Any]) -> tuple[str, str, str]:
    if state["watts"] is None:
        return _("Load"), _(_UNKNOWN), _("Neither measured nor to be worked out")
    return _("Load"), _watts(state["watts"]), _("drawn now")


def _lasts(state: dict[str, Any]) -> tuple[str, str, str]:
    span, seconds = here().wording.span, state["time_to_empty_s"]
    low, high = state["time_to_empty_low_s"], state["time_to_empty_high_s"]
    if seconds is None:
        if low is not None:
            return _("Lasts"), _("Over 2 days"), _("at least %(span)s", span=span(low))
        why = _("With this load and sun") if state["at_close"] is not None else _("Missing: [power] capacity_ah")
        return _("Lasts"), _("Over 2 days") if state["at_close"] is not None else _(_UNKNOWN), why
    if low is None:
        return _("Lasts"), span(seconds), _("says the battery monitor")
    most = span(high) if high is not None else _("over 2 days")
    return _("Lasts"), span(seconds), _("%(least)s to %(most)s", least=span(low), most=most)


def _closing(state: dict[str, Any]) -> str:
    """What is left at closing time, in words."""
    if state["at_close"] is None:
        return ""
    low, high = _percent(state["at_close_low"]), _percent(state["at_close_high"])
    enough = state["at_close_low"] > state["limits"].get("critical", 0)
    so_far = _("Between %(low)s and %(high)s, from the load and the sun so far.", low=low, high=high)
    return f"{so_far} {_('Enough.') if enough else _('Save power now.')}"


def _ending(state: dict[str, Any]) -> dict[str, Any] | None:
    """The shutdown, once there is something to say."""
    told = state["shutdown"] or {}
    in_s = told.get("in_s")
    left = here().wording.span(in_s) if isinstance(in_s, int) else ""
    match told.get("state"):
        case "announced":
            how = _("Charge it now.") if told.get("final") else _("Charge it, or put it off by 5 min.")
            return {
                "words": _("It switches itself off in %(time)s.", time=left),
                "remedy": how,
                "veto": not told.get("final"),
            }
        case "put_off":
            return {
                "words": _("Switching off was put off for %(time)s.", time=left),
                "remedy": _("Charge it now."),
                "veto": False,
            }
        case "asked":
            return {"words": _("It switches itself off now."), "remedy": _("Nothing is lost."), "veto": False}
        case "refused" | "down":
            return {"words": _("It cannot switch itself off."), "remedy": _("Switch it off by hand."), "veto": False}
        case _:
            return None


def _step(step: dict[str, Any], limits: dict[str, Any]) -> dict[str, Any]:
    """One thing that is switched off, when, and how it is now."""
    span, in_s = here().wording.span, step.get("in_s")
    left = span(in_s) if isinstance(in_s, int) else ""
    words = {
        "announced": _("In %(time)s", time=left),
        "off": _("Done, to save power"),
        "kept": _("Kept on for %(time)s", time=left),
    }.get(str(step.get("state")), "")
    level = str(step.get("level"))
    return {
        "name": str(step.get("step")),
        "what": here().wording.retell(str(step.get("what"))),
        "state": step.get("state"),
        "words": words
        or _(
            "When %(level)s: below %(share)s", level=_(_LEVELS.get(level, level)), share=_percent(limits.get(level, 0))
        ),
        "veto": step.get("state") in ("announced", "off") and step.get("step") != SHUTDOWN,
    }


def _energy(sheet: dict[str, Any], zone: str) -> dict[str, Any]:
    words = here().wording
    rows = [(row["day"], *_row(row)) for row in sheet["days"]]
    co2 = sheet["co2"]
    return {
        "rows": rows,
        "total": _row(sheet["total"]),
        "gaps": [
            f"{words.time(gap['from'], zone)} to {words.time(gap['to'], zone)}, {words.span(gap['seconds'])}"
            for gap in sheet["gaps"][-5:]
        ],
        "more_gaps": max(0, len(sheet["gaps"]) - 5),
        "co2": None if co2["low_g"] is None else _weights(co2["low_g"], co2["high_g"]),
        "source": co2["source"],
        "per_kwh": [words.number(grams / 1000) for grams in co2["per_kwh_g"]],
    }


def _weights(low_g: int, high_g: int) -> str:
    words = here().wording
    if high_g < 1000:
        return f"{words.number(low_g)} to {words.number(high_g)}\N{NO-BREAK SPACE}g"
    return f"{words.number(round(low_g / 1000, 1))} to {words.number(round(high_g / 1000, 1))}\N{NO-BREAK SPACE}kg"


def _row(row: dict[str, Any]) -> list[str]:
    keys = ("pv_wh", "load_wh", "battery_in_wh", "battery_out_wh")
    return ["–" if row[key] is None else here().wording.number(row[key]) for key in keys]
