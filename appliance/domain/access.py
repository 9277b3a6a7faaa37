"""Access tokens: signed codes that pay one piece of an item each, once.

Whoever holds one has paid for it elsewhere, or was given it; the box sees its signature, not where it comes from. A
redemption counts on this box; the token is free again only when the sale that it paid for is voided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn

import msgspec

from appliance.domain import money, tokens
from appliance.domain.catalogue import Item
from appliance.domain.events import Event
from appliance.domain.kernel import ADMIN, Ask, Context, Decided, Fact, command, kind, refuse
from appliance.domain.lines import Position
from appliance.domain.tendering import AskTender
from appliance.domain.tickets import FAR, check_ticket_id
from appliance.errors import invalid
from appliance.language import N_

PIECE = 500
"""Tokens in one command at most."""
PAYS = frozenset({"unit", "bundle"})
"""Kinds of items that come in pieces with a price of their own."""

Why = Literal[
    "unreadable",
    "bad_signature",
    "wrong_kind",
    "other_event",
    "revoked",
    "not_yet_valid",
    "expired",
    "not_in_cart",
    "wrong_amount",
]
_OTHERWISE = N_("Take the payment another way.")
_SAID: Mapping[Why, tuple[str, str]] = {
    "unreadable": (N_("this is no access token"), N_("Scan it again, or take the payment another way.")),
    "bad_signature": (N_("nobody known here signed this token"), _OTHERWISE),
    "wrong_kind": (N_("this code is for something else, it pays for nothing"), _OTHERWISE),
    "other_event": (N_("this token is for another event"), _OTHERWISE),
    "revoked": (N_("this token was taken back"), _OTHERWISE),
    "not_yet_valid": (N_("this token is not valid yet"), _OTHERWISE),
    "expired": (N_("this token is no longer valid"), _OTHERWISE),
    "not_in_cart": (
        N_("what this token pays for is not in the cart, or is paid already"),
        N_("Add it to the cart, or take the payment another way."),
    ),
    "wrong_amount": (N_("this token pays one piece at its price"), N_("Correct the amount.")),
}


@kind("token.issued/1")
class TokenIssued(Fact, frozen=True):
    """This box signed a token. ``token``: hex of its cti; ``for``: the sku that it pays one piece of; ``valid_from``,
    ``valid_until``: Unix seconds."""

    token: str
    for_: str = msgspec.field(name="for")
    valid_from: int | None = None
    valid_until: int | None = None


@kind("token.redeemed/1")
class TokenRedeemed(Fact, frozen=True):
    """A token paid ``amount`` minor units for one piece of ``sku`` in a sale. ``provisional``: another box may still
    say that it was used there; ``time_checked``: whether its validity could be judged by a trusted clock."""

    token: str
    sale: str
    sku: str
    amount: int
    provisional: bool
    time_checked: bool


@dataclass(frozen=True)
class Shown:
    """A code that was shown at the till: its ``token`` when its signature is right, else what is at ``fault``.
    ``used_by``: the number of the sale that it paid for."""

    token: tokens.Token | None
    fault: Literal["unreadable", "bad_signature"] | None = None
    revoked: bool = False
    used_by: str | None = None


@dataclass(frozen=True)
class IssueKnown:
    """The event, the item that is asked for, and which of the tokens were issued before."""

    event: Event | None
    item: Item | None
    present: frozenset[str]


TokenIds = list[str]


class IssueTokens(Ask, frozen=True):
    """``for``: a sku; ``tokens``: ids, made by whoever signs them; times: Unix seconds."""

    for_: str = msgspec.field(name="for")
    tokens: TokenIds
    valid_from: int | None = None
    valid_until: int | None = None


@command("tokens.issue", IssueTokens, ADMIN, bulk=True, at_full="stop")
def issue(ask: IssueTokens, known: IssueKnown, ctx: Context) -> Decided:
    """One fact a token."""
    if known.event is None:
        refuse("not-found", "there is no event yet", "boothkit event create")
    if not 1 <= len(ask.tokens) <= PIECE:
        raise invalid(f"one piece has 1 to {PIECE} tokens, not {len(ask.tokens)}")
    for token in ask.tokens:
        check_ticket_id(token)
    for when in (ask.valid_from, ask.valid_until):
        if when is not None and not 0 < when < FAR:
            raise invalid(f"valid_from, valid_until: {when}: wants Unix seconds")
    if known.item is None:
        refuse("unknown-sku", "this sku is not in the catalogue", "Reload the catalogue.")
    if known.item.kind not in PAYS:
        raise invalid(f"a token pays a piece at its price; {known.item.name} is {known.item.kind}")
    new = [token for token in dict.fromkeys(ask.tokens) if token not in known.present]
    facts = [
        TokenIssued(token=token, for_=ask.for_, valid_from=ask.valid_from, valid_until=ask.valid_until) for token in new
    ]
    return Decided(facts, {"issued": len(facts), "known": len(ask.tokens) - len(facts)})


@dataclass(frozen=True)
class Redeemed:
    """``place``: of its tender, from 0."""

    place: int
    token: str
    sku: str
    amount: int


def redeem(
    asked: Sequence[AskTender], cart: Sequence[Position], shown: Mapping[str, Shown], event: str, ctx: Context
) -> list[Redeemed]:
    """The tokens among the tenders, each with the piece that it pays, in the order of the cart. Pieces of one line cost
    the line's price between them, to the cent, however many of them are paid so.

    Refuses ``token-refused`` with ``reason`` and ``tender`` (from 1), and ``token-used``.
    """
    found: list[Redeemed] = []
    taken: dict[int, int] = {}
    for place, tender in enumerate(asked):
        if tender.kind != "token":
            continue
        token = _valid(shown[tender.reference or ""], place, event, ctx)
        if any(one.token == token.id for one in found):
            refuse("token-used", "the same token is there twice", "Take one of them out.", tender=place + 1)
        line = next(
            (
                number
                for number, one in enumerate(cart)
                if one.item.sku == token.scope and one.item.kind in PAYS and taken.get(number, 0) < one.asked.qty
            ),
            None,
        )
        if line is None:
            _refuse("not_in_cart", place)
        nth, of = taken.get(line, 0), cart[line]
        pays = money.half_up(of.total * (nth + 1), of.asked.qty) - money.half_up(of.total * nth, of.asked.qty)
        if pays == 0:
            _refuse("not_in_cart", place)
        if tender.amount != pays:
            _refuse("wrong_amount", place, pays=pays)
        taken[line] = nth + 1
        found.append(Redeemed(place, token.id, token.scope, pays))
    return found


def _valid(shown: Shown, place: int, event: str, ctx: Context) -> tokens.Token:
    token = shown.token
    if token is None:
        _refuse(shown.fault or "unreadable", place)
    if token.kind != "access":
        _refuse("wrong_kind", place)
    if token.event != event:
        _refuse("other_event", place)
    if shown.revoked:
        _refuse("revoked", place)
    if shown.used_by is not None:
        refuse(
            "token-used",
            f"this token paid for sale {shown.used_by} already",
            "Take the payment another way.",
            tender=place + 1,
            number=shown.used_by,
        )
    if ctx.now.trusted and token.nbf is not None and ctx.now.wall_ms < token.nbf * 1000:
        _refuse("not_yet_valid", place)
    if ctx.now.trusted and token.exp is not None and ctx.now.wall_ms >= token.exp * 1000:
        _refuse("expired", place)
    return token


def _refuse(why: Why, place: int, **extra: int) -> NoReturn:
    detail, remedy = _SAID[why]
    refuse("token-refused", detail, remedy, reason=why, tender=place + 1, **extra)
