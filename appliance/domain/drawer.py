"""The cash drawer: opened with its float. Counting and closing belong to the books."""

from dataclasses import dataclass

from appliance.domain.events import Event, require_open
from appliance.domain.kernel import MAX_AMOUNT, STAFF, Ask, Context, Decided, Fact, command, kind, refuse
from appliance.errors import invalid


@kind("drawer.opened/1")
class DrawerOpened(Fact, frozen=True):
    """A drawer starts with ``float`` minor units of change in it."""

    drawer: str
    float: int


@dataclass(frozen=True)
class DrawerKnown:
    """The present event, and the drawer that is open."""

    event: Event | None
    drawer: str | None


class OpenDrawer(Ask, frozen=True):
    """``float``: minor units of change."""

    float: int


@command("drawer.open", OpenDrawer, STAFF)
def open_drawer(ask: OpenDrawer, known: DrawerKnown, ctx: Context) -> Decided:
    """One drawer is open at a time."""
    if not 0 <= ask.float <= MAX_AMOUNT:
        raise invalid(f"float {ask.float}: wants minor units from 0")
    require_open(known.event)
    if known.drawer is not None:
        refuse("drawer-open", f"drawer {known.drawer} is open already", "Close it with its Z report first.")
    drawer = ctx.new_id("d")
    return Decided([DrawerOpened(drawer=drawer, float=ask.float)], {"drawer": drawer, "float": ask.float})
