"""What the OpenAPI documents of the API's parts are made of."""

from collections.abc import Iterator
from typing import Any

from web.common.body import LARGEST
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
WHOLE: dict[str, Any] = {"type": "integer", "minimum": -LARGEST, "maximum": LARGEST}
MINOR: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": LARGEST, "description": "minor units"}
LIST = {"type": "array"}

_PINS = {"pin", "approver_pin"}
"""Wrong ones are counted, and then none is taken for a while."""


def call(
    summary: str,
    answer: dict[str, Any] | None = None,
    *,
    status: int = 200,
    kind: str = "application/json",
    problems: tuple[int, ...] = (),
    **more: Any,
) -> dict[str, Any]:
    """``problems``: statuses beside those that follow from what the call takes."""
    good: dict[str, Any] = {"description": summary}
    if answer is not None:
        good["content"] = {kind: {"schema": answer}}
    bad = sorted({*_problems(**more), *problems})
    return {"summary": summary, "responses": {str(status): good} | {str(one): _problem(one) for one in bad}, **more}


def _problems(
    parameters: list[dict[str, Any]] | None = None,
    requestBody: dict[str, Any] | None = None,
    security: list[dict[str, list[str]]] | None = None,
) -> Iterator[int]:
    """What may be wrong with a call that takes these."""
    places = {parameter["in"] for parameter in parameters or ()}
    if security is None:
        yield from (401, 403, 503)
    if "path" in places:
        yield 404
    if places & {"query", "header"}:
        yield 422
    if KEY in (parameters or ()):
        yield from (400, 404, 409, 507)
    if requestBody is not None:
        yield from (401, 403, 413, 422, 503)
        for media in requestBody["content"].values():
            if _PINS & set(media["schema"].get("properties", ())):
                yield 429


def _problem(status: int) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{'later' if status in (429, 503) else 'problem'}"}


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
_BODY = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/problem"}}}
_WAIT = {"description": "seconds", "schema": {"type": "integer", "minimum": 0}}
COMPONENTS: dict[str, Any] = {
    "schemas": {"problem": PROBLEM},
    "responses": {
        "problem": {"description": "A problem: type says which, remedy what to do", "content": _BODY},
        "later": {
            "description": "A problem that passes; the same request may be sent again",
            "headers": {"Retry-After": _WAIT},
            "content": _BODY,
        },
    },
}
