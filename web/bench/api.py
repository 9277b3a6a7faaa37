"""``/bench/…`` for scripts: JSON in, 202 out."""

import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for

from appliance.errors import Problem, invalid
from web.bench.controls import REMEDY, Controls, carry_out
from web.bench.pad import Pad

_FOR_A_DAY = "private, max-age=86400, immutable"


def blueprint(controls: Controls, pad: Pad, start: str) -> Blueprint:
    """``start`` names this start of the bench: slips are counted from 1 again at the next."""
    api = Blueprint("api", __name__, url_prefix="/bench")

    def post(path: str, act: Callable[..., None], needed: tuple[str, ...] = (), allowed: tuple[str, ...] = ()) -> None:
        def view() -> tuple[Response, int]:
            carry_out(act, **_values(request.get_data(), needed, allowed))
            return jsonify({}), 202

        api.add_url_rule(path, path.strip("/"), view, methods=["POST"])

    post("/scan", pad.scan, ("code",))
    post("/beam", controls.beam, ("direction", "people"))
    post("/printer", controls.printer, (), ("paper", "cover", "online", "drawer", "behaviour"))
    post("/button", controls.button, ("hold",))
    post("/power", controls.power, (), ("volts", "amps", "pv_watts", "soc"))
    post("/unplug", controls.unplug, ("device",))
    post("/plug", controls.plug, ("device",))

    @api.get("/state")
    def state() -> Response:
        """How hands left things, and which lamps the box lights."""
        return jsonify(controls.state())

    @api.get("/printer/receipts")
    def receipts() -> Response:
        """What came out of the printer, oldest first."""
        return jsonify(
            [{**slip, "png": url_for("api.picture", number=slip["id"], _external=True)} for slip in controls.receipts()]
        )

    @api.get("/printer/receipts/<int:number>.png")
    def picture(number: int) -> Response:
        """A slip as it looks. ``?v=`` of this start promises that it is cut, thus never changes."""
        try:
            png = controls.receipt_png(number)
        except ValueError as error:
            raise Problem("not-found", str(error), "GET /bench/printer/receipts lists all.") from error
        response = Response(png, content_type="image/png")
        if request.args.get("v") == start:
            response.headers["Cache-Control"] = _FOR_A_DAY
        return response

    return api


def _values(raw: bytes, needed: tuple[str, ...], allowed: tuple[str, ...]) -> dict[str, Any]:
    """The object of a body with these keys and no other; raises ``validation``."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise invalid(f"the body is no JSON: {error}", REMEDY) from error
    if not isinstance(body, dict):
        raise invalid("the body is an object {…}", REMEDY)
    keys = (*needed, *allowed)
    if unknown := sorted(set(body) - set(keys)):
        raise invalid(f"{unknown[0][:40]!r} is not known here; allowed: {', '.join(keys)}", REMEDY)
    if missing := [key for key in needed if key not in body]:
        raise invalid(f"{missing[0]} is missing", REMEDY)
    return body
