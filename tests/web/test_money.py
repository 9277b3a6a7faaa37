"""The page's arithmetic is the box's: the same amounts for any cart, to the last cent."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from appliance.domain import money
from appliance.domain.catalogue import Item
from appliance.domain.sales import AskLine, _line
from appliance.receipts.wording import Wording
from tests.web.conftest import Client, House

CASES = 400


@pytest.fixture(scope="module")
def page(house: House, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    opened = context.new_page()
    opened.goto(f"{house.url}/login")
    yield opened
    context.close()


def money_js(house: House) -> str:
    html = Client(house.url).ask("GET", "/login").body.decode()
    script: str = html.partition('src="')[2].partition('"')[0]
    return script.replace("login.js", "money.js")


def run(page: Page, house: House, function: str, cases: list[Any]) -> list[Any]:
    """One function of money.js over all cases."""
    code = "async ([file, cases]) => { const m = await import(file); return cases.map((c) => (%s)(m, c)); }"
    found: list[Any] = page.evaluate(code % function, [money_js(house), cases])
    return found


def test_lines_cost_what_the_box_charges(page: Page, house: House) -> None:
    lots = random.Random(1)
    cases, expected = [], []
    for _ in range(CASES):
        kind = lots.choice(["unit", "weight", "open", "deposit"])
        item = Item(sku="X", name="X", price=lots.randrange(10**6), vat="0.19", kind=kind)  # type: ignore[arg-type]
        line: dict[str, Any] = {"qty": lots.randint(1, 99 if kind == "weight" else 9999)}
        if kind == "weight":
            line["grams"] = lots.randint(1, 1_000_000)
        if kind == "open":
            line["price"] = lots.randrange(10**6)
        if kind == "deposit" and lots.random() < 0.5:
            line["returned"] = True
        cases.append([{"kind": kind, "price": item.price}, line])
        expected.append(_line(1, AskLine(sku="X", **line), {"X": item}).total)
    assert run(page, house, "(m, [item, line]) => m.lineTotal(item, line)", cases) == expected


def test_vat_is_summed_per_rate_and_rounded_once_like_the_box_does(page: Page, house: House) -> None:
    lots = random.Random(2)
    rates = ["0", "0.07", "0.19", "0.055", "0.081", "1"]
    carts: list[list[Any]] = [
        [[lots.choice(rates), lots.randint(-(10**7), 10**9)] for _ in range(lots.randint(1, 8))] for _ in range(CASES)
    ]
    expected = [
        [
            {"rate": line.rate, "gross": line.gross, "tax": line.tax}
            for line in money.vat_lines([(rate, gross) for rate, gross in cart])
        ]
        for cart in carts
    ]
    assert run(page, house, "(m, cart) => m.vatLines(cart)", carts) == expected


def test_suggested_amounts_cover_what_is_due_with_round_notes(page: Page, house: House) -> None:
    dues = [2450, 350, 500, 1, 99999, 10000, 0]
    found = run(page, house, "(m, due) => m.suggestions(due, 100)", dues)
    assert found[0] == [2450, 2500, 3000, 5000]
    assert found[1] == [350, 400, 500, 1000]
    assert found[2] == [500, 1000, 5000, 10000]
    for due, amounts in zip(dues, found, strict=True):
        assert amounts[0] == due
        assert amounts == sorted(set(amounts))


def test_change_in_coins_adds_up_to_the_change(page: Page, house: House) -> None:
    amounts = [random.Random(3).randrange(100_000) for _ in range(100)] + [550]
    found = run(page, house, "(m, amount) => m.coins(amount, 'EUR')", amounts)
    assert [sum(coin * n for coin, n in coins) for coins in found] == amounts
    assert found[-1] == [[500, 1], [50, 1]]
    assert run(page, house, "(m, amount) => m.coins(amount, 'XYZ')", [550]) == [[]]


@pytest.mark.parametrize("currency", ["EUR", "CHF", "JPY", "GBP", "KWD"])
def test_the_page_writes_amounts_as_the_box_does(page: Page, house: House, currency: str) -> None:
    lots = random.Random(4)
    amounts = [0, 1, -200, 4450, *(lots.randrange(-(10**9), 10**12) for _ in range(50))]
    function = f"(m, minor) => m.purse({json.dumps(currency)}, 'en').write(minor)"
    assert run(page, house, function, amounts) == [Wording("en").money(minor, currency) for minor in amounts]


def test_typed_amounts_are_read_to_the_cent_or_not_at_all(page: Page, house: House) -> None:
    typed = {"30": 3000, "30.5": 3050, "30,50": 3050, " 1 000.00 ": 100000, "0": 0, "30.": 3000, "30.505": None}
    typed |= {"": None, "abc": None, "-5": None, "1.000,00": None, "1e3": None, "9999999999": None}
    found = run(page, house, "(m, text) => m.purse('EUR', 'en').read(text)", list(typed))
    assert found == list(typed.values())
