"""The API's own description, OpenAPI 3.1, kept by hand; a test compares its calls with those that are served."""

from typing import Any, get_args

from flask import Blueprint

from appliance.domain.kit import Outcome, Reason
from appliance.domain.kitplan import StepName
from web.common.problems import PROBLEMS
from web.till import auth

blueprint = Blueprint("api_openapi", __name__)

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Made up by the caller, the same again on a retry: the first answer comes back.",
    "schema": {"type": "string", "pattern": '^"?[A-Za-z0-9_.:-]{1,80}"?$'},
}
_AFTER = {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0, "default": 0}}


def _of(properties: dict[str, Any], *required: str, closed: bool = False) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": list(required)}
    return schema | ({"additionalProperties": False} if closed else {})


_TEXT: dict[str, Any] = {"type": "string"}
_WHOLE: dict[str, Any] = {"type": "integer"}
_MINOR: dict[str, Any] = {"type": "integer", "minimum": 0, "description": "minor units"}
_LIST = {"type": "array"}

_SALE_ASKED = _of(
    {
        "lines": _LIST
        | {
            "minItems": 1,
            "maxItems": 200,
            "items": _of(
                {
                    "sku": _TEXT,
                    "qty": {"type": "integer", "minimum": 1, "maximum": 9999, "default": 1},
                    "price": _MINOR | {"description": "minor units; for open prices, and only for them"},
                    "grams": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
                    "returned": {"type": "boolean", "description": "a deposit that comes back"},
                },
                "sku",
                closed=True,
            ),
        },
        "tenders": _LIST
        | {
            "minItems": 1,
            "maxItems": 10,
            "items": _of(
                {
                    "kind": {"enum": ["cash", "card"]},
                    "amount": _MINOR | {"description": "minor units; of cash what was handed over"},
                    "reference": {"type": "string", "minLength": 1, "maxLength": 40},
                    "status": {"enum": ["approved", "unknown"]},
                },
                "kind",
                "amount",
                closed=True,
            ),
        },
    },
    "lines",
    "tenders",
    closed=True,
)
_VAT = _LIST | {"items": _of({"rate": _TEXT, "net": _WHOLE, "tax": _WHOLE, "gross": _WHOLE})}
_SALE_ANSWER = _of(
    {
        "sale": _TEXT,
        "number": _TEXT | {"pattern": "^[0-9]+-[0-9]+$"},
        "total": _WHOLE,
        "rounding": _WHOLE,
        "change": _MINOR,
        "vat": _VAT,
        "receipt": _TEXT | {"format": "uri"},
        "pos": _WHOLE,
    },
    *("sale", "number", "total", "rounding", "change", "vat", "receipt", "pos"),
)
_SCAN_ASKED = _of(
    {"code": _TEXT, "list": _TEXT, "direction": {"enum": ["in", "out"], "default": "in"}, "gate": _TEXT},
    "code",
    closed=True,
)
_VERDICTS = ["admitted", "refused", "exited", "badge_ok", "badge_refused", "quote", "token"]
_SCAN_ANSWER = _of(
    {
        "verdict": {"enum": _VERDICTS},
        "reason": {"type": ["string", "null"]},
        "ticket": {"type": ["string", "null"]},
        "holder": {"type": ["string", "null"]},
        "list": _TEXT,
        "at": _TEXT | {"format": "date-time"},
        "first": _of({"at": _TEXT, "gate": _TEXT, "box": _TEXT}),
        "time_checked": {"type": "boolean"},
        "pos": _WHOLE,
    },
    *("verdict", "reason", "ticket", "holder", "list", "at", "time_checked", "pos"),
)
_ITEM = _of(
    {
        "sku": _TEXT,
        "name": _TEXT,
        "price": _MINOR,
        "vat": _TEXT,
        "kind": {"enum": ["unit", "weight", "open", "deposit"]},
        "category": {"type": ["string", "null"]},
        "stock": {"type": ["integer", "null"]},
    }
)
_SIGNED_IN = _of({"staff": _TEXT, "name": _TEXT, "role": {"enum": ["lead", "cashier", "door"]}, "csrf": _TEXT})
_NOBODY: list[dict[str, list[str]]] = [{}]


def _call(
    summary: str,
    answer: dict[str, Any] | None = None,
    *,
    status: int = 200,
    kind: str = "application/json",
    **more: Any,
) -> dict[str, Any]:
    good: dict[str, Any] = {"description": summary}
    if answer is not None:
        good["content"] = {kind: {"schema": answer}}
    problem = {"description": "A problem", "content": {"application/problem+json": {"schema": _PROBLEM}}}
    return {"summary": summary, "responses": {str(status): good, "default": problem}, **more}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


_PROBLEM = _of(
    {
        "type": {"enum": [*(f"/problems/{slug}" for slug in PROBLEMS), "about:blank"]},
        "status": _WHOLE,
        "title": _TEXT,
        "detail": _TEXT,
        "remedy": _TEXT,
    },
    *("type", "status", "title", "detail", "remedy"),
)
_LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 0}}
_SALE = {"name": "sale", "in": "path", "required": True, "schema": _TEXT}
_DEVICE = {"name": "name", "in": "path", "required": True, "schema": _TEXT}
_KIT_VERB = {
    "name": "verb",
    "in": "path",
    "required": True,
    "schema": {"enum": ["begin", "ask", "check", "finish", "sheet"]},
}
_KIT_SAID = _of(
    {
        "kit": _TEXT,
        "step": {"enum": list(get_args(StepName))},
        "device": _TEXT,
        "outcome": {"enum": list(get_args(Outcome))},
        "reason": {"enum": list(get_args(Reason))},
    },
    closed=True,
)
_LAST_ID = {"name": "Last-Event-ID", "in": "header", "schema": _WHOLE, "description": "wins over after"}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Boothkit staff API", "version": "1", "description": "Amounts are whole minor units."},
    "servers": [{"url": "/api/v1"}],
    "security": [{"token": []}, {"cookie": [], "csrf": []}],
    "components": {
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "bk_staff"},
            "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
        }
    },
    "paths": {
        "/login": {
            "post": _call(
                "Sign in with a PIN",
                _SIGNED_IN,
                requestBody=_body(_of({"pin": _TEXT}, "pin", closed=True)),
                security=_NOBODY,
            )
        },
        "/logout": {"post": _call("End this sign-in", status=204)},
        "/sales": {
            "post": _call(
                "A paid cart becomes a sale",
                _SALE_ANSWER,
                status=201,
                requestBody=_body(_SALE_ASKED),
                parameters=[_KEY],
            )
        },
        "/receipts": {"get": _call("The receipts that somebody should look at", {"type": "object"})},
        "/sales/{sale}/reprint": {
            "post": _call(
                "One more copy of the receipt, marked DUPLICATE",
                _of({"sale": _TEXT, "copy": _MINOR, "printer": _TEXT}),
                status=201,
                requestBody=_body(_of({"printer": _TEXT}, closed=True)),
                parameters=[_SALE, _KEY],
            )
        },
        "/sales/{sale}/receipt": {
            "post": _call(
                "Whether a person has this copy on paper",
                _of({"sale": _TEXT, "copy": _MINOR, "on_paper": {"type": "boolean"}}),
                requestBody=_body(
                    _of({"copy": _MINOR, "on_paper": {"type": "boolean"}}, "copy", "on_paper", closed=True)
                ),
                parameters=[_SALE, _KEY],
            )
        },
        "/sales/{sale}": {"get": _call("A sale as it was recorded", {"type": "object"}, parameters=[_SALE])},
        "/scans": {
            "post": _call("A verdict", _SCAN_ANSWER, requestBody=_body(_SCAN_ASKED), parameters=[_KEY]),
        },
        "/drawer/open": {
            "post": _call(
                "A drawer starts with its float",
                _of({"drawer": _TEXT, "float": _MINOR}),
                requestBody=_body(_of({"float": _MINOR}, "float", closed=True)),
                parameters=[_KEY],
            )
        },
        "/catalogue": {
            "get": _call(
                "What is for sale and what is left of it",
                _of({"currency": {"type": ["string", "null"]}, "items": _LIST | {"items": _ITEM}}),
            )
        },
        "/kpis": {
            "get": _call("The present event's numbers; unknown is null, with what is missing", {"type": "object"})
        },
        "/status": {"get": _call("Workers, devices, power, journal, uplink", {"type": "object"})},
        "/kit": {
            "get": _call("The newest kit check: its steps, and what is plugged in and not used", {"type": "object"})
        },
        "/kit/{verb}": {
            "post": _call(
                "One thing of a kit check: begin, have a part show that it works, say what became of it, finish, print",
                {"type": "object"},
                requestBody=_body(_KIT_SAID),
                parameters=[_KEY, _KIT_VERB],
            )
        },
        "/devices/{name}/adopt": {
            "post": _call(
                "Take a found device into use under the name that was proposed for it",
                _of({"device": _TEXT, "uri": _TEXT}, "device", "uri"),
                requestBody=_body(_of({"uri": _TEXT}, "uri", closed=True)),
                parameters=[_KEY, _DEVICE],
            )
        },
        "/devices/{name}/drop": {
            "post": _call(
                "Use a device no longer that was taken into use here",
                _of({"device": _TEXT}, "device"),
                parameters=[_KEY, _DEVICE],
            )
        },
        "/facts": {
            "get": _call(
                "Stored facts, one a line; X-Position is the position of the last",
                _TEXT,
                kind="application/x-ndjson",
                parameters=[_AFTER, _LIMIT],
            )
        },
        "/follow": {
            "get": _call(
                "Facts as they come, as server-sent events: id is the position, data the stored body",
                _TEXT,
                kind="text/event-stream",
                parameters=[_AFTER, _LAST_ID],
            )
        },
        "/openapi.json": {"get": _call("This document", {"type": "object"}, security=_NOBODY)},
    },
}


@blueprint.get("/openapi.json")
@auth.open_to_all
def document() -> dict[str, Any]:
    """What is served, for programs."""
    return DOCUMENT
