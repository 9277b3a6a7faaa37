"""Money goes back in a real browser over a real box: to the cent, with the lead's word, and exactly once."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from appliance.domain.guardrails import Refund
from tests.web.conftest import House
from tests.web.tablet import Tablet
from tests.web.test_sales_page import CAKE, COFFEE, card, sell

LIMIT = Refund().alone
SPENT = "Failed to load resource"
"""What the browser says on its console of a refusal, or of a line that was cut."""


@pytest.fixture(scope="module")
def till(house: House, chromium: Browser) -> Iterator[Tablet]:
    """One till, for all that needs no other."""
    tablet = Tablet(chromium, house)
    tablet.unlock()
    yield tablet
    tablet.close()
    assert [fault for fault in tablet.faults if SPENT not in fault] == []
    assert tablet.elsewhere == []


@pytest.fixture
def page(till: Tablet) -> Page:
    return till.page


def begin(page: Page, house: House, sale: dict[str, Any]) -> None:
    """Open the form of a sale."""
    page.goto(f"{house.url}/sales/{sale['sale']}/back")


def choose(page: Page, name: str, value: str) -> None:
    page.locator(f"label:has(input[name={name}][value={value}])").click()


def button(page: Page) -> Any:
    """The visible one of the two places of the main action."""
    return page.locator("[data-do=back]:visible")


def press(page: Page, words: str) -> None:
    """The main action, once the box has said what it does."""
    expect(button(page)).to_have_text(words)
    expect(button(page)).to_be_enabled()
    button(page).click()


def went_back(house: House, sale: dict[str, Any]) -> list[Any]:
    """The facts of what went back of a sale."""
    facts = house.facts("sale.refunded/1") + house.facts("sale.voided/1")
    return [fact["data"] for fact in facts if fact["data"]["of"] == sale["sale"]]


def kept(page: Page) -> str:
    """All that the browser remembers."""
    found: str = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    return found


def test_one_of_two_lines_goes_back_to_the_card_with_the_lead_s_word(page: Page, house: House) -> None:
    price = LIMIT + 500
    sale = sell(house, {"sku": "OPEN", "price": price}, CAKE, tenders=[card(price + 420, "0417")])
    begin(page, house, sale)
    expect(page.locator("#figures")).to_contain_text("Choose lines")
    page.click("[data-more='1']")
    expect(page.locator("#figures .huge")).to_have_text("€105.00")
    expect(page.locator("#figures")).to_contain_text("of which VAT 19\u00a0%")
    expect(page.locator("#figures")).to_contain_text("€16.76")
    expect(page.locator("#figures")).to_contain_text(f"{sale['number']} keeps")
    expect(page.locator("#why")).to_contain_text("Above €100.00")
    expect(button(page)).to_be_disabled()
    choose(page, "reason", "wrong_price")
    expect(page.locator("#restock")).to_be_checked()
    choose(page, "reason", "faulty")
    expect(page.locator("#restock")).not_to_be_checked()
    page.fill("input[name=reference]", "0431")
    page.fill("#note", "Zoë says it leaks")
    press(page, "Refund €105.00 to card")
    expect(page.locator("#pin-fault")).to_contain_text("Ask the lead")
    page.fill("#pin", "999999")
    press(page, "Refund €105.00 to card")
    expect(page.locator("#pin-fault")).to_contain_text("This PIN is nobody's")
    page.fill("#pin", "123456")
    assert "123456" not in kept(page)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Given back")
    [back] = went_back(house, sale)
    expect(page.locator("#number")).to_have_text(back["number"])
    expect(page.locator("main")).to_contain_text("Zoë says it leaks")
    expect(page.locator("main")).to_contain_text("Approved by")
    assert back["tenders"] == [{"kind": "card", "amount": price, "reference": "0431"}]
    assert (back["reason"], back["restock"], len(back["lines"])) == ("faulty", False, 1)
    assert back["approver"]
    assert "leaks" not in json.dumps(back)
    assert sale["sale"] not in kept(page)
    again = page.get_by_role("button", name="Print DUPLICATE 1")
    expect(again).to_have_count(0)
    told = {"slip": f"sr-{back['sale']}", "copy": 0, "printer": "printer", "outcome": "not_printed"}
    house.device.send("slip.report", told, actor="device:printer", id=f"out-{back['sale']}"[:80])
    again.click()
    expect(page.locator("main")).to_contain_text("Waits for the printer")


def test_a_void_takes_all_back_as_it_was_paid(page: Page, house: House) -> None:
    sale = sell(house, COFFEE, CAKE, tenders=[card(300, "0417"), {"kind": "cash", "amount": 1000}])
    begin(page, house, sale)
    choose(page, "mode", "void")
    choose(page, "reason", "wrong_item")
    expect(page.locator("#figures")).to_contain_text("€7.70")
    press(page, f"Void {sale['number']}")
    expect(page.locator("h1")).to_have_text("Voided")
    expect(page.locator(".huge")).to_have_text("€4.70")
    [back] = went_back(house, sale)
    assert [(one["kind"], one["amount"]) for one in back["tenders"]] == [("card", 300), ("cash", 470)]
    begin(page, house, sale)
    expect(page.locator("main")).to_contain_text("Nothing of this sale is left")


def test_no_more_goes_to_the_card_than_came_from_it_and_the_rest_is_cash(page: Page, house: House) -> None:
    sale = sell(house, COFFEE, CAKE, tenders=[card(300, "0417"), {"kind": "cash", "amount": 1000}])
    begin(page, house, sale)
    choose(page, "mode", "all")
    choose(page, "reason", "changed_mind")
    choose(page, "way", "split")
    page.fill("input[name=card]", "3.01")
    expect(page.locator("#figures")).to_contain_text("At most €3.00 goes back that way")
    expect(button(page)).to_be_disabled()
    page.fill("input[name=card]", "1,20")
    expect(page.locator("#figures")).to_contain_text("€6.50")
    press(page, "Refund €7.70")
    expect(page.locator("h1")).to_have_text("Given back")
    [back] = went_back(house, sale)
    assert [(one["kind"], one["amount"]) for one in back["tenders"]] == [("card", 120), ("cash", 650)]
    expect(page.locator(".huge")).to_have_text("€6.50")


def test_ten_clicks_give_back_once(page: Page, house: House) -> None:
    sale = sell(house, {"sku": "COFFEE", "qty": 10})
    begin(page, house, sale)
    page.click("[data-more='1']") if page.locator("[data-more='1']").is_visible() else choose(page, "mode", "some")
    page.fill("input[name=qty-1]", "1")
    choose(page, "reason", "faulty")
    expect(button(page)).to_have_text("Refund €3.50 in cash")
    expect(button(page)).to_be_enabled()
    button(page).evaluate("button => { for (let n = 0; n < 10; n += 1) button.click(); }")
    expect(page.locator("h1")).to_have_text("Given back")
    assert [one["total"] for one in went_back(house, sale)] == [350]


def test_a_lost_reply_is_asked_for_again_under_the_same_identity(page: Page, house: House) -> None:
    sale = sell(house, {"sku": "COFFEE", "qty": 2})
    begin(page, house, sale)
    choose(page, "mode", "some")
    page.fill("input[name=qty-1]", "1")
    choose(page, "reason", "faulty")
    lost: list[int] = []

    def lose(route: Route) -> None:
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/refund", lose, times=2)
    press(page, "Refund €3.50 in cash")
    expect(page.locator("#uncertain")).to_be_visible()
    expect(page.locator("h1")).to_have_text("Given back")
    assert lost == [201, 201]
    assert len(went_back(house, sale)) == 1


def test_a_reload_in_the_middle_goes_on_and_gives_back_once(page: Page, house: House) -> None:
    sale = sell(house, {"sku": "COFFEE", "qty": 2})
    begin(page, house, sale)
    choose(page, "mode", "some")
    page.fill("input[name=qty-1]", "1")
    choose(page, "reason", "faulty")
    expect(button(page)).to_have_text("Refund €3.50 in cash")
    page.reload()
    expect(button(page)).to_have_text("Refund €3.50 in cash")  # what was chosen is there again

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/refund", lose)
    press(page, "Refund €3.50 in cash")
    expect(page.locator("#uncertain")).to_be_visible()
    page.goto(f"{house.url}/sales")
    expect(page.locator("#open")).to_contain_text("not certain")
    page.unroute("**/refund")
    page.get_by_role("link", name="Ask the box again").click()
    expect(page.locator("h1")).to_have_text("Given back")
    assert len(went_back(house, sale)) == 1
    page.goto(f"{house.url}/sales")
    expect(page.locator("#open")).to_be_hidden()


def test_two_tabs_of_one_form_give_back_once(page: Page, house: House) -> None:
    sale = sell(house, {"sku": "COFFEE", "qty": 4})
    other = page.context.new_page()
    tabs = (page, other)
    for tab in tabs:
        begin(tab, house, sale)
        choose(tab, "mode", "some")
        tab.fill("input[name=qty-1]", "1")
        choose(tab, "reason", "faulty")
        expect(button(tab)).to_have_text("Refund €3.50 in cash")
        expect(button(tab)).to_be_enabled()
    for tab in tabs:
        tab.evaluate("setTimeout(() => document.querySelector('[data-do=back]').click(), 50)")
    expect(page.locator("h1")).to_have_text("Given back")
    expect(other.locator("#figures, h1").first).to_be_visible()
    assert [one["total"] for one in went_back(house, sale)] == [350]
    other.close()


def test_a_refusal_says_what_is_wrong_and_what_to_do_and_the_form_shows_what_holds_now(
    page: Page, house: House
) -> None:
    sale = sell(house, COFFEE, CAKE)
    begin(page, house, sale)
    choose(page, "mode", "all")
    choose(page, "reason", "faulty")
    expect(button(page)).to_be_enabled()
    page.route("**/back/cards", lambda route: route.abort())  # the news does not come through
    assert house.client().post(f"/sales/{sale['sale']}/void", {"reason": "other"}).status == 201
    button(page).click()
    expect(page.locator("#fault")).to_contain_text(f"Sale {sale['number']} was voided already. Look at its receipts.")
    page.unroute("**/back/cards")
    expect(page.locator("main")).to_contain_text("Nothing of this sale is left")
    assert len(went_back(house, sale)) == 1


def test_what_goes_back_elsewhere_meanwhile_shows_in_an_open_form(page: Page, house: House) -> None:
    sale = sell(house, COFFEE, CAKE)
    begin(page, house, sale)
    asked = {"lines": [{"line": 2, "qty": 1}], "reason": "faulty", "restock": False}
    assert house.client().post(f"/sales/{sale['sale']}/refund", asked).status == 201
    expect(page.locator("#fault")).to_contain_text("changed meanwhile")
    expect(page.locator("#no-void")).to_contain_text("A part of it was refunded already. Refund what is left.")
    expect(page.locator("#figures .huge")).to_have_text("€3.50")


def test_after_the_z_there_is_no_void_and_the_page_says_why(page: Page, house: House) -> None:
    lead = house.client()
    drawer = lead.post("/drawer/open", {"float": 0, "name": "Z test"}).json["drawer"]
    sale = sell(house, COFFEE, by="Ada", drawer=drawer, tenders=[card(350, "0430")])
    assert lead.post("/drawer/count", {"coins": {}, "drawer": drawer}).status == 200
    assert lead.post("/drawer/close", {"drawer": drawer}).status == 200
    begin(page, house, sale)
    expect(page.locator("#no-void")).to_contain_text("The drawer that took it has its Z report. Refund it.")
    expect(page.locator("input[value=void]")).to_be_disabled()


def test_a_card_that_was_declined_is_taken_back_without_money(page: Page, house: House) -> None:
    sale = sell(house, CAKE, tenders=[card(420, "0440", "unknown")])
    begin(page, house, sale)
    expect(page.locator("#figures")).to_contain_text("€4.20 by card ever came is not known")
    page.get_by_role("button", name="It was declined").click()
    expect(page.locator("#figures")).to_contain_text("Never paid: the card was declined")
    choose(page, "reason", "other")
    press(page, "Take it back, no money moves")
    expect(page.locator(".huge")).to_have_text("No money moves")
    [back] = went_back(house, sale)
    assert back["tenders"] == [{"kind": "card", "amount": 420, "reference": "0440", "declined": True}]


def test_by_keyboard_alone(page: Page, house: House) -> None:
    sale = sell(house, COFFEE, CAKE)
    begin(page, house, sale)
    page.focus("input[name=mode]:checked")
    page.keyboard.press("Tab")
    expect(page.locator("[data-less='1']")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#figures .huge")).to_have_text("€3.50")
    page.focus("input[name=reason]")
    page.keyboard.press("Space")
    page.focus("input[name=qty-1]")
    page.keyboard.press("Enter")  # in a field it gives nothing back
    expect(button(page)).to_be_enabled()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.do") == "back":
            break
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Given back")
    assert [one["total"] for one in went_back(house, sale)] == [350]


def test_a_lead_who_gives_back_themselves_is_asked_for_no_pin(new_tablet: Callable[..., Tablet], house: House) -> None:
    sale = sell(house, {"sku": "OPEN", "price": LIMIT + 1})
    tablet = new_tablet(viewport={"width": 390, "height": 844})
    tablet.unlock("123456", f"/sales/{sale['sale']}/back")
    choose(tablet.page, "reason", "other")
    expect(tablet.page.locator("#pin")).to_have_count(0)  # a lead approves by asking
    press(tablet.page, "Refund €100.01 in cash")
    expect(tablet.page.locator("h1")).to_have_text("Given back")
    expect(tablet.page.locator("main")).to_contain_text("Ada")


def test_training_says_so_on_every_page_and_goes_back_in_training(page: Page, house: House) -> None:
    lead = house.client()
    drawer = lead.post("/drawer/open", {"float": 0, "name": "School", "training": True}).json["drawer"]
    sale = sell(house, COFFEE, by="Ada", drawer=drawer)
    page.goto(f"{house.url}/sales/{sale['sale']}")
    main = page.locator("main")
    expect(main).to_contain_text("No real sale: it is in no turnover.")
    expect(main).to_contain_text("Not a receipt")
    expect(main.get_by_role("link", name="Show its code")).to_have_count(0)
    begin(page, house, sale)
    expect(main).to_contain_text("No real money goes back.")
    choose(page, "reason", "other")
    press(page, "Refund €3.50 in cash")
    expect(page.locator("h1")).to_have_text("Given back")
    expect(main).to_contain_text("No money goes back")
    [back] = went_back(house, sale)
    assert (back["training"], back["drawer"]) == (True, drawer)
    page.goto(f"{house.url}/sales")
    row = page.locator("tr", has=page.locator(f"[data-sale='{sale['sale']}']"))
    expect(row).to_contain_text("Training")
    assert lead.post("/drawer/count", {"coins": {}, "drawer": drawer}).status == 200
    assert lead.post("/drawer/close", {"drawer": drawer}).status == 200
