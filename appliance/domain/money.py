"""Money: integer minor units, exact rates, one rounding rule (half away from zero), and the smallest coins."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from typing import NewType

from appliance.domain.kernel import Fact

Minor = NewType("Minor", int)
"""An amount in the smallest unit of its currency: cents for EUR."""

SMALLEST_COIN = {
    "AUD": 5,
    "CAD": 5,
    "CHF": 5,
    "CZK": 100,
    "DKK": 50,
    "HUF": 500,
    "NOK": 100,
    "NZD": 10,
    "SEK": 100,
}
"""What cash is rounded to, in minor units, where smaller coins are gone; 1 in every other currency. From CLDR,
supplemental/currencyData (cashRounding, cashDigits; HUF: Magyar Nemzeti Bank, coins from 5 forint up), AUD and NZD: the
Reserve Banks' notices of 1992 and 2006. EUR has its 1 and 2 cent coins; Belgium, Estonia, Finland, Ireland, Italy,
Lithuania, the Netherlands and Slovakia round to 5 all the same, which an event there says."""

_PLAIN = re.compile(r"[0-9]+(\.[0-9]{1,6})?")


class VatLine(Fact, frozen=True):
    """VAT of one rate on one receipt: ``gross`` = ``net`` + ``tax``, in minor units."""

    rate: str
    net: int
    tax: int
    gross: int


def half_up(numerator: int, denominator: int = 1) -> int:
    """``numerator / denominator`` (> 0) as the nearest integer, halves away from zero."""
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole


def round_cash(amount: int, step: int) -> int:
    """The amount as coins can pay it: the nearest multiple of ``step`` (> 0), halves away from zero."""
    return half_up(amount, step) * step


@lru_cache(maxsize=64)
def rate(text: str) -> Fraction:
    """A rate such as ``"0.19"`` exactly; raises ValueError when it is not a plain decimal from 0 up to and including 1.
    A sign or an exponent is none: nobody writes a rate so, and 1E-999999999 fills the memory."""
    try:
        decimal = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not a decimal number such as 0.19") from error
    if not decimal.is_finite() or not 0 <= decimal <= 1:
        raise ValueError(f"a rate lies between 0 and 1, not at {text}")
    if not _PLAIN.fullmatch(text):
        raise ValueError(f"{text!r} is not a decimal number such as 0.19, with at most 6 places")
    return Fraction(decimal)


def vat_lines(parts: Iterable[tuple[str, int]]) -> list[VatLine]:
    """(rate, gross) of every line → VAT summed per rate and rounded once: tax = half-up(gross·r/(1+r)).

    Ordered by rate, highest first.
    """
    gross: dict[str, int] = {}
    for text, amount in parts:
        gross[text] = gross.get(text, 0) + amount
    lines = []
    for text, total in sorted(gross.items(), key=lambda item: -rate(item[0])):
        r = rate(text)
        tax = half_up(total * r.numerator, r.numerator + r.denominator)
        lines.append(VatLine(rate=text, net=total - tax, tax=tax, gross=total))
    return lines


def share_tax(parts: Sequence[tuple[str, int]], vat: Iterable[VatLine], scale: int = 1) -> list[int]:
    """What of a receipt's tax each of its lines bears, in ``scale``-ths of a minor unit: (rate, gross) of every line
    and the receipt's own ``vat`` → tax of every line. By largest remainder, the first of equal ones first: the sum of
    each rate's lines is exactly the receipt's tax of that rate."""
    found = [0] * len(parts)
    whole = {line.rate: line.tax * scale for line in vat}
    for text, total in whole.items():
        r, at = rate(text), [place for place, (own, _) in enumerate(parts) if own == text]
        if not at:
            continue
        exact = {place: parts[place][1] * scale * r / (1 + r) for place in at}
        for place in at:
            found[place] = exact[place].numerator // exact[place].denominator
        left = total - sum(found[place] for place in at)
        order = sorted(at, key=lambda place: -(exact[place] - found[place]))
        for turn in range(abs(left)):
            found[order[turn % len(order)]] += 1 if left > 0 else -1
    return found
