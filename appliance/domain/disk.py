"""How full the card is, as central should know it."""

from typing import Literal

from appliance.domain.kernel import Fact, kind

DiskLevel = Literal["ok", "low", "full", "reserve"]
"""``low``: a person should make room; ``full``: nothing new begins; ``reserve``: so little was left while an event was
open that the room kept back for closing it was given up."""


@kind("disk.level_changed/1")
class DiskLevelChanged(Fact, frozen=True, rename={"from_": "from"}):
    """The card became fuller or emptier. ``free``: bytes that the box could still write then."""

    from_: DiskLevel
    to: DiskLevel
    free: int
