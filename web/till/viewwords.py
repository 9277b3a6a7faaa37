"""What a camera or a beam says of itself as a counter, in words: how sure, why, what to do."""

from dataclasses import dataclass
from typing import Any

from appliance.language import N_
from web.common.language import _
from web.till.deps import here

VERDICTS = {
    "learning": N_("learning the place"),
    "good": N_("counts well"),
    "poor": N_("unsure"),
    "unsuitable": N_("cannot count here"),
}
_WHY = {
    "too-close": (N_("People are too large in the picture."), N_("Mount the camera higher, or farther away.")),
    "too-far": (N_("People are too small in the picture."), N_("Mount the camera nearer to where people walk.")),
    "crowded": (N_("People hide each other."), N_("Mount the camera higher, so that it looks down on them.")),
    "covered": (N_("Something covers the camera."), N_("Clear its view, and wipe its lens.")),
    "moved": (N_("The camera was moved."), N_("Fasten it, then lay the lines anew.")),
    "dark": (N_("It is too dark."), N_("Put a lamp where people walk.")),
    "light-changes": (N_("The light changes too fast."), N_("Keep flashing lamps and low sun out of the picture.")),
    "slow": (N_("Too few pictures come in a second."), N_("Plug the camera into a port of its own.")),
}
_TITLES = {
    "learning": N_("The camera learns what the place looks like. Wait for a minute, then walk."),
    "poor": N_("The count is unsure."),
    "unsuitable": N_("This view cannot be counted. Nothing is counted until it is better."),
}
_NOTES = {"learning": ("", "clock"), "poor": ("wait", "flag"), "unsuitable": ("stop", "flag")}


@dataclass(frozen=True)
class Note:
    """Something about the view that the lead should know: what, why and what to do, and how it looks."""

    title: str
    why: list[tuple[str, str]]
    tone: str
    icon: str


def note(view: dict[str, Any]) -> Note | None:
    """None: the view is good."""
    verdict = str(view.get("verdict"))
    if verdict not in _TITLES:
        return None
    tone, icon = _NOTES[verdict]
    return Note(_(_TITLES[verdict]), reasons(view.get("reasons", ())), tone, icon)


def reasons(slugs: Any) -> list[tuple[str, str]]:
    """Why, and what to do, for each that is known."""
    return [(_(why), _(remedy)) for why, remedy in (_WHY[slug] for slug in slugs if slug in _WHY)]


def sureness(view: dict[str, Any]) -> list[tuple[str, str]]:
    """What the count depends on, and how that is now."""
    if view["verdict"] == "learning":
        not_yet = _("Not yet")
        names = (_("Light"), _("People too small"), _("People too large"), _("Hidden behind others"))
        return [(name, not_yet) for name in names] + [_pictures(view)]
    why = set(view["reasons"])
    light = _("too dark") if "dark" in why else _("changes too fast") if "light-changes" in why else _("good")
    return [
        (_("Light"), light),
        (_("People too small"), _yes("too-far" in why)),
        (_("People too large"), _yes("too-close" in why)),
        (_("Hidden behind others"), _hidden(view["hidden_permille"])),
        (_("Camera moved"), _yes("moved" in why)),
        _pictures(view),
    ]


def _pictures(view: dict[str, Any]) -> tuple[str, str]:
    return _("Pictures a second"), here().wording.number(round(view["fps"]))


def _yes(is_so: bool) -> str:
    return _("yes") if is_so else _("no")


def _hidden(permille: int) -> str:
    """1 in 9 of those who were seen; below 1 in 50 it is nobody."""
    if permille < 20:
        return _("nobody")
    return _("1 in %(n)s", n=max(1, round(1000 / permille)))
