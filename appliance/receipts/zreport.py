"""X and Z on paper, laid out once. Every amount comes from the report; none is computed here."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from appliance.domain.books import Figure, Numbers, Totals
from appliance.receipts.layout import Element, Line, Row, Rule, Title
from appliance.receipts.wording import Wording

TENDERS = {"cash": "Cash", "card": "Card", "voucher": "Voucher"}
MOVES = {
    "float": "Change put in",
    "to_safe": "Cash to the safe",
    "from_safe": "Cash from the safe",
    "expense": "Cash for expenses",
    "tips": "Tips",
    "other": "Other cash",
}
REASONS = {"wrong_change": "Wrong change", "counted_twice": "Counted twice, the same", "other": "Other"}
TRAINED = "Training, not in turnover"


def report(
    found: dict[str, Any], *, event_name: str, timezone: str, copy: int = 0, locale: str = "en"
) -> list[Element]:
    """The elements of a report. ``found``: data of ``drawer.closed`` or ``drawer.read`` with ``at``; ``copy`` > 0
    prints DUPLICATE."""
    words = Wording(locale)
    totals = msgspec.convert(found["totals"], Totals)

    def money(amount: int) -> str:
        return words.money(amount, totals.currency)

    def figure(what: str, of: Figure) -> Row:
        return Row(f"{what} ({words.number(of.count)})", money(of.amount))

    z = found.get("z")
    elements: list[Element] = [Title(f"Z {z}" if z else "X report")]
    if copy:
        elements.append(Line(f"DUPLICATE {copy}", centred=True, bold=True))
    elements += [
        Line(f"{event_name}, drawer {totals.name}", centred=True),
        Line(_period(totals.opened_at, found["at"], timezone), centred=True),
        Rule(),
        figure("Sales", totals.sales),
        Row(f"Refunds ({words.number(totals.refunds.count)})", money(-totals.refunds.amount)),
        Row("TURNOVER", money(totals.turnover), bold=True, large=True),
    ]
    if totals.rounding:
        elements.append(Row("Rounding of cash", money(totals.rounding)))
    if totals.tenders is not None:
        elements += [Rule(), Line("By tender", bold=True)]
        elements += [Row(TENDERS.get(one.kind, one.kind), money(one.amount)) for one in totals.tenders]
    elements += [Rule(), Line("VAT", bold=True)]
    for vat in totals.vat:
        elements += [
            Row(f"{words.percent(vat.rate)} gross", money(vat.gross)),
            Row("  net", money(vat.net)),
            Row("  tax", money(vat.tax)),
        ]
    elements += [Rule(), Line("Drawer", bold=True), Row("Float", money(totals.float))]
    if totals.cash is not None:
        elements.append(Row("Cash sales less refunds", money(totals.cash)))
    elements += [Row(f"{MOVES.get(one.reason, one.reason)} ({one.count})", money(one.amount)) for one in totals.moves]
    elements += _counted(found, totals, words)
    elements += [Rule(), *_receipts(totals.receipts, words), figure("Voids", totals.voids)]
    elements += [Row("No-sale", words.number(totals.no_sales)), Row("Reprints", words.number(totals.reprints))]
    if totals.training.count:
        elements.append(figure(TRAINED, totals.training))
    if totals.late.count:
        elements.append(figure("Late for a closed drawer", totals.late))
    if totals.counts > 1:
        elements.append(Row("Counted", f"{words.number(totals.counts)} times"))
    return [*elements, Row(f"Log {totals.log}, size", words.number(totals.log_size))]


def _period(opened: str, at: str, timezone: str) -> str:
    """``2026-11-27 15:49 to 22:04``; both dates when they differ."""
    start, end = (datetime.fromisoformat(one).astimezone(ZoneInfo(timezone)) for one in (opened, at))
    return f"{start:%Y-%m-%d %H:%M} to {end:{'%H:%M' if start.date() == end.date() else '%Y-%m-%d %H:%M'}}"


def _counted(found: dict[str, Any], totals: Totals, words: Wording) -> list[Element]:
    if totals.expected is None:
        return [Line("Not counted yet; what should be in it is said after the count.")]
    elements: list[Element] = [Row("Expected", words.money(totals.expected, totals.currency))]
    if (counted := found.get("counted")) is not None:
        elements.append(Row("Counted", words.money(counted, totals.currency)))
    if (variance := found.get("variance")) is not None:
        elements.append(Row("Difference", words.money(variance, totals.currency), bold=True))
    if (reason := found.get("reason")) is not None:
        elements.append(Line(f"  {REASONS.get(reason, reason)}"))
    return elements


def _receipts(found: Numbers, words: Wording) -> list[Element]:
    if not found.count:
        return [Line("No receipts")]
    what = "1 receipt" if found.count == 1 else f"{words.number(found.count)} receipts"
    span = f", {found.first}" if found.first == found.last else f" of {found.first} to {found.last}"
    logs = " and ".join(map(str, found.logs))
    gone = "none missing" if not found.missing else f"{words.number(found.missing)} MISSING"
    return [Line(f"{what}{span},"), Line(f"{gone} in log {logs}", bold=bool(found.missing))]
