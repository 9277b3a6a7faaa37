"""Parked carts: the box keeps a cart that is not paid yet, and any till takes it up again, exactly one of them.

Its lines are kept as they were asked for, and priced when they are sold: until then prices and stock may change.
"""

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from appliance.domain.catalogue import SKU
from appliance.domain.drawer import NAME
from appliance.domain.events import Event, require_open
from appliance.domain.kernel import (
    MAX_AMOUNT,
    STAFF,
    Ask,
    Context,
    Decided,
    Fact,
    PersonRef,
    command,
    kind,
    refuse,
)
from appliance.domain.lines import MAX_GRAMS, MAX_LINES, MAX_QTY, AskLine
from appliance.domain.pricing import AskDiscount, DiscountReason, Service, taken_off
from appliance.domain.sales import noted
from appliance.errors import invalid

MOST = 100
"""Carts that wait at a time: more than a stall has guests who are still choosing."""
State = Literal["parked", "taken", "dropped"]


class CartDiscount(Fact, frozen=True):
    """As it was asked for: ``percent``, a share, or ``amount``, minor units."""

    percent: str | None = None
    amount: int | None = None


class CartLine(Fact, frozen=True):
    """As it was asked for, the fields are those of a sale's."""

    sku: str
    qty: int
    price: int | None = None
    grams: int | None = None
    returned: bool = False
    discount: CartDiscount | None = None
    service: Service | None = None


@kind("cart.parked/1")
class CartParked(Fact, frozen=True):
    """A cart waits on the box. ``name``: what people call it; ``note_ref``: what was noted."""

    cart: str
    name: str
    lines: list[CartLine]
    discount: CartDiscount | None = None
    discount_reason: DiscountReason | None = None
    note_ref: PersonRef | None = None


@kind("cart.taken/1")
class CartTaken(Fact, frozen=True):
    """One till has it now; no other gets it."""

    cart: str


@kind("cart.dropped/1")
class CartDropped(Fact, frozen=True):
    """Nobody wants it any more."""

    cart: str


@dataclass(frozen=True)
class Cart:
    """One as it is now. ``event``: the one that it was parked at; ``fact``: as it was parked; ``by``, ``at``: who
    parked it, and when; ``state``; ``ended_by``: who took or dropped it."""

    event: str
    fact: CartParked
    by: str
    at: str
    state: State
    ended_by: str | None


@dataclass(frozen=True)
class ParkingKnown:
    """The present event, and the names of the carts that wait."""

    event: Event | None
    names: frozenset[str]


@dataclass(frozen=True)
class CartKnown:
    """The present event, and the cart that was asked for."""

    event: Event | None
    cart: Cart | None


AskedLines = list[AskLine]


class ParkCart(Ask, frozen=True):
    """``name``: by default the lowest free number; ``note``: for the erasable table."""

    lines: AskedLines
    name: str | None = None
    discount: AskDiscount | None = None
    discount_reason: DiscountReason | None = None
    note: str | None = None


class TakeCart(Ask, frozen=True):
    """``cart``: its id."""

    cart: str


class DropCart(Ask, frozen=True):
    """``cart``: its id."""

    cart: str


@command("cart.park", ParkCart, STAFF, at_full="stop")
def park(ask: ParkCart, known: ParkingKnown, ctx: Context) -> Decided:
    """The cart is the box's, under the identity of this command."""
    if not 1 <= len(ask.lines) <= MAX_LINES:
        raise invalid(f"a cart has 1 to {MAX_LINES} lines, this has {len(ask.lines)}")
    if ask.name is not None and not NAME.fullmatch(ask.name):
        raise invalid("name: wants 1 to 20 letters, digits, spaces, dots, dashes")
    lines = [_line(number, line) for number, line in enumerate(ask.lines, 1)]
    discount = _discount(ask.discount, "discount of the cart")
    note = noted(ask.note, ctx)
    require_open(known.event)
    if len(known.names) >= MOST:
        refuse("too-many-carts", f"{MOST} carts wait already", "Take or drop some of them first.", most=MOST)
    if ask.name in known.names:
        refuse("cart-name", f"a cart {ask.name} waits already", "Give this one another name.")
    name = ask.name or next(str(n) for n in range(1, len(known.names) + 2) if str(n) not in known.names)
    fact = CartParked(
        cart=ctx.command,
        name=name,
        lines=lines,
        discount=discount,
        discount_reason=ask.discount_reason,
        note_ref=note.ref if note else None,
    )
    return Decided([fact], {"cart": fact.cart, "name": name, "at": ctx.now.at}, [note] if note else ())


@command("cart.take", TakeCart, STAFF, at_full="stop")
def take(ask: TakeCart, known: CartKnown, ctx: Context) -> Decided:
    """The cart goes to whoever asks first; the answer holds all of it."""
    cart = _waiting(known)
    live = require_open(known.event)
    if cart.event != live.event:
        refuse("event-closed", "the event that this cart was parked at is over", "Drop it.")
    return Decided([CartTaken(cart=cart.fact.cart)], shown(cart))


@command("cart.drop", DropCart, STAFF, at_full="finish")
def drop(ask: DropCart, known: CartKnown, ctx: Context) -> Decided:
    """Nothing was sold with it, also after the event; a second time changes nothing."""
    if known.cart is not None and known.cart.state == "dropped":
        return Decided([], {"cart": ask.cart})
    cart = _waiting(known)
    return Decided([CartDropped(cart=cart.fact.cart)], {"cart": cart.fact.cart}, event=cart.event)


def shown(cart: Cart) -> dict[str, Any]:
    """A cart as the API gives it, its note by reference."""
    fact = msgspec.to_builtins(cart.fact)
    return {"cart": fact.pop("cart"), "name": fact.pop("name"), "at": cart.at, "by": cart.by, **fact}


def _waiting(known: CartKnown) -> Cart:
    cart = known.cart
    if cart is None:
        refuse("not-found", "there is no such cart", "Look at those that wait.")
    if cart.state != "parked":
        name, who = cart.fact.name, cart.ended_by
        refuse(
            "cart-taken",
            f"cart {name} was taken by {who}" if cart.state == "taken" else f"cart {name} was dropped by {who}",
            "Look at those that wait.",
        )
    return cart


def _line(number: int, ask: AskLine) -> CartLine:
    """The shape of a line, and no more; raises ``validation``. It does not repeat a sku: that may be anything."""
    where = f"line {number}"
    if not SKU.fullmatch(ask.sku):
        raise invalid(f"{where}: a sku has 1 to 40 of letters, digits, dot, dash, underscore")
    if not 1 <= ask.qty <= MAX_QTY:
        raise invalid(f"{where}: qty {ask.qty}: wants 1 to {MAX_QTY}")
    if ask.price is not None and not 0 <= ask.price <= MAX_AMOUNT:
        raise invalid(f"{where}: price {ask.price}: wants minor units from 0")
    if ask.grams is not None and not 1 <= ask.grams <= MAX_GRAMS:
        raise invalid(f"{where}: grams {ask.grams}: wants 1 to {MAX_GRAMS:,}")
    return CartLine(
        sku=ask.sku,
        qty=ask.qty,
        price=ask.price,
        grams=ask.grams,
        returned=ask.returned,
        discount=_discount(ask.discount, where),
        service=ask.service,
    )


def _discount(ask: AskDiscount | None, where: str) -> CartDiscount | None:
    if ask is None:
        return None
    taken_off(ask, MAX_AMOUNT, where)
    return CartDiscount(percent=ask.percent, amount=ask.amount)
