"""The style of a page that is there in one round trip: within the page, under a policy that names its hash."""

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from markupsafe import Markup

from appliance.domain.landing import Content
from web.common.assets import COMMON

STATIC = Path(__file__).parent / "static"
_PORTAL = Path(__file__).parents[1] / "portal" / "static" / "portal.css"
"""What the portal's other pages put into a page of ours is styled there."""
_FILES = (COMMON / "boothkit.css", _PORTAL, STATIC / "packs.css")
_SYMBOL = re.compile(r'<symbol id="([a-z0-9-]+)" viewBox="([0-9 ]+)">(.*?)</symbol>', re.DOTALL)


@dataclass(frozen=True)
class Style:
    """``text``: what stands in the page's style element; ``source``: how a policy names it."""

    text: Markup
    source: str


def event_css(content: Content) -> str:
    """The event's colour for every page that has a poster; "" where nobody chose one."""
    return f":root{{--brand:{content.colour};--on-brand:{content.on_colour}}}\n" if content.colour else ""


def style(content: Content) -> Style:
    """All that a pack's page is styled with."""
    return _style(event_css(content))


@lru_cache(maxsize=8)
def _style(colours: str) -> Style:
    text = _common() + colours
    # Of our own files, and colours that were checked; markup in them would end the element that they are in.
    return Style(Markup(text), f"'{hashed(text)}'")  # noqa: S704


def hashed(text: str) -> str:
    """A text as a policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _common() -> str:
    return "".join(path.read_text(encoding="utf-8") for path in _FILES)


@cache
def _symbols() -> dict[str, tuple[str, str]]:
    sprite = (COMMON / "icons.svg").read_text(encoding="utf-8")
    return {name: (box, inside) for name, box, inside in _SYMBOL.findall(sprite)}


def icon(name: str) -> Markup:
    """An icon within the page: the sprite would be one more request. KeyError: there is none of this name."""
    box, inside = _symbols()[name]
    drawn = f'<svg class="i" viewBox="{box}" aria-hidden="true">{inside}</svg>'
    return Markup(drawn)  # noqa: S704 - our own sprite
