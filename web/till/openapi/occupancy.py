"""Head counts, as the OpenAPI document has them."""

from typing import Any

from appliance.domain.occupancy import MOST_PEOPLE
from web.till.openapi.shapes import KEY, WHOLE, body, call, of

_PEOPLE = {"type": "integer", "minimum": 0, "maximum": MOST_PEOPLE}
_DRIFT = {**WHOLE, "type": ["integer", "null"], "description": "how many too many were counted; null: nobody knows"}

PATHS: dict[str, Any] = {
    "/occupancy": {
        "post": call(
            "So many people are inside, counted by heads: occupancy counts on from there; for the lead",
            of({"occupancy": _PEOPLE, "drift": _DRIFT, "pos": WHOLE}, "occupancy", "drift", "pos"),
            requestBody=body(of({"inside": _PEOPLE}, "inside", closed=True)),
            parameters=[{**KEY, "required": False}],
            problems=(400, 409, 507),
        )
    }
}
