"""Putting the portal together."""

import importlib
import pkgutil
from pathlib import Path

from flask import Flask, Response, make_response, render_template, request

from appliance import log
from appliance.errors import Problem
from appliance.journal.book import Book
from appliance.receipts.wording import sentence
from web.common.assets import COMMON, Assets
from web.common.drawing import qr
from web.common.headers import secure
from web.common.language import speak
from web.common.problems import Fault, answer_problems
from web.packs.site import Site
from web.portal import guest, pages
from web.portal.deps import Deps, Here
from web.portal.fresh import Fresh
from web.portal.gate import Gate
from web.portal.pace import Pace

MAX_BODY = 4096
"""Bytes of a request's body: a name and an address, each character as long as a form makes it."""
SIGNUPS, SIGNUP_EVERY_S = 10, 60.0
"""From one device at once, and one more each so many seconds: a tablet that goes round a table, but no flood."""


def create_app(deps: Deps) -> Flask:
    """The WSGI app. Any Host is answered: a phone that looks for the internet asks for somebody else's."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    assets = Assets([COMMON, Path(__file__).parent / "static"])
    book = Book(deps.reader, deps.keys, deps.config.central.key)
    gate = Gate(deps.config.wifi, deps.steward, deps.monotonic)
    signups = Pace(SIGNUPS, SIGNUP_EVERY_S, deps.monotonic)
    app.extensions["boothkit"] = Here(deps, book, Fresh(), signups, gate, Site(deps.landing))
    speak(app, deps.config.box.language)
    app.jinja_env.globals |= {"asset": assets.url, "signup_offer": guest.offer, "draw": qr}
    app.jinja_env.filters["sentence"] = sentence
    app.register_blueprint(assets.blueprint())
    for module in sorted(pkgutil.iter_modules(pages.__path__), key=lambda module: module.name):
        app.register_blueprint(importlib.import_module(f"{pages.__name__}.{module.name}").blueprint)
    secure(app)
    app.before_request(bound)
    app.after_request(guest.tidy)
    answer_problems(app, log.get("portal"), is_for_scripts, _page)
    return app


def bound() -> None:
    """Guests have little to say."""
    if (request.content_length or 0) > MAX_BODY:
        raise Problem("too-large", f"a request to this portal has at most {MAX_BODY} bytes of body", "Send less.")


def is_for_scripts() -> bool:
    """Whether a fault is told as problem+json."""
    return request.path == "/api" or request.path.startswith("/api/") or pages.wants_json()


def _page(fault: Fault) -> Response:
    return make_response(render_template("fault.html", fault=fault), fault.status)
