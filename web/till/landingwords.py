"""The guests' page in words, for the lead."""

from appliance.domain.landing import Content
from appliance.projections import policy
from appliance.projections.policy import Cleared
from web.common.language import _
from web.till.deps import deps, here


def cleared(content: Content) -> Cleared | None:
    """Its clearance now; the plain page needs none."""
    return policy.cleared(deps().reader.db(), content.digest, deps().clock()) if content.digest else None


def short() -> str:
    """A line for the lead's page."""
    content = here().site.now().content
    if not content.digest:
        return _("The plain page: the event’s name, and what is sold.")
    found = cleared(content)
    if found is None:
        return _("Preview: the signal team has not cleared it.")
    return _("Cleared by %(team)s, policy %(n)s", team=found.by, n=found.version)
