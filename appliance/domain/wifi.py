"""The guests' Wi-Fi on paper: a slip with the codes that join it and open the portal."""

from appliance.domain.kernel import STAFF, Ask, Context, Decided, command
from appliance.domain.receipts import SlipRequested, chosen_printer


class PrintWifi(Ask, frozen=True):
    """``printer``: another one than the receipts' own."""

    printer: str | None = None


@command("wifi.print", PrintWifi, STAFF, at_full="stop")
def print_wifi(ask: PrintWifi, known: None, ctx: Context) -> Decided:
    """One slip more. What is on it the configuration says, when it is printed: no password enters the journal."""
    printer = chosen_printer(ask.printer, ctx.printer, ctx)
    fact = SlipRequested(slip=ctx.new_id("sl-"), slip_kind="wifi", about="", printer=printer, copy=0)
    return Decided([fact], {"slip": fact.slip, "printer": printer})
