"""Plugging in the kit: every part of the box is tried with a person before the doors open.

A check begins, asks, sees, hears and is told, and ends when each of its steps has passed or was left out on purpose.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from appliance.domain.kernel import DEVICE, STAFF, Ask, Context, Decided, Fact, command, kind, refuse
from appliance.domain.kitplan import KIND, TARGET_S, Moment, Place, Since, StepName, plan, timed
from appliance.domain.receipts import Outcome as OnPaper
from appliance.domain.receipts import SlipRequested
from appliance.errors import invalid

Outcome = Literal["passed", "failed", "skipped"]
Proof = Literal["seen", "said", "both"]
"""What an outcome rests on: the box saw it by itself, a person said so, or both."""
Reason = Literal[
    "nothing_happened",
    "unreadable",
    "not_cut",
    "wrong_way",
    "not_the_time",
    "incomplete",
    "not_here",
    "not_needed",
    "later",
]
"""Why a step failed, or (the last three) was left out."""
By = Literal["lead", "cashier", "admin", "box"]
"""Who told an outcome: a role, never a name; ``admin`` is the command line, ``box`` needed nobody."""

PREFIX = "BOOTHKIT-KIT-"
"""What a check's own code begins with, in front of eight characters."""
_DEVICE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_GATE = re.compile(r"[\w][\w .-]{0,39}")
_MOST = 64
_AGAIN = "Look at the kit page again: a newer check may have begun."


class KitResult(Fact, frozen=True):
    """How one step ended."""

    step: StepName
    device: str
    outcome: Outcome
    proof: Proof
    by: By
    reason: Reason | None = None


class Pressed(Fact, frozen=True):
    """How often a button had been pressed, as its worker counts."""

    button: str
    count: int


@kind("kit.begun/1")
class KitBegun(Fact, frozen=True):
    """A check of the kit begins. ``code``: what its page and its test slips show for the scanners; ``presses``: of each
    button until then."""

    kit: str
    code: str
    presses: list[Pressed]


@kind("kit.asked/1")
class KitAsked(Fact, frozen=True):
    """A part was asked to show that it works: print, flash, count from now on. ``n`` counts a check's questions."""

    kit: str
    step: StepName
    device: str
    n: int


@kind("kit.heard/1")
class KitHeard(Fact, frozen=True):
    """A scanner read the check's code."""

    kit: str
    device: str
    gate: str


@kind("kit.checked/1")
class KitChecked(Fact, frozen=True):
    """What became of a step; a later one about the same step and device takes its place."""

    kit: str
    step: StepName
    device: str
    outcome: Outcome
    proof: Proof
    by: By
    reason: Reason | None = None


@kind("kit.ready/1")
class KitReady(Fact, frozen=True):
    """Every step has passed or was left out. ``seconds``, ``since``, ``exact``, ``boots``: as ``kitplan.Timed`` says;
    ``target``: the seconds that it should take at most."""

    kit: str
    steps: list[KitResult]
    seconds: int
    since: Since
    exact: bool
    boots: int
    target: int


@dataclass(frozen=True)
class KitKnown:
    """The newest check: ``kit`` and ``code`` are "" before the first. ``slips``: of each printer the newest test slip's
    outcome, None while it waits; ``sheet``: its sheet's id and newest copy."""

    kit: str = ""
    code: str = ""
    ready: bool = False
    asked: int = 0
    results: Mapping[Place, KitResult] = field(default_factory=dict)
    slips: Mapping[str, OnPaper | None] = field(default_factory=dict)
    moments: Sequence[Moment] = ()
    sheet: tuple[str, int] | None = None


class BeginKit(Ask, frozen=True):
    """``presses``: the buttons' counters now."""

    presses: list[Pressed]


class AskKit(Ask, frozen=True):
    """Have a part show that it works."""

    kit: str
    step: StepName
    device: str = ""


class CheckKit(Ask, frozen=True):
    """What became of a step. ``reason``: of one that failed or was skipped; ``proof`` is the box's own word for
    printers."""

    kit: str
    step: StepName
    outcome: Outcome
    device: str = ""
    reason: Reason | None = None
    proof: Proof = "said"
    by: By = "admin"


class ScanKit(Ask, frozen=True):
    """A scanner read a code that begins as a check's code does."""

    code: str
    gate: str


class FinishKit(Ask, frozen=True):
    """``devices``: the names of all devices that the box has now."""

    kit: str
    devices: list[str]


class PrintSheet(Ask, frozen=True):
    """The sheet of a finished check, once more."""

    kit: str


@command("kit.begin", BeginKit, STAFF, at_full="stop")
def begin(ask: BeginKit, known: KitKnown, ctx: Context) -> Decided:
    """A new check; one that is under way is left as it is."""
    if len(ask.presses) > _MOST or not all(_DEVICE.fullmatch(one.button) for one in ask.presses):
        raise invalid(f"presses: wants at most {_MOST} buttons by their names")
    if any(not 0 <= one.count < 2**53 for one in ask.presses):
        raise invalid("presses: wants whole numbers from 0")
    kit, code = ctx.new_id("kit-"), PREFIX + ctx.new_id("")[:8].upper()
    return Decided([KitBegun(kit=kit, code=code, presses=ask.presses)], {"kit": kit, "code": code})


@command("kit.ask", AskKit, STAFF, at_full="stop")
def ask_part(ask: AskKit, known: KitKnown, ctx: Context) -> Decided:
    """A printer gets a test slip; indicators and relays see the question on the wanted page; the others count from
    here. While a slip waits for its printer, asking again makes no second one."""
    place = _place(ask.step, ask.device)
    _under_way(ask.kit, known)
    answer = {"kit": ask.kit, "step": place.step, "device": place.device}
    if place.step == "printer":
        if place.device not in ctx.printers:
            refuse("not-found", f"there is no printer {place.device!r}", "Plug it in, and take it into use.")
        if place.device in known.slips and known.slips[place.device] is None:
            return Decided([], {**answer, "n": known.asked})
    facts: list[Fact] = [KitAsked(kit=ask.kit, step=place.step, device=place.device, n=known.asked + 1)]
    if place.step == "printer":
        slip = ctx.new_id("sl-")
        facts.append(SlipRequested(slip=slip, slip_kind="kit-test", about=ask.kit, printer=place.device, copy=0))
    return Decided(facts, {**answer, "n": known.asked + 1})


@command("kit.check", CheckKit, STAFF, at_full="stop")
def check(ask: CheckKit, known: KitKnown, ctx: Context) -> Decided:
    """A person's answer, or what the box itself saw. That a slip came out needs both, where the printer can tell."""
    place = _place(ask.step, ask.device, missing=ask.outcome == "skipped")
    if (ask.outcome == "passed") != (ask.reason is None):
        raise invalid("reason: wants one for a step that failed or was skipped, and none for one that passed")
    _under_way(ask.kit, known)
    proof = ask.proof
    if place.step == "printer" and ask.outcome == "passed":
        proof = _proof_of_paper(place.device, known)
    fact = KitChecked(
        kit=ask.kit,
        step=place.step,
        device=place.device,
        outcome=ask.outcome,
        proof=proof,
        by=ask.by,
        reason=ask.reason,
    )
    answer = {"kit": ask.kit, "step": place.step, "device": place.device, "outcome": ask.outcome}
    before = known.results.get(place)
    if before is not None and (before.outcome, before.reason) == (ask.outcome, ask.reason):
        return Decided([], answer)
    return Decided([fact], answer)


@command("kit.scan", ScanKit, DEVICE, at_full="go_on")
def scan(ask: ScanKit, known: KitKnown, ctx: Context) -> Decided:
    """A scanner that reads the code of the check under way has passed; any other such code is nobody's."""
    if not _GATE.fullmatch(ask.gate):
        raise invalid("gate: wants a door's name of 1 to 40 letters, digits, spaces, dots, dashes")
    if not known.kit or known.ready or ask.code != known.code:
        return Decided([], {"verdict": "refused", "reason": "unknown"})
    device = ctx.actor.partition(":")[2][:40]
    facts: list[Fact] = [KitHeard(kit=known.kit, device=device, gate=ask.gate)]
    before = known.results.get(Place("scanner", device))
    if device.partition("-")[0] == "scanner" and (before is None or before.outcome != "passed"):
        facts.append(KitChecked(kit=known.kit, step="scanner", device=device, outcome="passed", proof="seen", by="box"))
    return Decided(facts, {"verdict": "kit"})


@command("kit.finish", FinishKit, STAFF, at_full="stop")
def finish(ask: FinishKit, known: KitKnown, ctx: Context) -> Decided:
    """Ready, and how long it took; the sheet goes to the printer of receipts, if there is one."""
    if len(ask.devices) > _MOST or not all(map(_DEVICE.fullmatch, ask.devices)):
        raise invalid(f"devices: wants at most {_MOST} names of devices")
    _under_way(ask.kit, known)
    results = [(place, known.results.get(place)) for place in plan(ask.devices)]
    left = [place for place, result in results if result is None or result.outcome == "failed"]
    if left:
        names = ", ".join(f"{place.step} {place.device}".strip() for place in left)
        refuse("kit-open", f"not every step is done: {names}", "Do these steps, or leave them out.")
    now = Moment(ctx.now.boot, ctx.now.mono, ctx.now.wall_ms, ctx.now.trusted)
    record = timed([*known.moments, now])
    steps = [
        KitResult(
            step=place.step,
            device=place.device,
            outcome=result.outcome,
            proof=result.proof,
            by=result.by,
            reason=result.reason,
        )
        for place, result in results
        if result is not None
    ]
    facts: list[Fact] = [
        KitReady(
            kit=ask.kit,
            steps=steps,
            seconds=record.seconds,
            since=record.since,
            exact=record.exact,
            boots=record.boots,
            target=TARGET_S,
        )
    ]
    if ctx.printer:
        facts.append(_sheet(ask.kit, ctx.new_id("sl-"), 0, ctx.printer))
    return Decided(facts, {"kit": ask.kit, "seconds": record.seconds, "printer": ctx.printer}, checkpoint=True)


@command("kit.sheet", PrintSheet, STAFF, at_full="stop")
def print_sheet(ask: PrintSheet, known: KitKnown, ctx: Context) -> Decided:
    """The first that a printer can have, or one more that says DUPLICATE."""
    if ask.kit != known.kit or not known.ready:
        refuse("not-found", "this check is not finished, or not the newest", _AGAIN)
    if not ctx.printer:
        refuse("not-found", "there is no printer", "Plug a printer in, and take it into use.")
    slip, copy = (ctx.new_id("sl-"), 0) if known.sheet is None else (known.sheet[0], known.sheet[1] + 1)
    return Decided([_sheet(ask.kit, slip, copy, ctx.printer)], {"slip": slip, "copy": copy, "printer": ctx.printer})


def _sheet(kit: str, slip: str, copy: int, printer: str) -> SlipRequested:
    return SlipRequested(slip=slip, slip_kind="kit-sheet", about=kit, printer=printer, copy=copy)


def _place(step: StepName, device: str, *, missing: bool = False) -> Place:
    """A step and its device as they belong together; ``missing``: there may be none of that kind."""
    kind_ = KIND.get(step)
    if kind_ is None:
        fits = device == ""
    else:
        fits = (missing and device == "") or (
            _DEVICE.fullmatch(device) is not None and device.partition("-")[0] == kind_
        )
    if not fits:
        raise invalid(f"device {device[:40]!r}: step {step} wants {'none' if kind_ is None else f'a {kind_}'}")
    return Place(step, device)


def _under_way(kit: str, known: KitKnown) -> None:
    if kit != known.kit:
        refuse("not-found", "this check is not under way", _AGAIN)
    if known.ready:
        refuse("kit-over", "this check is finished", "Begin a new one.")


def _proof_of_paper(printer: str, known: KitKnown) -> Proof:
    """What a person's yes is worth: the printer's own word comes first."""
    if printer not in known.slips:
        _no_slip("no test slip was asked of this printer", "Print the test slip first.")
    match known.slips[printer]:
        case None:
            _no_slip("the printer has not yet said that it is done", "Wait for it, or say what went wrong.")
        case "not_printed":
            _no_slip("the printer says that nothing came out", "Look at its paper and cover, and print again.")
        case "printed":
            return "both"
        case "unconfirmed" | "unknown":
            return "said"


def _no_slip(detail: str, remedy: str) -> NoReturn:
    refuse("kit-no-slip", detail, remedy)
