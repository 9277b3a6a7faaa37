"""A tablet in somebody's hand: a real browser page, and what a person does on it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from playwright.sync_api import Browser, Locator, expect

from tests.watched import Watched
from tests.web.conftest import House
from tools.screens import NUMBER, SECOND_TAP_MS

KEY_S = 0.005
"""From one key of a scanner to its next."""


class Tablet(Watched):
    """A page of ``house``."""

    def __init__(self, browser: Browser, house: House, **context: Any) -> None:
        super().__init__(browser, house.url, **context)
        self.house = house

    def unlock(self, pin: str = "222222", at: str = "/sell") -> None:
        """Sign in and go to a screen.

        What the tablet shows is left first: a page that meets somebody else's session loads itself anew, in the middle
        of the way to the screen.
        """
        self.page.goto("about:blank")
        assert self.page.request.post(f"{self.house.url}/api/v1/login", data={"pin": pin}).ok
        self.page.goto(self.house.url + at)

    def tap(self, *skus: str) -> None:
        """Put items into the cart."""
        for sku in skus:
            self.page.click(f".tile[data-sku='{sku}']:not([data-returned])")

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

    def type_out(self, code: str) -> None:
        """Key by key, as a scanner that is a keyboard: its text finds the field wherever the focus was.

        When each key was pressed is said with it: what a busy machine takes for them is not the scanner's pace.
        """
        line = self.page.context.new_cdp_session(self.page)
        start = time.time()
        for number, char in enumerate([*code, "\r"]):
            named = {"key": "Enter", "windowsVirtualKeyCode": 13} if char == "\r" else {"key": char}
            for kind in ({"type": "keyDown", "text": char}, {"type": "keyUp"}):
                line.send("Input.dispatchKeyEvent", {**kind, **named, "timestamp": start + number * KEY_S})
        line.detach()

    def scan(self, code: str) -> None:
        """What a keyboard scanner does."""
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Enter")


def new_tablets(house: House, chromium: Browser) -> Iterator[Callable[..., Tablet]]:
    """Tablets of a house, closed afterwards; nothing on them may complain or look elsewhere."""
    opened: list[Tablet] = []

    def new(**context: Any) -> Tablet:
        opened.append(Tablet(chromium, house, **context))
        return opened[-1]

    yield new
    for tablet in opened:
        tablet.close()
        assert tablet.faults == []
        assert tablet.elsewhere == []
