"""The clock, as the OpenAPI document has it."""

from typing import Any

from appliance.clock import EARLIEST_MS, LATEST_MS
from web.till.openapi.shapes import TEXT, WHOLE, body, call, of

_TIME = {"type": "integer", "minimum": EARLIEST_MS, "maximum": LATEST_MS, "description": "Unix time in milliseconds"}

PATHS: dict[str, Any] = {
    "/clock": {
        "get": call(
            "The box's time now, and how far it is trusted",
            of({"unix_ms": WHOLE, "at": TEXT, "trust": {"enum": ["ntp", "rtc", "phone", "none"]}}),
        ),
        "post": call(
            "Set the box's clock: never to before the newest fact; a jump of more than 24 h wants to be sure",
            of({"by_ms": {"type": "integer", "description": "by how much that moved it"}}),
            requestBody=body(of({"unix_ms": _TIME, "sure": {"type": "boolean"}}, "unix_ms", closed=True)),
        ),
    }
}
