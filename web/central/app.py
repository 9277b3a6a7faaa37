"""``/api/v1/…`` for scripts and a page for people, over whatever can answer the questions of ``Reading``."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from appliance import log
from web.central.page import shown
from web.common.assets import COMMON, Assets
from web.common.headers import secure

LINES = ("main", "own", "orphaned")
"""What ``?line=`` of a box's facts may be; the first is the default."""


class Reading(Protocol):
    """What central knows; shapes as in docs/reference/central.md."""

    def boxes(self, now_ms: int) -> list[dict[str, Any]]:
        """All boxes."""

    def knows(self, cell: str, box: str) -> bool:
        """Whether there is such a box."""

    def facts(self, cell: str, box: str, line: str) -> Iterator[str]:
        """The bodies of one line of a box, oldest first."""

    def times(self, cell: str, box: str) -> Iterator[dict[str, Any]]:
        """When its facts without a trusted clock happened, oldest first."""

    def tasks(self, now_ms: int) -> list[dict[str, Any]]:
        """What a person should look at."""

    def kpis(self) -> dict[str, Any]:
        """The sums."""


def create_app(reading: Reading, now_ms: Callable[[], int]) -> Flask:
    """The WSGI application."""
    app = Flask(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    assets = Assets([COMMON])
    app.jinja_env.globals["asset"] = assets.url
    app.register_blueprint(assets.blueprint())
    secure(app)

    @app.get("/")
    def page() -> str:
        now = now_ms()
        return render_template("boxes.html", **shown(reading.boxes(now), reading.tasks(now), reading.kpis(), now))

    @app.get("/api/v1/boxes")
    def boxes() -> Response:
        return jsonify(reading.boxes(now_ms()))

    @app.get("/api/v1/boxes/<cell>/<box>/facts")
    def facts(cell: str, box: str) -> Response:
        line = request.args.get("line", LINES[0])
        if line not in LINES:
            return _problem(422, "validation", f"line is one of {', '.join(LINES)}", "Ask for one of them.")
        if not reading.knows(cell, box):
            return _unknown(cell, box)
        lines = (f"{body}\n" for body in reading.facts(cell, box, line))
        return Response(lines, mimetype="application/x-ndjson")

    @app.get("/api/v1/boxes/<cell>/<box>/times")
    def times(cell: str, box: str) -> Response:
        if not reading.knows(cell, box):
            return _unknown(cell, box)
        lines = (json.dumps(each) + "\n" for each in reading.times(cell, box))
        return Response(lines, mimetype="application/x-ndjson")

    @app.get("/api/v1/tasks")
    def tasks() -> Response:
        return jsonify(reading.tasks(now_ms()))

    @app.get("/api/v1/kpis")
    def kpis() -> Response:
        return jsonify(reading.kpis())

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        return _problem(error.code or 500, error.name.lower().replace(" ", "-"), error.description or error.name, "")

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        rule = request.url_rule.rule if request.url_rule else ""
        log.get("central").error("request.failed", rule=rule, error=type(error).__name__)
        return _problem(500, "internal", "This could not be answered; the log of central says why.", "Try again.")

    return app


def _unknown(cell: str, box: str) -> Response:
    return _problem(404, "not-found", f"there is no box {box!r} of cell {cell!r}", "GET /api/v1/boxes lists all.")


def _problem(status: int, slug: str, detail: str, remedy: str) -> Response:
    """RFC 9457."""
    body = {"type": f"/problems/{slug}", "status": status, "title": slug, "detail": detail, "remedy": remedy}
    response = jsonify(body)
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response
