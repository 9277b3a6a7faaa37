"""The first page: the event, what it sells, how to keep a receipt."""

from dataclasses import dataclass

from flask import Blueprint, Response, render_template

from appliance.domain.events import Event
from appliance.projections import catalogue, events
from appliance.projections.catalogue import ItemView
from web.portal.deps import here
from web.portal.pages.captive import joining

blueprint = Blueprint("landing", __name__)


@dataclass(frozen=True)
class Ware:
    """An item as a guest reads it."""

    name: str
    price: str
    note: str
    sold_out: bool


@blueprint.get("/")
def page() -> Response:
    """Made once for each position of the journal, and for how the Wi-Fi is for who asks."""
    return here().fresh.once("landing", f"{here().deps.reader.position()}-{joining().key}", _render)


def _render() -> str:
    db = here().deps.reader.db()
    event = events.current(db)
    wares = [_ware(item, event.currency) for item in catalogue.items(db)] if event else []
    return render_template("landing.html", event=event, state=_state(event), wares=wares)


def _state(event: Event | None) -> str:
    match event.state if event else None:
        case None:
            return "Nothing planned yet"
        case "open":
            return "Open now"
        case "created":
            return "Not open yet"
        case _:
            return "Over"


def _ware(item: ItemView, currency: str) -> Ware:
    price, note = here().wording.money(item.price, currency), item.category or ""
    match item.kind:
        case "open":
            price, note = "", "You agree on the price at the till"
        case "weight":
            price = f"{price}/kg"
        case "deposit":
            note = "Deposit: you get it back"
        case _:
            pass
    return Ware(item.name, price, note, item.stock == 0)
