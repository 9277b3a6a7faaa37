"""Putting the staff app together."""

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

from flask import Flask, Response, make_response, redirect, render_template, request, url_for

from appliance import log
from appliance.errors import Problem
from appliance.language import N_
from appliance.receipts.wording import sentence
from web.common.assets import COMMON, Assets
from web.common.headers import secure
from web.common.language import speak
from web.common.problems import MAX_BODY, Fault, answer_problems
from web.packs.site import Site
from web.till import api, auth, screens
from web.till.deps import Deps, Here
from web.till.streams import Streams
from web.till.uploads import Uploads

API = "/api/v1"


def create_app(deps: Deps) -> Flask:
    """The WSGI app. Its ``extensions["boothkit"].streams`` is closed by whoever made it."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    assets = Assets([COMMON, Path(__file__).parent / "static"])
    pages = _modules(screens)
    app.extensions["boothkit"] = Here(
        deps,
        Streams(deps.run, deps.reader, deps.monotonic),
        tuple(sorted((page.TAB for page in pages if hasattr(page, "TAB")), key=lambda tab: tab.order)),
        Uploads(deps.monotonic),
        Site(deps.landing),
    )
    speak(app, deps.config.box.language)
    app.jinja_env.globals["asset"] = assets.url
    app.jinja_env.globals["imports"] = assets.imports
    app.jinja_env.globals["may"] = auth.may
    app.jinja_env.globals["limits"] = auth.limits
    app.jinja_env.filters["sentence"] = sentence
    app.register_blueprint(assets.blueprint())
    for module in _modules(api):
        app.register_blueprint(module.blueprint, url_prefix=API)
    for page in pages:
        app.register_blueprint(page.blueprint)
    secure(app)
    answer_problems(app, log.get("till"), _is_api, _page)

    @app.before_request
    def admit() -> Response | None:
        if not auth.paired() and not _is_for_strangers(app):
            return _unpaired()
        if request.routing_exception is not None or _is_open(app):
            return None
        try:
            auth.sign_in()
        except Problem as problem:
            if problem.slug != "signed-out" or _is_api():
                raise
            return make_response(redirect(url_for("login.page", next=request.path)))
        return None

    return app


def _modules(package: ModuleType) -> list[ModuleType]:
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


def _is_api() -> bool:
    return request.path == "/api" or request.path.startswith("/api/")


def _is_open(app: Flask) -> bool:
    """Views that nobody has to sign in for say so themselves."""
    view = app.view_functions.get(request.endpoint or "")
    return request.blueprint == "assets" or getattr(view, "is_open", False)


def _is_for_strangers(app: Flask) -> bool:
    """The watchdog's question too: who asks it through the socket is this worker itself."""
    view = app.view_functions.get(request.endpoint or "")
    return request.blueprint == "assets" or request.endpoint == "health" or getattr(view, "is_for_strangers", False)


def _unpaired() -> Response:
    """The same for every address, so that nobody learns which ones there are."""
    if request.method in ("GET", "HEAD") and not _is_api():
        return make_response(redirect(url_for("pairing.page")))
    remedy = N_("Pair it: open /pair in its browser, with a code of the lead's.")
    raise Problem("unpaired", "on the guests' Wi-Fi only paired devices reach the till", remedy)


def _page(fault: Fault) -> Response:
    return make_response(render_template("fault.html", fault=fault), fault.status)
