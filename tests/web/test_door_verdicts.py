"""What a verdict says and what can be done from it: undo, questions, the lead, the row of the last ones."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, Route, expect

from tests.web.conftest import House
from tests.web.doors import at_the_door, bring, define, letters, verdict
from tests.web.tablet import Tablet

BERLIN = ZoneInfo("Europe/Berlin")
WATCH = """() => {
  window.seen = [];
  const face = document.getElementById("face");
  const look = () => {
    const holder = document.querySelector("#fact-holder dd");
    const now = document.getElementById("face-word").textContent + (holder ? ` ${holder.textContent}` : "");
    if (!face.hidden && !now.startsWith("Checking") && window.seen.at(-1) !== now) window.seen.push(now);
  };
  new MutationObserver(look).observe(face, {subtree: true, childList: true, characterData: true, attributes: true});
}"""
"""Keeps everything that the face has said, in order."""


def stop_clock(page: Page) -> None:
    """The page's time stands at now. The page's clock runs until it does: it sets out behind, not to be past it."""
    page.clock.install(time=datetime.now(UTC) - timedelta(minutes=1))
    page.clock.pause_at(datetime.now(UTC))


def let(page: Page, reason: str, pin: str | None = None) -> None:
    """The lead lets somebody in against the rules."""
    page.click("[data-do=let]")
    expect(page.locator("#let-reason")).to_be_focused()
    page.keyboard.type(reason)
    if pin is not None:
        page.fill("#let-pin", pin)
    page.keyboard.press("Enter")


def test_admitted_says_what_the_ticket_is_what_it_includes_and_the_note(
    new_tablet: Callable[..., Tablet], house: House
) -> None:
    guest = {
        "holder": "Noa Note",
        "product": "Evening",
        "note": "Step-free entry",
        "includes": ["1 tasting cup", "programme"],
    }
    tablet, (code,) = at_the_door(new_tablet()), bring(house, "vip", guest)
    tablet.scan(code)
    verdict(tablet, "Admitted")
    page = tablet.page
    expect(page.locator("#face-why")).to_have_text("Evening, first entry")
    expect(page.locator("#face-includes")).to_have_text("Includes: 1 tasting cup, programme")
    expect(page.locator("#face-note")).to_have_text("Note: Step-free entry")
    expect(page.locator("#fact-holder dd")).to_have_text("Noa Note")
    expect(page.locator("#fact-list dd")).to_have_text("vip")
    expect(page.locator("#fact-at dd")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))


def test_a_ticket_out_of_its_time_says_until_or_from_when_on_the_events_clock(
    new_tablet: Callable[..., Tablet], house: House
) -> None:
    until, start = int(time.time()) - 3600, int(time.time()) + 3 * 86400
    codes = bring(house, "general", {"valid_until": until}, {"valid_from": start})
    tablet = at_the_door(new_tablet())
    tablet.scan(codes[0])
    verdict(tablet, "Expired")
    expect(tablet.page.locator("#face")).to_have_attribute("data-show", "expired")
    said = f"{datetime.fromtimestamp(until, BERLIN):%H:%M}"
    expect(tablet.page.locator("#face-why")).to_have_text(re.compile(rf"^Valid until (.*, )?{said}$"))
    tablet.scan(codes[1])
    verdict(tablet, "Too early")
    day = datetime.fromtimestamp(start, UTC).astimezone(BERLIN)
    said = rf"^Valid from {day.day} .* {day.year}, {day:%H:%M}$"
    expect(tablet.page.locator("#face-why")).to_have_text(re.compile(said))


def test_a_full_list_says_how_many_are_allowed_and_shows_it(new_tablet: Callable[..., Tablet], house: House) -> None:
    define(house, "boat", capacity=1)
    tablet, codes = at_the_door(new_tablet()), bring(house, "boat", {}, {})
    tablet.scan(codes[0])
    verdict(tablet, "Admitted")
    tablet.scan(codes[1])
    verdict(tablet, "Full")
    expect(tablet.page.locator("#face-why")).to_have_text("1 inside: as many as are allowed.")
    tablet.page.keyboard.press("Escape")
    bar = tablet.page.get_by_role("img", name="boat: 1 of 1 places taken")
    expect(bar).to_be_visible()
    expect(bar.locator(".bx")).to_have_attribute("width", "300")
    expect(tablet.page.locator(".room")).to_contain_text("1 of 1 allowed")
    expect(tablet.page.locator("[data-live='/door/now'] .list li").first).to_contain_text("full")


def test_questions_are_asked_one_after_the_other_and_then_the_same_code_goes_in(
    new_tablet: Callable[..., Tablet], house: House
) -> None:
    asks = [{"text": "Is a parent with them?", "answer": "confirm"}, {"text": "Which table?", "answer": "text"}]
    define(house, "minors", questions=asks)
    tablet, (code,) = at_the_door(new_tablet()), bring(house, "minors", {"holder": "Kim Young"})
    page = tablet.page
    tablet.scan(code)
    verdict(tablet, "Ask first")
    expect(page.locator("#question-text")).to_have_text("Is a parent with them?")
    expect(page.locator("#code")).to_be_focused()  # a burst of codes goes on
    page.get_by_role("button", name="Yes", exact=True).click()
    expect(page.locator("#question-text")).to_have_text("Which table?")
    expect(page.locator("#question-answer")).to_be_focused()
    letters(tablet, "Table 4")
    verdict(tablet, "Admitted")
    (fact,) = [one for one in house.facts("ticket.admitted/1") if one["data"]["list"] == "minors"]
    assert len(fact["data"]["answered"]) == 2
    expect(page.locator("#code")).to_be_focused()


def test_yes_lets_in_and_no_does_not(new_tablet: Callable[..., Tablet], house: House) -> None:
    define(house, "bar", questions=[{"text": "Is this guest 18?", "answer": "confirm"}])
    tablet, codes = at_the_door(new_tablet()), bring(house, "bar", {}, {})
    tablet.scan(codes[0])
    verdict(tablet, "Ask first")
    tablet.page.get_by_role("button", name="No", exact=True).click()
    verdict(tablet, "Not let in")
    expect(tablet.page.locator("#face")).to_have_class("verdict no")
    expect(tablet.page.locator("#face-why")).to_have_text("Is this guest 18?")
    tablet.scan(codes[1])
    verdict(tablet, "Ask first")
    tablet.page.get_by_role("button", name="Yes, let in").click()
    verdict(tablet, "Admitted")
    assert len([one for one in house.facts("ticket.admitted/1") if one["data"]["list"] == "bar"]) == 1


def test_the_question_of_a_plugged_in_scanner_is_asked_here(new_tablet: Callable[..., Tablet], house: House) -> None:
    define(house, "dock", questions=[{"text": "Life jacket on?", "answer": "confirm"}])
    tablet, (code,) = at_the_door(new_tablet()), bring(house, "dock", {})
    house.device.send("ticket.scan", {"code": code}, actor="device:scanner-dock", id="dock-1")
    verdict(tablet, "Ask first")
    tablet.page.click("[data-do=ask]")
    expect(tablet.page.locator("#question-text")).to_have_text("Life jacket on?")
    tablet.page.click("#question-yes")
    verdict(tablet, "Admitted")


def test_undo_counts_down_and_takes_the_entry_back(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet = at_the_door(new_tablet())
    page, code = tablet.page, house.ticket()
    stop_clock(page)
    tablet.scan(code)
    verdict(tablet, "Admitted")
    undo = page.locator("[data-do=undo]")
    expect(undo).to_have_text("Undo, 9 s")
    page.clock.run_for(4000)
    expect(undo).to_have_text("Undo, 5 s")
    undo.click()
    verdict(tablet, "Undone")
    expect(page.locator("#face-why")).to_have_text("Nobody went in with this scan.")
    expect(undo).to_be_hidden()
    expect(page.locator("#code")).to_be_focused()
    page.clock.run_for(2000)
    tablet.scan(code)
    verdict(tablet, "Admitted")
    page.clock.run_for(9000)
    expect(undo).to_be_hidden()


def test_an_undo_that_comes_too_late_is_said_plainly(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet = at_the_door(new_tablet())
    code = house.ticket("vip")
    tablet.scan(code)
    verdict(tablet, "Admitted")
    assert house.client("Ben").post("/scans", {"code": code, "direction": "out"}).json["verdict"] == "exited"
    tablet.page.keyboard.press("F9")
    expect(tablet.page.locator("#face-said")).to_contain_text("is not undone. This ticket was scanned again since.")
    expect(tablet.page.locator("[data-do=undo]")).to_be_hidden()
    verdict(tablet, "Admitted")
    tablet.faults[:] = [fault for fault in tablet.faults if "409" not in fault]


def test_what_somebody_else_undoes_is_undone_here_too(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet = at_the_door(new_tablet())
    with tablet.page.expect_response("**/api/v1/scans") as answered:
        tablet.scan(house.ticket())
    scan = answered.value.json()["scan"]
    verdict(tablet, "Admitted")
    assert house.client("Ben").post(f"/scans/{scan}/undo").status == 200
    verdict(tablet, "Undone")


def test_a_lead_lets_in_all_the_same_with_a_reason(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet, code = at_the_door(new_tablet(), "123456"), house.ticket()
    tablet.scan(code)
    verdict(tablet, "Admitted")
    tablet.scan("nobody")
    tablet.scan(code)
    verdict(tablet, "Already used")
    expect(tablet.page.locator("#let-pin")).to_have_count(0)
    let(tablet.page, "Went to the car")
    verdict(tablet, "Admitted")
    expect(tablet.page.locator("#face-over")).to_have_text("Let in by the lead")
    expect(tablet.page.locator("#face-why")).to_have_text("Although: already used")
    expect(tablet.page.locator("#code")).to_be_focused()
    tablet.page.keyboard.press("Escape")
    expect(tablet.page.locator("[data-live='/door/now'] .list li").first).to_contain_text("let in by the lead")


def test_at_the_door_a_lead_types_their_pin_which_is_kept_nowhere(
    new_tablet: Callable[..., Tablet], house: House
) -> None:
    tablet = at_the_door(new_tablet())
    page = tablet.page
    (code,) = bring(house, "general", {"status": "pending", "holder": "Pia Pending"})
    tablet.scan(code)
    verdict(tablet, "Not paid")
    page.click("[data-do=let]")
    page.keyboard.press("Enter")
    expect(page.locator("#let-said")).to_have_text("Say why, in a few words.")
    page.get_by_role("button", name="Paid at the till").click()
    expect(page.locator("#let-reason")).to_have_value("Paid at the till")
    expect(page.locator("#let-pin")).to_be_focused()
    letters(tablet, "987654")
    expect(page.locator("#let-said")).to_have_text("This PIN is nobody's. Type it again.")
    expect(page.locator("#let-pin")).to_have_value("")
    letters(tablet, "222222")  # Ben is no lead
    expect(page.locator("#let-said")).to_contain_text("Ask the lead for their PIN.")
    letters(tablet, "123456")
    verdict(tablet, "Admitted")
    expect(page.locator("#face-over")).to_have_text("Let in by the lead")
    assert "123456" not in page.evaluate("() => JSON.stringify(localStorage) + document.documentElement.outerHTML")
    expect(page.locator("#let-pin")).to_have_value("")
    assert page.url.endswith("/door")
    tablet.faults[:] = [fault for fault in tablet.faults if not re.search("401|403", fault)]


def test_too_many_wrong_pins_are_said_and_nobody_goes_in(lone: Tablet) -> None:
    at_the_door(lone)
    lone.scan("nobody")
    verdict(lone, "Unknown")
    lone.page.click("[data-do=let]")
    lone.page.keyboard.type("Guest of the lead")
    for _ in range(6):
        lone.page.fill("#let-pin", "999999")
        with lone.page.expect_response("**/api/v1/scans"):
            lone.page.keyboard.press("Enter")
        expect(lone.page.locator("#let-said")).not_to_be_empty()
        expect(lone.page.locator("#let-pin")).to_be_focused()
    expect(lone.page.locator("#let-said")).to_contain_text(re.compile("wrong PINs", re.IGNORECASE))
    assert lone.house.facts("ticket.admitted/1") == []


def test_what_no_lead_can_let_in_has_no_key_for_it(new_tablet: Callable[..., Tablet]) -> None:
    tablet = at_the_door(new_tablet())
    tablet.scan("BK1:damaged")
    verdict(tablet, "Cannot read")
    expect(tablet.page.locator("[data-do=let]")).to_be_hidden()


def test_an_approval_whose_answer_is_lost_lets_in_once(lone: Tablet) -> None:
    house, page = lone.house, lone.page
    at_the_door(lone)
    lone.scan("nobody")
    verdict(lone, "Unknown")

    def lose(route: Route) -> None:
        """The box decides, and its answer never comes back."""
        route.fetch()
        route.abort()

    page.route("**/api/v1/scans", lose)
    let(page, "Guest of the lead", "123456")
    expect(page.locator("#let-said")).to_contain_text("The box is not answering")
    page.unroute("**/api/v1/scans")
    letters(lone, "123456")
    verdict(lone, "Admitted")
    assert len(house.facts("ticket.admitted/1")) == 1


@pytest.mark.parametrize("slow", [False, True], ids=["at once", "slowed down"])
def test_of_twenty_codes_in_a_burst_none_is_lost_and_each_is_one_fact(
    new_tablet: Callable[..., Tablet], house: House, slow: bool
) -> None:
    tablet = at_the_door(new_tablet())
    names = [f"Guest {number} {'slow' if slow else 'fast'}" for number in range(20)]
    codes = bring(house, "general", *({"holder": name} for name in names))
    before = len(house.facts("ticket.admitted/1"))
    held: list[Route] = []

    def hold(route: Route) -> None:
        """The answer comes when the test lets it."""
        held.append(route)

    if slow:
        tablet.page.route("**/api/v1/scans", hold)
    tablet.page.evaluate(WATCH)
    for code in codes:
        letters(tablet, code)
    for _ in range(len(codes) if slow else 0):
        while not held:
            tablet.page.wait_for_timeout(20)
        tablet.page.wait_for_timeout(100)  # as long as a slow box takes
        held.pop(0).continue_()
    expect(tablet.page.locator("#fact-holder dd")).to_have_text(names[-1])
    assert tablet.page.evaluate("window.seen") == [f"Admitted {name}" for name in names]
    facts = house.facts("ticket.admitted/1")[before:]
    found = [house.client().get(f"/tickets/{fact['data']['ticket']}").json["holder"] for fact in facts]
    assert found == names


def test_a_refusal_in_a_burst_stays_in_sight_until_somebody_has_seen_it(
    new_tablet: Callable[..., Tablet], house: House
) -> None:
    tablet = at_the_door(new_tablet())
    page = tablet.page
    codes = bring(house, "general", *({} for _ in range(8)))
    stop_clock(page)
    for code in ("NO SUCH TICKET", *codes):
        letters(tablet, code)
    expect(page.locator("#past .one.yes[aria-current]")).to_have_count(1)
    expect(page.locator("#past .one")).to_have_count(5)
    page.get_by_role("button", name=re.compile("^Unknown.*show again$")).click()
    verdict(tablet, "Unknown")
    page.keyboard.press("Escape")
    for code in bring(house, "general", *({} for _ in range(5))):
        letters(tablet, code)
        verdict(tablet, "Admitted")
    expect(page.locator("#past .one.no")).to_have_count(0)


def test_no_verdict_takes_away_what_somebody_types(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet = at_the_door(new_tablet())
    tablet.scan("nobody")
    verdict(tablet, "Unknown")
    tablet.page.click("[data-do=let]")
    tablet.page.keyboard.type("Guest of")
    house.device.send("ticket.scan", {"code": house.ticket()}, actor="device:scanner-door", id="serial-meanwhile")
    expect(tablet.page.locator("#past .one")).to_have_count(2)
    tablet.page.keyboard.type(" Ada")
    expect(tablet.page.locator("#let-reason")).to_have_value("Guest of Ada")
    verdict(tablet, "Unknown")
    tablet.page.keyboard.press("Escape")
    expect(tablet.page.locator("#let")).to_be_hidden()
    expect(tablet.page.locator("[data-do=let]")).to_be_focused()
