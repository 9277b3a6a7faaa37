"""Prose as markup: every text escaped, every element one of a few."""

from collections.abc import Iterable
from typing import assert_never

from markupsafe import Markup, escape

from appliance.domain.landing import Node


def html(nodes: Iterable[Node]) -> Markup:
    """The nodes one after the other."""
    return Markup("").join(_one(node) for node in nodes)


def _one(node: Node) -> Markup:
    match node.tag:
        case "text":
            return escape(node.text)
        case "br" | "hr":
            return Markup(f"<{node.tag}>")  # noqa: S704 - one of two words
        case "a":
            return Markup('<a href="{}" rel="noreferrer">{}</a>').format(node.href, html(node.inside))
        case "code":
            return Markup("<code>{}</code>").format(node.text)
        case "pre":
            return Markup("<pre>{}</pre>").format(node.text)
        case "p" | "h3" | "h4" | "ul" | "ol" | "li" | "blockquote" | "strong" | "em" | "s":
            return Markup(f"<{node.tag}>{{}}</{node.tag}>").format(html(node.inside))  # noqa: S704 - one of these words
        case tag:
            assert_never(tag)
