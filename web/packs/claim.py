"""A ticket that somebody got as a link, drawn in their browser: one page for all tickets, whole in one file. The ticket
stands behind the address's #, which no browser sends, and no server of any kind learns who opened which.
"""

import json
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

from appliance.domain.landing import Content, Language
from appliance.language import N_
from appliance.receipts.wording import Wording
from web.common.assets import COMMON
from web.packs import page
from web.packs.style import STATIC, event_css, hashed

_SCRIPTS = ("qr.js", "claim.js")
WORDS = {
    "title": N_("Your ticket"),
    "skip": N_("Skip to content"),
    "show": N_("Show this at the door"),
    "code": N_("QR code of your ticket"),
    "once": N_("Whoever shows it first is let in: do not pass it on."),
    "none": N_("There is no ticket in this address"),
    "again": N_("Open the whole link that you were sent. It is long, and some programs cut it off."),
    "keep": N_("Keep it for the day"),
    "how": N_(
        "Take a picture of this screen, or keep the page open: the door needs no internet, and nor does this page."
    ),
    "kept": N_("Your ticket is in the address alone. This page sends it nowhere and stores nothing."),
    "noscript": N_("The code is drawn by a script on your device, and scripts are switched off here."),
}


@dataclass(frozen=True)
class Whole:
    """``policy``: what the browser may do with it, of which a header may say more."""

    html: str
    policy: str


def claim(content: Content, own: str) -> Whole:
    """The page for the tickets of these guests. ``own``: the language of who wants none of the content's, where it has
    it."""
    first = own if own in content.languages else content.languages[0]
    return _claim(first, content.languages, content.title.get(first, ""), event_css(content))


@lru_cache(maxsize=4)
def _claim(first: Language, languages: tuple[Language, ...], event: str, colours: str) -> Whole:
    said = {name: {key: Wording(name).gettext(text) for key, text in WORDS.items()} for name in languages}
    files = (COMMON / "boothkit.css", STATIC / "packs.css")
    style = "".join(path.read_text(encoding="utf-8") for path in files) + colours
    words = json.dumps(said, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    script = source(words)
    policy = (
        f"default-src 'none'; script-src '{hashed(script)}'; style-src '{hashed(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    html = page.whole(
        "packs/claim.html",
        first,
        event=event,
        words=said[first],
        # Our own files, told by their hashes; markup in them would end the element that they are in.
        policy=Markup(policy),  # noqa: S704
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
    )
    return Whole(html, policy)


def source(words: str) -> str:
    """The page's script. Without a document it only defines its functions."""
    parts = [(STATIC / name).read_text(encoding="utf-8") for name in _SCRIPTS]
    return f'"use strict";\nconst WORDS = {words};\n' + "\n".join(parts)
