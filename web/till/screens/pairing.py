"""Pairing: which phones and tablets reach the till over the guests' Wi-Fi, and how one of them gets there."""

import hashlib
import secrets
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from appliance import board
from appliance.errors import Problem
from appliance.private.pairing import CODE_S
from appliance.projections import events
from web.common.drawing import qr
from web.common.language import _
from web.common.problems import fault_of
from web.till import auth, frame
from web.till.deps import deps, here

blueprint = Blueprint("pairing", __name__)

_SHOWN = frozenset({"wrong-code", "throttled", "disk-full"})


@dataclass(frozen=True)
class DeviceNow:
    """One line of the list. ``mine``: the lead reads this page on it."""

    id: str
    name: str
    since: str
    seen: str
    by: str
    mine: bool


# What strangers see


@blueprint.get("/pair")
@auth.open_to_strangers
def page() -> Response:
    """The certificate, and the form for the code."""
    return _show(None, secrets.token_urlsafe(16))


@blueprint.post("/pair")
@auth.open_to_strangers
def pair() -> Response:
    """A code that was typed; on to the PIN."""
    auth.check_origin(needed=False)
    if not auth.on_air() or auth.paired():
        return make_response(redirect(url_for("login.start"), 303))
    form = request.form.get("form", "")[:40]
    try:
        cookie = deps().secrets.pairings.pair(request.form.get("code", ""), form, request.remote_addr or "")
    except Problem as problem:
        if problem.slug not in _SHOWN:
            raise
        return _show(problem, form)
    response = make_response(redirect(url_for("login.page"), 303))
    auth.let_in(cookie, response)
    return response


@blueprint.get("/pair/ca.crt")
@auth.open_to_strangers
def certificate() -> Response:
    """The box's own authority, for the device to install."""
    found = _authority()
    if found is None:
        raise Problem("not-found", "this box has no certificate yet", "Ask the lead whether https is on.")
    response = Response(found, content_type="application/x-x509-ca-cert")
    response.headers["Content-Disposition"] = 'attachment; filename="boothkit-ca.crt"'
    return response


@blueprint.get("/pair/known")
@auth.open_to_strangers
def known() -> Response:
    """Whether the device is paired: nginx asks before it takes a large body in, and lets nobody else ask."""
    return Response(status=204 if auth.paired() else 403)


def _show(problem: Problem | None, form: str) -> Response:
    html = render_template(
        "pair.html",
        fault=fault_of(problem) if problem else None,
        form=form,
        on_air=auth.on_air(),
        paired=auth.paired(),
        fingerprint=_fingerprint(),
        guests=deps().config.portal.public_url,
    )
    response = make_response(html, 200 if problem is None else fault_of(problem).status)
    if problem is not None and (seconds := problem.extra.get("retry_after")):
        response.headers["Retry-After"] = str(seconds)
    return response


# What the lead sees


@blueprint.get("/pairing")
@auth.for_roles("lead")
def devices() -> str:
    """The paired devices, and the form for one more."""
    return _devices(None)


@blueprint.post("/pairing")
@auth.for_roles("lead")
def invite() -> Response:
    """A code for one more device, shown this once: the box keeps its hash alone."""
    try:
        code = deps().secrets.pairings.new_code(request.form.get("name", ""), auth.staff().id)
    except Problem as problem:
        if problem.slug != "validation":
            raise
        return make_response(_devices(problem), fault_of(problem).status)
    url = f"{_urls()[0]}/pair"
    html = frame.render(
        "pairing_code.html",
        tab="lead.page",
        code=code,
        name=" ".join(request.form.get("name", "").split()),
        minutes=CODE_S // 60,
        url=url,
        others=[f"{other}/pair" for other in _urls()[1:]],
        get_it=qr(url),
        qr=qr(f"{url}#{code}"),
        fingerprint=_fingerprint(),
    )
    return make_response(html)


@blueprint.post("/pairing/unpair")
@auth.for_roles("lead")
def unpair() -> Response:
    """A device reaches the till no more over the guests' Wi-Fi."""
    deps().secrets.pairings.unpair(request.form.get("device", ""))
    return make_response(redirect(url_for("pairing.devices"), 303))


def _devices(problem: Problem | None) -> str:
    people = {staff.id: staff.name for staff in deps().secrets.staff()}
    mine = request.cookies.get(auth.PAIRED, "")
    own = deps().secrets.pairings.device(mine) if mine else None
    return frame.render(
        "pairing.html",
        tab="lead.page",
        devices=[
            DeviceNow(
                one.id,
                one.name,
                _time(one.wall_ms),
                _time(one.seen_ms) if one.seen_ms else _("Not yet"),
                people.get(one.staff, ""),
                own is not None and own.id == one.id,
            )
            for one in deps().secrets.pairings.devices()
        ],
        fault=fault_of(problem) if problem else None,
        wanted=request.form.get("name", "")[:60],
        urls=[f"{url}/pair" for url in _urls()],
        fingerprint=_fingerprint(),
        trouble=_trouble(),
    )


def _trouble() -> dict[str, str] | None:
    """What the https worker lacks, if anything: ``reason``, ``remedy``."""
    if not deps().config.staff.https_port:
        remedy = _("Set [staff] https_port in boothkit.toml, for example to 8443.")
        return {"reason": _("https is switched off"), "remedy": remedy}
    shown, tell = board.read(deps().run, "https") or {}, here().wording.retell
    if shown.get("state") == "ready":
        return None
    return {
        "reason": tell(shown.get("reason") or "") or _("https is starting"),
        "remedy": tell(shown.get("remedy") or ""),
    }


def _urls() -> list[str]:
    port = deps().config.staff.https_port
    return [f"https://{host}:{port}" for host in deps().config.https_hosts()]


def _authority() -> bytes | None:
    """The certificate in DER; None: there is none."""
    path: Path = deps().run / "pki" / "ca.pem"
    try:
        return ssl.PEM_cert_to_DER_cert(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _fingerprint() -> str | None:
    """As devices show it: SHA-256 in pairs of hexadecimal digits."""
    found = _authority()
    return None if found is None else hashlib.sha256(found).digest().hex(" ").upper()


def _time(wall_ms: int) -> str:
    event = events.current(deps().reader.db())
    zone = ZoneInfo(event.timezone if event else "UTC")
    return f"{datetime.fromtimestamp(wall_ms / 1000, UTC).astimezone(zone):%Y-%m-%d %H:%M}"
