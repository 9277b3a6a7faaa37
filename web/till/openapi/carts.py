"""Parked carts, and a lead's word for one write that comes later."""

from typing import Any

from appliance.domain.carts import MOST
from web.till.openapi.sales import DISCOUNT, LINE, NOTE, REASON
from web.till.openapi.shapes import KEY, LIST, TEXT, WHOLE, body, call, of

_CONTENT = {
    "lines": LIST | {"minItems": 1, "maxItems": 200, "items": LINE},
    "discount": DISCOUNT,
    "discount_reason": REASON,
    "note": NOTE,
}
_NAME = TEXT | {"maxLength": 20, "description": "default: the lowest free number"}
_CART = of({"cart": TEXT, "name": TEXT, "at": TEXT, "by": TEXT, **_CONTENT}, "cart", "name", "at", "by", "lines")
_PATH = {"name": "cart", "in": "path", "required": True, "schema": TEXT}

PATHS: dict[str, Any] = {
    "/carts": {
        "get": call(
            "The carts that wait, the oldest first",
            of({"carts": LIST | {"maxItems": MOST, "items": _CART}}, "carts"),
        ),
        "post": call(
            "The box keeps a cart until a till takes it; its id is the key",
            of({"cart": TEXT, "name": TEXT, "at": TEXT}, "cart", "name", "at"),
            status=201,
            requestBody=body(of({**_CONTENT, "name": _NAME}, "lines", closed=True)),
            parameters=[KEY],
        ),
    },
    "/carts/{cart}/take": {"post": call("The cart goes to this till, and to no other", _CART, parameters=[_PATH, KEY])},
    "/carts/{cart}/drop": {
        "post": call("Nobody wants it any more", of({"cart": TEXT}, "cart"), parameters=[_PATH, KEY])
    },
    "/approvals": {
        "post": call(
            "A lead's PIN for an approval of the one write that sends it first",
            of(
                {
                    "approval": TEXT | {"pattern": "^[0-9a-f]{32}$"},
                    "name": TEXT | {"description": "of the lead"},
                    "expires_s": WHOLE,
                },
                *("approval", "name", "expires_s"),
            ),
            status=201,
            requestBody=body(of({"pin": TEXT}, "pin", closed=True)),
        )
    },
}
