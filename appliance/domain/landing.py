"""The guests' first page as content: what an event says of itself, in its languages, and in which of two packs.

It is made once, by ``files.landing``, of a folder that people write. Everything in it is text that pages escape: prose
is a tree of a few kinds of nodes, never markup.
"""

from typing import Literal

import msgspec

Pack = Literal["market", "workshop"]
Language = Literal["en", "de"]
Icon = Literal["cup", "pot", "glass", "clock", "people", "call", "wallet", "truck", "offer", "sun", "note", "cash"]
Texts = dict[Language, str]
"""A text in each language of the page."""
Tag = Literal[
    "text", "p", "h3", "h4", "ul", "ol", "li", "blockquote", "hr", "pre", "strong", "em", "s", "code", "a", "br"
]

BUILT_IN = ("programme", "wares", "makers", "hours", "receipt")
"""Sections that are no section of the folder: lists with a shape of their own, what the till sells, how to keep a
receipt."""
INK, PAPER, BLACK = "#1c1a16", "#fffdf8", "#000000"
ENOUGH = 4.5
"""Contrast of text on its ground (WCAG 2.2, 1.4.3)."""


class Part(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A piece of the content; what has its default is not written down."""


class Node(Part, frozen=True):
    """A piece of prose: a text, or an element with what is in it. ``href``: of a link."""

    tag: Tag
    text: str = ""
    href: str = ""
    inside: tuple["Node", ...] = ()


class Picture(Part, frozen=True, kw_only=True):
    """``file``: in the pictures' folder, named by its content; ``width``, ``height``: pixels; ``alt``: "" for one that
    says nothing that the text does not."""

    file: str
    width: int
    height: int
    alt: Texts


class Link(Part, frozen=True, kw_only=True):
    """A way out: an address and what it is called."""

    href: str
    words: Texts


class Section(Part, frozen=True, kw_only=True):
    """Something told: a title, prose in each language, a picture above it, a way out below it."""

    name: str
    title: Texts
    prose: dict[Language, tuple[Node, ...]] = {}
    picture: Picture | None = None
    link: Link | None = None


class Entry(Part, frozen=True, kw_only=True):
    """A point of the programme, or a step of a workshop. ``time``: as people say it, "20:30"."""

    title: Texts
    text: Texts = {}
    time: str = ""
    icon: Icon | None = None
    link: str = ""


class Maker(Part, frozen=True, kw_only=True):
    """Somebody whose work is there. ``link``: their own place."""

    name: str
    text: Texts = {}
    link: str = ""


class Hours(Part, frozen=True, kw_only=True):
    """When it is open on a day."""

    day: Texts
    times: str


class Content(Part, frozen=True, kw_only=True):
    """A landing page. ``digest``: SHA-256 (hex) of the folder that it was made of; ``languages``: the first is for
    those who want none of them; ``colour``, ``on_colour``: the event's colour and what is written on it in;
    ``when``: a line above the title; ``order``: names of sections, own and built in; ``titles``: of built-in ones."""

    digest: str
    pack: Pack
    languages: tuple[Language, ...]
    order: tuple[str, ...]
    title: Texts = {}
    lead: Texts = {}
    when: Texts = {}
    colour: str = ""
    on_colour: str = ""
    picture: Picture | None = None
    titles: dict[str, Texts] = {}
    sections: tuple[Section, ...] = ()
    programme: tuple[Entry, ...] = ()
    makers: tuple[Maker, ...] = ()
    hours: tuple[Hours, ...] = ()

    def pictures(self) -> tuple[Picture, ...]:
        """All of them, in the order of the page."""
        found = (self.picture, *(section.picture for section in self.sections))
        return tuple(one for one in found if one is not None)


PLAIN = Content(digest="", pack="market", languages=("en", "de"), order=("wares", "receipt"))
"""The page of a box that nobody gave a folder: the event's name, what is sold, how to keep a receipt."""


def contrast(one: str, other: str) -> float:
    """Of two colours #rrggbb: from 1, none, to 21 (WCAG 2.2, relative luminance)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    def linear(part: str) -> float:
        value = int(part, 16) / 255
        return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(colour[at : at + 2]) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def readable_on(colour: str, wished: str = "") -> str:
    """What to write in on ``colour``: as wished when that can be read, else paper or ink, else black. There is no
    colour on which neither paper nor black reaches 4.5:1."""
    for one in (wished, PAPER, INK):
        if one and contrast(one, colour) >= ENOUGH:
            return one
    return BLACK
