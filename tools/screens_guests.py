"""The guests' part of the walk: somebody signs up, looks into the wallet, sees what is stored."""

from collections.abc import Iterator

from playwright.sync_api import Page, expect

SCREENS = {
    "comeback": "What who signs up gets, as the lead sets it",
    "signup": "Signing up: what is kept is read first, nothing is ticked",
    "signup-fault": "What is wrong stands beside the field",
    "thanks": "Signed up: the claim code",
    "wallet": "What a guest holds, behind the claim code",
    "claimcode": "Another browser asks for the claim code",
    "privacy-mine": "What is stored about one guest, and its erasure",
    "erased": "Erased, and no cookie is left",
}


def walk(page: Page, staff: str, portal: str) -> Iterator[str]:
    """From the lead's terms to the erased guest."""
    page.goto(f"{staff}/comeback")
    for name, value in (("amount", "2.50"), ("minimum", "10"), ("days", "30"), ("most", "200")):
        page.fill(f"[name={name}]", value)
    page.click("form[aria-labelledby=set] button")
    expect(page.locator("main")).to_contain_text("200")
    yield "comeback"
    page.goto(f"{portal}/signup")
    yield "signup"
    page.fill("[name=name]", "Mika")
    page.fill("[name=email]", "mika@")
    page.check("[name=consent]")
    page.click("main form button")
    expect(page.locator("#email-fault")).to_be_visible()
    yield "signup-fault"
    page.fill("[name=email]", "mika@example.org")
    page.click("main form button")
    expect(page.locator("h1")).to_have_text("Thank you, Mika")
    shown = page.locator("p.claim").inner_text()
    yield "thanks"
    page.click("text=Open my wallet")
    expect(page.locator("main")).to_contain_text("Come-back voucher")
    yield "wallet"
    page.click("text=Sign out of this browser")
    code = page.locator("[name=code]")
    expect(code).to_be_visible()
    yield "claimcode"
    code.fill(shown)
    page.click("#claim button")
    expect(page.locator("h1")).to_have_text("My wallet")
    page.goto(f"{portal}/privacy")
    yield "privacy-mine"
    page.check("[name=sure]")
    page.click("text=Erase my name and e-mail")
    expect(page.locator("h1")).to_have_text("Erased for good.")
    yield "erased"
