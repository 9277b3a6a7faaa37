"""Footfall: all counters, and the page on which a lead lays a camera's lines, walks through, and keeps them."""

import re
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from appliance.domain.counting import FULL
from appliance.errors import Problem, invalid
from appliance.ids import new_id
from appliance.language import N_
from appliance.projections import counterwords, counting, events
from web.common.body import command_key
from web.common.language import _
from web.till import auth, counters, frame, viewwords
from web.till.counters import UNFIT, Counter
from web.till.deps import deps, here

blueprint = Blueprint("footfall", __name__)

_SHARE = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,2}))?", re.ASCII)
_MOST = 64
"""Fields of one kind that are read of a form; what a plan may hold the recorder says."""
_BEAMS = {
    "free": (N_("free"), "go", "tick"),
    "broken": (N_("broken"), "now", "person"),
    "blocked": (N_("blocked"), "stop", "flag"),
}
_SOURCES = {"beam": N_("Light beams"), "camera": N_("Camera"), "": N_("Counter")}


@blueprint.get("/footfall")
@auth.for_roles("lead")
def page() -> str:
    """All of them."""
    return frame.render("footfall.html", tab="lead.page", **_all())


@blueprint.get("/footfall/now")
@auth.for_roles("lead")
def now() -> str:
    """The same again."""
    return render_template("_footfall_now.html", **_all())


@blueprint.get("/footfall/<device>")
@auth.for_roles("lead")
def one(device: str) -> str:
    """A counter; a camera's lines can be laid here. ``kept``: it was just done."""
    found = counters.counter(device)
    if found.sees is None:
        return frame.render("counter_beam.html", tab="lead.page", **_beam(found))
    seen, silent = _walk(device)
    plan = counters.plan(device, seen)
    return frame.render(
        "counter.html",
        tab="lead.page",
        key=new_id("k"),
        plan=plan,
        kept=_kept(plan) if request.args.get("kept") else "",
        share=share,
        **_camera(found, seen, silent),
    )


@blueprint.get("/footfall/<device>/view")
@auth.for_roles("lead")
def view(device: str) -> str:
    """How the camera and its view are."""
    return render_template("_counter_view.html", **_camera(counters.counter(device), *_walk(device)))


@blueprint.get("/footfall/<device>/walk")
@auth.for_roles("lead")
def walk(device: str) -> str:
    """What the trial has counted."""
    return render_template("_counter_walk.html", **_camera(counters.counter(device), *_walk(device)))


@blueprint.get("/footfall/<device>/beams")
@auth.for_roles("lead")
def beams(device: str) -> str:
    """A pair of beams, as it is now."""
    return render_template("_counter_beam.html", **_beam(counters.counter(device)))


@blueprint.post("/footfall/<device>/plan")
@auth.for_roles("lead")
def keep(device: str) -> Response:
    """What the fields of the form say, for a browser without scripts; the form carries its own key."""
    key, form = command_key(request.form.get("key")), request.form
    counters.keep(device, _plan(form), None, "sure" in form, key)
    return make_response(redirect(url_for("footfall.one", device=device, kept="1")))


def share(part: int) -> str:
    """Ten-thousandths of the picture as a field takes them: percent."""
    return f"{part * 100 / FULL:g}"


def _part(text: str, name: str) -> int:
    match = _SHARE.fullmatch(text.strip())
    if match is None:
        raise invalid(f"{name}: wants a number from 0 to 100, found {text[:20]!r}")
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))


def _plan(form: MultiDict[str, str]) -> dict[str, Any]:
    """Fields ``line.0.name``, ``line.0.ax`` …; a line whose name was left empty is none."""
    lines, zones = [], []
    for n in _numbers(form, "line.{}.name"):
        if name := form[f"line.{n}.name"].strip():
            ax, ay, bx, by = (_part(form.get(f"line.{n}.{at}", ""), name) for at in ("ax", "ay", "bx", "by"))
            entrance = f"line.{n}.entrance" in form
            lines.append({"name": name, "a": [ax, ay], "b": [bx, by], "entrance": entrance})
    for n in _numbers(form, "zone.{}.name"):
        if name := form[f"zone.{n}.name"].strip():
            corners = [
                [_part(form[f"zone.{n}.{at}.x"], name), _part(form.get(f"zone.{n}.{at}.y", ""), name)]
                for at in _numbers(form, f"zone.{n}.{{}}.x")
            ]
            zones.append({"name": name, "corners": corners, "whole": f"zone.{n}.whole" in form})
    return {"lines": lines, "zones": zones}


def _numbers(form: MultiDict[str, str], pattern: str) -> list[int]:
    return [n for n in range(_MOST) if pattern.format(n) in form]


def _walk(device: str) -> tuple[dict[str, Any] | None, str]:
    """What the worker says, and why nothing when it does not."""
    try:
        return counters.walk(device), ""
    except Problem as problem:
        if problem.slug != "busy":
            raise
        return None, here().wording.retell(problem.remedy)


def _all() -> dict[str, Any]:
    return {"counters": [_row(one) for one in counters.counters()]}


def _row(one: Counter) -> dict[str, Any]:
    words = here().wording.number
    good = one.device["state"] in frame.GOOD
    verdict = one.sees["view"]["verdict"] if one.sees is not None else ""
    told = good or verdict != "good"  # of a camera without a line nobody says that it counts well
    return {
        "name": one.name,
        "source": _(_SOURCES[one.source]),
        "camera": one.sees is not None,
        "good": good,
        "words": frame.device_words(one.device),
        "remedy": "" if good else one.device.get("remedy", ""),
        "verdict": _(viewwords.VERDICTS[verdict]) if told and verdict in viewwords.VERDICTS else "",
        "come": words(one.come),
        "gone": words(one.gone),
        "lines": [(line.partition("/")[2] or line, words(come), words(gone)) for line, come, gone in one.lines],
    }


def _camera(one: Counter, seen: dict[str, Any] | None, silent: str) -> dict[str, Any]:
    words = here().wording
    told = seen or {"crossings": {}, "last": [], "people": None, "inside": {}, "trial": False}
    several = len(told["crossings"]) > 1
    return {
        "row": _row(one),
        "name": one.name,
        "silent": silent,
        "trial": told["trial"],
        "note": viewwords.note(seen["view"]) if seen else None,
        "empty": seen is not None and not (seen["plan"]["lines"] or seen["plan"]["zones"]),
        "unfit": seen is not None and seen["view"]["verdict"] == UNFIT,
        "sureness": viewwords.sureness(seen["view"]) if seen else [],
        "come": sum(ways["in"] for ways in told["crossings"].values()),
        "gone": sum(ways["out"] for ways in told["crossings"].values()),
        "people": told["people"],
        "inside": [(zone, words.number(people)) for zone, people in told["inside"].items()],
        "last": [
            {
                "icon": "next" if past["direction"] == "in" else "back",
                "way": _("In") if past["direction"] == "in" else _("Out"),
                "line": past["line"] if several else "",
                "ago": _("%(span)s ago", span=words.span(past["ago_s"])),
            }
            for past in reversed(told["last"][-6:])
        ],
    }


def _kept(plan: dict[str, Any]) -> str:
    """What is counted from now on."""
    names = [line["name"] for line in plan["lines"]]
    zones = [zone["name"] for zone in plan["zones"]]
    if not names and not zones:
        return _("Nothing is counted here any more.")
    said = [_("who crosses %(lines)s", lines=", ".join(names))] if names else []
    said += [_("how long people stay in %(zones)s", zones=", ".join(zones))] if zones else []
    return _("Counted from now on: %(what)s.", what="; ".join(said))


def _beam(one: Counter) -> dict[str, Any]:
    event = events.current(deps().reader.db())
    judged = counting.judgements(deps().reader.db(), event.event) if event else []
    word = next((judgement for judgement in judged if judgement.device == one.name), None)
    return {
        "row": _row(one),
        "name": one.name,
        "known": bool(one.source),
        "beams": [(_(_BEAMS[state][0]), *_BEAMS[state][1:]) for state in one.beams],
        "doubt": here().wording.retell(counterwords.sentence(word)) if word and word.verdict != "good" else "",
        "illegal": _illegal(word),
        "turned": one.turned,
        "back": here().wording.number(one.counters.get("turned_back", 0)),
    }


def _illegal(word: counting.Judged | None) -> str:
    """Of a hundred changes those that no walk explains; empty: nobody has said yet."""
    if word is None or word.illegal_permille is None:
        return ""
    return here().wording.number(word.illegal_permille / 10)
