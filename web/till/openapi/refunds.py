"""Voids and refunds."""

from typing import Any, get_args

from appliance.domain.drawer import MAX_NOTE
from appliance.domain.refunds import RefundReason
from appliance.domain.tendering import MoneyKind
from web.till.openapi.sales import APPROVAL, VAT
from web.till.openapi.shapes import KEY, LIST, MINOR, TEXT, WHOLE, body, call, of

_REASON = TEXT | {
    "examples": [*get_args(RefundReason)],
    "description": "one of these words, or a text, which is kept as a note",
}
_SAID = {
    "reason": _REASON,
    "note": {"type": "string", "maxLength": MAX_NOTE, "description": "kept where it can be erased"},
    "approver_pin": TEXT | {"description": "a lead's, beyond the guardrail or for a ticket that somebody entered with"},
    "approval": APPROVAL,
}
_TENDER = {
    "kind": {"enum": [*get_args(MoneyKind)]},
    "amount": MINOR,
    "reference": {"type": "string", "minLength": 1, "maxLength": 40, "description": "the terminal's"},
}
_DECLINED = {"type": "boolean", "description": "this card payment never came, so nothing of it goes back"}
_LINE = {"line": WHOLE | {"minimum": 1}, "qty": WHOLE | {"minimum": 1, "description": "pieces, or grams"}}
_REFUND = of(
    {
        **_SAID,
        "restock": {"type": "boolean", "description": "it can be sold again"},
        "lines": LIST | {"minItems": 1, "items": of(_LINE, *_LINE, closed=True), "description": "default: all"},
        "tenders": LIST
        | {
            "maxItems": 10,
            "items": of(_TENDER, "kind", "amount", closed=True),
            "description": "default: as it was paid; no more to a card than came from it",
        },
        "drawer": TEXT | {"description": "default: one's own, else the only one that is open"},
    },
    "reason",
    "restock",
    closed=True,
)
_ANSWER = of(
    {
        "sale": TEXT | {"description": "the identity of the void or refund"},
        "number": TEXT | {"pattern": "^[0-9]+-[0-9]+$"},
        "of": TEXT,
        "drawer": TEXT,
        "total": MINOR,
        "rounding": WHOLE,
        "tenders": LIST | {"items": of({**_TENDER, "declined": _DECLINED}, "kind", "amount")},
        "vat": VAT,
        "tickets": LIST | {"items": TEXT, "description": "ids of those that admit nobody any more"},
        "pos": WHOLE,
    },
    *("sale", "number", "of", "drawer", "total", "rounding", "tenders", "vat", "pos"),
)


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": TEXT}


def _post(summary: str, asked: dict[str, Any], answer: dict[str, Any], name: str) -> dict[str, Any]:
    return {"post": call(summary, answer, status=201, requestBody=body(asked), parameters=[_path(name), KEY])}


PATHS: dict[str, Any] = {
    "/sales/{sale}/void": _post(
        "The whole sale never took place; before the Z of its drawer", of(_SAID, "reason", closed=True), _ANSWER, "sale"
    ),
    "/sales/{sale}/refund": _post("Some or all of what is left of a sale goes back", _REFUND, _ANSWER, "sale"),
    "/refunds/{refund}/reprint": _post(
        "One more copy of the paper of a void or refund, marked DUPLICATE unless it is the first",
        of({"printer": TEXT}, closed=True),
        of({"refund": TEXT, "slip": TEXT, "copy": MINOR, "printer": TEXT}),
        "refund",
    ),
    "/refunds/{refund}/receipt": {
        "post": call(
            "Whether a person has this copy of the paper",
            of({"refund": TEXT, "copy": MINOR, "on_paper": {"type": "boolean"}}),
            requestBody=body(of({"copy": MINOR, "on_paper": {"type": "boolean"}}, "copy", "on_paper", closed=True)),
            parameters=[_path("refund"), KEY],
        )
    },
}
