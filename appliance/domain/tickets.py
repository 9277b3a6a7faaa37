"""Check-in lists and the tickets on them: defined, issued (own, signed), imported (plain codes), revoked."""

from dataclasses import dataclass
from typing import Literal

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
from appliance.errors import invalid

Entry = Literal["single", "multiple", "reentry"]
PIECE = 500
"""Tickets in one fact at most; larger imports come in pieces so that no sale waits for them."""


@kind("list.defined/1")
class ListDefined(Fact, frozen=True):
    """A check-in list. ``entry``: once, any number of times, or again after an exit."""

    list: str
    entry: Entry


@kind("ticket.issued/1")
class TicketIssued(Fact, frozen=True):
    """One of our own tickets. ``ticket``: hex of the token's cti. ``holder``: who, in the erasable table."""

    ticket: str
    list: str
    sale: str | None = None
    holder: PersonRef | None = None


class ImportedTicket(Fact, frozen=True):
    """A ticket from another shop: an HMAC of its code (never the code), and who holds it."""

    ticket: str
    holder: PersonRef | None = None


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
    """From now on this ticket is refused everywhere."""

    ticket: str


@dataclass(frozen=True)
class ListsKnown:
    """The present event, its lists, and which of the named tickets are there already."""

    event: Event | None
    lists: dict[str, Entry]
    present: frozenset[str] = frozenset()


class DefineList(Ask, frozen=True):
    """A list's name is 1 to 40 lower-case letters, digits, dashes."""

    list: str
    entry: Entry


class NewTicket(Ask, frozen=True):
    """``ticket``: hex cti that the signer chose; ``holder``: a person's name, kept in people.db only."""

    ticket: str
    holder: str | None = None


NewTickets = list[NewTicket]


class IssueTickets(Ask, frozen=True):
    """Record tickets as issued; they are signed by whoever holds the event's key."""

    list: str
    tickets: NewTickets


class ImportTickets(Ask, frozen=True, rename={"import_": "import"}):
    """Codes of another shop's tickets, as HMACs, for one list."""

    list: str
    import_: str
    part: int
    tickets: NewTickets


class RevokeTicket(Ask, frozen=True):
    """``ticket``: a ticket's id, signed or imported."""

    ticket: str


def list_name(text: str) -> bool:
    """Whether this may be a list's name."""
    return 1 <= len(text) <= 40 and text.replace("-", "").isalnum() and text.isascii() and text.islower()


@command("list.define", DefineList, ADMIN)
def define(ask: DefineList, known: ListsKnown, ctx: Context) -> Decided:
    """A list is defined once; the same again changes nothing, another entry rule replaces it."""
    if known.event is None:
        refuse("not-found", "there is no event yet", "boothkit event create")
    if not list_name(ask.list):
        raise invalid(f"list {ask.list!r}: wants 1 to 40 lower-case letters, digits, dashes")
    if known.lists.get(ask.list) == ask.entry:
        return Decided([], {"list": ask.list})
    return Decided([ListDefined(list=ask.list, entry=ask.entry)], {"list": ask.list})


def _check(ask: IssueTickets | ImportTickets, known: ListsKnown) -> None:
    if known.event is None:
        refuse("not-found", "there is no event yet", "boothkit event create")
    if not list_name(ask.list):
        raise invalid("list: wants 1 to 40 lower-case letters, digits, dashes")
    if ask.list not in known.lists:
        have = ", ".join(sorted(known.lists)) or "none"
        refuse("not-found", f"there is no list {ask.list!r} (lists: {have})", "Define the list first.")
    if not 1 <= len(ask.tickets) <= PIECE:
        raise invalid(f"one piece has 1 to {PIECE} tickets, not {len(ask.tickets)}")
    for ticket in ask.tickets:
        if not (16 <= len(ticket.ticket) <= 64 and all(c in "0123456789abcdef" for c in ticket.ticket)):
            raise invalid(f"ticket id {ticket.ticket[:70]!r}: wants 16 to 64 hexadecimal digits")


def _holders(tickets: list[NewTicket], ctx: Context) -> list[Personal | None]:
    return [ctx.seal({"holder": ticket.holder[:120]}) if ticket.holder else None for ticket in tickets]


def _ref(person: Personal | None) -> PersonRef | None:
    return person.ref if person else None


@command("tickets.issue", IssueTickets, ADMIN, bulk=True)
def issue(ask: IssueTickets, known: ListsKnown, ctx: Context) -> Decided:
    """One fact a ticket."""
    _check(ask, known)
    new = [ticket for ticket in ask.tickets if ticket.ticket not in known.present]
    people = _holders(new, ctx)
    facts = [
        TicketIssued(ticket=ticket.ticket, list=ask.list, holder=_ref(person))
        for ticket, person in zip(new, people, strict=True)
    ]
    answer = {"issued": len(facts), "known": len(ask.tickets) - len(facts)}
    return Decided(facts, answer, [person for person in people if person])


@command("tickets.import", ImportTickets, ADMIN, bulk=True)
def import_tickets(ask: ImportTickets, known: ListsKnown, ctx: Context) -> Decided:
    """One fact a piece; codes that are there already are counted, not doubled."""
    _check(ask, known)
    seen: dict[str, NewTicket] = {}
    for ticket in ask.tickets:
        if ticket.ticket not in known.present:
            seen.setdefault(ticket.ticket, ticket)
    answer = {"imported": len(seen), "known": len(ask.tickets) - len(seen)}
    if not seen:
        return Decided([], answer)
    people = _holders(list(seen.values()), ctx)
    tickets = [ImportedTicket(ticket=t, holder=_ref(person)) for t, person in zip(seen, people, strict=True)]
    fact = TicketsImported(list=ask.list, import_=ask.import_, part=ask.part, tickets=tickets)
    return Decided([fact], answer, [person for person in people if person])


@command("ticket.revoke", RevokeTicket, STAFF)
def revoke(ask: RevokeTicket, known: ListsKnown, ctx: Context) -> Decided:
    """A ticket need not be known to be revoked: it may have been issued elsewhere."""
    if not (16 <= len(ask.ticket) <= 64 and all(c in "0123456789abcdef" for c in ask.ticket)):
        raise invalid(f"ticket id {ask.ticket[:70]!r}: wants 16 to 64 hexadecimal digits")
    return Decided([TicketRevoked(ticket=ask.ticket)], {"ticket": ask.ticket})
