"""What the product says in other languages: gettext catalogues in ``languages/NAME.po``, kept with Babel
(``make languages``).

English is the language of the code. A text that the code puts together (the detail of a refusal, what a driver says of
its device) stands in the catalogue by its shape, ``{0}: {1} left``, and is told again in another language where
somebody reads it: a refusal comes through a socket, and a device's reason out of the journal.
"""

import re
from functools import cached_property, lru_cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "de")
"""Those that are complete; the first is the code's own."""
NAMES = {"en": "English", "de": "Deutsch"}
"""As those who speak it call it."""
FOLDER = Path(__file__).parent / "languages"

Shape = tuple[list[str], str]
"""What stands between the gaps of a text, and its translation."""

_GAP = re.compile(r"\{[0-9]\}")


def N_(text: str) -> str:
    """Marks a text for the catalogue where it is written down, not where it is said."""
    return text


class Language:
    """The words of one language, read when they are first needed. What is missing is said in English."""

    def __init__(self, name: str) -> None:
        """KeyError: not one of ``LANGUAGES``."""
        if name not in LANGUAGES:
            raise KeyError(name)
        self.name = name

    @cached_property
    def _told(self) -> tuple[NullTranslations, list[Shape]]:
        """The catalogue, and what in it is found by its shape."""
        if self.name == LANGUAGES[0]:
            return NullTranslations(), []
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po
        from babel.support import Translations

        with (FOLDER / f"{self.name}.po").open("rb") as file:
            catalog = read_po(file, locale=self.name)
        packed = BytesIO()
        write_mo(packed, catalog)
        packed.seek(0)
        shapes = [
            (_GAP.split(message.id), message.string)
            for message in catalog
            if isinstance(message.id, str) and isinstance(message.string, str)
            if message.string and _GAP.search(message.id)
        ]
        # What says more itself goes first: "{0}: {1} left" before "{0}: {1}".
        return Translations(packed), sorted(shapes, key=lambda shape: -sum(map(len, shape[0])))

    @cached_property
    def _shapes(self) -> list[Shape]:
        return self._told[1]

    def gettext(self, text: str, **values: Any) -> str:
        """``text`` in this language, its ``%(name)s`` filled in."""
        said = self._told[0].gettext(text) if text else ""
        return said % values if values else said

    def plural(self, one: str, many: str, n: int) -> str:
        """The form for ``n``, nothing filled in."""
        return self._told[0].ngettext(one, many, n)

    def ngettext(self, one: str, many: str, n: int, **values: Any) -> str:
        """The form for ``n``, which is ``%(num)s`` in it."""
        return self.plural(one, many, n) % {"num": n, **values}

    def retell(self, text: str) -> str:
        """A text that was put together elsewhere, in English, told in this language; as it is when no shape fits."""
        said = self.gettext(text)
        if said != text or not self._shapes:
            return said
        for literals, translation in self._shapes:
            if (values := _gaps(text, literals)) is not None:
                return _GAP.sub(lambda gap, values=values: values[int(gap[0][1])], translation)  # type: ignore[misc]
        return text


def _gaps(text: str, literals: list[str]) -> list[str] | None:
    """What stands between ``literals`` in ``text``, each found where it first comes: one pass, whatever the text."""
    first, *middle = literals
    if not text.startswith(first):
        return None
    at, values = len(first), []
    for number, literal in enumerate(middle, 1):
        last = number == len(middle)
        end = (len(text) if not literal else text.rfind(literal)) if last else text.find(literal, at + 1)
        if end <= at or (last and end + len(literal) != len(text)):
            return None
        values.append(text[at:end])
        at = end + len(literal)
    return values


@lru_cache(maxsize=len(LANGUAGES))
def language(name: str) -> Language:
    """KeyError: there is none of this name."""
    return Language(name)
