"""Selling: tiles, cart, payment and the sale's number are one page, which a silent box cannot take away."""

import json
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, render_template

from appliance.domain.drawer import Drawer, Drawers
from appliance.domain.events import Event
from appliance.domain.pricing import DiscountReason
from appliance.projections import carts, catalogue, drawer, events
from appliance.projections.catalogue import ItemView
from web.common.language import _
from web.till import auth, frame
from web.till.deps import deps, here
from web.till.tabs import Tab

blueprint = Blueprint("sell", __name__)
TAB = Tab(1, "Sell", "sell.page", "sell", ("lead", "cashier"))


@dataclass(frozen=True)
class Tile:
    """An item as a tile shows it; a deposit has a second tile for what comes back. ``contains``: the parts of a bundle,
    as JSON."""

    item: ItemView
    label: str
    price: str
    note: str
    returned: bool = False
    sold_out: bool = False
    contains: str = ""


@dataclass(frozen=True)
class Group:
    """The variants of one thing behind one tile."""

    label: str
    tiles: list[Tile] = field(default_factory=list)
    price: str = ""
    note: str = ""

    @property
    def sold_out(self) -> bool:
        """Nothing of it is left."""
        return all(tile.sold_out for tile in self.tiles)


@dataclass(frozen=True)
class Stand:
    """Where this person's sales go. ``stopped``: why nothing can be sold; ``drawers``: those that are meant when none
    is named, as ``domain.drawer.choose`` has it: with several of them the page asks which; ``train``: the event is not
    open yet, a training drawer can be; ``barred``: the policy leaves selling to others; ``full``: the card takes no
    more sales."""

    stopped: str | None
    drawers: list[dict[str, Any]]
    train: bool = False
    barred: bool = False
    full: bool = False

    @property
    def as_json(self) -> str:
        """For the page's script."""
        return json.dumps(self.drawers)


@blueprint.get("/sell")
@auth.for_roles("lead", "cashier")
def page() -> str:
    """The whole till."""
    shown = _items()
    categories = list(dict.fromkeys(tile.item.category for tile in shown if tile.item.category))
    return frame.render(
        "sell.html",
        tab="sell.page",
        shown=_grouped(shown),
        categories=categories,
        stand=_stand(),
        parked=_parked(),
        reasons=reasons(),
        rail=_rail(),
        takeaway=any(tile.item.vat_takeaway for tile in shown),
    )


@blueprint.get("/sell/tiles")
@auth.for_roles("lead", "cashier")
def tiles() -> str:
    """The tiles again, with what is left now."""
    return render_template("_tiles.html", shown=_grouped(_items()))


@blueprint.get("/sell/state")
@auth.for_roles("lead", "cashier")
def state() -> str:
    """What has to be done before anything can be sold, and which carts are parked."""
    return render_template("_sell_state.html", stand=_stand(), parked=_parked(), rail=_rail(), staff=auth.staff())


def reasons() -> dict[DiscountReason, str]:
    """Why something is taken off, in words."""
    return {
        "damaged": _("Damaged"),
        "staff": _("Staff"),
        "friend": _("Friend of the house"),
        "end_of_day": _("End of day"),
        "haggled": _("Haggled"),
        "other": _("Other"),
    }


def _rail() -> str:
    """How much may be taken off, as JSON: ``alone`` and ``lead`` as shares, ``policy``."""
    limits = auth.limits()
    rail = limits.rails.discount
    return json.dumps({"alone": rail.alone, "lead": rail.lead, "policy": limits.policy})


def _stand() -> Stand:
    db = deps().reader.db()
    event = events.current(db)
    if event is None or event.state == "closed":
        said = _("%(event)s has ended.", event=event.name) if event else _("There is no event yet.")
        return Stand(said, [])
    if not auth.may("sell"):
        said = _("Policy %(policy)s leaves selling to the lead.", policy=auth.limits().policy)
        return Stand(said, [], barred=True)
    open_now = drawer.drawers(db).of(event.event)
    if frame.is_full(frame.box_status()):
        return Stand(_("The memory card is full."), _meant(open_now), full=True)
    if event.state != "open":
        training = open_now.kin(training=True)
        if meant := _meant(training):
            return Stand(None, meant)
        return Stand(_("%(event)s is not open yet.", event=event.name), [], train=True)
    return Stand(None, _meant(open_now))


def _meant(drawers: Drawers) -> list[dict[str, Any]]:
    """The drawers that this person may mean: their own, else those with real money in them."""
    own = [one for one in drawers.open if one.by == auth.actor()]
    names = {f"staff:{one.id}": one.name for one in deps().secrets.staff()}
    return [_shown(one, names) for one in own or drawers.kin(training=False).open]


def _shown(one: Drawer, names: dict[str, str]) -> dict[str, Any]:
    by = names.get(one.by, "")
    return {"drawer": one.drawer, "name": one.name, "by": by, "training": one.training}


def _parked() -> str:
    """The carts that wait, as JSON of what ``GET /carts`` answers."""
    db = deps().reader.db()
    event = events.current(db)
    names = {f"staff:{one.id}": one.name for one in deps().secrets.staff()}
    found = []
    for cart in carts.waiting(db, event.event if event else ""):
        told = {key: cart[key] for key in ("cart", "name", "at", "lines", "discount") if key in cart}
        found.append(told | {"by": names.get(cart["by"], "")})
    return json.dumps(found)


def _items() -> list[Tile]:
    db = deps().reader.db()
    event = events.current(db)
    neighbours = frame.neighbours()
    found = []
    for item in catalogue.items(db):
        there = [
            (name, box["stock"][item.sku]) for name, box in neighbours.items() if box["stock"].get(item.sku, 0) > 0
        ]
        found.append(_tile(item, event, there))
        if item.kind == "deposit" and event:
            price = here().wording.money(-item.price, event.currency)
            found.append(Tile(item, _("%(name)s, returned", name=item.name), price, "", returned=True))
    return found


def _tile(item: ItemView, event: Event | None, there: list[tuple[str, int]]) -> Tile:
    """``there``: how much of it other boxes of this event have."""
    price = here().wording.money(item.price, event.currency) if event else ""
    match item.kind:
        case "open":
            return Tile(item, item.name, "…", _("Enter price"))
        case "weight":
            gone = item.stock == 0
            return Tile(item, item.name, f"{price}/kg", _gone(there) if gone else _("Weigh"), sold_out=gone)
        case _:
            left = _("Bundle") if item.contains else ""
            if item.stock is not None:
                left = _("%(n)s left", n=here().wording.number(item.stock)) if item.stock else _gone(there)
            contains = json.dumps(item.contains) if item.contains else ""
            return Tile(item, item.name, price, left, sold_out=item.stock == 0, contains=contains)


def _gone(there: list[tuple[str, int]]) -> str:
    """Sold out here; where there is some."""
    if not there:
        return _("Sold out")
    box, left = max(there, key=lambda one: one[1])
    return _("Sold out; %(n)s at %(box)s", n=here().wording.number(left), box=box)


def _grouped(tiles: list[Tile]) -> list[Tile | Group]:
    """Variants behind one tile, where the first of them stands; a thing of one kind stays as it is."""
    sizes: dict[str, int] = {}
    for tile in tiles:
        if tile.item.group:
            sizes[tile.item.group] = sizes.get(tile.item.group, 0) + 1
    groups: dict[str, Group] = {}
    found: list[Tile | Group] = []
    for tile in tiles:
        name = tile.item.group
        if name is None or sizes[name] == 1:
            found.append(tile)
            continue
        if name not in groups:
            of = [one for one in tiles if one.item.group == name]
            cheapest = min(of, key=lambda one: one.item.price)
            alike = len({one.price for one in of}) == 1
            price = cheapest.price if alike else _("from %(price)s", price=cheapest.price)
            gone = all(one.sold_out for one in of)
            note = _("Sold out") if gone else _("%(n)s kinds", n=here().wording.number(len(of)))
            groups[name] = Group(name, of, price, note)
            found.append(groups[name])
    return found
