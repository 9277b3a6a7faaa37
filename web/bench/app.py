"""Putting the bench together: JSON for scripts, one page for people, for this machine only."""

import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from flask import Flask, Response, make_response, render_template, request
from werkzeug.exceptions import MisdirectedRequest

from appliance import log
from appliance.errors import Problem
from web.bench import api, page
from web.bench.controls import Controls
from web.bench.pad import Pad
from web.common.assets import COMMON, Assets
from web.common.headers import secure
from web.common.problems import MAX_BODY, Fault, answer_problems

_HERE = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]{1,5})?")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def create_app(controls: Controls, tickets: Mapping[str, Iterator[str]]) -> Flask:
    """The WSGI app around ``controls``; ``tickets``: by list, the codes that the scanner pad hands out."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    assets = Assets([COMMON, Path(__file__).parent / "static"])
    app.jinja_env.globals["asset"] = assets.url
    app.register_blueprint(assets.blueprint())
    pad = Pad(controls, tickets)
    start = secrets.token_hex(4)
    app.register_blueprint(api.blueprint(controls, pad, start))
    app.register_blueprint(page.blueprint(controls, pad, start))
    secure(app)
    answer_problems(app, log.get("bench"), _is_api, _page)
    app.before_request(_admit)
    return app


def _admit() -> None:
    """Loopback alone keeps no browser out: a name that was bound anew to 127.0.0.1 shows in Host, a page of somewhere
    else that posts here in Origin."""
    host = request.headers.get("Host", "")
    if not _HERE.fullmatch(host):
        raise MisdirectedRequest(f"Host is {host[:80]!r}, wants 127.0.0.1 or localhost.")
    origin = request.headers.get("Origin")
    if request.method not in _SAFE and origin is not None and origin != f"http://{host}":
        detail = f"Origin is {origin[:80]!r}, wants 'http://{host}'"
        raise Problem("csrf", detail, "Open the bench at its own address.")


def _is_api() -> bool:
    return request.path.startswith("/bench/")


def _page(fault: Fault) -> Response:
    return make_response(render_template("fault.html", fault=fault), fault.status)
