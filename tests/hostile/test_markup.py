"""Markup and scripts in whatever a guest may write: text for everybody who reads it, in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.hostile.booth import Booth
from tests.portal.stall import ask

HOSTILE = (
    "<script>window.ran=1</script>",
    '"><img src=x onerror=ran=1>',
    "'><svg/onload=ran=1>",
    "<!--<b>{{7*7}}${7*7}#{7*7}",
    "</title></textarea><script>ran=1</script>",
    "\\u003cscript\\u003eran=1",
)
"""Names; shorter than 80 characters, as names are."""


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Page]:
    """A window that notices scripts of strangers: that they ran, or that the policy had to stop them."""
    context: BrowserContext = chromium.new_context()
    page = context.new_page()
    page.on("dialog", lambda dialog: pytest.fail(f"a script said {dialog.message}"))
    page.on("console", lambda said: pytest.fail(said.text) if "Content Security Policy" in said.text else None)
    yield page
    context.close()


def send(page: Page, field: str) -> None:
    """The form with that field, as it is."""
    with page.expect_navigation():
        form = page.locator(f"form:has(input[name={field}])").first
        form.evaluate("form => { form.noValidate = true; form.requestSubmit(); }")


def harmless(page: Page, text: str) -> None:
    """No script of a guest's ran, none stands in the page, and what they wrote is there as they wrote it."""
    assert page.evaluate("window.ran") is None
    assert page.locator("img[src=x], svg[onload]").count() == 0
    assert page.evaluate("[...document.scripts].every(s => s.src.startsWith(location.origin))")
    seen = page.evaluate("document.body.innerText + [...document.querySelectorAll('input')].map(i => i.value)")
    assert text in seen


@pytest.mark.parametrize("text", HOSTILE)
def test_a_guest_called_like_a_script_is_greeted_by_it_and_reads_it_and_nothing_runs(
    booth: Booth, tab: Page, text: str
) -> None:
    tab.goto(f"{booth.portal}/signup")
    tab.locator("input[name=name]").fill(text)
    tab.locator("input[name=email]").fill("no address")
    send(tab, "name")
    harmless(tab, text)
    tab.locator("input[name=email]").fill("a@example.org")
    tab.locator("input[name=consent]").check()
    send(tab, "name")
    assert "/signup" in tab.url
    harmless(tab, text)
    tab.goto(f"{booth.portal}/privacy")
    harmless(tab, text)
    tab.goto(f"{booth.portal}/wallet")
    assert tab.evaluate("window.ran") is None


@pytest.mark.parametrize("text", HOSTILE)
def test_a_claim_code_like_a_script_is_typed_back_as_text(booth: Booth, tab: Page, text: str) -> None:
    for path in ("/wallet", "/privacy"):
        tab.goto(f"{booth.portal}{path}")
        tab.locator("input[name=code]").fill(text)
        send(tab, "code")
        harmless(tab, text[:20])


def test_the_staff_read_the_names_of_guests_as_text(booth: Booth, tab: Page) -> None:
    booth.login("123456")
    tab.context.add_cookies(
        [{"name": one.name, "value": one.value or "", "url": booth.ready["staff"]} for one in booth.jar]
    )
    for path in ("/people", "/lead"):
        tab.goto(f"{booth.ready['staff']}{path}")
        assert tab.evaluate("window.ran") is None
        assert tab.locator("img[src=x], svg[onload]").count() == 0
    booth.login("222222")


@pytest.mark.parametrize("path", ["/", "/signup", "/wallet", "/privacy", "/verify", "/nothing-here"])
def test_nothing_of_an_address_runs(booth: Booth, tab: Page, path: str) -> None:
    text = "".join(HOSTILE[:3])
    tab.goto(f"{booth.portal}{path}?code={text}&name={text}#{text}")
    assert tab.evaluate("window.ran") is None
    assert tab.locator("img[src=x], svg[onload]").count() == 0


@pytest.mark.parametrize("field", ["name", "email"])
def test_a_script_that_signs_up_hears_of_hostile_text_as_json(booth: Booth, field: str) -> None:
    body = f'{{"name": "A", "email": "a@b.example", "consent": true, "{field}": "<script>ran=1</script>\\u0000"}}'
    answer = ask(booth.portal, "/api/v1/signup", "POST", body.encode(), Content_Type="application/json")
    assert answer.status == 422
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
