"""What a guest says yes to, in words that have a number. The fact of a sign-up carries the number, so what somebody
agreed to can be read years later; whoever changes a word gives the words a new one (docs/consent.md keeps them all).
"""

from appliance.language import N_

VERSION = "1"
"""Of the words below, in all languages."""

YES = N_("%(event)s may write to me about its next events, at most once a month.")
"""What the box to tick says; never ticked beforehand."""

KEPT = (
    N_("Your name and e-mail: on this box, apart from its book, and sealed for the organiser’s office."),
    N_("Until you erase them, here or at the till; otherwise the box erases them some time after the event."),
    N_("Nobody else gets them, and what you buy is not kept with them."),
)
"""What is kept, how long, and who else gets it: read before the tick."""
