"""What the boxes of one event tell each other: who went in and out at another door, and which tickets are void.

Decisions read it, so that a ticket which was used at one door is refused at the next; numbers do not, since each box
counts its own. What another box says is believed when the policy names its key, and when it comes without a gap.
"""

from dataclasses import dataclass, field
from typing import Literal

from appliance.clock import Trust
from appliance.domain.admission import AdmissionUndone, TicketAdmitted, TicketExited
from appliance.domain.kernel import Ask, Context, Decided, Fact, Role, command, kind
from appliance.domain.tickets import TicketRevoked
from appliance.errors import Problem
from appliance.language import N_

NEIGHBOURS: frozenset[Role] = frozenset({"uplink"})
MOST_BODIES = 100
REMEDY = N_("The policy names the boxes of the site and their keys.")

Moved = Literal["in", "out", "undone"]


@kind("admission.learnt/1")
class AdmissionLearnt(Fact, frozen=True):
    """Another box of the event let somebody in or out, or took that back. ``at``, ``trust``: its clock; ``of``: the id
    of its fact that somebody moved."""

    ticket: str
    list: str
    box: str
    at: str
    gate: str
    of: str
    trust: Trust
    moved: Moved = "in"


@dataclass(frozen=True)
class Heard:
    """A fact of another box: its place in its log, its id, when and for which event, and the fact when it is of a kind
    that other doors have to know."""

    seq: int
    id: str
    at: str
    trust: Trust
    event: str
    fact: Fact | None


@dataclass(frozen=True)
class Passage:
    """Facts of one log without a gap, under the signature of its box. ``start``: where the log's part of the event
    begins, 0 when that box has none of it."""

    box: str
    log: int
    event: str
    start: int
    facts: tuple[Heard, ...]

    @property
    def mark(self) -> str:
        """The name under which it is remembered how far that log was heard."""
        return f"site.{self.box}.{self.log}"


@dataclass(frozen=True)
class SiteKnown:
    """The present event, how far the log was heard (None: not at all), tickets that are revoked already. ``passage`` or
    ``fault``: what came, as it was read."""

    event: str
    have: int | None
    passage: Passage | None
    fault: str = ""
    revoked: frozenset[str] = field(default_factory=frozenset)


class Learn(Ask, frozen=True):
    """``note``: what the other box signed of ``bodies``, the stored texts of its facts, or leaves (hex) of those that
    no other box has to know."""

    note: str
    bodies: list[str]


@command("site.learn", Learn, NEIGHBOURS, bulk=True, at_full="go_on")
def learn(ask: Learn, known: SiteKnown, ctx: Context) -> Decided:
    """What is new to this box becomes facts. A stranger's word, or one with a gap before it, changes nothing; of
    another event no more is kept than how far it was heard."""
    passage = known.passage
    if passage is None:
        raise Problem("bad-passage", known.fault, REMEDY)
    first, last = passage.facts[0].seq, passage.facts[-1].seq
    if first > max((known.have or 0) + 1, passage.start):
        raise Problem("gap", f"it begins with fact {first}, {known.have or 0} are here", "It is sent again by itself.")
    facts: list[Fact] = []
    if passage.event == known.event and known.event:
        new = (heard for heard in passage.facts if heard.seq > (known.have or 0) and heard.event == known.event)
        revoked = set(known.revoked)
        for heard in new:
            match heard.fact:
                case TicketRevoked(ticket=ticket) if ticket not in revoked:
                    revoked.add(ticket)
                    facts.append(TicketRevoked(ticket=ticket))
                case TicketAdmitted() | TicketExited() | AdmissionUndone():
                    facts.append(_learnt(heard, heard.fact, passage.box))
                case _:
                    continue
    have = max(last, known.have or 0)
    return Decided(facts, {"box": passage.box, "log": passage.log, "have": have}, marks={passage.mark: have})


def _learnt(heard: Heard, fact: TicketAdmitted | TicketExited | AdmissionUndone, box: str) -> AdmissionLearnt:
    moved: Moved = "in" if isinstance(fact, TicketAdmitted) else "out"
    of = heard.id
    if isinstance(fact, AdmissionUndone):
        moved, of = "undone", fact.of
    return AdmissionLearnt(
        ticket=fact.ticket,
        list=fact.list,
        box=box,
        at=heard.at,
        gate=fact.gate,
        of=of,
        trust=heard.trust,
        moved=moved,
    )
