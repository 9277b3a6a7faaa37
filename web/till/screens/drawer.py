"""The drawer: opened with its float, cash in and out, the blind count, and the step that makes its Z."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from appliance.domain.drawer import Drawer
from appliance.errors import Problem
from appliance.language import N_
from appliance.projections import books, drawer, events
from appliance.receipts import zreport
from web.common.language import _, ngettext
from web.common.problems import fault_of
from web.till import auth, drawers, frame
from web.till.deps import deps, here
from web.till.tabs import Tab

blueprint = Blueprint("drawer", __name__)
TAB = Tab(3, N_("Drawer"), "drawer.page", "drawer", ("lead", "cashier"))

MOVES = {"in": ("float", "from_safe", "tips", "other"), "out": ("to_safe", "expense", "tips", "other")}
"""Reasons for money that is put in, or taken out, the usual one first."""


@blueprint.get("/drawer")
@auth.for_roles("lead", "cashier")
def page() -> str | Response:
    """The drawer of who asks, or which there are."""
    if (z := _closed()) is not None:
        return redirect(url_for("zreport.page", z=z))
    return _render("drawer.html", **_now())


@blueprint.get("/drawer/now")
@auth.for_roles("lead", "cashier")
def now() -> str:
    """The same again."""
    return render_template("_drawer_now.html", **_now())


@blueprint.get("/drawer/open")
@auth.for_roles("lead", "cashier")
def opening() -> str:
    """The float, by its sum or by its coins."""
    event = events.current(deps().reader.db())
    return _render(
        "drawer_open.html",
        sheet=drawers.sheet(event.currency if event else ""),
        own=[one for one in drawers.rows(drawer.drawers(deps().reader.db())) if one.look],
    )


@blueprint.get("/drawer/in", defaults={"way": "in"})
@blueprint.get("/drawer/out", defaults={"way": "out"})
@auth.for_roles("lead", "cashier")
def moving(way: str) -> str:
    """Money without a sale, put in or taken out."""
    one = drawers.meant()
    reasons = {reason: here().wording.gettext(zreport.MOVES[reason]) for reason in MOVES[way]}
    return _render("drawer_move.html", way=way, drawer=drawers.told(one), reasons=reasons)


@blueprint.get("/drawer/no-sale")
@auth.for_roles("lead", "cashier")
def unlocking() -> str:
    """The drawer opens for nothing."""
    one = drawers.meant()
    return _render("drawer_no_sale.html", drawer=drawers.told(one), reasons=drawers.no_sales())


@blueprint.get("/drawer/x")
@auth.for_roles("lead", "cashier")
def x() -> str:
    """The X report as it would be printed now."""
    return _render("drawer_x.html", **_x())


@blueprint.get("/drawer/x/now")
@auth.for_roles("lead", "cashier")
def x_now() -> str:
    """The paper again."""
    return render_template("_drawer_x_now.html", **_x())


@blueprint.get("/drawer/count")
@auth.for_roles("lead", "cashier")
def counting() -> str | Response:
    """Step 1: what is in it, without being told what should be."""
    if (z := _closed()) is not None:
        return redirect(url_for("zreport.page", z=z))
    one = drawers.meant()
    return _render("drawer_count.html", drawer=drawers.told(one), sheet=drawers.sheet(one.currency))


@blueprint.get("/drawer/close")
@auth.for_roles("lead", "cashier")
def closing() -> Response | str:
    """Step 2: what should be there, why it is not, and the Z."""
    if (z := _closed()) is not None:
        return redirect(url_for("zreport.page", z=z))
    one = drawers.meant()
    if one.counted is None:
        return redirect(url_for("drawer.counting", drawer=one.drawer))
    return _render("drawer_close.html", **_closing(one))


@blueprint.get("/drawer/close/now")
@auth.for_roles("lead", "cashier")
def closing_now() -> str:
    """The same again; the Z's address when somebody else was faster."""
    z = _closed()
    values = {"z": z} if z is not None else _closing(drawers.meant())
    return render_template("_drawer_close_now.html", **values)


def _render(template: str, **values: Any) -> str:
    return frame.render(template, tab="drawer.page", who=auth.actor(), **values)


def _closed() -> str | None:
    """The Z of the drawer that the address names, when it has one."""
    asked = request.args.get("drawer")
    return books.z_of(deps().reader.db(), asked) if asked else None


def _now() -> dict[str, Any]:
    db = deps().reader.db()
    event = events.current(db)
    found = drawer.drawers(db)
    name = event.event if event else ""
    today = "all" not in request.args
    shown = {
        "open": drawers.rows(found),
        "zs": drawers.zs(name, today=today),
        "more": today and len(books.zs(db, name)) > len(drawers.zs(name, today=True)),
        "here": {key: value for key in ("drawer", "all") if (value := request.args.get(key))},
        "live": event,
        "drawer": None,
        "choose": False,
        "why": None,
    }
    try:
        one = drawers.meant()
    except Problem as problem:
        if problem.slug not in ("drawer-closed", "drawer-unclear", "role"):
            raise
        unclear = problem.slug == "drawer-unclear"
        return {**shown, "choose": unclear, "why": fault_of(problem) if request.args.get("drawer") else None}
    return {**shown, "drawer": drawers.told(one), "hands": drawers.hands(one)}


def _x() -> dict[str, Any]:
    one = drawers.meant()
    return {
        "drawer": drawers.told(one),
        "parts": drawers.paper(_moment(one)),
        "at": drawers.when(deps().clock().at),
    }


def _moment(one: Drawer) -> dict[str, Any]:
    """The report of a drawer; its sums are of one moment."""
    db = deps().reader.db()
    db.execute("BEGIN")
    try:
        return books.preview(db, drawer.get(db, one.drawer) or one, deps().clock().at)
    finally:
        db.execute("ROLLBACK")


def _closing(one: Drawer) -> dict[str, Any]:
    found = _moment(one)
    variance = found["variance"]
    words = here().wording
    return {
        "z": None,
        "drawer": drawers.told(one),
        "since": ngettext("%(num)s since the count", "%(num)s since the count", one.since) if one.since else "",
        "counted": words.money(one.counted or 0, one.currency),
        "variance": variance,
        "difference": _difference(variance, one.currency) if variance is not None else "",
        "reasons": {reason: words.gettext(said) for reason, said in zreport.REASONS.items()},
        "parts": drawers.paper(found),
        "unknown": found["totals"].get("unknown", {}).get("count", 0),
    }


def _difference(variance: int, currency: str) -> str:
    amount = here().wording.money(abs(variance), currency)
    if not variance:
        return _("Counted as expected")
    if variance < 0:
        return _("%(amount)s less than expected", amount=amount)
    return _("%(amount)s more than expected", amount=amount)
