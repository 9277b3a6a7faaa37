"""Paper: receipts asked for with a sale or again, other slips, and what became of each."""

from dataclasses import dataclass
from typing import Literal

from appliance.domain.kernel import DEVICE, STAFF, Ask, Context, Decided, Fact, command, kind, refuse
from appliance.errors import invalid

Outcome = Literal["printed", "unconfirmed", "not_printed", "unknown"]
SlipKind = Literal["kit-test", "kit-sheet", "ticket", "refund", "x-report", "z-report", "wifi"]
TICKET_PRINTER = "printer-tickets"
"""The printer with this name prints tickets; receipts go to the first other one, or to it when it is the only one."""
MAX_COPIES = 99
"""Of one receipt or ticket: more are no customer's wish."""


@kind("receipt.requested/1")
class ReceiptRequested(Fact, frozen=True):
    """A receipt shall come out of ``printer``. ``copy``: 0 = the original, n = DUPLICATE n."""

    sale: str
    copy: int
    printer: str


@kind("receipt.printed/1")
class ReceiptPrinted(Fact, frozen=True):
    """What became of a request: ``unconfirmed`` = the device cannot say, ``not_printed`` = nothing came out,
    ``unknown`` = it died in between; such a one is never printed again by itself."""

    sale: str
    copy: int
    printer: str
    outcome: Outcome


@kind("receipt.settled/1")
class ReceiptSettled(Fact, frozen=True):
    """A person has looked at a receipt whose outcome was not certain, and says whether it is on paper."""

    sale: str
    copy: int
    on_paper: bool


@kind("slip.requested/1")
class SlipRequested(Fact, frozen=True):
    """Another piece of paper shall come out of ``printer``. ``about``: what it shows, such as the id of a kit check or
    of a ticket."""

    slip: str
    slip_kind: SlipKind
    about: str
    printer: str
    copy: int


@kind("slip.printed/1")
class SlipPrinted(Fact, frozen=True):
    """What became of a slip, as for receipts."""

    slip: str
    copy: int
    printer: str
    outcome: Outcome


@kind("slip.settled/1")
class SlipSettled(Fact, frozen=True):
    """A person has looked at a slip whose outcome was not certain, as for receipts."""

    slip: str
    copy: int
    on_paper: bool


@dataclass(frozen=True)
class PaperKnown:
    """Whether this copy was requested, and its outcome so far."""

    requested: bool
    outcome: Outcome | None


@dataclass(frozen=True)
class CopiesKnown:
    """Of one sale: whether there is such a sale, its newest copy, and where that one waits (None = it has an
    outcome)."""

    sale: bool
    newest: int | None
    waits_at: str | None


@dataclass(frozen=True)
class SettleKnown:
    """Whether this copy was requested, its outcome, and what a person has said of it."""

    requested: bool
    outcome: Outcome | None
    settled: bool | None


class ReportReceipt(Ask, frozen=True):
    """The printing worker tells what became of a copy."""

    sale: str
    copy: int
    printer: str
    outcome: Outcome


class ReportSlip(Ask, frozen=True):
    """The printing worker tells what became of a slip."""

    slip: str
    copy: int
    printer: str
    outcome: Outcome


class Reprint(Ask, frozen=True):
    """``printer``: another one than the receipts' own."""

    sale: str
    printer: str | None = None


class Settle(Ask, frozen=True):
    """``on_paper``: the person has it in the hand."""

    sale: str
    copy: int
    on_paper: bool


class SettleSlip(Ask, frozen=True):
    """``on_paper``: the person has it in the hand."""

    slip: str
    copy: int
    on_paper: bool


def ticket_printer(ctx: Context) -> str:
    """The printer that tickets come out of, or ""."""
    return TICKET_PRINTER if TICKET_PRINTER in ctx.printers else ctx.printer


def chosen_printer(asked: str | None, default: str, ctx: Context) -> str:
    """The printer that was asked for, else ``default``; refuses when it is not there."""
    printer = asked or default
    if not printer or printer not in ctx.printers:
        there = ", ".join(ctx.printers) or "none"
        refuse("not-found", f"there is no printer {printer[:40]!r}; there are: {there}", "Plug a printer in.")
    return printer


@command("receipt.report", ReportReceipt, DEVICE, at_full="finish")
def report(ask: ReportReceipt, known: PaperKnown, ctx: Context) -> Decided:
    """One outcome for each copy that was asked for; ``not_printed`` may be followed by a better one."""
    return _became(known, ReceiptPrinted(sale=ask.sale, copy=ask.copy, printer=ask.printer, outcome=ask.outcome))


@command("slip.report", ReportSlip, DEVICE, at_full="finish")
def report_slip(ask: ReportSlip, known: PaperKnown, ctx: Context) -> Decided:
    """As for receipts."""
    return _became(known, SlipPrinted(slip=ask.slip, copy=ask.copy, printer=ask.printer, outcome=ask.outcome))


def _became(known: PaperKnown, fact: ReceiptPrinted | SlipPrinted) -> Decided:
    if not known.requested:
        what = f"sale {fact.sale}" if isinstance(fact, ReceiptPrinted) else f"slip {fact.slip}"
        refuse("not-found", f"copy {fact.copy} of {what} was never asked for")
    if known.outcome is not None and known.outcome != "not_printed":
        return Decided([], {"outcome": known.outcome})
    return Decided([fact], {"outcome": fact.outcome})


@command("receipt.reprint", Reprint, STAFF, at_full="go_on")
def reprint(ask: Reprint, known: CopiesKnown, ctx: Context) -> Decided:
    """One more copy, marked DUPLICATE. While one still waits for the same printer there is nothing to copy yet: two
    taps make one."""
    if not known.sale:
        refuse("not-found", f"there is no sale {ask.sale[:80]}", "Look it up by its number.")
    printer = chosen_printer(ask.printer, ctx.printer, ctx)
    if known.waits_at == printer:
        refuse("receipt-waiting", f"copy {known.newest} still waits for {printer}", "Look at the printer first.")
    copy = 0 if known.newest is None else known.newest + 1
    if copy > MAX_COPIES:
        refuse("too-many-copies", f"this receipt was printed {copy} times", "Show the receipt's page instead.")
    fact = ReceiptRequested(sale=ask.sale, copy=copy, printer=printer)
    return Decided([fact], {"sale": ask.sale, "copy": copy, "printer": printer})


@command("receipt.settle", Settle, STAFF, at_full="finish")
def settle(ask: Settle, known: SettleKnown, ctx: Context) -> Decided:
    """What a person saw ends the uncertainty of a copy; what the printer itself confirmed is not asked about."""
    return _seen(known, ReceiptSettled(sale=ask.sale, copy=ask.copy, on_paper=ask.on_paper))


@command("slip.settle", SettleSlip, STAFF, at_full="finish")
def settle_slip(ask: SettleSlip, known: SettleKnown, ctx: Context) -> Decided:
    """As for receipts."""
    return _seen(known, SlipSettled(slip=ask.slip, copy=ask.copy, on_paper=ask.on_paper))


def _seen(known: SettleKnown, fact: ReceiptSettled | SlipSettled) -> Decided:
    what = {"sale": fact.sale} if isinstance(fact, ReceiptSettled) else {"slip": fact.slip}
    named = " ".join((*what.keys(), *what.values()))
    if not known.requested:
        refuse("not-found", f"copy {fact.copy} of {named[:80]} was never asked for")
    if known.outcome is None:
        raise invalid(f"copy {fact.copy} still waits for its printer", "Wait for its outcome.")
    answer = {**what, "copy": fact.copy, "on_paper": fact.on_paper}
    if known.settled == fact.on_paper or known.outcome == "printed":
        return Decided([], {**answer, "on_paper": known.outcome == "printed" or fact.on_paper})
    return Decided([fact], answer)
