"""Who did something, as people call them; the journal has only their ids."""

from collections.abc import Callable

from web.common.language import _
from web.till.deps import deps


def names() -> Callable[[str], str]:
    """For one answer: an actor such as ``staff:s-1`` → their name. Not staff: the box itself; no longer there: so."""
    known = {f"staff:{one.id}": one.name for one in deps().secrets.staff()}

    def name(actor: str) -> str:
        if not actor.startswith("staff:"):
            return _("the box")
        return known.get(actor) or _("somebody who left")

    return name
