"""What a form wishes is carried out to the cent: never more by a card or a voucher than came, and never less in all."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.domain import giveback
from appliance.domain.cards import statuses
from appliance.domain.giveback import Way, Wish
from appliance.domain.refunds import left, still
from appliance.domain.sales import SaleCompleted
from appliance.projections import cards, refunds, sales
from tests.money.test_refunds import LEAD, Shop, ok, slug

COINS = {"EUR": 1, "CHF": 5}
WAYS: tuple[Way, ...] = ("paid", "card", "cash", "voucher", "split")
STEP = st.tuples(st.integers(1, 3), st.integers(1, 4), st.sampled_from(WAYS), st.integers(0, 2500), st.integers(0, 900))


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Shop]]:
    """One that pays to the cent, one in coins of five."""
    found = {currency: Shop(tmp_path_factory.mktemp(currency) / "data", currency) for currency in COINS}
    yield found
    for shop in found.values():
        shop.engine.close()


def sold(shop: Shop, currency: str, by_card: tuple[int, int], by_voucher: int, declined: bool) -> SaleCompleted:
    """Two things, three coffees and a sticker, by two cards, a voucher and the rest in cash; perhaps the second card
    was declined, which somebody said later."""
    tenders: list[dict[str, Any]] = [
        {"kind": "card", "amount": by_card[0], "reference": "T1"},
        {"kind": "card", "amount": by_card[1], "reference": "T2", "status": "unknown"},
        {"kind": "voucher", "amount": by_voucher, "reference": "V1"},
        {"kind": "cash", "amount": 10_000},
    ]
    lines = ({"sku": "OPEN", "qty": 2, "price": 1201}, {"sku": "COFFEE", "qty": 3}, {"sku": "STICKER", "qty": 1})
    sale = shop.sold(*lines, tenders=[one for one in tenders if one["amount"]])["sale"]
    if by_card[1]:
        number = 2 if by_card[0] else 1
        shop.do("card.settle", sale=sale, tender=number, outcome="declined" if declined else "approved")
    found = sales.fact(shop.engine.store.db, sale)
    assert found is not None
    assert found.currency == currency
    return found


def share(total: int, qty: int, done: int, back: int, part: int) -> int:
    """What of a line goes back in this step, rounded as it was sold."""
    return int((Decimal(total) * (done + part) / qty).quantize(Decimal(1), ROUND_HALF_UP)) - back


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    currency=st.sampled_from(sorted(COINS)),
    by_card=st.tuples(st.integers(0, 1500), st.integers(0, 1000)),
    by_voucher=st.integers(0, 900),
    declined=st.booleans(),
    steps=st.lists(STEP, min_size=1, max_size=4),
)
def test_every_wish_is_carried_out_or_refused_for_more_than_came(
    shops: dict[str, Shop],
    currency: str,
    by_card: tuple[int, int],
    by_voucher: int,
    declined: bool,
    steps: list[tuple[int, int, Way, int, int]],
) -> None:
    shop, coin = shops[currency], COINS[currency]
    sale = sold(shop, currency, by_card, by_voucher, declined)
    db = shop.engine.store.db
    came = {"card": by_card[0] + (0 if declined else by_card[1]), "voucher": by_voucher}
    gone, owed = {"card": 0, "voucher": 0, "cash": 0}, by_card[1] if declined else 0
    for line, qty, way, card, voucher in steps:
        before = refunds.before(db, sale.sale)
        rest = {one.line: one for one in left(sale, before)}
        if line not in rest:
            continue
        whole, there = sale.lines[line - 1], rest[line]
        part = min(qty, there.qty)
        total = share(whole.total, whole.qty, whole.qty - there.qty, whole.total - there.total, part)
        known = statuses(sale, cards.of_sale(db, sale.sale))
        most = still(sale, before, known)
        assert {kind: most.get(kind, 0) for kind in came} == {kind: came[kind] - gone[kind] for kind in came}
        real = total - min(total, owed)
        wish = Wish(way, card, voucher, "T9" if card % 2 else None)
        tenders = giveback.tenders(wish, sale, before, total, coin, known)
        asked = None if tenders is None else msgspec.to_builtins(tenders)
        reply = shop.refund(sale.sale, (line, part), approver=LEAD, tenders=asked)
        if way == "split" and not reply["ok"]:
            assert slug(reply) == "overpaid"
            assert card > most.get("card", 0) or voucher > most.get("voucher", 0) or card + voucher > real
            continue
        answer = ok(reply)
        moved = [one for one in answer["tenders"] if not one.get("declined")]
        assert sum(one["amount"] for one in answer["tenders"]) == total + answer["rounding"]
        by = {kind: sum(one["amount"] for one in moved if one["kind"] == kind) for kind in gone}
        assert sum(one["amount"] for one in answer["tenders"] if one.get("declined")) == total - real
        wanted = {
            "card": (min(real, most.get("card", 0)), 0),
            "voucher": (0, min(real, most.get("voucher", 0))),
            "cash": (0, 0),
            "split": (card, voucher),
        }
        if way != "paid":
            assert (by["card"], by["voucher"]) == wanted[way]
        assert abs(answer["rounding"]) < coin
        assert by["cash"] % coin == 0
        if wish.reference is not None:
            assert {one["reference"] for one in moved if one["kind"] == "card"} <= {"T9"}
        owed -= total - real
        for kind, amount in by.items():
            gone[kind] += amount
        assert all(gone[kind] <= came[kind] for kind in came)
