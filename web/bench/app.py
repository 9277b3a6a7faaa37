"""The demo's bench: JSON for scripts, one page for people. The controls are handed in; nothing here knows a device."""

import logging
from collections.abc import Callable
from typing import Any, Protocol

import flask
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException


class Controls(Protocol):
    """What a bench can do; each raises ValueError that says what is allowed."""

    def scan(self, code: str) -> None: ...
    def beam(self, direction: Any, people: int) -> None: ...
    def printer(self, paper: Any = None, cover: Any = None, online: bool | None = None) -> None: ...
    def power(
        self,
        volts: float | None = None,
        amps: float | None = None,
        pv_watts: float | None = None,
        soc: float | None = None,
    ) -> None: ...
    def unplug(self, device: Any) -> None: ...
    def plug(self, device: Any) -> None: ...
    def receipts(self) -> list[dict[str, Any]]: ...
    def receipt_png(self, receipt: int) -> bytes: ...


def create_app(controls: Controls) -> Flask:
    """The bench's app around ``controls``."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    logging.getLogger("werkzeug").disabled = True

    def body() -> dict[str, Any]:
        data = request.get_json(silent=True)
        if not isinstance(data, dict):
            raise ValueError("wants a JSON object")
        return data

    def control(path: str, call: Callable[..., None], *keys: str) -> None:
        def view() -> tuple[dict[str, Any], int]:
            data = body()
            if unknown := set(data) - set(keys):
                raise ValueError(f"unknown key {sorted(unknown)[0]!r}; allowed are {', '.join(keys)}")
            call(**data)
            return {}, 202

        app.add_url_rule(f"/bench/{path}", f"bench_{path}", view, methods=["POST"])

    control("scan", controls.scan, "code")
    control("beam", controls.beam, "direction", "people")
    control("printer", controls.printer, "paper", "cover", "online")
    control("power", controls.power, "volts", "amps", "pv_watts", "soc")
    control("unplug", controls.unplug, "device")
    control("plug", controls.plug, "device")

    @app.get("/bench/printer/receipts")
    def receipts() -> Response:
        slips = controls.receipts()
        for slip in slips:
            slip["png"] = flask.url_for("receipt", number=slip["id"], _external=True)
        return flask.jsonify(slips)

    @app.get("/bench/printer/receipts/<int:number>.png")
    def receipt(number: int) -> Response:
        return Response(controls.receipt_png(number), mimetype="image/png")

    @app.get("/")
    def page() -> str:
        return flask.render_template("bench.html", receipts=list(reversed(controls.receipts()))[:6])

    @app.errorhandler(ValueError)
    @app.errorhandler(TypeError)
    def wrong(error: Exception) -> tuple[dict[str, Any], int]:
        return {"type": "/problems/validation", "status": 422, "title": "validation", "detail": str(error)}, 422

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> tuple[dict[str, Any], int]:
        code = error.code or 500
        return {"type": "about:blank", "status": code, "title": error.name, "detail": error.description or ""}, code

    @app.after_request
    def secure(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = "default-src 'self'"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    return app
