"""Sales and their receipts."""

from typing import Any, get_args

from appliance.domain.cards import Outcome
from appliance.domain.pricing import DiscountReason, Service
from appliance.domain.tendering import TenderKind
from appliance.domain.tokens import MAX_TEXT
from appliance.projections.saleslist import MOST, MOST_COUNTED, Show
from web.till.openapi.shapes import KEY, LIST, MINOR, TEXT, WHOLE, body, call, of

_SHARE = TEXT | {"pattern": r"^(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$"}
DISCOUNT = {"oneOf": [of({"percent": _SHARE}, "percent", closed=True), of({"amount": MINOR}, "amount", closed=True)]}
LINE = of(
    {
        "sku": TEXT,
        "qty": {"type": "integer", "minimum": 1, "maximum": 9999, "default": 1},
        "price": MINOR | {"description": "minor units; for open prices, and only for them"},
        "grams": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "returned": {"type": "boolean", "description": "a deposit that comes back"},
        "discount": DISCOUNT,
        "service": {"enum": [*get_args(Service)], "description": "where it is consumed, which may change its VAT"},
    },
    "sku",
    closed=True,
)
REASON = {"enum": [*get_args(DiscountReason)]}
NOTE = {"type": "string", "minLength": 1, "maxLength": 500, "description": "kept where it can be erased"}
APPROVAL = TEXT | {"description": "of POST /approvals, in place of approver_pin"}
_REFERENCE = {"type": "string", "minLength": 1, "maxLength": 40}
_TENDER = of(
    {
        "kind": {"enum": [*get_args(TenderKind)]},
        "amount": MINOR | {"description": "minor units; of cash what was handed over"},
        "reference": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_TEXT,
            "description": "at most 40 characters, as the slip or the voucher says; of a token its code BK1:…",
        },
        "status": {"enum": ["approved", "unknown"]},
    },
    "kind",
    "amount",
    closed=True,
)
_ASKED = of(
    {
        "lines": LIST | {"minItems": 1, "maxItems": 200, "items": LINE},
        "tenders": LIST | {"minItems": 1, "maxItems": 10, "items": _TENDER},
        "drawer": TEXT | {"description": "default: one's own, else the only one that is open"},
        "discount": DISCOUNT | {"description": "of the whole cart, after the lines' own; deposits take none"},
        "discount_reason": REASON,
        "approver_pin": TEXT | {"description": "a lead's, for more discount than the guardrail allows"},
        "approval": APPROVAL,
        "age_checked": {"type": "boolean", "description": "somebody saw an ID"},
        "note": NOTE,
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
        "receipt": TEXT | {"format": "uri", "description": "absent in training"},
        "training": {"type": "boolean", "description": "absent = not"},
        "tickets": LIST | {"items": TEXT, "description": "ids, when tickets were among what was sold"},
        "pos": WHOLE,
    },
    *("sale", "number", "total", "rounding", "change", "vat", "pos"),
)
_STATES = ["paid", "unknown", "declined", "refunded", "part-refunded", "voided"]
_LISTED = of(
    {
        **dict.fromkeys(("sale", "number", "at", "by", "drawer", "currency"), TEXT),
        "total": WHOLE,
        "items": TEXT | {"description": "the first lines in words"},
        "tenders": LIST | {"items": {"enum": [*get_args(TenderKind)]}},
        "state": {"enum": _STATES, "description": "unknown, declined: a card payment"},
        "training": {"type": "boolean"},
        "pos": WHOLE,
    },
    *("sale", "number", "at", "by", "drawer", "total", "currency", "items", "tenders", "state", "pos"),
)
_KNOWN = of(
    {
        "kind": {"enum": [*get_args(TenderKind)]},
        "amount": MINOR,
        "reference": TEXT,
        "status": {"enum": ["approved", "unknown", "declined"]},
    },
    "kind",
    "amount",
)


def _query(name: str, schema: dict[str, Any], words: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": words}


_SALE = {"name": "sale", "in": "path", "required": True, "schema": TEXT}

PATHS: dict[str, Any] = {
    "/sales": {
        "get": call(
            "Sales, the newest first",
            of({"sales": LIST | {"items": _LISTED}, "count": WHOLE | {"maximum": MOST_COUNTED}}, "sales", "count"),
            parameters=[
                _query("q", TEXT | {"maxLength": 100}, "number, item, sku, amount, reference or ticket, all words"),
                _query("show", {"enum": [*get_args(Show)], "default": "all"}, "which of them"),
                _query("before", WHOLE | {"minimum": 0}, "only those in front of this pos: the next page"),
                _query("limit", WHOLE | {"minimum": 1, "maximum": MOST, "default": 30}, "how many"),
            ],
        ),
        "post": call(
            "A paid cart becomes a sale",
            _ANSWER,
            status=201,
            requestBody=body(_ASKED),
            parameters=[KEY],
        ),
    },
    "/receipts": {
        "get": call("The receipts, papers of refunds and tickets that somebody should look at", {"type": "object"})
    },
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
    "/sales/{sale}/card": {
        "post": call(
            "What became of a card payment whose outcome was not known",
            of({"sale": TEXT, "number": TEXT, "tenders": LIST | {"items": _KNOWN}}, "sale", "number", "tenders"),
            requestBody=body(
                of(
                    {
                        "tender": WHOLE | {"minimum": 1, "description": "of the sale, from 1"},
                        "outcome": {"enum": [*get_args(Outcome)]},
                        "reference": _REFERENCE,
                    },
                    "tender",
                    "outcome",
                    closed=True,
                )
            ),
            parameters=[_SALE, KEY],
        )
    },
    "/sales/{sale}": {"get": call("A sale as it was recorded", {"type": "object"}, parameters=[_SALE])},
}
