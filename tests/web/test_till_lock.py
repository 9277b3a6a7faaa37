"""A staff page that nobody touches locks itself, keeps what it has, and comes back to the same place."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.web.conftest import Client, House
from tests.web.stall import new_stall
from tests.web.tablet import Tablet, new_tablets

NewTablet = Callable[..., Tablet]
AFTER = 5 * 60 + 2
"""Seconds: a little more than the default."""


@pytest.fixture(scope="module")
def stall() -> Iterator[House]:
    yield from new_stall()


@pytest.fixture
def at_stall(stall: House, chromium: Browser) -> Iterator[NewTablet]:
    yield from new_tablets(stall, chromium)


def unlock(tablet: Tablet, pin: str) -> None:
    tablet.page.fill("[name=pin]", pin)
    tablet.page.keyboard.press("Enter")


def test_after_five_minutes_it_locks_and_another_cashier_goes_on_at_the_same_place(
    at_stall: NewTablet, stall: House
) -> None:
    tablet = at_stall()
    tablet.page.clock.install()
    tablet.unlock()
    page = tablet.page
    tablet.tap("COFFEE")
    page.clock.run_for((AFTER - 60) * 1000)
    page.mouse.click(5, 5)  # somebody is there
    page.clock.run_for((AFTER - 60) * 1000)
    expect(page.locator("#total")).to_have_text("€3.50")
    page.clock.fast_forward(AFTER * 1000)  # as when the tablet slept
    expect(page).to_have_url(re.compile(r"/login\?next=%2Fsell$"), timeout=30_000)
    assert page.request.get(f"{stall.url}/api/v1/carts").status == 401
    unlock(tablet, "123456")
    expect(page).to_have_url(re.compile("/sell$"))
    expect(page.locator("#total")).to_have_text("€3.50")
    tablet.faults.clear()  # what it asked for meanwhile


def test_it_does_not_lock_while_money_is_between_two_hands_nor_while_the_box_is_silent(at_stall: NewTablet) -> None:
    tablet = at_stall()
    tablet.page.clock.install()
    tablet.unlock()
    page = tablet.page
    tablet.tap("COFFEE", "CUP24")
    tablet.charge()
    page.clock.fast_forward(AFTER * 1000)
    page.locator("#kind label", has_text="Card").click()
    page.fill("#amount", "10")
    page.clock.run_for(1000)
    tablet.button("finish").click()
    expect(page.locator("#taken")).to_contain_text("Card €10.00")
    page.click("[data-do=back]")
    page.clock.fast_forward(AFTER * 1000)
    expect(page.locator("#taken-note")).to_be_visible()
    tablet.charge()
    page.get_by_role("button", name="Reverse card").click()
    page.click("[data-do=back]")
    page.route("**/bar", lambda route: route.abort())
    page.clock.run_for(6000)
    expect(page.locator("#trouble")).to_contain_text("Box not answering", timeout=30_000)
    page.clock.fast_forward(AFTER * 1000)
    page.clock.run_for(2000)
    expect(page.locator("#total")).to_be_visible()
    page.unroute("**/bar")
    page.clock.run_for(6000)
    expect(page).to_have_url(re.compile("/login"), timeout=30_000)
    tablet.faults.clear()


def test_every_staff_page_has_the_same_lock_and_comes_back_to_itself(at_stall: NewTablet, stall: House) -> None:
    tablet = at_stall()
    tablet.unlock("123456", "/tickets/import")
    tablet.page.get_by_label("Lock this screen").click()
    expect(tablet.page).to_have_url(re.compile(r"/login\?next="))
    unlock(tablet, "123456")
    expect(tablet.page).to_have_url(stall.url + "/tickets/import")
    tablet.faults.clear()


@pytest.mark.parametrize(
    "target", ["/api/v1/catalogue", "/login", "/lead/event", "/tickets", "/sell?x=1", "//x", "/nothing"]
)
def test_nobody_comes_back_to_what_is_no_page_of_theirs(stall: House, target: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = Client(stall.url, form).ask("POST", f"/login?next={target}", raw=b"pin=222222")
    assert (answer.status, answer.headers["Location"]) == (302, "/sell")
