"""The door in a real browser: one scan, one verdict, whatever the scanner and the network do."""

import re
import signal
from collections.abc import Callable
from typing import get_args

from playwright.sync_api import Route, expect

from appliance.domain.doorrules import Reason
from tests.web.conftest import House
from tests.web.doors import at_the_door, bring, verdict
from tests.web.tablet import Tablet


def test_the_door_admits_and_then_refuses_with_the_first_entry(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet, code = at_the_door(new_tablet()), house.ticket()
    why = tablet.page.locator("#face-why")
    tablet.page.fill("#gate", "Door A")
    tablet.page.press("#gate", "Tab")
    tablet.page.focus("#code")
    tablet.scan(code)
    verdict(tablet, "Admitted")
    expect(tablet.page.locator("#face")).to_have_class("verdict yes")
    expect(tablet.page.locator("#fact-holder dd")).to_be_visible()
    expect(tablet.page.locator("#face-where")).to_have_text("Door A · general")
    expect(tablet.page.locator("#face-counts")).to_have_text(re.compile(r"^In \d+ · Out \d+ · \d+ an hour$"))
    tablet.scan("this is no ticket")
    expect(tablet.page.locator("#face-over")).to_have_text("Refused")
    verdict(tablet, "Unknown")
    tablet.scan(code)
    verdict(tablet, "Already used")
    expect(why).to_have_text(re.compile(r"^First entry \d\d:\d\d at Door A, \d+\s(s|min) ago$"))
    expect(tablet.page.locator("#fact-reentry dd")).to_have_text("Not on this list")
    tablet.page.keyboard.press("Escape")
    expect(tablet.page.locator("#face")).to_be_hidden()
    expect(tablet.page.locator("#code")).to_be_focused()
    expect(tablet.page.locator("[data-live='/door/now']")).to_contain_text("already used")


def test_one_code_read_twice_in_a_moment_is_one_scan(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet, code = at_the_door(new_tablet()), house.ticket()
    before = len(house.facts("ticket.refused/1"))
    tablet.scan(code)
    tablet.scan(code)
    verdict(tablet, "Admitted")
    tablet.scan(house.ticket())
    expect(tablet.page.locator("#past .one")).to_have_count(2)
    verdict(tablet, "Admitted")
    assert len(house.facts("ticket.refused/1")) == before


def test_a_scanner_types_into_the_field_wherever_the_focus_was(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet = at_the_door(new_tablet())
    for number, place in enumerate(
        ("#sound", "[name=d][value=in]", "#scan [data-do=find]", "#list", ".bar a", "#gate")
    ):
        tablet.page.locator(place).first.focus()
        tablet.page.keyboard.type(f"NOTICKET{number}")
        tablet.page.keyboard.press("Enter")
        verdict(tablet, "Unknown")
        tablet.page.locator("#face [data-do=find]").focus()
        tablet.page.keyboard.type(f"BK1:{number}")
        tablet.page.keyboard.press("Enter")
        verdict(tablet, "Cannot read")
        tablet.page.keyboard.press("Escape")
    expect(tablet.page.locator("#gate")).to_have_value("")


def test_the_name_of_a_door_is_typed_by_hand(new_tablet: Callable[..., Tablet]) -> None:
    tablet = at_the_door(new_tablet())
    tablet.page.locator("#gate").press_sequentially("Harbour gate", delay=60)
    tablet.page.keyboard.press("Enter")
    expect(tablet.page.locator("#code")).to_be_focused()
    tablet.scan("nobody")
    expect(tablet.page.locator("#face-where")).to_contain_text("Harbour gate")
    tablet.page.reload()
    expect(tablet.page.locator("#gate")).to_have_value("Harbour gate")


def test_out_lets_a_re_entry_ticket_in_again(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet, code = at_the_door(new_tablet()), house.ticket("vip")
    for way, said in (("in", "Admitted"), ("out", "Goodbye"), ("in", "Admitted")):
        tablet.page.locator("label", has=tablet.page.locator(f"[name=d][value={way}]")).click()
        tablet.scan(code)
        verdict(tablet, said)
        tablet.scan("something else")  # the same code twice in a moment would be one scan
        verdict(tablet, "Unknown")
        tablet.page.keyboard.press("Escape")


def test_a_door_for_one_list_refuses_the_other(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet = at_the_door(new_tablet())
    tablet.page.select_option("#list", "vip")
    tablet.scan(house.ticket("general"))
    verdict(tablet, "Wrong door")
    tablet.page.reload()
    expect(tablet.page.locator("#list")).to_have_value("vip")


def test_a_gate_that_is_chosen_says_which_way_and_which_lists(new_tablet: Callable[..., Tablet], house: House) -> None:
    for name, lists, direction in (("Pier", ["vip"], "in"), ("Pier exit", [], "out")):
        house.admin.send(
            "gate.define",
            {"gate": name, "lists": lists, "direction": direction},
            actor="admin:test",
            id=f"gate-{name.replace(' ', '-')}",
        )
    tablet, code = at_the_door(new_tablet()), house.ticket("vip")
    page = tablet.page
    page.select_option("#gates", "Pier")
    expect(page.locator("#gate")).to_be_hidden()
    expect(page.locator("#gate-lists")).to_have_text("Lets in: vip")
    page.focus("#code")
    tablet.scan(house.ticket("general"))
    verdict(tablet, "Wrong door")
    tablet.scan(code)
    verdict(tablet, "Admitted")
    page.keyboard.press("Escape")
    page.select_option("#gates", "Pier exit")
    expect(page.locator("[name=d][value=out]")).to_be_checked()
    expect(page.locator("#gate-lists")).to_have_text("Lets in every list")
    page.focus("#code")
    tablet.scan("nobody")  # the same code twice in a moment would be one scan
    verdict(tablet, "Unknown")
    tablet.scan(code)
    verdict(tablet, "Goodbye")
    expect(page.locator("#face-where")).to_have_text("Pier exit · vip")
    page.keyboard.press("Escape")
    page.locator("label", has=page.locator("[name=d][value=in]")).click()
    page.reload()
    expect(page.locator("#gates")).to_have_value("Pier exit")
    expect(page.locator("[name=d][value=in]")).to_be_checked()
    page.select_option("#gates", "Pier exit")
    page.select_option("#gates", "")
    expect(page.locator("#gate")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#gates")).to_have_value("Pier exit")
    page.select_option("#gates", "")
    page.locator("#gate").press_sequentially("Back door", delay=60)
    page.keyboard.press("Enter")
    tablet.scan("nobody")
    expect(page.locator("#face-where")).to_contain_text("Back door")


def test_a_gate_that_is_defined_while_the_door_is_open_appears(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet = at_the_door(new_tablet())
    house.admin.send("gate.define", {"gate": "Late gate", "direction": "out"}, actor="admin:test", id="late-gate")
    expect(tablet.page.locator("#gates option", has_text="Late gate")).to_have_count(1)
    tablet.page.select_option("#gates", "Late gate")
    expect(tablet.page.locator("[name=d][value=out]")).to_be_checked()
    house.admin.send("gate.define", {"gate": "Late gate", "direction": "in"}, actor="admin:test", id="late-gate-2")
    expect(tablet.page.locator("[name=d][value=in]")).to_be_checked()


def test_what_a_plugged_in_scanner_reads_appears_with_who_it_is(
    new_tablet: Callable[..., Tablet], house: House
) -> None:
    tablet = at_the_door(new_tablet())
    guest = {"holder": "Lou Plug", "includes": ["1 tasting cup"], "note": "Brings a dog", "product": "Evening"}
    (code,) = bring(house, "general", guest)
    scan = {"code": code, "gate": "side door"}
    house.device.send("ticket.scan", scan, actor="device:scanner-door", id="serial-1")
    verdict(tablet, "Admitted")
    expect(tablet.page.locator("#face-where")).to_have_text("side door · general")
    expect(tablet.page.locator("#fact-holder dd")).to_have_text("Lou Plug")
    expect(tablet.page.locator("#face-includes")).to_have_text("Includes: 1 tasting cup")
    expect(tablet.page.locator("#face-note")).to_have_text("Note: Brings a dog")
    tablet.page.click("[data-do=undo]")
    verdict(tablet, "Undone")
    tablet.page.keyboard.press("Escape")
    expect(tablet.page.locator("[data-live='/door/now'] .list li").first).to_contain_text("undone")
    expect(tablet.page.locator("[data-live='/door/now']")).to_contain_text("side door")
    house.device.send("ticket.scan", scan, actor="device:scanner-door", id="serial-2")
    verdict(tablet, "Admitted")
    tablet.page.keyboard.press("Escape")
    tablet.page.uncheck("#others")
    house.device.send("ticket.scan", scan, actor="device:scanner-door", id="serial-3")
    expect(tablet.page.locator("[data-live='/door/now'] .list li").first).to_contain_text("already used")
    expect(tablet.page.locator("#face")).to_be_hidden()


def test_a_plugged_in_scanners_verdict_does_not_wait_for_the_name(
    new_tablet: Callable[..., Tablet], house: House
) -> None:
    tablet = at_the_door(new_tablet())
    (code,) = bring(house, "general", {"holder": "Slow Name"})
    held: list[Route] = []

    def hold(route: Route) -> None:
        """The answer comes when the test lets it."""
        held.append(route)

    tablet.page.route("**/api/v1/tickets/*", hold)
    house.device.send("ticket.scan", {"code": code}, actor="device:scanner-door", id="serial-slow")
    verdict(tablet, "Admitted")
    expect(tablet.page.locator("#fact-holder")).to_have_count(0)
    for route in held:
        route.continue_()
    expect(tablet.page.locator("#fact-holder dd")).to_have_text("Slow Name")


def test_every_reason_of_the_rules_has_its_own_word_and_its_why(new_tablet: Callable[..., Tablet]) -> None:
    tablet = at_the_door(new_tablet())
    script = tablet.page.locator("script[type=module]").get_attribute("src") or ""
    said = tablet.page.evaluate(
        "async (path) => (await import(path)).words.reasons", script.replace("door.js", "words-door.js")
    )
    assert sorted(said) == sorted(get_args(Reason))
    assert len({word for word, _ in said.values()}) == len(said)
    assert len({why for _, why in said.values()}) == len(said)
    assert all(word and why for word, why in said.values())


def test_no_verdict_is_said_to_be_none_and_the_same_code_again_is_the_same_scan(lone: Tablet) -> None:
    house, code = lone.house, lone.house.ticket()
    at_the_door(lone)
    assert house.recorder.process is not None
    house.recorder.process.send_signal(signal.SIGSTOP)
    lone.scan(code)
    verdict(lone, "Checking")
    expect(lone.page.locator("#face-why")).to_contain_text("Asking again", timeout=20_000)
    expect(lone.page.locator("#face-why")).to_contain_text("Scan again", timeout=20_000)
    house.recorder.process.send_signal(signal.SIGCONT)
    lone.page.wait_for_timeout(1600)  # the same code sooner is the same scan, and not asked again
    lone.scan(code)
    verdict(lone, "Admitted")
    assert len(house.facts("ticket.admitted/1")) == 1
    assert house.facts("ticket.refused/1") == []


def test_two_scans_without_an_answer_are_each_the_same_scan_again(lone: Tablet) -> None:
    house, codes = lone.house, [lone.house.ticket(), lone.house.ticket()]
    at_the_door(lone)
    lost: list[Route] = []

    def lose(route: Route) -> None:
        """The box decides, and its answer never comes back."""
        route.fetch()
        lost.append(route)
        route.abort()

    lone.page.route("**/api/v1/scans", lose)
    for number, code in enumerate(codes):
        lone.type_out(code)
        expect(lone.page.locator("#past .wait")).to_have_count(number + 1, timeout=20_000)
    lone.page.unroute("**/api/v1/scans")
    assert len(lost) == 4
    for code in codes:
        lone.page.wait_for_timeout(1600)  # the same code sooner is the same scan, and not asked again
        lone.type_out(code)
        verdict(lone, "Admitted")
        lone.page.keyboard.press("Escape")
    assert len(house.facts("ticket.admitted/1")) == 2
    assert house.facts("ticket.refused/1") == []


def test_signed_out_leads_to_the_pin_and_back_to_the_door(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet = at_the_door(new_tablet())
    tablet.page.context.clear_cookies(name="bk_staff")
    tablet.scan(house.ticket())
    expect(tablet.page).to_have_url(re.compile(r"/login\?next=(/|%2F)door$"))
    tablet.page.fill("[name=pin]", "333333")
    tablet.page.click("[aria-label=Unlock]")
    expect(tablet.page).to_have_url(house.url + "/door")
    expect(tablet.page.locator("#code")).to_be_focused()
    tablet.faults[:] = [fault for fault in tablet.faults if "401" not in fault]
