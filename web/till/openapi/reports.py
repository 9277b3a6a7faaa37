"""The reports of what was sold, and the books as files."""

from typing import Any, get_args

from appliance.domain.reports import By
from web.till.openapi.shapes import LIST, MINOR, TEXT, WHOLE, call, of

_TRAINING = {"type": "boolean", "description": "absent = not; its turnover is in no row"}
_EVENT = {"name": "event", "in": "query", "description": "default: the present one", "schema": TEXT}
_DATE = {
    "name": "date",
    "in": "query",
    "description": "one day of the event's own calendar; default: all",
    "schema": TEXT | {"format": "date"},
}
_BY = {"name": "by", "in": "query", "required": True, "schema": {"enum": [*get_args(By)]}}
_COUNTS = {
    "n": WHOLE | {"description": "sales, less those that were voided"},
    "refunds": MINOR | {"description": "how many"},
}
_FIGURES = {**_COUNTS, "gross": WHOLE, "net": WHOLE, "tax": WHOLE}
_ROW = of(
    {
        "sku": TEXT,
        "name": TEXT,
        "qty": WHOLE | {"description": "pieces or grams, less those that came back"},
        "unit": {"enum": ["piece", "gram"]},
        "hour": TEXT | {"format": "date-time", "description": "when it began, on the event's own clock"},
        "cashier": TEXT | {"description": "the actor, as facts name it"},
        "tender": TEXT,
        "amount": WHOLE | {"description": "of a tender: what was taken less what was given back, cash without change"},
        "vat": TEXT,
        "category": {"type": ["string", "null"]},
        **_FIGURES,
    },
    *("n", "refunds"),
)
_Z = of(
    {
        "z": TEXT,
        "drawer": TEXT,
        "name": TEXT,
        "at": TEXT,
        "by": TEXT,
        "turnover": WHOLE,
        "variance": WHOLE,
        "training": _TRAINING,
    }
)
_REPORT = of(
    {
        "event": TEXT,
        "by": _BY["schema"],
        "currency": TEXT,
        "rows": LIST | {"items": _ROW},
        "total": of({**_FIGURES, "rounding": WHOLE, "amount": WHOLE}, *_FIGURES, "rounding", "amount"),
        "zs": LIST | {"items": _Z, "description": "of this event, newest first"},
        "open": LIST | {"items": of({"drawer": TEXT, "name": TEXT, "turnover": WHOLE, "training": _TRAINING})},
    },
    *("event", "by", "currency", "rows", "total", "zs", "open"),
)

PATHS: dict[str, Any] = {
    "/reports/sales": {
        "get": call(
            "What was sold, by item, hour, cashier, tender, VAT rate or category; for the lead",
            _REPORT,
            parameters=[_BY, _EVENT],
            problems=(404,),
        )
    },
    "/export/day.zip": {
        "get": call(
            "The books as CSV files, named as in DSFinV-K; for the lead",
            TEXT | {"contentMediaType": "application/zip"},
            kind="application/zip",
            parameters=[_EVENT, _DATE],
            problems=(404,),
        )
    },
    "/export/day.ndjson": {
        "get": call(
            "The event's facts as they were stored, one a line; for the lead",
            TEXT,
            kind="application/x-ndjson",
            parameters=[_EVENT, _DATE],
            problems=(404,),
        )
    },
}
