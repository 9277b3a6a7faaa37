"""The lead's page of tickets in a real browser: a shop's file, lists and gates, a single ticket."""

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.conftest import wait_until
from tests.watched import calm
from tests.web.conftest import House, new_house
from tests.web.tablet import Tablet

SIZES = [(390, 844), (1280, 800)]
PATIENCE_MS = 20_000
PART = re.compile(r"/api/v1/tickets/files/[^/]+/import$")


@pytest.fixture(scope="module")
def gate_house() -> Iterator[House]:
    """One whose lists and gates this module changes."""
    yield from new_house()


@pytest.fixture
def tablet(gate_house: House, chromium: Browser) -> Iterator[Callable[..., Tablet]]:
    opened: list[Tablet] = []

    def new(**context: Any) -> Tablet:
        opened.append(Tablet(chromium, gate_house, **context))
        return opened[-1]

    yield new
    for one in opened:
        one.close()
        assert one.elsewhere == []
        assert [fault for fault in one.faults if "Failed to load resource" not in fault] == []


def lead(tablet: Callable[..., Tablet], at: str = "/tickets", **context: Any) -> Page:
    one = tablet(**context)
    one.unlock("123456", at)
    return one.page


def choose(page: Page, raw: bytes, name: str = "Gäste 2026.csv") -> None:
    page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": raw})


def take(page: Page) -> None:
    page.locator("#take").click()


def result(page: Page) -> dict[str, str]:
    expect(page.locator("#result")).to_be_visible(timeout=PATIENCE_MS * 2)
    words, numbers = (page.locator(f"#sums {name}").all_inner_texts() for name in ("dt", "dd"))
    return dict(zip(words, numbers, strict=True))


def shop(prefix: str, number: int) -> str:
    rows = [f"{prefix}{n // 2};Ida;Nüsslein {n};{prefix}-{n:05};Day ticket;paid" for n in range(number)]
    return "\r\n".join(["Order;First Name;Last Name;Ticket Code;Ticket Type;Status", *rows, ""])


def verdict(house: House, code: str) -> dict[str, Any]:
    found: dict[str, Any] = house.client("Cleo").post("/scans", {"code": code, "direction": "in"}).json
    return found


def held(house: House) -> list[str]:
    return [one["ticket"] for fact in house.facts("tickets.imported/1") for one in fact["data"]["tickets"]]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_shop_s_file_is_looked_at_taken_and_admitted(
    tablet: Callable[..., Tablet], gate_house: House, axe: str, size: tuple[int, int]
) -> None:
    page = lead(tablet, "/lead", viewport={"width": size[0], "height": size[1]})
    page.get_by_role("link", name="See the tickets").click()
    page.get_by_role("link", name="Import a shop’s list").click()

    def look() -> None:
        calm(page)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            assert page.evaluate(axe) == []

    look()
    prefix = f"U{size[0]}"
    spoiled = f"X1;Ida;Lost;{prefix}-00001;Day ticket;paid\r\nX2;Ida;Lost;1.23457E+12;Day ticket;paid\r\n"
    choose(page, (shop(prefix, 300) + spoiled).encode("utf-16"))
    expect(page.locator("#about")).to_contain_text("Gäste 2026.csv has 302 rows")
    expect(page.locator("#about")).to_contain_text("UTF-16")
    expect(page.locator("#about")).to_contain_text("semicolons")
    expect(page.get_by_label("This column is").first).to_have_value("code")
    expect(page.locator("#columns section", has_text="Last Name")).to_contain_text("Nüsslein 0")
    look()
    page.locator("#list").select_option("A new list")
    page.get_by_label("Name of the new list").fill("Friday night")
    page.locator("label", has_text="Any number of times").click()
    take(page)
    expect(page.locator("#name-error")).to_contain_text("small letters, digits and dashes")
    page.get_by_label("Name of the new list").fill(f"friday-{size[0]}")
    page.get_by_role("button", name="Take 302 tickets").dblclick()
    assert result(page) == {
        "New on the list": "300",
        "Were on it already": "0",
        "Of these, changed": "0",
        "Rows left out": "2",
    }
    expect(page.locator("#fah")).to_have_text("2 rows were left out")
    expect(page.locator("#rows tr").first).to_contain_text("Line 302")
    expect(page.locator("#result")).not_to_contain_text("Lost")
    look()
    for _ in range(2):
        found = verdict(gate_house, f"{prefix}-00007")
        assert (found["verdict"], found["holder"]) == ("admitted", "Ida Nüsslein 7")
        assert (found["list"], found["product"]) == (f"friday-{size[0]}", "Day ticket")


def test_columns_that_were_guessed_wrong_are_set_by_hand(tablet: Callable[..., Tablet], gate_house: House) -> None:
    page = lead(tablet, "/tickets/import")
    rows = "".join(f"BAD-{n:06},Guest {n},BAND-{n:06}\n" for n in range(20))
    choose(page, f"Ticket Code,Name,Armband\n{rows}".encode())
    expect(page.locator("#about")).to_contain_text("commas")
    code = page.locator("#columns section", has_text="Ticket Code").get_by_role("combobox")
    band = page.locator("#columns section", has_text="Armband").get_by_role("combobox")
    expect(code).to_have_value("code")
    band.select_option("The ticket’s code")
    take(page)
    expect(page.locator("#check-error")).to_contain_text("Ticket Code and Armband cannot both be it")
    code.select_option("Not used")
    expect(page.locator("#check-error")).to_be_hidden()
    page.locator("#list").select_option("general")
    take(page)
    assert result(page)["New on the list"] == "20"
    assert verdict(gate_house, "BAND-000003")["verdict"] == "admitted"
    assert verdict(gate_house, "BAD-000003")["reason"] == "unknown"


def test_a_lost_reply_a_dead_network_and_a_reload_double_nothing(
    tablet: Callable[..., Tablet], gate_house: House
) -> None:
    page, before = lead(tablet, "/tickets/import"), len(held(gate_house))
    lost: list[int] = []

    def lose(route: Route) -> None:
        """The box does it, and its answer does not arrive; afterwards nothing gets through."""
        if not lost:
            lost.append(route.fetch().status)
        route.abort()

    choose(page, shop("LOST", 3000).encode())
    expect(page.locator("#check")).to_be_visible()
    page.locator("#list").select_option("general")
    page.route(PART, lose)
    take(page)
    expect(page.locator("#run-words")).to_contain_text("The box is not answering", timeout=PATIENCE_MS)
    page.reload()
    expect(page.locator("#left-words")).to_contain_text("of 3,000 rows of Gäste 2026.csv are on the list general")
    page.unroute(PART)
    page.get_by_role("button", name="Go on").click()
    found = result(page)
    assert lost == [200]
    assert (found["New on the list"], found["Rows left out"]) == ("3,000", "0")
    added = held(gate_house)[before:]
    assert len(added) == len(set(added)) == 3000


def test_a_till_that_starts_again_says_that_the_file_is_gone(own_house: House, chromium: Browser) -> None:
    one = Tablet(chromium, own_house)
    one.unlock("123456", "/tickets/import")
    page, raw = one.page, shop("GONE", 2000).encode()
    choose(page, raw)
    expect(page.locator("#check")).to_be_visible()
    page.locator("#list").select_option("general")
    page.route(PART, lambda route: route.abort())
    take(page)
    expect(page.locator("#run-words")).to_contain_text("The box is not answering", timeout=PATIENCE_MS)
    own_house.till.kill(signal.SIGTERM)
    own_house.start_till()
    page.unroute(PART)
    expect(page.locator("#fault")).to_contain_text("Choose the file again; nothing is doubled", timeout=PATIENCE_MS)
    choose(page, raw)
    expect(page.locator("#check")).to_be_visible()
    page.locator("#list").select_option("general")
    take(page)
    assert result(page)["New on the list"] == "2,000"
    one.close()
    assert one.elsewhere == []


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"PK\x03\x04" + b"\x00" * 20 + b"xl/workbook.xml", "Excel"),
        (b"%PDF-1.7\n", "PDF"),
        (b"Barcode\n" + b"".join(b"C%d\n" % n for n in range(100_001)), "more than 100,000 rows"),
        (b"x" * (16 * 1024 * 1024 + 1), "too large"),
    ],
    ids=["Excel", "PDF", "too many", "too large"],
)
def test_what_cannot_be_taken_is_said_and_another_file_can_be_chosen(
    tablet: Callable[..., Tablet], tmp_path: Path, raw: bytes, says: str
) -> None:
    page = lead(tablet, "/tickets/import")
    (tmp_path / "list.csv").write_bytes(raw)
    page.set_input_files("#file", tmp_path / "list.csv")
    expect(page.locator("#fault")).to_contain_text(says, timeout=PATIENCE_MS)
    choose(page, b"Barcode,Name\nAFTER-1,Ada\nAFTER-2,Ben\n")
    expect(page.locator("#take")).to_have_text("Take 2 tickets")
    expect(page.locator("#fault")).to_be_hidden()
    page.get_by_role("button", name="Choose another file").click()
    expect(page.locator("#choose")).to_be_visible()


def test_a_file_full_of_markup_is_text(tablet: Callable[..., Tablet]) -> None:
    page = lead(tablet, "/tickets/import")
    choose(page, b"Barcode,<b>Name</b>\nA-1,<img src=x onerror=alert(1)>\n", "<i>list.csv")
    expect(page.locator("#about")).to_contain_text("<i>list.csv has 1 row.")
    expect(page.locator("#columns")).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("#columns b, #columns img, #about i").count() == 0


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_list_is_made_and_changed_and_an_error_loses_nothing(
    tablet: Callable[..., Tablet], gate_house: House, axe: str, size: tuple[int, int]
) -> None:
    name = f"matinee-{size[0]}"
    page = lead(tablet, viewport={"width": size[0], "height": size[1]})
    page.get_by_role("link", name="Add a list").click()
    page.get_by_label("Name").fill("Matinée")
    page.locator("label", has_text="Again after an exit").click()
    page.get_by_label("People inside at a time").fill("two hundred")
    page.get_by_label("Only these kinds").fill("Day ticket\nWeekend")
    page.get_by_label("Only these sessions").fill("Saturday 14:00")
    page.get_by_label("Question 1", exact=True).fill("Are you over 18?")
    page.get_by_label("Question 2", exact=True).fill("Which group?")
    page.get_by_label("How question 2 is answered").select_option("The guest answers in words")
    page.get_by_role("button", name="Add this list").click()
    expect(page.locator("#capacity-error")).to_contain_text("such as 250")
    expect(page.get_by_label("People inside at a time")).to_have_value("two hundred")
    page.get_by_label("People inside at a time").fill("1,200")
    page.get_by_role("button", name="Add this list").click()
    expect(page.locator("#list-error")).to_contain_text("small letters, digits and dashes")
    expect(page.get_by_label("Only these kinds")).to_have_value("Day ticket\nWeekend")
    expect(page.get_by_label("Question 2", exact=True)).to_have_value("Which group?")
    calm(page)
    assert page.evaluate(axe) == []
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add this list").dblclick()
    card = page.locator("section.sheet", has=page.get_by_role("heading", name=name))
    for words in ("Again after an exit", "0 of 1,200", "Only Day ticket, Weekend", "Only paid tickets", "Which group?"):
        expect(card).to_contain_text(words)
    calm(page)
    assert page.evaluate(axe) == []
    page.get_by_role("link", name=f"Edit {name}").click()
    page.get_by_label("Question 1", exact=True).fill("")
    page.get_by_label("People inside at a time").fill("")
    page.get_by_label("Let in tickets that are not paid").check()
    page.get_by_role("button", name="Save").click()
    expect(card).to_contain_text("No limit of people inside")
    expect(card).to_contain_text("Tickets that are not paid yet are let in")
    expect(card).not_to_contain_text("18")
    fact = [one["data"] for one in gate_house.facts("list.defined/1") if one["data"]["list"] == name][-1]
    assert [ask["text"] for ask in fact["questions"]] == ["Which group?"]
    assert ("capacity" in fact, fact["sessions"]) == (False, ["Saturday 14:00"])


def test_a_new_list_does_not_take_the_place_of_one_that_is_there(
    tablet: Callable[..., Tablet], gate_house: House
) -> None:
    page, before = lead(tablet, "/tickets/list"), len(gate_house.facts("list.defined/1"))
    page.get_by_label("Name").fill("general")
    page.locator("label", has_text="Any number of times").click()
    page.get_by_role("button", name="Add this list").click()
    expect(page.locator("#list-error")).to_contain_text("There is a list of this name already")
    assert len(gate_house.facts("list.defined/1")) == before


def test_a_silent_recorder_loses_nothing_of_a_form_and_the_same_form_is_saved_once(
    own_house: House, chromium: Browser
) -> None:
    one = Tablet(chromium, own_house)
    one.unlock("123456", "/tickets/list")
    page = one.page
    page.get_by_label("Name").fill("late-night")
    page.get_by_label("Only these sessions").fill("Saturday 23:00")
    assert own_house.recorder.process is not None
    own_house.recorder.process.send_signal(signal.SIGSTOP)
    page.get_by_role("button", name="Add this list").click()
    expect(page.locator("[role=alert]").first).to_contain_text("recorder does not answer", timeout=PATIENCE_MS)
    expect(page.get_by_label("Only these sessions")).to_have_value("Saturday 23:00")
    own_house.recorder.process.send_signal(signal.SIGCONT)
    wait_until(lambda: [one for one in own_house.facts("list.defined/1") if one["data"]["list"] == "late-night"], "it")
    page.get_by_role("button", name="Add this list").click()
    expect(page.get_by_role("heading", name="late-night")).to_be_visible()
    assert len([one for one in own_house.facts("list.defined/1") if one["data"]["list"] == "late-night"]) == 1
    one.close()
    assert one.elsewhere == []


def test_two_pages_go_on_with_one_import_and_nothing_is_doubled(
    tablet: Callable[..., Tablet], gate_house: House
) -> None:
    page, before = lead(tablet, "/tickets/import"), len(held(gate_house))
    choose(page, shop("PAIR", 4000).encode())
    expect(page.locator("#check")).to_be_visible()
    page.locator("#list").select_option("general")
    page.route(PART, lambda route: route.abort())
    take(page)
    expect(page.locator("#run-words")).to_contain_text("The box is not answering", timeout=PATIENCE_MS)
    with page.expect_popup() as opened:
        page.evaluate("window.open(location.href)")  # a twin with what this page remembers
    twin = opened.value
    page.reload()
    page.unroute(PART)
    for one in (page, twin):
        one.get_by_role("button", name="Go on").click()
    for one in (page, twin):
        expect(one.locator("#result, #fault, #left-words").locator("visible=true").first).to_be_visible()
    wait_until(lambda: len(held(gate_house)) == before + 4000, "all of them, each once")
    added = held(gate_house)[before:]
    assert len(added) == len(set(added))


def test_a_gate_is_set_up_for_the_scanner_that_stands_there(
    tablet: Callable[..., Tablet], gate_house: House, axe: str
) -> None:
    gate_house.device.send(
        "device.report",
        {"device": "scanner-side-door", "kind": "scanner", "state": "online", "reason": "ready"},
        actor="device:worker",
        id="side-door",
    )
    page = lead(tablet)
    expect(page.locator("main")).to_contain_text("The scanner scanner-side-door is here")
    page.get_by_role("link", name="Set up side-door").click()
    expect(page.get_by_label("Name")).to_have_value("side-door")
    page.locator("label", has_text="People go out").click()
    page.get_by_label("vip").check()
    assert page.evaluate(axe) == []
    page.get_by_role("button", name="Add this gate").dblclick()
    expect(page.locator(".list li", has_text="side-door")).to_contain_text("People go out, vip")
    expect(page.locator("main")).not_to_contain_text("The scanner scanner-side-door is here")
    assert gate_house.facts("gate.defined/1")[-1]["data"] == {"gate": "side-door", "lists": ["vip"], "direction": "out"}
    page.get_by_role("link", name="Add a gate").click()
    page.get_by_label("Name").fill("-")
    page.get_by_role("button", name="Add this gate").click()
    expect(page.locator("#gate-error")).to_contain_text("begins with a letter")


def test_a_ticket_is_found_by_name_blocked_unblocked_and_revoked(
    tablet: Callable[..., Tablet], gate_house: House, axe: str
) -> None:
    client = gate_house.client()
    file = client.ask(
        "POST",
        "/api/v1/tickets/files?name=a.csv",
        raw=b"Barcode,Name,Order\nQUILL-1,Quillon Ferreira,Q77\n",
        Idempotency_Key="quill",
    ).json
    body = {"list": "general", "columns": {**file["guess"], "code": ["Barcode"]}, "part": 1}
    assert client.post(f"/tickets/files/{file['file']}/import", body).json["imported"] == 1
    page = lead(tablet)
    page.get_by_label("Find a ticket").fill("ferreira")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("One ticket")
    assert "ferreira" not in page.url
    page.get_by_role("link", name="See the ticket of Quillon Ferreira").click()
    expect(page.locator("h1")).to_have_text("Quillon Ferreira")
    expect(page.locator("main")).to_contain_text("Q77")
    for summary, button, done in (
        ("Block", "Block it", "The ticket is blocked."),
        ("Unblock", "Unblock it", "The ticket is no longer blocked."),
        ("Revoke", "Revoke it for good", "The ticket is revoked."),
    ):
        page.locator("summary", has_text=re.compile(f"^{summary}$")).click()
        assert page.evaluate(axe) == []
        if summary == "Revoke":
            expect(page.locator("details[open]")).to_contain_text("Nothing undoes this")
        page.get_by_role("button", name=button).click()
        expect(page.locator("[role=status]", has_text=done)).to_be_visible()
        if summary == "Block":
            assert verdict(gate_house, "QUILL-1")["reason"] == "blocked"
    assert verdict(gate_house, "QUILL-1")["reason"] == "revoked"
    expect(page.locator("main")).to_contain_text("nothing undoes that")
    calm(page)


def test_a_ticket_is_marked_by_its_code_and_one_of_ours_is_found_by_it(
    tablet: Callable[..., Tablet], gate_house: House
) -> None:
    page = lead(tablet)
    page.get_by_label("Find a ticket").fill("PLAIN-4711")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("h1")).to_have_text("Nothing found")
    page.locator("summary", has_text="Block").last.click()
    page.get_by_role("button", name="Block it", exact=True).click()
    expect(page.locator("main")).to_contain_text("The ticket is blocked.")
    wait_until(lambda: gate_house.facts("ticket.marked/1"), "the mark")
    assert "PLAIN-4711" not in page.url + str(gate_house.facts("ticket.marked/1"))
    page.get_by_label("Find a ticket").fill(gate_house.ticket())
    page.get_by_role("button", name="Find").click()
    expect(page.locator("h1")).to_have_text("One ticket")


@pytest.mark.parametrize("name", ["Ben", "Cleo"])
def test_the_page_is_the_lead_s(gate_house: House, name: str) -> None:
    client = gate_house.client(name)
    for path in ("/tickets", "/tickets/now", "/tickets/list", "/tickets/gate", "/tickets/import", "/tickets/of/x"):
        assert client.ask("GET", path).status == 403
    for path in ("/tickets/list", "/tickets/gate", "/tickets/find", "/tickets/mark"):
        assert client.ask("POST", path, raw=b"").status == 403
