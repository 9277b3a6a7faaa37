"""Tickets that were just bought, on the till: listed when the sale is done, and each with a page of its own."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from appliance.domain.walkups import slip_id
from appliance.ids import new_id
from tests.watched import calm
from tests.web.conftest import House
from tests.web.tablet import Tablet

EVENING = {"sku": "EVENING", "name": "Evening ticket", "price": 1200, "vat": "0.07", "kind": "unit"}


@pytest.fixture
def shop(house: House) -> House:
    """The shared house, which sells tickets too from now on."""
    items = [{key: value for key, value in item.items() if value is not None} for item in _items(house)]
    have = {item["sku"]: item for item in items}
    have["EVENING"] = {**EVENING, "ticket": "general"}
    house.admin.send("catalogue.import", {"items": list(have.values())}, actor="admin:test", id=new_id("t"))
    return house


def _items(house: House) -> list[dict[str, Any]]:
    """The whole catalogue as it was imported."""
    items: dict[str, dict[str, Any]] = {}
    for fact in house.facts("catalogue.changed/1"):
        items |= {item["sku"]: item for item in fact["data"]["items"]}
        for sku in fact["data"]["removed"]:
            items.pop(sku)
    return list(items.values())


def buy(house: House, number: int) -> list[str]:
    """Tickets that were bought at the till."""
    answer = house.client("Ben").sell({"sku": "EVENING", "qty": number}, cash=100_000).json
    tickets: list[str] = answer["tickets"]
    return tickets


def told(house: House, ticket: str, outcome: str, copy: int = 0) -> None:
    data = {"slip": slip_id(ticket), "copy": copy, "printer": "printer", "outcome": outcome}
    house.device.send("slip.report", data, actor="device:printer", id=new_id("t"))


def digits(ticket: str) -> str:
    return f"{ticket[-8:-4]}\N{NO-BREAK SPACE}{ticket[-4:]}".upper()


def read(page: Page) -> list[str]:
    """What a scanner reads from the screen."""
    return [code.text for code in zxingcpp.read_barcodes(Image.open(BytesIO(page.screenshot())))]


def test_what_was_bought_is_listed_with_what_became_of_its_paper(
    shop: House, new_tablet: Callable[..., Tablet]
) -> None:
    tablet = new_tablet()
    tablet.unlock()
    tablet.pay_exactly("EVENING", "EVENING")
    tablet.number()
    lines = tablet.page.locator("#done-tickets li")
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("Is being printed")
    first, second = shop.facts("ticket.issued/1")[-2:]
    told(shop, first["data"]["ticket"], "printed")
    told(shop, second["data"]["ticket"], "unknown")
    expect(lines.first).to_contain_text("Printed")
    expect(lines.last).to_contain_text("May not have printed")
    calm(tablet.page)
    lines.last.get_by_role("link").click()
    expect(tablet.page.locator("h1")).to_have_text("Evening ticket")
    expect(tablet.page.locator("main")).to_contain_text(digits(second["data"]["ticket"]))
    tablet.page.get_by_role("link", name="Sell", exact=True).last.click()
    expect(lines).to_have_count(2)
    tablet.next()
    tablet.pay_exactly("COFFEE")
    tablet.number()
    expect(lines).to_have_count(0)
    tablet.next()


@pytest.mark.parametrize(("theme", "size"), [("dark", (320, 640)), ("light", (390, 844)), ("dark", (1280, 800))])
def test_the_code_can_be_scanned_from_the_screen_and_lets_in_until_the_ticket_is_taken_back(
    shop: House, new_tablet: Callable[..., Tablet], theme: str, size: tuple[int, int]
) -> None:
    (ticket,) = buy(shop, 1)
    tablet = new_tablet(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
    tablet.unlock(at=f"/ticket/{ticket}")
    page = tablet.page
    expect(page.locator("main")).to_contain_text("Not used yet")
    expect(page.locator("main")).to_contain_text("Waits for the printer")
    calm(page)
    page.locator("svg.qr").scroll_into_view_if_needed()
    code = shop.device.send("ticket.code", {"ticket": ticket}, actor="device:printer", id=new_id("t")).answer["code"]
    assert read(page) == [code]
    scanned = shop.client("Cleo").post("/scans", {"code": code, "gate": "Quay"}).json
    assert (scanned["verdict"], scanned["ticket"]) == ("admitted", ticket)
    expect(page.locator("main")).to_contain_text("Let in 1 time, first")
    marked = shop.client("Ada").post("/tickets/mark", {"mark": "revoked", "tickets": [ticket]})
    assert marked.status == 200
    expect(page.locator("main")).to_contain_text("Revoked: it admits nobody")
    expect(page.locator("svg.qr")).to_have_count(0)
    expect(page.get_by_role("button", name="Print it again")).to_have_count(0)


def test_a_ticket_whose_paper_is_in_doubt_is_printed_again_once_however_often_it_is_tapped(
    shop: House, new_tablet: Callable[..., Tablet]
) -> None:
    (ticket,) = buy(shop, 1)
    tablet = new_tablet()
    tablet.unlock(at=f"/ticket/{ticket}")
    page = tablet.page
    again = page.get_by_role("button", name="Print it again")
    expect(again).to_have_count(0)
    told(shop, ticket, "unknown")
    expect(page.locator("main")).to_contain_text("It broke off in the middle")
    form = page.locator("form", has=again)
    fields = form.evaluate("form => Object.fromEntries(new FormData(form))")
    again.click()
    expect(page.locator("main")).to_contain_text("DUPLICATE 1")
    expect(page.locator("main")).to_contain_text("Waits for the printer")
    answer = page.request.post(f"{shop.url}/ticket/{ticket}", form=fields, headers={"Origin": shop.url})
    assert answer.ok
    asked = [one["data"]["copy"] for one in shop.facts("slip.requested/1") if one["data"]["about"] == ticket]
    assert asked == [0, 1]


def test_a_ticket_that_may_be_on_no_paper_is_listed_until_it_is_printed_again_or_let_in(
    shop: House, new_tablet: Callable[..., Tablet]
) -> None:
    first, second = buy(shop, 2)
    told(shop, first, "not_printed")
    told(shop, second, "unknown")
    tablet = new_tablet()
    tablet.unlock(at="/box")
    lines = tablet.page.locator("li", has_text="Evening ticket")
    expect(lines.filter(has_text=digits(first))).to_contain_text("Nothing came out")
    expect(lines.filter(has_text=digits(second))).to_contain_text("It broke off in the middle")
    calm(tablet.page)
    assert {first, second} <= {one["ticket"] for one in shop.client("Ben").get("/receipts").json["tickets"]}
    code = shop.device.send("ticket.code", {"ticket": first}, actor="device:printer", id=new_id("t")).answer["code"]
    assert shop.client("Cleo").post("/scans", {"code": code}).json["verdict"] == "admitted"
    expect(lines.filter(has_text=digits(first))).to_have_count(0)
    lines.filter(has_text=digits(second)).get_by_role("link").click()
    tablet.page.get_by_role("button", name="Print it again").click()
    expect(tablet.page.locator("main")).to_contain_text("DUPLICATE 1")
    left = {one["ticket"] for one in shop.client("Ben").get("/receipts").json["tickets"]}
    assert not {first, second} & left


def test_a_ticket_of_the_list_that_was_not_bought_here_has_a_page_too(
    shop: House, new_tablet: Callable[..., Tablet]
) -> None:
    ticket = next(one["data"]["ticket"] for one in shop.facts("ticket.issued/1") if "sale" not in one["data"])
    tablet = new_tablet()
    tablet.unlock(at=f"/ticket/{ticket}")
    expect(tablet.page.locator("h1")).to_have_text("Ticket")
    expect(tablet.page.locator("main")).to_contain_text("Nothing was printed")
    expect(tablet.page.locator("main")).not_to_contain_text("Price")


def test_a_page_of_no_ticket_and_a_hand_that_may_not_see_one_get_a_word(shop: House) -> None:
    (ticket,) = buy(shop, 1)
    assert shop.client("Ben").ask("GET", f"/ticket/{'0' * 24}").status == 404
    assert shop.client("Cleo").ask("GET", f"/ticket/{ticket}").status == 403
    assert shop.client("Cleo").post(f"/tickets/{ticket}/print", {}).slug == "role"
    assert shop.client("Ben").post(f"/tickets/{'0' * 24}/print", {}).slug == "not-found"
    assert shop.client("Ben").post(f"/tickets/{ticket}/print", {"copies": 2}).slug == "validation"


def test_the_ticket_s_page_breaks_no_rule_of_axe(shop: House, new_tablet: Callable[..., Tablet], axe: str) -> None:
    (ticket,) = buy(shop, 1)
    tablet = new_tablet()
    tablet.unlock(at=f"/ticket/{ticket}")
    assert tablet.page.evaluate(axe) == []
