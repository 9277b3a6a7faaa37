"""The paper of a void or a refund, laid out once: what went back of which sale, how, and a line to sign for cash."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from appliance.domain.refunds import RefundReason
from appliance.language import N_
from appliance.receipts.layout import Element, Line, Row, Rule, Title, paid_by, vat_row, watermarked
from appliance.receipts.wording import Wording

REASONS: dict[RefundReason, str] = {
    "faulty": N_("Faulty"),
    "wrong_item": N_("Wrong item"),
    "changed_mind": N_("Changed mind"),
    "wrong_price": N_("Wrong price"),
    "wrong_tender": N_("Paid the wrong way"),
    "recall": N_("Recalled"),
    "other": N_("Other"),
}


def refund(back: dict[str, Any], *, event_name: str, timezone: str, copy: int = 0, locale: str = "en") -> list[Element]:
    """The elements of the slip. ``back``: as ``refunds.get`` gives it; ``copy`` > 0 prints DUPLICATE."""
    words, currency = Wording(locale), back["currency"]
    _ = words.gettext

    def money(amount: int) -> str:
        return words.money(amount, currency)

    when = datetime.fromisoformat(back["at"]).astimezone(ZoneInfo(timezone))
    what = _("Void") if back["kind"] == "void" else _("Refund")
    elements: list[Element] = [Title(event_name)]
    if copy:
        elements.append(Line(f"DUPLICATE {copy}", centred=True, bold=True))
    elements += [
        Row(f"{what} {back['number']}", f"{when:%Y-%m-%d %H:%M}"),
        Line(_("of receipt %(number)s", number=back["of_number"])),
        Rule(),
    ]
    for line in back["lines"]:
        amount = money(-line["total"] if line.get("taken") else line["total"])
        elements.append(Row(_what(line), amount))
    elements += [Rule(), Row(what.upper(), money(back["total"]), bold=True, large=True)]
    if back["rounding"]:
        elements.append(Row(_("Rounding"), money(back["rounding"])))
    for tender in back["tenders"]:
        how = paid_by(tender, words)
        if tender.get("declined"):
            how += _(" (declined, nothing goes back)")
        elements.append(Row(how, money(tender["amount"])))
    elements.append(Rule())
    for vat in back["vat"]:
        elements.append(vat_row(vat, words, money))
    elements.append(Row(_("Reason"), _(REASONS[back["reason"]])))
    if back.get("tickets"):
        elements.append(Row(_("Tickets taken back"), words.number(len(back["tickets"]))))
    if back.get("approver"):
        elements.append(Line(_("Approved by the lead")))
    if any(tender["kind"] == "cash" for tender in back["tenders"]):
        elements += [Line(""), Line(""), Rule(), Line(_("Cash received: signature"))]
    elements.append(Line(f"{what} {back['sale']}", centred=True))
    return watermarked(elements, _("No money goes back"), words) if back.get("training") else elements


def _what(line: dict[str, Any]) -> str:
    if line.get("unit") == "gram":
        return f"{line['name']} {line['qty']} g"
    return str(line["name"]) if line["qty"] == 1 else f"{line['qty']} x {line['name']}"
