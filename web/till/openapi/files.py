"""Files of ticket shops."""

from typing import Any

from appliance.files.codes import LARGEST, ROLES
from web.till.openapi.shapes import KEY, LIST, MINOR, TEXT, WHOLE, body, call, of

_FILE = {"name": "file", "in": "path", "required": True, "schema": TEXT}
_NAME = {"name": "name", "in": "query", "description": "of the file, as it is shown", "schema": TEXT}
_TEXTS = LIST | {"items": TEXT}
_COLUMNS = of(dict.fromkeys(ROLES, _TEXTS), closed=True)
_LOOKED_AT = of(
    {
        "file": TEXT,
        "name": TEXT,
        "rows": WHOLE,
        "encoding": TEXT,
        "delimiter": TEXT,
        "headings": _TEXTS,
        "guess": _COLUMNS,
        "sample": LIST | {"items": _TEXTS, "description": "the first five rows, each cell at most 80 characters"},
    },
    *("file", "name", "rows", "encoding", "delimiter", "headings", "guess", "sample"),
)
_ASKED = of({"list": TEXT, "columns": _COLUMNS, "part": WHOLE | {"minimum": 1}}, "list", "columns", "part", closed=True)
_SUMS = of(
    {
        **{name: MINOR | {"description": "tickets so far"} for name in ("imported", "known", "changed")},
        "left_out": WHOLE,
        "faults": LIST | {"maxItems": 100, "items": of({"line": WHOLE, "why": TEXT, "remedy": TEXT})},
        "line": WHOLE,
        "rows": WHOLE,
        "next": {"type": ["integer", "null"], "description": "the part to ask for now; null: all is done"},
    },
    *("imported", "known", "changed", "left_out", "faults", "line", "rows", "next"),
)
_RAW = {"required": True, "content": {"application/octet-stream": {"schema": TEXT | {"maxLength": LARGEST}}}}

PATHS: dict[str, Any] = {
    "/tickets/files": {
        "post": call(
            "What a file is, and what its columns may be",
            _LOOKED_AT,
            status=201,
            requestBody=_RAW,
            parameters=[KEY, _NAME],
        ),
    },
    "/tickets/files/{file}": {"delete": call("The file is forgotten", status=204, parameters=[_FILE])},
    "/tickets/files/{file}/import": {
        "post": call(
            "As many tickets as half a second allows; the same part again gives the same answer",
            _SUMS,
            requestBody=body(_ASKED),
            parameters=[_FILE, KEY],
        ),
    },
}
