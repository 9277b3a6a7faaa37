"""For how long the guests' pages are looked at, in words."""

from dataclasses import dataclass
from typing import Any

from appliance.language import N_
from web.common.language import _, ngettext
from web.till.deps import here

_PAGES = {
    "landing": N_("The event's page"),
    "receipt": N_("Receipts"),
    "signup": N_("Sign-up"),
    "wallet": N_("Wallet"),
    "privacy": N_("What is stored about me"),
    "claim": N_("Claims"),
}


@dataclass(frozen=True)
class Seen:
    """One page: ``mean``, and how many views that is of, with the one in the middle."""

    page: str
    mean: str
    why: str


def pages(numbers: dict[str, Any]) -> list[Seen]:
    """Of the KPIs, the pages that were looked at, the most looked at first."""
    return [_seen(page) for page in numbers.get("visits", {}).get("pages", ())]


def _seen(page: dict[str, Any]) -> Seen:
    words = here().wording
    parts = [ngettext("%(num)s view", "%(num)s views", page["count"])]
    if page["median_s"] is not None:
        low, high = page["median_s"]
        parts.append(
            _("the middle one longer than %(low)s", low=words.span(low))
            if high is None
            else _("the middle one %(low)s to %(high)s long", low=words.span(low), high=words.span(high))
        )
    if page["lost"]:
        parts.append(ngettext("%(num)s more not measured", "%(num)s more not measured", page["lost"]))
    name = _(_PAGES[page["page"]]) if page["page"] in _PAGES else page["page"]
    mean = _("Not yet") if page["mean_s"] is None else words.span(round(page["mean_s"]))
    return Seen(name, mean, ", ".join(parts))
