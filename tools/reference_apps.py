"""The endpoints of the Flask apps, from the apps themselves: built as the workers build them, on an empty folder."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import getclosurevars
from pathlib import Path
from typing import Any

from flask import Flask

from appliance.central.view import View
from appliance.clock import FakeClock
from appliance.config import Config
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.private.people import People
from appliance.private.secrets import Secrets
from drivers.emulators.bench import Bench
from tools.reference_words import VIEW_WORDS
from web.bench.app import create_app as bench_app
from web.bench.controls import Controls
from web.central.app import create_app as central_app
from web.portal.app import create_app as portal_app
from web.portal.deps import Deps as Guests
from web.portal.tally import Tally
from web.till import Deps, create_app

_PRINTER_PORT = 9100  # of a bench that is never started


@dataclass(frozen=True)
class Endpoint:
    """One method of one path. ``words``: what it does; empty when the view's own docstring says so. ``is_open``: nobody
    has to sign in for it."""

    method: str
    path: str
    view: Callable[..., Any]
    words: str
    is_open: bool


def till(folder: Path) -> list[Endpoint]:
    """The staff app's."""
    clock = FakeClock()
    secrets = Secrets(folder, clock)
    deps = Deps(
        client=RecorderClient(folder, "staff"),
        reader=Reader(folder),
        people=People(folder),
        secrets=secrets,
        config=Config(),
        run=folder,
        box="box",
        clock=clock,
        monotonic=lambda: 0.0,
    )
    found = _endpoints("till", create_app(deps), {})
    secrets.close()
    return found


def portal(folder: Path) -> list[Endpoint]:
    """The guests'."""
    client, tally = RecorderClient(folder, "guest"), Tally(lambda: 0.0)
    deps = Guests(Reader(folder), folder, Config(), lambda: 0.0, client, tally, folder, FakeClock())
    return _endpoints("portal", portal_app(deps), {})


def bench(folder: Path) -> list[Endpoint]:
    """The bench's; what moves a device is said by its controls, and the page's forms by the page."""
    app = bench_app(Bench(folder, _PRINTER_PORT), {})
    words = {rule.endpoint: _hands(app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules()}
    return _endpoints("bench", app, words)


def _hands(view: Callable[..., Any]) -> str:
    """What a view does that only calls a control: the control's words, and the body's keys."""
    inner = getclosurevars(view).nonlocals
    if "needed" not in inner:
        return "A form of the page." if "section" in inner else ""
    keys = [f"`{key}`" for key in inner["needed"]] + [f"`{key}`?" for key in inner["allowed"]]
    return f"{getattr(Controls, inner['act'].__name__).__doc__} Body: {', '.join(keys)}."


def central(folder: Path) -> list[Endpoint]:
    """Central's; the answers are those of its view."""
    words = {name: getattr(View, name).__doc__ or "" for name in ("boxes", "facts", "times", "tasks", "kpis")}
    return _endpoints("central", central_app(View(folder), lambda: 0), words)


def _endpoints(name: str, app: Flask, words: Mapping[str, str]) -> list[Endpoint]:
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":  # Flask's own: files beside the templates
            continue
        said = VIEW_WORDS.get(f"{name} {rule.endpoint}") or " ".join(
            words.get(rule.endpoint, "").replace("``", "`").split()
        )
        path = re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule.rule)
        view = app.view_functions[rule.endpoint]
        is_open = rule.endpoint.startswith("assets.") or getattr(view, "is_open", False)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            found.append(Endpoint(method, path, view, said, is_open))
    return sorted(found, key=lambda endpoint: (endpoint.path, endpoint.method))
