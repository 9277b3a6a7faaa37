"""Selling: tiles, cart, payment and the sale's number are one page, which a silent box cannot take away."""

from dataclasses import dataclass

from flask import Blueprint, render_template

from appliance.projections import catalogue, drawer, events
from appliance.projections.catalogue import ItemView
from web.till import auth, frame
from web.till.deps import deps, here
from web.till.tabs import Tab

blueprint = Blueprint("sell", __name__)
TAB = Tab(1, "Sell", "sell.page", "sell", ("lead", "cashier"))


@dataclass(frozen=True)
class Tile:
    """An item as a tile shows it; a deposit has a second tile for what comes back."""

    item: ItemView
    label: str
    price: str
    note: str
    returned: bool = False
    sold_out: bool = False


@blueprint.get("/sell")
@auth.for_roles("lead", "cashier")
def page() -> str:
    """The whole till."""
    shown = _tiles()
    categories = list(dict.fromkeys(tile.item.category for tile in shown if tile.item.category))
    return frame.render(
        "sell.html", tab="sell.page", tiles=shown, categories=categories, drawer=_drawer(), stopped=_stopped()
    )


@blueprint.get("/sell/tiles")
@auth.for_roles("lead", "cashier")
def tiles() -> str:
    """The tiles again, with what is left now."""
    return render_template("_tiles.html", tiles=_tiles())


@blueprint.get("/sell/state")
@auth.for_roles("lead", "cashier")
def state() -> str:
    """What has to be done before anything can be sold; nothing when nothing has to."""
    return render_template("_sell_state.html", drawer=_drawer(), stopped=_stopped())


def _drawer() -> str | None:
    return drawer.current(deps().reader.db())


def _stopped() -> str | None:
    """Why the event does not sell, in words."""
    event = events.current(deps().reader.db())
    if event is None:
        return "There is no event yet."
    if event.state == "open":
        return None
    return f"{event.name} is not open yet." if event.state == "created" else f"{event.name} has ended."


def _tiles() -> list[Tile]:
    db = deps().reader.db()
    event = events.current(db)
    found = []
    for item in catalogue.items(db):
        found.append(_tile(item, event.currency if event else ""))
        if item.kind == "deposit" and event:
            price = here().wording.money(-item.price, event.currency)
            found.append(Tile(item, f"{item.name}, returned", price, "", returned=True))
    return found


def _tile(item: ItemView, currency: str) -> Tile:
    price = here().wording.money(item.price, currency) if currency else ""
    match item.kind:
        case "open":
            return Tile(item, item.name, "…", "Enter price")
        case "weight":
            return Tile(item, item.name, f"{price}/kg", "Weigh")
        case _:
            left = "" if item.stock is None else f"{here().wording.number(item.stock)} left"
            gone = item.stock == 0
            return Tile(item, item.name, price, "Sold out" if gone else left, sold_out=gone)
