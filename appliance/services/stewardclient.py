"""Asking the steward: one frame out, one back, over a connection of its own each time; its verbs are rare."""

import socket
from pathlib import Path
from typing import Any

from appliance.errors import BoothkitError, Problem
from appliance.ids import new_id
from appliance.journal import wire

SOCKET = "steward/steward.sock"
"""Of the run folder."""
TIMEOUT_S = 4.0
"""Below half of the ten seconds that a worker may be silent."""


class StewardDown(BoothkitError):
    """No steward answers; what was asked for was not done, as far as is known."""

    remedy = "Wait: the box restarts its steward by itself. To switch the box off by hand, hold its power button."


def ask(run: Path, verb: str, data: dict[str, Any] | None = None, *, timeout: float = TIMEOUT_S) -> dict[str, Any]:
    """Have a verb (`power.off`, `clock.set`, …) carried out; the steward's answer.

    Raises Problem with the steward's refusal (`role`: not for this user, `not-privileged`: not on this machine),
    StewardDown when nobody answers within `timeout` seconds.
    """
    path = run / SOCKET
    frame = wire.pack({"id": new_id("v-", 6), "verb": verb, "data": data or {}})
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC) as link:
        link.settimeout(timeout)
        try:
            link.connect(str(path))
            link.send(frame)
            reply = wire.unpack(link.recv(wire.MAX_FRAME + 1))
        except TimeoutError as error:
            raise StewardDown(f"the steward at {path} did not answer in {timeout:g} s") from error
        except (OSError, wire.BadFrame) as error:
            raise StewardDown(f"no steward answers at {path}: {error}") from error
    if reply.get("ok") is not True:
        refusal = dict(reply.get("refusal") or {})
        slug, detail = str(refusal.pop("slug", "internal")), str(refusal.pop("detail", "no reason given"))
        raise Problem(slug, detail, str(refusal.pop("remedy", "")), **refusal)
    answer = reply.get("answer")
    return answer if isinstance(answer, dict) else {}
