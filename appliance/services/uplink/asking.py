"""How the uplink asks the recorder."""

from typing import Any

from appliance.errors import Problem, RecorderDown
from appliance.journal.client import RecorderClient


def ask(recorder: RecorderClient, command: str, data: dict[str, Any], ident: str) -> dict[str, Any]:
    """Its answer. RecorderDown: there is none, or it has no time or room now; the same may be asked again. Problem: it
    refused."""
    try:
        return recorder.send(command, data, actor="box:uplink", id=ident).answer
    except Problem as problem:
        if problem.later:
            raise RecorderDown(problem.detail, remedy=problem.remedy) from problem
        raise
