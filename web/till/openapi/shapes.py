"""What the OpenAPI documents of the API's parts are made of."""

from typing import Any

from web.common.problems import PROBLEMS

KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Made up by the caller, the same again on a retry: the first answer comes back.",
    "schema": {"type": "string", "pattern": '^"?[A-Za-z0-9_.:-]{1,80}"?$'},
}


def of(properties: dict[str, Any], *required: str, closed: bool = False) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": list(required)}
    return schema | ({"additionalProperties": False} if closed else {})


TEXT: dict[str, Any] = {"type": "string"}
WHOLE: dict[str, Any] = {"type": "integer"}
MINOR: dict[str, Any] = {"type": "integer", "minimum": 0, "description": "minor units"}
LIST = {"type": "array"}


def call(
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
    problem = {"description": "A problem", "content": {"application/problem+json": {"schema": PROBLEM}}}
    return {"summary": summary, "responses": {str(status): good, "default": problem}, **more}


def body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


PROBLEM = of(
    {
        "type": {"enum": [*(f"/problems/{slug}" for slug in PROBLEMS), "about:blank"]},
        "status": WHOLE,
        "title": TEXT,
        "detail": TEXT,
        "remedy": TEXT,
    },
    *("type", "status", "title", "detail", "remedy"),
)
