"""Parked carts in a real browser: on the box exactly once, and with exactly one till."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.conftest import wait_until
from tests.web.conftest import House
from tests.web.stall import new_stall
from tests.web.tablet import Tablet, new_tablets

NewTablet = Callable[..., Tablet]


@pytest.fixture(scope="module")
def stall() -> Iterator[House]:
    yield from new_stall()


@pytest.fixture
def at_stall(stall: House, chromium: Browser) -> Iterator[NewTablet]:
    yield from new_tablets(stall, chromium)


def park(tablet: Tablet, name: str = "") -> None:
    tablet.page.click("#cart-tools [data-do=park]")
    tablet.page.fill("#park-name", name)
    tablet.page.click("#park button.ink")


def hold_back_news(tablet: Tablet) -> None:
    """It hears of no cart that another takes."""
    now = tablet.page.request.get(f"{tablet.house.url}/sell/state").text()
    tablet.page.route("**/sell/state", lambda route: route.fulfill(body=now))


def waiting(stall: House) -> list[Any]:
    found: list[Any] = stall.client().get("/carts").json["carts"]
    return found


def test_a_cart_parked_at_one_till_is_taken_up_whole_at_another(at_stall: NewTablet, stall: House) -> None:
    first, second = at_stall(), at_stall(viewport={"width": 390, "height": 844})
    first.unlock()
    second.unlock("123456")
    first.tap("COFFEE", "COFFEE", "4006381333931")
    page = first.page
    page.locator("#service label", has_text="Eat in").click()
    page.get_by_label("Discount on Flat white").click()
    page.locator("#off-keys label", has_text="10").click()
    page.click("#off-take")
    page.click("#cart-tools [data-do=note]")
    page.fill("#note-text", "no sugar")
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator("#total")).to_have_text("€10.42")
    park(first, "Table 4")
    expect(page.locator("#said")).to_contain_text("Parked as Table 4")
    expect(page.locator("#empty")).to_be_visible()
    expect(second.page.locator("#parked-count")).to_have_text("1")
    second.tap("CAKE")
    second.page.click("#parked-open")
    expect(second.page.locator("#parked-list")).to_contain_text("3 items · €10.42")
    second.page.get_by_label("Take cart Table 4").click()
    second.page.click("#parked-ask-yes")
    expect(second.page.locator("#total")).to_have_text("€10.42")
    expect(second.page.locator("#cart-note")).to_have_text("Note: no sugar")
    expect(second.page.locator("#service [value=here]")).to_be_checked()
    [cake] = waiting(stall)
    assert [line["sku"] for line in cake["lines"]] == ["CAKE"]
    expect(page.locator("#parked-count")).to_have_text("1")
    page.click("#parked-open")
    page.get_by_label(f"Drop cart {cake['name']}").click()
    page.get_by_role("button", name="Drop 1 item").click()
    expect(page.locator("#parked-count")).to_have_text("0")
    assert waiting(stall) == []


def test_of_two_tills_that_take_one_cart_exactly_one_has_it(at_stall: NewTablet, stall: House) -> None:
    tablets = [at_stall(), at_stall()]
    for tablet in tablets:
        tablet.unlock()
    tablets[0].tap("COFFEE")
    park(tablets[0], "Race")
    for tablet in tablets:
        expect(tablet.page.locator("#parked-count")).to_have_text("1")
        hold_back_news(tablet)
        tablet.page.click("#parked-open")
    said = []
    for tablet in tablets:
        tablet.page.get_by_label("Take cart Race").click()
        expect(tablet.page.locator("#said")).to_contain_text(re.compile("This is cart|was taken"))
        said.append(tablet.page.locator("#said-what").inner_text())
    assert said[0] == "This is cart Race now."
    assert said[1].startswith("Cart Race was taken by")
    assert sum(tablet.page.locator("#lines li").count() for tablet in tablets) == 1
    for tablet in tablets:
        tablet.faults.clear()  # the refusal


def test_two_tabs_of_one_tablet_take_a_cart_once(at_stall: NewTablet, stall: House) -> None:
    tablet, before = at_stall(), len(stall.facts("cart.taken/1"))
    tablet.unlock()
    tablet.tap("COFFEE", "CAKE")
    park(tablet)
    other = tablet.page.context.new_page()
    other.goto(stall.url + "/sell")
    for page in (tablet.page, other):
        page.click("#parked-open")
        expect(page.locator("[data-take]")).to_have_count(1)
    for page in (tablet.page, other):
        page.evaluate("document.querySelectorAll('[data-take]').forEach((key) => key.click())")
    expect(other.locator("#total")).to_have_text("€7.70")
    expect(tablet.page.locator("#total")).to_have_text("€7.70")
    assert len(stall.facts("cart.taken/1")) == before + 1
    tablet.faults.clear()


def test_a_lost_reply_neither_loses_a_cart_nor_doubles_it(at_stall: NewTablet, stall: House) -> None:
    tablet, before = at_stall(), len(stall.facts("cart.parked/1"))
    tablet.unlock()
    page = tablet.page
    lost: list[str] = []

    def lose(route: Route) -> None:
        if lost.count(route.request.url) < 1:
            lost.append(route.request.url)
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/carts**", lose)
    page.route("**/api/v1/carts/**", lose)
    tablet.tap("COFFEE")
    park(tablet, "Lost")
    expect(page.locator("#parked-list")).to_contain_text("On its way to the box")
    page.reload()  # in the middle of it
    expect(page.locator("#said")).to_contain_text("Parked as Lost")
    expect(page.locator("#lines li")).to_have_count(0)
    assert [fact["data"]["name"] for fact in stall.facts("cart.parked/1")[before:]] == ["Lost"]
    page.click("#parked-open")
    page.get_by_label("Take cart Lost").click()
    wait_until(lambda: any("take" in url for url in lost), "the lost reply")
    page.reload()
    expect(page.locator("#said")).to_contain_text("This is cart Lost now")
    expect(page.locator("#total")).to_have_text("€3.50")
    assert waiting(stall) == []
    tablet.faults.clear()


def test_while_the_box_is_silent_a_cart_stays_where_it_is(at_stall: NewTablet) -> None:
    tablet = at_stall()
    tablet.unlock()
    page = tablet.page
    tablet.tap("COFFEE")
    page.route("**/bar", lambda route: route.abort())
    page.evaluate("document.dispatchEvent(new Event('boothkit:renew'))")
    expect(page.locator("#trouble")).to_contain_text("Box not answering")
    page.click("#cart-tools [data-do=park]")
    expect(page.locator("#said")).to_contain_text("Parking needs the box")
    expect(page.locator("#total")).to_have_text("€3.50")
    tablet.faults.clear()


def test_a_name_that_is_taken_brings_the_cart_back_with_the_reason(at_stall: NewTablet, stall: House) -> None:
    stall.client().post("/carts", {"lines": [{"sku": "CAKE", "qty": 1}], "name": "Bar"})
    tablet = at_stall()
    tablet.unlock()
    tablet.tap("COFFEE")
    park(tablet, "Bar")
    expect(tablet.page.locator("#said")).to_contain_text("waits already")
    expect(tablet.page.locator("#total")).to_have_text("€3.50")
    assert len(waiting(stall)) == 1
    tablet.faults.clear()
