"""Footfall counters, as the OpenAPI document has them."""

from typing import Any

from web.till.openapi.shapes import KEY, LIST, TEXT, WHOLE, body, call, of

_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_BOOL = {"type": "boolean"}
_AT = {"type": "integer", "minimum": 0, "maximum": 10_000}
_PLACE = {
    **LIST,
    "items": _AT,
    "minItems": 2,
    "maxItems": 2,
    "description": "across and down, in ten-thousandths of the picture from its upper left corner",
}
_NAME = {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,19}$"}
_LINE = of(
    {
        "name": _NAME,
        "a": _PLACE,
        "b": _PLACE,
        "entrance": _BOOL | {"description": "who crosses it comes or goes; false: it lies inside of the place"},
    },
    *("name", "a", "b"),
    closed=True,
)
_ZONE = of(
    {
        "name": _NAME,
        "corners": LIST | {"items": _PLACE, "minItems": 3, "maxItems": 12},
        "whole": _BOOL | {"description": "everybody who is inside stands in it"},
    },
    *("name", "corners"),
    closed=True,
)
_PLAN = of(
    {"lines": LIST | {"items": _LINE, "maxItems": 8}, "zones": LIST | {"items": _ZONE, "maxItems": 8}},
    *("lines", "zones"),
    closed=True,
)
_WAYS = of({"in": _COUNT, "out": _COUNT}, "in", "out", closed=True)
_VERDICT = {"enum": ["learning", "good", "poor", "unsuitable"]}
_COUNTER = {
    "device": TEXT,
    "camera": _BOOL,
    "state": TEXT,
    "reason": TEXT,
    "remedy": TEXT,
    "verdict": {"enum": [*_VERDICT["enum"], None], "description": "of a camera, on its view"},
    "lines": LIST | {"items": of({"line": TEXT, "in": _COUNT, "out": _COUNT}), "description": "of the present event"},
}
_SEEN = {
    "view": of(
        {
            "verdict": _VERDICT,
            "reasons": LIST | {"items": TEXT},
            "height_permille": {"type": ["integer", "null"], "description": "of a person in the middle row"},
            "hidden_permille": WHOLE | {"description": "people mostly hidden behind others"},
            "fps": {"type": "number"},
        },
        *("verdict", "reasons", "height_permille", "hidden_permille", "fps"),
    ),
    "people": WHOLE | {"description": "seen now"},
    "inside": {"type": "object", "additionalProperties": _COUNT, "description": "by zone, now"},
    "plan": _PLAN | {"description": "what counts: accepted last, else of the configuration"},
    "trial": _BOOL | {"description": "other lines are tried; it ends 120 s after the last question"},
    "crossings": {"type": "object", "additionalProperties": _WAYS, "description": "of the trial, by line"},
    "last": LIST | {"items": of({"line": TEXT, "direction": {"enum": ["in", "out"]}, "ago_s": _COUNT})},
}
_DEVICE = {"name": "device", "in": "path", "required": True, "schema": TEXT}

PATHS: dict[str, Any] = {
    "/footfall": {
        "get": call(
            "All counters, and what they counted in this event; for the lead",
            of({"counters": LIST | {"items": of(_COUNTER, *_COUNTER)}}, "counters"),
        )
    },
    "/footfall/{device}": {
        "get": call(
            "A counter; of a camera what it sees now and what its trial has counted; for the lead",
            of({**_COUNTER, **_SEEN}, *_COUNTER),
            parameters=[_DEVICE],
            problems=(409,),
        )
    },
    "/footfall/{device}/still": {
        "get": call(
            "What a camera sees now, blurred; made for this answer, and kept nowhere; for the lead",
            TEXT | {"contentMediaType": "image/jpeg"},
            kind="image/jpeg",
            parameters=[_DEVICE],
            problems=(409,),
        )
    },
    "/footfall/{device}/try": {
        "post": call(
            "Have a camera count at other lines besides, from nothing; null: no longer; for the lead",
            of({}),
            requestBody=body(of({"plan": {"oneOf": [{"type": "null"}, _PLAN]}}, "plan", closed=True)),
            parameters=[_DEVICE],
            problems=(409,),
        )
    },
    "/footfall/{device}/plan": {
        "post": call(
            "From now on a camera counts at these lines and in these zones; for the lead",
            of({"device": TEXT}),
            requestBody=body(
                of(
                    {
                        "plan": _PLAN,
                        "tried": {"oneOf": [{"type": "null"}, _WAYS], "description": "what the trial counted"},
                        "sure": _BOOL | {"description": "also while the view is unsuitable and nothing is counted"},
                    },
                    "plan",
                    closed=True,
                )
            ),
            parameters=[_DEVICE, KEY],
        )
    },
}
