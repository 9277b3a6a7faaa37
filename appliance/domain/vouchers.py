"""Come-back vouchers: who signs up gets one that pays a part of a purchase from tomorrow on, as the lead has set it.

A voucher is a signed code, good for whoever shows it, and pays once. It is money of the house, not of the guest: what
it paid goes back to it when the purchase does, never out in cash.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal, NoReturn
from zoneinfo import ZoneInfo

from appliance.domain import tokens
from appliance.domain.events import Event
from appliance.domain.kernel import MAX_AMOUNT, STAFF, Ask, Context, Decided, Fact, command, kind, refuse
from appliance.domain.tendering import AskTender
from appliance.errors import invalid
from appliance.language import N_

MOST_DAYS, MOST_VOUCHERS = 400, 10_000
_ID_BYTES = 12

Why = Literal[
    "unreadable",
    "bad_signature",
    "wrong_kind",
    "other_currency",
    "not_yet_valid",
    "expired",
    "under_minimum",
    "wrong_amount",
    "only_one",
]
_OTHERWISE = N_("Take the payment another way.")
_SAID: Mapping[Why, tuple[str, str]] = {
    "unreadable": (N_("this is no voucher of ours"), N_("Scan it again, or take the payment another way.")),
    "bad_signature": (N_("nobody known here signed this voucher"), _OTHERWISE),
    "wrong_kind": (N_("this code is for something else, it is no voucher"), _OTHERWISE),
    "other_currency": (N_("this voucher is in another currency"), _OTHERWISE),
    "not_yet_valid": (N_("this voucher is not valid yet"), _OTHERWISE),
    "expired": (N_("this voucher is no longer valid"), _OTHERWISE),
    "under_minimum": (N_("this voucher wants a larger purchase"), N_("Add to the cart, or take it out.")),
    "wrong_amount": (N_("this voucher pays its own amount, all at once"), N_("Correct the amount.")),
    "only_one": (N_("one purchase takes one voucher"), N_("Take the other out.")),
}


@kind("voucher.terms_set/1")
class VoucherTermsSet(Fact, frozen=True):
    """From now on who signs up gets a voucher of ``amount`` minor units for purchases from ``minimum`` on, valid for
    ``days`` from the day after, until ``most`` were given under these ``terms``. An ``amount`` of 0: nobody does."""

    terms: str
    currency: str
    amount: int
    minimum: int
    days: int
    most: int


@kind("voucher.granted/1")
class VoucherGranted(Fact, frozen=True):
    """A guest got a voucher. ``voucher``: hex of its cti; ``valid_from``, ``valid_until``: Unix seconds, None when it
    was given on a clock that nobody could trust."""

    voucher: str
    guest: str
    terms: str
    currency: str
    amount: int
    minimum: int
    valid_from: int | None = None
    valid_until: int | None = None


@kind("voucher.redeemed/1")
class VoucherRedeemed(Fact, frozen=True):
    """A voucher paid ``amount`` minor units of a sale. ``provisional``: another box gave it, and may know that it was
    used; ``time_checked``: whether its validity could be judged by a trusted clock."""

    voucher: str
    sale: str
    amount: int
    provisional: bool
    time_checked: bool


@dataclass(frozen=True)
class Terms:
    """What is given now, and how many were. ``amount`` and ``minimum``: minor units."""

    terms: str
    currency: str
    amount: int
    minimum: int
    days: int
    most: int
    granted: int = 0

    @property
    def left(self) -> int:
        """How many more may be given."""
        return max(0, self.most - self.granted) if self.amount else 0

    @property
    def cost(self) -> int:
        """What all of them come to at most."""
        return self.amount * self.most


@dataclass(frozen=True)
class TermsKnown:
    """The present event."""

    event: Event | None


@dataclass(frozen=True)
class Shown:
    """A voucher's code as it was shown at the till: its ``token`` when its signature is right, else what is at
    ``fault``. ``left``: minor units that it still pays, None: this box never saw it; ``used_by``: the number of the
    sale that took the rest; ``is_own``: this box gave it."""

    token: tokens.Token | None
    fault: Literal["unreadable", "bad_signature"] | None = None
    left: int | None = None
    used_by: str | None = None
    is_own: bool = False


@dataclass(frozen=True)
class Redeemed:
    """``place``: of its tender, from 0."""

    place: int
    voucher: str
    amount: int
    provisional: bool


class SetTerms(Ask, frozen=True):
    """Amounts in minor units of the event's currency; ``amount`` 0 ends it."""

    amount: int
    minimum: int = 0
    days: int = 1
    most: int = 0


@command("voucher.set_terms", SetTerms, STAFF, at_full="go_on")
def set_terms(ask: SetTerms, known: TermsKnown, ctx: Context) -> Decided:
    """Vouchers that were given stay as they are."""
    if known.event is None or known.event.state == "closed":
        refuse("event-closed", "there is no event that guests could sign up at", "Create one first.")
    if not 0 <= ask.amount <= MAX_AMOUNT or not 0 <= ask.minimum <= MAX_AMOUNT:
        raise invalid("amount, minimum: want minor units from 0")
    if ask.amount:
        if ask.minimum < ask.amount:
            raise invalid("minimum: a purchase is at least what the voucher pays", "Raise it, or lower the amount.")
        if not 1 <= ask.days <= MOST_DAYS:
            raise invalid(f"days: wants 1 to {MOST_DAYS}")
        if not 1 <= ask.most <= MOST_VOUCHERS:
            raise invalid(f"most: wants 1 to {MOST_VOUCHERS}")
    fact = VoucherTermsSet(
        terms=ctx.new_id("vt"),
        currency=known.event.currency,
        amount=ask.amount,
        minimum=ask.minimum if ask.amount else 0,
        days=ask.days if ask.amount else 0,
        most=ask.most if ask.amount else 0,
    )
    return Decided([fact], {"terms": fact.terms})


def grant(terms: Terms | None, guest: str, timezone: str, ctx: Context) -> list[VoucherGranted]:
    """The voucher of somebody who signs up; none when there are none, or no more."""
    if terms is None or not terms.left:
        return []
    start = end = None
    if ctx.now.trusted:
        zone = ZoneInfo(timezone)
        today = datetime.fromtimestamp(ctx.now.wall_ms / 1000, UTC).astimezone(zone).date()
        first, last = today + timedelta(days=1), today + timedelta(days=1 + terms.days)
        start, end = (int(datetime.combine(day, time(), zone).timestamp()) for day in (first, last))
    ident = hashlib.sha256(f"voucher\x00{ctx.box}\x00{ctx.command}".encode()).digest()[:_ID_BYTES].hex()
    return [
        VoucherGranted(
            voucher=ident,
            guest=guest,
            terms=terms.terms,
            currency=terms.currency,
            amount=terms.amount,
            minimum=terms.minimum,
            valid_from=start,
            valid_until=end,
        )
    ]


def token_of(one: VoucherGranted, event: str) -> tokens.Token:
    """What its QR says, to be signed with the key of the event that it was given at."""
    more = {tokens.CURRENCY: one.currency, tokens.AMOUNT: one.amount, tokens.MINIMUM: one.minimum}
    return tokens.Token("voucher", one.voucher, event, "", one.valid_until, one.valid_from, more)


def is_code(tender: AskTender) -> bool:
    """Whether a tender is a voucher of this kind, rather than one on paper with a number."""
    return tender.kind == "voucher" and (tender.reference or "").startswith(tokens.PREFIX)


def redeem(
    asked: Sequence[AskTender], shown: Mapping[str, Shown], total: int, event: Event, ctx: Context
) -> list[Redeemed]:
    """The vouchers among the tenders, one at most. Refuses ``voucher-refused`` with ``reason`` and ``tender`` (from 1),
    and ``voucher-used``."""
    places = [place for place, tender in enumerate(asked) if is_code(tender)]
    if not places:
        return []
    if len(places) > 1:
        _refuse("only_one", places[1])
    [place] = places
    tender = asked[place]
    one = shown[tender.reference or ""]
    token = one.token
    if token is None:
        _refuse(one.fault or "unreadable", place)
    if token.kind != "voucher":
        _refuse("wrong_kind", place)
    amount, minimum = token.more.get(tokens.AMOUNT), token.more.get(tokens.MINIMUM)
    if type(amount) is not int or type(minimum) is not int or not 0 < amount <= MAX_AMOUNT:
        _refuse("unreadable", place)
    if token.more.get(tokens.CURRENCY) != event.currency:
        _refuse("other_currency", place)
    if ctx.now.trusted and token.nbf is not None and ctx.now.wall_ms < token.nbf * 1000:
        _refuse("not_yet_valid", place)
    if ctx.now.trusted and token.exp is not None and ctx.now.wall_ms >= token.exp * 1000:
        _refuse("expired", place)
    pays = amount if one.left is None else one.left
    if pays == 0:
        number = one.used_by or ""
        refuse(
            "voucher-used",
            f"this voucher paid for sale {number} already",
            "Take the payment another way.",
            tender=place + 1,
            number=number,
        )
    if total < minimum:
        _refuse("under_minimum", place, minimum=minimum)
    if tender.amount != pays:
        _refuse("wrong_amount", place, pays=pays)
    return [Redeemed(place, token.id, pays, not one.is_own)]


def _refuse(why: Why, place: int, **extra: int) -> NoReturn:
    detail, remedy = _SAID[why]
    refuse("voucher-refused", detail, remedy, reason=why, tender=place + 1, **extra)
