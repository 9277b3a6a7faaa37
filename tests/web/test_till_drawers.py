"""Which drawer a sale goes into: asked when several are meant, kept while it waits, and training in one of its own."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from appliance.config import Config
from tests.web.conftest import House, empty, new_house
from tests.web.tablet import Tablet

COINS = {"coins": {"100": 100}}


def last(house: House) -> dict[str, Any]:
    found: dict[str, Any] = house.facts("sale.completed/1")[-1]["data"]
    return found


def open_drawer(house: House, who: str, **more: Any) -> str:
    answer = house.client(who).post("/drawer/open", {"float": 10_000, **more})
    assert answer.status == 200, answer.body
    found: str = answer.json["drawer"]
    return found


def close_drawer(house: House, drawer: str) -> None:
    client = house.client()
    assert client.post("/drawer/count", {**COINS, "drawer": drawer}).status == 200
    closed = client.post("/drawer/close", {"drawer": drawer, "reason": "wrong_change"})
    assert closed.status == 200, closed.body


def test_a_cashier_says_which_of_several_drawers_and_a_late_sale_says_so(lone: Tablet) -> None:
    house, page = lone.house, lone.page
    first = house.client().get("/drawers").json["drawers"][0]["drawer"]
    second = open_drawer(house, "Ada", name="Bar")
    lone.unlock()
    lone.tap("COFFEE")
    expect(lone.button("charge")).to_have_text("Open or choose a drawer first")
    page.locator("#which button", has_text="Bar · Ada").click()
    expect(page.locator("#which")).to_be_hidden()
    expect(page.locator("#drawer-now")).to_contain_text("Drawer Bar · Ada")
    page.route("**/api/v1/sales", lambda route: route.abort())
    lone.charge()
    page.locator("#suggested button").first.click()
    lone.finish()
    expect(page.locator("#done-waits")).to_be_visible(timeout=20_000)
    close_drawer(house, second)
    page.unroute("**/api/v1/sales")
    lone.number()
    expect(page.locator("#done-late")).to_be_visible()
    sale = last(house)
    assert (sale["late_for"], sale["drawer"]) == (second, first)
    lone.next()
    expect(page.locator("#drawer-now")).to_be_hidden()
    own = open_drawer(house, "Ben")
    expect(page.locator("#stand")).to_have_attribute("data-drawers", re.compile(own))
    lone.pay_exactly("CAKE")
    lone.number()
    assert last(house)["drawer"] == own


@pytest.fixture
def planned_house() -> Any:
    """An event that is not open yet."""

    def prepare(data: Any, config: Config) -> None:
        empty(data, config)

    yield from new_house(prepare, [{"sku": "COFFEE", "name": "Coffee", "price": 350, "vat": "0.19", "kind": "unit"}])


def test_before_the_event_is_open_one_can_train_and_every_place_says_so(
    planned_house: House, chromium: Browser
) -> None:
    house = planned_house
    event = {"name": "Fair", "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "9"}
    house.admin.send("event.create", event, actor="admin:test", id="e")
    tablet = Tablet(chromium, house)
    tablet.unlock()
    page = tablet.page
    tablet.tap("COFFEE")
    expect(page.locator("#state")).to_contain_text("you can train")
    expect(tablet.button("charge")).to_be_disabled()
    drawer = open_drawer(house, "Ben", training=True)
    for _ in ("cart", "pay", "done"):
        expect(page.locator("#training")).to_contain_text("TRAINING")
        expect(page.locator("main.training")).to_be_visible()
        if page.locator("#view-cart").is_visible():
            tablet.charge()
        elif page.locator("#view-pay").is_visible():
            page.locator("#suggested button").first.click()
            tablet.finish()
            tablet.number()
    sale = last(house)
    assert (sale["training"], sale["drawer"]) == (True, drawer)
    assert house.client().get("/kpis").json["sales"]["count"] == 0
    tablet.next()
    house.admin.send("event.open", {}, actor="admin:test", id="o")
    open_drawer(house, "Ben")
    expect(page.locator("#which button")).to_have_count(2)
    page.locator("#which button", has_not_text="TRAINING").click()
    expect(page.locator("#training")).to_be_hidden()
    tablet.close()
    assert tablet.faults == []
