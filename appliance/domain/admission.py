"""The door: one scan, one verdict, one fact; and what was a slip of the hand is undone. The rules are ``doorrules``."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec

from appliance.domain.deadlines import Deadline
from appliance.domain.doorrules import FINAL, RULES, Case, First, Reason, ScanKnown, refused_by
from appliance.domain.guardrails import OccupancyExceeded
from appliance.domain.kernel import STAFF, Ask, Context, Decided, Fact, Personal, PersonRef, Role, command, kind, refuse
from appliance.domain.lists import Direction, check_gate_name, check_list_name
from appliance.domain.tickets import FAR, check_ticket_id
from appliance.errors import invalid

SCANNERS: frozenset[Role] = frozenset({"staff", "device", "admin"})
GATE = "door"
"""The gate of a scan that names none."""
UNDO_S = 10
LONGEST_REASON = 200
Names = tuple[str, ...]


@kind("ticket.admitted/1")
class TicketAdmitted(Fact, frozen=True):
    """Somebody went in. ``time_checked``: whether validity times could be judged by a trusted clock; ``answered``: the
    list's questions that were answered, ``answers_ref``: what the guest said; ``forced_by``: the lead who let somebody
    in whom the rules refuse, ``reason_ref``: why."""

    ticket: str
    list: str
    gate: str
    time_checked: bool
    answered: Names = ()
    answers_ref: PersonRef | None = None
    forced_by: str | None = None
    reason_ref: PersonRef | None = None


@kind("ticket.exited/1")
class TicketExited(Fact, frozen=True):
    """Somebody went out."""

    ticket: str
    list: str
    gate: str
    time_checked: bool


@kind("ticket.refused/1")
class TicketRefused(Fact, frozen=True):
    """Somebody was not let in. ``ticket``: None when the code could not be read as one; ``crowd``: people inside over
    all lists, when they are as many as the policy allows."""

    ticket: str | None
    list: str
    gate: str
    reason: Reason
    first: First | None = None
    crowd: int | None = None


@kind("admission.undone/1")
class AdmissionUndone(Fact, frozen=True):
    """``of``: the id of the fact that somebody went in or out; it did not happen. The rest is that fact's."""

    of: str
    ticket: str
    list: str
    gate: str
    direction: Direction


class Scan(Ask, frozen=True):
    """``code`` as the scanner read it; ``list``: only this list is let in; ``gate``: the door's name, whose lists and
    direction count where the scan names none; ``answers``: to the list's questions, by their names."""

    code: str
    list: str | None = None
    direction: Direction | None = None
    gate: str = ""
    answers: dict[str, str] = msgspec.field(default_factory=dict)


class Admit(Ask, frozen=True):
    """A person decides: about a ticket that they found by name (``ticket``), or (``by``, ``reason``) as the lead whom
    the rules do not bind. ``reason`` goes into the erasable table."""

    code: str | None = None
    ticket: str | None = None
    list: str | None = None
    direction: Direction | None = None
    gate: str = ""
    answers: dict[str, str] = msgspec.field(default_factory=dict)
    by: str | None = None
    reason: str | None = None


@command("ticket.scan", Scan, SCANNERS, at_full="go_on")
def scan(ask: Scan, known: ScanKnown, ctx: Context) -> Decided:
    """Admit, refuse or let out. A refusal at the door is a fact of its own, not a refused command."""
    return _decide(ask, known, ctx)


@command("ticket.admit", Admit, STAFF, at_full="go_on")
def admit(ask: Admit, known: ScanKnown, ctx: Context) -> Decided:
    """The same for a ticket that was found by name; or against the rules, by the lead, with a reason."""
    if (ask.code is None) == (ask.ticket is None):
        raise invalid("wants either code or ticket")
    if ask.ticket is not None:
        check_ticket_id(ask.ticket)
    if (ask.by is None) != (ask.reason is None):
        raise invalid("reason: the lead who lets somebody in against the rules gives one", "Type why.")
    if ask.by is not None and not (1 <= len(ask.by) <= 60 and ask.by.replace("-", "").isalnum()):
        raise invalid("by: wants the id of a person who works here")
    if ask.reason is not None and not 1 <= len(ask.reason.strip()) <= LONGEST_REASON:
        raise invalid(f"reason: wants 1 to {LONGEST_REASON} characters", "Type why, in a few words.")
    return _decide(ask, known, ctx)


def _decide(ask: Scan | Admit, known: ScanKnown, ctx: Context) -> Decided:
    if ask.gate:
        check_gate_name(ask.gate)
    if ask.list is not None:
        check_list_name(ask.list)
    case = _best(ask, known, ctx)
    number = refused_by(case)
    reason = RULES[number][0] if number < len(RULES) else None
    forced = isinstance(ask, Admit) and ask.by is not None and _forcible(case, reason)
    if forced:
        case = _somewhere(case)
    answer = _answer(case, ask, reason)
    shown, gate = known.presented, ask.gate or GATE
    if shown.ticket is None or (reason is not None and not forced):
        why: Reason = reason or "unreadable"
        first = case.place.first if why == "already_used" else None
        ticket = shown.ticket if why not in ("unreadable", "bad_signature") else None
        fact: Fact = TicketRefused(
            ticket=ticket, list=case.list, gate=gate, reason=why, first=first, crowd=answer.get("crowd")
        )
        return Decided([fact], answer | {"verdict": "refused", "reason": why, "ticket": ticket})
    trusted = ctx.now.trusted
    if case.direction == "out":
        fact = TicketExited(ticket=shown.ticket, list=case.list, gate=gate, time_checked=trusted)
        return Decided([fact], answer | {"verdict": "exited", "reason": None})
    answered, answers = _answers(case, ctx)
    why_forced = ctx.seal({"reason": (ask.reason or "").strip()}) if forced and isinstance(ask, Admit) else None
    fact = TicketAdmitted(
        ticket=shown.ticket,
        list=case.list,
        gate=gate,
        time_checked=trusted,
        answered=answered,
        answers_ref=answers.ref if answers else None,
        forced_by=ask.by if forced and isinstance(ask, Admit) else None,
        reason_ref=why_forced.ref if why_forced else None,
    )
    people = [person for person in (answers, why_forced) if person is not None]
    overruled = reason if forced else None
    answer |= {"verdict": "admitted", "reason": None, "overruled": overruled}
    return Decided([fact, *_exceeding(case, fact.forced_by)], answer, people)


def _exceeding(case: Case, by: str | None) -> list[Fact]:
    """What the lead answers for when one more is inside than the door lets in by itself."""
    known, ticket = case.known, case.known.presented.ticket
    most = known.limits.rails.occupancy.door
    if by is None or ticket is None or most is None or not case.crowds(most):
        return []
    broken = known.limits.broken("occupancy", most, known.crowd + 1, by, ticket)
    return [broken] if known.crowd > most else [broken, OccupancyExceeded(occupancy=known.crowd + 1, by=by)]


def _best(ask: Scan | Admit, known: ScanKnown, ctx: Context) -> Case:
    """The list on which the ticket gets furthest: the first that lets it in, else the last rule that stops it tells
    most."""
    asked = [ask.list] if ask.list is not None else [*(known.gate.lists or known.lists)]
    shown = known.presented
    own = [*known.places, *([shown.scope] if shown.scope and shown.scope not in known.places else [])]
    own.sort(key=lambda name: (asked.index(name) if name in asked else len(asked), name))
    if shown.form == "pretix" and (shown.pretix is not None or not own):
        # A shop's signature names products, no lists: every list here takes the products that it names. A forged one
        # is refused for its signature, not for the list that it does not name.
        own = [*(name for name in asked if name in known.lists), *(name for name in own if name not in asked)]
    if not own:
        own = [asked[0] if ask.list is not None else ""]
    case = Case(known, ctx, "", tuple(asked), ask.direction or known.gate.direction, ask.answers)
    return max((replace(case, list=name) for name in own), key=partial(_depth, own))


def _depth(order: list[str], case: Case) -> tuple[int, bool, int]:
    """Whoever goes out leaves a list that they are inside on."""
    return refused_by(case), case.leaving, -order.index(case.list)


def _forcible(case: Case, reason: Reason | None) -> bool:
    """Not on the word of a code that nobody here signed, issued or imported: there is no ticket to let in. Nor beyond
    what the policy lets a lead do, whatever else is against it."""
    shown = case.known.presented
    is_ticket = shown.ticket is not None and (shown.fault is None or case.listed) and not case.no_ticket
    if case.crowds(case.known.limits.rails.occupancy.lead):
        return False
    return reason is not None and reason not in FINAL and case.entering and is_ticket


def _somewhere(case: Case) -> Case:
    """Whoever is let in against the rules goes in on some list: the ticket's, else the gate's first."""
    lists = case.known.lists
    if case.list in lists:
        return case
    name = next((name for name in case.asked if name in lists), None)
    if name is None:
        refuse("not-found", "there is no list to let anybody in on", "Define a list first.")
    return replace(case, list=name)


def _answers(case: Case, ctx: Context) -> tuple[Names, Personal | None]:
    """The questions that were answered now, and what the guest said to those that want words."""
    given = {
        question: case.answers[question.question].strip()
        for question in case.terms.questions
        if case.answers.get(question.question, "").strip() and question.question not in case.place.answered
    }
    said = {question.question: text[:LONGEST_REASON] for question, text in given.items() if question.answer == "text"}
    return tuple(question.question for question in given), ctx.seal(said) if said else None


def _answer(case: Case, ask: Scan | Admit, reason: Reason | None) -> dict[str, Any]:
    known, place = case.known, case.place
    state = known.state
    defined = case.list in known.lists
    answer: dict[str, Any] = {
        "scan": case.ctx.command,
        "reason": reason,
        "ticket": known.presented.ticket,
        "holder": None,
        "holder_ref": state.holder_ref if state else None,
        "list": case.list,
        "gate": ask.gate or GATE,
        "direction": case.direction,
        "at": case.ctx.now.at,
        "time_checked": case.ctx.now.trusted,
        "forcible": _forcible(case, reason),
        "entry": case.terms.entry if defined else None,
        "product": next(iter(case.product), None),
        "session": next(iter(case.session), None),
        "entries": place.entries,
    }
    if place.first is not None and reason == "already_used":
        answer["first"] = {"at": place.first.at, "gate": place.first.gate, "box": place.first.box}
    if reason is not None and reason not in FINAL and case.crowds(known.limits.rails.occupancy.door):
        answer |= {"crowd": known.crowd, "policy": known.limits.policy}
    if reason == "question":
        answer["questions"] = [
            {"question": one.question, "text": one.text, "answer": one.answer} for one in case.unanswered
        ]
    for name, when in zip(("valid_from", "valid_until"), case.validity, strict=True):
        if when is not None and 0 < when < FAR:
            answer[name] = when
    return answer


@dataclass(frozen=True)
class Movement:
    """Somebody went in or out. ``boot``, ``mono`` (microseconds): when; ``newest``: nothing has happened to this ticket
    on this list since."""

    ticket: str
    list: str
    gate: str
    direction: Direction
    boot: str
    mono: int
    undone: bool
    newest: bool


@dataclass(frozen=True)
class UndoKnown:
    """What ``of`` names; None: no such movement."""

    movement: Movement | None


class Undo(Ask, frozen=True):
    """``scan``: the identity of the scan that was a mistake."""

    scan: str


@command("admission.undo", Undo, STAFF, at_full="go_on")
def undo(ask: Undo, known: UndoKnown, ctx: Context) -> Decided:
    """Within ten seconds, by the clock that no hand moves: later somebody has gone in."""
    moved = known.movement
    if moved is None:
        refuse("not-found", "nobody went in or out with this scan", "Look at the last scans.")
    answer = {"scan": ask.scan}
    if moved.undone:
        return Decided([], answer)
    if not Deadline.after(moved, UNDO_S).holds(ctx.now):
        refuse("too-late", f"this was more than {UNDO_S} s ago", "Scan the ticket out, or ask the lead.")
    if not moved.newest:
        refuse("too-late", "this ticket was scanned again since", "Undo the newest scan.")
    fact = AdmissionUndone(
        of=f"{ask.scan}.0", ticket=moved.ticket, list=moved.list, gate=moved.gate, direction=moved.direction
    )
    return Decided([fact], answer)
