"""The endpoints of the Flask apps, from the apps themselves: built as the workers build them, on an empty folder."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
from web.central.app import create_app as central_app
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


def bench(folder: Path) -> list[Endpoint]:
    """The bench's; what its controls do is said by the bench that stands behind them."""
    bench = Bench(folder, _PRINTER_PORT)
    words = {f"bench_{name}": getattr(Bench, name).__doc__ or "" for name in dir(Bench) if not name.startswith("_")}
    return _endpoints("bench", bench_app(bench), words)


def central(folder: Path) -> list[Endpoint]:
    """Central's; the answers are those of its view."""
    words = {name: getattr(View, name).__doc__ or "" for name in ("boxes", "facts", "tasks", "kpis")}
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
