"""Walk-up tickets: issued with the sale that they are bought in, and printed each on a slip of its own."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from appliance.domain.kernel import STAFF, Ask, Context, Decided, command, refuse
from appliance.domain.lists import CheckinList
from appliance.domain.receipts import MAX_COPIES, SlipRequested, chosen_printer, ticket_printer
from appliance.domain.tickets import TicketIssued
from appliance.errors import invalid

MOST = 50
"""Tickets in one sale: more paper than that is an order, not a walk-up."""
_ID_BYTES = 12


@dataclass(frozen=True)
class Bought:
    """``qty`` tickets of ``list`` that are called ``product``."""

    list: str
    product: str
    qty: int


@dataclass(frozen=True)
class TicketPaperKnown:
    """Of one ticket: whether this box issued it for the present event, whether it admits nobody any more, its newest
    copy, and where that one waits (None = it has an outcome)."""

    issued: bool
    void: bool
    newest: int | None
    waits_at: str | None


class PrintTicket(Ask, frozen=True):
    """``printer``: another one than the tickets' own."""

    ticket: str
    printer: str | None = None


def slip_id(ticket: str) -> str:
    """The slip that all copies of a ticket are copies of."""
    return f"sl-{ticket}"


def ticket_id(box: str, sale: str, number: int) -> str:
    """The id of a sale's ticket ``number``, from 0. It follows from the sale's identity, so that a sale that is sent
    again, also to a box that was set back, has the tickets that the guest holds already."""
    return hashlib.sha256(f"walk-up\x00{box}\x00{sale}\x00{number}".encode()).digest()[:_ID_BYTES].hex()


def check(bought: Sequence[Bought], lists: Mapping[str, CheckinList]) -> None:
    """Refuses what the door would not let in: a list that is not defined, or one for other products."""
    number = sum(one.qty for one in bought)
    if number > MOST:
        raise invalid(f"{number} tickets: one sale has at most {MOST}", "Sell the rest in another sale.")
    for one in bought:
        terms = lists.get(one.list)
        if terms is None:
            refuse(
                "ticket-list",
                f"{one.product}: its check-in list {one.list} is not defined",
                "Define the list, or take the item out of the cart.",
            )
        if terms.products and one.product not in terms.products:
            refuse(
                "ticket-list",
                f"{one.product}: the check-in list {one.list} lets in other products only",
                "Add it to the list's products, or take the item out of the cart.",
            )


def issue(bought: Sequence[Bought], sale: str, ctx: Context) -> tuple[list[TicketIssued], list[SlipRequested]]:
    """The tickets of a sale in the order of its lines, and their paper; none of that without a printer."""
    pieces = [one for one in bought for _ in range(one.qty)]
    tickets = [
        TicketIssued(ticket=ticket_id(ctx.box, sale, number), list=one.list, sale=sale, product=one.product)
        for number, one in enumerate(pieces)
    ]
    printer = ticket_printer(ctx)
    return tickets, [_slip(one.ticket, 0, printer) for one in tickets if printer]


def _slip(ticket: str, copy: int, printer: str) -> SlipRequested:
    return SlipRequested(slip=slip_id(ticket), slip_kind="ticket", about=ticket, printer=printer, copy=copy)


@command("ticket.print", PrintTicket, STAFF, at_full="go_on")
def print_ticket(ask: PrintTicket, known: TicketPaperKnown, ctx: Context) -> Decided:
    """The first that a printer can have, or one more that says DUPLICATE: whichever is shown first admits. While one
    still waits for the same printer, two taps make one."""
    if not known.issued:
        refuse("not-found", "this box issued no such ticket for this event", "Look it up by its sale.")
    if known.void:
        refuse("ticket-void", "this ticket was revoked or cancelled: it admits nobody", "Sell a new one.")
    printer = chosen_printer(ask.printer, ticket_printer(ctx), ctx)
    if known.waits_at == printer:
        refuse("ticket-waiting", f"copy {known.newest} still waits for {printer}", "Look at the printer first.")
    copy = 0 if known.newest is None else known.newest + 1
    if copy > MAX_COPIES:
        refuse("too-many-copies", f"this ticket was printed {copy} times", "Show it on the screen instead.")
    fact = _slip(ask.ticket, copy, printer)
    return Decided([fact], {"ticket": ask.ticket, "slip": fact.slip, "copy": copy, "printer": printer})
