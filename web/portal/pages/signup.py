"""Signing up: the words first, then name and e-mail, then the claim code.

The page with the code is the answer to the form itself: in the small browsers that phones open for a Wi-Fi no cookie
may stay, and a page that needs one would lose the code. The same form sent again has the same answer.
"""

import hashlib
from dataclasses import dataclass, field

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for

from appliance.domain import consent, guests
from appliance.errors import Problem, RecorderDown, invalid
from appliance.ids import new_id
from appliance.language import N_
from appliance.projections import events
from web.common.body import command_key, json_object, text_of
from web.common.drawing import qr
from web.common.language import wording
from web.common.problems import fault_of
from web.portal import guest
from web.portal.deps import here

blueprint = Blueprint("signup", __name__)

_TICK = N_("Tick the box if you want this. Without it, everything else works just the same.")
_LONGEST_KEY = 80


@dataclass(frozen=True)
class Form:
    """What stands in the form. ``faults``: field → what is wrong, what to do; ``note``: why it was not taken."""

    key: str
    name: str = ""
    email: str = ""
    is_agreed: bool = False
    faults: dict[str, tuple[str, str]] = field(default_factory=dict)
    note: Problem | None = None


@blueprint.get("/signup")
def page() -> Response:
    """The form; who is signed up already is led to the wallet."""
    if guest.guest() is not None:
        return make_response(redirect(url_for("wallet.page")))
    return _form(Form(new_id("f")), 200)


@blueprint.post("/signup")
def press() -> Response:
    """The form as it was sent: the claim code, or the form again with what is wrong in it."""
    guest.own_page()
    sent = request.form
    key, name, email = (sent.get(part, "") for part in ("key", "name", "email"))
    form = Form(key[:_LONGEST_KEY] or new_id("f"), guests.plain(name), guests.plain(email), "consent" in sent)
    faults = guests.faults(form.name, form.email)
    if not form.is_agreed:
        faults["consent"] = _TICK, ""
    if faults:
        return _form(Form(form.key, form.name, form.email, form.is_agreed, faults), 422)
    ident = _identity("form", form.key, form.name, form.email)
    try:
        answer = _sign_up(form.name, form.email, sent.get("words", ""), ident)
    except Problem as problem:
        return _again(form, problem)
    except RecorderDown as error:
        detail = "The recorder does not answer; nothing was recorded by this attempt."
        return _again(form, Problem("busy", detail, error.remedy, retry_after=1))
    code = answer["claim_code"]
    shown = guests.show_code(code)
    page = render_template("thanks.html", name=form.name, code=shown, qr=qr(address(code)), event=_event())
    return guest.keep(make_response(page), code)


@blueprint.post("/api/v1/signup")
def script() -> Response:
    """``{"name", "email", "consent": true}`` → ``{"guest", "claim_code"}``. The same ``Idempotency-Key``, if there is
    one, and the same body: the same answer."""
    body = json_object(request.get_data())
    if unknown := set(body) - {"name", "email", "consent"}:
        raise invalid(f"{min(unknown)[:40]!r}: wants name, email and consent only")
    name, email = text_of(body, "name"), text_of(body, "email")
    if body.get("consent") is not True:
        raise invalid("consent: wants true, said after reading the words of /signup")
    header = request.headers.get("Idempotency-Key")
    ident = _identity("key", command_key(header)) if header else new_id("su-")
    answer = _sign_up(name, email, consent.VERSION, ident)
    return jsonify({"guest": answer["guest"], "claim_code": guests.show_code(answer["claim_code"])})


def address(code: str) -> str:
    """Where another browser takes the code in: behind the #, which no browser sends to anybody and no log has."""
    return f"{here().deps.config.portal.public_url.rstrip('/')}{url_for('wallet.page')}#{code}"


def _sign_up(name: str, email: str, words: str, ident: str) -> dict[str, str]:
    device, signups = guest.device(), here().signups
    signups.take(device)
    data = {"name": name, "email": email, "consent": words, "language": wording().language}
    try:
        return here().deps.client.send("guest.sign_up", data, actor=guest.ACTOR, id=ident).answer
    except (Problem, RecorderDown) as error:
        if isinstance(error, RecorderDown) or error.later:
            signups.give_back(device)
        raise


def _identity(*parts: str) -> str:
    """The command's, of its own kind whatever a guest sends; of a form that was corrected it is another one."""
    return "su-" + hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:40]


def _again(form: Form, problem: Problem) -> Response:
    """What was typed stays; agreed is only what was read."""
    fault = fault_of(problem)
    agreed = form.is_agreed and problem.slug != "consent"
    response = _form(Form(form.key, form.name, form.email, agreed, note=problem), fault.status)
    if (seconds := problem.extra.get("retry_after")) is not None:
        response.headers["Retry-After"] = str(seconds)
    return response


def _form(form: Form, status: int) -> Response:
    open_ = guest.can_sign_up()
    return make_response(
        render_template("signup.html", form=form, event=_event(), words=consent, can_sign_up=open_), status
    )


def _event() -> str:
    event = events.current(here().deps.reader.db())
    return event.name if event else ""
