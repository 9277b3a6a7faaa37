"""The captive portal: what phones ask to find out whether there is an internet, and the button that lets them through.

Before it every probe is sent to the portal; afterwards each gets the very bytes that its system takes for success, so
that the phone stops asking and stays. The portal's own address is the only one that anybody is sent to, whatever name
was asked for.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for

from appliance.config import OWN_HOSTS
from appliance.errors import Problem
from appliance.language import N_
from web.portal import guest
from web.portal.deps import here
from web.portal.gate import Joining

blueprint = Blueprint("captive", __name__)

_ADDRESS = f"http://{OWN_HOSTS[1]}"


@dataclass(frozen=True)
class Success:
    """What a system wants to hear."""

    status: int
    kind: str
    body: str


_ANDROID = Success(204, "", "")
_APPLE = Success(200, "text/html", "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>\n")
_LINUX = Success(200, "text/plain", "NetworkManager is online\n")
_FIREFOX_PAGE = '<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>'

PROBES = {
    "/generate_204": _ANDROID,
    "/gen_204": _ANDROID,
    "/hotspot-detect.html": _APPLE,
    "/library/test/success.html": _APPLE,
    "/connecttest.txt": Success(200, "text/plain", "Microsoft Connect Test"),
    "/ncsi.txt": Success(200, "text/plain", "Microsoft NCSI"),
    "/success.txt": Success(200, "text/plain", "success\n"),
    "/canonical.html": Success(200, "text/html", _FIREFOX_PAGE),
    "/check_network_status.txt": _LINUX,
    "/nm": _LINUX,
}
"""What each system asks for, whoever it asks."""
BARE = {"captive.apple.com": _APPLE}
"""Names whose every page is such a probe."""


@blueprint.app_context_processor
def joining_too() -> dict[str, object]:
    """For ``_join.html``, wherever it is part of a page."""
    return {"joining": joining}


def joining() -> Joining:
    """How things are for the device that asks. A page with ``_join.html`` is another one for each ``key`` of it."""
    return here().gate.joining(request.remote_addr or "")


@blueprint.before_app_request
def lead_here() -> Response | None:
    """A guest who looks for anybody else finds the portal."""
    host = _host()
    if host in _own() or request.path in PROBES:
        return None
    mac = here().gate.device(request.remote_addr or "")
    if mac is None:
        return None  # no guest of the Wi-Fi: a laptop that calls this box by another name
    success = BARE.get(host)
    return _say(success) if success and here().gate.seconds(mac) else make_response(redirect(f"{_ADDRESS}/"))


def probe() -> Response:
    """Success for who was let through, the portal for everybody else."""
    gate = here().gate
    mac = gate.device(request.remote_addr or "")
    if mac is not None and gate.seconds(mac):
        return _say(PROBES[request.path])
    return make_response(redirect(_portal()))


for number, path in enumerate(PROBES):
    blueprint.add_url_rule(path, f"probe_{number}", probe)


@blueprint.get("/capport")
def capport() -> Response:
    """How things are, as RFC 8908 wants it told."""
    gate = here().gate
    mac = gate.device(request.remote_addr or "")
    left = gate.seconds(mac) if mac is not None else 0
    said: dict[str, object] = {"captive": not left, "user-portal-url": _portal(absolute=True)}
    if left:
        said |= {"seconds-remaining": left, "can-extend-session": True}
    response = jsonify(said)
    response.content_type = "application/captive+json"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.get("/join")
def page() -> str:
    """The button, and nothing else; where there is no Wi-Fi of the box's, that."""
    return render_template("join.html", exists=here().gate.exists)


@blueprint.post("/join")
def join() -> Response:
    """The button was pressed."""
    guest.own_page()
    gate = here().gate
    if not gate.exists:
        raise Problem("no-air", "this box makes no Wi-Fi for guests", "Nothing is missing: all pages are here.")
    mac = gate.device(request.remote_addr or "")
    if mac is None:
        detail = "this device is on another network of the box"
        raise Problem("not-on-air", detail, N_("Join the Wi-Fi that the poster names, then open this page."))
    gate.admit(mac)
    return make_response(redirect(url_for("landing.page"), 303))


def _host() -> str:
    """The name that was asked for, without a port; "" when none was."""
    name = request.headers.get("Host", "").strip().lower()
    name = name if name.endswith("]") else name.rpartition(":")[0] or name
    return name.rstrip(".")


def _own() -> set[str]:
    return {"", *OWN_HOSTS, urlsplit(here().deps.config.portal.public_url).hostname or ""}


def _portal(*, absolute: bool = False) -> str:
    """On the guests' Wi-Fi under the box's own name; elsewhere the phone is told no other than the one that it used."""
    if here().gate.exists:
        return f"{_ADDRESS}/"
    return f"{here().deps.config.portal.public_url.rstrip('/')}/" if absolute else url_for("landing.page")


def _say(success: Success) -> Response:
    response = Response(success.body, success.status)
    response.content_type = success.kind or "text/plain"
    return response
