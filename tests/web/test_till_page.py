"""The till in a real browser: it sells, it does not double, it does not lose."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, expect

from tests.web.conftest import House
from tests.web.tablet import Tablet
from tools.screens import SECOND_TAP_MS


def sales(house: House) -> list[Any]:
    return house.facts("sale.completed/1")


def test_a_cash_sale_shows_its_number_and_the_change(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet, before = new_tablet(), len(sales(house))
    tablet.unlock()
    tablet.tap("COFFEE", "COFFEE", "CAKE")
    expect(tablet.page.locator("#total")).to_have_text("€11.20")
    expect(tablet.page.locator("#vat")).to_contain_text("VAT 19\u00a0% in €7.00")
    tablet.charge()
    for key in ("2", "0", "00"):
        tablet.page.click(f"#view-pay [data-key='{key}']")
    expect(tablet.page.locator("#back")).to_have_text("€8.80")
    tablet.finish()
    number = tablet.number()
    expect(tablet.page.locator("#done-back")).to_have_text("€8.80")
    expect(tablet.page.locator("#done-coins")).to_have_text("€5, €2, €1, €0.50, €0.20, €0.10")
    [sale] = sales(house)[before:]
    assert (sale["data"]["number"], sale["data"]["change"]) == (number, 880)
    house.device.send(
        "receipt.report",
        {"sale": sale["data"]["sale"], "copy": 0, "printer": "printer", "outcome": "printed"},
        actor="device:printing",
        id=f"printed-{number}",
    )
    expect(tablet.page.locator("#done-receipt")).to_have_text("The receipt is printed")
    tablet.next()
    expect(tablet.button("charge")).to_be_disabled()


def test_a_card_and_cash_split_is_one_sale_with_two_tenders(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet, before = new_tablet(), len(sales(house))
    tablet.unlock()
    tablet.tap("POSTER", "COFFEE")
    tablet.charge()
    tablet.page.locator("#kind label", has_text="Card").click()
    tablet.page.fill("#amount", "20")
    expect(tablet.page.locator("#amount-error")).to_contain_text("at most €15.50")
    expect(tablet.button("finish")).to_be_disabled()
    tablet.page.fill("#amount", "10")
    tablet.page.fill("#reference", "0417")
    tablet.finish()
    expect(tablet.page.locator("#due")).to_have_text("€5.50")
    tablet.page.locator("#suggested button", has_text="€10").click()
    tablet.finish()
    tablet.number()
    [sale] = sales(house)[before:]
    assert [(one["kind"], one["amount"], one.get("reference")) for one in sale["data"]["tenders"]] == [
        ("card", 1000, "0417"),
        ("cash", 1000, None),
    ]
    assert sale["data"]["change"] == 450


def test_weights_open_prices_and_returned_deposits_are_sold_as_typed(
    new_tablet: Callable[..., Tablet], house: House
) -> None:
    tablet, before = new_tablet(), len(sales(house))
    tablet.unlock()
    tablet.tap("BEANS")
    tablet.page.fill("#ask-value", "12.5")
    tablet.page.click("#ask-add")
    expect(tablet.page.locator("#ask-error")).to_contain_text("whole grams")
    tablet.page.fill("#ask-value", "333")
    tablet.page.click("#ask-add")
    tablet.tap("OPEN")
    tablet.page.fill("#ask-value", "7,50")
    tablet.page.click("#ask-add")
    tablet.page.click(".tile[data-sku=CUP][data-returned]")
    expect(tablet.page.locator("#total")).to_have_text("€13.79")
    tablet.charge()
    tablet.page.locator("#suggested button").first.click()
    tablet.finish()
    tablet.number()
    [sale] = sales(house)[before:]
    assert [(line["sku"], line["qty"], line["total"]) for line in sale["data"]["lines"]] == [
        ("BEANS", 333, 829),
        ("OPEN", 1, 750),
        ("CUP", -1, -200),
    ]


def test_a_deposit_that_comes_back_alone_gives_money_back(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet, before = new_tablet(), len(sales(house))
    tablet.unlock()
    tablet.page.click(".tile[data-sku=CUP][data-returned]")
    expect(tablet.button("charge")).to_have_text("Give back €2.00")
    tablet.charge()
    tablet.finish()
    tablet.number()
    expect(tablet.page.locator("#done-back")).to_have_text("€2.00")
    [sale] = sales(house)[before:]
    assert (sale["data"]["total"], sale["data"]["change"]) == (-200, 200)


def test_a_reload_in_the_middle_keeps_the_cart_and_a_card_that_was_taken(new_tablet: Callable[..., Tablet]) -> None:
    tablet = new_tablet()
    tablet.unlock()
    tablet.tap("COFFEE", "COFFEE", "POSTER")
    tablet.charge()
    tablet.page.locator("#kind label", has_text="Card").click()
    tablet.page.fill("#amount", "10")
    tablet.finish()
    tablet.page.reload()
    expect(tablet.page.locator("#view-pay")).to_be_visible()
    expect(tablet.page.locator("#due")).to_have_text("€9.00")
    expect(tablet.page.locator("#taken")).to_contain_text("Card €10.00")
    tablet.page.click("[data-do=back]")
    expect(tablet.page.locator("#count")).to_have_text("2 lines · 3 items")
    tablet.page.click("[aria-label='Lock this screen']")
    tablet.page.wait_for_url("**/login?next=*")
    tablet.unlock()
    expect(tablet.page.locator("#total")).to_have_text("€19.00")


def test_ten_taps_on_the_last_button_make_one_sale(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet, before = new_tablet(), len(sales(house))
    tablet.unlock()
    tablet.tap("COFFEE")
    tablet.charge()
    tablet.page.locator("#suggested button").first.click()
    expect(tablet.button("finish")).to_be_enabled()
    tablet.page.wait_for_timeout(SECOND_TAP_MS)
    box = tablet.button("finish").bounding_box()
    assert box is not None
    for _ in range(10):
        tablet.page.mouse.click(box["x"] + 20, box["y"] + 20)
    tablet.page.evaluate("for (let i = 0; i < 10; i++) document.querySelector('[data-do=finish]').click()")
    tablet.number()
    assert len(sales(house)) == before + 1


def test_the_stepper_the_field_and_the_cross_change_the_cart(new_tablet: Callable[..., Tablet]) -> None:
    tablet = new_tablet()
    tablet.unlock()
    tablet.tap("COFFEE", "CAKE")
    page = tablet.page
    page.get_by_label("One more Cake").click()
    page.get_by_label("One more Cake").click()
    page.get_by_label("One less Cake").click()
    expect(page.locator("#total")).to_have_text("€11.90")
    page.get_by_label("Quantity of Cake").fill("12")
    page.get_by_label("Quantity of Cake").press("Enter")
    expect(page.locator("#total")).to_have_text("€53.90")
    page.get_by_label("Remove Cake").click()
    expect(page.locator("#count")).to_have_text("1 line · 1 item")
    page.click("[data-do=clear]")
    expect(page.locator("#empty")).to_be_visible()
    page.click("[data-do=undo]")
    expect(page.locator("#total")).to_have_text("€3.50")


def test_search_narrows_the_tiles_and_a_scanned_sku_goes_into_the_cart(new_tablet: Callable[..., Tablet]) -> None:
    tablet = new_tablet()
    tablet.unlock()
    page = tablet.page
    page.fill("#q", "cof")
    expect(page.locator(".tile:visible")).to_have_count(1)
    page.fill("#q", "nothing like it")
    expect(page.locator("#none")).to_be_visible()
    page.fill("#q", "cake")
    page.press("#q", "Enter")
    expect(page.locator("#total")).to_have_text("€4.20")
    expect(page.locator(".tile[data-sku=VASE]")).to_be_disabled()
    page.locator("#cats label", has_text="Prints").click()
    expect(page.locator(".tile:visible")).to_have_count(1)


def test_a_name_with_markup_in_it_is_text(new_tablet: Callable[..., Tablet]) -> None:
    tablet = new_tablet()
    tablet.unlock()
    tablet.tap("TRICK")
    expect(tablet.page.locator("#lines .lname")).to_have_text("<b>Tea</b> & 'milk'")
    assert tablet.page.locator("#lines .lname b").count() == 0


def test_another_till_s_sale_changes_what_is_left_here(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet = new_tablet()
    tablet.unlock()
    tile = tablet.page.locator(".tile[data-sku=POSTER]")
    left = int(tile.get_attribute("data-left") or 0)
    house.client("Ben").sell({"sku": "POSTER", "qty": 1}, cash=1200)
    expect(tile).to_have_attribute("data-left", str(left - 1))
    expect(tile).to_contain_text(f"{left - 1} left")


def test_the_till_sells_as_soon_as_the_lead_opens_the_event(own_house: House, chromium: Browser) -> None:
    own_house.admin.send("event.close", {}, actor="admin:test", id="c")
    event = {"name": "Second day", "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "9"}
    own_house.admin.send("event.create", event, actor="admin:test", id="e")
    tablet = Tablet(chromium, own_house)
    tablet.unlock("123456")
    tablet.tap("COFFEE")
    expect(tablet.page.locator("#state")).to_contain_text("Second day is not open yet")
    expect(tablet.button("charge")).to_be_disabled()
    tablet.page.click(".tabs a:has-text('Lead')")
    tablet.page.click("button:has-text('Open Second day')")
    expect(tablet.page.locator("main")).to_contain_text("Second day is open")
    tablet.page.click(".tabs a:has-text('Sell')")
    expect(tablet.button("charge")).to_be_enabled()
    tablet.close()
    assert tablet.faults == []


def test_a_till_without_an_open_drawer_opens_one(bare_house: House, chromium: Browser) -> None:
    tablet = Tablet(chromium, bare_house)
    tablet.unlock()
    tablet.tap("COFFEE")
    expect(tablet.button("charge")).to_be_disabled()
    tablet.page.fill("#drawer [name=float]", "a hundred")
    tablet.page.click("#drawer button")
    expect(tablet.page.locator("#drawer-error")).to_contain_text("such as 100.00")
    tablet.page.fill("#drawer [name=float]", "150")
    tablet.page.click("#drawer button")
    expect(tablet.page.locator("#drawer")).to_have_count(0)
    expect(tablet.button("charge")).to_be_enabled()
    tablet.close()
    assert tablet.faults == []
    assert [fact["data"]["float"] for fact in bare_house.facts("drawer.opened/1")] == [15000]


def test_a_tablet_without_storage_sells_and_says_that_it_keeps_nothing(
    new_tablet: Callable[..., Tablet], house: House
) -> None:
    tablet, before = new_tablet(), len(sales(house))
    tablet.page.add_init_script("Storage.prototype.setItem = () => { throw new Error('full'); };")
    tablet.unlock()
    tablet.tap("CAKE")
    expect(tablet.page.locator("#waiting-head")).to_contain_text("keeps nothing")
    tablet.charge()
    tablet.page.locator("#suggested button").first.click()
    tablet.finish()
    tablet.number()
    assert len(sales(house)) == before + 1


def test_cash_is_rounded_to_coins_and_what_a_card_pays_is_not(swiss_house: House, chromium: Browser) -> None:
    tablet = Tablet(chromium, swiss_house)
    tablet.unlock()
    tablet.tap("TEA")
    tablet.charge()
    expect(tablet.page.locator("#due")).to_have_text("CHF\u00a04.45")
    expect(tablet.page.locator("#due-word")).to_have_text("Still to pay, rounded from CHF\u00a04.43")
    tablet.page.locator("#suggested button").first.click()
    tablet.finish()
    tablet.number()
    tablet.next()
    tablet.tap("TEA")
    tablet.charge()
    tablet.page.locator("#kind label", has_text="Card").click()
    expect(tablet.page.locator("#due")).to_have_text("CHF\u00a04.43")
    tablet.finish()
    tablet.number()
    cash, card = (sale["data"] for sale in sales(swiss_house))
    assert (cash["total"], cash["rounding"], cash["tenders"][0]["amount"]) == (443, 2, 445)
    assert (card["total"], card["rounding"], card["tenders"][0]["amount"]) == (443, 0, 443)
    tablet.close()
    assert tablet.faults == []


def test_what_is_sold_from_an_age_on_is_sold_when_somebody_has_looked(own_house: House, chromium: Browser) -> None:
    wine = {"sku": "WINE", "name": "Wine", "price": 600, "vat": "0.19", "kind": "unit", "min_age": 16}
    own_house.admin.send("catalogue.import", {"items": [wine]}, actor="admin:test", id="wine")
    tablet = Tablet(chromium, own_house)
    tablet.unlock()
    tablet.tap("WINE")
    tablet.charge()
    tablet.page.locator("#suggested button").first.click()
    expect(tablet.page.locator("#age")).to_contain_text("16 or older")
    expect(tablet.button("finish")).to_be_disabled()
    tablet.page.check("#age-seen")
    tablet.finish()
    tablet.number()
    assert sales(own_house)[-1]["data"]["age_checked"] is True
    tablet.next()
    tablet.tap("WINE")
    tablet.charge()
    expect(tablet.page.locator("#age-seen")).not_to_be_checked()
    tablet.close()
    assert tablet.faults == []
