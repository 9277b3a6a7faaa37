"""A guest with a real browser: signs up, comes back in another one, and is erased; and what the lead sees of it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.demo import Demo
from tests.watched import calm


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo whose lead gives vouchers."""
    box = Demo(tmp_path_factory.mktemp("guests") / "box")
    box.start()
    yield box
    box.stop()


def open_page(chromium: Browser, width: int = 390, theme: str = "light") -> Page:
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=theme)  # type: ignore[arg-type]
    return context.new_page()


def sign_up(page: Page, demo: Demo, name: str) -> str:
    """The claim code."""
    page.goto(f"{demo.ready['portal']}/signup")
    assert not page.locator("[name=consent]").is_checked()
    page.fill("[name=name]", name)
    page.fill("[name=email]", f"{name.lower()}@example.org")
    page.check("[name=consent]")
    page.click("main form button")
    expect(page.locator("h1")).to_have_text(f"Thank you, {name}")
    return page.locator("p.claim").inner_text()


def test_a_guest_signs_up_returns_in_another_browser_and_is_erased(demo: Demo, chromium: Browser, axe: str) -> None:
    page, other = open_page(chromium), open_page(chromium, 320, "dark")
    code = sign_up(page, demo, "Mika")
    assert [cookie["name"] for cookie in page.context.cookies()] == ["bk_claim"]
    assert page.evaluate("document.cookie") == "", "no script reads it"
    asked: list[str] = []
    other.on("request", lambda request: asked.append(request.url + str(request.headers)))
    other.goto(f"{demo.ready['portal']}/wallet#{code.replace('-', '')}")
    expect(other.locator("[name=code]")).to_have_value(code)
    assert "#" not in other.url
    assert other.context.cookies() == [], "nothing is taken in before somebody presses"
    calm(other)
    assert other.evaluate(axe) == []
    other.click("#claim button")
    expect(other.locator("h1")).to_have_text("My wallet")
    assert other.locator("p.claim").inner_text() == code
    assert not any(code.replace("-", "") in one.partition("{")[0] for one in asked), "no address has the code"
    calm(other)
    assert other.evaluate(axe) == []
    other.goto(f"{demo.ready['portal']}/privacy")
    expect(other.locator("main")).to_contain_text("mika@example.org")
    calm(other)
    assert other.evaluate(axe) == []
    other.check("[name=sure]")
    other.click("text=Erase my name and e-mail")
    expect(other.locator("h1")).to_have_text("Erased for good.")
    assert other.context.cookies() == []
    page.goto(f"{demo.ready['portal']}/wallet")
    expect(page.locator("#code-fault")).to_contain_text("opens nothing")
    assert page.context.cookies() == []
    page.context.close()
    other.context.close()


def test_without_scripts_all_of_it_works_as_well(demo: Demo, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    code = sign_up(page, demo, "Noscript")
    page.click("text=Open my wallet")
    expect(page.locator("p.claim")).to_have_text(code)
    page.click("text=Sign out of this browser")
    page.fill("[name=code]", code.lower().replace("-", " "))
    page.click("#claim button")
    expect(page.locator("p.claim")).to_have_text(code)
    context.close()


def test_the_lead_sets_terms_guests_get_a_voucher_and_the_list_is_for_central_alone(
    demo: Demo, chromium: Browser, axe: str
) -> None:
    till, phone = open_page(chromium, 1280), open_page(chromium)
    till.goto(f"{demo.ready['staff']}/login")
    till.fill("input[name=pin]", "123456")
    till.keyboard.press("Enter")
    till.wait_for_url("**/sell")
    till.goto(f"{demo.ready['staff']}/comeback")
    for name, value in (("amount", "2,50"), ("minimum", "1"), ("days", "30"), ("most", "5")):
        till.fill(f"[name={name}]", value)
    till.click("form[aria-labelledby=set] button")
    expect(till.locator("[role=alert]")).to_contain_text("at least what the voucher pays")
    till.fill("[name=minimum]", "10")
    till.click("form[aria-labelledby=set] button")
    expect(till.locator(".fig")).to_have_text("€2.50 off")
    calm(till)
    assert till.evaluate(axe) == []
    sign_up(phone, demo, "Vera")
    phone.click("text=Open my wallet")
    expect(phone.locator("main")).to_contain_text("€2.50 off")
    expect(phone.locator("section.mark svg.qr")).to_be_visible()
    till.goto(f"{demo.ready['staff']}/people")
    expect(till.locator("main")).to_contain_text("does not know central’s key yet")
    calm(till)
    assert till.evaluate(axe) == []
    till.context.close()
    phone.context.close()
