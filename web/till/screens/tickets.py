"""Tickets, for the lead: lists and gates, a shop's file, and what is said of a single ticket."""

from dataclasses import dataclass, field
from typing import Any, get_args

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from appliance.domain.lists import MOST_QUESTIONS, AnswerKind, CheckinList, Direction, Entry, Gate
from appliance.domain.presented import identity
from appliance.domain.tickets import Mark
from appliance.errors import Problem, RecorderDown, invalid
from appliance.files.codes import LARGEST, MOST
from appliance.ids import new_id
from appliance.language import N_
from appliance.projections import devices, events, lists
from appliance.projections import tickets as ticketstates
from appliance.projections.devices import states
from appliance.receipts.wording import sentence
from web.common.body import command_key
from web.common.language import _
from web.common.problems import fault_of
from web.till import auth, frame, guests
from web.till.deps import deps, here

blueprint = Blueprint("tickets", __name__)

ENTRY: dict[Entry, str] = {
    "single": N_("Once"),
    "reentry": N_("Again after an exit"),
    "multiple": N_("Any number of times"),
}
DIRECTION: dict[Direction, str] = {"in": N_("People go in"), "out": N_("People go out")}
ANSWER: dict[AnswerKind, str] = {"confirm": N_("The door says yes to it"), "text": N_("The guest answers in words")}
MARKS = {
    "pending": N_("Not paid yet"),
    "cancelled": N_("Cancelled"),
    "blocked": N_("Blocked"),
    "revoked": N_("Revoked"),
}
DONE = {
    "blocked": N_("The ticket is blocked."),
    "unblocked": N_("The ticket is no longer blocked."),
    "cancelled": N_("The ticket is cancelled."),
    "paid": N_("The ticket is paid."),
    "revoked": N_("The ticket is revoked."),
}
_RULES = {
    "list": N_("A name has at most 40 small letters, digits and dashes, such as friday-night."),
    "gate": N_("A name has at most 40 letters, digits, spaces, dots and dashes, and begins with a letter or a digit."),
}
_SPARE = 3  # empty lines for questions
_LONGEST = 4096
_FIELDS = ("list", "capacity", "products", "sessions", "questions", "gate", "lists")


@dataclass
class Form:
    """What a form shows: what is there, or what somebody typed and was not taken. ``errors``: by field; "" is the form
    as a whole."""

    new: bool
    key: str
    values: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict)
    status: int = 200

    def note(self, problem: Problem) -> None:
        """Say at its field what was wrong; a decision that stays needs a new key."""
        name, _, words = problem.detail.partition(":")
        place = next((one for one in _FIELDS if name.split(" ")[0] == one), "")
        if place and problem.slug == "validation":
            said = words.strip() if place == name else problem.detail
            self.errors[place] = _RULES.get(place, sentence(said))
        else:
            self.errors[""] = f"{sentence(problem.detail)} {problem.remedy}"
        self.status = fault_of(problem).status
        if problem.keeps:
            self.key = new_id("k")


@blueprint.get("/tickets")
@auth.for_roles("lead")
def page() -> str:
    """Everything."""
    done = DONE.get(request.args.get("done", ""))
    return _render("tickets.html", done=done, **_now())


@blueprint.get("/tickets/now")
@auth.for_roles("lead")
def now() -> str:
    """Lists and gates again."""
    return render_template("_tickets_now.html", **_now())


@blueprint.get("/tickets/list")
@auth.for_roles("lead")
def list_() -> str:
    """One list to change, or a new one."""
    name = request.args.get("list")
    if name is None:
        return _render("tickets_list.html", form=_list_form(CheckinList(""), new=True))
    found = lists.lists(deps().reader.db()).get(name)
    if found is None:
        raise Problem("not-found", f"there is no list {name[:40]!r}", "See all of them on the page of the tickets.")
    return _render("tickets_list.html", form=_list_form(found, new=False))


@blueprint.post("/tickets/list")
@auth.for_roles("lead", action="tickets")
def save_list() -> Response:
    """A list as the form says; what was not taken stands in the form again."""
    said = request.form
    asked = [
        {"text": text, "answer": said.get(f"answer-{n}", "confirm")}
        for n in range(MOST_QUESTIONS)
        if (text := said.get(f"question-{n}", "").strip())
    ]
    values: dict[str, Any] = {
        "list": said.get("list", "").strip(),
        "entry": said.get("entry", "single"),
        "capacity": said.get("capacity", "").strip(),
        "products": said.get("products", ""),
        "sessions": said.get("sessions", ""),
        "pending": said.get("pending") == "yes",
        "questions": _padded(asked),
    }
    form = Form(said.get("new") == "yes", command_key(said.get("key")), values)
    capacity = values["capacity"].replace(",", "") or "0"
    if not (capacity.isascii() and capacity.isdigit() and len(capacity) <= 12):
        form.errors["capacity"] = _("Enter a whole number of people, such as 250, or leave it empty for no limit.")
        form.status = 422
    if not form.errors:
        data = {
            **values,
            "capacity": int(capacity),
            "products": _lines(values["products"]),
            "sessions": _lines(values["sessions"]),
            "questions": asked,
        }
        found = lists.lists(deps().reader.db()).get(data["list"])
        if form.new and found is not None and not _says(found, data):
            form.errors["list"] = _("There is a list of this name already. Take another name, or change that list.")
            form.status = 409
        elif _taken("list.define", data, form):
            return make_response(redirect(url_for("tickets.page")))
    return make_response(_render("tickets_list.html", form=form), form.status)


@blueprint.get("/tickets/gate")
@auth.for_roles("lead")
def gate() -> str:
    """One gate to change, or a new one, perhaps with the name of the scanner that stands there."""
    name = request.args.get("gate", "")[:40]
    found = lists.gates(deps().reader.db()).get(name)
    return _render("tickets_gate.html", form=_gate_form(found or Gate(name), new=found is None))


@blueprint.post("/tickets/gate")
@auth.for_roles("lead", action="tickets")
def save_gate() -> Response:
    """A gate as the form says."""
    said = request.form
    values: dict[str, Any] = {
        "gate": said.get("gate", "").strip(),
        "lists": said.getlist("lists"),
        "direction": said.get("direction", "in"),
    }
    form = Form(said.get("new") == "yes", command_key(said.get("key")), values)
    found = lists.gates(deps().reader.db()).get(values["gate"])
    asked = Gate(values["gate"], tuple(values["lists"]), values["direction"])
    if form.new and found not in (None, asked):
        form.errors["gate"] = _("There is a gate of this name already. Take another name, or change that gate.")
        form.status = 409
    elif _taken("gate.define", values, form):
        return make_response(redirect(url_for("tickets.page")))
    return make_response(_render("tickets_gate.html", form=form), form.status)


@blueprint.get("/tickets/import")
@auth.for_roles("lead")
def take() -> str:
    """Choose a file, look at what the box took for what, take the tickets."""
    return _render("tickets_import.html", largest=LARGEST, most=here().wording.number(MOST))


@blueprint.post("/tickets/find")
@auth.for_roles("lead")
def find() -> str:
    """Tickets by name, order or code. A form, not an address: names and codes stay out of the browser's history."""
    text = request.form.get("q", "").strip()[:_LONGEST]
    found = guests.find(text)
    if not found and (known := guests.ticket_now(identity(text, text))):
        found = [known]
    # Whoever types a name with a slip in it is not asked about codes.
    code = text if not found and (" " not in text or any(map(str.isdigit, text))) else ""
    return _render("tickets_found.html", text=text, found=found, code=code, most=guests.MOST, key=new_id)


@blueprint.get("/tickets/of/<ticket>")
@auth.for_roles("lead")
def one(ticket: str) -> str:
    """A ticket, and what may be said of it."""
    found = guests.ticket_now(ticket)
    if found is None:
        raise Problem("not-found", f"ticket {ticket[:64]} is not known for this event", "Look for its holder's name.")
    event = events.current(deps().reader.db())
    zone = event.timezone if event else "UTC"
    for place in found["lists"]:
        if place["first"] is not None:
            place["first"]["at"] = here().wording.time(place["first"]["at"], zone)
    done = DONE.get(request.args.get("done", ""))
    state = ticketstates.state(deps().reader.db(), ticket, event.event) if event else None
    ref = state.holder_ref if state and not found.get("erased") else None
    return _render("tickets_one.html", ticket=found, ref=ref, done=done, key=new_id)


@blueprint.post("/tickets/mark")
@auth.for_roles("lead", action="tickets")
def mark() -> Response:
    """Say something of one ticket, by its id or by its code."""
    said, key = request.form.get("mark", ""), command_key(request.form.get("key"))
    if said not in get_args(Mark):
        raise invalid(f"mark: wants one of {', '.join(get_args(Mark))}")
    ticket, code = request.form.get("ticket", ""), request.form.get("code", "")
    which = {"tickets": [ticket]} if ticket else {"codes": [code]}
    deps().client.send("tickets.mark", {"mark": said, **which}, actor=auth.actor(), id=key)
    if ticket:
        return make_response(redirect(url_for("tickets.one", ticket=ticket, done=said)))
    return make_response(redirect(url_for("tickets.page", done=said)))


def _says(found: CheckinList, data: dict[str, Any]) -> bool:
    """Whether a list is just what a form asks for: a second press, or the answer to the first was lost."""
    return data == {
        "list": found.list,
        "entry": found.entry,
        "capacity": found.capacity or 0,
        "products": list(found.products),
        "sessions": list(found.sessions),
        "pending": found.pending,
        "questions": [{"text": ask.text, "answer": ask.answer} for ask in found.questions],
    }


def _taken(command: str, data: dict[str, Any], form: Form) -> bool:
    """Whether the recorder took it; if not, the form says why."""
    try:
        deps().client.send(command, data, actor=auth.actor(), id=form.key)
    except Problem as problem:
        form.note(problem)
    except RecorderDown as error:
        form.note(Problem("busy", "the box's recorder does not answer", error.remedy))
    return not form.errors


def _render(template: str, **values: Any) -> str:
    there = lists.lists(deps().reader.db())
    return frame.render(
        template,
        tab="lead.page",
        lists=list(there),
        answer_words=ANSWER,
        mark_words=MARKS,
        **{"entry_words": ENTRY, "direction_words": DIRECTION, **values},
    )


def _list_form(found: CheckinList, *, new: bool) -> Form:
    values = {
        "list": found.list,
        "entry": found.entry,
        "capacity": "" if found.capacity is None else str(found.capacity),
        "products": "\n".join(found.products),
        "sessions": "\n".join(found.sessions),
        "pending": found.pending,
        "questions": _padded([{"text": ask.text, "answer": ask.answer} for ask in found.questions]),
    }
    return Form(new, new_id("k"), values)


def _gate_form(found: Gate, *, new: bool) -> Form:
    return Form(new, new_id("k"), {"gate": found.gate, "lists": found.lists, "direction": found.direction})


def _padded(asked: list[dict[str, str]]) -> list[dict[str, str]]:
    """With some empty ones below, to be filled in."""
    spare = min(_SPARE, MOST_QUESTIONS - len(asked))
    return asked + [{"text": "", "answer": "confirm"}] * spare


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _now() -> dict[str, Any]:
    shape = guests.shape()
    return {
        "shape": shape,
        "entry_words": ENTRY,
        "direction_words": DIRECTION,
        "number": here().wording.number,
        "scanners": _scanners({gate["gate"] for gate in shape["gates"]}),
    }


def _scanners(defined: set[str]) -> list[str]:
    """Gates of scanners that are in use, as far as nobody said what they mean."""
    db = deps().reader.db()
    named = [*devices.names(db, deps().config.devices, "scanner"), *states(db)]
    gates = [name.partition("-")[2] for name in named if name.startswith("scanner-")]
    return sorted({gate for gate in gates if gate} - defined)
