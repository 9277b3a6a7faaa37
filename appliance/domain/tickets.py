"""Tickets: issued (our own, signed), imported (another shop's codes), and what is said of one afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, assert_never

import msgspec

from appliance.domain.events import Event
from appliance.domain.kernel import (
    ADMIN,
    STAFF,
    Ask,
    Context,
    Decided,
    Fact,
    Personal,
    PersonRef,
    command,
    kind,
    refuse,
)
from appliance.domain.lists import check_list_name, label, no_list
from appliance.domain.tokens import MAX_TEXT
from appliance.errors import invalid

Status = Literal["paid", "pending", "cancelled"]
Mark = Literal["revoked", "blocked", "unblocked", "cancelled", "paid"]
PIECE = 500
"""Tickets in one fact at most; larger imports come in pieces so that no sale waits for them."""
MOST_INCLUDES = 10
FAR = 1 << 40
"""Unix seconds that no ticket's validity is beyond."""


class TicketDetails(Fact, frozen=True, kw_only=True):
    """What is known of a ticket. ``holder``: who and what else is personal (order, note, what it includes), in the
    erasable table; ``product``, ``session``: the shop's names; ``valid_from``, ``valid_until``: Unix seconds."""

    holder: PersonRef | None = None
    product: str | None = None
    session: str | None = None
    status: Status = "paid"
    valid_from: int | None = None
    valid_until: int | None = None


@kind("ticket.issued/1")
class TicketIssued(TicketDetails, frozen=True, kw_only=True):
    """One of our own tickets. ``ticket``: hex of the token's cti; ``sale``: the sale that it was bought with."""

    ticket: str
    list: str
    sale: str | None = None


class ImportedTicket(TicketDetails, frozen=True, kw_only=True):
    """A ticket from another shop: an HMAC of its code, never the code."""

    ticket: str


ImportedTickets = list[ImportedTicket]


@kind("tickets.imported/1")
class TicketsImported(Fact, frozen=True, rename={"import_": "import"}):
    """Piece ``part`` (from 1) of an import."""

    list: str
    import_: str
    part: int
    tickets: ImportedTickets


@kind("ticket.revoked/1")
class TicketRevoked(Fact, frozen=True):
    """From now on this ticket is refused everywhere. ``policy``: the version of the policy that says so, for events to
    come too."""

    ticket: str
    policy: int | None = None


@kind("ticket.marked/1")
class TicketMarked(Fact, frozen=True):
    """What the shop says of a ticket by now: blocked for the moment or no longer, cancelled, paid after all."""

    ticket: str
    mark: Literal["blocked", "unblocked", "cancelled", "paid"]


@dataclass(frozen=True)
class TicketsKnown:
    """The present event, its lists by name, the id of each code, and which of the named tickets are on the named list
    already, with their status."""

    event: Event | None
    lists: frozenset[str]
    ids: Mapping[str, str]
    present: Mapping[str, Status]


class AskDetails(Ask, frozen=True, kw_only=True):
    """``holder``, ``order``, ``note``, ``includes``: kept in people.db only; ``status``: None when nobody says: a new
    ticket is paid then, and of one that is known it is no news."""

    holder: str | None = None
    order: str | None = None
    note: str | None = None
    includes: tuple[str, ...] = ()
    product: str | None = None
    session: str | None = None
    status: Status | None = None
    valid_from: int | None = None
    valid_until: int | None = None


class NewTicket(AskDetails, frozen=True, kw_only=True):
    """``ticket``: hex cti that the signer chose."""

    ticket: str


class ShopTicket(AskDetails, frozen=True, kw_only=True):
    """``code``: what its QR or barcode says."""

    code: str


NewTickets = list[NewTicket]
ShopTickets = list[ShopTicket]


class IssueTickets(Ask, frozen=True):
    """Record tickets as issued; they are signed by whoever holds the event's key."""

    list: str
    tickets: NewTickets


class ImportTickets(Ask, frozen=True, rename={"import_": "import"}):
    """Another shop's tickets, for one list."""

    list: str
    import_: str
    part: int
    tickets: ShopTickets


Texts = list[str]


class MarkTickets(Ask, frozen=True):
    """``tickets``: ids, ``codes``: what the tickets themselves say; none need be known here."""

    mark: Mark
    tickets: Texts = msgspec.field(default_factory=list)
    codes: Texts = msgspec.field(default_factory=list)


def ticket_id(text: str) -> bool:
    """Whether this may be a ticket's id."""
    return 16 <= len(text) <= 64 and all(c in "0123456789abcdef" for c in text)


def check_ticket_id(text: str) -> None:
    """Raises ``validation`` for what may be no ticket's id."""
    if not ticket_id(text):
        raise invalid(f"ticket id {text[:70]!r}: wants 16 to 64 hexadecimal digits")


def code(text: str) -> bool:
    """Whether this may be what a ticket says."""
    return 1 <= len(text) <= MAX_TEXT and text.isprintable()


def _check(ask: IssueTickets | ImportTickets, known: TicketsKnown) -> None:
    if known.event is None:
        refuse("not-found", "there is no event yet", "boothkit event create")
    check_list_name(ask.list)
    if ask.list not in known.lists:
        no_list(ask.list, known.lists)
    if not 1 <= len(ask.tickets) <= PIECE:
        raise invalid(f"one piece has 1 to {PIECE} tickets, not {len(ask.tickets)}")
    for ticket in ask.tickets:
        if isinstance(ticket, NewTicket):
            check_ticket_id(ticket.ticket)
        elif not code(ticket.code):
            raise invalid(f"a code has 1 to {MAX_TEXT} printable characters")
        for name in (ticket.product, ticket.session):
            if name is not None and not label(name):
                raise invalid("product, session: each has 1 to 60 printable characters")
        for when in (ticket.valid_from, ticket.valid_until):
            if when is not None and not 0 < when < FAR:
                raise invalid(f"valid_from, valid_until: {when}: wants Unix seconds")


def _person(ticket: AskDetails, ctx: Context) -> Personal | None:
    """What is personal of a ticket, cut to what fits a screen; None when there is nothing."""
    said = {
        "holder": (ticket.holder or "")[:120],
        "order": (ticket.order or "")[:120],
        "note": (ticket.note or "")[:300],
        "includes": "\n".join(one[:60] for one in ticket.includes[:MOST_INCLUDES]),
    }
    said = {name: text for name, text in said.items() if text}
    return ctx.seal(said) if said else None


def _details(ticket: AskDetails, person: Personal | None) -> dict[str, Any]:
    """The fields of ``TicketDetails``."""
    return {
        "holder": person.ref if person else None,
        "product": ticket.product,
        "session": ticket.session,
        "status": ticket.status or "paid",
        "valid_from": ticket.valid_from,
        "valid_until": ticket.valid_until,
    }


@command("tickets.issue", IssueTickets, ADMIN, bulk=True, at_full="stop")
def issue(ask: IssueTickets, known: TicketsKnown, ctx: Context) -> Decided:
    """One fact a ticket."""
    _check(ask, known)
    new = [ticket for ticket in ask.tickets if ticket.ticket not in known.present]
    people = [_person(ticket, ctx) for ticket in new]
    facts = [
        TicketIssued(ticket=ticket.ticket, list=ask.list, **_details(ticket, person))
        for ticket, person in zip(new, people, strict=True)
    ]
    answer = {"issued": len(facts), "known": len(ask.tickets) - len(facts)}
    return Decided(facts, answer, [person for person in people if person])


@command("tickets.import", ImportTickets, STAFF, bulk=True, at_full="stop")
def import_tickets(ask: ImportTickets, known: TicketsKnown, ctx: Context) -> Decided:
    """One fact a piece. Codes that are there already are counted, not doubled; when the shop says something new of one
    (paid by now, cancelled), that is a fact of its own: the same export again, a day later, brings the list up to
    date."""
    _check(ask, known)
    new: dict[str, ShopTicket] = {}
    news: dict[str, Fact] = {}
    for ticket in ask.tickets:
        ident = known.ids[ticket.code]
        before = known.present.get(ident)
        if before is None:
            new.setdefault(ident, ticket)
        elif ticket.status in ("cancelled", "paid") and before != ticket.status:
            news[ident] = TicketMarked(ticket=ident, mark=ticket.status)
    answer = {"imported": len(new), "known": len(ask.tickets) - len(new), "changed": len(news)}
    people = [_person(ticket, ctx) for ticket in new.values()]
    tickets = [
        ImportedTicket(ticket=name, **_details(ticket, person))
        for (name, ticket), person in zip(new.items(), people, strict=True)
    ]
    facts: list[Fact] = [*news.values()]
    if tickets:
        facts.insert(0, TicketsImported(list=ask.list, import_=ask.import_, part=ask.part, tickets=tickets))
    return Decided(facts, answer, [person for person in people if person])


@command("tickets.mark", MarkTickets, STAFF, bulk=True, at_full="go_on")
def mark(ask: MarkTickets, known: TicketsKnown, ctx: Context) -> Decided:
    """A ticket need not be known to be marked: it may have been issued elsewhere. Nothing undoes revoking."""
    if known.event is None:
        refuse("not-found", "there is no event yet", "boothkit event create")
    number = len(ask.tickets) + len(ask.codes)
    if not 1 <= number <= PIECE:
        raise invalid(f"one piece has 1 to {PIECE} tickets, not {number}")
    for ticket in ask.tickets:
        check_ticket_id(ticket)
    if not all(map(code, ask.codes)):
        raise invalid(f"a code has 1 to {MAX_TEXT} printable characters")
    facts: list[Fact] = []
    for ticket in dict.fromkeys([*ask.tickets, *(known.ids[text] for text in ask.codes)]):
        match ask.mark:
            case "revoked":
                facts.append(TicketRevoked(ticket=ticket))
            case "blocked" | "unblocked" | "cancelled" | "paid":
                facts.append(TicketMarked(ticket=ticket, mark=ask.mark))
            case _:
                assert_never(ask.mark)
    return Decided(facts, {"mark": ask.mark, "tickets": len(facts)})
