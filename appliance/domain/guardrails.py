"""Guardrails: what the signal team allows a cell to do by itself, and what it allows with the lead's word.

The limits come with the signed policy; until there is one, those of ``Guardrails()`` hold. A limit without a value is
none. Whoever goes beyond what is allowed alone asks the lead and says why; beyond the lead's own nobody goes.
"""

import re
from dataclasses import dataclass, field
from typing import Annotated, Literal

import msgspec

from appliance.domain.kernel import MAX_AMOUNT, Fact, kind

Rule = Literal["discount", "refund", "occupancy", "window", "floor"]
Action = Literal["sell", "refund", "void", "reprint", "no-sale", "cash-move", "z-report", "tickets", "event"]
"""What a policy may leave to some roles only."""
Who = Literal["lead", "cashier", "door"]

MAX_WINDOW_MIN = 15
"""No live offer is longer, whatever a policy says."""
SHARE = re.compile(r"0(\.[0-9]{1,6})?|1(\.0{1,6})?")

Share = Annotated[str, msgspec.Meta(pattern=f"^({SHARE.pattern})$")]
Amount = Annotated[int, msgspec.Meta(ge=0, le=MAX_AMOUNT)]
People = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Minutes = Annotated[int, msgspec.Meta(ge=1, le=MAX_WINDOW_MIN)]


class Discount(Fact, frozen=True, forbid_unknown_fields=True):
    """The share of a price that is taken off, of a line and of the cart."""

    alone: Share = "0.20"
    lead: Share = "1"


class Refund(Fact, frozen=True, forbid_unknown_fields=True):
    """Minor units of one sale that go back; ``lead`` None: as much as was paid."""

    alone: Amount = 10_000
    lead: Amount | None = None


class Offer(Fact, frozen=True, forbid_unknown_fields=True):
    """A live offer's longest window, and the price in minor units below which an item is never offered, by sku."""

    window_min: Minutes = MAX_WINDOW_MIN
    floors: dict[str, Amount] = msgspec.field(default_factory=dict)


class Occupancy(Fact, frozen=True, forbid_unknown_fields=True):
    """People inside at once, over all lists; None: no limit."""

    alone: People | None = None
    lead: People | None = None

    @property
    def door(self) -> int | None:
        """From how many on the door lets nobody in by itself."""
        return self.lead if self.alone is None else self.alone


class Guardrails(Fact, frozen=True, forbid_unknown_fields=True):
    """All of them. ``may``: who may do what; an action that is not named is for whoever the till lets do it."""

    discount: Discount = Discount()
    refund: Refund = Refund()
    offer: Offer = Offer()
    occupancy: Occupancy = Occupancy()
    may: dict[Action, tuple[Who, ...]] = msgspec.field(default_factory=dict)


@kind("guardrail.broken/1")
class GuardrailBroken(Fact, frozen=True):
    """Somebody went beyond what is allowed alone, on the lead's word. ``allowed`` and ``value``: a share, minor units,
    people or minutes, as ``rule`` says; ``about``: the sale, the refund, the ticket, the offer; ``policy``: the version
    in force, 0 = none. Why is in the fact that it is about."""

    rule: Rule
    allowed: str
    value: str
    approver: str
    about: str
    policy: int


@kind("occupancy.exceeded/1")
class OccupancyExceeded(Fact, frozen=True):
    """More people went inside than the door lets in by itself: ``occupancy`` of them now. By their tickets, over all
    lists, let in by the lead ``by``; without ``by``, the footfall counters say so. Once each time that the line is
    crossed."""

    occupancy: int
    by: str | None = None


@dataclass(frozen=True)
class Limits:
    """The guardrails in force; ``policy``: the version that they come from, 0 = none yet."""

    rails: Guardrails = field(default_factory=Guardrails)
    policy: int = 0

    def lets(self, action: Action, role: Who) -> bool:
        """Whether the policy leaves this to ``role``. It takes away and never gives: the till has its own rules. The
        lead always may."""
        return role == "lead" or role in self.rails.may.get(action, (role,))

    def broken(self, rule: Rule, allowed: str | int, value: str | int, approver: str, about: str) -> GuardrailBroken:
        """The fact that somebody went beyond ``allowed``."""
        return GuardrailBroken(
            rule=rule, allowed=str(allowed), value=str(value), approver=approver, about=about, policy=self.policy
        )
