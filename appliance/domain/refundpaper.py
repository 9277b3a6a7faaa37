"""The paper of a void or a refund: the first copy comes with the entry, further ones say DUPLICATE."""

from dataclasses import dataclass

from appliance.domain.kernel import STAFF, Ask, Context, Decided, command, refuse
from appliance.domain.receipts import MAX_COPIES, SlipRequested, chosen_printer


@dataclass(frozen=True)
class RefundPaperKnown:
    """Whether there is such an entry, its newest copy, and where that one waits (None = it has an outcome)."""

    there: bool
    newest: int | None
    waits_at: str | None


class PrintRefund(Ask, frozen=True):
    """``refund``: the identity of a refund or a void; ``printer``: another one than the receipts' own."""

    refund: str
    printer: str | None = None


def slip_id(refund: str) -> str:
    """The slip that all copies of a refund's paper are copies of."""
    return f"sr-{refund}"


def slip(refund: str, copy: int, printer: str) -> SlipRequested:
    """The request for a copy of a refund's paper."""
    return SlipRequested(slip=slip_id(refund), slip_kind="refund", about=refund, printer=printer, copy=copy)


@command("refund.print", PrintRefund, STAFF, at_full="go_on")
def print_refund(ask: PrintRefund, known: RefundPaperKnown, ctx: Context) -> Decided:
    """The first copy that a printer can have, or one more that says DUPLICATE. While one still waits for the same
    printer, two taps make one."""
    if not known.there:
        refuse("not-found", f"there is no refund {ask.refund[:80]}", "Look it up by its sale.")
    printer = chosen_printer(ask.printer, ctx.printer, ctx)
    if known.waits_at == printer:
        refuse("receipt-waiting", f"copy {known.newest} still waits for {printer}", "Look at the printer first.")
    copy = 0 if known.newest is None else known.newest + 1
    if copy > MAX_COPIES:
        refuse("too-many-copies", f"this refund was printed {copy} times", "Show it on the screen instead.")
    fact = slip(ask.refund, copy, printer)
    return Decided([fact], {"refund": ask.refund, "slip": fact.slip, "copy": copy, "printer": printer})
