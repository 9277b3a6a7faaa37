"""Personal data: what is kept of whom and until when; erasing one person, or an event."""

from typing import Any

from flask import Blueprint, Response, make_response, redirect, request, url_for

from appliance.backup import returnlist
from appliance.errors import invalid
from appliance.ids import new_id
from appliance.language import N_
from appliance.projections import events
from web.common.body import command_key
from web.common.language import _
from web.till import auth, frame, persons
from web.till.deps import deps, here

blueprint = Blueprint("people", __name__)

MOST = 100
"""Records that one search shows."""
KINDS = {
    "ticket.issued/1": N_("Ticket"),
    "tickets.imported/1": N_("Ticket"),
    "ticket.admitted/1": N_("Said at the door"),
    "sale.completed/1": N_("Note on a sale"),
    "sale.voided/1": N_("Note on a void"),
    "sale.refunded/1": N_("Note on a refund"),
    "guest.signed_up/1": N_("Sign-up"),
    "cart.parked/1": N_("Note on a parked cart"),
    "drawer.moved/1": N_("Note on cash in or out"),
    "drawer.unlocked/1": N_("Note on a no-sale"),
    "drawer.closed/1": N_("Note on a difference"),
}
_LONGEST = 200


@blueprint.get("/people")
@auth.for_roles("lead")
def page() -> str:
    """Every event of which something is kept."""
    return _page()


@blueprint.post("/people/find")
@auth.for_roles("lead")
def find() -> str:
    """One person. A form, not an address: names stay out of the browser's history."""
    text = request.form.get("q", "").strip()[:_LONGEST]
    found = [_shown(one) for one in persons.search(text, MOST)] if len(text) > 1 else []
    return _page(text=text, found=found)


@blueprint.post("/people/erase")
@auth.for_roles("lead")
def erase() -> Response:
    """The records that were chosen; back to where the form was."""
    refs, key = request.form.getlist("ref"), command_key(request.form.get("key"))
    if not refs:
        raise invalid("ref: choose what is to be erased")
    persons.erase(refs, key)
    of = request.form.get("of", "")
    match request.form.get("at"):
        case "ticket":
            place = url_for("tickets.one", ticket=of)
        case "sale":
            place = url_for("sales.one", sale=of)
        case _:
            place = url_for("people.page", done="person")
    return make_response(redirect(place))


@blueprint.post("/people/guests")
@auth.for_roles("lead")
def guests() -> Response:
    """Who signed up, sealed for the office, as a file."""
    made = persons.return_list(command_key(request.form.get("key")))
    response = make_response(made.content)
    response.content_type = "application/octet-stream"
    name = returnlist.file_name(deps().box, deps().clock().at[:10])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@blueprint.post("/people/event")
@auth.for_roles("lead")
def erase_event() -> Response:
    """All of an event that is over."""
    persons.erase_event(request.form.get("event", ""), command_key(request.form.get("key")))
    return make_response(redirect(url_for("people.page", done="event")))


def _page(**values: Any) -> str:
    done = {"person": _("Erased for good."), "event": _("All of it is erased for good.")}
    return frame.render(
        "people.html",
        tab="lead.page",
        terms=persons.terms(),
        guests=persons.signed_up(),
        is_central_known=bool(deps().config.central.key),
        done=done.get(request.args.get("done", "")),
        back=persons.set_back(),
        most=MOST,
        key=new_id,
        **values,
    )


def _shown(one: dict[str, Any]) -> dict[str, Any]:
    event = events.get(deps().reader.db(), one["event"])
    return {
        "ref": one["ref"],
        "kind": _(KINDS.get(one["kind"], one["kind"])),
        "said": [text for text in one["data"].values() if text],
        "where": event.name if event else "",
        "day": here().wording.day(one["at"], event.timezone if event else "UTC"),
    }
