"""A ticket that somebody was sent as a link, drawn on their phone: the page of the static site, from the box."""

from flask import Blueprint, Response, make_response

from web.packs.claim import claim
from web.portal.deps import here

blueprint = Blueprint("claim", __name__)


@blueprint.get("/claim")
def page() -> Response:
    """The same for everybody: which ticket it shows stands behind the #, and is never sent."""
    shown = here().site.now()
    whole = claim(shown.content, here().deps.config.box.language)
    response = here().fresh.answer(f"claim-{shown.mark}", lambda: make_response(whole.html))
    response.headers["Content-Security-Policy"] = f"{whole.policy}; frame-ancestors 'none'"
    return response
