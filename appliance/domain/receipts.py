"""Paper: asked for with the sale, and what became of it."""

from dataclasses import dataclass
from typing import Literal

from appliance.domain.kernel import DEVICE, Ask, Context, Decided, Fact, command, kind, refuse

Outcome = Literal["printed", "unconfirmed", "not_printed", "unknown"]


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


@dataclass(frozen=True)
class ReceiptKnown:
    """Whether this copy was requested, and its outcome so far."""

    requested: bool
    outcome: Outcome | None


class ReportReceipt(Ask, frozen=True):
    """The printing worker tells what became of a copy."""

    sale: str
    copy: int
    printer: str
    outcome: Outcome


@command("receipt.report", ReportReceipt, DEVICE)
def report(ask: ReportReceipt, known: ReceiptKnown, ctx: Context) -> Decided:
    """One outcome for each copy that was asked for; ``not_printed`` may be followed by a better one."""
    if not known.requested:
        refuse("not-found", f"copy {ask.copy} of sale {ask.sale} was never asked for")
    if known.outcome is not None and known.outcome != "not_printed":
        return Decided([], {"outcome": known.outcome})
    fact = ReceiptPrinted(sale=ask.sale, copy=ask.copy, printer=ask.printer, outcome=ask.outcome)
    return Decided([fact], {"outcome": ask.outcome})
