"""Finding a guest by name or order, and a door that is worked with the keyboard alone."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.web.conftest import House
from tests.web.doors import at_the_door, bring, letters, verdict
from tests.web.tablet import Tablet


def focused(tablet: Tablet) -> str:
    """What has the focus: its id, or what it does."""
    found: str = tablet.page.evaluate("document.activeElement.id || document.activeElement.dataset.do || ''")
    return found


def test_a_guest_is_found_while_typing_and_admitted(new_tablet: Callable[..., Tablet], house: House) -> None:
    bring(house, "general", {"holder": "Zoë Zimmermann", "order": "ZZ9PL", "product": "Evening"})
    tablet = at_the_door(new_tablet())
    page = tablet.page
    page.click("#scan [data-do=find]")
    page.keyboard.type("zimmer")
    line = page.locator("#found li")
    expect(line).to_have_count(1)
    for said in ("Zoë Zimmermann", "Evening", "order ZZ9PL", "general: not in yet"):
        expect(line).to_contain_text(said)
    line.get_by_role("button", name="Admit").click()
    verdict(tablet, "Admitted")
    expect(page.locator("#fact-holder dd")).to_have_text("Zoë Zimmermann")
    page.keyboard.press("Escape")
    expect(line).to_contain_text(re.compile(r"general: inside, first entry \d\d:\d\d at door"))
    expect(page.locator("#code")).to_be_focused()
    page.locator("label", has=page.locator("[name=d][value=out]")).click()
    page.keyboard.press("F2")
    line.get_by_role("button", name="Let out").click()
    verdict(tablet, "Goodbye")


def test_marks_are_shown_and_an_order_is_found(new_tablet: Callable[..., Tablet], house: House) -> None:
    bring(house, "general", {"holder": "Una Paid", "order": "QQ7XY", "status": "pending"}, {"order": "QQ7XY"})
    tablet = at_the_door(new_tablet())
    tablet.page.keyboard.press("F2")
    letters(tablet, "qq7xy")
    expect(tablet.page.locator("#found li")).to_have_count(2)
    expect(tablet.page.locator("#found li", has_text="Una Paid")).to_contain_text("Not paid")
    expect(tablet.page.locator("#find-said")).to_have_text("2 tickets")


def test_a_scan_is_never_a_search_but_what_nobody_knows_can_be_looked_up(
    new_tablet: Callable[..., Tablet], house: House
) -> None:
    bring(house, "general", {"holder": "Wanda Wedge"})
    tablet = at_the_door(new_tablet())
    page = tablet.page
    letters(tablet, "Wanda Wedge")
    verdict(tablet, "Unknown")
    page.click("#face [data-do=find]")
    expect(page.locator("#find-text")).to_have_value("Wanda Wedge")
    expect(page.locator("#found li")).to_have_count(1)
    page.locator("#found button").focus()
    letters(tablet, "NOBODY HERE")  # a scanner, while the search is open
    verdict(tablet, "Unknown")
    page.keyboard.press("Escape")
    expect(page.locator("#find-text")).to_have_value("Wanda Wedge")


def test_a_code_that_was_typed_into_the_search_is_checked_as_one(
    new_tablet: Callable[..., Tablet], house: House
) -> None:
    (code,) = bring(house, "general", {"holder": "Cora Code"})
    tablet = at_the_door(new_tablet())
    tablet.page.keyboard.press("F2")
    letters(tablet, code)
    expect(tablet.page.locator("#find-said")).to_have_text(f"Nobody is found under “{code}”.")
    tablet.page.get_by_role("button", name="Check it as a code").click()
    verdict(tablet, "Admitted")
    expect(tablet.page.locator("#find")).to_be_hidden()


def test_the_whole_door_is_worked_without_a_pointer(new_tablet: Callable[..., Tablet], house: House) -> None:
    bring(house, "general", {"holder": "Kay Board", "order": "KEYS1"})
    tablet = at_the_door(new_tablet(), "123456")
    page = tablet.page
    letters(tablet, house.ticket())
    verdict(tablet, "Admitted")
    page.keyboard.press("Tab")
    assert focused(tablet) == "undo"
    page.keyboard.press("Space")
    verdict(tablet, "Undone")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    assert focused(tablet) == "next"
    page.keyboard.press("Tab")
    assert focused(tablet) == "code"
    page.keyboard.press("Escape")
    letters(tablet, "nobody")
    verdict(tablet, "Unknown")
    page.keyboard.press("Tab")
    while focused(tablet) != "let":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("Guest")
    page.keyboard.press("Escape")
    expect(page.locator("#let")).to_be_hidden()
    assert focused(tablet) == "let"
    page.keyboard.press("F2")
    letters(tablet, "keys1")
    expect(page.locator("#found button")).to_be_focused()
    page.keyboard.press("Enter")
    verdict(tablet, "Admitted")
    page.keyboard.press("F9")
    verdict(tablet, "Undone")
    page.keyboard.press("Escape")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#find")).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert focused(tablet) == "find"


def test_behind_a_verdict_nothing_is_reached(new_tablet: Callable[..., Tablet]) -> None:
    tablet = at_the_door(new_tablet())
    letters(tablet, "nobody")
    verdict(tablet, "Unknown")
    reached = set()
    for _ in range(12):
        tablet.page.keyboard.press("Tab")
        reached.add(
            tablet.page.evaluate("document.activeElement.closest('#face') ? 'face' : document.activeElement.id")
        )
    assert reached == {"face", "code"}
