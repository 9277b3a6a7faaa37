"""Asking the footfall worker what a camera sees, and trying lines and zones there before they count."""

from pathlib import Path
from typing import Any

from appliance.errors import BoothkitError
from appliance.services import verbs

SOCKET = "footfall/ask.sock"
"""Of the run folder."""


class FootfallDown(BoothkitError):
    """No footfall worker answers; what was asked for was not done, as far as is known."""

    remedy = "Wait: the box restarts its footfall worker by itself."


def ask(run: Path, verb: str, data: dict[str, Any], *, timeout: float) -> dict[str, Any]:
    """`look`, `try` or `tally`; the worker's answer (appliance/services/footfall/asking.py).

    Raises Problem with the worker's refusal, FootfallDown when nobody answers within `timeout` seconds.
    """
    try:
        return verbs.ask(run / SOCKET, verb, data, timeout)
    except verbs.Silent as error:
        raise FootfallDown(f"no footfall worker answers: {error}") from error
