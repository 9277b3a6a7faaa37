"""Scans, tickets, lists, gates."""

from typing import Any, get_args

from appliance.domain.doorrules import Reason
from appliance.domain.lists import AnswerKind, Direction, Entry
from appliance.domain.tickets import Mark
from web.till.openapi.shapes import KEY, LIST, TEXT, WHOLE, body, call, of

_OR_NONE: dict[str, Any] = {"type": ["string", "null"]}
_TEXTS = LIST | {"items": TEXT}
_DIRECTION = {"enum": [*get_args(Direction)]}
_ENTRY = {"enum": [*get_args(Entry)]}
_SCAN_ASKED = of(
    {
        "code": TEXT,
        "ticket": TEXT | {"description": "in place of a code: a ticket that was found by name"},
        "list": TEXT,
        "direction": _DIRECTION | {"description": "default: that of the gate"},
        "gate": TEXT,
        "answers": {"type": "object", "additionalProperties": TEXT, "description": "to the list's questions"},
        "reason": TEXT | {"description": "why the lead lets somebody in against the rules"},
        "approver_pin": TEXT | {"description": "a lead's, when no lead is signed in"},
        "approval": TEXT | {"description": "of POST /approvals, in place of approver_pin"},
    },
    closed=True,
)
_ERASED = {"type": "boolean", "description": "what was known of the guest is gone for good"}
_VERDICTS = ["admitted", "refused", "exited", "badge_ok", "badge_refused", "quote", "token"]
_SCAN_ANSWER = of(
    {
        "scan": TEXT,
        "verdict": {"enum": _VERDICTS},
        "reason": {"enum": [*get_args(Reason), None]},
        "overruled": {"enum": [*get_args(Reason), None], "description": "the rule that the lead overruled"},
        "forcible": {"type": "boolean", "description": "whether a lead may let this guest in all the same"},
        "ticket": _OR_NONE,
        "holder": _OR_NONE,
        "order": _OR_NONE,
        "note": _OR_NONE,
        "includes": _TEXTS,
        "erased": _ERASED,
        "product": _OR_NONE,
        "session": _OR_NONE,
        "list": TEXT,
        "gate": TEXT,
        "direction": _DIRECTION,
        "entry": {"enum": [*get_args(Entry), None]},
        "entries": WHOLE | {"description": "before this scan"},
        "at": TEXT | {"format": "date-time"},
        "first": of({"at": TEXT, "gate": TEXT, "box": TEXT}),
        "crowd": WHOLE | {"description": "people inside over all lists, when they are as many as the policy allows"},
        "policy": WHOLE | {"description": "the version that sets this limit"},
        "questions": LIST
        | {"items": of({"question": TEXT, "text": TEXT, "answer": {"enum": [*get_args(AnswerKind)]}})},
        "valid_from": WHOLE | {"description": "Unix seconds"},
        "valid_until": WHOLE | {"description": "Unix seconds"},
        "time_checked": {"type": "boolean"},
        "pos": WHOLE,
    },
    *("scan", "verdict", "reason", "ticket", "holder", "list", "at", "time_checked", "pos"),
)
_TICKET = of(
    {
        "ticket": TEXT,
        "holder": _OR_NONE,
        "order": _OR_NONE,
        "note": _OR_NONE,
        "includes": _TEXTS,
        "erased": _ERASED,
        "product": _OR_NONE,
        "session": _OR_NONE,
        "marks": LIST | {"items": {"enum": ["pending", "cancelled", "blocked", "revoked"]}},
        "lists": LIST | {"items": of({"list": TEXT, "entries": WHOLE, "inside": {"type": "boolean"}})},
    },
    *("ticket", "marks", "lists"),
)
_DEFINITION = {
    "list": TEXT,
    "entry": _ENTRY,
    "products": _TEXTS,
    "sessions": _TEXTS,
    "capacity": {"type": ["integer", "null"], "minimum": 0, "description": "0: no limit"},
    "pending": {"type": "boolean"},
    "questions": LIST | {"items": of({"text": TEXT, "answer": {"enum": [*get_args(AnswerKind)]}}, "text")},
}
_GATE = of({"gate": TEXT, "lists": _TEXTS, "direction": _DIRECTION}, "gate", closed=True)
_COUNTS = dict.fromkeys(("total", "admitted", "inside", "refused"), WHOLE)


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": TEXT}


PATHS: dict[str, Any] = {
    "/scans": {"post": call("A verdict", _SCAN_ANSWER, requestBody=body(_SCAN_ASKED), parameters=[KEY])},
    "/scans/{scan}/undo": {
        "post": call(
            "Within ten seconds: nobody went in or out with this scan",
            of({"scan": TEXT}),
            parameters=[_path("scan"), KEY],
        )
    },
    "/tickets": {
        "get": call(
            "Tickets by their holder's name or their order",
            of({"tickets": LIST | {"items": _TICKET}}),
            parameters=[{"name": "q", "in": "query", "schema": TEXT}],
        )
    },
    "/tickets/{ticket}": {"get": call("What is known of a ticket", _TICKET, parameters=[_path("ticket")])},
    "/tickets/mark": {
        "post": call(
            "What is said of tickets from now on",
            of({"mark": TEXT, "tickets": WHOLE}),
            requestBody=body(
                of({"mark": {"enum": [*get_args(Mark)]}, "tickets": _TEXTS, "codes": _TEXTS}, "mark", closed=True)
            ),
            parameters=[KEY],
        )
    },
    "/lists": {
        "get": call(
            "Check-in lists with their counts, and gates",
            of({"lists": LIST | {"items": of(_DEFINITION | _COUNTS)}, "gates": LIST | {"items": _GATE}}),
        ),
        "post": call(
            "A list appears, or what is named of it changes",
            of({"list": TEXT}),
            requestBody=body(of(_DEFINITION, "list", closed=True)),
            parameters=[KEY],
        ),
    },
    "/gates": {
        "post": call(
            "Which lists a gate lets in, and which way people go there",
            of({"gate": TEXT}),
            requestBody=body(_GATE),
            parameters=[KEY],
        )
    },
}
