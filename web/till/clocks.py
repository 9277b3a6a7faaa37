"""The box's clock, as the lead sees and sets it."""

from typing import Any

from appliance.clock import EARLIEST_MS, LATEST_MS
from appliance.errors import Problem, invalid
from appliance.language import N_
from web.till.deps import deps

TRUST = {
    "ntp": (N_("Trusted"), N_("set by the network")),
    "rtc": (N_("Trusted"), N_("set by its own battery clock")),
    "phone": (N_("Set by hand"), N_("from a phone")),
    "none": (N_("Not trusted"), N_("rules about time are skipped")),
}
"""What a level of trust is called, and why it is that."""


def reading() -> dict[str, Any]:
    """The box's time now: ``unix_ms``, the same as ``at`` (RFC 3339), and how far it is trusted, ``trust``."""
    now = deps().clock()
    return {"unix_ms": now.wall_ms, "at": now.at, "trust": now.trust}


def set_clock(unix_ms: object, sure: object) -> dict[str, Any]:
    """Set the box's clock; by how much that moved it, ``by_ms``. Raises ``validation``, ``clock-jump`` (ask again with
    ``sure``), ``clock-before``, ``not-privileged``, ``busy``."""
    if type(unix_ms) is not int or not EARLIEST_MS <= unix_ms <= LATEST_MS:
        raise invalid(f"unix_ms: wants Unix milliseconds from {EARLIEST_MS} to {LATEST_MS}")
    if type(sure) is not bool:
        raise invalid("sure: wants true or false")
    try:
        return deps().steward("clock.set", {"unix_ms": unix_ms, "sure": sure})
    except Problem as problem:
        if problem.slug not in ("role", "not-privileged"):
            raise
        raise Problem(
            "not-privileged",
            "here the clock is the system's own, not the box's",
            N_("Set it in the settings of this computer, or give it a network."),
        ) from problem
