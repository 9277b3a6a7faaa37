"""Markdown (CommonMark) → a tree of text and a few elements. There is no way for markup to come through: HTML in it
is text, and pages escape every text. markdown-it-py is read here and nowhere else, so that the portal never loads it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from appliance.domain.landing import Node, Tag
from appliance.errors import DataError

SCHEMES = ("http", "https", "mailto")
_RELATIVE = re.compile(r"[A-Za-z0-9#][A-Za-z0-9._~/#?&=%-]*")
_MOST_DEEP = 12
_TAGS: dict[str, Tag] = {
    "paragraph_open": "p",
    "bullet_list_open": "ul",
    "ordered_list_open": "ol",
    "list_item_open": "li",
    "blockquote_open": "blockquote",
    "strong_open": "strong",
    "em_open": "em",
    "s_open": "s",
    "link_open": "a",
}
_HEADINGS: dict[str, Tag] = {"h1": "h3", "h2": "h3", "h3": "h4", "h4": "h4", "h5": "h4", "h6": "h4"}
"""A section has its title already; what a text calls a heading comes below it."""
_markdown = MarkdownIt("commonmark", {"html": False, "maxNesting": _MOST_DEEP}).enable("strikethrough")
_markdown.validateLink = lambda url: True  # type: ignore[method-assign]  # all are looked at below, and named when bad


def parse(raw: bytes, path: Path) -> tuple[Node, ...]:
    """The nodes of a file. DataError with the line."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DataError(f"{path}, line {line}: not UTF-8", remedy="Save the file as UTF-8.") from error
    return _nest(iter(_markdown.parse(text)), path, 1)


def check_link(href: str, where: str) -> str:
    """The address as it may stand in a page. DataError."""
    try:
        parts = urlsplit(href)
        good = parts.scheme in SCHEMES and bool(parts.netloc or (parts.scheme == "mailto" and "@" in parts.path))
    except ValueError:
        good = False
    plain = href.isascii() and href.isprintable() and not set(href) & set(" \"'<>\\^`{|}")
    if not (plain and len(href) <= 500 and (good or _RELATIVE.fullmatch(href))):
        raise DataError(
            f"{where}: link {href[:80]!r}: wants http://…, https://…, mailto:… or the name of a page beside this one"
        )
    return href


def _nest(tokens: Iterator[Token], path: Path, line: int) -> tuple[Node, ...]:
    """Tokens up to the end of the element that they are in."""
    found: list[Node] = []
    for token in tokens:
        line = token.map[0] + 1 if token.map else line
        kind = token.type
        if token.nesting < 0:
            break
        if kind == "inline":
            found += _nest(iter(token.children or ()), path, line)
        elif kind == "text":
            found += [Node("text", token.content)] if token.content else []
        elif kind in ("softbreak", "hardbreak"):
            found.append(Node("text", "\n") if kind == "softbreak" else Node("br"))
        elif kind == "code_inline":
            found.append(Node("code", token.content))
        elif kind in ("fence", "code_block"):
            found.append(Node("pre", token.content))
        elif kind == "hr":
            found.append(Node("hr"))
        elif kind == "image":
            raise DataError(
                f"{path}, line {line}: a picture in the text",
                remedy="Name it in landing.toml: picture = { file = …, alt = … } in its section.",
            )
        elif kind == "heading_open":
            found.append(Node(_HEADINGS[token.tag], inside=_nest(tokens, path, line)))
        else:
            href = check_link(str(token.attrs["href"]), f"{path}, line {line}") if kind == "link_open" else ""
            found.append(Node(_TAGS[kind], href=href, inside=_nest(tokens, path, line)))
    return tuple(found)
