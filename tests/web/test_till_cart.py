"""The cart in a real browser: discounts and who allows them, variants, bundles, quantities, keys, a scanner."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.conftest import House
from tests.web.stall import new_stall
from tests.web.tablet import Tablet, new_tablets
from tools.screens import NUMBER, SECOND_TAP_MS

NewTablet = Callable[..., Tablet]


@pytest.fixture(scope="module")
def stall() -> Iterator[House]:
    yield from new_stall()


@pytest.fixture
def at_stall(stall: House, chromium: Browser) -> Iterator[NewTablet]:
    yield from new_tablets(stall, chromium)


def last_sale(stall: House) -> dict[str, Any]:
    found: dict[str, Any] = stall.facts("sale.completed/1")[-1]["data"]
    return found


def take_off(page: Page, key: str, *, reason: str = "") -> None:
    page.locator("#off-keys label", has_text=key).click()
    if reason:
        page.locator("#off-reason label", has_text=reason).click()


def finish(tablet: Tablet) -> None:
    tablet.charge()
    tablet.page.locator("#suggested button").first.click()
    tablet.finish()
    tablet.number()


def test_half_off_one_line_wants_the_lead_s_pin_and_a_reason(at_stall: NewTablet, stall: House) -> None:
    tablet = at_stall()
    tablet.unlock()
    page = tablet.page
    tablet.tap("COFFEE", "CUP24")
    page.get_by_label("Discount on Stoneware cup").click()
    take_off(page, "50")
    expect(page.locator("#off-lead")).to_contain_text("more than 20")
    page.click("#off-take")
    expect(page.locator("#off-pin-error")).to_contain_text("reason")
    take_off(page, "50", reason="Damaged")
    page.fill("#off-pin", "222222")
    page.click("#off-take")
    expect(page.locator("#off-pin-error")).to_contain_text("PIN")
    expect(page.locator("#off-pin")).to_have_value("")
    page.fill("#off-pin", "123456")
    page.click("#off-take")
    expect(page.locator("#approve")).to_contain_text("Approved by Ada")
    expect(page.locator("#lines s")).to_have_text("€24.00")
    expect(page.locator("#total")).to_have_text("€15.50")
    assert "123456" not in page.evaluate("JSON.stringify(localStorage)")
    page.get_by_label("One more Stoneware cup").click()
    expect(tablet.button("charge")).to_have_text("Needs the lead’s PIN")
    expect(tablet.button("charge")).to_be_disabled()
    page.get_by_label("One less Stoneware cup").click()
    page.reload()
    finish(tablet)
    tablet.faults.clear()  # the PIN that is no lead's
    sale = last_sale(stall)
    assert [(line["sku"], line["discount"], line["total"]) for line in sale["lines"]] == [
        ("COFFEE", 0, 350),
        ("CUP24", 1200, 1200),
    ]
    assert (sale["discount_reason"], sale["lines"][1]["percent"]) == ("damaged", "0.5")
    assert sale["approver"]


def test_the_cart_s_own_discount_and_where_it_is_eaten_are_what_the_box_computes(
    at_stall: NewTablet, stall: House
) -> None:
    tablet = at_stall()
    tablet.unlock()
    page = tablet.page
    tablet.tap("4006381333931", "4006381333931", "CAKE", "BREAKFAST", "CUP")
    page.locator("#service label", has_text="Eat in").click()
    page.click("#cart-tools [data-do=off]")
    page.fill("#off-own", "12,5")
    page.click("#off-take")
    page.click("#cart-tools [data-do=note]")
    page.fill("#note-text", "for Mira, she comes at eight")
    page.get_by_role("button", name="Keep the note").click()
    page.locator("#service label", has_text="Take away").click()
    shown = page.locator("#vat").inner_text()
    total = page.locator("#total").inner_text()
    finish(tablet)
    sale = last_sale(stall)
    assert total == f"€{sale['total'] / 100:.2f}"
    for vat in sale["vat"]:
        assert f"€{vat['gross'] / 100:.2f}" in shown
        assert f"€{vat['tax'] / 100:.2f}" in shown
    assert sale["cart_percent"] == "0.125"
    assert {line["service"] for line in sale["lines"] if line["sku"].isdigit()} == {"takeaway"}
    assert "approver" not in sale
    assert "Mira" not in str(sale)
    assert stall.client().get(f"/sales/{sale['sale']}").json["note"] == "for Mira, she comes at eight"


def test_variants_stand_behind_one_tile_and_a_bundle_is_one_line(at_stall: NewTablet, stall: House) -> None:
    tablet = at_stall()
    tablet.unlock()
    page = tablet.page
    expect(page.locator(".tile[data-sku=TEA-G]")).to_be_hidden()
    page.locator(".tile[data-group=Tea]").click()
    expect(page.locator(".tile:visible")).to_have_count(2)
    expect(page.locator(".tile[data-sku=TEA-G]")).to_be_focused()
    page.click("#times")
    page.click("#pad [data-times='3']")
    page.click("#pad [data-times='×']")
    page.locator(".tile[data-sku=TEA-B]").click()
    expect(page.locator(".tile[data-group=Tea] .c")).to_contain_text("3")
    tablet.tap("BREAKFAST")
    expect(page.locator("#lines")).to_contain_text("Coffee, Cake")
    expect(page.locator("#total")).to_have_text("€15.70")
    page.fill("#q", "green")
    expect(page.locator(".tile:visible")).to_have_count(1)
    page.fill("#q", "")
    finish(tablet)
    sale = last_sale(stall)
    assert [(line["sku"], line["qty"], line.get("bundle")) for line in sale["lines"]] == [
        ("TEA-B", 3, None),
        ("COFFEE", 1, "BREAKFAST"),
        ("CAKE", 1, "BREAKFAST"),
    ]
    assert sum(line["total"] for line in sale["lines"] if line.get("bundle")) == 700


def test_a_whole_split_sale_needs_nothing_but_the_keyboard(at_stall: NewTablet, stall: House) -> None:
    tablet = at_stall()
    tablet.unlock()
    page, keys = tablet.page, tablet.page.keyboard
    expect(page.locator(".tile").first).to_be_visible()
    keys.press("?")
    expect(page.locator("#help")).to_be_visible()
    keys.press("Escape")
    keys.type("2*cof", delay=120)
    keys.press("Enter")
    expect(page.locator(".tile[data-sku=COFFEE]")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#total")).to_have_text("€7.00")
    keys.press("+")
    expect(page.locator("#total")).to_have_text("€10.50")
    keys.press("ArrowRight")
    expect(page.locator(".tile[data-sku=CAKE]")).to_be_focused()
    keys.press("Enter")
    keys.press("F4")
    keys.press("ArrowRight")
    expect(page.locator("#off-after")).to_have_text("€3.78")
    keys.press("Enter")
    expect(page.locator("#off")).to_be_hidden()
    expect(page.locator("#total")).to_have_text("€14.28")
    keys.press("F9")
    expect(page.locator("#view-pay")).to_be_visible()
    keys.press("F4")
    keys.type("10")
    page.wait_for_timeout(SECOND_TAP_MS)
    keys.press("Enter")
    expect(page.locator("#due")).to_have_text("€4.28")
    keys.type("5")
    expect(page.locator("#back")).to_have_text("€0.72")
    keys.press("Enter")
    expect(page.locator("#done-number")).to_have_text(NUMBER, timeout=30_000)
    page.wait_for_timeout(SECOND_TAP_MS)
    keys.press("F9")
    expect(page.locator("#view-cart")).to_be_visible()
    sale = last_sale(stall)
    assert [(line["sku"], line["qty"], line["discount"]) for line in sale["lines"]] == [
        ("COFFEE", 3, 0),
        ("CAKE", 1, 42),
    ]
    assert [(one["kind"], one["amount"]) for one in sale["tenders"]] == [("card", 1000), ("cash", 500)]


def test_a_scanner_works_wherever_the_cursor_stands(at_stall: NewTablet) -> None:
    tablet = at_stall()
    tablet.unlock()
    page, keys = tablet.page, tablet.page.keyboard

    scan = tablet.type_out
    expect(page.locator(".tile").first).to_be_visible()
    scan("4006381333931")
    expect(page.locator("#total")).to_have_text("€3.80")
    expect(page.locator("#q")).to_have_value("")
    page.get_by_label("Quantity of Flat white").focus()
    scan("breakfast")
    expect(page.locator("#total")).to_have_text("€10.80")
    expect(page.locator("#count")).to_have_text("2 lines · 2 items")
    page.locator("#q").focus()
    keys.type("3")
    keys.type("*")
    scan("4006381333931")
    expect(page.locator("#total")).to_have_text("€22.20")
    tablet.charge()
    scan("BREAKFAST")
    expect(page.locator("#said")).to_contain_text("Coffee and cake was scanned")
    page.locator("#suggested button").first.click()
    tablet.finish()
    tablet.number()
    scan("BREAKFAST")
    expect(page.locator("#total")).to_have_text("€7.00")


def test_what_another_till_has_sold_out_is_said_in_the_cart_at_once(at_stall: NewTablet, stall: House) -> None:
    tablet = at_stall()
    tablet.unlock()
    page = tablet.page
    tablet.tap("POSTER", "COFFEE")
    left = stall.client("Ben").get("/catalogue").json["items"][2]["stock"]
    stall.client("Ben").sell({"sku": "POSTER", "qty": left}, cash=1200 * left)
    expect(page.locator("#lines")).to_contain_text("Poster is sold out: take it out.")
    expect(page.locator(".tile[data-sku=POSTER]")).to_be_disabled()
    expect(tablet.button("charge")).to_have_text("Not enough left: see the cart")
    expect(tablet.button("charge")).to_be_disabled()
    page.locator("#lines .lname", has_text="Poster").click()
    page.get_by_label("Remove Poster").click()
    expect(tablet.button("charge")).to_be_enabled()
