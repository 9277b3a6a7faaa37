"""The paper of a void or a refund, laid out once: what went back of which sale, how, and a line to sign for cash."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from appliance.domain.refunds import RefundReason
from appliance.receipts.layout import Element, Line, Row, Rule, Title
from appliance.receipts.wording import Wording

REASONS: dict[RefundReason, str] = {
    "faulty": "Faulty",
    "wrong_item": "Wrong item",
    "changed_mind": "Changed mind",
    "wrong_price": "Wrong price",
    "wrong_tender": "Paid the wrong way",
    "recall": "Recalled",
    "other": "Other",
}
_TENDERS = {"cash": "Cash", "card": "Card", "voucher": "Voucher"}


def refund(back: dict[str, Any], *, event_name: str, timezone: str, copy: int = 0, locale: str = "en") -> list[Element]:
    """The elements of the slip. ``back``: as ``refunds.get`` gives it; ``copy`` > 0 prints DUPLICATE."""
    words, currency = Wording(locale), back["currency"]

    def money(amount: int) -> str:
        return words.money(amount, currency)

    when = datetime.fromisoformat(back["at"]).astimezone(ZoneInfo(timezone))
    what = "Void" if back["kind"] == "void" else "Refund"
    elements: list[Element] = [Title(event_name)]
    if copy:
        elements.append(Line(f"DUPLICATE {copy}", centred=True, bold=True))
    if back.get("training"):
        elements.append(Line("TRAINING - no money goes back", centred=True, bold=True))
    elements += [
        Row(f"{what} {back['number']}", f"{when:%Y-%m-%d %H:%M}"),
        Line(f"of receipt {back['of_number']}"),
        Rule(),
    ]
    for line in back["lines"]:
        amount = money(-line["total"] if line.get("taken") else line["total"])
        elements.append(Row(_what(line), amount))
    elements += [Rule(), Row(what.upper(), money(back["total"]), bold=True, large=True)]
    if back["rounding"]:
        elements.append(Row("Rounding", money(back["rounding"])))
    for tender in back["tenders"]:
        how = _TENDERS[tender["kind"]]
        if tender.get("reference"):
            how += f" {tender['reference']}"
        elements.append(Row(how, money(tender["amount"])))
    elements.append(Rule())
    for vat in back["vat"]:
        elements.append(Row(f"VAT {words.percent(vat['rate'])} in {money(vat['gross'])}", money(vat["tax"])))
    elements.append(Row("Reason", REASONS[back["reason"]]))
    if back.get("tickets"):
        elements.append(Row("Tickets taken back", words.number(len(back["tickets"]))))
    if back.get("approver"):
        elements.append(Line("Approved by the lead"))
    if any(tender["kind"] == "cash" for tender in back["tenders"]):
        elements += [Line(""), Line(""), Rule(), Line("Cash received: signature")]
    return [*elements, Line(f"{what} {back['sale']}", centred=True)]


def _what(line: dict[str, Any]) -> str:
    if line.get("unit") == "gram":
        return f"{line['name']} {line['qty']} g"
    return str(line["name"]) if line["qty"] == 1 else f"{line['qty']} x {line['name']}"
