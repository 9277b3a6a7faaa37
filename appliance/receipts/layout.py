"""A receipt laid out once, as elements without any device: paper, page and tests all show these."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import format_currency, format_decimal, get_currency_precision


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


def money(amount: int, currency: str, locale: str = "en") -> str:
    """Minor units as people write them, with a true minus sign replaced by a plain one that every printer has."""
    digits = get_currency_precision(currency)
    text = format_currency(Decimal(amount).scaleb(-digits), currency, locale=locale)
    return text.replace("\N{MINUS SIGN}", "-").replace("\N{NO-BREAK SPACE}", " ")


def receipt(
    sale: dict[str, Any], *, event_name: str, timezone: str, url: str, copy: int = 0, locale: str = "en"
) -> list[Element]:
    """The elements of a sale's receipt. ``sale``: data of ``sale.completed`` with ``at``; ``copy`` > 0 prints
    DUPLICATE."""
    currency = sale["currency"]
    when = datetime.fromisoformat(sale["at"]).astimezone(ZoneInfo(timezone))
    elements: list[Element] = [Title(event_name)]
    if copy:
        elements.append(Line(f"DUPLICATE {copy}", centred=True, bold=True))
    if sale["training"]:
        elements.append(Line("TRAINING - not a receipt", centred=True, bold=True))
    elements += [Row(f"Receipt {sale['number']}", f"{when:%Y-%m-%d %H:%M}"), Rule()]
    for line in sale["lines"]:
        elements.append(Row(_what(line, currency, locale), money(line["total"], currency, locale)))
    elements += [Rule(), Row("TOTAL", money(sale["total"], currency, locale), bold=True, large=True)]
    if sale["rounding"]:
        elements.append(Row("Rounding", money(sale["rounding"], currency, locale)))
    for tender in sale["tenders"]:
        words = {"cash": "Cash", "card": "Card"}[tender["kind"]]
        if tender.get("reference"):
            words += f" {tender['reference']}"
        if tender.get("status") == "unknown":
            words += " (outcome not known yet)"
        elements.append(Row(words, money(tender["amount"], currency, locale)))
    if sale["change"]:
        elements.append(Row("Change", money(sale["change"], currency, locale)))
    elements.append(Rule())
    for vat in sale["vat"]:
        percent = format_decimal(Decimal(vat["rate"]) * 100, locale=locale)
        words = f"VAT {percent} % in {money(vat['gross'], currency, locale)}"
        elements.append(Row(words, money(vat["tax"], currency, locale)))
    elements += [
        Line(""),
        Code(url),
        Line("Scan to keep this receipt and to check it.", centred=True),
        Line(f"Sale {sale['sale']}", centred=True),
    ]
    return elements


def _what(line: dict[str, Any], currency: str, locale: str) -> str:
    price = money(line["unit_price"], currency, locale)
    if line.get("unit") == "gram":
        return f"{line['name']} {line['qty']} g x {price}/kg"
    if line["qty"] == 1:
        return str(line["name"])
    return f"{line['qty']} x {line['name']} ({price})"
