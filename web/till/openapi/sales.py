"""Sales and their receipts."""

from typing import Any, get_args

from appliance.domain.pricing import DiscountReason, Service
from appliance.domain.sales import TenderKind
from web.till.openapi.shapes import KEY, LIST, MINOR, TEXT, WHOLE, body, call, of

_SHARE = TEXT | {"pattern": r"^(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$"}
_DISCOUNT = {"oneOf": [of({"percent": _SHARE}, "percent", closed=True), of({"amount": MINOR}, "amount", closed=True)]}
_LINE = of(
    {
        "sku": TEXT,
        "qty": {"type": "integer", "minimum": 1, "maximum": 9999, "default": 1},
        "price": MINOR | {"description": "minor units; for open prices, and only for them"},
        "grams": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "returned": {"type": "boolean", "description": "a deposit that comes back"},
        "discount": _DISCOUNT,
        "service": {"enum": [*get_args(Service)], "description": "where it is consumed, which may change its VAT"},
    },
    "sku",
    closed=True,
)
_TENDER = of(
    {
        "kind": {"enum": [*get_args(TenderKind)]},
        "amount": MINOR | {"description": "minor units; of cash what was handed over"},
        "reference": {"type": "string", "minLength": 1, "maxLength": 40},
        "status": {"enum": ["approved", "unknown"]},
    },
    "kind",
    "amount",
    closed=True,
)
_ASKED = of(
    {
        "lines": LIST | {"minItems": 1, "maxItems": 200, "items": _LINE},
        "tenders": LIST | {"minItems": 1, "maxItems": 10, "items": _TENDER},
        "drawer": TEXT | {"description": "default: one's own, else the only one that is open"},
        "discount": _DISCOUNT | {"description": "of the whole cart, after the lines' own; deposits take none"},
        "discount_reason": {"enum": [*get_args(DiscountReason)]},
        "approver_pin": TEXT | {"description": "a lead's, for more discount than the guardrail allows"},
        "age_checked": {"type": "boolean", "description": "somebody saw an ID"},
        "note": {"type": "string", "minLength": 1, "maxLength": 500, "description": "kept where it can be erased"},
    },
    "lines",
    "tenders",
    closed=True,
)
VAT = LIST | {"items": of({"rate": TEXT, "net": WHOLE, "tax": WHOLE, "gross": WHOLE})}
_ANSWER = of(
    {
        "sale": TEXT,
        "number": TEXT | {"pattern": "^[0-9]+-[0-9]+$"},
        "total": WHOLE,
        "rounding": WHOLE | {"description": "what is paid more than the total, because it is paid in coins"},
        "change": MINOR,
        "vat": VAT,
        "receipt": TEXT | {"format": "uri"},
        "tickets": LIST | {"items": TEXT, "description": "ids, when tickets were among what was sold"},
        "pos": WHOLE,
    },
    *("sale", "number", "total", "rounding", "change", "vat", "receipt", "pos"),
)
_SALE = {"name": "sale", "in": "path", "required": True, "schema": TEXT}

PATHS: dict[str, Any] = {
    "/sales": {
        "post": call(
            "A paid cart becomes a sale",
            _ANSWER,
            status=201,
            requestBody=body(_ASKED),
            parameters=[KEY],
        )
    },
    "/receipts": {"get": call("The receipts and tickets that somebody should look at", {"type": "object"})},
    "/sales/{sale}/reprint": {
        "post": call(
            "One more copy of the receipt, marked DUPLICATE",
            of({"sale": TEXT, "copy": MINOR, "printer": TEXT}),
            status=201,
            requestBody=body(of({"printer": TEXT}, closed=True)),
            parameters=[_SALE, KEY],
        )
    },
    "/sales/{sale}/receipt": {
        "post": call(
            "Whether a person has this copy on paper",
            of({"sale": TEXT, "copy": MINOR, "on_paper": {"type": "boolean"}}),
            requestBody=body(of({"copy": MINOR, "on_paper": {"type": "boolean"}}, "copy", "on_paper", closed=True)),
            parameters=[_SALE, KEY],
        )
    },
    "/sales/{sale}": {"get": call("A sale as it was recorded", {"type": "object"}, parameters=[_SALE])},
}
