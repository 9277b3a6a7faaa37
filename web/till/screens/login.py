"""The PIN."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from appliance.errors import Problem
from appliance.private.secrets import Role
from appliance.projections import events
from web.common.problems import fault_of
from web.till import auth
from web.till.deps import deps, here

blueprint = Blueprint("login", __name__)


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
    paths = [url_for(tab.endpoint) for tab in here().tabs if grant.staff.role in tab.roles]
    target = wanted if wanted in paths else url_for(_first_screen(grant.staff.role))
    response = make_response(redirect(target))
    auth.hand_over(grant, response)
    return response


@blueprint.post("/logout")
def leave() -> Response:
    """Lock this screen."""
    response = make_response(redirect(url_for("login.page")))
    auth.logout(response)
    return response


def _show(problem: Problem | None) -> Response:
    event = events.current(deps().reader.db())
    html = render_template(
        "login.html",
        event=event,
        problem=problem,
        wait=problem.extra.get("retry_after", 0) if problem and problem.slug == "throttled" else 0,
        language=here().wording.language,
    )
    return make_response(html, 200 if problem is None else fault_of(problem).status)


def _first_screen(role: Role) -> str:
    return next(tab.endpoint for tab in here().tabs if role in tab.roles)
