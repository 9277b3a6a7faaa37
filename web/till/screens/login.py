"""The PIN."""

from typing import cast

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from appliance.errors import Problem
from appliance.language import LANGUAGES, NAMES
from appliance.private.secrets import ROLES, Role
from appliance.projections import events
from web.common.language import choose
from web.common.problems import fault_of
from web.till import auth
from web.till.deps import deps, here

blueprint = Blueprint("login", __name__)

APART = ("login.", "assets.", "health")
"""Endpoints that are no page to come back to."""


@blueprint.get("/")
@auth.open_to_all
def start() -> Response:
    """Where one begins: the first screen of one's role, or the PIN."""
    signed = auth.look()()
    if signed is None:
        return make_response(redirect(url_for("login.page")))
    return make_response(redirect(url_for(_first_screen(signed.staff.role))))


@blueprint.get("/login")
@auth.open_to_all
def page() -> Response:
    """The number pad."""
    return _show(None)


@blueprint.post("/login")
@auth.open_to_all
def enter() -> Response:
    """A PIN that was typed; on to where one wanted to go."""
    try:
        grant = auth.login(request.form.get("pin", "").strip())
    except Problem as problem:
        if problem.slug not in ("wrong-pin", "throttled", "busy"):
            raise
        return _show(problem)
    wanted = request.args.get("next", "")
    target = wanted if _may_see(wanted, grant.staff.role) else url_for(_first_screen(grant.staff.role))
    response = make_response(redirect(target))
    auth.hand_over(grant, response)
    return response


@blueprint.post("/logout")
def leave() -> Response:
    """Lock this screen."""
    response = make_response(redirect(url_for("login.page")))
    auth.logout(response)
    return response


@blueprint.post("/language")
@auth.open_to_all
def language() -> Response:
    """What this browser is shown from now on."""
    auth.check_origin(needed=False)
    response = make_response(redirect(url_for("login.page")))
    choose(request.form.get("language", ""), response)
    return response


def _show(problem: Problem | None) -> Response:
    event = events.current(deps().reader.db())
    fault = fault_of(problem) if problem else None
    html = render_template(
        "login.html",
        event=event,
        fault=fault,
        languages=[(name, NAMES[name]) for name in LANGUAGES if name != here().wording.language],
        wait=problem.extra.get("retry_after", 0) if problem and problem.slug == "throttled" else 0,
    )
    return make_response(html, 200 if fault is None else fault.status)


def _may_see(path: str, role: Role) -> bool:
    """Whether a path is one of our own pages, and one for this role: nobody is sent elsewhere."""
    try:
        endpoint, _ = cast(MapAdapter, request_ctx.url_adapter).match(path, method="GET")
    except HTTPException:
        return False
    if not path.startswith("/") or path.startswith(("//", "/api/")) or "\\" in path or endpoint.startswith(APART):
        return False
    return role in vars(current_app.view_functions[endpoint]).get("roles", ROLES)


def _first_screen(role: Role) -> str:
    return next(tab.endpoint for tab in here().tabs if role in tab.roles)
