"""The staff screens that the frame leads to."""

from dataclasses import dataclass

from appliance.private.secrets import ROLES, Role


@dataclass(frozen=True)
class Tab:
    """``order``: from left to right; ``endpoint``: the view behind it; ``icon``: in the sprite."""

    order: int
    label: str
    endpoint: str
    icon: str
    roles: tuple[Role, ...] = ROLES
