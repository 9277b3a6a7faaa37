"""How amounts, numbers, times and spans are written for people, in one language."""

import re
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.numbers import format_currency, format_decimal, get_currency_precision

_MINUS = "\N{MINUS SIGN}"
_NBSP = "\N{NO-BREAK SPACE}"
_TOUCHING = re.compile(r"(?<=[A-Z])(?=[0-9])")  # CLDR's currencySpacing, which Babel leaves out: CHF 5.00


def sentence(text: str) -> str:
    """A detail such as ``no drawer is open`` → ``No drawer is open.``"""
    return text[:1].upper() + text[1:] + ("" if text[-1:] in ".!?" else ".")


class Wording:
    """For one locale. Currency and time zone are the event's and come with each call."""

    def __init__(self, language: str = "en") -> None:
        """babel.UnknownLocaleError: a language that nobody wrote down."""
        self._locale = Locale.parse(language)
        self.language = language

    def money(self, minor: int, currency: str) -> str:
        """4450, EUR → €44.50; a true minus sign in front of what goes back."""
        amount = Decimal(minor).scaleb(-get_currency_precision(currency))
        text = format_currency(amount, currency, locale=self._locale).replace("-", _MINUS)
        return _TOUCHING.sub(_NBSP, text)

    def number(self, value: int | float) -> str:
        """1231 → 1,231."""
        return format_decimal(value, locale=self._locale).replace("-", _MINUS)

    def percent(self, rate: str) -> str:
        """A rate such as ``0.19`` → 19 %."""
        return self.number(float(Decimal(rate) * 100)) + _NBSP + "%"

    def time(self, at: str, zone: str, *, seconds: bool = False) -> str:
        """RFC 3339 → 19:42 on the event's own clock."""
        return f"{datetime.fromisoformat(at).astimezone(ZoneInfo(zone)):%H:%M{':%S' if seconds else ''}}"

    def span(self, seconds: float) -> str:
        """438 → 7 min 18 s; from an hour on without seconds."""
        total = int(seconds)
        hours, minutes, rest = total // 3600, total // 60 % 60, total % 60
        parts = [(hours, "h"), (minutes, "min")] if hours else [(minutes, "min"), (rest, "s")]
        words = [f"{value}{_NBSP}{unit}" for value, unit in parts if value]
        return _NBSP.join(words) or f"0{_NBSP}s"
