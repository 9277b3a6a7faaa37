"""Asking the steward: one frame out, one back, over a connection of its own each time; its verbs are rare."""

from pathlib import Path
from typing import Any

from appliance.errors import BoothkitError, Problem
from appliance.language import N_
from appliance.services import verbs

SOCKET = "steward/steward.sock"
"""Of the run folder."""
TIMEOUT_S = 4.0
"""Below half of the ten seconds that a worker may be silent."""
PAGE_S = 2.5
"""Below the 3 s after which a tablet gives up waiting."""


class StewardDown(BoothkitError):
    """No steward answers; what was asked for was not done, as far as is known."""

    remedy = "Wait: the box restarts its steward by itself. To switch the box off by hand, hold its power button."


def ask(run: Path, verb: str, data: dict[str, Any] | None = None, *, timeout: float = TIMEOUT_S) -> dict[str, Any]:
    """Have a verb (`power.off`, `clock.set`, …) carried out; the steward's answer.

    Raises Problem with the steward's refusal (`role`: not for this user, `not-privileged`: not on this machine),
    StewardDown when nobody answers within `timeout` seconds.
    """
    try:
        return verbs.ask(run / SOCKET, verb, data, timeout)
    except verbs.Silent as error:
        raise StewardDown(f"no steward answers: {error}") from error


def ask_for_page(run: Path, verb: str, data: dict[str, Any]) -> dict[str, Any]:
    """``ask`` for somebody who waits before a page: a steward that does not answer is a Problem, ``busy``."""
    try:
        return ask(run, verb, data, timeout=PAGE_S)
    except StewardDown as error:
        raise Problem("busy", str(error), N_("The box restarts what did not answer. Try again in a minute.")) from error
