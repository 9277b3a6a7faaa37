"""A receipt laid out once, as elements without any device: paper, page and tests all show these."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from appliance.receipts.wording import Wording


@dataclass(frozen=True)
class Title:
    """The largest line, centred."""

    text: str


@dataclass(frozen=True)
class Line:
    """A line of text."""

    text: str
    centred: bool = False
    bold: bool = False


@dataclass(frozen=True)
class Row:
    """Words on the left, a figure on the right."""

    left: str
    right: str
    bold: bool = False
    large: bool = False


@dataclass(frozen=True)
class Rule:
    """A line across the paper."""


@dataclass(frozen=True)
class Code:
    """A QR code."""

    data: str


Element = Title | Line | Row | Rule | Code


def receipt(
    sale: dict[str, Any], *, event_name: str, timezone: str, url: str, copy: int = 0, locale: str = "en"
) -> list[Element]:
    """The elements of a sale's receipt. ``sale``: data of ``sale.completed`` with ``at``; ``copy`` > 0 prints
    DUPLICATE. Every amount is the fact's."""
    words, currency = Wording(locale), sale["currency"]

    def money(amount: int) -> str:
        return words.money(amount, currency)

    when = datetime.fromisoformat(sale["at"]).astimezone(ZoneInfo(timezone))
    elements: list[Element] = [Title(event_name)]
    if copy:
        elements.append(Line(f"DUPLICATE {copy}", centred=True, bold=True))
    if sale["training"]:
        elements.append(Line("TRAINING - not a receipt", centred=True, bold=True))
    elements += [Row(f"Receipt {sale['number']}", f"{when:%Y-%m-%d %H:%M}"), Rule()]
    for line in sale["lines"]:
        elements += _line(line, words, money)
    if sale.get("cart_discount"):
        elements.append(Row(_discount(sale.get("cart_percent"), words), money(-sale["cart_discount"])))
    elements += [Rule(), Row("TOTAL", money(sale["total"]), bold=True, large=True)]
    if sale["rounding"]:
        elements.append(Row("Rounding", money(sale["rounding"])))
    for tender in sale["tenders"]:
        how = {"cash": "Cash", "card": "Card", "voucher": "Voucher"}[tender["kind"]]
        if tender.get("reference"):
            how += f" {tender['reference']}"
        if tender.get("status") == "unknown":
            how += " (outcome not known yet)"
        elements.append(Row(how, money(tender["amount"])))
    if sale["change"]:
        elements.append(Row("Change", money(sale["change"])))
    elements.append(Rule())
    for vat in sale["vat"]:
        elements.append(Row(f"VAT {words.percent(vat['rate'])} in {money(vat['gross'])}", money(vat["tax"])))
    elements += [
        Line(""),
        Code(url),
        Line("Scan to keep this receipt and to check it.", centred=True),
        Line(f"Sale {sale['sale']}", centred=True),
    ]
    return elements


def _line(line: dict[str, Any], words: Wording, money: Callable[[int], str]) -> list[Element]:
    """What it is at its full price, what is taken off, and how it is taxed when that is not as always."""
    full = line.get("full")
    elements: list[Element] = [Row(_what(line, money), money(line["total"] if full is None else full))]
    if line.get("own_discount"):
        elements.append(Row("  " + _discount(line.get("percent"), words), money(-line["own_discount"])))
    if line.get("service") == "takeaway":
        elements.append(Line(f"  takeaway, VAT {words.percent(line['vat'])}"))
    return elements


def _discount(percent: str | None, words: Wording) -> str:
    return "Discount" if percent is None else f"Discount {words.percent(percent)}"


def _what(line: dict[str, Any], money: Callable[[int], str]) -> str:
    price = money(line["unit_price"])
    if line.get("unit") == "gram":
        return f"{line['name']} {line['qty']} g x {price}/kg"
    if line["qty"] == 1:
        return str(line["name"])
    return f"{line['qty']} x {line['name']} ({price})"
