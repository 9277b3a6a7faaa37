"""Pairing as people do it: the lead's page, and a tablet's browser."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.https.conftest import Place
from tests.watched import Watched, calm
from tests.web.tablet import Tablet


@pytest.fixture(scope="module")
def lead(place: Place, chromium: Browser) -> Iterator[Tablet]:
    """The lead, on the staff's own network."""
    tablet = Tablet(chromium, place.house, viewport={"width": 320, "height": 640})
    tablet.unlock("123456", "/lead")
    yield tablet
    tablet.close()
    assert (tablet.faults, tablet.elsewhere) == ([], [])


class AirTablet(Tablet):
    """A tablet on the guests' air. Whether certificates are good is OpenSSL's test; here the browser takes this one."""

    def __init__(self, browser: Browser, place: Place, **context: Any) -> None:
        self.url = f"https://127.0.0.1:{place.port}"
        Watched.__init__(self, browser, self.url, ignore_https_errors=True, **context)
        self.house = place.house


def good(page: Page, axe: str) -> None:
    """Fits, can be hit, shuts nobody out, by day and by night."""
    calm(page)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        assert page.evaluate(axe) == []


def test_the_lead_makes_a_code_a_tablet_takes_it_and_sells(
    place: Place, lead: Tablet, chromium: Browser, axe: str
) -> None:
    page = lead.page
    page.get_by_role("link", name="See the devices").click()
    good(page, axe)
    page.fill("[name=name]", "Tablet by the stairs")
    page.get_by_role("button", name="Make a code").click()
    expect(page.locator("h1")).to_have_text("Tablet by the stairs")
    good(page, axe)
    code = page.locator("[data-code]").inner_text()
    fingerprint = page.locator("[data-fingerprint]").inner_text()
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}", code)
    assert re.fullmatch(r"([0-9A-F]{2} ){31}[0-9A-F]{2}", fingerprint)
    expect(page.locator("svg.qr")).to_have_count(2)

    tablet = AirTablet(chromium, place, viewport={"width": 320, "height": 640})
    tablet.page.goto(f"{tablet.url}/sell")
    expect(tablet.page).to_have_url(f"{tablet.url}/pair")
    good(tablet.page, axe)
    expect(tablet.page.locator("[data-fingerprint]")).to_have_text(fingerprint)
    tablet.page.goto(f"{tablet.url}/pair#{code}")
    tablet.page.reload()
    tablet.page.goto("about:blank")
    tablet.page.goto(f"{tablet.url}/pair#{code}")
    expect(tablet.page.locator("#code")).to_have_value(code)
    expect(tablet.page).to_have_url(f"{tablet.url}/pair")  # the code is not left in the history
    tablet.page.get_by_role("button", name="Pair this device").click()
    expect(tablet.page).to_have_url(f"{tablet.url}/login")
    tablet.page.fill("[name=pin]", "222222")
    tablet.page.click("[aria-label=Unlock]")
    expect(tablet.page).to_have_url(f"{tablet.url}/sell")
    tablet.pay_exactly("COFFEE")
    number = tablet.number()
    assert number in [fact["data"]["number"] for fact in place.house.facts("sale.completed/1")]

    page.goto(f"{place.house.url}/pairing")
    row = page.locator("tr", has_text="Tablet by the stairs")
    expect(row).to_contain_text("Ada")
    good(page, axe)
    row.get_by_role("button", name="Unpair Tablet by the stairs").click()
    expect(page.locator("main")).not_to_contain_text("Tablet by the stairs")
    tablet.page.goto(f"{tablet.url}/sell")
    expect(tablet.page).to_have_url(f"{tablet.url}/pair")
    tablet.close()
    assert tablet.elsewhere == []


def test_a_wrong_code_says_what_to_do_and_another_try_works(place: Place, chromium: Browser, axe: str) -> None:
    tablet = AirTablet(chromium, place)
    tablet.page.goto(f"{tablet.url}/pair")
    for code, ends in (("NONE0-00000", "/pair"), (place.code().lower().replace("-", ""), "/login")):
        tablet.page.fill("#code", code)
        tablet.page.get_by_role("button", name="Pair this device").click()
        expect(tablet.page).to_have_url(tablet.url + ends)
        if ends == "/pair":
            expect(tablet.page.locator("[role=alert]")).to_contain_text("Type it again, or let the lead make a new one")
            good(tablet.page, axe)
    tablet.page.goto(f"{tablet.url}/pair")
    expect(tablet.page.locator("main")).to_contain_text("This device is paired.")
    good(tablet.page, axe)
    tablet.close()


def test_a_name_that_cannot_be_given_is_answered_at_its_field(lead: Tablet) -> None:
    page = lead.page
    page.goto(f"{lead.house.url}/pairing")
    page.fill("[name=name]", "ben@example.org")
    page.get_by_role("button", name="Make a code").click()
    expect(page.locator("#namef")).to_contain_text("wants 1 to 30 letters")
    expect(page.locator("[name=name]")).to_have_value("ben@example.org")
    calm(page)
    lead.faults[:] = [fault for fault in lead.faults if "422" not in fault]


def test_in_german_too(place: Place, chromium: Browser) -> None:
    tablet = AirTablet(chromium, place, locale="de-DE", viewport={"width": 320, "height": 640})
    tablet.page.goto(f"{tablet.url}/pair")
    expect(tablet.page.locator("h1")).to_have_text("Dieses Gerät koppeln")
    calm(tablet.page)
    tablet.page.fill("#code", "NONE0-00000")
    tablet.page.locator("form button").click()
    expect(tablet.page.locator("[role=alert]")).to_contain_text("Dieser Code gilt nicht, oder nicht mehr")
    tablet.close()
