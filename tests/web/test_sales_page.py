"""Looking a sale up, its receipt on the till, and what became of both, in a real browser over a real box."""

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from appliance.ids import new_id
from tests.watched import calm
from tests.web.conftest import House
from tests.web.tablet import Tablet

COFFEE = {"sku": "COFFEE", "qty": 1}
CAKE = {"sku": "CAKE", "qty": 1}
TRICK = {"sku": "TRICK", "qty": 1}


def sell(house: House, *lines: dict[str, Any], by: str = "Ben", **more: Any) -> dict[str, Any]:
    """A sale; for cash unless tenders are given."""
    asked = {"lines": list(lines), "tenders": [{"kind": "cash", "amount": 50_000}], **more}
    answer = house.client(by).post("/sales", asked)
    assert answer.status == 201, answer.json
    sold: dict[str, Any] = answer.json
    return sold


def card(amount: int, reference: str, status: str = "approved") -> dict[str, Any]:
    return {"kind": "card", "amount": amount, "reference": reference, "status": status}


@pytest.fixture(scope="module")
def desk(house: House, chromium: Browser) -> Iterator[Tablet]:
    """One till on a desk, for all that needs no other."""
    tablet = Tablet(chromium, house)
    tablet.unlock(at="/sales")
    yield tablet
    tablet.close()
    assert tablet.faults == []
    assert tablet.elsewhere == []


@pytest.fixture
def page(desk: Tablet) -> Page:
    """That till's list, with nothing looked for."""
    desk.page.evaluate("sessionStorage.clear()")
    desk.page.goto(f"{desk.house.url}/sales")
    return desk.page


def found(page: Page) -> list[str]:
    return page.locator("#list [data-sale]").evaluate_all("rows => rows.map((row) => row.dataset.sale)")


def test_a_sale_is_found_by_whatever_somebody_has_of_it(page: Page, house: House) -> None:
    wanted = sell(house, {"sku": "OPEN", "price": 7777}, CAKE, tenders=[card(8197, "TERM-4711")])
    sell(house, COFFEE)
    page.fill("#q", "open price")
    expect(page.locator(f"[data-sale='{wanted['sale']}']")).to_be_visible()
    for text in (wanted["number"], "81,97", "81.97", "4711", "cake 4711", wanted["receipt"]):
        page.fill("#q", text)
        expect(page.locator("#list [data-sale]")).to_have_count(1)
        assert found(page) == [wanted["sale"]], text
    page.fill("#q", "nothing like it")
    expect(page.locator("#list")).to_contain_text("No sale fits")
    assert "4711" not in page.url
    assert "nothing" not in page.url


def test_scanning_a_receipt_opens_its_sale(page: Page, house: House) -> None:
    wanted = sell(house, COFFEE, CAKE)
    sell(house, COFFEE)
    page.focus("#q")
    page.keyboard.insert_text(wanted["receipt"])
    page.keyboard.press("Enter")
    expect(page.locator("#ch")).to_have_text(wanted["number"])
    expect(page.locator("#chosen")).to_contain_text("€7.70")
    page.reload()
    expect(page.locator("#ch")).to_have_text(wanted["number"])
    assert found(page) == [wanted["sale"]]


def test_the_list_is_live_and_keeps_what_is_looked_for(page: Page, house: House) -> None:
    sell(house, TRICK)
    page.fill("#q", "milk")
    before = len(house.client("Ben").get("/sales?q=milk&limit=50").json["sales"])
    expect(page.locator("#list [data-sale]")).to_have_count(before)
    second = sell(house, TRICK)
    sell(house, COFFEE)
    expect(page.locator(f"[data-sale='{second['sale']}']")).to_be_visible()
    assert len(found(page)) == before + 1
    assert page.input_value("#q") == "milk"
    assert page.locator("#list b b").count() == 0, "a name is text, never markup"


def test_filters_show_ones_own_what_is_not_settled_and_what_went_back(page: Page, house: House) -> None:
    mine = sell(house, COFFEE)
    adas = sell(house, COFFEE, by="Ada")
    open_ = sell(house, COFFEE, tenders=[card(350, "0420", "unknown")])
    gone = sell(house, CAKE)
    assert house.client("Ben").post(f"/sales/{gone['sale']}/void", {"reason": "wrong_item"}).status == 201
    for show, there, not_there in (
        ("mine", mine, adas),
        ("unsettled", open_, mine),
        ("refunded", gone, mine),
        ("all", adas, None),
    ):
        page.check(f"input[name=show][value={show}]", force=True)
        expect(page.locator(f"[data-sale='{there['sale']}']")).to_be_visible()
        if not_there:
            expect(page.locator(f"[data-sale='{not_there['sale']}']")).to_have_count(0)
    row = page.locator("tr", has=page.locator(f"[data-sale='{gone['sale']}']"))
    expect(row).to_contain_text("Voided")
    expect(row.locator("s")).to_have_text("€4.20")
    answer = house.client("Ben").post(f"/sales/{open_['sale']}/card", {"tender": 1, "outcome": "approved"})
    assert answer.status == 200


def test_older_sales_are_a_page_away(page: Page, house: House) -> None:
    for _ in range(31):
        sell(house, COFFEE)
    page.reload()
    expect(page.locator("#list [data-sale]")).to_have_count(30)
    newest, oldest = found(page)[0], found(page)[-1]
    page.get_by_text("Show everything before").click()
    expect(page.locator(f"[data-sale='{newest}']")).to_have_count(0)
    assert oldest not in found(page)
    page.get_by_text("Back to the newest").click()
    expect(page.locator(f"[data-sale='{newest}']")).to_be_visible()


def test_by_keyboard_alone_from_the_search_to_the_form_that_gives_back(page: Page, house: House) -> None:
    wanted = sell(house, COFFEE, CAKE)
    page.keyboard.press("Tab")
    page.focus("#q")
    page.keyboard.type(wanted["number"])
    page.keyboard.press("Enter")
    expect(page.locator("#ch")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Refund or void")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(f"Give back from {wanted['number']}")


def test_the_receipt_s_code_leads_a_phone_to_it_and_the_page_says_all(page: Page, house: House) -> None:
    sale = sell(
        house,
        {"sku": "COFFEE", "qty": 2, "discount": {"percent": "0.50"}},
        CAKE,
        tenders=[card(300, "0417"), {"kind": "cash", "amount": 1000}],
        approver_pin="123456",
        discount_reason="other",
        note="Zoë picks it up",
    )
    page.goto(f"{house.url}/sales/{sale['sale']}")
    shot = Image.open(BytesIO(page.locator("#code").screenshot()))
    assert [code.text for code in zxingcpp.read_barcodes(shot)] == [sale["receipt"]]
    main = page.locator("main")
    for text in (
        "2 x Coffee",
        "Discount 50",
        "Card 0417",
        "Zoë picks it up",
        "Approved",
        "In the log at",
        "Ada",
        "Ben",
    ):
        expect(main).to_contain_text(text)
    house.device.send(
        "receipt.report",
        {"sale": sale["sale"], "copy": 0, "printer": "printer", "outcome": "unconfirmed"},
        actor="device:printer",
        id=new_id(),
    )
    expect(main).to_contain_text("the printer cannot confirm it")
    again = page.get_by_role("button", name="Print DUPLICATE 1")
    form = page.locator("form", has=again).evaluate("form => Object.fromEntries(new FormData(form))")
    again.click()
    expect(main).to_contain_text("A copy waits for the printer")
    second = page.request.post(f"{house.url}/sales/{sale['sale']}/copy", form=form, headers={"Origin": house.url})
    assert second.ok
    copies = house.client().get(f"/sales/{sale['sale']}").json["receipts"]
    assert [(one["copy"], one["outcome"]) for one in copies] == [(0, "unconfirmed"), (1, None)]


def test_what_became_of_a_card_payment_is_said_once(page: Page, house: House) -> None:
    sale = sell(house, COFFEE, tenders=[card(350, "0421", "unknown")])
    page.goto(f"{house.url}/sales/{sale['sale']}")
    expect(page.locator("main")).to_contain_text("Did the card pay €3.50?")
    page.fill("input[name=reference]", "0421-B")
    page.get_by_role("button", name="It was declined").click()
    expect(page.locator("main")).to_contain_text("Card declined")
    expect(page.locator("main")).not_to_contain_text("Did the card pay")
    tenders = house.client().get(f"/sales/{sale['sale']}").json["tenders"]
    assert [(one["status"], one["reference"]) for one in tenders] == [("declined", "0421-B")]


def test_a_refund_s_slip_that_broke_off_is_looked_for_on_the_box_s_page(page: Page, house: House) -> None:
    sale = sell(house, COFFEE)
    back = house.client("Ben").post(f"/sales/{sale['sale']}/refund", {"reason": "faulty", "restock": False}).json
    told = {"slip": f"sr-{back['sale']}", "copy": 0, "printer": "printer", "outcome": "unknown"}
    house.device.send("slip.report", told, actor="device:printer", id=new_id())
    listed = house.client().get("/receipts").json["refunds"]
    assert [(one["number"], one["of_number"], one["outcome"]) for one in listed] == [
        (back["number"], sale["number"], "unknown")
    ]
    page.goto(f"{house.url}/box")
    line = page.locator("li", has_text=f"{back['number']},")
    expect(line).to_contain_text(f"refund of {sale['number']}")
    page.get_by_role("button", name=f"{back['number']} came out").click()
    expect(line).to_have_count(0)
    assert house.client().get("/receipts").json["refunds"] == []
    page.goto(f"{house.url}/refunds/{back['sale']}")
    expect(page.locator("main")).to_contain_text("On paper: somebody looked")
    again = house.client("Ben").post(f"/refunds/{back['sale']}/receipt", {"copy": 0, "on_paper": True})
    assert (again.status, again.json["on_paper"]) == (200, True)


def test_the_door_sees_no_sales(house: House) -> None:
    for path in ("/sales", "/sales/now", "/sales/x", "/sales/x/back", "/refunds/x"):
        assert house.client("Cleo").ask("GET", path).status == 403
    for path in ("/sales/x", "/sales/x/back", "/refunds/x"):
        assert house.client("Ben").ask("GET", path).status == 404


def test_every_page_after_the_sale_speaks_german_and_fits_a_small_phone(
    new_tablet: Callable[..., Tablet], house: House
) -> None:
    sale = sell(house, COFFEE, CAKE, tenders=[card(300, "0417"), {"kind": "cash", "amount": 500}])
    unknown = sell(house, CAKE, tenders=[card(420, "0418", "unknown")])
    asked = {"lines": [{"line": 1, "qty": 1}], "reason": "faulty", "restock": False}
    back = house.client("Ben").post(f"/sales/{sale['sale']}/refund", asked).json
    tablet = new_tablet(viewport={"width": 320, "height": 640}, locale="de-DE")
    tablet.unlock(at="/sales")
    for path, says in (
        (f"/sales?sale={sale['sale']}", "Rückgabe oder Storno"),
        (f"/sales/{sale['sale']}", "Teils zurückgegeben"),
        (f"/sales/{unknown['sale']}/back", "Hat die Karte 4,20\N{NO-BREAK SPACE}€ bezahlt?"),
        (f"/sales/{sale['sale']}/back", "Einzelne Positionen"),
        (f"/refunds/{back['sale']}", "Der Rückgabebeleg"),
    ):
        tablet.page.goto(house.url + path)
        main = tablet.page.locator("main")
        expect(main).to_contain_text(says)
        calm(tablet.page)
        tablet.page.evaluate("document.querySelectorAll('.receipt').forEach((paper) => paper.remove())")
        for word in ("Refund", "Give back", "Reason", "Original", "Approved", "Choose"):  # paper has its own language
            expect(main).not_to_contain_text(word)


def test_change_is_money_in_german_too(house: House) -> None:
    sale = sell(house, COFFEE)
    ben = house.client("Ben")
    page = ben.ask("GET", f"/sales/beside?sale={sale['sale']}", Accept_Language="de").body.decode()
    assert "<dt>Rückgeld</dt>" in page
