"""The policy."""

from typing import Any, get_args

from appliance.domain.policy import Section, Source, Why
from web.till.openapi.shapes import KEY, LIST, TEXT, WHOLE, body, call, of

_BOOL = {"type": "boolean"}
_KINDS = LIST | {"items": {"enum": [*get_args(Section)]}}
_NOW = of(
    {"version": WHOLE, "since": TEXT, "expires": TEXT, "expired": _BOOL, "scope": TEXT},
    *("version", "since", "expires", "expired", "scope"),
)
_SEEN = of(
    {
        "pos": WHOLE,
        "at": TEXT,
        "version": WHOLE,
        "applied": _BOOL,
        "reason": {"enum": [None, *get_args(Why)]},
        "source": {"enum": [*get_args(Source)]},
        "kinds": _KINDS,
    },
    *("pos", "at", "version", "applied", "reason", "source", "kinds"),
)
_ANSWER = of(
    {
        "applied": _BOOL,
        "already": _BOOL | {"description": "this very one was in force"},
        "version": WHOLE | {"description": "of the bundle; 0 when central did not sign it"},
        "kinds": _KINDS,
        "items": WHOLE | {"description": "how many changed or went"},
        "revoked": WHOLE | {"description": "tickets that were not revoked before"},
        "reason": {"enum": [*get_args(Why)], "description": "why it is refused"},
        "detail": TEXT,
        "remedy": TEXT,
        "present": WHOLE | {"description": "the version that stays in force; 0 = none"},
        "pos": WHOLE,
    },
    *("applied", "version"),
)

PATHS: dict[str, Any] = {
    "/policy": {
        "get": call(
            "The policy in force, its guardrails, what became of the last bundles; for the lead",
            of(
                {
                    "policy": {"oneOf": [{"type": "null"}, _NOW]},
                    "guardrails": {"type": "object"},
                    "history": LIST | {"items": _SEEN},
                },
                *("policy", "guardrails", "history"),
            ),
        ),
        "post": call(
            "Apply a signed policy, all or nothing; one that is refused changes nothing, and the answer says why",
            _ANSWER,
            requestBody=body(of({"note": TEXT}, "note", closed=True)),
            parameters=[KEY],
        ),
    },
}
