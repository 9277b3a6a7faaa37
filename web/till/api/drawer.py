"""The cash drawers: opened, counted without being told, closed with a Z."""

from typing import Any, get_args

from flask import Blueprint, request

from appliance.domain.books import VarianceReason
from appliance.domain.drawer import MoveReason, NoSaleReason, choose, marked
from appliance.domain.guardrails import Action
from appliance.errors import Problem, invalid
from appliance.projections import books, drawer, events
from web.common.body import command_key, json_object
from web.till import auth
from web.till.deps import deps

blueprint = Blueprint("api_drawer", __name__)


@blueprint.get("/drawers")
@auth.for_roles("lead", "cashier")
def all_open() -> dict[str, Any]:
    """Which drawers are open, whose they are, and since when; the Z reports of the present event, newest first."""
    db = deps().reader.db()
    event = events.current(db)
    shown = [
        {"drawer": one.drawer, "name": one.name, "by": one.by, "at": one.at, "counted": one.is_counted, **marked(one)}
        for one in drawer.drawers(db).open
    ]
    return {"drawers": shown, "closed": books.zs(db, event.event if event else "")}


@blueprint.post("/drawer/open")
@auth.for_roles("lead", "cashier")
def open_drawer() -> dict[str, Any]:
    """A drawer starts with its float."""
    return _send("drawer.open", command_key(request.headers.get("Idempotency-Key")))


@blueprint.post("/drawer/count")
@auth.for_roles("lead", "cashier")
def count() -> dict[str, Any]:
    """What is in it; only now the answer says what should be."""
    return _send("drawer.count", command_key(request.headers.get("Idempotency-Key")))


@blueprint.post("/drawer/move")
@auth.for_roles("lead", "cashier")
def move() -> dict[str, Any]:
    """Cash in or out without a sale."""
    return _by_hand("drawer.move", "cash-move", MoveReason)


@blueprint.post("/drawer/no-sale")
@auth.for_roles("lead", "cashier")
def no_sale() -> dict[str, Any]:
    """The drawer opens, and that is on record."""
    return _by_hand("drawer.no_sale", "no-sale", NoSaleReason)


@blueprint.post("/drawer/close")
@auth.for_roles("lead", "cashier", action="z-report")
def close() -> dict[str, Any]:
    """The Z report: numbered, signed, and never changed again."""
    return _send("drawer.close", command_key(request.headers.get("Idempotency-Key")), VarianceReason)


@blueprint.get("/drawer/x")
@auth.for_roles("lead", "cashier")
def x() -> dict[str, Any]:
    """The same calculation as the Z's, now; ``drawer``: in the query, an id or a name."""
    db = deps().reader.db()
    db.execute("BEGIN")  # the sums of one moment
    try:
        return books.x(db, choose(drawer.drawers(db), auth.actor(), request.args.get("drawer")))
    finally:
        db.execute("ROLLBACK")


@blueprint.post("/drawer/x")
@auth.for_roles("lead", "cashier")
def print_x() -> tuple[dict[str, Any], int]:
    """An X report on paper."""
    return _send("drawer.read", command_key(request.headers.get("Idempotency-Key"))), 201


@blueprint.get("/drawer/z/<z>")
@auth.for_roles("lead", "cashier")
def one_z(z: str) -> dict[str, Any]:
    """A Z report as it was recorded."""
    found = books.z(deps().reader.db(), z)
    if found is None:
        raise Problem("not-found", "there is no Z report of that number", "Look at the drawers that were closed.")
    return found


@blueprint.post("/drawer/z/<z>/reprint")
@auth.for_roles("lead", "cashier", action="reprint")
def reprint(z: str) -> tuple[dict[str, Any], int]:
    """One more copy, marked DUPLICATE unless it is the first."""
    return _send("drawer.reprint", command_key(request.headers.get("Idempotency-Key")), z=z), 201


def _by_hand(command: str, action: Action, reasons: Any) -> dict[str, Any]:
    """Where the policy leaves it to the lead, it wants their word."""
    key = command_key(request.headers.get("Idempotency-Key"))
    body = auth.approved(_reasoned(json_object(request.get_data()), get_args(reasons)), key, by_themselves=False)
    auth.check(action, approved="approver" in body)
    return deps().client.send(command, body, actor=auth.actor(), id=key).answer


def _send(command: str, key: str, reasons: Any = None, **more: str) -> dict[str, Any]:
    raw = request.get_data()
    body = json_object(raw) if raw else {}
    if reasons is not None:
        body = _reasoned(body, get_args(reasons))
    return deps().client.send(command, {**body, **more}, actor=auth.actor(), id=key).answer


def _reasoned(body: dict[str, Any], allowed: tuple[str, ...]) -> dict[str, Any]:
    """A reason in somebody's own words is a note: those may not stand in the journal."""
    reason = body.get("reason")
    if not isinstance(reason, str) or reason in allowed:
        return body
    if "note" in body:
        raise invalid(f"reason: beside a note it is one of {', '.join(allowed)}")
    return {**body, "reason": "other", "note": reason}
