"""The wallet: all that a guest holds, behind the claim code. The code comes in a form or in the cookie, never in an
address, which logs and histories keep."""

from typing import Any

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for

from appliance.domain import guests
from appliance.language import N_
from web.common.drawing import qr
from web.portal import guest, pages, things
from web.portal.pages.signup import address

blueprint = Blueprint("wallet", __name__)

_NONE = N_("This claim code opens nothing. Type the ten letters and digits as they were shown to you.")


@blueprint.get("/wallet")
def page() -> Response:
    """What this browser's guest holds; else the field for the code."""
    code, who = guest.claimed(), guest.guest()
    if code is not None and who is not None:
        return _show(code, who)
    if pages.wants_json():
        return make_response(jsonify({"guest": None, "things": []}))
    return _ask("", _NONE if code is not None else "", 200)


@blueprint.post("/wallet")
def enter() -> Response:
    """The code that somebody typed, in this browser from now on. The answer is the wallet itself: it opens also where
    no cookie stays."""
    guest.own_page()
    typed = request.form.get("code", "")
    code = guests.read_code(typed)
    who = None if code is None else guest.whose(code)
    if code is None or who is None:
        return _ask(typed[: 2 * guests.CODE_CHARS], _NONE, 422)
    return guest.keep(_show(code, who), code)


@blueprint.post("/wallet/leave")
def leave() -> Response:
    """This browser forgets the code; it stays good."""
    guest.own_page()
    return guest.forget(make_response(redirect(url_for("wallet.page"))))


def _show(code: str, who: str) -> Response:
    held = things.held(who, code)
    if pages.wants_json():
        said: dict[str, Any] = {"guest": who, "things": [one.as_json() for one in held]}
        return make_response(jsonify(said))
    shown = guests.show_code(code)
    return make_response(render_template("wallet.html", code=shown, qr=qr(address(code)), things=held))


def _ask(typed: str, fault: str, status: int) -> Response:
    return make_response(render_template("claimcode.html", typed=typed, fault=fault), status)
