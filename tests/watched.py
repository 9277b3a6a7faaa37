"""A browser page that keeps what it complained about and whom it asked, and what is true of every good page."""

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request

_SMALL = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), select, summary")]
  .filter((node) => node.checkVisibility() && !node.classList.contains("skip"))
  .filter((node) => !node.closest("p"))  // a link inside a sentence may be small
  .map((node) => [node.outerHTML.slice(0, 80), (node.closest(".seg label, .check") || node).getBoundingClientRect()])
  .filter(([, box]) => box.width < 47.5 || box.height < 47.5)
  .map(([html, box]) => `${html}: ${box.width} x ${box.height}`)"""


class Watched:
    """``faults``: what the browser complained of; ``elsewhere``: requests to anything but ``own``."""

    def __init__(self, browser: Browser, *own: str, **context: Any) -> None:
        """``own``: the addresses that may be asked; ``context``: of Playwright's new_context."""
        self._own = tuple(f"{url}/" for url in own)
        self._context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **context})
        self.page: Page = self._context.new_page()
        self.faults: list[str] = []
        self.elsewhere: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._hear)
        self.page.on("request", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            path = urlsplit(message.location.get("url", "")).path
            self.faults.append(f"{message.text} [{path}]" if path else message.text)

    def _see(self, request: Request) -> None:
        if not request.url.startswith(self._own):
            self.elsewhere.append(request.url)

    def close(self) -> None:
        """Close the page and forget its cookies and storage."""
        self._context.close()


def calm(page: Page) -> None:
    """No sideways scroll, no target that a thumb misses."""
    wide, room = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= room
    assert page.evaluate(_SMALL) == []
