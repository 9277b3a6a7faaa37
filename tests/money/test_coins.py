"""What is paid in cash is paid in coins that there are; what pays like a card is paid to the cent."""

from pathlib import Path
from typing import Any

import pytest
from babel.core import get_global

from appliance.domain import money
from appliance.domain.events import EventCreated
from appliance.domain.kernel import read_fact
from tests.conftest import EngineBox
from tests.money.stall import Stall


@pytest.mark.parametrize(
    ("currency", "total", "rounded"),
    [
        *(("CHF", 1000 + last, 1000 + to) for last, to in enumerate([0, 0, 0, 5, 5, 5, 5, 5, 10, 10])),
        ("DKK", 1024, 1000),
        ("DKK", 1025, 1050),
        ("DKK", 1074, 1050),
        ("DKK", 1075, 1100),
        ("SEK", 1049, 1000),
        ("SEK", 1050, 1100),
        ("NOK", 1049, 1000),
        ("CZK", 1050, 1100),
        ("HUF", 100_249, 100_000),
        ("HUF", 100_250, 100_500),
        ("EUR", 1003, 1003),
        ("GBP", 1001, 1001),
        ("PLN", 1001, 1001),
    ],
)
def test_cash_is_rounded_as_each_country_does(currency: str, total: int, rounded: int) -> None:
    assert money.round_cash(total, money.SMALLEST_COIN.get(currency, 1)) == rounded


def test_the_smallest_coins_are_those_that_cldr_knows_of() -> None:
    fractions = get_global("currency_fractions")
    known = {
        currency: rounding or 10 ** (digits - cash_digits)
        for currency, (digits, _, cash_digits, rounding) in fractions.items()
        if currency in money.SMALLEST_COIN
    }
    assert known == {
        currency: coin if currency != "HUF" else 100  # CLDR: no fillér; the forint coins of 1 and 2 are gone too
        for currency, coin in money.SMALLEST_COIN.items()
        if currency not in ("AUD", "NZD")
    }
    for currency in ("EUR", "GBP", "USD", "PLN"):
        assert currency not in money.SMALLEST_COIN
        assert currency not in fractions


def test_only_what_is_paid_in_cash_is_rounded_and_the_total_stays(stalls: dict[str, Stall]) -> None:
    stall, cart = stalls["CHF"], {"sku": "COFFEE", "qty": 4}  # 14.28
    by_card = stall.sold(cart, tenders=[{"kind": "card", "amount": 1428}])
    in_cash = stall.sold(cart, tenders=[{"kind": "cash", "amount": 2000}])
    both = stall.sold(cart, tenders=[{"kind": "card", "amount": 1426}, {"kind": "cash", "amount": 0}])
    assert [(sale["total"], sale["rounding"], sale["change"]) for sale in (by_card, in_cash, both)] == [
        (1428, 0, 0),
        (1428, 2, 570),
        (1428, -2, 0),
    ]
    assert stall.refused(cart, tenders=[{"kind": "cash", "amount": 1425}]) == "underpaid"
    assert stall.refused(cart, tenders=[{"kind": "card", "amount": 1426}]) == "underpaid"
    assert stall.refused(cart, tenders=[{"kind": "card", "amount": 1428}, {"kind": "cash", "amount": 5}]) == "overpaid"
    assert stall.refused(cart, tenders=[{"kind": "cash", "amount": 1428}]) == "validation"


def test_a_deposit_that_comes_back_is_paid_out_in_coins_that_there_are(stalls: dict[str, Stall]) -> None:
    back = [{"sku": "CUP", "qty": 1, "returned": True}, {"sku": "STICKER", "qty": 1}]  # -1.97
    for kind in ("cash", "card"):
        sale = stalls["CHF"].sold(*back, tenders=[{"kind": kind, "amount": 0}])
        assert (sale["total"], sale["rounding"], sale["change"]) == (-197, 2, 195)


def test_an_event_says_its_smallest_coin_where_the_euro_has_none(tmp_path: Path) -> None:
    for coin, expected in ((5, (2, 70)), (None, (0, 72))):
        stall = Stall(tmp_path / str(coin), cash_rounding=coin)
        sale = stall.sold({"sku": "COFFEE", "qty": 4}, tenders=[{"kind": "cash", "amount": 1500}])
        assert (sale["rounding"], sale["change"]) == expected
        stall.engine.close()


@pytest.mark.parametrize("coin", [0, -5, 10_001, "5"])
def test_what_is_no_coin_makes_no_event(tmp_path: Path, coin: Any) -> None:
    box = EngineBox(tmp_path)
    asked = {"name": "M", "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "1", "cash_rounding": coin}
    assert box.ask("event.create", asked)["refusal"]["slug"] == "validation"
    box.engine.close()


def test_an_event_from_before_coins_were_told_is_paid_to_the_cent() -> None:
    old = {"event": "e", "name": "M", "currency": "CHF", "timezone": "Europe/Zurich", "area_m2": "1"}
    fact = read_fact("event.created/1", old)
    assert isinstance(fact, EventCreated)
    assert fact.cash_rounding == 1


def test_a_voucher_pays_like_a_card_and_is_known_by_its_reference(stall: Stall) -> None:
    voucher = {"kind": "voucher", "amount": 421, "reference": "GIFT-0042"}
    assert stall.sold({"sku": "CAKE"}, tenders=[voucher])["tenders"] == [voucher]
    assert stall.refused({"sku": "CAKE"}, tenders=[{**voucher, "amount": 500}]) == "overpaid"
    assert stall.refused({"sku": "CAKE"}, tenders=[{"kind": "voucher", "amount": 421}]) == "validation"
    assert stall.refused({"sku": "CAKE"}, tenders=[{**voucher, "status": "approved"}]) == "validation"
