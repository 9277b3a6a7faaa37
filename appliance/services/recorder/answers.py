"""What goes back over a socket, and what of it is remembered."""

from typing import Any

from appliance.errors import Problem
from appliance.journal.keys import BoxKeys

Reply = dict[str, Any]

CLAIM = "claim"
"""In a remembered answer: whose claim code belongs into each reply. The code itself is never remembered."""


def whole(ident: str, outcome: Reply, keys: BoxKeys) -> Reply:
    """The reply of an outcome, the first time and each time that it is asked for again."""
    reply = {"id": ident, **outcome}
    if (guest := reply.pop(CLAIM, None)) is not None:
        reply["answer"] = {**reply["answer"], "claim_code": keys.claim_code(guest)}
    return reply


def failure(ident: Any, problem: Problem) -> Reply:
    """The reply that carries a problem."""
    return {
        "id": ident if isinstance(ident, str) else "",
        "ok": False,
        "refusal": {**problem.as_dict(), "keeps": problem.keeps},
        "positions": None,
    }
