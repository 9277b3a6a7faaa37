"""The event: created, opened, closed. One is open at a time."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from appliance.domain import money
from appliance.domain.kernel import ADMIN, STAFF, Ask, Context, Decided, Fact, command, kind, refuse
from appliance.domain.tasks import TaskKind, TaskRaised
from appliance.errors import invalid

MAX_CASH_STEP = 10_000
EVENT_ID = re.compile(r"ev[a-z0-9-]{1,40}")


@kind("event.created/1")
class EventCreated(Fact, frozen=True):
    """An event with its currency (ISO 4217), time zone (IANA) and area in m² (a decimal). ``cash_rounding``: what is
    paid in cash is a multiple of so many minor units."""

    event: str
    name: str
    currency: str
    timezone: str
    area_m2: str
    cash_rounding: int = 1


@kind("event.opened/1")
class EventOpened(Fact, frozen=True):
    """From now on the box sells and admits for this event."""

    event: str


@kind("event.closed/1")
class EventClosed(Fact, frozen=True):
    """No more sales and admissions."""

    event: str


@dataclass(frozen=True)
class Event:
    """The present event as projections know it. ``state``: created, open or closed."""

    event: str
    name: str
    currency: str
    timezone: str
    area_m2: str
    state: str
    cash_rounding: int = 1


Named = Mapping[str, str]
"""Id → what people call it."""


@dataclass(frozen=True)
class Unfinished:
    """What an event should not be closed with: drawers without a Z, carts that wait, sales (by their numbers) with a
    card payment of which nobody knows what became. ``tasked``: (kind, id) of what is a task already."""

    drawers: Named = field(default_factory=dict)
    carts: Named = field(default_factory=dict)
    cards: Named = field(default_factory=dict)
    tasked: frozenset[tuple[str, str]] = frozenset()

    def told(self) -> dict[str, list[dict[str, str]]]:
        """As answers hold it: lists of id and name or number."""
        return {
            "drawers": [{"id": drawer, "name": name} for drawer, name in self.drawers.items()],
            "carts": [{"id": cart, "name": name} for cart, name in self.carts.items()],
            "cards": [{"id": sale, "number": number} for sale, number in self.cards.items()],
        }

    def __bool__(self) -> bool:
        return bool(self.drawers or self.carts or self.cards)

    def tasks(self) -> Iterator[tuple[TaskKind, str]]:
        """What has to be a task when it stays unfinished, and is none yet."""
        left: dict[TaskKind, Named] = {
            "open-drawer": self.drawers,
            "parked-cart": self.carts,
            "unknown-card": self.cards,
        }
        for kind_, named in left.items():
            yield from ((kind_, about) for about in named if (kind_, about) not in self.tasked)


@dataclass(frozen=True)
class EventKnown:
    """The newest event of this box, if there is one; when it is to be closed, what is unfinished; when one is to be
    created under an id, whether that was here before."""

    event: Event | None
    unfinished: Unfinished = Unfinished()
    taken: bool = False


class CreateEvent(Ask, frozen=True):
    """``area_m2``: the space that the cell pays for, as a decimal. ``cash_rounding``: the smallest coin in use, in
    minor units; the currency's own when it is not given. ``event``: the id that another box gave it, when several boxes
    run one event."""

    name: str
    currency: str
    timezone: str
    area_m2: str
    cash_rounding: int | None = None
    event: str | None = None


class OpenEvent(Ask, frozen=True):
    """Opens the event that was created last."""


class CloseEvent(Ask, frozen=True):
    """Closes the open event. ``force``: also with things unfinished; each becomes a task."""

    force: bool = False


@command("event.create", CreateEvent, ADMIN, at_full="stop")
def create(ask: CreateEvent, known: EventKnown, ctx: Context) -> Decided:
    """A new event; the one before must be closed."""
    name = ask.name.strip()
    if not 1 <= len(name) <= 80 or not name.isprintable():
        raise invalid(f"the event's name has 1 to 80 printable characters, not {len(name)}")
    if not (len(ask.currency) == 3 and ask.currency.isascii() and ask.currency.isupper()):
        raise invalid(f"currency {ask.currency!r}: wants an ISO 4217 code such as EUR")
    try:
        ZoneInfo(ask.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise invalid(f"time zone {ask.timezone!r}: wants an IANA name such as Europe/Berlin") from error
    try:
        area = Decimal(ask.area_m2)
    except InvalidOperation as error:
        raise invalid(f"area {ask.area_m2!r}: wants square metres such as 12 or 7.5") from error
    if not area.is_finite() or not 0 < area <= 1_000_000:
        raise invalid(f"area {ask.area_m2}: wants more than 0 and at most 1,000,000 m²")
    coin = ask.cash_rounding if ask.cash_rounding is not None else money.SMALLEST_COIN.get(ask.currency, 1)
    if not 1 <= coin <= MAX_CASH_STEP:
        raise invalid(f"cash rounding {coin}: wants 1 to {MAX_CASH_STEP} minor units")
    if known.event is not None and known.event.state != "closed":
        refuse("event-open", f"{known.event.name} is {known.event.state}", "Close it first: boothkit event close")
    if ask.event is not None and not EVENT_ID.fullmatch(ask.event):
        raise invalid(
            f"event {ask.event[:60]!r}: wants the id that the event's other box shows: ev and 1 to 40 of a-z0-9-"
        )
    if ask.event is not None and known.taken:
        refuse("event-open", f"{ask.event} was on this box before", "An event that ended does not begin again.")
    event = ask.event or ctx.new_id("ev")
    fact = EventCreated(
        event=event,
        name=name,
        currency=ask.currency,
        timezone=ask.timezone,
        area_m2=format(area.normalize(), "f"),
        cash_rounding=coin,
    )
    return Decided([fact], {"event": event}, event=event)


@command("event.open", OpenEvent, STAFF, at_full="stop")
def open_event(ask: OpenEvent, known: EventKnown, ctx: Context) -> Decided:
    """The created event goes live."""
    if known.event is None or known.event.state == "closed":
        refuse("not-found", "no event was created", "boothkit event create")
    if known.event.state == "open":
        refuse("event-open", f"{known.event.name} is open already", "")
    return Decided([EventOpened(event=known.event.event)], {"event": known.event.event})


@command("event.close", CloseEvent, STAFF, at_full="finish")
def close(ask: CloseEvent, known: EventKnown, ctx: Context) -> Decided:
    """The open event ends; the tree head is signed. Drawers have their Z before that, carts are sold or dropped, cards
    settled, unless the lead, or whoever is at the box's own command line, wants it so."""
    live, unfinished = require_open(known.event), known.unfinished
    if unfinished and not ask.force and not ctx.actor.startswith("admin:"):
        drawers, carts, cards = (_some(named) for named in (unfinished.drawers, unfinished.carts, unfinished.cards))
        refuse(
            "event-unfinished",
            f"open drawers: {drawers}; parked carts: {carts}; sales with a card payment not known: {cards}",
            "Finish this first, or close it all the same: a task stays for each.",
            **unfinished.told(),
        )
    left = [TaskRaised(task=ctx.new_id("t"), kind=kind_, about=about) for kind_, about in unfinished.tasks()]
    answer = {"event": live.event} | {name: found for name, found in unfinished.told().items() if found}
    return Decided([EventClosed(event=live.event), *left], answer, checkpoint=True)


def require_open(event: Event | None) -> Event:
    """The open event, or the refusal ``event-closed``."""
    if event is None:
        refuse("event-closed", "there is no event yet", "The lead creates and opens one: boothkit event create, open.")
    if event.state != "open":
        refuse("event-closed", f"{event.name} is {event.state}", "The lead opens the event.")
    return event


def _some(named: Named, most: int = 5) -> str:
    """``1, 2, 3, 4, 5, +7``; a dash when there are none."""
    names = list(named.values())
    return ", ".join([*names[:most], *([f"+{len(names) - most}"] if len(names) > most else [])]) or "\N{EN DASH}"
