"""landing.toml with the files that it names → the page's content and its pictures."""

import re
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from appliance.domain.landing import (
    BUILT_IN,
    Content,
    Entry,
    Hours,
    Icon,
    Language,
    Link,
    Maker,
    Node,
    Pack,
    Picture,
    Section,
    Texts,
    readable_on,
)
from appliance.errors import DataError
from appliance.files import tables
from appliance.files.landing import pictures, prose
from appliance.files.landing.folder import PAGE, PICTURES, Source
from appliance.files.landing.store import Made

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_SHORT, _LONG = 80, 400
"""Characters of a title, of a text within landing.toml."""

Colour = Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-fA-F]{6}$")]
Clock = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Said = str | dict[Language, str]
"""One text for all languages (a name, a figure), or one for each."""


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; a key that it does not have is an error."""


class _Picture(_Table, frozen=True):
    file: str
    alt: Said


class _Link(_Table, frozen=True):
    href: str
    words: Said


class _Section(_Table, frozen=True):
    name: str
    title: Said
    text: str = ""
    picture: _Picture | None = None
    link: _Link | None = None


class _Entry(_Table, frozen=True):
    title: Said
    text: Said = ""
    time: str = ""
    icon: Icon | None = None
    link: str = ""


class _Maker(_Table, frozen=True):
    name: str
    text: Said = ""
    link: str = ""


class _Hours(_Table, frozen=True):
    day: Said
    opens: Clock
    closes: Clock


class Page(_Table, frozen=True):
    """landing.toml. ``colour``, ``on_colour``: #rrggbb; ``order``: which sections are shown, in which order."""

    pack: Pack
    languages: Annotated[tuple[Language, ...], msgspec.Meta(min_length=1, max_length=2)]
    title: Said = ""
    lead: Said = ""
    when: Said = ""
    colour: Colour = "#1c1a16"
    on_colour: Colour | None = None
    picture: _Picture | None = None
    order: Annotated[tuple[str, ...], msgspec.Meta(max_length=24)] | None = None
    titles: dict[str, Said] = {}
    section: Annotated[tuple[_Section, ...], msgspec.Meta(max_length=16)] = ()
    programme: Annotated[tuple[_Entry, ...], msgspec.Meta(max_length=40)] = ()
    maker: Annotated[tuple[_Maker, ...], msgspec.Meta(max_length=60)] = ()
    hours: Annotated[tuple[_Hours, ...], msgspec.Meta(max_length=14)] = ()


def compile_page(source: Source) -> Made:
    """All of the page. DataError with the first fault."""
    return _Compiler(source).make()


class _Compiler:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._path = source.folder / PAGE
        tables_ = tables.parse(source.files[PAGE], self._path)
        self._page: Page = tables.convert(self._path, tables_, Page)
        if len(set(self._page.languages)) < len(self._page.languages):
            raise self._fault("languages", "one is there twice")
        self._used = {PAGE}
        self._made: dict[str, pictures.Made] = {}

    def make(self) -> Made:
        """The content, when every file was of use."""
        page = self._page
        sections = tuple(self._section(one) for one in page.section)
        content = Content(
            digest=self._source.digest,
            pack=page.pack,
            languages=page.languages,
            order=self._order(sections),
            title=self._texts("title", page.title, _SHORT),
            lead=self._texts("lead", page.lead, _LONG),
            when=self._texts("when", page.when, _SHORT),
            colour=page.colour.lower(),
            on_colour=readable_on(page.colour, page.on_colour or "").lower(),
            picture=self._picture("picture", page.picture),
            titles=self._titles(),
            sections=sections,
            programme=tuple(self._entry(f"programme {at}", one) for at, one in _numbered(page.programme)),
            makers=tuple(self._maker(f"maker {at}", one) for at, one in _numbered(page.maker)),
            hours=tuple(self._hours(f"hours {at}", one) for at, one in _numbered(page.hours)),
        )
        if left := sorted(set(self._source.files) - self._used):
            raise DataError(
                f"{self._source.folder}: nothing in {PAGE} names {left[0]}", remedy="Name it, or take it out."
            )
        return Made(content, {one.name: one.content for one in self._made.values()})

    def _fault(self, where: str, what: str) -> DataError:
        return DataError(f"{self._path}: {where}: {what}")

    def _text(self, where: str, text: str, most: int) -> str:
        """One line of at most so many characters."""
        text = text.strip()
        if len(text) > most:
            raise self._fault(where, f"{len(text)} characters; at most {most}")
        if not text.isprintable():
            raise self._fault(where, f"{text[:40]!r}: wants printable characters in one line")
        return text

    def _texts(self, where: str, said: Said, most: int) -> Texts:
        """A text in every language of the page; none at all is fine here."""
        wanted = self._page.languages
        if isinstance(said, str):
            text = self._text(where, said, most)
            return dict.fromkeys(wanted, text) if text else {}
        if missing := [language for language in wanted if language not in said]:
            raise self._fault(where, f"{missing[0]} is missing; wants {', '.join(wanted)}")
        if more := [language for language in said if language not in wanted]:
            raise self._fault(where, f"{more[0]} is none of the page's languages ({', '.join(wanted)})")
        return {language: self._text(f"{where}.{language}", said[language], most) for language in wanted}

    def _needed(self, where: str, said: Said, most: int) -> Texts:
        found = self._texts(where, said, most)
        if not found or not all(found.values()):
            raise self._fault(where, "is empty")
        return found

    def _titles(self) -> dict[str, Texts]:
        if unknown := set(self._page.titles) - set(BUILT_IN):
            raise self._fault("titles", f"{min(unknown)!r} is no built-in section; allowed are {', '.join(BUILT_IN)}")
        return {name: self._needed(f"titles.{name}", said, _SHORT) for name, said in self._page.titles.items()}

    def _order(self, sections: Iterable[Section]) -> tuple[str, ...]:
        names = [section.name for section in sections]
        if len(set(names)) < len(names):
            raise self._fault("section", "two have the same name")
        filled = {"programme": self._page.programme, "makers": self._page.maker, "hours": self._page.hours}
        own = [*names, *(name for name in BUILT_IN if filled.get(name, True))]
        if self._page.order is None:
            return tuple(own)
        for name in self._page.order:
            if name not in own:
                raise self._fault("order", f"there is no section {name[:40]!r}; there are {', '.join(own)}")
        if len(set(self._page.order)) < len(self._page.order):
            raise self._fault("order", "a section is there twice")
        return self._page.order

    def _section(self, said: _Section) -> Section:
        where = f"section {said.name[:40]!r}"
        if not _NAME.fullmatch(said.name) or said.name in BUILT_IN:
            taken = f"; {', '.join(BUILT_IN)} are built in"
            raise self._fault(where, f"name wants small letters, digits, - and _, a letter first{taken}")
        return Section(
            name=said.name,
            title=self._needed(f"{where}: title", said.title, _SHORT),
            prose={language: self._prose(where, said.text, language) for language in self._page.languages}
            if said.text
            else {},
            picture=self._picture(f"{where}: picture", said.picture),
            link=self._link(f"{where}: link", said.link),
        )

    def _prose(self, where: str, text: str, language: Language) -> tuple[Node, ...]:
        """TEXT.LANGUAGE.md, or TEXT.md for all languages."""
        for name in (f"{text}.{language}.md", f"{text}.md"):
            if name in self._source.files:
                self._used.add(name)
                return prose.parse(self._source.files[name], self._source.folder / name)
        raise self._fault(
            f"{where}: text", f"{text[:60]!r}: there is no {text[:60]}.{language}.md and no {text[:60]}.md"
        )

    def _picture(self, where: str, said: _Picture | None) -> Picture | None:
        if said is None:
            return None
        name = said.file
        if name not in self._source.files or not name.endswith(PICTURES):
            raise self._fault(f"{where}.file", f"{name[:60]!r}: there is no such picture in the folder")
        self._used.add(name)
        if name not in self._made:
            self._made[name] = pictures.make(self._source.files[name], self._source.folder / name)
        made = self._made[name]
        alt = self._needed(f"{where}.alt", said.alt, _LONG)
        return Picture(file=made.name, width=made.width, height=made.height, alt=alt)

    def _href(self, where: str, href: str) -> str:
        return prose.check_link(href, f"{self._path}: {where}") if href else ""

    def _link(self, where: str, said: _Link | None) -> Link | None:
        if said is None:
            return None
        href = prose.check_link(said.href, f"{self._path}: {where}")
        return Link(href=href, words=self._needed(f"{where}.words", said.words, _SHORT))

    def _entry(self, where: str, said: _Entry) -> Entry:
        return Entry(
            title=self._needed(f"{where}: title", said.title, _SHORT),
            text=self._texts(f"{where}: text", said.text, _LONG),
            time=self._text(f"{where}: time", said.time, 20),
            icon=said.icon,
            link=self._href(f"{where}: link", said.link),
        )

    def _maker(self, where: str, said: _Maker) -> Maker:
        name = self._text(f"{where}: name", said.name, _SHORT)
        if not name:
            raise self._fault(f"{where}: name", "is empty")
        text = self._texts(f"{where}: text", said.text, _LONG)
        return Maker(name=name, text=text, link=self._href(f"{where}: link", said.link))

    def _hours(self, where: str, said: _Hours) -> Hours:
        return Hours(day=self._needed(f"{where}: day", said.day, _SHORT), times=f"{said.opens}–{said.closes}")


def _numbered(rows: Iterable[Any]) -> Iterable[tuple[int, Any]]:
    return enumerate(rows, 1)
