"""Who asks: the claim code that a browser brings in a cookie, and the guest whom the recorder finds by it. A phone's
address tells devices apart and is nothing more."""

from typing import Any, Literal, cast

from flask import Response, g, request

from appliance.domain.guests import read_code
from appliance.errors import Problem
from appliance.ids import new_id
from appliance.projections import events
from web.portal.deps import here

COOKIE = "bk_claim"
ACTOR = "guest:portal"
_KEEP_S = 400 * 24 * 3600
"""As long as browsers keep a cookie at most (RFC 6265bis, 5.5)."""


def claimed() -> str | None:
    """The claim code that this request brings, as it is compared; nobody has looked yet whether it is somebody's."""
    return read_code(request.cookies.get(COOKIE, ""))


def guest() -> str | None:
    """The guest's id that the code stands for; asked of the recorder once for a request, and only with a code.

    Problem ``throttled`` while this device waits for wrong codes; RecorderDown.
    """
    if "guest" not in g:
        code = claimed()
        g.guest = None if code is None else whose(code)
        g.is_stale = code is not None and g.guest is None
    return cast("str | None", g.guest)


def whose(code: str) -> str | None:
    """The guest of a code that this device shows; None: nobody's. Raises as ``guest``."""
    try:
        return str(ask("guest.whose", code)["guest"])
    except Problem as problem:
        if problem.slug != "claim-code":
            raise
        return None


def ask(question: str, code: str) -> dict[str, Any]:
    """What the recorder tells to who has a code. Problem ``claim-code``, ``throttled``; RecorderDown."""
    data = {"code": code, "device": device()}
    return here().deps.client.send(question, data, actor=ACTOR, id=new_id("ask-")).answer


def device() -> str:
    """What limits are counted by."""
    return request.remote_addr or "nowhere"


def keep(response: Response, code: str) -> Response:
    """From now on this browser brings the code."""
    g.is_stale = False
    response.set_cookie(COOKIE, code, max_age=_KEEP_S, httponly=True, samesite="Lax", path="/")
    return response


def forget(response: Response) -> Response:
    """From now on it brings none."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", path="/")
    return response


def tidy(response: Response) -> Response:
    """A code that opens nothing any more is not brought again: each time would count as a guess."""
    return forget(response) if g.get("is_stale") else response


def offer() -> Literal["signup", "wallet"] | None:
    """What the card of a page offers to who asks now; part of the state of each page that has it. Nobody is asked: a
    code that opens nothing leads to a page that says so."""
    if claimed() is not None:
        return "wallet"
    return "signup" if can_sign_up() else None


def can_sign_up() -> bool:
    """Whether an event is open or planned."""
    event = events.current(here().deps.reader.db())
    return event is not None and event.state != "closed"


def own_page() -> None:
    """A form that another site's page sends is not the guest's. Raises ``csrf``; what sends no Origin is a script, or a
    browser that is older than that header."""
    origin = request.headers.get("Origin")
    if origin is not None and origin != request.host_url.rstrip("/"):
        raise Problem("csrf", "this form did not come from our own page", "Open the page again, then press once more.")
