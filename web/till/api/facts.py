"""The journal itself: in pages, and as it grows."""

from flask import Blueprint, Response, request

from web.common.body import whole
from web.till import auth
from web.till.deps import deps, here

blueprint = Blueprint("api_facts", __name__)

PAGE = 2000


@blueprint.get("/facts")
def facts() -> Response:
    """Stored bodies, one a line, at most 2,000."""
    after = whole(request.args.get("after"), "after", 0)
    limit = whole(request.args.get("limit"), "limit", PAGE)
    stored = deps().reader.facts(after, min(limit, PAGE))
    response = Response("".join(f"{fact.body}\n" for fact in stored), content_type="application/x-ndjson")
    response.headers["X-Position"] = str(stored[-1].pos if stored else after)
    return response


@blueprint.get("/follow")
def follow() -> Response:
    """Server-sent events until the reader goes or signs out."""
    after = whole(request.headers.get("Last-Event-ID") or request.args.get("after"), "after", 0)
    gone = request.environ.get("waitress.client_disconnected", lambda: False)
    who = auth.look()
    stream = here().streams.follow(after, gone, lambda: who() is not None)
    response = Response(stream, content_type="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    return response
