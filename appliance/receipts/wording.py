"""How amounts, numbers, times and spans are written for people, in one language."""

import re
from copy import copy
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.numbers import format_currency, format_decimal, get_currency_precision

from appliance.language import LANGUAGES, language

_MINUS = "\N{MINUS SIGN}"
_NBSP = "\N{NO-BREAK SPACE}"
_TOUCHING = re.compile(r"(?<=[A-Z])(?=[0-9])")  # CLDR's currencySpacing, which Babel leaves out: CHF 5.00


def sentence(text: str) -> str:
    """A detail such as ``no drawer is open`` → ``No drawer is open.``"""
    return text[:1].upper() + text[1:] + ("" if text[-1:] in ".!?" else ".")


class Wording:
    """For one locale. Currency and time zone are the event's and come with each call."""

    def __init__(self, name: str = LANGUAGES[0]) -> None:
        """KeyError: a language that nobody wrote down."""
        words = language(name)
        self._locale = Locale.parse(name)
        self.language = name
        self.gettext, self.retell = words.gettext, words.retell
        self.plural, self.ngettext = words.plural, words.ngettext

    def money(self, minor: int, currency: str) -> str:
        """4450, EUR → €44.50; a true minus sign in front of what goes back."""
        amount = Decimal(minor).scaleb(-get_currency_precision(currency))
        text = format_currency(amount, currency, locale=self._locale).replace("-", _MINUS)
        return _TOUCHING.sub(_NBSP, text)

    def difference(self, minor: int, currency: str) -> str:
        """As ``money``, with its sign also where there is too much: +€0.50."""
        return ("+" if minor > 0 else "") + self.money(minor, currency)

    def coin(self, minor: int, currency: str) -> str:
        """As on a coin or a note, whole amounts without their noughts: 5000, EUR → €50; 50, EUR → €0.50."""
        unit = 10 ** get_currency_precision(currency)
        if minor % unit:
            return self.money(minor, currency)
        pattern = copy(self._locale.currency_formats["standard"])
        pattern.frac_prec = (0, 0)
        text = pattern.apply(minor // unit, self._locale, currency=currency, currency_digits=False)
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

    def moment(self, at: str, zone: str, now: str) -> str:
        """RFC 3339 → 19:42, with its day when that is not today (``now``, RFC 3339)."""
        today = [datetime.fromisoformat(one).astimezone(ZoneInfo(zone)).date() for one in (at, now)]
        return self.time(at, zone) if today[0] == today[1] else f"{self.day(at, zone)}, {self.time(at, zone)}"

    def day(self, at: str, zone: str) -> str:
        """RFC 3339 → Mon, Nov 23 on the event's own calendar."""
        from babel.dates import format_skeleton  # half a megabyte that only the books need

        return str(format_skeleton("MMMEd", datetime.fromisoformat(at), ZoneInfo(zone), locale=self._locale))

    def date(self, at: str, zone: str) -> str:
        """RFC 3339 → Nov 23, 2026 on the event's own calendar."""
        from babel.dates import format_skeleton  # as for ``day``

        return str(format_skeleton("yMMMd", datetime.fromisoformat(at), ZoneInfo(zone), locale=self._locale))

    def span(self, seconds: float) -> str:
        """438 → 7 min 18 s; from an hour on without seconds."""
        total = int(seconds)
        hours, minutes, rest = total // 3600, total // 60 % 60, total % 60
        parts = [(hours, "h"), (minutes, "min")] if hours else [(minutes, "min"), (rest, "s")]
        words = [f"{value}{_NBSP}{unit}" for value, unit in parts if value]
        return _NBSP.join(words) or f"0{_NBSP}s"
