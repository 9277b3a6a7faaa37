"""The guests' pages in a real Chromium: what they say of themselves, by a clock that the test moves."""

import gzip
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from appliance import log
from appliance.clock import FakeClock
from appliance.config import Config
from appliance.journal.read import Reader
from appliance.services.visits import Measuring
from tests.conftest import wait_until
from tests.guests.fair import Fair
from web.common.serving import Server
from web.portal import Deps, create_app
from web.portal.tally import AWAY_S, BEAT_S, Tally

HIDE = """(state) => {
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
}"""
SCRIPT = Path(__file__).parents[2] / "web" / "portal" / "static" / "visit.js"


class Guest:
    """A browser, its clock, and what its pages said: (visit, page, seconds)."""

    def __init__(self, chromium: Browser, url: str) -> None:
        self.context: BrowserContext = chromium.new_context(viewport={"width": 390, "height": 844})
        self.url = url
        self.signs: list[tuple[str, str, int]] = []
        self.faults: list[str] = []
        self.page = self.open()

    def open(self) -> Page:
        """Another tab."""
        page = self.context.new_page()
        page.clock.install()
        page.on("request", lambda asked: self._hear(asked.url, asked.post_data))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        return page

    def _hear(self, url: str, body: str | None) -> None:
        if url.endswith("/visit"):
            visit, page, seconds = (body or "").split()
            self.signs.append((visit, page, int(seconds)))

    def pass_time(self, seconds: float) -> None:
        """On the page's own clock, with all that is due."""
        self.page.clock.run_for(int(seconds * 1000))

    def seen(self) -> list[int]:
        """The seconds that were said, once all that was said has arrived."""
        self.page.evaluate("1")
        return [seconds for _, _, seconds in self.signs]


def test_a_page_in_front_says_so_every_beat_and_a_hidden_one_is_not_counted(fair: Fair, chromium: Browser) -> None:
    guest = Guest(chromium, fair.url)
    guest.page.goto(fair.url)
    guest.pass_time(2 * BEAT_S + 5)
    assert guest.seen() == [0, BEAT_S, 2 * BEAT_S]
    guest.page.evaluate(HIDE, "hidden")
    guest.pass_time(AWAY_S - 10)
    assert guest.seen() == [0, BEAT_S, 2 * BEAT_S, 2 * BEAT_S + 5]
    guest.page.evaluate(HIDE, "visible")
    guest.pass_time(BEAT_S)
    assert guest.seen()[-1] == 3 * BEAT_S + 5
    assert len({visit for visit, _, _ in guest.signs}) == 1
    guest.page.evaluate(HIDE, "hidden")
    guest.pass_time(AWAY_S + 1)
    guest.page.evaluate(HIDE, "visible")
    assert guest.seen()[-1] == 0
    assert len({visit for visit, _, _ in guest.signs}) == 2, "who comes back later looks anew"
    assert guest.faults == []
    guest.context.close()


def test_a_page_that_nobody_touches_is_left_alone_and_one_that_lies_open_all_day_ends(
    fair: Fair, chromium: Browser
) -> None:
    guest = Guest(chromium, fair.url)
    guest.page.goto(fair.url)
    guest.pass_time(1000)
    assert 120 <= guest.seen()[-1] <= 120 + BEAT_S
    guest.page.mouse.wheel(0, 50)
    guest.page.keyboard.press("ArrowDown")
    assert guest.seen()[-1] == 0, "touched again after long, it is looked at anew"
    for _ in range(40):
        guest.pass_time(100)
        guest.page.keyboard.press("ArrowDown")
    assert max(guest.seen()) == 1800
    said = len(guest.seen())
    for _ in range(3):
        guest.pass_time(100)
        guest.page.keyboard.press("ArrowDown")
    assert len(guest.seen()) == said
    assert guest.faults == []
    guest.context.close()


@pytest.fixture
def tally(fair: Fair) -> Iterator[tuple[str, Tally]]:
    """A portal in this process beside the fair's own: its address, and what it has added up."""
    visits = Tally(time.monotonic)
    reader = Reader(fair.data)
    clock = FakeClock()
    landing = fair.data / "landing"
    app = create_app(Deps(reader, fair.data / "keys", Config(), time.monotonic, fair.guests, visits, landing, clock))
    server = Server(app, "127.0.0.1", 0, threads=4, log=log.get("test"))
    yield server.url, visits
    server.stop()
    reader.close()


def test_two_pages_are_two_visits_and_the_book_has_both_without_a_name_of_either(
    fair: Fair, tally: tuple[str, Tally], chromium: Browser
) -> None:
    url, visits = tally
    guest = Guest(chromium, url)
    guest.page.goto(url)
    guest.pass_time(7)
    guest.page.click("text=What is stored about me")
    guest.page.wait_for_load_state()
    guest.pass_time(3)
    guest.page.goto("about:blank")

    def seen() -> list[tuple[str, int]]:
        return sorted((visit.page, visit.seconds) for visit in list(visits._visits.values()))

    wait_until(lambda: seen() == [("landing", 7), ("privacy", 3)], "what pages say when they are left")
    assert guest.context.cookies() == []
    assert guest.faults == []
    guest.context.close()
    Measuring(visits, fair.guests).record()
    facts = fair.facts("visit.measured/1")
    assert [(fact["page"], fact["visits"], fact["seconds"]) for fact in facts] == [("landing", 1, 7), ("privacy", 1, 3)]


def test_a_receipt_s_address_is_in_no_beacon_and_refusals_send_none(fair: Fair, chromium: Browser) -> None:
    tender = {"kind": "card", "amount": 350}
    sale = fair.do("sale.complete", lines=[{"sku": "COFFEE", "qty": 1}], tenders=[tender])
    token = sale["receipt"].rpartition("/r/")[2]
    guest = Guest(chromium, fair.url)
    guest.page.goto(f"{fair.url}/r/{token}")
    guest.pass_time(BEAT_S)
    assert [(page, seconds) for _, page, seconds in guest.signs] == [("receipt", 0), ("receipt", BEAT_S)]
    guest.page.goto("about:blank")
    guest.signs.clear()
    for path in ("/nothing", f"/r/{token[:-9]}", "/verify"):
        guest.page.goto(fair.url + path)
        guest.pass_time(BEAT_S)
    assert guest.signs == []
    guest.context.close()


def test_without_scripts_or_where_beacons_are_forbidden_the_page_is_the_same(fair: Fair, chromium: Browser) -> None:
    context = chromium.new_context()
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.add_init_script("delete Navigator.prototype.sendBeacon")
    page.goto(fair.url)
    assert "What is sold" in page.inner_text("main")
    page.click("text=What is stored about me")
    assert faults == []
    context.close()


def test_the_script_weighs_less_than_a_kilobyte_on_the_air(record_property: Callable[[str, object], None]) -> None:
    packed = len(gzip.compress(SCRIPT.read_bytes(), 9))
    record_property("visit.js, bytes compressed", packed)
    assert packed < 1000
