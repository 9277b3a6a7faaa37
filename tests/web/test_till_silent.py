"""What the till does when the box falls silent, a reply is lost, or the box says no: nothing lost, nothing doubled."""

import re
import signal
import time
from contextlib import closing
from typing import Any

from playwright.sync_api import expect

from appliance.clock import system_clock
from appliance.private.secrets import Secrets
from tests.conftest import wait_until
from tests.web.conftest import House
from tests.web.tablet import Tablet


def sales(house: House) -> list[Any]:
    return house.facts("sale.completed/1")


def test_while_the_recorder_is_frozen_sales_wait_here_and_are_recorded_once(lone: Tablet) -> None:
    house, page = lone.house, lone.page
    lone.unlock()
    assert house.recorder.process is not None
    house.recorder.process.send_signal(signal.SIGSTOP)
    lone.pay_exactly("COFFEE")
    expect(page.locator("#done-waits")).to_be_visible(timeout=20_000)
    expect(page.locator("#done-number")).to_have_text("Slip A")
    lone.next()
    expect(page.locator("#waiting-text")).to_contain_text("1 sale waits safely on this tablet")
    lone.pay_exactly("CAKE")
    page.reload()
    expect(page.locator("#done-number")).to_have_text(re.compile("Slip B|This sale"))
    house.recorder.process.send_signal(signal.SIGCONT)
    lone.number()
    lone.next()
    expect(page.locator("#waiting")).to_be_hidden(timeout=30_000)
    assert [fact["data"]["total"] for fact in sales(house)] == [350, 420]


def test_while_the_till_is_gone_nothing_is_lost_and_nothing_doubled(lone: Tablet) -> None:
    house, page = lone.house, lone.page
    lone.unlock()
    house.till.kill(signal.SIGKILL)
    lone.pay_exactly("COFFEE", "CAKE")
    expect(page.locator("#done-waits")).to_be_visible(timeout=20_000)
    lone.next()
    expect(page.locator("#trouble")).to_contain_text("Box not answering")
    page.locator(".tabs a", has_text="Door").click()
    expect(page.locator("#trouble")).to_contain_text("stays here")
    assert page.url.endswith("/sell")
    page.click("#try")
    house.start_till()
    expect(page.locator("#waiting")).to_be_hidden(timeout=30_000)
    assert [fact["data"]["total"] for fact in sales(house)] == [770]


def test_half_a_minute_without_the_box_and_several_sales_are_each_recorded_once(lone: Tablet) -> None:
    house, page = lone.house, lone.page
    lone.unlock()
    house.till.kill(signal.SIGKILL)
    since = time.monotonic()
    for skus in (("COFFEE",), ("CAKE", "CAKE"), ("POSTER",), ("CUP", "COFFEE")):
        lone.pay_exactly(*skus)
        expect(page.locator("#done-waits")).to_be_visible(timeout=20_000)
        lone.next()
    page.wait_for_timeout(max(0.0, 30 - (time.monotonic() - since)) * 1000)
    expect(page.locator("#waiting-sum")).to_have_text("4 sales, €29.40")
    house.start_till()
    page.click("#try")
    expect(page.locator("#waiting")).to_be_hidden(timeout=30_000)
    assert [fact["data"]["total"] for fact in sales(house)] == [350, 840, 1200, 550]
    assert len({fact["data"]["number"] for fact in sales(house)}) == 4


def test_a_lost_reply_is_asked_for_again_and_not_sold_again(lone: Tablet) -> None:
    lone.unlock()
    lost = 2

    def lose(route: Any) -> None:
        nonlocal lost
        if lost:
            lost -= 1
            route.fetch()
            route.abort()
        else:
            route.continue_()

    lone.page.route("**/api/v1/sales", lose)
    lone.pay_exactly("COFFEE")
    lone.number()
    assert lost == 0
    assert len(sales(lone.house)) == 1


def test_a_refusal_brings_the_cart_back_with_the_reason(lone: Tablet) -> None:
    lone.unlock()
    lone.tap("POSTER")
    lone.page.get_by_label("Quantity of Poster").fill("20")
    lone.page.get_by_label("Quantity of Poster").press("Enter")
    lone.charge()
    lone.page.locator("#suggested button").first.click()
    lone.page.route("**/bar", lambda route: route.abort())  # it does not hear of the other till in time
    lone.house.client("Ben").sell({"sku": "POSTER", "qty": 1}, cash=1200)
    lone.finish()
    expect(lone.page.locator("#refused")).to_contain_text("Poster: 19 left, 20 asked for")
    lone.page.unroute("**/bar")
    lone.page.get_by_label("One less Poster").click()
    expect(lone.page.locator("#total")).to_have_text("€228.00")
    lone.charge()
    expect(lone.page.locator("#refused")).to_be_hidden()
    lone.page.locator("#suggested button").first.click()
    lone.finish()
    lone.number()
    assert len(sales(lone.house)) == 2


def test_a_waiting_sale_that_is_refused_later_stays_and_can_be_put_right(lone: Tablet) -> None:
    house, page = lone.house, lone.page
    lone.unlock()
    page.route("**/api/v1/sales", lambda route: route.abort())
    lone.pay_exactly("COFFEE")
    expect(page.locator("#done-waits")).to_be_visible(timeout=20_000)
    lone.next()
    house.admin.send("event.close", {}, actor="admin:test", id="close")
    page.unroute("**/api/v1/sales")
    expect(page.locator("#waiting-rows")).to_contain_text("Refused", timeout=20_000)
    expect(page.locator("#waiting-rows")).to_contain_text("closed")
    page.locator("[data-again]").click()
    expect(page.locator("#total")).to_have_text("€3.50")
    expect(page.locator("#waiting")).to_be_hidden()
    assert sales(house) == []


def test_two_tabs_of_one_tablet_send_one_sale(lone: Tablet) -> None:
    lone.unlock()
    other = lone.page.context.new_page()
    other.goto(lone.house.url + "/sell")
    lone.tap("COFFEE")
    expect(other.locator("#total")).to_have_text("€3.50")
    lone.charge()
    lone.page.locator("#suggested button").first.click()
    lone.finish()
    other.evaluate("dispatchEvent(new Event('online'))")
    lone.number()
    wait_until(lambda: sales(lone.house), "the sale")
    assert len(sales(lone.house)) == 1


def test_a_sale_whose_reply_was_lost_is_found_again_by_the_next_cashier(lone: Tablet) -> None:
    def lose(route: Any) -> None:
        route.fetch()
        route.abort()

    lone.unlock("222222")
    lone.page.route("**/api/v1/sales", lose)
    lone.pay_exactly("COFFEE")
    expect(lone.page.locator("#done-waits")).to_be_visible(timeout=20_000)
    lone.page.unroute("**/api/v1/sales")
    lone.unlock("123456")
    lone.number()
    [sale] = sales(lone.house)
    with closing(Secrets(lone.house.data, system_clock("rtc"))) as secrets:
        names = {f"staff:{staff.id}": staff.name for staff in secrets.staff()}
    assert names[sale["actor"]] == "Ben"


def test_signing_in_anew_in_another_tab_costs_this_one_a_reload_and_no_sale(lone: Tablet) -> None:
    lone.unlock()
    lone.tap("COFFEE")
    lone.charge()
    lone.page.locator("#suggested button").first.click()
    assert lone.page.request.post(f"{lone.house.url}/api/v1/login", data={"pin": "222222"}).ok
    lone.finish()
    lone.number()
    assert len(sales(lone.house)) == 1
