"""How a sale is paid: tenders against what is due, rounding to coins, and change."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from appliance.domain import money
from appliance.domain.kernel import MAX_AMOUNT, Fact, refuse
from appliance.domain.tokens import PREFIX
from appliance.errors import invalid

REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .:/#*+_-]{0,39}")
"""As card terminals print them. It is recorded, so it has no room for an address or a sentence."""
MAX_TENDERS = 10

MoneyKind = Literal["cash", "card", "voucher"]
"""What can be given back as it came."""
TenderKind = Literal["cash", "card", "voucher", "token"]


class Tender(Fact, frozen=True):
    """How a part was paid. A cash ``amount`` is what was handed over; change is the sale's own field. ``reference``:
    on the card's slip, the voucher's own, or the id of an access token or a come-back voucher, never its code.
    ``comeback``: the house gave this voucher away, so no money goes back for it."""

    kind: TenderKind
    amount: int
    reference: str | None = None
    status: Literal["approved", "unknown"] | None = None
    comeback: bool = False


class AskTender(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``reference`` and ``status`` are the card terminal's; a voucher has a ``reference`` too; that of an access token
    and of a come-back voucher is its code."""

    kind: TenderKind
    amount: int
    reference: str | None = None
    status: Literal["approved", "unknown"] | None = None


def check(asked: Sequence[AskTender]) -> None:
    """Whether each is one; raises ``validation``."""
    if not 1 <= len(asked) <= MAX_TENDERS:
        raise invalid(f"a sale has 1 to {MAX_TENDERS} tenders, this has {len(asked)}")
    for number, tender in enumerate(asked, 1):
        if not 0 <= tender.amount <= MAX_AMOUNT:
            raise invalid(f"tender {number}: amount {tender.amount}: wants minor units from 0")
        if tender.kind == "token":
            if tender.reference is None or tender.status is not None:
                raise invalid(f"tender {number}: a token has its code as reference and no status", "Scan it.")
            continue
        if tender.kind == "voucher" and (tender.reference or "").startswith(PREFIX) and tender.status is None:
            continue
        if tender.kind == "cash" and (tender.reference is not None or tender.status is not None):
            raise invalid(f"tender {number}: cash has neither reference nor status")
        if tender.reference is not None and not REFERENCE.fullmatch(tender.reference):
            raise invalid(f"tender {number}: a reference has 1 to 40 letters, digits, spaces and . : / # * + _ -")
        if tender.kind == "voucher" and (tender.reference is None or tender.status is not None):
            raise invalid(f"tender {number}: a voucher has a reference and no status", "Type what stands on it.")


def settle(
    total: int,
    asked: Sequence[AskTender],
    coin: int,
    tokens: Mapping[int, str],
    vouchers: Mapping[int, str],
) -> tuple[list[Tender], int, int]:
    """The tenders as recorded, the rounding and the change; cash pays what is left in multiples of ``coin``, change
    comes from cash only. ``tokens``: the id of each access token by the place of its tender, from 0; what it pays is
    its own piece, so that a deposit that comes back beside it is paid out. ``vouchers``: the same of come-back
    vouchers, which pay as any voucher does.

    Refuses ``underpaid`` and ``overpaid``.
    """
    cash = sum(tender.amount for tender in asked if tender.kind == "cash")
    token = sum(tender.amount for tender in asked if tender.kind == "token")
    other = sum(tender.amount for tender in asked if tender.kind not in ("cash", "token"))
    tendered = other + cash + token
    if cash % coin:
        raise invalid(
            f"cash of {cash}: the smallest coin is {coin}", "Enter the notes and coins that were handed over."
        )
    rest = total - token
    exact = rest - other
    in_cash = exact < 0 or any(tender.kind == "cash" for tender in asked)
    due = money.round_cash(exact, coin) if in_cash else exact
    if other > max(rest, 0) or (due == 0 and cash > 0 and other + token > 0):
        refuse("overpaid", f"{tendered} was tendered for {total}", "Only cash gives change; lower the other tender.")
    if cash < due:
        refuse("underpaid", f"{tendered} was tendered for {total}", "Take the rest.", missing=due - cash)
    tenders = [
        Tender(
            kind=tender.kind,
            amount=tender.amount,
            reference=tokens.get(place) or vouchers.get(place, tender.reference),
            status=(tender.status or "approved") if tender.kind == "card" else None,
            comeback=place in vouchers,
        )
        for place, tender in enumerate(asked)
    ]
    return tenders, due - exact, cash - due
