"""The guests' Wi-Fi: its codes on the screen, as a poster, as a slip."""

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from appliance.errors import Problem
from appliance.ids import new_id
from appliance.language import N_
from appliance.projections import events, paper
from appliance.receipts import wifi
from web.common.body import command_key
from web.common.drawing import qr
from web.common.language import _
from web.till import auth, frame
from web.till.deps import deps, here

blueprint = Blueprint("wifi", __name__)

_SLIPS = {
    None: N_("The slip waits for its printer."),
    "printed": N_("The slip is printed."),
    "unconfirmed": N_("The slip was sent; this printer cannot say more."),
    "not_printed": N_("The slip did not come out."),
    "unknown": N_("The slip broke off in the middle."),
}


@blueprint.get("/box/wifi")
@auth.for_roles("lead")
def page() -> str:
    """The poster, and what to do with it."""
    return frame.render("wifi.html", tab="box.page", key=new_id("k"), slip=_slip(), **_poster())


@blueprint.get("/box/wifi/now")
@auth.for_roles("lead")
def now() -> str:
    """What became of the newest slip."""
    return render_template("_wifi_now.html", slip=_slip())


@blueprint.post("/box/wifi")
@auth.for_roles("lead")
def print_slip() -> Response:
    """One more slip; the form carries its own key, so that a second press changes nothing."""
    wifi.join_code(deps().config.wifi)  # where there is no Wi-Fi, no slip
    deps().client.send("wifi.print", {}, actor=auth.actor(), id=command_key(request.form.get("key")))
    return make_response(redirect(url_for("wifi.page"), 303))


def _poster() -> dict[str, Any]:
    config = deps().config
    url = config.portal.public_url.rstrip("/")
    own = frame.box_status()["fingerprints"]["box"]
    shown = {"wifi": config.wifi, "host": wifi.host(url), "open": qr(f"{url}/"), "fingerprint": own}
    try:
        return {**shown, "join": qr(wifi.join_code(config.wifi)), "fault": None}
    except Problem as problem:
        return {**shown, "join": None, "fault": problem}


def _slip() -> dict[str, str] | None:
    """The newest slip in words, and whether it is well."""
    found = paper.newest(deps().reader.db(), "wifi")
    if found is None:
        return None
    event = events.current(deps().reader.db())
    at = here().wording.time(found["at"], event.timezone if event else "UTC")
    good = found["outcome"] in (None, "printed", "unconfirmed")
    return {"words": _(_SLIPS[found["outcome"]]), "at": at, "good": "go" if good else "stop"}
