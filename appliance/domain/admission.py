"""The door: one scan, one verdict, one fact. The order of the rules is that of docs/admission.md."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.domain import tokens
from appliance.domain.events import Event
from appliance.domain.kernel import Ask, Context, Decided, Fact, Role, command, kind
from appliance.domain.tickets import Entry, list_name
from appliance.errors import invalid

Direction = Literal["in", "out"]
_GATE = re.compile(r"[^\W_][\w .-]{0,39}")
"""It is recorded: a door's name, not whatever somebody types."""
SCANNERS: frozenset[Role] = frozenset({"staff", "device", "admin"})
Reason = Literal[
    "event_closed",
    "unreadable",
    "unknown",
    "bad_signature",
    "other_event",
    "revoked",
    "not_yet_valid",
    "expired",
    "wrong_product",
    "already_used",
]


class First(Fact, frozen=True):
    """The admission that settles an argument: when, at which gate, on which box."""

    at: str
    gate: str
    box: str


@kind("ticket.admitted/1")
class TicketAdmitted(Fact, frozen=True):
    """Somebody went in. ``time_checked``: whether validity times could be judged by a trusted clock."""

    ticket: str
    list: str
    gate: str
    time_checked: bool


@kind("ticket.exited/1")
class TicketExited(Fact, frozen=True):
    """Somebody went out."""

    ticket: str
    list: str
    gate: str
    time_checked: bool


@kind("ticket.refused/1")
class TicketRefused(Fact, frozen=True):
    """Somebody was not let in. ``ticket``: None when the code could not be read as one."""

    ticket: str | None
    list: str
    gate: str
    reason: Reason
    first: First | None = None


@dataclass(frozen=True)
class TicketState:
    """A ticket as the box remembers it: its list, whether it was revoked, entries so far, where its holder is."""

    ticket: str
    list: str
    holder_ref: str | None
    revoked: bool
    entries: int
    inside: bool
    first: First | None


@dataclass(frozen=True)
class Presented:
    """What a code turned out to be before any rule was applied.

    ``token`` for a signed one, ``fault`` when it claims to be one and is not readable or not trusted; ``ticket``: the
    id under which the box looks it up (cti, or HMAC of a plain code).
    """

    ticket: str | None
    token: tokens.Token | None = None
    fault: Literal["unreadable", "bad_signature"] | None = None


@dataclass(frozen=True)
class ScanKnown:
    """The event, its lists, what the code is, and what is remembered of that ticket."""

    event: Event | None
    lists: Mapping[str, Entry]
    presented: Presented
    state: TicketState | None


class Scan(Ask, frozen=True):
    """``code`` as the scanner read it; ``list``: only this list is let in here; ``gate``: the door's name."""

    code: str
    list: str | None = None
    direction: Direction = "in"
    gate: str = ""


def present(code: str, keys: Mapping[bytes, Ed25519PublicKey], plain_id: str) -> Presented:
    """What a code is. ``plain_id``: the HMAC under which it would be known if it were a plain code."""
    if not code or len(code) > tokens.MAX_TEXT or not code.isprintable():
        return Presented(None, fault="unreadable")
    if not code.startswith(tokens.PREFIX):
        return Presented(plain_id)
    try:
        token = tokens.read(code, keys)
    except tokens.Unreadable:
        return Presented(None, fault="unreadable")
    except tokens.UntrustedToken:
        return Presented(None, fault="bad_signature")
    return Presented(token.id, token)


@command("ticket.scan", Scan, SCANNERS)
def scan(ask: Scan, known: ScanKnown, ctx: Context) -> Decided:
    """Admit, refuse or let out. A refusal at the door is a fact of its own, not a refused command."""
    if ask.gate and not _GATE.fullmatch(ask.gate):
        raise invalid("gate: wants a door's name of 1 to 40 letters, digits, spaces, dots, dashes")
    if ask.list is not None and not list_name(ask.list):
        raise invalid("list: wants 1 to 40 lower-case letters, digits, dashes")
    state, token = known.state, known.presented.token
    of_list = (state.list if state else None) or (token.scope if token else None) or ask.list or ""
    reason = _refusal(ask, known, of_list, ctx)
    time_checked = ctx.now.trusted
    gate = ask.gate or "door"
    answer: dict[str, Any] = {
        "reason": reason,
        "ticket": known.presented.ticket,
        "holder": None,
        "holder_ref": state.holder_ref if state else None,
        "list": of_list,
        "at": ctx.now.at,
        "time_checked": time_checked,
    }
    first = state.first if state else None
    if first is not None and reason == "already_used":
        answer["first"] = {"at": first.at, "gate": first.gate, "box": first.box}
    ticket = known.presented.ticket
    fact: Fact
    if reason is not None or ticket is None:
        fact = TicketRefused(
            ticket=ticket,
            list=of_list,
            gate=gate,
            reason=reason or "unreadable",
            first=first if reason == "already_used" else None,
        )
        return Decided([fact], {"verdict": "refused", **answer})
    if ask.direction == "out":
        fact = TicketExited(ticket=ticket, list=of_list, gate=gate, time_checked=time_checked)
        return Decided([fact], {"verdict": "exited", **answer})
    fact = TicketAdmitted(ticket=ticket, list=of_list, gate=gate, time_checked=time_checked)
    return Decided([fact], {"verdict": "admitted", **answer})


def _refusal(ask: Scan, known: ScanKnown, of_list: str, ctx: Context) -> Reason | None:
    """The first rule that says no, in the order of docs/admission.md."""
    event, token, state = known.event, known.presented.token, known.state
    if event is None or event.state != "open":
        return "event_closed"
    if known.presented.fault == "unreadable":
        return "unreadable"
    if known.presented.fault == "bad_signature":
        return "bad_signature"
    if token is None and state is None:
        return "unknown"
    if token is not None and token.event != event.event:
        return "other_event"
    if token is not None and token.kind != "ticket":
        return "wrong_product"
    if of_list not in known.lists:
        return "unknown"
    if state is not None and state.revoked:
        return "revoked"
    if token is not None and ask.direction == "in" and ctx.now.trusted:
        seconds = ctx.now.wall_ms / 1000
        if token.nbf is not None and seconds < token.nbf:
            return "not_yet_valid"
        if token.exp is not None and seconds >= token.exp:
            return "expired"
    if ask.list is not None and ask.list != of_list:
        return "wrong_product"
    if ask.direction == "in" and state is not None and not _may_enter(known.lists[of_list], state):
        return "already_used"
    return None


def _may_enter(entry: Entry, state: TicketState) -> bool:
    match entry:
        case "multiple":
            return True
        case "single":
            return state.entries == 0
        case "reentry":
            return not state.inside
