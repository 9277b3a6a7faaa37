"""A walk-up ticket laid out once: what it is, its code, and the digits that people compare."""

from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from appliance.domain.lists import Entry
from appliance.language import N_
from appliance.projections.walkups import Issued
from appliance.receipts.layout import Code, Element, Line, Row, Rule, Title
from appliance.receipts.wording import Wording


def ticket_words(ticket: str | None) -> str:
    """A ticket's id as people compare it: the last eight digits in two groups."""
    if ticket is None:
        return "No ticket"
    tail = ticket[-8:].upper()
    return f"{tail[:4]}\N{NO-BREAK SPACE}{tail[4:]}"


def admits(entry: Entry) -> str:
    """A list's entry rule, as a guest reads it."""
    match entry:
        case "single":
            return N_("Admits one, once")
        case "reentry":
            return N_("Admits one, again after leaving")
        case "multiple":
            return N_("Admits one, any number of times")
        case _:
            assert_never(entry)


def ticket(
    issued: Issued, *, event_name: str, timezone: str, entry: Entry, code: str, copy: int = 0, locale: str = "en"
) -> list[Element]:
    """The elements of a ticket. ``code``: what its QR says; ``copy`` > 0 prints DUPLICATE."""
    words = Wording(locale)
    _ = words.gettext
    when = datetime.fromisoformat(issued.at).astimezone(ZoneInfo(timezone))
    elements: list[Element] = [Title(event_name)]
    if copy:
        elements.append(Line(f"DUPLICATE {copy}", centred=True, bold=True))
    elements += [
        Line(issued.product or _("Ticket"), centred=True, bold=True),
        Line(_(admits(entry)), centred=True),
        Code(code),
        Line(_("Ticket %(digits)s", digits=ticket_words(issued.ticket)), centred=True, bold=True),
        Rule(),
        Row(_("List"), issued.list),
        Row(_("Issued") if issued.number is None else _("Sale %(sale)s", sale=issued.number), f"{when:%Y-%m-%d %H:%M}"),
    ]
    if issued.price is not None and issued.currency is not None:
        elements.append(Row(_("Price"), words.money(issued.price, issued.currency)))
    return elements
