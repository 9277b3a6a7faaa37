"""The first page: the event as its folder tells it, or what the box itself knows. Whole in one answer: style and icons
stand in it, so that text is there after one round trip; pictures come after it.
"""

import gzip

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from appliance.domain.landing import Content, Language
from appliance.errors import Problem
from appliance.language import LANGUAGES
from appliance.projections import policy
from appliance.projections.policy import Cleared
from web.common.headers import POLICY
from web.common.language import wording
from web.packs import page as packs
from web.packs.live import live
from web.packs.style import event_css, hashed, style
from web.portal import guest
from web.portal.deps import Kept, here
from web.portal.pages.captive import joining

blueprint = Blueprint("landing", __name__, template_folder=str(packs.TEMPLATES))

_FOR_EVER = "public, max-age=31536000, immutable"


@blueprint.get("/")
def page() -> Response:
    """In the language of who asks, as far as the page has it."""
    content = here().site.now().content
    wanted = wording().language
    return _answer(next((one for one in content.languages if one == wanted), content.languages[0]))


def in_language(language: Language) -> Response:
    """In one of its languages, whatever the browser wants."""
    if language not in here().site.now().content.languages:
        raise Problem("not-found", f"this page is not there in {language}", "Take the way back.")
    return _answer(language)


for _language in LANGUAGES:
    blueprint.add_url_rule(f"/{_language}", "in_language", in_language, defaults={"language": _language})


@blueprint.get("/landing/<name>.webp")
def picture(name: str) -> Response:
    """A picture of the page, for ever under its name."""
    content = here().site.picture(f"{name}.webp")
    if content is None:
        raise Problem("not-found", "there is no such picture", "Load the page again.")
    return Response(content, content_type="image/webp", headers={"Cache-Control": _FOR_EVER})


@blueprint.get("/landing/<version>.css")
def colours(version: str) -> Response:
    """The event's colour, for every page that has a poster. Pages from before a change get what is there."""
    text = event_css(here().site.now().content)
    known = version == _version(text)
    caching = {"Cache-Control": _FOR_EVER if known else "no-cache"}
    return Response(text, content_type="text/css; charset=utf-8", headers=caching)


@blueprint.app_template_global("event_style")
def event_style() -> str:
    """The address of the event's colours; "" where nobody chose one."""
    text = event_css(here().site.now().content)
    return url_for("landing.colours", version=_version(text)) if text else ""


def _version(text: str) -> str:
    return hashed(text).translate({ord("/"): "_", ord("+"): "-"})[7:23]


def _answer(language: Language) -> Response:
    """Made once for each state of the journal, the page and its clearance, in a language."""
    g.language = language
    shown, deps = here().site.now(), here().deps
    db = deps.reader.db()
    content = shown.content
    cleared = policy.cleared(db, content.digest, deps.clock()) if content.digest else None
    mark = f"{cleared.by}-{cleared.version}" if cleared else "preview"
    state = f"{deps.reader.position()}-{hashed(f'{shown.mark}-{mark}')[7:19]}"
    asks = who()
    takes = request.accept_encodings["gzip"] > 0

    def make() -> Response:
        kept = _made(content, language, cleared, (state, asks))
        headers = {"Content-Encoding": "gzip"} if takes else {}
        return make_response(kept.packed if takes else kept.plain, headers)

    response = here().fresh.answer(f"landing-{state}-{asks}{'z' if takes else ''}", make)
    response.headers["Content-Security-Policy"] = f"{POLICY}; style-src {style(content).source}"
    response.vary.add("Accept-Encoding")
    return response


def who() -> str:
    """What the page has for who asks beside what it has for everybody: the key of each piece that other pages put into
    it. There are few of each, so that every variant is made once."""
    return f"{guest.offer()}-{joining().key}"


def _made(content: Content, language: Language, cleared: Cleared | None, of: tuple[str, str]) -> Kept:
    state, asks = of
    last = here().pages.get((language, asks))
    if last is None or last.state != state:
        shown = packs.Page(
            content=content,
            language=language,
            live=live(here().deps.reader, wording()),
            cleared=cleared,
            picture=lambda file: url_for("landing.picture", name=file.removesuffix(".webp")),
            switches=packs.switches(content, language, lambda one: url_for("landing.in_language", language=one)),
        )
        html = render_template(f"packs/{content.pack}.html", layout="base.html", box=True, page=shown).encode()
        last = here().pages[language, asks] = Kept(state, html, gzip.compress(html, 6, mtime=0))
    return last
