"""Every screen, on a small phone and a desk, by day and by night."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from tests.watched import calm
from tests.web.conftest import Client, House
from tests.web.tablet import Tablet

SCREENS = ["/login", "/sell", "/sell#pay", "/door", "/lead", "/box", "/nothing"]


@pytest.mark.parametrize(
    ("theme", "size"),
    [("dark", (320, 640)), ("light", (390, 844)), ("dark", (820, 1180)), ("light", (1280, 800))],
)
def test_every_screen_fits_and_every_target_can_be_hit(
    new_tablet: Callable[..., Tablet], theme: str, size: tuple[int, int]
) -> None:
    tablet = new_tablet(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
    tablet.unlock("123456")
    tablet.tap("COFFEE", "CUP", "POSTER")
    for path in SCREENS:
        tablet.page.goto("about:blank")
        tablet.elsewhere.clear()
        tablet.page.goto(tablet.house.url + path)
        expect(tablet.page.locator("main")).to_be_visible()
        calm(tablet.page)
    tablet.faults[:] = [fault for fault in tablet.faults if "404" not in fault]


def test_a_verdict_fits_a_small_phone(new_tablet: Callable[..., Tablet]) -> None:
    tablet = new_tablet(viewport={"width": 320, "height": 640})
    tablet.unlock("333333", "/door")
    for code, word in (("X", "Unknown"), ("BK1:X", "Cannot read")):
        tablet.scan(code)
        expect(tablet.page.locator("#face-word")).to_have_text(word)
        calm(tablet.page)
        assert tablet.page.evaluate("() => document.getElementById('face').scrollWidth <= innerWidth")


def test_the_pad_unlocks_and_leads_to_where_one_wanted_to_go(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet = new_tablet()
    tablet.page.goto(house.url + "/box")
    expect(tablet.page).to_have_url(re.compile(r"/login\?next=/box$"))
    for digit in "9123456":
        tablet.page.click(f"[data-key='{digit}']")
        if digit == "9":
            tablet.page.click("[aria-label=Clear]")
    tablet.page.click("[aria-label=Unlock]")
    expect(tablet.page).to_have_url(house.url + "/box")
    expect(tablet.page.locator("h1")).to_be_visible()
    tablet.page.click("[aria-label='Lock this screen']")
    expect(tablet.page).to_have_url(house.url + "/login?next=%2Fbox")
    tablet.page.goto(house.url + "/sell")
    expect(tablet.page).to_have_url(re.compile("/login"))


@pytest.mark.parametrize("target", ["//evil.example/", "http://evil.example/", "/\\evil.example", "/static/x", "/lead"])
def test_after_the_pin_nobody_is_sent_elsewhere(house: House, target: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = Client(house.url, form).ask("POST", f"/login?next={target}", raw=b"pin=222222")
    assert (answer.status, answer.headers["Location"]) == (302, "/sell")


def test_a_wrong_pin_says_so_and_a_locked_device_counts_down(own_house: House, lone: Tablet) -> None:
    page = lone.page
    page.goto(own_house.url + "/login")
    for _ in range(5):
        page.fill("[name=pin]", "999999")
        page.click("[aria-label=Unlock]")
        expect(page.locator("[role=alert]")).to_contain_text(re.compile("This PIN is nobody's|Too many wrong PINs"))
    expect(page.locator("[data-clock]")).to_have_text(re.compile(r"^\d+ s$"))
    expect(page.locator("[aria-label=Unlock]")).to_be_disabled()


def test_the_lead_s_numbers_follow_the_sales(new_tablet: Callable[..., Tablet], house: House) -> None:
    tablet = new_tablet()
    tablet.unlock("123456", "/lead")
    card = tablet.page.locator(".sheet", has=tablet.page.locator("p", has_text=re.compile("^Sales$")))
    before = house.client().get("/kpis").json["sales"]["count"]
    expect(card).to_contain_text(f"{before} sales")
    house.client("Ben").sell({"sku": "COFFEE", "qty": 1}, cash=350)
    expect(card).to_contain_text(f"{before + 1} sales")


def test_a_device_that_is_not_well_shows_in_the_bar_on_the_lead_s_and_on_the_box_s_screen(
    new_tablet: Callable[..., Tablet], house: House
) -> None:
    def report(state: str, reason: str) -> None:
        fact = {"device": "printer", "kind": "printer", "state": state, "reason": reason}
        house.device.send("device.report", fact, actor="device:printing", id=f"report-{state}")

    tablet = new_tablet()
    tablet.unlock("123456", "/lead")
    report("fault", "paper out")
    expect(tablet.page.locator("#tags")).to_contain_text("Paper out")
    expect(tablet.page.locator("h1")).to_have_text("One thing needs you")
    tablet.page.goto(house.url + "/box")
    expect(tablet.page.locator("h1")).to_have_text("Look at printer")
    report("online", "")
    expect(tablet.page.locator("h1")).to_have_text("All is well")
    expect(tablet.page.locator("#tags")).to_contain_text("Paper ok")


def test_a_box_that_was_just_unpacked_says_what_will_appear_and_how(empty_house: House, chromium: Browser) -> None:
    tablet = Tablet(chromium, empty_house, viewport={"width": 320, "height": 640})
    tablet.unlock("123456")
    for path, says in (
        ("/sell", "There is no event yet"),
        ("/sell", "boothkit catalogue import"),
        ("/door", "Nobody yet"),
        ("/lead", "boothkit event create"),
        ("/box", "recorder"),
    ):
        tablet.page.goto(empty_house.url + path)
        expect(tablet.page.locator("main")).to_contain_text(says)
        calm(tablet.page)
    tablet.close()
    assert tablet.faults == []
    assert empty_house.client().get("/catalogue").json == {"currency": None, "items": []}
    assert empty_house.client("Ben").sell({"sku": "X", "qty": 1}, cash=1).slug == "event-closed"


def test_without_the_journal_a_person_gets_a_page_that_says_so(own_house: House) -> None:
    own_house.recorder.kill()
    for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
        (own_house.data / name).unlink(missing_ok=True)
    (own_house.data / "journal.db").write_bytes(b"this is no database" * 100)
    own_house.till.kill()
    own_house.start_till()
    page = Client(own_house.url).ask("GET", "/login")
    assert page.status == 503
    assert b"asks again" in page.body
    assert own_house.client().get("/kpis").slug == "busy"
