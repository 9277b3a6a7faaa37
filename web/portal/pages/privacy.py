"""What is stored: in general, the same for everybody; and with the claim code all that is stored about one guest, to
see, to take along, and to erase."""

import hashlib
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from appliance.domain import guests
from appliance.errors import Problem, invalid
from appliance.ids import new_id
from appliance.language import N_
from appliance.projections import events
from web.portal import guest, things
from web.portal.deps import here

blueprint = Blueprint("privacy", __name__)

_NONE = N_("This claim code opens nothing. Type the ten letters and digits as they were shown to you.")
_SURE = N_("Tick the box first.")


@blueprint.get("/privacy")
def page() -> Response:
    """What is stored, and what is not; more for a guest whose code this browser has."""
    code = guest.claimed()
    if code is not None and guest.guest() is not None:
        return _mine(code)
    return here().fresh.answer("privacy", _general)


@blueprint.post("/privacy")
def enter() -> Response:
    """With the code that somebody typed. This browser does not keep it."""
    guest.own_page()
    typed = request.form.get("code", "")
    code = guests.read_code(typed)
    if code is None or guest.whose(code) is None:
        return make_response(_general(typed[: 2 * guests.CODE_CHARS], _NONE), 422)
    return _mine(code)


@blueprint.get("/privacy/mine.json")
def mine() -> Response:
    """The same as a file, to take along."""
    code = guest.claimed()
    if code is None:
        raise Problem("claim-code", "this browser brings no claim code", "Type it on the wallet's page first.")
    about = guest.ask("guest.about", code)
    held = [one.as_json() for one in things.held(about["guest"], code)]
    response = jsonify({**about, "things": held})
    response.headers["Content-Disposition"] = 'attachment; filename="about-me.json"'
    return response


@blueprint.post("/privacy/erase")
def erase() -> Response:
    """Name and e-mail go for good. The same form sent again has the same answer."""
    guest.own_page()
    sent = request.form
    code, who = guests.read_code(sent.get("code", "")), sent.get("guest", "")
    if code is None:
        raise invalid("code: wants a claim code", "Open the page again, then press once more.")
    if "sure" not in sent:
        return _mine(code, _SURE, 422)
    ident = "er-" + hashlib.sha256(f"{sent.get('key', '')}\x00{who}".encode()).hexdigest()[:40]
    here().deps.client.send("guest.erase", {"guest": who, "code": code}, actor=guest.ACTOR, id=ident)
    return guest.forget(make_response(render_template("erased.html")))


def _general(typed: str = "", fault: str = "") -> str:
    return _page(about=None, typed=typed, fault=fault)


def _mine(code: str, fault: str = "", status: int = 200) -> Response:
    about = guest.ask("guest.about", code)
    event = events.get(here().deps.reader.db(), about["event"])
    zone, words = (event.timezone if event else "UTC"), here().wording
    shown: dict[str, Any] = {
        **about,
        "code": code,
        "shown": guests.show_code(code),
        "said_at": f"{words.day(about['at'], zone)}, {words.time(about['at'], zone)}",
        "event": event.name if event else "",
        "things": things.held(about["guest"], code),
        "key": new_id("e"),
    }
    return make_response(_page(about=shown, fault=fault), status)


def _page(**values: Any) -> str:
    config = here().deps.config
    hours = config.wifi.release_hours if config.wifi.ssid else 0
    return render_template("privacy.html", keep_days=config.privacy.keep_days, release_hours=hours, **values)
