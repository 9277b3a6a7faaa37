"""The part of the walk where the event has a page of its own: both packs, a claimed ticket, what the lead sees."""

from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, expect

from appliance.domain import tokens
from appliance.files.landing import store
from appliance.files.landing.folder import read
from appliance.files.landing.source import compile_page

SCREENS = {
    "landing-market": "The event's own page, as a market",
    "landing-workshop": "The event's own page, as a workshop",
    "claim": "A ticket that came as a link, drawn on the guest's phone",
    "guests-page": "The lead looks at the guests' page: not cleared yet",
}
EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"


def walk(page: Page, portal: str, staff: str, data: Path, code: str) -> Iterator[str]:
    """``code``: of a ticket that nobody has shown yet."""
    folder = data / store.FOLDER
    show(folder, "market")
    page.goto(portal)
    expect(page.locator("img")).to_have_js_property("complete", True)
    expect(page.locator("h1")).to_have_text("Quay Yard Evening Market")
    yield "landing-market"
    show(folder, "workshop")
    page.goto(portal)
    expect(page.locator("h1")).to_have_text("Print your own poster")
    yield "landing-workshop"
    page.goto(f"{portal}/claim/#{tokens.link_text(code)}")
    expect(page.locator("#ticket")).to_be_visible()
    yield "claim"
    show(folder, "market")
    page.goto(f"{staff}/landing")
    expect(page.frame_locator("iframe").locator("h1")).to_have_text("Quay Yard Evening Market")
    yield "guests-page"
    store.remove(folder)


def show(folder: Path, pack: str) -> None:
    """The page of an example from now on."""
    store.write(folder, compile_page(read(EXAMPLES / f"landing-{pack}")))
