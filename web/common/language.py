"""The language of who asks: what they chose on the login page, else what their browser wants, else the box's own."""

from typing import Any, cast

from flask import Flask, Response, current_app, g, request

from appliance.language import LANGUAGES
from appliance.receipts.wording import Wording

COOKIE = "bk_language"

_YEAR_S = 365 * 24 * 3600
_HERE = "wordings"
_ENGLISH = {LANGUAGES[0]: Wording()}


def wording() -> Wording:
    """How things are written for who asks now; English in an app that never said ``speak``."""
    found: dict[str, Wording] = current_app.extensions.get(_HERE, _ENGLISH)
    if "language" not in g:
        chosen = request.cookies.get(COOKIE, "")
        wanted = request.accept_languages.best_match(list(found)) if request.accept_languages else None
        g.language = chosen if chosen in found else wanted or next(iter(found))
    return found[cast(str, g.language)]


def gettext(text: str, **values: Any) -> str:
    """``text`` for who asks now, its ``%(name)s`` filled in."""
    return wording().gettext(text, **values)


def ngettext(one: str, many: str, n: int, **values: Any) -> str:
    """The form for ``n``, which is ``%(num)s`` in it."""
    return wording().ngettext(one, many, n, **values)


_ = gettext


def speak(app: Flask, own: str) -> None:
    """From now on this app speaks every language, to those who want none of them the box's ``own``. Its templates say
    ``_("…")``, ``ngettext``, ``…|tell`` of what was worded elsewhere in English, and ``language()``."""
    app.extensions[_HERE] = {name: Wording(name) for name in sorted(LANGUAGES, key=lambda name: name != own)}
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, lambda one, many, n: wording().plural(one, many, n), newstyle=True
    )
    app.jinja_env.filters["tell"] = lambda text: wording().retell(text)
    app.jinja_env.globals["language"] = lambda: wording().language

    @app.after_request
    def vary(response: Response) -> Response:
        if "language" in g:
            response.vary.update(("Accept-Language", "Cookie"))
        return response


def choose(name: str, response: Response) -> None:
    """From now on this browser wants ``name``; any other than ours changes nothing."""
    if name in LANGUAGES:
        response.set_cookie(COOKIE, name, max_age=_YEAR_S, httponly=True, samesite="Lax", secure=request.is_secure)
