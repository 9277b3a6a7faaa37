"""The API's own description, OpenAPI 3.1, kept by hand; a test compares its calls with those that are served."""

from typing import Any, get_args

from flask import Blueprint

from appliance.domain.catalogue import ItemKind
from appliance.domain.disk import DiskLevel
from appliance.domain.kit import Outcome, Reason
from appliance.domain.kitplan import StepName
from web.till import auth
from web.till.openapi import (
    carts,
    clock,
    door,
    drawer,
    files,
    footfall,
    occupancy,
    people,
    policy,
    refunds,
    reports,
    sales,
)
from web.till.openapi.shapes import COMPONENTS, KEY, LIST, MINOR, TEXT, WHOLE, body, call, of

blueprint = Blueprint("api_openapi", __name__)

_AFTER = {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0, "default": 0}}


_ITEM = of(
    {
        "sku": TEXT,
        "name": TEXT,
        "price": MINOR,
        "vat": {"type": ["string", "null"], "description": "a bundle has those of its parts"},
        "kind": {"enum": [*get_args(ItemKind)]},
        "category": {"type": ["string", "null"]},
        "stock": {"type": ["integer", "null"], "description": "what is left; of a bundle how many can be made of it"},
        "vat_takeaway": TEXT | {"description": "when it is taken away, if that differs"},
        "group": TEXT | {"description": "what variants of one thing have in common"},
        "min_age": WHOLE | {"minimum": 1, "description": "years; the sale says that an ID was seen"},
        "contains": LIST | {"items": of({"sku": TEXT, "qty": WHOLE}, "sku", "qty"), "description": "of a bundle"},
    }
)
_DISK = of(
    {
        "free": {"type": ["integer", "null"], "description": "bytes that the box can still write"},
        "level": {"enum": [*get_args(DiskLevel), None], "description": "full and reserve: nothing new is taken"},
        "days_left": {"type": ["number", "null"], "description": "at the present pace, at most 365"},
        "missing": LIST | {"items": TEXT, "description": "why days_left is null"},
        "reserve": {"enum": ["kept", "in use", "missing", None], "description": "the room for closing the event"},
    },
    *("free", "level", "days_left", "reserve"),
)
_SIGNED_IN = of({"staff": TEXT, "name": TEXT, "role": {"enum": ["lead", "cashier", "door"]}, "csrf": TEXT})
_NOBODY: list[dict[str, list[str]]] = [{}]


_LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 0}}
_TICKET = {"name": "ticket", "in": "path", "required": True, "schema": TEXT}
_DEVICE = {"name": "name", "in": "path", "required": True, "schema": TEXT}
_KIT_VERB = {
    "name": "verb",
    "in": "path",
    "required": True,
    "schema": {"enum": ["begin", "ask", "check", "finish", "sheet"]},
}
_KIT_SAID = of(
    {
        "kit": TEXT,
        "step": {"enum": list(get_args(StepName))},
        "device": TEXT,
        "outcome": {"enum": list(get_args(Outcome))},
        "reason": {"enum": list(get_args(Reason))},
    },
    closed=True,
)
_LAST_ID = {"name": "Last-Event-ID", "in": "header", "schema": WHOLE, "description": "wins over after"}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Boothkit staff API", "version": "1", "description": "Amounts are whole minor units."},
    "servers": [{"url": "/api/v1"}],
    "security": [{"token": []}, {"cookie": [], "csrf": []}],
    "components": {
        **COMPONENTS,
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "bk_staff"},
            "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
        },
    },
    "paths": {
        **carts.PATHS,
        **clock.PATHS,
        **door.PATHS,
        **drawer.PATHS,
        **files.PATHS,
        **footfall.PATHS,
        **occupancy.PATHS,
        **people.PATHS,
        **policy.PATHS,
        **refunds.PATHS,
        **reports.PATHS,
        **sales.PATHS,
        "/login": {
            "post": call(
                "Sign in with a PIN",
                _SIGNED_IN,
                requestBody=body(of({"pin": TEXT}, "pin", closed=True)),
                security=_NOBODY,
            )
        },
        "/logout": {"post": call("End this sign-in", status=204)},
        "/tickets/{ticket}/print": {
            "post": call(
                "One more copy of a ticket that this box issued, marked DUPLICATE unless it is the first",
                of({"ticket": TEXT, "slip": TEXT, "copy": MINOR, "printer": TEXT}),
                status=201,
                requestBody=body(of({"printer": TEXT}, closed=True)),
                parameters=[_TICKET, KEY],
            )
        },
        "/catalogue": {
            "get": call(
                "What is for sale and what is left of it",
                of({"currency": {"type": ["string", "null"]}, "items": LIST | {"items": _ITEM}}),
            )
        },
        "/kpis": {
            "get": call("The present event's numbers; unknown is null, with what is missing", {"type": "object"})
        },
        "/status": {
            "get": call(
                "Workers, devices, power, the card, journal, uplink", {"type": "object", "properties": {"disk": _DISK}}
            )
        },
        "/kit": {
            "get": call("The newest kit check: its steps, and what is plugged in and not used", {"type": "object"})
        },
        "/kit/{verb}": {
            "post": call(
                "One thing of a kit check: begin, have a part show that it works, say what became of it, finish, print",
                {"type": "object"},
                requestBody=body(_KIT_SAID),
                parameters=[KEY, _KIT_VERB],
            )
        },
        "/devices/{name}/adopt": {
            "post": call(
                "Take a found device into use under the name that was proposed for it",
                of({"device": TEXT, "uri": TEXT}, "device", "uri"),
                requestBody=body(of({"uri": TEXT}, "uri", closed=True)),
                parameters=[KEY, _DEVICE],
            )
        },
        "/devices/{name}/drop": {
            "post": call(
                "Use a device no longer that was taken into use here",
                of({"device": TEXT}, "device"),
                parameters=[KEY, _DEVICE],
            )
        },
        "/facts": {
            "get": call(
                "Stored facts, one a line; X-Position is the position of the last",
                TEXT,
                kind="application/x-ndjson",
                parameters=[_AFTER, _LIMIT],
            )
        },
        "/follow": {
            "get": call(
                "Facts as they come, as server-sent events: id is the position, data the stored body",
                TEXT,
                kind="text/event-stream",
                parameters=[_AFTER, _LAST_ID],
            )
        },
        # 403: a device that is not paired, on the guests' air; there nothing answers it.
        "/openapi.json": {"get": call("This document", {"type": "object"}, security=_NOBODY, problems=(403,))},
    },
}


@blueprint.get("/openapi.json")
@auth.open_to_all
def document() -> dict[str, Any]:
    """What is served, for programs."""
    return DOCUMENT
