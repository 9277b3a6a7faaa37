"""Plug in the kit: one live step, the list of all, what was found, and the clock that runs."""

from dataclasses import dataclass
from typing import Any, assert_never

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from appliance.domain.kit import Reason
from appliance.domain.kitplan import TARGET_S, Place, Timed
from appliance.errors import invalid
from appliance.language import N_
from appliance.projections import events, kit, kitwords, paper
from appliance.projections.checklist import Checklist, Step
from appliance.projections.kitlooks import Around
from appliance.receipts import layout, slips
from web.common.body import command_key
from web.common.drawing import qr
from web.common.language import _
from web.till import auth, frame, kitwork
from web.till.deps import deps, here

blueprint = Blueprint("kit", __name__)

_AGAIN = {"printer": N_("Print it again"), "indicator": N_("Flash again"), "relay": N_("Switch again")}


@dataclass(frozen=True)
class Live:
    """The step that is done now. ``ask``, ``yes``: what its buttons say, "" where there is none."""

    step: Step
    number: int
    do: str
    ask: str
    yes: str
    fails: dict[Reason, str]
    help: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """A piece of a slip as the page shows it."""

    kind: str
    text: str
    right: str = ""


@blueprint.get("/kit")
@auth.for_roles("lead", "cashier")
def page() -> str:
    """Everything."""
    return frame.render("kit.html", tab="box.page", here=_here(), **_now())


@blueprint.get("/kit/now")
@auth.for_roles("lead", "cashier")
def now() -> str:
    """The same again."""
    return render_template("_kit_now.html", csrf=g.signed.csrf or "", staff=auth.staff(), **_now())


@blueprint.post("/kit/<verb>")
@auth.for_roles("lead", "cashier")
def act(verb: str) -> Response:
    """What a person pressed; the form carries its own key, so that a second press changes nothing."""
    said = {name: value for name, value in request.form.items() if name not in ("csrf", "key")}
    kitwork.do(verb, said, command_key(request.form.get("key")))
    if verb == "ask":
        return make_response(redirect(url_for("kit.page", step=said.get("step"), device=said.get("device") or None)))
    return make_response(redirect(url_for("kit.page")))


@blueprint.post("/kit/devices")
@auth.for_roles("lead")
def devices() -> Response:
    """Take a found device into use, or drop one that was."""
    key, name = command_key(request.form.get("key")), request.form.get("name", "")
    match request.form.get("do"):
        case "adopt":
            kitwork.adopt(request.form.get("uri", ""), name, key)
        case "drop":
            kitwork.drop(name, key)
        case other:
            raise invalid(f"do: wants adopt or drop, found {str(other)[:40]!r}")
    return make_response(redirect(url_for("kit.page")))


def _here() -> dict[str, str]:
    """The step that the address names: a live part stays with it."""
    return {name: value for name in ("step", "device") if (value := request.args.get(name))}


def _now() -> dict[str, Any]:
    place = kitwork.around()
    found = kitwork.checklist(place)
    event = events.current(deps().reader.db())
    zone = event.timezone if event else "UTC"
    live = None if found is None else _live(found)
    return {
        "list": found,
        "live": live,
        "slip": None if found is None or live is None else _slip(found, live, place),
        "code": None if found is None else qr(found.check.code),
        "took": None if found is None else _took(found.took),
        "target": here().wording.span(TARGET_S),
        "late": found is not None and found.took.seconds > TARGET_S,
        "found": place.found,
        "adopted": place.adopted,
        "skips": kitwords.SKIPS,
        "results": [] if found is None or found.check.ready is None else _results(found, zone),
        "clock": here().wording.time(place.now.at, zone),
        "key": kitwork.key,
        "title": lambda step: kitwords.title(step, _),
    }


def _live(found: Checklist) -> Live | None:
    wanted = kitwork.place_of(request.args.get("step"), request.args.get("device"))
    chosen = found.step(wanted) if wanted is not None else None
    step = chosen if chosen is not None and found.check.ready is None else found.now
    if step is None:
        return None
    words = kitwords.WORDS[step.place.step]
    has = step.place.device != "" or not kitwords.has_device(step.place.step)
    yes = words.yes if step.state == "todo" and step.seen.ready and has else ""
    return Live(
        step=step,
        number=found.steps.index(step) + 1,
        do=words.do,
        ask=_ask(step) if has else "",
        yes=yes,
        fails=dict(words.fails) if has and step.state != "failed" else {},
        help=(*((step.seen.remedy,) if step.seen.remedy and step.seen.remedy not in words.help else ()), *words.help),
    )


def _ask(step: Step) -> str:
    """What has the part show that it works."""
    match step.state:
        case "failed":
            return N_("Try again")
        case "done" | "skipped":
            return _AGAIN.get(step.place.step, "")
        case "todo":
            words = kitwords.WORDS[step.place.step].ask
            return "" if step.seen.waits else _AGAIN.get(step.place.step, words) if step.asked else words
        case _:
            assert_never(step.state)


def _slip(found: Checklist, live: Live, place: Around) -> list[Part] | None:
    """The test slip as it should come out."""
    told = found.slips.get(live.step.place.device) if live.step.place.step == "printer" else None
    slip = paper.slip(deps().reader.db(), told[0]) if told else None
    if slip is None:
        return None
    shown = place.devices.get(slip["printer"], {})
    locale = deps().config.box.language  # as it comes out of the printer
    return [_part(element) for element in slips.elements(deps().reader.db(), slip, printer=dict(shown), locale=locale)]


def _part(element: layout.Element) -> Part:
    match element:
        case layout.Title(text):
            return Part("title", text)
        case layout.Line(text):
            return Part("line", text)
        case layout.Row(left, right):
            return Part("row", left, right)
        case layout.Rule():
            return Part("rule", "")
        case layout.Code(data):
            return Part("code", qr(data))
        case _:
            assert_never(element)


def _took(took: Timed) -> str:
    span = here().wording.span(took.seconds)
    if took.since == "power":
        said = N_("%(span)s since first power") if took.exact else N_("At least %(span)s since first power")
    else:
        said = N_("%(span)s since this check began") if took.exact else N_("At least %(span)s since this check began")
    return _(said, span=span)


def _results(found: Checklist, zone: str) -> list[dict[str, str]]:
    """Of a finished check: each step as the sheet has it."""
    answers = kit.answers(deps().reader.db(), found.check.kit)
    rows = []
    for step in found.check.ready["steps"] if found.check.ready else ():
        place = Place(step["step"], step["device"])
        answer = answers.get(place)
        passed = step["outcome"] == "passed"
        why = kitwords.PROOFS[step["proof"]] if passed else kitwords.reason(place, step.get("reason"))
        rows.append(
            {
                "title": kitwords.title(place, _),
                "outcome": step["outcome"],
                "words": kitwords.OUTCOMES[step["outcome"]],
                "why": why,
                "time": here().wording.time(answer.at, zone) if answer else "",
                "by": step["by"],
            }
        )
    return rows
