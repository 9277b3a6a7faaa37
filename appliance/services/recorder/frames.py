"""What every frame has, whatever it asks for."""

import re
from typing import TYPE_CHECKING, Any

from appliance.errors import invalid

if TYPE_CHECKING:
    from appliance.services.recorder.engine import Request

_IDENTITY = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_ACTOR = re.compile(r"[a-z]{1,12}:[A-Za-z0-9._-]{1,60}")


def well_formed(request: "Request") -> tuple[str, str, dict[str, Any]]:
    """Identity, actor and data; raises ``validation``."""
    if not isinstance(request.id, str) or not _IDENTITY.fullmatch(request.id):
        raise invalid("id: wants 1 to 80 of letters, digits and _ . : -")
    if not isinstance(request.actor, str) or not _ACTOR.fullmatch(request.actor):
        raise invalid("actor: wants role:name, such as staff:s1")
    if not isinstance(request.data, dict) or not isinstance(request.command, str):
        raise invalid("a frame has command (text) and data (object)")
    return request.id, request.actor, request.data
