"""The door in a real browser: one scan, one verdict, whatever the scanner and the network do."""

import signal
from collections.abc import Callable

from playwright.sync_api import expect

from tests.web.conftest import House
from tests.web.tablet import Tablet


def at_the_door(tablet: Tablet) -> Tablet:
    tablet.unlock("333333", "/door")
    expect(tablet.page.locator("#code")).to_be_focused()
    return tablet


def test_the_door_admits_and_then_refuses_with_the_first_entry(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet, code = at_the_door(new_tablet()), house.ticket()
    word, why = tablet.page.locator("#face-word"), tablet.page.locator("#face-why")
    tablet.page.fill("#gate", "Door A")
    tablet.page.press("#gate", "Tab")
    tablet.page.focus("#code")
    tablet.scan(code)
    expect(word).to_have_text("Admitted")
    expect(tablet.page.locator("#face")).to_have_class("verdict yes")
    expect(tablet.page.locator("#face-holder")).not_to_have_text("Not named")
    tablet.scan("this is no ticket")
    expect(tablet.page.locator("#face-over")).to_have_text("Refused")
    expect(word).to_have_text("Unknown")
    tablet.scan(code)
    expect(word).to_have_text("Already used")
    expect(why).to_contain_text("at Door A")
    tablet.page.keyboard.press("Escape")
    expect(tablet.page.locator("#face")).to_be_hidden()
    expect(tablet.page.locator("#code")).to_be_focused()
    expect(tablet.page.locator("[data-live='/door/now']")).to_contain_text("already used")


def test_one_code_read_twice_in_a_moment_is_one_scan(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet, code = at_the_door(new_tablet()), house.ticket()
    before = len(house.facts("ticket.refused/1"))
    tablet.scan(code)
    tablet.scan(code)
    expect(tablet.page.locator("#face-word")).to_have_text("Admitted")
    tablet.scan(house.ticket())
    expect(tablet.page.locator("#face-word")).to_have_text("Admitted")
    assert len(house.facts("ticket.refused/1")) == before


def test_a_scanner_types_into_the_field_wherever_the_focus_was(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet = at_the_door(new_tablet())
    tablet.page.locator("#sound").focus()
    tablet.page.keyboard.type("NOTICKET")
    tablet.page.keyboard.press("Enter")
    expect(tablet.page.locator("#face-word")).to_have_text("Unknown")


def test_out_lets_a_re_entry_ticket_in_again(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet, code = at_the_door(new_tablet()), house.ticket("vip")
    word = tablet.page.locator("#face-word")
    for way, said in (("in", "Admitted"), ("out", "Goodbye"), ("in", "Admitted")):
        tablet.page.locator("label", has=tablet.page.locator(f"[name=d][value={way}]")).click()
        tablet.scan(code)
        expect(word).to_have_text(said)
        tablet.scan("something else")  # the same code twice in a moment would be one scan
        expect(word).to_have_text("Unknown")
        tablet.page.keyboard.press("Escape")


def test_a_door_for_one_list_refuses_the_other(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet = at_the_door(new_tablet())
    tablet.page.select_option("#list", "vip")
    tablet.scan(house.ticket("general"))
    expect(tablet.page.locator("#face-word")).to_have_text("Wrong door")
    tablet.page.reload()
    expect(tablet.page.locator("#list")).to_have_value("vip")


def test_what_a_plugged_in_scanner_reads_appears_on_the_screen(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet, code = at_the_door(new_tablet()), house.ticket()
    scan = {"code": code, "gate": "side door"}
    house.device.send("ticket.scan", scan, actor="device:scanner-door", id="serial-1")
    expect(tablet.page.locator("#face-word")).to_have_text("Admitted")
    expect(tablet.page.locator("#face-where")).to_have_text("side door · general")
    tablet.page.keyboard.press("Escape")
    expect(tablet.page.locator("[data-live='/door/now']")).to_contain_text("side door")
    tablet.page.uncheck("#others")
    house.device.send("ticket.scan", scan, actor="device:scanner-door", id="serial-2")
    expect(tablet.page.locator("[data-live='/door/now']")).to_contain_text("already used")
    expect(tablet.page.locator("#face")).to_be_hidden()


def test_no_verdict_is_said_to_be_none_and_the_same_code_again_is_the_same_scan(lone: Tablet) -> None:
    house, code = lone.house, lone.house.ticket()
    at_the_door(lone)
    assert house.recorder.process is not None
    house.recorder.process.send_signal(signal.SIGSTOP)
    lone.scan(code)
    expect(lone.page.locator("#face-why")).to_contain_text("Scan again", timeout=20_000)
    house.recorder.process.send_signal(signal.SIGCONT)
    lone.page.wait_for_timeout(1600)  # the same code sooner is the same scan, and not asked again
    lone.scan(code)
    expect(lone.page.locator("#face-word")).to_have_text("Admitted")
    assert len(house.facts("ticket.admitted/1")) == 1
    assert house.facts("ticket.refused/1") == []
