"""The page's arithmetic is the box's: the same amounts for any cart, to the last cent."""

import json
import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, Page

from appliance.domain import lines, money, tendering, tokens
from appliance.domain.catalogue import Item, Part
from appliance.domain.guardrails import Discount
from appliance.domain.lines import AskLine, positions
from appliance.domain.pricing import AskDiscount
from appliance.domain.tendering import AskTender
from appliance.receipts.wording import Wording
from tests.web.conftest import Client, House

CASES = 400
RAILS = (Discount(), Discount(lead="0.5"), Discount(alone="0.05", lead="0.05"), Discount(alone="0", lead="0.333333"))


@pytest.fixture(scope="module")
def page(house: House, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    opened = context.new_page()
    opened.goto(f"{house.url}/login")
    yield opened
    context.close()


def address(house: House, file: str) -> str:
    html = Client(house.url).ask("GET", "/login").body.decode()
    script: str = html.partition('src="')[2].partition('"')[0]
    return script.replace("login.js", file)


def run(page: Page, house: House, function: str, cases: list[Any], file: str = "money.js") -> list[Any]:
    """One function of a module over all cases."""
    code = "async ([file, cases]) => { const m = await import(file); return cases.map((c) => (%s)(m, c)); }"
    found: list[Any] = page.evaluate(code % function, [address(house, file), cases])
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
        expected.append(positions([AskLine(sku="X", **line)], {"X": item})[0].total)
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


RATES = ["0", "0.07", "0.19", "0.055", "0.081"]


def shop(lots: random.Random) -> dict[str, Item]:
    """A catalogue of every kind, with bundles of its own parts."""
    items = {}
    for number in range(8):
        kind = lots.choice(["unit", "unit", "unit", "weight", "open", "deposit"])
        takeaway = lots.choice([None, "0.07"]) if kind != "deposit" else None
        price = lots.choice([0, 1, 99, lots.randrange(10_000), lots.randrange(10**9)])
        fields: dict[str, Any] = {"price": price, "vat": lots.choice(RATES), "vat_takeaway": takeaway, "kind": kind}
        items[f"I{number}"] = Item(sku=f"I{number}", name="X", **fields)
    parts = [sku for sku, item in items.items() if item.kind in ("unit", "deposit")]
    for number in range(2):
        if not parts:
            break
        of = [Part(sku=sku, qty=lots.randint(1, 3)) for sku in lots.sample(parts, min(len(parts), lots.randint(1, 3)))]
        deposits = sum(items[part.sku].price * part.qty for part in of if items[part.sku].kind == "deposit")
        alone = sum(items[part.sku].price * part.qty for part in of)
        sku = f"B{number}"
        items[sku] = Item(sku=sku, name="X", price=lots.randint(deposits, alone), kind="bundle", contains=tuple(of))
    return items


def discount(lots: random.Random, price: int) -> dict[str, Any]:
    if lots.random() < 0.6:
        return {"percent": lots.choice(["0", "0.05", "0.1", "0.2", "0.5", "1", f"0.{lots.randrange(1, 10**6):06}"])}
    return {"amount": lots.choice([0, price, lots.randint(0, price), price // 5])}


def cart(lots: random.Random, items: dict[str, Item]) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Lines as they are asked for, and the cart's discount; no more taken off than there is."""
    asked = []
    for sku in lots.choices(list(items), k=lots.randint(1, 6)):
        item = items[sku]
        line: dict[str, Any] = {"sku": sku, "qty": lots.choice([1, 1, 2, 3, 7])}
        if item.kind == "weight":
            line["grams"] = lots.randint(1, 5000)
        if item.kind == "open":
            line["price"] = lots.randrange(10**5)
        if item.kind == "deposit" and lots.random() < 0.5:
            line["returned"] = True
        if (item.vat_takeaway or item.contains) and lots.random() < 0.7:
            line["service"] = lots.choice(["here", "takeaway"])
        [position] = lines.positions([AskLine(**line)], items)
        if item.kind != "deposit" and lots.random() < 0.5:
            line["discount"] = discount(lots, sum(position.payable))
        asked.append(line)
    _, reduced = lines.reduce(lines.positions(ask(asked), items), None, Discount())
    left = sum(sum(one.payable) for one in reduced)
    return asked, discount(lots, left) if lots.random() < 0.5 else None


def ask(asked: list[dict[str, Any]]) -> list[AskLine]:
    return [msgspec.convert(line, AskLine) for line in asked]


def as_tile(item: Item) -> dict[str, Any]:
    shown: dict[str, Any] = {"sku": item.sku, "price": item.price, "kind": item.kind, "vat": item.vat}
    shown |= {"takeaway": item.vat_takeaway or ""}
    return shown | ({"contains": msgspec.to_builtins(item.contains)} if item.contains else {})


def test_any_cart_costs_to_the_cent_what_the_box_charges(page: Page, house: House) -> None:
    """Discounts of lines and of the cart, bundles, deposits, weights, where it is consumed, and the guardrail."""
    lots = random.Random(5)
    cases, expected = [], []
    for _ in range(CASES):
        items = shop(lots)
        asked, whole = cart(lots, items)
        rail = lots.choice(RAILS)
        reduced, sold = lines.reduce(
            lines.positions(ask(asked), items), msgspec.convert(whole, AskDiscount) if whole else None, rail
        )
        flat = [line for position in sold for line in position.lines]
        cases.append(
            [
                asked,
                [[sku, as_tile(item)] for sku, item in items.items()],
                whole,
                {"alone": rail.alone, "lead": rail.lead},
            ]
        )
        expected.append(
            {
                "rows": [[off.own, off.share, one.total] for off, one in zip(reduced.lines, sold, strict=True)],
                "total": sum(line.total for line in flat),
                "beyond": [reduced.beyond, reduced.barred],
                "vat": [[vat.rate, vat.gross, vat.tax] for vat in money.vat_lines((x.vat, x.total) for x in flat)],
                "parts": [line.total for line in flat],
            }
        )
    function = """(m, [lines, items, discount, rail]) => {
      const c = m.priceCart(lines, new Map(items), discount, rail);
      return {rows: c.rows.map((r) => [r.own, r.share, r.total]), total: c.total, beyond: [c.beyond, c.barred],
        vat: c.vat.map((v) => [v.rate, v.gross, v.tax]), parts: c.rows.flatMap((r) => r.parts.map((p) => p.amount))};
    }"""
    assert run(page, house, function, cases, "pricing.js") == expected
    for which in (0, 1):
        assert sum(1 for one in expected if one["beyond"][which]) in range(CASES // 10, CASES)


def test_any_split_of_tenders_is_one_that_the_box_takes_with_the_same_change(page: Page, house: House) -> None:
    lots = random.Random(6)
    cases = []
    for _ in range(CASES):
        total, coin = lots.choice([-200, 0, 3, 443, 4450, lots.randrange(10**6)]), lots.choice([1, 5, 50])
        wishes = [[lots.choice(["cash", "card", "voucher"]), lots.random()] for _ in range(lots.randint(0, 6))]
        cases.append([total, coin, wishes, lots.choice([0, 0, coin, coin * 40])])
    # As the page does it: parts below what is due, then one that settles the rest.
    function = """(m, [total, coin, wishes, more]) => {
      const tenders = [];
      const now = (kind) => m.dues(total, tenders, coin, kind);
      for (const [kind, part] of wishes) {
        const amount = Math.floor(now(kind).due * part / (kind === "cash" ? coin : 1)) * (kind === "cash" ? coin : 1);
        if (amount > 0 && amount < now(kind).due) tenders.push({kind, amount});
      }
      const {exact, due} = now("cash");
      const nothing = tenders.length && exact === 0 ? [] : [{kind: "cash", amount: 0}];
      if (exact <= 0 || due <= 0) return [[...tenders, ...nothing], Math.max(0, -due)];
      return [[...tenders, {kind: "cash", amount: due + more}], more];
    }"""
    for (total, coin, *_), (tenders, change) in zip(
        cases, run(page, house, function, cases, "tenders.js"), strict=True
    ):
        _, rounding, told = tendering.settle(total, [msgspec.convert(one, AskTender) for one in tenders], coin, {}, {})
        assert told == change
        assert abs(rounding) * 2 <= coin


def test_even_shares_add_up_to_what_is_due(page: Page, house: House) -> None:
    function = """(m, [due, n, coin, kind]) => {
      const parts = [];
      for (; n > 0; n--) { parts.push(m.nextShare(due, n, coin, kind)); due -= parts[parts.length - 1]; }
      return parts;
    }"""
    cases = [[1000, 3, 1, "card"], [443, 2, 5, "card"], [445, 2, 5, "cash"], [1, 4, 1, "card"]]
    found = run(page, house, function, cases, "tenders.js")
    assert found == [[334, 333, 333], [222, 221], [225, 220], [1, 0, 0, 0]]


def test_a_token_is_read_and_its_pieces_cost_the_line_to_the_cent(page: Page, house: House) -> None:
    key = Ed25519PrivateKey.generate()
    scopes = ["COFFEE", "a" * 40, "Bänd.1-2_3"]
    codes = [
        tokens.text(tokens.sign(tokens.Token("access", "e0" * 12, "ev-1", scope, exp=2_000_000_000), key))
        for scope in scopes
    ]
    others = ["", "BK1:", "BK1:%%%", codes[0][:-5], "hello", "BK1:" + "A" * 1200]
    others.append(tokens.text(tokens.sign(tokens.Token("ticket", "e0" * 12, "ev-1", "general"), key)))
    assert run(page, house, "(m, code) => m.scopeOf(code)", codes + others, "token.js") == scopes + [None] * len(others)
    pieces = run(
        page,
        house,
        "(m, [total, n]) => [...Array(n).keys()].map((nth) => m.piece(total, n, nth))",
        [[1000, 3], [1, 2], [0, 1], [9_999_999_999, 7]],
        "pricing.js",
    )
    assert [sum(one) for one in pieces] == [1000, 1, 0, 9_999_999_999]
    assert pieces[0] == [333, 334, 333]


def test_a_typed_share_is_exact_or_not_taken(page: Page, house: House) -> None:
    typed = {"10": "0.1", "12.5": "0.125", "100": "1", "5": "0.05", "0": "0", "33,3333": "0.333333", "7 %": "0.07"}
    bad: dict[str, Any] = dict.fromkeys(["", "101", "-5", "1.23456", "abc", "1e1"])
    assert run(page, house, "(m, text) => m.shareOf(text)", [*typed, *bad], "pricing.js") == [
        *typed.values(),
        *bad.values(),
    ]
