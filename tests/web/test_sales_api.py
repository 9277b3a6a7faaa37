"""Discounts, approval, ages, notes and coins over the staff app's JSON, against a real recorder."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from appliance import demo
from appliance.clock import system_clock
from appliance.config import Config
from appliance.services.context import box_id
from appliance.services.recorder.engine import Engine, Request
from tests.web.conftest import Answer, Client, House, empty, new_house

ITEMS: tuple[dict[str, Any], ...] = (
    *demo.ITEMS,
    {"sku": "LUNCH", "name": "Lunch", "price": 1000, "vat": "0.19", "vat_takeaway": "0.07", "kind": "unit"},
    {"sku": "WINE", "name": "Wine", "price": 600, "vat": "0.19", "kind": "unit", "min_age": 16},
    {"sku": "SHIRT-S", "name": "Shirt S", "price": 2000, "vat": "0.19", "kind": "unit", "group": "Shirt"},
)
LUNCH = {"sku": "LUNCH", "qty": 1}
LEAD_PIN, CASHIER_PIN = "123456", "222222"


@pytest.fixture(scope="module")
def shop() -> Iterator[House]:
    """The demo with more to sell."""
    yield from new_house(items=ITEMS)


def sell(client: Client, *lines: dict[str, Any], key: str | None = None, **more: Any) -> Answer:
    tenders = [{"kind": "cash", "amount": 100_000}]
    return client.post("/sales", {"lines": list(lines), "tenders": tenders, **more}, key=key)


def ada(house: House) -> str:
    """The lead's id."""
    signed_in: str = Client(house.url).ask("POST", "/api/v1/login", {"pin": LEAD_PIN}).json["staff"]
    return signed_in


def recorded(house: House, answer: Answer) -> dict[str, Any]:
    assert answer.status == 201, answer.body
    found: dict[str, Any] = house.client().get(f"/sales/{answer.json['sale']}").json
    return found


def test_a_cashier_takes_a_little_off_and_the_answer_adds_up(shop: House) -> None:
    answer = sell(
        shop.client("Ben"),
        {**LUNCH, "qty": 3, "discount": {"percent": "0.10"}},
        {"sku": "CAKE", "qty": 1},
        discount={"amount": 100},
    )
    assert (answer.json["total"], answer.json["change"]) == (3020, 96_980)
    sale = recorded(shop, answer)
    assert [(line["full"], line["discount"], line["total"]) for line in sale["lines"]] == [
        (3000, 387, 2613),
        (420, 13, 407),
    ]
    assert sale["cart_discount"] == 100
    assert "approver" not in sale


def test_more_than_a_fifth_waits_for_the_leads_pin_and_the_pin_is_recorded_nowhere(shop: House) -> None:
    ben = shop.client("Ben")
    cheap = {**LUNCH, "discount": {"percent": "0.5"}}
    refused = sell(ben, cheap, discount_reason="damaged", key="half-1")
    assert (refused.status, refused.slug) == (403, "guardrail")
    assert refused.json["remedy"] == "Ask the lead for their PIN."
    wrong = sell(ben, cheap, discount_reason="damaged", approver_pin=CASHIER_PIN, key="half-2")
    assert (wrong.status, wrong.slug) == (403, "role")
    first = sell(ben, cheap, discount_reason="damaged", approver_pin=LEAD_PIN, key="half-3")
    sale = recorded(shop, first)
    assert (sale["total"], sale["approver"], sale["discount_reason"]) == (500, ada(shop), "damaged")
    assert sell(ben, cheap, discount_reason="damaged", approver_pin=LEAD_PIN, key="half-3").json == first.json
    assert LEAD_PIN not in json.dumps(shop.facts("sale.completed/1")[-1])


def test_a_lead_approves_by_being_it_and_still_says_why(shop: House) -> None:
    cheap = {**LUNCH, "discount": {"percent": "0.5"}}
    assert sell(shop.client("Ada"), cheap).slug == "validation"
    sale = recorded(shop, sell(shop.client("Ada"), cheap, discount_reason="staff"))
    assert (sale["approver"], sale["discount_reason"]) == (ada(shop), "staff")
    assert "approver" not in recorded(shop, sell(shop.client("Ada"), LUNCH))


def test_nobody_names_the_approver_themselves(shop: House) -> None:
    cheap = {**LUNCH, "discount": {"percent": "0.5"}}
    for more in ({"approver": ada(shop)}, {"approver": None}, {"approver_pin": 123_456}, {"approver_pin": [LEAD_PIN]}):
        assert sell(shop.client("Ben"), cheap, discount_reason="damaged", **more).slug == "validation"
    assert sell(shop.client("Cleo"), LUNCH, approver_pin=LEAD_PIN).slug == "role"


@pytest.mark.parametrize(
    "lines", [None, "x", [None], ["x"], [[]], [{"discount": "x"}], [{"sku": "LUNCH", "discount": []}]]
)
def test_nonsense_for_a_cart_is_refused_also_when_a_lead_sends_it(shop: House, lines: Any) -> None:
    for name in ("Ada", "Ben"):
        body = {"lines": lines, "tenders": [{"kind": "cash", "amount": 1000}], "discount": {"percent": "0.1"}}
        answer = shop.client(name).post("/sales", body)
        assert (answer.status, answer.slug) == (422, "validation")


def test_an_id_has_to_be_seen_for_what_has_an_age(shop: House) -> None:
    ben = shop.client("Ben")
    refused = sell(ben, {"sku": "WINE", "qty": 1})
    assert (refused.status, refused.slug, refused.json["remedy"]) == (409, "age-check", "Ask for an ID.")
    assert recorded(shop, sell(ben, {"sku": "WINE", "qty": 1}, age_checked=True))["age_checked"] is True


def test_what_is_noted_is_shown_to_staff_and_stands_in_no_fact(shop: House) -> None:
    note = "Ana picks it up at eight"
    sale = recorded(shop, sell(shop.client("Ben"), LUNCH, note=note))
    assert sale["note"] == note
    assert "note_ref" not in sale
    fact = shop.facts("sale.completed/1")[-1]
    assert fact["data"]["sale"] == sale["sale"]
    assert "Ana" not in json.dumps(fact)


def test_the_rate_follows_where_it_is_consumed(shop: House) -> None:
    answer = sell(shop.client("Ben"), {**LUNCH, "service": "takeaway"}, {**LUNCH, "service": "here"})
    assert [(vat["rate"], vat["gross"], vat["tax"]) for vat in answer.json["vat"]] == [
        ("0.19", 1000, 160),
        ("0.07", 1000, 65),
    ]


def test_the_catalogue_names_what_only_some_items_have(shop: House) -> None:
    items = {item["sku"]: item for item in shop.client("Ben").get("/catalogue").json["items"]}
    assert items["LUNCH"]["vat_takeaway"] == "0.07"
    assert items["WINE"]["min_age"] == 16
    assert items["SHIRT-S"]["group"] == "Shirt"
    assert not {"vat_takeaway", "min_age", "group"} & set(items["COFFEE"])


def swiss(data: Path, config: Config) -> None:
    """An event whose smallest coin is five Rappen, with a drawer."""
    empty(data, config)
    event = {"name": "Markt", "currency": "CHF", "timezone": "Europe/Zurich", "area_m2": "9"}
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("event.create", event),
        ("event.open", {}),
        ("drawer.open", {"float": 10_000}),
    )
    with closing(Engine(data, config, system_clock("rtc"), box_id(config, data))) as engine:
        for command, asked in steps:
            assert engine.execute([Request("admin", command, command, "admin:test", asked)])[0]["ok"]


@pytest.fixture
def swiss_house() -> Iterator[House]:
    tea = {"sku": "TEA", "name": "Tea", "price": 443, "vat": "0.081", "kind": "unit"}
    yield from new_house(swiss, [tea])


def test_cash_is_paid_in_coins_that_there_are_and_a_card_to_the_cent(swiss_house: House) -> None:
    ben, line = swiss_house.client("Ben"), [{"sku": "TEA", "qty": 1}]
    cash = ben.post("/sales", {"lines": line, "tenders": [{"kind": "cash", "amount": 500}]}).json
    card = ben.post("/sales", {"lines": line, "tenders": [{"kind": "card", "amount": 443}]}).json
    assert [(sale["total"], sale["rounding"], sale["change"]) for sale in (cash, card)] == [(443, 2, 55), (443, 0, 0)]
    cents = ben.post("/sales", {"lines": line, "tenders": [{"kind": "cash", "amount": 443}]})
    assert (cents.status, cents.slug) == (422, "validation")
    assert "smallest coin is 5" in cents.json["detail"]
