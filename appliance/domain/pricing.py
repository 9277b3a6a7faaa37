"""What a cart costs: discounts, and VAT by where it is consumed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import msgspec

from appliance.domain import guardrails, money
from appliance.domain.catalogue import Item
from appliance.errors import invalid

Service = Literal["here", "takeaway"]
DiscountReason = Literal["damaged", "staff", "friend", "end_of_day", "haggled", "other"]
"""What may stand in the journal; anything said beyond that is in the erasable table."""

_SHARE = re.compile(r"0(\.[0-9]{1,6})?|1(\.0{1,6})?")


class AskDiscount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Either ``percent``, a share such as ``"0.10"``, or ``amount``, minor units."""

    percent: str | None = None
    amount: int | None = None


@dataclass(frozen=True)
class Priced:
    """A line before discounts: ``where`` it is, in words; ``full``: minor units, negative when a deposit comes back;
    ``deposit``: what is given back in full is paid in full; ``asked``: its own discount."""

    where: str
    full: int
    deposit: bool
    asked: AskDiscount | None


@dataclass(frozen=True)
class Off:
    """What is taken off a line, in minor units: its ``own`` discount, and its ``share`` of the cart's."""

    own: int
    share: int


@dataclass(frozen=True)
class Reduced:
    """What is taken off each line; ``cart``: the sum of their shares; ``beyond``: more than anybody may by themselves;
    ``barred``: more than the lead may allow; ``share``: the largest that is taken off, of a line or of the whole."""

    lines: Sequence[Off]
    cart: int
    share: str
    beyond: bool
    barred: bool


def reduce(lines: Sequence[Priced], asked: AskDiscount | None, rail: guardrails.Discount) -> Reduced:
    """Every line's own discount, then the cart's over what is left; raises ``validation``. Deposits take none: a
    cheaper one that comes back would be paid out in full."""
    own = [_own(line) for line in lines]
    left = [0 if line.deposit else line.full - off for line, off in zip(lines, own, strict=True)]
    cart = 0 if asked is None else taken_off(asked, sum(left), "discount of the cart")
    offs = [Off(*pair) for pair in zip(own, spread(cart, left), strict=True)]
    off = sum(own) + cart
    beyond, barred = (_beyond(lines, own, off, limit) for limit in (rail.alone, rail.lead))
    return Reduced(offs, cart, _share(lines, own, off, asked), beyond, barred)


def _own(line: Priced) -> int:
    if line.asked is None:
        return 0
    if line.deposit:
        raise invalid(f"{line.where}: a deposit takes no discount", "Take the discount away from this line.")
    return taken_off(line.asked, line.full, line.where)


def taken_off(asked: AskDiscount, price: int, where: str) -> int:
    """A discount on ``price`` in minor units, half-up; raises ``validation`` that says ``where``."""
    if (asked.percent is None) == (asked.amount is None):
        raise invalid(f"{where}: a discount has either percent or amount")
    if asked.percent is not None:
        if not _SHARE.fullmatch(asked.percent):
            raise invalid(f'{where}: percent wants a share from 0 to 1 such as "0.10", with at most 6 places')
        share = money.rate(asked.percent)
        return money.half_up(price * share.numerator, share.denominator)
    amount = asked.amount or 0
    if not 0 <= amount <= price:
        raise invalid(f"{where}: a discount of {amount} on {price}: wants 0 to {price} minor units")
    return amount


def spread(amount: int, over: Sequence[int]) -> list[int]:
    """``amount`` in parts as ``over`` (each from 0), by largest remainder, the first of equal ones first: the sum is
    exact, and no part is larger than what it is a part of as long as ``amount`` is not larger than all of it."""
    whole = sum(over)
    if amount == 0 or whole == 0:
        return [0] * len(over)
    parts = [amount * each // whole for each in over]
    by_remainder = sorted(range(len(over)), key=lambda at: -(amount * over[at] % whole))
    for at in by_remainder[: amount - sum(parts)]:
        parts[at] += 1
    return parts


def _beyond(lines: Sequence[Priced], own: Sequence[int], off: int, limit: str) -> bool:
    """More than a guardrail's share of a line, or of the cart. What a percentage at the limit comes to, rounded line by
    line or at once, is within it."""
    share = money.rate(limit)

    def allowed(price: int) -> int:
        return money.half_up(price * share.numerator, share.denominator)

    paid = [line.full for line in lines if not line.deposit]
    if any(taken > allowed(line.full) for line, taken in zip(lines, own, strict=True) if not line.deposit):
        return True
    return off > max(allowed(sum(paid)), sum(map(allowed, paid)))


def _share(lines: Sequence[Priced], own: Sequence[int], off: int, asked: AskDiscount | None) -> str:
    """The largest share that is taken off, of a line or of the whole: as it was asked for, else in millionths, rounded
    up so that what is beyond a limit never seems to be at it."""
    shares = [
        _of(line.asked, taken, line.full) for line, taken in zip(lines, own, strict=True) if line.asked is not None
    ]
    if asked is not None:
        whole = sum(line.full for line in lines if not line.deposit)
        shares.append(_of(None if any(own) else asked, off, whole))
    millionths = max((-(-share.numerator * 1_000_000 // share.denominator) for share in shares), default=0)
    return f"{millionths // 1_000_000}.{millionths % 1_000_000:06}".rstrip("0").rstrip(".")


def _of(asked: AskDiscount | None, off: int, price: int) -> Fraction:
    if asked is not None and asked.percent is not None:
        return money.rate(asked.percent)
    return Fraction(off, price) if price else Fraction(0)


def vat_of(item: Item, service: Service | None) -> str:
    """The rate that the price contains; the price itself stays."""
    return item.vat_takeaway if service == "takeaway" and item.vat_takeaway is not None else item.vat
