"""A pack's page, from its content and what is true of it now."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from appliance.domain.landing import Content, Language, Link, Node, Part, Picture, Section, Texts
from appliance.language import NAMES
from appliance.projections.policy import Cleared
from appliance.receipts.wording import Wording
from web.packs import prose
from web.packs.live import Live
from web.packs.style import Style, icon, style

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Switch:
    """The way to the page in another language."""

    language: str
    name: str
    href: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a template is given. ``live``: None away from the box; ``picture``: a picture's address from its file;
    ``switches``: the other languages."""

    content: Content
    language: Language
    live: Live | None
    cleared: Cleared | None
    picture: Callable[[str], str]
    switches: tuple[Switch, ...]

    @property
    def style(self) -> Style:
        """What the page is styled with."""
        return style(self.content)

    @property
    def made(self) -> bool:
        """Whether somebody made it: the plain page needs nobody's clearance."""
        return bool(self.content.digest)

    @property
    def title(self) -> str:
        """What the page is called; the event's name where nobody said; "" where there is none."""
        return self.say(self.content.title) or (self.live.event.name if self.live and self.live.event else "")

    @property
    def leads_out(self) -> bool:
        """Whether a link of it needs the internet."""
        return any(urlsplit(href).scheme in ("http", "https") for href in _hrefs(self.content, self.language))

    @property
    def order(self) -> tuple[tuple[str, Section | None], ...]:
        """The sections: built-in ones by their names alone."""
        own = {section.name: section for section in self.content.sections}
        return tuple((name, own.get(name)) for name in self.content.order)

    def say(self, texts: Texts) -> str:
        """In the page's language."""
        return texts.get(self.language, "")

    def called(self, name: str, otherwise: str) -> str:
        """The title of a built-in section."""
        return self.say(self.content.titles.get(name, {})) or otherwise

    def tell(self, prose_: Mapping[Language, tuple[Node, ...]]) -> Markup:
        """Prose in the page's language."""
        return prose.html(prose_.get(self.language, ()))

    @staticmethod
    def icon(name: str) -> Markup:
        """An icon within the page."""
        return icon(name)


def switches(content: Content, present: str, href: Callable[[str], str]) -> tuple[Switch, ...]:
    """The ways to the other languages of a page."""
    return tuple(Switch(one, NAMES[one], href(one)) for one in content.languages if one != present)


def alone(page: Page, **values: Any) -> str:
    """The page without a box around it."""
    name = f"packs/{page.content.pack}.html"
    return whole(name, page.language, layout="packs/whole.html", box=False, page=page, **values)


def whole(template: str, language: str, **values: Any) -> str:
    """A template of the packs in a language, without a server."""
    return _environment(language).get_template(template).render(language=language, **values)


@lru_cache(maxsize=4)
def _environment(language: str) -> Environment:
    words = Wording(language)
    found = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, extensions=["jinja2.ext.i18n"]
    )
    found.install_gettext_callables(words.gettext, words.plural, newstyle=True)  # type: ignore[attr-defined]
    return found


def _hrefs(part: Part | Link | Picture, language: Language) -> Iterator[str]:
    """Every address that a part of the content leads to, in one language."""
    for name in part.__struct_fields__:
        value = getattr(part, name)
        if name in ("href", "link") and isinstance(value, str) and value:
            yield value
        for one in _within(value, language):
            yield from _hrefs(one, language)


def _within(value: Any, language: Language) -> Iterator[Part]:
    if isinstance(value, Part):
        yield value
    elif isinstance(value, tuple):
        yield from (one for one in value if isinstance(one, Part))
    elif isinstance(value, dict):
        yield from _within(value.get(language), language)
