"""A tablet in somebody's hand: a real browser page, and what a person does on it."""

import re
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect

from tests.web.conftest import House

NUMBER = re.compile(r"^1-\d+$")
SECOND_TAP_MS = 400
"""Later than what the page takes for the second half of a double tap."""


class Tablet:
    """``faults``: what the browser complained of; ``elsewhere``: requests to anything but the box."""

    def __init__(self, browser: Browser, house: House, **context: Any) -> None:
        self.house = house
        self._context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **context})
        self.page: Page = self._context.new_page()
        self.faults: list[str] = []
        self.elsewhere: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._said)
        self.page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(self.house.url):
            self.elsewhere.append(request.url)

    def unlock(self, pin: str = "222222", at: str = "/sell") -> None:
        """Sign in and go to a screen."""
        assert self.page.request.post(f"{self.house.url}/api/v1/login", data={"pin": pin}).ok
        self.page.goto(self.house.url + at)

    def tap(self, *skus: str) -> None:
        """Put items into the cart."""
        for sku in skus:
            self.page.click(f".tile[data-sku={sku}]:not([data-returned])")

    def button(self, name: str) -> Locator:
        """The visible one of the two places of a main action."""
        return self.page.locator(f"[data-do={name}]:visible")

    def charge(self) -> None:
        """On to the payment."""
        self.button("charge").click()
        expect(self.page.locator("#view-pay")).to_be_visible()

    def finish(self) -> None:
        """The last step, as late as a finger that saw the place appear."""
        expect(self.button("finish")).to_be_enabled()
        self.page.wait_for_timeout(SECOND_TAP_MS)
        self.button("finish").click()

    def pay_exactly(self, *skus: str) -> None:
        """A whole sale for the exact amount in cash."""
        self.tap(*skus)
        self.charge()
        self.page.locator("#suggested button").first.click()
        self.finish()

    def number(self) -> str:
        """The sale's number, as soon as the box has given one."""
        expect(self.page.locator("#done-number")).to_have_text(NUMBER, timeout=30_000)
        return self.page.locator("#done-number").inner_text()

    def next(self) -> None:
        """On to the next customer."""
        self.page.wait_for_timeout(SECOND_TAP_MS)
        self.button("next").click()
        expect(self.page.locator("#view-cart")).to_be_visible()

    def scan(self, code: str) -> None:
        """What a keyboard scanner does."""
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Enter")

    def close(self) -> None:
        """Put it away."""
        self._context.close()
