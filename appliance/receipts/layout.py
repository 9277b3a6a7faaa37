"""A receipt laid out once, as elements without any device: paper, page and tests all show these."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from appliance.domain.tendering import TenderKind
from appliance.language import N_
from appliance.receipts.wording import Wording


@dataclass(frozen=True)
class Title:
    """The largest line, centred."""

    text: str


@dataclass(frozen=True)
class Line:
    """A line of text. ``gone``: it says that something went back."""

    text: str
    centred: bool = False
    bold: bool = False
    gone: bool = False


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

_NOTHING: Mapping[int, Sequence[str]] = {}
TRAINING = N_("TRAINING")
TENDERS: dict[TenderKind, str] = {
    "cash": N_("Cash"),
    "card": N_("Card"),
    "voucher": N_("Voucher"),
    "token": N_("Access token"),
}


def watermarked(elements: list[Element], note: str, words: Wording) -> list[Element]:
    """Paper of training, which nobody takes for anything else, also when it is torn: it says so, large, above and
    below. ``note``: what it therefore is not."""
    mark = Title(words.gettext(TRAINING))
    return [mark, Line(note, centred=True, bold=True), *elements, Rule(), mark]


def receipt(
    sale: dict[str, Any],
    *,
    event_name: str,
    timezone: str,
    url: str | None,
    copy: int = 0,
    locale: str = "en",
    back: Mapping[int, Sequence[str]] = _NOTHING,
) -> list[Element]:
    """The elements of a sale's receipt. ``sale``: data of ``sale.completed`` with ``at``; ``url``: of its page, None in
    training; ``copy`` > 0 prints DUPLICATE; ``back``: what is to be said below a line, by its number from 1, since some
    of it went back. Every amount is the fact's."""
    words, currency = Wording(locale), sale["currency"]
    _ = words.gettext

    def money(amount: int) -> str:
        return words.money(amount, currency)

    when = datetime.fromisoformat(sale["at"]).astimezone(ZoneInfo(timezone))
    elements: list[Element] = [Title(event_name)]
    if copy:
        elements.append(Line(f"DUPLICATE {copy}", centred=True, bold=True))
    elements += [Row(_("Receipt %(number)s", number=sale["number"]), f"{when:%Y-%m-%d %H:%M}"), Rule()]
    for place, line in enumerate(sale["lines"], 1):
        elements += _line(line, words, money)
        elements += [Line(text, gone=True) for text in back.get(place, ())]
    if sale.get("cart_discount"):
        elements.append(Row(_discount(sale.get("cart_percent"), words), money(-sale["cart_discount"])))
    elements += [Rule(), Row(_("TOTAL"), money(sale["total"]), bold=True, large=True)]
    if sale["rounding"]:
        elements.append(Row(_("Rounding"), money(sale["rounding"])))
    for tender in sale["tenders"]:
        how = paid_by(tender, words)
        if tender.get("status") == "unknown":
            how += _(" (outcome not known yet)")
        elements.append(Row(how, money(tender["amount"])))
    if sale["change"]:
        elements.append(Row(_("Change"), money(sale["change"])))
    elements.append(Rule())
    for vat in sale["vat"]:
        elements.append(vat_row(vat, words, money))
    if url is not None:
        elements += [Line(""), Code(url), Line(_("Scan to keep this receipt and to check it."), centred=True)]
    elements.append(Line(_("Sale %(sale)s", sale=sale["sale"]), centred=True))
    return watermarked(elements, _("Not a receipt"), words) if sale["training"] else elements


def paid_by(tender: dict[str, Any], words: Wording) -> str:
    """Kind and reference of a tender as paper names them; of a token's id the end, which tells it from others."""
    how, reference = words.gettext(TENDERS[tender["kind"]]), tender.get("reference")
    if tender["kind"] == "token":
        return f"{how} ..{reference[-6:]}" if reference else how
    return f"{how} {reference}" if reference else how


def vat_row(vat: dict[str, Any], words: Wording, money: Callable[[int], str]) -> Row:
    """The tax of one rate, and in what it is contained."""
    said = words.gettext("VAT %(rate)s in %(gross)s", rate=words.percent(vat["rate"]), gross=money(vat["gross"]))
    return Row(said, money(vat["tax"]))


def _line(line: dict[str, Any], words: Wording, money: Callable[[int], str]) -> list[Element]:
    """What it is at its full price, what is taken off, and how it is taxed when that is not as always."""
    full = line.get("full")
    elements: list[Element] = []
    if line.get("bundle"):
        if sold := line.get("bundle_sold"):
            elements.append(Row(_what(sold, money), money(sold["full"])))
            elements += _own_discount(sold, words, money)
        elements.append(Line(f"  {_pieces(line)}"))
    else:
        elements.append(Row(_what(line, money), money(line["total"] if full is None else full)))
        elements += _own_discount(line, words, money)
    if line.get("service") == "takeaway":
        elements.append(Line("  " + words.gettext("takeaway, VAT %(rate)s", rate=words.percent(line["vat"]))))
    return elements


def _own_discount(of: dict[str, Any], words: Wording, money: Callable[[int], str]) -> list[Element]:
    if not of.get("own_discount"):
        return []
    return [Row("  " + _discount(of.get("percent"), words), money(-of["own_discount"]))]


def _discount(percent: str | None, words: Wording) -> str:
    if percent is None:
        return words.gettext("Discount")
    return words.gettext("Discount %(share)s", share=words.percent(percent))


def _what(line: dict[str, Any], money: Callable[[int], str]) -> str:
    price = money(line["unit_price"])
    if line.get("unit") == "gram":
        return f"{line['name']} {line['qty']} g x {price}/kg"
    return _pieces(line) if line["qty"] == 1 else f"{_pieces(line)} ({price})"


def _pieces(line: dict[str, Any]) -> str:
    return str(line["name"]) if line["qty"] == 1 else f"{line['qty']} x {line['name']}"
