"""The rules of the door, in their order; docs/admission.md says the same in words.

``RULES`` is the list: the first rule that holds refuses, with its reason. What follows from that is ``admission``'s.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from appliance.domain.events import Event
from appliance.domain.guardrails import Limits
from appliance.domain.kernel import Context, Fact
from appliance.domain.lists import CheckinList, Direction, Gate, Questions
from appliance.domain.presented import Presented

Reason = Literal[
    "event_closed",
    "unreadable",
    "unknown",
    "bad_signature",
    "other_event",
    "revoked",
    "blocked",
    "cancelled",
    "not_yet_valid",
    "expired",
    "wrong_product",
    "wrong_session",
    "unpaid",
    "question",
    "list_full",
    "already_used",
]
FINAL: frozenset[Reason] = frozenset({"event_closed", "unreadable", "bad_signature"})
"""What no lead can let in: there is no event, or no ticket. Such a guest buys one at the till."""


class First(Fact, frozen=True):
    """The admission that settles an argument: when, at which gate, on which box."""

    at: str
    gate: str
    box: str


@dataclass(frozen=True)
class TicketState:
    """A ticket as the box remembers it for ``event``. ``valid_from``, ``valid_until``: Unix seconds."""

    ticket: str
    event: str
    holder_ref: str | None = None
    product: str | None = None
    session: str | None = None
    pending: bool = False
    cancelled: bool = False
    blocked: bool = False
    revoked: bool = False
    valid_from: int | None = None
    valid_until: int | None = None


@dataclass(frozen=True)
class Place:
    """What happened to a ticket on one list, kept for good. ``answered``: questions that need not be asked again;
    ``listed``: it was issued or imported on this list, not only scanned."""

    list: str
    entries: int = 0
    inside: bool = False
    first: First | None = None
    answered: frozenset[str] = frozenset()
    listed: bool = False


@dataclass(frozen=True)
class ScanKnown:
    """The event, its lists and how many people are inside on each, the gate, what the code is, and what is remembered
    of that ticket: its state, its places by list, and for which event it stands on lists ("": on none). ``state`` is
    that of an earlier event when this one does not know it; of an earlier ``home`` no more than ``listed`` stands in
    ``places``. ``limits``: those in force."""

    event: Event | None
    lists: Mapping[str, CheckinList]
    inside: Mapping[str, int]
    gate: Gate
    presented: Presented
    state: TicketState | None
    places: Mapping[str, Place]
    home: str = ""
    limits: Limits = field(default_factory=Limits)

    @property
    def crowd(self) -> int:
        """People inside over all lists."""
        return sum(self.inside.values())


@dataclass(frozen=True)
class Case:
    """A ticket before one list: what every rule looks at. ``list``: its name, also where it is not defined; ``asked``:
    the lists that are let in here, the gate's first one first."""

    known: ScanKnown
    ctx: Context
    list: str
    asked: tuple[str, ...]
    direction: Direction
    answers: Mapping[str, str]

    @property
    def entering(self) -> bool:
        return self.direction == "in"

    @property
    def no_ticket(self) -> bool:
        """One of our tokens, and of another kind."""
        token = self.known.presented.token
        return token is not None and token.kind != "ticket"

    @property
    def listed(self) -> bool:
        """Somebody issued or imported it. That it was scanned, or let in by the lead, makes it no better known."""
        return any(place.listed for place in self.known.places.values())

    @property
    def terms(self) -> CheckinList:
        """Only of a list that is defined: behind the rule ``unknown``."""
        return self.known.lists[self.list]

    @property
    def place(self) -> Place:
        return self.known.places.get(self.list) or Place(self.list)

    @property
    def product(self) -> tuple[str, ...]:
        """What was bought, by all its names: as the shop's list calls it, and by the numbers of pretix. Empty when
        nobody says."""
        state, ticket = self.known.state, self.known.presented.pretix
        names = [state.product] if state and state.product else []
        if ticket is not None:
            item = str(ticket.item or 0)
            names += [f"{item}-{ticket.variation}", item] if ticket.variation else [item]
        return tuple(names)

    @property
    def session(self) -> tuple[str, ...]:
        """When it is for, in the same way."""
        state, ticket = self.known.state, self.known.presented.pretix
        named = (state.session,) if state and state.session else ()
        return named if ticket is None else (*named, str(ticket.subevent or 0))

    @property
    def validity(self) -> tuple[int | None, int | None]:
        """Unix seconds from and until; what is signed goes before what is remembered."""
        shown, state = self.known.presented, self.known.state
        if shown.token is not None:
            return shown.token.nbf, shown.token.exp
        if shown.pretix is not None:
            return shown.pretix.valid_from, shown.pretix.valid_until
        return (state.valid_from, state.valid_until) if state else (None, None)

    @property
    def unanswered(self) -> Questions:
        """The list's questions that were not answered before or now."""
        return tuple(
            question
            for question in self.terms.questions
            if question.question not in self.place.answered and not self.answers.get(question.question, "").strip()
        )

    @property
    def leaving(self) -> bool:
        """Somebody who is inside goes out. Whatever became of the ticket since, it happens."""
        return not self.entering and self.place.inside

    def crowds(self, most: int | None) -> bool:
        """One more would be inside than ``most`` people (None: any number)."""
        return most is not None and self.entering and not self.place.inside and self.known.crowd >= most


def _event_closed(case: Case) -> bool:
    return case.known.event is None or case.known.event.state != "open"


def _unreadable(case: Case) -> bool:
    return case.known.presented.fault == "unreadable" and not case.listed


def _unknown(case: Case) -> bool:
    """On no list: nobody issued or imported it, or the list that it names is not defined here."""
    shown = case.known.presented
    if case.no_ticket or case.leaving:
        return False
    signed = shown.form in ("token", "pretix")
    return (not signed and not case.listed) or case.list not in case.known.lists


def _bad_signature(case: Case) -> bool:
    """A code of pretix that was imported as a code counts as one, whoever signed it."""
    return case.known.presented.fault == "bad_signature" and not case.listed and not case.leaving


def _other_event(case: Case) -> bool:
    event, home = case.known.event, case.known.home
    said = case.known.presented.events or ({home} if home else set())
    return not case.leaving and event is not None and bool(said) and event.event not in said


def _wrong_product(case: Case) -> bool:
    """No ticket but a badge or a quote; or a list that this gate does not let in; or another product."""
    if case.no_ticket or case.list not in case.asked:
        return True
    products = case.terms.products
    return not case.leaving and bool(products and case.product and not set(case.product) & set(products))


def _revoked(case: Case) -> bool:
    return not case.leaving and case.known.state is not None and case.known.state.revoked


def _blocked(case: Case) -> bool:
    return not case.leaving and case.known.state is not None and case.known.state.blocked


def _cancelled(case: Case) -> bool:
    return not case.leaving and case.known.state is not None and case.known.state.cancelled


def _not_yet_valid(case: Case) -> bool:
    start = case.validity[0]
    return case.entering and case.ctx.now.trusted and start is not None and case.ctx.now.wall_ms < start * 1000


def _expired(case: Case) -> bool:
    end = case.validity[1]
    return case.entering and case.ctx.now.trusted and end is not None and case.ctx.now.wall_ms >= end * 1000


def _wrong_session(case: Case) -> bool:
    sessions = case.terms.sessions
    return not case.leaving and bool(sessions and case.session and not set(case.session) & set(sessions))


def _unpaid(case: Case) -> bool:
    state = case.known.state
    return not case.leaving and state is not None and state.pending and not case.terms.pending


def _question(case: Case) -> bool:
    return case.entering and bool(case.unanswered)


def _list_full(case: Case) -> bool:
    """The list is, or the place with all lists together. Who may enter any number of times, and is inside, adds
    nobody."""
    terms = case.terms
    if case.crowds(case.known.limits.rails.occupancy.door):
        return True
    if not case.entering or terms.capacity is None or (terms.entry == "multiple" and case.place.inside):
        return False
    return case.known.inside.get(case.list, 0) >= terms.capacity


def _already_used(case: Case) -> bool:
    if not case.entering or case.place.entries == 0:
        return False
    entry = case.terms.entry
    return entry == "single" or (entry == "reentry" and case.place.inside)


RULES: tuple[tuple[Reason, Callable[[Case], bool]], ...] = (
    ("event_closed", _event_closed),
    ("unreadable", _unreadable),
    ("unknown", _unknown),
    ("bad_signature", _bad_signature),
    ("other_event", _other_event),
    ("revoked", _revoked),
    ("blocked", _blocked),
    ("cancelled", _cancelled),
    ("not_yet_valid", _not_yet_valid),
    ("expired", _expired),
    ("wrong_product", _wrong_product),
    ("wrong_session", _wrong_session),
    ("unpaid", _unpaid),
    ("question", _question),
    ("list_full", _list_full),
    ("already_used", _already_used),
)
"""The first rule that holds refuses. Between ``unknown`` and the end, each may rely on those before it."""


def refused_by(case: Case) -> int:
    """The place in RULES of the first rule that says no; their number when none does."""
    return next((number for number, (_, holds) in enumerate(RULES) if holds(case)), len(RULES))
