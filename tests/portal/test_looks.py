"""The guests' pages in a real browser: on a small phone, a phone and a desk, by day and by night."""

import pytest
from playwright.sync_api import Browser

from tests.portal.stall import Stall, token_of
from tests.watched import calm


@pytest.fixture(scope="module")
def paths(stall: Stall) -> dict[str, str]:
    """Every page, with a word that is on it."""
    proved = token_of(stall.sell(*({"sku": sku, "qty": 12} for sku in ("COFFEE", "CAKE", "CUP"))))
    stall.checkpoint()
    promised = token_of(stall.sell())
    return {
        "/": "What is sold",
        "/privacy": "When you buy",
        "/signup": "What shall we call you?",
        "/wallet": "Your claim code",
        f"/r/{proved}": "Proved.",
        f"/r/{promised}": "Promised.",
        f"/r/{proved[:-9]}": "Not valid",
        "/nothing": "nothing here",
    }


@pytest.mark.parametrize("size", [(320, 640), (390, 844), (820, 1180), (1280, 800)])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_fits_asks_nobody_else_and_pleases_the_browser(
    stall: Stall, chromium: Browser, axe: str, paths: dict[str, str], size: tuple[int, int], theme: str
) -> None:
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    elsewhere: list[str] = []
    complaints: list[str] = []
    violations: list[str] = []
    page.on("request", lambda asked: elsewhere.append(asked.url) if not asked.url.startswith(stall.url) else None)
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for path, word in paths.items():
        page.goto(stall.url + path)
        assert word in page.inner_text("main")
        calm(page)
        violations += [f"{path}: {violation}" for violation in page.evaluate(axe)]
    context.close()
    assert violations == []
    assert elsewhere == []
    assert [text for text in complaints if "404" not in text] == []


def test_a_guest_finds_the_way_from_the_landing_page_to_what_is_stored_and_back(
    stall: Stall, chromium: Browser
) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(stall.url)
    page.click("text=What is stored about me")
    assert "No list of phones" in page.inner_text("main")
    page.get_by_role("link", name="The event", exact=True).click()
    assert page.url == f"{stall.url}/"
    assert context.cookies() == []
    context.close()


def test_the_proof_is_saved_as_a_file(stall: Stall, chromium: Browser) -> None:
    sale = stall.sell()
    stall.checkpoint()
    context = chromium.new_context(accept_downloads=True)
    page = context.new_page()
    page.goto(f"{stall.url}/r/{token_of(sale)}")
    with page.expect_download() as saved:
        page.click("text=Keep the proof")
    assert saved.value.suggested_filename == f"receipt-{sale['number']}.tlog-proof"
    assert saved.value.path().read_text().startswith("c2sp.org/tlog-proof@v1\n")
    context.close()
