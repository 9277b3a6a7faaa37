"""What was sold, by item, hour, cashier, tender, VAT rate or category; and the books as files."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, get_args

from flask import Blueprint, Response, request

from appliance import dayexport
from appliance.domain.events import Event
from appliance.domain.reports import By
from appliance.errors import Problem, invalid
from appliance.projections import events, turnover
from web.till import auth
from web.till.deps import deps

blueprint = Blueprint("api_reports", __name__)
_packing = threading.Lock()


def event_of(name: str | None) -> Event:
    """The event of this id, else the present one; raises ``not-found``."""
    db = deps().reader.db()
    found = events.get(db, name) if name else events.current(db)
    if found is None:
        raise Problem("not-found", "there is no such event on this box", "Look at the report of the present event.")
    return found


def by_of(text: str | None) -> By:
    """Which report; raises ``validation``."""
    for by in get_args(By):
        if by == text:
            return by  # type: ignore[no-any-return]
    raise invalid(f"by: wants one of {', '.join(get_args(By))}")


@contextmanager
def one_moment() -> Iterator[Any]:
    """The journal as it is now, however long one looks at it."""
    db = deps().reader.db()
    db.execute("BEGIN")
    try:
        yield db
    finally:
        db.execute("ROLLBACK")


@blueprint.get("/reports/sales")
@auth.for_roles("lead")
def sales() -> dict[str, Any]:
    """One of the reports; ``by`` and ``event``: in the query."""
    by, event = by_of(request.args.get("by")), event_of(request.args.get("event"))
    with one_moment() as db:
        return turnover.report(db, event, by)


@blueprint.get("/export/day.zip")
@auth.for_roles("lead")
def archive() -> Response:
    """The event's Z reports with all that stands in them, as CSV files; ``event`` and ``date``: in the query. One at a
    time: it takes work from the sales."""
    event, day = event_of(request.args.get("event")), dayexport.day_of(request.args.get("date"))
    if not _packing.acquire(blocking=False):
        raise Problem("busy", "an export is being made already", "Wait for it, then ask again.", retry_after=5)
    try:
        with one_moment():
            packed = dayexport.archive_of(deps().reader, event, deps().box, day)
    finally:
        _packing.release()
    return _file(Response(packed, content_type="application/zip"), event, day, "zip")


@blueprint.get("/export/day.ndjson")
@auth.for_roles("lead")
def facts() -> Response:
    """The event's facts as they were stored, one a line; ``event`` and ``date``: in the query."""
    event, day = event_of(request.args.get("event")), dayexport.day_of(request.args.get("date"))
    found = dayexport.stored(deps().reader, event, day)
    return _file(Response(found, content_type="application/x-ndjson"), event, day, "ndjson")


def _file(response: Response, event: Event, day: date | None, ending: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{dayexport.name_of(event, day, ending)}"'
    return response
