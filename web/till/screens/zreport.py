"""A Z report as it is printed, and what has become of it since: signed, on paper, at central."""

from dataclasses import dataclass
from typing import Any, Literal

from flask import Blueprint, render_template

from appliance.errors import Problem
from appliance.projections import books
from web.common.language import _, ngettext
from web.till import auth, drawers, frame, persons
from web.till.deps import deps, here
from web.till.names import names

blueprint = Blueprint("zreport", __name__)


@dataclass(frozen=True)
class Step:
    """What happens after the closing by itself."""

    state: Literal["done", "waits", "fault"]
    words: str


@blueprint.get("/drawer/z/<z>")
@auth.for_roles("lead", "cashier")
def page(z: str) -> str:
    """Everything."""
    shown, found = _read(z)
    about = {
        "closed": _("Closed %(time)s · %(name)s", time=drawers.when(shown["at"]), name=names()(shown["by"])),
        "note": persons.told((found.get("reason_ref") or {}).get("ref"), "reason"),
        "parts": drawers.paper(found),
        "drawer": shown["name"],
        "training": bool(shown.get("training")),
    }
    return frame.render("drawer_z.html", tab="drawer.page", who=auth.actor(), z=z, **about, **_after(shown))


@blueprint.get("/drawer/z/<z>/now")
@auth.for_roles("lead", "cashier")
def now(z: str) -> str:
    """What has become of it, again."""
    return render_template("_drawer_z_now.html", z=z, **_after(_read(z)[0]))


def _read(z: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A Z as the API shows it, and as it was recorded."""
    db = deps().reader.db()
    shown, found = books.z(db, z), books.report(db, z)
    if shown is None or found is None:
        raise Problem("not-found", "there is no Z report of that number", "Look at the drawers that were closed.")
    return shown, found


def _after(shown: dict[str, Any]) -> dict[str, Any]:
    paper = shown["paper"]
    copy = paper["copy"]
    return {
        "steps": [_signed(shown), _printed(paper), _safe(shown["pos"])],
        "printing": copy is not None and paper["outcome"] is None,
        "copy": copy,
    }


def _signed(shown: dict[str, Any]) -> Step:
    head = deps().reader.signed(shown["log"], shown["log_size"])
    if head is None:
        return Step("waits", _("The checkpoint is being signed"))
    return Step("done", _("Checkpoint %(size)s signed", size=here().wording.number(head)))


def _printed(paper: dict[str, Any]) -> Step:
    copy = paper["copy"]
    what = _("DUPLICATE %(n)s", n=copy) if copy else _("Paper")
    if copy is None:
        return Step("waits", _("No printer: print it when there is one"))
    match paper["outcome"]:
        case None:
            return Step("waits", _("%(what)s waits for %(printer)s", what=what, printer=paper["printer"]))
        case "printed":
            return Step("done", _("%(what)s printed and confirmed", what=what))
        case "unconfirmed":
            return Step("done", _("%(what)s sent; the printer cannot confirm it", what=what))
        case "not_printed":
            return Step("fault", _("%(what)s did not come out: look at the printer, then print again", what=what))
        case _:
            return Step("fault", _("%(what)s broke off: look at it, then print again", what=what))


def _safe(pos: int) -> Step:
    newest, safe = deps().reader.position(), deps().reader.safe().pos
    if not deps().config.central.key:
        return Step("done", _("Safe on this box; it has no central"))
    if safe >= pos:
        return Step("done", _("Safe at central"))
    waiting = newest - safe
    text = ngettext("%(num)s fact waits for central", "%(num)s facts wait for central", waiting)
    return Step("waits", text)
