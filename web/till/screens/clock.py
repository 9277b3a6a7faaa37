"""The clock: what the box says, what this device says, and a button that makes them one."""

from flask import Blueprint

from appliance.language import N_
from appliance.projections import events
from web.common.language import _
from web.till import auth, clocks, frame
from web.till.deps import deps, here

blueprint = Blueprint("clock", __name__)

_TITLES = {
    "ntp": N_("Set by the network"),
    "rtc": N_("Kept by its battery"),
    "phone": N_("Set from a phone"),
    "none": N_("Not set"),
}
_WHY = {
    "ntp": N_("There is nothing to do."),
    "rtc": N_("If it is wrong, set it from this device; the network sets it by itself when there is one."),
    "phone": N_("It counts until the box is switched off, or until the network sets it."),
    "none": N_("Until then rules about time are skipped: from when and until when a ticket or a code is good."),
}


@blueprint.get("/box/clock")
@auth.for_roles("lead")
def page() -> str:
    """The box's time; the device's own is put beside it by a script."""
    reading = clocks.reading()
    event = events.current(deps().reader.db())
    trust = reading["trust"]
    return frame.render(
        "clock.html",
        tab="box.page",
        trust=trust,
        title=_(_TITLES[trust]),
        why=_(_WHY[trust]),
        at=here().wording.time(reading["at"], event.timezone if event else "UTC", seconds=True),
        told=[_(words) for words in clocks.TRUST[trust]],
    )
