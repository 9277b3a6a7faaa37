"""The event: created, opened, closed. One is open at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from appliance.domain import money
from appliance.domain.kernel import ADMIN, STAFF, Ask, Context, Decided, Fact, command, kind, refuse
from appliance.domain.tasks import TaskRaised
from appliance.errors import invalid

MAX_CASH_STEP = 10_000


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


@dataclass(frozen=True)
class EventKnown:
    """The newest event of this box, if there is one; when it is to be closed, the drawers without a Z: id → as people
    call them. ``tasked``: those that are a task already."""

    event: Event | None
    drawers: Mapping[str, str] = field(default_factory=dict)
    tasked: frozenset[str] = frozenset()


class CreateEvent(Ask, frozen=True):
    """``area_m2``: the space that the cell pays for, as a decimal. ``cash_rounding``: the smallest coin in use, in
    minor units; the currency's own when it is not given."""

    name: str
    currency: str
    timezone: str
    area_m2: str
    cash_rounding: int | None = None


class OpenEvent(Ask, frozen=True):
    """Opens the event that was created last."""


class CloseEvent(Ask, frozen=True):
    """Closes the open event. ``force``: also with drawers open; each becomes a task."""

    force: bool = False


@command("event.create", CreateEvent, ADMIN)
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
    event = ctx.new_id("ev")
    fact = EventCreated(
        event=event,
        name=name,
        currency=ask.currency,
        timezone=ask.timezone,
        area_m2=format(area.normalize(), "f"),
        cash_rounding=coin,
    )
    return Decided([fact], {"event": event}, event=event)


@command("event.open", OpenEvent, STAFF)
def open_event(ask: OpenEvent, known: EventKnown, ctx: Context) -> Decided:
    """The created event goes live."""
    if known.event is None or known.event.state == "closed":
        refuse("not-found", "no event was created", "boothkit event create")
    if known.event.state == "open":
        refuse("event-open", f"{known.event.name} is open already", "")
    return Decided([EventOpened(event=known.event.event)], {"event": known.event.event})


@command("event.close", CloseEvent, STAFF)
def close(ask: CloseEvent, known: EventKnown, ctx: Context) -> Decided:
    """The open event ends; the tree head is signed. Drawers have their Z before that, unless the lead, or whoever is at
    the box's own command line, wants it so."""
    live = require_open(known.event)
    if known.drawers and not ask.force and not ctx.actor.startswith("admin:"):
        refuse(
            "drawers-open",
            f"open: {', '.join(known.drawers.values())}",
            "Count and close them first.",
            drawers=list(known.drawers),
        )
    left = [
        TaskRaised(task=ctx.new_id("t"), kind="open-drawer", about=drawer)
        for drawer in known.drawers
        if drawer not in known.tasked
    ]
    answer = {"event": live.event, "drawers": list(known.drawers)} if known.drawers else {"event": live.event}
    return Decided([EventClosed(event=live.event), *left], answer, checkpoint=True)


def require_open(event: Event | None) -> Event:
    """The open event, or the refusal ``event-closed``."""
    if event is None:
        refuse("event-closed", "there is no event yet", "The lead creates and opens one: boothkit event create, open.")
    if event.state != "open":
        refuse("event-closed", f"{event.name} is {event.state}", "The lead opens the event.")
    return event
