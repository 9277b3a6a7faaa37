"""The cash drawers and their reports, and the tasks of those that were left open."""

from typing import Any, get_args

from appliance.domain.books import VarianceReason
from appliance.domain.drawer import MAX_NOTE, MoveReason, NoSaleReason
from appliance.domain.tasks import TaskKind
from web.till.openapi.sales import APPROVAL
from web.till.openapi.shapes import KEY, LIST, MINOR, TEXT, WHOLE, body, call, of

_NUMBER = {"type": ["integer", "null"], "description": "minor units; null until the drawer is counted"}
_FIGURE = of({"count": WHOLE, "amount": WHOLE}, "count", "amount")
_WHICH = TEXT | {"description": "id or name; default: one's own, else the only one that is open"}
_NOTE = TEXT | {"maxLength": MAX_NOTE, "description": "erasable, never in the journal"}
_APPROVED = {
    "approver_pin": TEXT | {"description": "a lead's, where the policy leaves this to the lead"},
    "approval": APPROVAL,
}
_TRAINING = {"type": "boolean", "description": "absent = not"}
_NAMED = {"drawer": TEXT, "name": TEXT, "training": _TRAINING}
_REPORT = of(
    {
        **_NAMED,
        "z": {"type": ["string", "null"], "pattern": "^[0-9]+-[0-9]+$"},
        "currency": TEXT,
        "opened_at": TEXT,
        "opened_by": TEXT,
        "sales": _FIGURE | {"description": "less those that were voided"},
        "refunds": _FIGURE,
        "turnover": WHOLE,
        "rounding": WHOLE,
        "vat": LIST | {"items": of({"rate": TEXT, "net": WHOLE, "tax": WHOLE, "gross": WHOLE})},
        "tenders": {
            "type": ["array", "null"],
            "items": of({"kind": TEXT, "amount": WHOLE}),
            "description": "less what was given back; null until the drawer is counted",
        },
        "float": MINOR,
        "cash": _NUMBER,
        "moves": LIST | {"items": of({"reason": {"enum": [*get_args(MoveReason)]}, "count": WHOLE, "amount": WHOLE})},
        "expected": _NUMBER,
        "counted": _NUMBER,
        "variance": _NUMBER,
        "voids": _FIGURE,
        "late": _FIGURE | {"description": "cash of sales that were rung up for a drawer that had its Z by then"},
        "unknown": _FIGURE | {"description": "card payments in tenders whose outcome is not known"},
        "no_sales": WHOLE,
        "reprints": WHOLE,
        "counts": WHOLE,
        "receipts": of(
            {
                "count": WHOLE,
                "first": {"type": ["string", "null"]},
                "last": {"type": ["string", "null"]},
                "logs": LIST | {"items": WHOLE},
                "missing": WHOLE | {"description": "numbers of these logs that are nowhere in the journal"},
            }
        ),
        "log": WHOLE,
        "log_size": WHOLE,
        "missing": LIST | {"items": TEXT, "description": "[count] while the drawer is not counted, or no longer"},
    },
    *("drawer", "z", "expected", "counted", "variance", "sales", "tenders", "vat"),
)
_SLIP = {"slip": TEXT, "copy": MINOR, "printer": TEXT}
_PRINTER = TEXT | {"description": "default: the receipts'"}
_Z = {"name": "z", "in": "path", "required": True, "schema": TEXT}
_TASK = {"name": "task", "in": "path", "required": True, "schema": TEXT}
_OPEN = of({**_NAMED, "by": TEXT, "at": TEXT, "counted": {"type": "boolean"}})
_CLOSED = of({"z": TEXT, **_NAMED, "at": TEXT, "by": TEXT, "turnover": WHOLE, "variance": WHOLE})


def _reason(kind: Any) -> dict[str, Any]:
    words = [*get_args(kind)]
    return TEXT | {"description": f"{', '.join(words)}; anything else is a note, for the reason other"}


PATHS: dict[str, Any] = {
    "/drawers": {
        "get": call(
            "Which drawers are open, whose, since when; and the present event's Z reports",
            of({"drawers": LIST | {"items": _OPEN}, "closed": LIST | {"items": _CLOSED}}, "drawers", "closed"),
        )
    },
    "/drawer/open": {
        "post": call(
            "A drawer starts with its float",
            of({**_NAMED, "float": MINOR}),
            requestBody=body(
                of(
                    {
                        "float": MINOR,
                        "name": TEXT | {"maxLength": 20, "description": "default: the lowest free number"},
                        "training": {"type": "boolean", "default": False, "description": "also before the event opens"},
                    },
                    "float",
                    closed=True,
                )
            ),
            parameters=[KEY],
        )
    },
    "/drawer/count": {
        "post": call(
            "What is in the drawer; the answer says what should be",
            _REPORT,
            requestBody=body(
                of(
                    {
                        "coins": {
                            "type": "object",
                            "additionalProperties": MINOR | {"description": "how many"},
                            "description": "by denomination in minor units",
                        },
                        "drawer": _WHICH,
                    },
                    "coins",
                    closed=True,
                )
            ),
            parameters=[KEY],
        )
    },
    "/drawer/move": {
        "post": call(
            "Cash in or out without a sale",
            of({**_NAMED, "amount": WHOLE, "reason": TEXT}),
            requestBody=body(
                of(
                    {
                        "amount": WHOLE | {"description": "minor units: positive in, negative out"},
                        "reason": _reason(MoveReason),
                        "drawer": _WHICH,
                        "note": _NOTE,
                        **_APPROVED,
                    },
                    "amount",
                    "reason",
                    closed=True,
                )
            ),
            parameters=[KEY],
        )
    },
    "/drawer/no-sale": {
        "post": call(
            "The drawer opens, and that is on record",
            of({**_NAMED, "reason": TEXT}),
            requestBody=body(
                of(
                    {"reason": _reason(NoSaleReason), "drawer": _WHICH, "note": _NOTE, **_APPROVED},
                    "reason",
                    closed=True,
                )
            ),
            parameters=[KEY],
        )
    },
    "/drawer/close": {
        "post": call(
            "The Z report of a drawer that is counted",
            _REPORT,
            requestBody={
                **body(of({"reason": _reason(VarianceReason), "drawer": _WHICH, "note": _NOTE}, closed=True)),
                "required": False,
            },
            parameters=[KEY],
        )
    },
    "/drawer/x": {
        "get": call(
            "The X report: the same calculation, now",
            _REPORT,
            problems=(409,),
            parameters=[{"name": "drawer", "in": "query", "schema": _WHICH}],
        ),
        "post": call(
            "An X report on paper",
            of({"drawer": TEXT, "slip": TEXT, "printer": TEXT}),
            status=201,
            requestBody={**body(of({"drawer": _WHICH, "printer": _PRINTER}, closed=True)), "required": False},
            parameters=[KEY],
        ),
    },
    "/drawer/z/{z}": {"get": call("A Z report as it was recorded", _REPORT, parameters=[_Z])},
    "/drawer/z/{z}/reprint": {
        "post": call(
            "One more copy of a Z report, marked DUPLICATE unless it is the first",
            of({"z": TEXT, **_SLIP}),
            status=201,
            requestBody={**body(of({"printer": _PRINTER}, closed=True)), "required": False},
            parameters=[_Z, KEY],
        )
    },
    "/tasks": {
        "get": call(
            "Tasks that wait for a person",
            of(
                {
                    "tasks": LIST
                    | {
                        "items": of(
                            {"task": TEXT, "kind": {"enum": [*get_args(TaskKind)]}, "about": TEXT, "at": TEXT},
                        )
                    }
                },
                "tasks",
            ),
        )
    },
    "/tasks/{task}/done": {
        "post": call(
            "A person says that it is done",
            of({"task": TEXT, "done": {"type": "boolean"}}),
            parameters=[_TASK, KEY],
        )
    },
}
