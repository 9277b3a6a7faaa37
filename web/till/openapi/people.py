"""Personal data."""

from typing import Any

from web.till.openapi.shapes import KEY, LIST, MINOR, TEXT, body, call, of

_COUNT = MINOR | {"description": "records"}
_WHEN = {"type": ["string", "null"], "description": "RFC 3339; null: not by time"}
_EVENT = {"name": "event", "in": "path", "required": True, "schema": TEXT}
_KEPT = of(
    {"event": TEXT, "name": TEXT, "state": {"enum": ["created", "open", "closed"]}, "records": _COUNT, "until": _WHEN},
    *("event", "name", "state", "records", "until"),
)
_RECORD = of(
    {
        "ref": TEXT,
        "kind": TEXT | {"description": "of the fact that refers to it"},
        "at": TEXT,
        "event": TEXT,
        "data": {"type": "object", "additionalProperties": TEXT},
    },
    *("ref", "kind", "at", "event", "data"),
)

PATHS: dict[str, Any] = {
    "/people": {
        "get": call(
            "How much is kept of people at each event, and until when",
            of(
                {"keep_days": MINOR | {"description": "days"}, "events": LIST | {"items": _KEPT}}, "keep_days", "events"
            ),
        )
    },
    "/people/find": {
        "post": call(
            "Every record that holds all words of q, at most 200",
            of({"records": LIST | {"items": _RECORD}}, "records"),
            requestBody=body(of({"q": {"type": "string", "minLength": 2}}, "q", closed=True)),
        )
    },
    "/people/erase": {
        "post": call(
            "Erase records for good, of whatever event; what is gone already is counted",
            of({"erased": _COUNT, "already": _COUNT}, "erased", "already"),
            requestBody=body(of({"refs": LIST | {"minItems": 1, "items": TEXT}}, "refs", closed=True)),
            parameters=[KEY],
        )
    },
    "/people/events/{event}/erase": {
        "post": call(
            "Erase all that is kept of people at an event that is closed",
            of({"event": TEXT, "erased": _COUNT}, "event", "erased"),
            parameters=[KEY, _EVENT],
        )
    },
}
