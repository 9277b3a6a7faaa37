"""The payment in a real browser: any split of tenders, cards of unknown outcome, access tokens, and what it keeps."""

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from appliance.domain import tokens
from appliance.files import tickets as ticketfile
from tests.web.conftest import House
from tests.web.stall import new_stall
from tests.web.tablet import Tablet, new_tablets
from tools.screens import SECOND_TAP_MS

NewTablet = Callable[..., Tablet]


@pytest.fixture(scope="module")
def stall() -> Iterator[House]:
    yield from new_stall()


@pytest.fixture
def at_stall(stall: House, chromium: Browser) -> Iterator[NewTablet]:
    yield from new_tablets(stall, chromium)


def access(stall: House, sku: str) -> str:
    """The code of a token that pays a piece."""
    folder = stall.data / "keys"
    event = next(folder.glob("event-*.key")).stem.removeprefix("event-")
    key = ticketfile.event_key(folder, event, create=False)
    ident = secrets.token_hex(12)
    return ticketfile.access_code(key, ident, event=event, sku=sku, valid_from=None, valid_until=None)


def comeback(stall: House, amount: int, minimum: int) -> str:
    """The code of a voucher that is good now, as another box of the event gives them."""
    folder = stall.data / "keys"
    event = next(folder.glob("event-*.key")).stem.removeprefix("event-")
    more = {tokens.CURRENCY: "EUR", tokens.AMOUNT: amount, tokens.MINIMUM: minimum}
    token = tokens.Token("voucher", secrets.token_hex(12), event, "", None, None, more)
    return tokens.text(tokens.sign(token, ticketfile.event_key(folder, event, create=False)))


def kind(tablet: Tablet, name: str) -> None:
    tablet.page.locator("#kind label", has_text=name).click()


def take(tablet: Tablet, name: str, amount: str, reference: str = "") -> None:
    kind(tablet, name)
    tablet.page.fill("#amount", amount)
    if reference:
        tablet.page.fill("#reference", reference)
    tablet.finish()


def sales(stall: House) -> list[Any]:
    return stall.facts("sale.completed/1")


def test_one_sale_is_paid_five_ways_and_a_reload_in_the_middle_keeps_what_was_taken(
    at_stall: NewTablet, stall: House
) -> None:
    tablet, before = at_stall(), len(sales(stall))
    tablet.unlock()
    page = tablet.page
    tablet.tap("CUP24", "COFFEE", "BREAKFAST")
    tablet.charge()
    take(tablet, "Card", "10", "0417")
    kind(tablet, "Card")
    page.fill("#amount", "5")
    page.fill("#reference", "0418")
    page.wait_for_timeout(SECOND_TAP_MS)
    page.click("[data-do=unknown]")
    kind(tablet, "Voucher")
    page.fill("#amount", "4")
    expect(tablet.button("finish")).to_be_disabled()
    take(tablet, "Voucher", "4", "V-77")
    page.reload()
    expect(page.locator("#due")).to_have_text("€15.50")
    expect(page.locator("#taken")).to_contain_text("Card €5.00, outcome not known, ref. 0418")
    page.get_by_role("button", name="Reverse voucher €4.00").click()
    expect(page.locator("#due")).to_have_text("€19.50")
    take(tablet, "Voucher", "4.50", "V-78")
    page.click("[data-do=back]")
    expect(page.locator("#taken-note")).to_contain_text("3 payments are taken")
    expect(page.locator("[data-do=clear]")).to_be_hidden()
    tablet.charge()
    take(tablet, "Cash", "5")
    expect(page.locator("#due")).to_have_text("€10.00")
    page.locator("#suggested button", has_text="€50").click()
    expect(page.locator("#coins")).to_have_text("2 × €20")
    tablet.finish()
    tablet.number()
    [sale] = sales(stall)[before:]
    assert [
        (one["kind"], one["amount"], one.get("reference"), one.get("status")) for one in sale["data"]["tenders"]
    ] == [
        ("card", 1000, "0417", "approved"),
        ("card", 500, "0418", "unknown"),
        ("voucher", 450, "V-78", None),
        ("cash", 500, None, None),
        ("cash", 5000, None, None),
    ]
    assert sale["data"]["change"] == 4000


def test_three_guests_share_a_bill_evenly_to_the_cent(at_stall: NewTablet, stall: House) -> None:
    tablet = at_stall()
    tablet.unlock()
    page = tablet.page
    tablet.tap("COFFEE", "COFFEE", "BREAKFAST", "CUP", "CUP", "CUP")
    tablet.charge()
    page.locator("[data-share='3']").click()
    kind(tablet, "Card")
    for due in ("€20.00", "€13.33", "€6.66"):
        expect(page.locator("#due")).to_have_text(due)
        tablet.finish()
    tablet.number()
    assert [one["amount"] for one in sales(stall)[-1]["data"]["tenders"]] == [667, 667, 666]


def test_an_access_token_pays_its_piece_once(at_stall: NewTablet, stall: House) -> None:
    tablet, code = at_stall(), access(stall, "COFFEE")
    tablet.unlock()
    page = tablet.page
    tablet.tap("COFFEE", "COFFEE", "CAKE")
    tablet.charge()
    kind(tablet, "Token")
    for wrong, why in (("hello", "no access token"), (access(stall, "CUP24"), "not in the cart")):
        page.fill("#token", wrong)
        page.press("#token", "Enter")
        expect(page.locator("#token-error")).to_contain_text(why)
    page.keyboard.type(code)  # a scanner; the cursor stands in the field
    page.keyboard.press("Enter")
    expect(page.locator("#taken")).to_contain_text("Token for Coffee, €3.50")
    expect(page.locator("#due")).to_have_text("€7.70")
    page.locator("#suggested button").first.click()
    tablet.finish()
    tablet.number()
    assert [(one["sku"], one["amount"]) for one in [stall.facts("token.redeemed/1")[-1]["data"]]] == [("COFFEE", 350)]
    tablet.next()
    tablet.tap("COFFEE")
    tablet.charge()
    kind(tablet, "Token")
    page.fill("#token", code)
    page.press("#token", "Enter")
    expect(tablet.button("finish")).to_have_text("Finish, nothing to pay")
    tablet.finish()
    expect(page.locator("#refused")).to_contain_text("this token paid for sale", ignore_case=True)
    tablet.charge()
    expect(page.locator("#taken")).to_be_hidden()
    page.locator("#suggested button").first.click()
    tablet.finish()
    tablet.number()
    assert len(stall.facts("token.redeemed/1")) == 1
    tablet.faults.clear()  # the refusal


def test_what_a_card_gave_stays_taken_when_the_box_refuses_the_sale(at_stall: NewTablet, stall: House) -> None:
    tablet = at_stall()
    tablet.unlock()
    page = tablet.page
    tablet.tap("POSTER", "COFFEE")
    tablet.charge()
    take(tablet, "Card", "10", "0500")
    page.route("**/sell/tiles", lambda route: route.abort())  # it does not hear of the other till in time
    left = next(one["stock"] for one in stall.client().get("/catalogue").json["items"] if one["sku"] == "POSTER")
    stall.client("Ben").sell({"sku": "POSTER", "qty": left}, cash=1200 * left)
    page.locator("#suggested button").first.click()
    tablet.finish()
    expect(page.locator("#refused")).to_contain_text("Poster: 0 left, 1 asked for")
    expect(page.locator("#taken-note")).to_contain_text("A payment is taken")
    page.unroute("**/sell/tiles")
    page.locator("#lines .lname", has_text="Poster").click()
    page.get_by_label("Remove Poster").click()
    tablet.charge()
    expect(page.locator("#amount-error")).to_contain_text("only cash gives change")
    page.get_by_role("button", name="Reverse card €10.00").click()
    page.locator("#suggested button").first.click()
    tablet.finish()
    tablet.number()
    tablet.faults.clear()  # the refusal, and the part that did not come


def test_two_tabs_with_the_same_cart_make_one_sale_and_the_other_says_so(at_stall: NewTablet, stall: House) -> None:
    tablet, before = at_stall(), len(sales(stall))
    tablet.unlock()
    other = tablet.page.context.new_page()
    other.goto(stall.url + "/sell")
    tablet.tap("COFFEE")
    tablet.charge()
    tablet.page.locator("#suggested button").first.click()
    other.locator("[data-do=charge]:visible").click()
    other.locator("#suggested button").last.click()
    other.wait_for_timeout(SECOND_TAP_MS)
    tablet.button("finish").click()
    expect(other.locator("#done-elsewhere")).to_be_visible()
    expect(tablet.page.locator("#done-elsewhere")).to_be_hidden()
    number = tablet.number()
    expect(other.locator("#done-number")).to_have_text(number)
    other.evaluate("document.querySelector('[data-do=finish]').click()")
    [sale] = sales(stall)[before:]
    assert sale["data"]["number"] == number


def test_a_come_back_voucher_that_is_scanned_in_the_payment_pays_its_amount_once(
    at_stall: NewTablet, stall: House
) -> None:
    tablet, code, large = at_stall(), comeback(stall, 250, 300), comeback(stall, 900, 900)
    tablet.unlock()
    page = tablet.page
    tablet.tap("COFFEE")
    tablet.charge()
    kind(tablet, "Token")
    page.fill("#token", large)
    page.press("#token", "Enter")
    expect(page.locator("#token-error")).to_contain_text("€3.50")
    page.fill("#token", code)
    page.press("#token", "Enter")
    expect(page.locator("#taken")).to_contain_text("Voucher €2.50")
    expect(page.locator("#taken")).not_to_contain_text("BK1")
    expect(page.locator("#due")).to_have_text("€1.00")
    kind(tablet, "Token")
    page.fill("#token", comeback(stall, 50, 0))
    page.press("#token", "Enter")
    expect(page.locator("#token-error")).to_contain_text("One purchase takes one voucher")
    kind(tablet, "Cash")
    page.locator("#suggested button").first.click()
    tablet.finish()
    tablet.number()
    tenders = sales(stall)[-1]["data"]["tenders"]
    assert [(one["kind"], one["amount"], one.get("comeback")) for one in tenders[:1]] == [("voucher", 250, True)]
    assert code not in str(sales(stall)[-1])
    tablet.next()
    tablet.tap("COFFEE")
    tablet.charge()
    kind(tablet, "Token")
    page.fill("#token", code)
    page.press("#token", "Enter")
    page.locator("#suggested button").first.click()
    tablet.finish()
    expect(page.locator("#refused")).to_contain_text("this voucher paid for sale", ignore_case=True)
    tablet.charge()
    expect(page.locator("#taken")).to_be_hidden()
    page.locator("#suggested button").first.click()
    tablet.finish()
    tablet.number()
    assert len(stall.facts("voucher.redeemed/1")) == 1
    tablet.faults.clear()  # the refusal
