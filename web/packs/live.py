"""What only the box itself can say on its page: whether the event is open, and what is sold."""

from dataclasses import dataclass

from appliance.domain.events import Event
from appliance.journal.read import Reader
from appliance.language import N_
from appliance.projections import catalogue, events
from appliance.projections.catalogue import ItemView
from appliance.receipts.wording import Wording

MOST_WARES = 120
"""On the first page: with more it would weigh more than a page may."""


@dataclass(frozen=True)
class Ware:
    """An item as a guest reads it."""

    name: str
    price: str
    note: str
    sold_out: bool


@dataclass(frozen=True)
class Live:
    """``state``: in words; ``more``: how many wares are not named."""

    event: Event | None
    state: str
    wares: tuple[Ware, ...]
    more: int


def live(reader: Reader, words: Wording) -> Live:
    """As it is now, for who reads these words."""
    db = reader.db()
    event = events.current(db)
    items = catalogue.items(db) if event else []
    wares = tuple(_ware(item, event.currency, words) for item in items[:MOST_WARES]) if event else ()
    return Live(event, words.gettext(_state(event)), wares, len(items) - len(wares))


def _state(event: Event | None) -> str:
    match event.state if event else None:
        case None:
            return N_("Nothing planned yet")
        case "open":
            return N_("Open now")
        case "created":
            return N_("Not open yet")
        case _:
            return N_("Over")


def _ware(item: ItemView, currency: str, words: Wording) -> Ware:
    price, note = words.money(item.price, currency), item.category or ""
    match item.kind:
        case "open":
            price, note = "", words.gettext(N_("You agree on the price at the till"))
        case "weight":
            price = f"{price}/kg"
        case "deposit":
            note = words.gettext(N_("Deposit: you get it back"))
        case _:
            pass
    return Ware(item.name, price, note, item.stock == 0)
