"""The page as a static site: files that any server or CDN serves, from any folder, that ask nobody for anything. The
same content under the same clearance is the same bytes.

    index.html           in the first language
    LANGUAGE/index.html
    claim/index.html     draws the ticket of a claim link
    assets/NAME          named by what they hold: kept for ever
    _headers             what to say about caching (the form of Cloudflare Pages and Netlify)
    landing.json         the page's digest and each file's SHA-256
"""

import gzip
import hashlib
import json
from collections.abc import Callable

from appliance.domain.landing import Content, Language
from appliance.projections.policy import Cleared
from web.common.assets import COMMON
from web.packs import page as packs
from web.packs.claim import claim
from web.packs.style import style

MARKER = "landing.json"
MOST = 60 * 1000
"""Bytes of a page without its pictures."""
_SHORT, _FOR_EVER = "public, max-age=60, must-revalidate", "public, max-age=31536000, immutable"


def tree(content: Content, picture: Callable[[str], bytes | None], cleared: Cleared | None) -> dict[str, bytes]:
    """Every file by its path. KeyError: a picture is missing."""
    icon = (COMMON / "icon.svg").read_bytes()
    favicon = f"assets/icon-{hashlib.sha256(icon).hexdigest()[:12]}.svg"
    found = {favicon: icon}
    for one in content.pictures():
        held = picture(one.file)
        if held is None:
            raise KeyError(one.file)
        found[f"assets/{one.file}"] = held
    found["index.html"] = html(content, content.languages[0], cleared, favicon)
    for language in content.languages:
        found[f"{language}/index.html"] = html(content, language, cleared, favicon, up="../")
    found["claim/index.html"] = claim(content, content.languages[0]).html.encode()
    found["_headers"] = _headers(content).encode()
    files = {name: hashlib.sha256(held).hexdigest() for name, held in sorted(found.items())}
    about = {"digest": content.digest, "languages": list(content.languages), "files": files}
    found[MARKER] = (json.dumps(about, indent=1) + "\n").encode()
    return found


def html(content: Content, language: Language, cleared: Cleared | None, favicon: str, up: str = "") -> bytes:
    """A page. ``up``: the way from it to the site's folder; every address in it is relative."""
    shown = packs.Page(
        content=content,
        language=language,
        live=None,
        cleared=cleared,
        picture=lambda file: f"{up}assets/{file}",
        switches=packs.switches(content, language, lambda one: f"{up}{one}/"),
    )
    return packs.alone(shown, policy=policy(content), favicon=f"{up}{favicon}").encode()


def policy(content: Content) -> str:
    """What a browser may do with a page: show it, with its pictures."""
    source = style(content).source
    return f"default-src 'none'; style-src {source}; img-src 'self'; base-uri 'none'; form-action 'none'"


def weights(files: dict[str, bytes]) -> dict[str, tuple[int, int]]:
    """Bytes of each page, as it is and compressed as it travels."""
    pages = {name: held for name, held in files.items() if name.endswith(".html")}
    return {name: (len(held), len(gzip.compress(held, 6, mtime=0))) for name, held in sorted(pages.items())}


def _headers(content: Content) -> str:
    """Each path by one rule alone: hosts join what several rules say."""
    pages = ["/", "/index.html", *(f"/{language}/*" for language in content.languages), "/claim/*"]
    lines = []
    for path in pages:
        lines += [path, f"  Cache-Control: {_SHORT}", "  X-Content-Type-Options: nosniff"]
        lines += ["  Referrer-Policy: no-referrer", "  X-Frame-Options: DENY"]
    lines += ["/assets/*", f"  Cache-Control: {_FOR_EVER}", "  X-Content-Type-Options: nosniff"]
    return "\n".join(lines) + "\n"
