"""What pages say of themselves while they are looked at (visit.js)."""

import re

from flask import Blueprint, Response, current_app, request

from appliance.errors import invalid
from web.portal.deps import here
from web.portal.guest import device

blueprint = Blueprint("visits", __name__)

_SIGN = re.compile(rb"([0-9a-f]{16}) ([a-z]{1,20}) ([0-9]{1,5})")


@blueprint.post("/visit")
def sign() -> Response:
    """A number that the page made by chance for this view, the page, the seconds that it was seen so far."""
    found = _SIGN.fullmatch(request.get_data())
    page = found[2].decode() if found else ""
    if found is None or page not in current_app.blueprints:
        raise invalid("a visit is 16 digits of its own, a page of this portal, whole seconds")
    here().deps.visits.sign(found[1].decode(), page, int(found[3]), device())
    return Response(status=204)
