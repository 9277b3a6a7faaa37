"""What a cart costs, against an independent calculation in Decimal and Fraction: discounts, VAT, cash, change."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.domain import pricing
from tests.money.stall import COINS, LEAD, OF, Stall

# An independent calculation


def whole(value: Decimal | Fraction) -> int:
    """To the nearest, halves away from zero."""
    exact = Decimal(value.numerator) / Decimal(value.denominator) if isinstance(value, Fraction) else value
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def full_price(line: dict[str, Any]) -> int:
    price = Decimal(line.get("price", OF[line["sku"]]["price"]))
    each = Decimal(whole(price * line["grams"] / 1000)) if "grams" in line else price
    return int(each * line.get("qty", 1) * (-1 if line.get("returned") else 1))


def off(discount: dict[str, Any] | None, price: int) -> int:
    if discount is None:
        return 0
    return discount["amount"] if "amount" in discount else whole(Decimal(discount["percent"]) * price)


def apportion(amount: int, over: list[int]) -> list[int]:
    """By largest remainder, the first of equal ones first."""
    exact = [Fraction(amount * part, sum(over) or 1) for part in over]
    shares = [int(part) for part in exact]
    while sum(shares) < amount and sum(over):
        missing = [part - share for part, share in zip(exact, shares, strict=True)]
        shares[missing.index(max(missing))] += 1
    return shares


def parts_of(line: dict[str, Any]) -> list[tuple[str, int, int]]:
    """What is recorded of a line at full price: sku, quantity, minor units. Each part of a bundle costs its share of
    the bundle's price, and a deposit in it what it costs everywhere."""
    item, qty = OF[line["sku"]], line.get("qty", 1)
    if "contains" not in item:
        weight = line.get("grams", 1) * qty
        return [(line["sku"], -weight if line.get("returned") else weight, full_price(line))]
    alone = [OF[part["sku"]]["price"] * part["qty"] * qty for part in item["contains"]]
    fixed = [worth if part["sku"] == "CUP" else 0 for part, worth in zip(item["contains"], alone, strict=True)]
    rest = apportion(full_price(line) - sum(fixed), [worth - keep for worth, keep in zip(alone, fixed, strict=True)])
    return [
        (part["sku"], part["qty"] * qty, keep + share)
        for part, keep, share in zip(item["contains"], fixed, rest, strict=True)
    ]


def payable(line: dict[str, Any]) -> int:
    """What a discount may lower."""
    return sum(cost for sku, _, cost in parts_of(line) if sku != "CUP")


def recorded(line: dict[str, Any], own: int, share: int) -> list[tuple[str, int, int, int, int, str]]:
    """Each line as the journal has it: sku, quantity, full price, own discount, share of the cart's, rate."""
    parts = parts_of(line)
    base = [0 if sku == "CUP" else cost for sku, _, cost in parts]
    owns = apportion(own, base)
    shares = apportion(share, [part - less for part, less in zip(base, owns, strict=True)])
    return [
        (sku, qty, cost, *offs, rate_of(sku, line)) for (sku, qty, cost), *offs in zip(parts, owns, shares, strict=True)
    ]


def expected_lines(lines: list[dict[str, Any]], cart: dict[str, Any] | None) -> tuple[list[tuple[int, int, int]], int]:
    """Of each line that is asked for: its own discount, its share of the cart's, what it costs; and the cart's
    discount."""
    full = [full_price(line) for line in lines]
    own = [off(line.get("discount"), payable(line)) for line in lines]
    base = [payable(line) - less for line, less in zip(lines, own, strict=True)]
    amount = off(cart, sum(base))
    shares = apportion(amount, base)
    return [(less, share, price - less - share) for less, share, price in zip(own, shares, full, strict=True)], amount


def rate_of(sku: str, line: dict[str, Any]) -> str:
    item = OF[sku]
    return str(item.get("vat_takeaway", item["vat"]) if line.get("service") == "takeaway" else item["vat"])


def percents(most: str = "1") -> st.SearchStrategy[dict[str, Any]]:
    shares = st.decimals(0, Decimal(most), places=3, allow_nan=False)
    return shares.map(lambda share: {"percent": format(share, "f")})


@st.composite
def carts(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Lines and a discount on the whole."""
    lines: list[dict[str, Any]] = []
    for sku in draw(st.lists(st.sampled_from(sorted(OF)), min_size=1, max_size=8)):
        line: dict[str, Any] = {"sku": sku, "qty": draw(st.integers(1, 60))}
        if sku == "BEANS":
            line["grams"] = draw(st.integers(1, 5000))
        if sku == "OPEN":
            line["price"] = draw(st.integers(0, 10**6))
        if sku == "CUP":
            line["returned"] = draw(st.booleans())
        else:
            amounts = st.integers(0, payable(line)).map(lambda amount: {"amount": amount})
            line["discount"] = draw(st.none() | percents() | amounts)
        service = draw(st.sampled_from([None, "here", "takeaway"]))
        lines.append(line if service is None else {**line, "service": service})
    left = sum(payable(line) - own for (own, _, _), line in zip(expected_lines(lines, None)[0], lines, strict=True))
    return lines, draw(st.none() | percents() | st.integers(0, left).map(lambda amount: {"amount": amount}))


ANYWHERE = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ANYWHERE
@given(st.sampled_from(sorted(COINS)), carts(), st.integers(0, 100), st.integers(0, 50), st.booleans())
def test_any_cart_with_any_discounts_costs_what_an_independent_calculation_says(
    stalls: dict[str, Stall],
    currency: str,
    cart: tuple[list[dict[str, Any]], dict[str, Any] | None],
    card_share: int,
    more_coins: int,
    with_voucher: bool,
) -> None:
    lines, discount = cart
    parts, cart_off = expected_lines(lines, discount)
    total, coin = sum(cost for _, _, cost in parts), COINS[currency]
    other = max(0, total) * card_share // 100
    kind = {"kind": "voucher", "reference": "V-1"} if with_voucher else {"kind": "card"}
    tenders: list[dict[str, Any]] = [{**kind, "amount": other}] if other else []
    due = int((Decimal(total - other) / coin).quantize(Decimal(1), ROUND_HALF_UP)) * coin
    in_cash = total - other != 0 or not other
    if in_cash:
        tenders.append({"kind": "cash", "amount": max(0, due) + (more_coins * coin if due or not other else 0)})
    asked = any(line.get("discount") is not None for line in lines) or discount is not None
    sale = stalls[currency].sold(*lines, tenders=tenders, discount=discount, **(LEAD if asked else {}))

    found = iter(sale["lines"])
    gross: dict[str, int] = {}
    for line, (own, share, cost) in zip(lines, parts, strict=True):
        first, group = True, []
        for sku, qty, full, of_own, of_cart, rate in recorded(line, own, share):
            one = next(found)
            group.append(one)
            assert (one["sku"], one["qty"], one["vat"]) == (sku, qty, rate)
            assert (one["discount"], one.get("own_discount", 0)) == (of_own + of_cart, of_own)
            assert (one["total"], one.get("full", one["total"])) == (full - of_own - of_cart, full)
            assert one["total"] >= 0 or line.get("returned")
            assert one.get("bundle") == (line["sku"] if "contains" in OF[line["sku"]] else None)
            assert ("bundle_sold" in one) is (first and "bundle" in one)
            gross[rate] = gross.get(rate, 0) + one["total"]
            first = False
        assert sum(one["total"] for one in group) == cost
        if "bundle" in group[0]:
            told = group[0]["bundle_sold"]
            assert (told["qty"], told["full"]) == (line["qty"], line["qty"] * OF[line["sku"]]["price"])
            assert told.get("own_discount", 0) == own
    assert next(found, None) is None
    assert sale.get("cart_discount", 0) == cart_off == sum(share for _, share, _ in parts)
    assert sale["total"] == total

    handed = sum(tender["amount"] for tender in tenders)
    assert handed - sale["change"] == total + sale["rounding"]
    assert sale["change"] >= 0
    assert sale["change"] % coin == 0
    assert sale["rounding"] == (due - (total - other) if in_cash else 0)
    assert 2 * abs(sale["rounding"]) <= coin

    taxes = {
        rate: whole(Fraction(amount) * Fraction(Decimal(rate)) / (1 + Fraction(Decimal(rate))))
        for rate, amount in gross.items()
    }
    assert {vat["rate"]: (vat["gross"], vat["tax"]) for vat in sale["vat"]} == {
        rate: (amount, taxes[rate]) for rate, amount in gross.items()
    }
    assert all(vat["net"] + vat["tax"] == vat["gross"] for vat in sale["vat"])


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_what_is_spread_adds_up_and_takes_from_nobody_more_than_they_have(amount: int, over: list[int]) -> None:
    amount = min(amount, sum(over))
    parts = pricing.spread(amount, over)
    assert sum(parts) == amount
    for part, each in zip(parts, over, strict=True):
        assert 0 <= part <= each
        assert abs(part - Fraction(amount * each, sum(over) or 1)) < 1


@ANYWHERE
@given(carts(), st.booleans())
def test_staff_take_off_a_fifth_by_themselves_and_not_a_cent_more(
    stalls: dict[str, Stall], cart: tuple[list[dict[str, Any]], dict[str, Any] | None], tame: bool
) -> None:
    lines, discount = cart
    if tame:  # a fifth of each line at most, and nothing off the whole
        lines = [line | ({"discount": {"percent": "0.2"}} if line.get("discount") else {}) for line in lines]
        discount = None
    parts, cart_off = expected_lines(lines, discount)
    prices = [payable(line) for line in lines if line["sku"] != "CUP"]
    fifths = [whole(Fraction(price, 5)) for price in prices]
    taken = [own for (own, _, _), line in zip(parts, lines, strict=True) if line["sku"] != "CUP"]
    most = max(sum(fifths), whole(Fraction(sum(prices), 5)))
    beyond = any(own > fifth for own, fifth in zip(taken, fifths, strict=True)) or sum(taken) + cart_off > most
    assert not (tame and beyond)
    reply = stalls["EUR"].sell(*lines, discount=discount)
    assert reply["ok"] or reply["refusal"]["slug"] == "guardrail"
    assert reply["ok"] != beyond


# The guardrail


def test_more_than_a_fifth_wants_the_lead_and_a_reason_and_names_both(stall: Stall) -> None:
    cheap = {"sku": "CAKE", "qty": 10, "discount": {"percent": "0.21"}}
    reply = stall.sell(cheap, discount_reason="damaged")
    assert (reply["refusal"]["slug"], reply["refusal"]["remedy"]) == ("guardrail", "Ask the lead for their PIN.")
    assert "20 %" in reply["refusal"]["detail"]
    assert stall.refused(cheap, approver="s-lead") == "validation"
    sale = stall.sold(cheap, approver="s-lead", discount_reason="damaged")
    assert (sale["approver"], sale["discount_reason"]) == ("s-lead", "damaged")
    assert sale["lines"][0]["percent"] == "0.21"


def test_a_small_discount_names_its_reason_and_no_approver(stall: Stall) -> None:
    sale = stall.sold({"sku": "CAKE", "qty": 10}, discount={"percent": "0.20"}, **LEAD)
    assert (sale["discount_reason"], "approver" in sale) == ("haggled", False)
    assert (sale["cart_discount"], sale["cart_percent"]) == (842, "0.20")
    assert "discount_reason" not in stall.sold({"sku": "CAKE", "qty": 10}, discount={"percent": "0.20"})


def test_a_fifth_off_each_line_and_a_fifth_off_the_whole_are_more_than_a_fifth(stall: Stall) -> None:
    line = {"sku": "CAKE", "qty": 10, "discount": {"percent": "0.20"}}
    stall.sold(line)
    assert stall.refused(line, discount={"percent": "0.20"}) == "guardrail"
    assert stall.refused({"sku": "CAKE", "qty": 10}, discount={"amount": 843}) == "guardrail"


def test_a_line_that_is_too_cheap_is_not_hidden_by_a_large_cart(stall: Stall) -> None:
    rest = {"sku": "CAKE", "qty": 50}
    stall.sold(rest, {"sku": "CAKE", "discount": {"amount": 84}})
    assert stall.refused(rest, {"sku": "CAKE", "discount": {"amount": 85}}) == "guardrail"


@pytest.mark.parametrize(
    "discount",
    [
        {},
        {"percent": "0.1", "amount": 10},
        {"percent": "1.01"},
        {"percent": "-0.1"},
        {"percent": "1E-9"},
        {"percent": "10"},
        {"percent": "0,1"},
        {"percent": 0.1},
        {"amount": -1},
        {"amount": 422},
        {"amount": "5"},
        {"share": "0.1"},
    ],
)
def test_what_is_no_discount_is_named_and_uses_no_identity_up(stall: Stall, discount: dict[str, Any]) -> None:
    before = stall.engine.store.pos
    assert stall.refused({"sku": "CAKE", "discount": discount}, **LEAD) == "validation"
    assert stall.refused({"sku": "CAKE"}, discount=discount, **LEAD) == "validation"
    assert stall.engine.store.pos == before


def test_a_reason_is_one_of_a_few_words_and_goes_with_a_discount(stall: Stall) -> None:
    assert stall.refused({"sku": "CAKE"}, discount={"amount": 1}, discount_reason="my cousin Ana") == "validation"
    assert stall.refused({"sku": "CAKE"}, discount_reason="friend") == "validation"
    assert stall.refused({"sku": "CAKE"}, approver="Ada Lovelace, +49 30") == "validation"


def test_deposits_take_no_discount_so_none_is_paid_out_that_was_not_paid_in(stall: Stall) -> None:
    cups = [{"sku": "CUP", "qty": 3}, {"sku": "CUP", "qty": 1, "returned": True}]
    sale = stall.sold(*cups, {"sku": "COFFEE", "qty": 1}, discount={"percent": "1"}, **LEAD)
    assert [line["total"] for line in sale["lines"]] == [600, -200, 0]
    assert stall.refused(cups[1] | {"discount": {"percent": "0.1"}}) == "validation"
    assert stall.refused(*cups, discount={"amount": 1}) == "validation"


# VAT where it is consumed


def test_what_is_taken_away_has_its_own_rate_at_the_same_price(stall: Stall) -> None:
    here, away = ({"sku": "COFFEE", "qty": 2, "service": service} for service in ("here", "takeaway"))
    sale = stall.sold(here, away, {"sku": "COFFEE", "qty": 1}, {"sku": "CAKE", "qty": 1, "service": "takeaway"})
    assert [(line["vat"], line["total"]) for line in sale["lines"]] == [
        ("0.19", 714),
        ("0.07", 714),
        ("0.19", 357),
        ("0.07", 421),
    ]
    assert [(vat["rate"], vat["gross"]) for vat in sale["vat"]] == [("0.19", 1071), ("0.07", 1135)]
    assert stall.refused({"sku": "COFFEE", "service": "home"}) == "validation"
