"""Personal data goes: one person's when somebody asks, an event's when its term is over.

A fact says which records of people.db are gone; the recorder erases them after the fact is durable, and again at every
start, so that neither a power cut nor an older people.db brings them back. Facts that refer to them stay as they are:
their HMACs are checked by nobody any more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from appliance.domain.guests import GUEST, GuestErased
from appliance.domain.kernel import DEVICE, STAFF, Ask, Context, Decided, Fact, command, kind, refuse
from appliance.errors import Problem, invalid

MOST_REFS = 500
"""Records that one fact names."""
DAY_MS = 86_400_000

Why = Literal["asked", "term"]


@kind("record.erased/1")
class RecordErased(Fact, frozen=True):
    """Records of people.db are gone for good: ``refs``, at most 500. ``why``: somebody asked, or the term of event
    ``of`` was over; ``of`` is the event's too when all of its records are gone at once.

    A guest who signed up has an identity beyond a record, and ``guest.erased`` for it; the records that hold what the
    guest said are named here all the same.
    """

    refs: list[str]
    why: Why
    of: str | None = None


@dataclass(frozen=True)
class Guest:
    """Who signed up with a record: the guest's id, and the version of the words that were agreed to."""

    guest: str
    version: str


@dataclass(frozen=True)
class RefsKnown:
    """Which records there are, and which of them are gone. ``guests``: who signed up, by the records that are kept."""

    kept: frozenset[str]
    gone: frozenset[str]
    guests: Mapping[str, Guest] = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """What is kept of an event: the ``first`` of its records, ``count`` of them. ``closed_ms``: when its term began,
    in Unix milliseconds; None while the event is not closed, or no trusted clock has told the time since. ``guests``:
    who signed up, by the first records."""

    event: str
    state: str
    closed_ms: int | None
    first: Sequence[str] = ()
    count: int = 0
    guests: Mapping[str, Guest] = field(default_factory=dict)

    def due_ms(self, keep_days: int) -> int | None:
        """When its term is over; None: not by time."""
        return None if self.closed_ms is None or not keep_days else self.closed_ms + keep_days * DAY_MS


@dataclass(frozen=True)
class GuestKnown:
    """The guest whom a claim code opened, and the record; None: it opens nobody's, or not the one that was named."""

    guest: Guest | None
    ref: str = ""


@dataclass(frozen=True)
class KeptKnown:
    """Every event of which anything personal is kept, the oldest first; the one that was asked for is among them."""

    events: Sequence[Kept] = field(default_factory=tuple)


class ErasePeople(Ask, frozen=True):
    """``refs``: of records."""

    refs: list[str]


class EraseGuest(Ask, frozen=True):
    """``code``: the claim code of ``guest``, who has to be named too: this is no place to guess codes."""

    guest: str
    code: str


class EraseEvent(Ask, frozen=True):
    """All that is kept of people at ``event``."""

    event: str


class ExpirePeople(Ask, frozen=True):
    """``keep_days``: how long personal data is kept after an event; 0 = until somebody asks."""

    keep_days: int


@command("people.erase", ErasePeople, STAFF, at_full="finish")
def erase(ask: ErasePeople, known: RefsKnown, ctx: Context) -> Decided:
    """One person's records. What is gone already is no fault: asking twice changes nothing."""
    if not 1 <= len(ask.refs) <= MOST_REFS:
        raise invalid(f"{len(ask.refs)} records: wants 1 to {MOST_REFS}")
    if unknown := [ref for ref in ask.refs if ref not in known.kept and ref not in known.gone]:
        refuse(
            "not-found", f"{len(unknown)} of these records are not on this box", "Look them up again; none was erased."
        )
    refs = [ref for ref in dict.fromkeys(ask.refs) if ref in known.kept]
    facts = _gone(refs, "asked", known.guests) if refs else []
    return Decided(facts, {"erased": len(refs), "already": len(set(ask.refs)) - len(refs)})


@command("guest.erase", EraseGuest, GUEST, at_full="finish")
def erase_guest(ask: EraseGuest, known: GuestKnown, ctx: Context) -> Decided:
    """A guest who has the claim code takes name and e-mail back. What stays is tied to nobody."""
    if known.guest is None:
        raise Problem("claim-code", "this claim code opens nothing", "Type it as it was shown to you.")
    record, guest = _gone([known.ref], "asked", {known.ref: known.guest})
    return Decided([guest, record], {"guest": known.guest.guest})


@command("people.erase_event", EraseEvent, STAFF, bulk=True, at_full="finish")
def erase_event(ask: EraseEvent, known: KeptKnown, ctx: Context) -> Decided:
    """All records of an event that is over, a piece at a time; the answer says how many are ``left``."""
    found = next((one for one in known.events if one.event == ask.event), None)
    if found is None:
        return Decided([], {"event": ask.event, "erased": 0, "left": 0})
    if found.state != "closed":
        refuse("event-open", "the event is not closed", "Close it first; one person's data can be erased at any time.")
    return _piece(found, "asked")


@command("people.expire", ExpirePeople, DEVICE, bulk=True, at_full="finish")
def expire(ask: ExpirePeople, known: KeptKnown, ctx: Context) -> Decided:
    """The next piece of what is due. On a clock that nobody set nothing is due: time is no reason to erase then."""
    if ask.keep_days < 0:
        raise invalid(f"keep_days {ask.keep_days}: wants 0 or more")
    if ctx.now.trusted:
        for one in known.events:
            due = one.due_ms(ask.keep_days)
            if one.state == "closed" and due is not None and due <= ctx.now.wall_ms:
                return _piece(one, "term")
    return Decided([], {"erased": 0, "left": 0})


def _piece(found: Kept, why: Why) -> Decided:
    refs = list(found.first[:MOST_REFS])
    facts = _gone(refs, why, found.guests, found.event)
    return Decided(facts, {"event": found.event, "erased": len(refs), "left": found.count - len(refs)})


def _gone(refs: Sequence[str], why: Why, guests: Mapping[str, Guest], of: str | None = None) -> list[Fact]:
    """The records, and the guests who signed up with them."""
    erased: Iterable[Guest] = (guests[ref] for ref in refs if ref in guests)
    return [
        RecordErased(refs=list(refs), why=why, of=of),
        *(GuestErased(guest=one.guest, consent_version=one.version) for one in erased),
    ]
