"""Money against an independent calculation in Decimal."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.domain import money
from tests.conftest import ITEMS, EngineBox

RATES = ["0", "0.07", "0.19", "0.2", "0.055", "1"]


@given(st.fractions(min_value=-(10**9), max_value=10**9))
def test_halves_are_rounded_away_from_zero(value: Fraction) -> None:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    if value.denominator <= 10**6:
        assert money.half_up(value.numerator, value.denominator) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    assert abs(money.half_up(value.numerator, value.denominator) - value) <= Fraction(1, 2)


@given(st.lists(st.tuples(st.sampled_from(RATES), st.integers(-(10**7), 10**9)), max_size=20))
def test_vat_is_summed_per_rate_and_rounded_once(parts: list[tuple[str, int]]) -> None:
    lines = money.vat_lines(parts)
    assert sum(line.gross for line in lines) == sum(amount for _, amount in parts)
    for line in lines:
        gross = sum(amount for rate, amount in parts if rate == line.rate)
        tax = Decimal(gross) * Decimal(line.rate) / (1 + Decimal(line.rate))
        assert line.tax == int(tax.quantize(Decimal(1), ROUND_HALF_UP))
        assert line.net + line.tax == line.gross == gross


@pytest.mark.parametrize("text", ["", "x", "-0.1", "1.01", "nan", "inf", "19", "0,19"])
def test_what_is_no_rate_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"rate|decimal"):
        money.rate(text)


line = st.one_of(
    st.fixed_dictionaries({"sku": st.sampled_from(["COFFEE", "CAKE"]), "qty": st.integers(1, 9999)}),
    st.fixed_dictionaries({"sku": st.just("CUP"), "qty": st.integers(1, 20), "returned": st.booleans()}),
    st.fixed_dictionaries({"sku": st.just("BEANS"), "grams": st.integers(1, 100_000)}),
    st.fixed_dictionaries({"sku": st.just("OPEN"), "price": st.integers(0, 10**6)}),
)


def _total(lines: list[dict[str, Any]]) -> int:
    prices = {item["sku"]: Decimal(str(item["price"])) for item in ITEMS}
    total = Decimal(0)
    for each in lines:
        if "grams" in each:
            total += (prices[each["sku"]] * each["grams"] / 1000).quantize(Decimal(1), ROUND_HALF_UP)
        elif "price" in each:
            total += each["price"]
        else:
            total += prices[each["sku"]] * each["qty"] * (-1 if each.get("returned") else 1)
    return int(total)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> EngineBox:
    box = EngineBox(Path(tmp_path_factory.mktemp("shop")))
    box.open_event()
    return box


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(line, min_size=1, max_size=12), st.integers(0, 100), st.integers(0, 5000))
def test_any_cart_adds_up_and_change_is_what_was_handed_over_too_much(
    shop: EngineBox, lines: list[dict[str, Any]], card_share: int, more: int
) -> None:
    total = _total(lines)
    card = max(0, total) * card_share // 100
    cash = max(0, total - card)
    tenders = [{"kind": "card", "amount": card}] if card else []
    if cash or not card:
        tenders.append({"kind": "cash", "amount": cash + more})
    reply = shop.ask("sale.complete", {"lines": lines, "tenders": tenders})
    assert reply["ok"], reply
    answer = reply["answer"]
    assert answer["total"] == total
    assert answer["change"] == sum(tender["amount"] for tender in tenders) - total
    assert sum(line["gross"] for line in answer["vat"]) == total
