"""X and Z on paper, laid out once. Every amount comes from the report; none is computed here."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from appliance.domain.books import Figure, Numbers, Totals
from appliance.language import N_
from appliance.receipts.layout import TENDERS, Element, Line, Row, Rule, Title, watermarked
from appliance.receipts.wording import Wording

NAMES = {str(kind): name for kind, name in TENDERS.items()}
MOVES = {
    "float": N_("Change put in"),
    "to_safe": N_("Cash to the safe"),
    "from_safe": N_("Cash from the safe"),
    "expense": N_("Cash for expenses"),
    "tips": N_("Tips"),
    "other": N_("Other cash"),
}
REASONS = {
    "wrong_change": N_("Wrong change"),
    "counted_twice": N_("Counted twice, the same"),
    "other": N_("Other"),
}


def report(
    found: dict[str, Any], *, event_name: str, timezone: str, copy: int = 0, locale: str = "en"
) -> list[Element]:
    """The elements of a report. ``found``: data of ``drawer.closed`` or ``drawer.read`` with ``at``; ``copy`` > 0
    prints DUPLICATE."""
    words = Wording(locale)
    _ = words.gettext
    totals = msgspec.convert(found["totals"], Totals)

    def money(amount: int) -> str:
        return words.money(amount, totals.currency)

    def figure(what: str, of: Figure) -> Row:
        return Row(f"{what} ({words.number(of.count)})", money(of.amount))

    z = found.get("z")
    elements: list[Element] = [Title(_("Z %(z)s", z=z) if z else _("X report"))]
    if copy:
        elements.append(Line(f"DUPLICATE {copy}", centred=True, bold=True))
    elements += [
        Line(_("%(event)s, drawer %(name)s", event=event_name, name=totals.name), centred=True),
        Line(_period(totals.opened_at, found["at"], timezone, words), centred=True),
        Rule(),
        figure(_("Sales"), totals.sales),
        figure(_("Refunds"), msgspec.structs.replace(totals.refunds, amount=-totals.refunds.amount)),
        Row(_("TURNOVER"), money(totals.turnover), bold=True, large=True),
    ]
    if totals.rounding:
        elements.append(Row(_("Rounding of cash"), money(totals.rounding)))
    if totals.tenders is not None:
        elements += [Rule(), Line(_("By tender"), bold=True)]
        for one in totals.tenders:
            elements.append(Row(_(NAMES.get(one.kind, one.kind)), money(one.amount)))
            if one.kind == "card" and totals.unknown.count:
                elements.append(figure("  " + _("of which not known"), totals.unknown))
    elif totals.unknown.count:
        elements.append(figure(_("Card, of which not known"), totals.unknown))
    elements += [Rule(), Line(_("VAT"), bold=True)]
    for vat in totals.vat:
        elements += [
            Row(_("%(rate)s gross", rate=words.percent(vat.rate)), money(vat.gross)),
            Row("  " + _("net"), money(vat.net)),
            Row("  " + _("tax"), money(vat.tax)),
        ]
    elements += [Rule(), Line(_("Drawer"), bold=True), Row(_("Float"), money(totals.float))]
    if totals.cash is not None:
        elements.append(Row(_("Cash sales less refunds"), money(totals.cash)))
    elements += [
        figure(_(MOVES.get(one.reason, one.reason)), Figure(count=one.count, amount=one.amount)) for one in totals.moves
    ]
    elements += _counted(found, totals, words)
    elements += [Rule(), *_receipts(totals.receipts, words), figure(_("Voids"), totals.voids)]
    elements += [Row(_("No-sale"), words.number(totals.no_sales)), Row(_("Reprints"), words.number(totals.reprints))]
    if totals.late.count:
        elements.append(figure(_("Late for a closed drawer"), totals.late))
    if totals.counts > 1:
        elements.append(Row(_("Counted"), _("%(n)s times", n=words.number(totals.counts))))
    elements.append(Row(_("Log %(log)s, size", log=totals.log), words.number(totals.log_size)))
    return watermarked(elements, _("Not in turnover"), words) if found.get("training") else elements


def _period(opened: str, at: str, timezone: str, words: Wording) -> str:
    """``2026-11-27 15:49 to 22:04``; both dates when they differ."""
    start, end = (datetime.fromisoformat(one).astimezone(ZoneInfo(timezone)) for one in (opened, at))
    until = f"{end:{'%H:%M' if start.date() == end.date() else '%Y-%m-%d %H:%M'}}"
    return words.gettext("%(start)s to %(end)s", start=f"{start:%Y-%m-%d %H:%M}", end=until)


def _counted(found: dict[str, Any], totals: Totals, words: Wording) -> list[Element]:
    _ = words.gettext
    if totals.expected is None:
        return [Line(_("Not counted yet; what should be in it is said after the count."))]
    elements: list[Element] = [Row(_("Expected"), words.money(totals.expected, totals.currency))]
    if (counted := found.get("counted")) is not None:
        elements.append(Row(_("Counted"), words.money(counted, totals.currency)))
    if (variance := found.get("variance")) is not None:
        elements.append(Row(_("Difference"), words.difference(variance, totals.currency), bold=True))
    if (reason := found.get("reason")) is not None:
        elements.append(Line("  " + _(REASONS.get(reason, reason))))
    return elements


def _receipts(found: Numbers, words: Wording) -> list[Element]:
    _ = words.gettext
    if not found.count:
        return [Line(_("No receipts"))]
    if found.first == found.last:
        what = _("1 receipt, %(number)s,", number=found.first)
    else:
        n = words.number(found.count)
        what = _("%(n)s receipts of %(first)s to %(last)s,", n=n, first=found.first, last=found.last)
    logs = _(" and ").join(map(str, found.logs))
    gone = _("none missing in log %(logs)s", logs=logs)
    if found.missing:
        gone = _("%(n)s MISSING in log %(logs)s", n=words.number(found.missing), logs=logs)
    return [Line(what), Line(gone, bold=bool(found.missing))]
