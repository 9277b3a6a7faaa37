"""A drawer in somebody's hands, on real pages of a whole box: opened, counted blind, closed once, and on paper."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from appliance.clock import system_clock
from appliance.config import Config
from appliance.services.context import box_id
from appliance.services.recorder.engine import Engine, Request
from drivers.emulators.printer import PrinterEmulator
from tests.conftest import Process, wait_until
from tests.watched import calm
from tests.web.conftest import TOML, Client, House, empty, new_house
from tests.web.tablet import Tablet

COFFEE = {"sku": "COFFEE", "qty": 1}
SIZES = [(390, 844), (820, 1180), (1280, 800)]
NUMBER = re.compile(r"/drawer/z/(\d+-\d+)$")


class Counter:
    """A box whose paper is 32 columns wide, and the printer that it comes out of."""

    def __init__(self, house: House, printer: PrinterEmulator) -> None:
        self.house, self.printer = house, printer
        paper = f"tcp://127.0.0.1:{printer.port}?profile=POS-5890"
        self._worker = Process("printing", house.data, house.run, TOML.replace("tcp://127.0.0.1:9", paper))
        self._worker.start()
        self.printer.drawer = "closed"

    def end(self) -> None:
        """End the worker."""
        self._worker.kill()

    def open(self, who: str = "Ben", **more: Any) -> tuple[Client, str]:
        """Somebody's own drawer with 50.00 in it."""
        client = self.house.client(who)
        answer = client.post("/drawer/open", {"float": 5000, **more})
        assert answer.status == 200, answer.body
        return client, answer.json["drawer"]

    def close(self, who: str, drawer: str) -> str:
        """Counted and closed, as it should be; its Z."""
        client = self.house.client(who)
        expected = client.post("/drawer/count", {"coins": {}, "drawer": drawer}).json["expected"]
        assert client.post("/drawer/count", {"coins": {"1": expected}, "drawer": drawer}).json["variance"] == 0
        z: str = client.post("/drawer/close", {"drawer": drawer}).json["z"]
        return z

    def tidy(self) -> None:
        """No drawer stays open but the box's own."""
        for one in self.house.client().get("/drawers").json["drawers"]:
            if one["by"].startswith("staff:"):
                self.close("Ada", one["drawer"])

    def slip(self, words: str, until: str = "") -> str:
        """The roll from the last place on where it says ``words``, once ``until`` is behind it; this printer has no
        knife."""

        def roll() -> str | None:
            text = "\n".join(one.text for one in self.printer.receipts())
            found = text[text.rindex(words) :] if words in text else ""
            return found if words in found and until in found else None

        return str(wait_until(roll, f"{words} and {until} on paper"))


@pytest.fixture(scope="module")
def counter() -> Iterator[Counter]:
    printer = PrinterEmulator(columns=32)
    printer.start()
    for house in new_house():
        made = Counter(house, printer)
        yield made
        made.end()
    printer.close()


@pytest.fixture
def tablet(counter: Counter, chromium: Browser) -> Iterator[Tablet]:
    made = Tablet(chromium, counter.house)
    yield made
    made.close()
    counter.tidy()
    assert made.elsewhere == []
    assert [fault for fault in made.faults if "Failed to load resource" not in fault] == []


def count(page: Page, **pieces: int) -> None:
    """Types how many of each: _5000=2."""
    for worth, n in pieces.items():
        page.fill(f"[data-worth='{worth[1:]}'] [data-pieces]", str(n))


def press(page: Page) -> None:
    """The button that does it, by keyboard; it waits for the page's script."""
    expect(page.locator("[data-press]")).to_be_enabled()
    page.locator("[data-press]").press("Enter")


def confirm(page: Page) -> None:
    page.locator("[data-confirm]:visible").click()
    page.wait_for_url("**/drawer/close*")


def z_of(page: Page) -> str:
    """The number of the Z that the page shows, once it does."""
    page.wait_for_url("**/drawer/z/*")
    found = NUMBER.search(page.url)
    assert found
    return found[1]


def test_a_shift_by_keyboard_alone_and_nobody_is_told_what_should_be_there_before_the_count(
    counter: Counter, tablet: Tablet
) -> None:
    page, house = tablet.page, counter.house
    told: list[str] = []

    def overhear(route: Route) -> None:
        """What the box says to this page, but for the facts that everybody follows."""
        if route.request.resource_type not in ("document", "fetch"):
            return route.continue_()
        answer = route.fetch()
        told.append(answer.text())
        return route.fulfill(response=answer)

    def keep_secret() -> None:
        """Of 106.43: nothing said so far says so, in words or as a number."""
        assert told
        assert not [text for text in told if re.search(r"106[.,]43|\b10643\b", text)]

    page.route("**/*", overhear)
    tablet.unlock(at="/drawer/open")
    page.focus("[name=float]")
    page.keyboard.type("100.03")
    expect(page.locator("[data-press]")).to_have_text("Open with €100.03")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Drawer 2")
    ben = house.client("Ben")
    assert ben.sell(COFFEE, cash=500).status == 201
    assert ben.sell({"sku": "CUP", "qty": 4}, COFFEE, cash=2000).status == 201
    expect(page.locator("main")).to_contain_text("Not counted")
    keep_secret()

    page.get_by_role("link", name="Cash out").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[name=amount]")).to_be_focused()
    page.keyboard.type("8.60")
    expect(page.locator("[data-press]")).to_have_text("Take out €8.60")
    page.fill("[name=note]", "For Zilpzalp")
    page.keyboard.press("Enter")
    row = page.locator("tr", has_text="Cash to the safe")
    expect(row).to_contain_text("−€8.60")
    expect(row).to_contain_text("For Zilpzalp")
    assert "Zilpzalp" not in json.dumps(house.facts("drawer.moved/1"))
    keep_secret()

    wait_until(lambda: counter.printer.drawer == "open", "the drawer opens for cash")
    counter.slip("1-2")
    counter.printer.drawer = "closed"
    page.get_by_role("link", name="No-sale").press("Enter")
    press(page)
    expect(page.locator("[data-fault]")).to_have_text("Choose a reason.")
    expect(page.locator("[name=reason]").first).to_be_focused()
    page.keyboard.press("Space")
    press(page)
    expect(page.locator("tr", has_text="No-sale: Change money")).to_contain_text("Ben")
    wait_until(lambda: counter.printer.drawer == "open", "the drawer opens for no sale")
    keep_secret()

    page.get_by_role("link", name="X report").press("Enter")
    expect(page.locator(".paper")).to_contain_text("Not counted yet")
    press(page)
    expect(page.locator("#said")).to_contain_text("being printed")
    counter.slip("X report", "Not counted yet")
    keep_secret()

    page.get_by_role("link", name="Back").press("Enter")
    page.get_by_role("link", name="Count the drawer").press("Enter")
    expect(page.locator("[data-worth='50000'] [data-pieces]")).to_be_focused()
    expect(page.locator("[data-confirm]:visible")).to_be_disabled()
    for typed in ("", "", "", "2", "", "", "1", "", "1", "", "2", "", "", "1", ""):
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
    expect(page.locator("[data-confirm]:visible")).to_be_focused()
    expect(page.locator("[data-total=total]:visible")).to_have_text("€106.42")
    keep_secret()
    page.unroute("**/*")
    page.keyboard.press("Enter")
    expect(page.locator(".note.stop")).to_contain_text("€0.01 less than expected.")
    expect(page.locator(".paper")).to_contain_text("€106.43")

    press(page)
    expect(page.locator("[data-fault]")).to_have_text("Choose a reason.")
    page.locator("[name=reason][value=wrong_change]").press("Space")
    press(page)
    z = z_of(page)
    (closed,) = [fact["data"] for fact in house.facts("drawer.closed/1") if fact["data"]["z"] == z]
    assert (closed["expected"], closed["counted"], closed["variance"], closed["reason"]) == (
        10643,
        10642,
        -1,
        "wrong_change",
    )
    steps = page.locator(".list li")
    expect(steps.nth(0)).to_contain_text(re.compile(r"Checkpoint [\d,]+ signed"))
    expect(steps.nth(1)).to_contain_text("printed and confirmed", timeout=30_000)
    same_figures(page, counter.slip(f"Z {z}", "size"))
    press(page)
    counter.slip("DUPLICATE 1", "size")


def same_figures(page: Page, paper: str) -> None:
    """Page and paper say the same, in the same order; the euro is the euro on both."""
    rows = page.locator(".paper dl, .paper .total").evaluate_all(
        "all => all.flatMap((one) => [...one.children].map((cell) => cell.textContent.trim()))"
    )
    pairs = list(zip(rows[::2], rows[1::2], strict=True))
    assert ("TURNOVER", "€15.00") in pairs
    printed = [" ".join(line.split()).replace(" %", "\N{NO-BREAK SPACE}%") for line in paper.splitlines()]
    at = 0
    for left, right in pairs:
        wanted = f"{left} {right}".replace("\N{MINUS SIGN}", "-")
        assert wanted in printed[at:], (wanted, printed)
        at = printed.index(wanted, at) + 1
    assert all(len(line) <= 32 for line in paper.splitlines())


def test_ten_presses_in_two_tabs_with_a_lost_reply_make_one_z(counter: Counter, tablet: Tablet) -> None:
    ben, drawer = counter.open()
    card = {"kind": "card", "amount": 350, "reference": "0417", "status": "unknown"}
    assert ben.post("/sales", {"lines": [COFFEE], "tenders": [card]}).status == 201
    tablet.unlock(at=f"/drawer/count?drawer={drawer}")
    page = tablet.page
    count(page, _2000=2, _1000=1)
    confirm(page)
    expect(page.locator(".note.go")).to_contain_text("Counted as expected")
    expect(page.locator("main")).to_contain_text("The outcome of 1 card payment is not known yet.")
    expect(page.locator(".paper")).to_contain_text("of which not known (1)")
    other = page.context.new_page()
    other.goto(page.url)
    cut: list[str] = []

    def lose(route: Route) -> None:
        """The box decides, and the first answer does not arrive."""
        cut.append(route.request.headers["idempotency-key"])
        answer = route.fetch()
        route.abort() if len(cut) == 1 else route.fulfill(response=answer)

    page.context.route("**/api/v1/drawer/close", lose)
    before = len(counter.house.facts("drawer.closed/1"))
    page.evaluate("() => { for (let n = 0; n < 9; n++) document.getElementById('close').requestSubmit(); }")
    page.locator("[data-press]").click(force=True)
    z = z_of(page)
    expect(other.locator("main")).to_contain_text(f"This drawer has its Z report: {z}.")
    assert len(set(cut)) == 1
    assert len(cut) > 1
    assert len(counter.house.facts("drawer.closed/1")) == before + 1
    other.goto(f"{counter.house.url}/drawer/count?drawer={drawer}")
    expect(other).to_have_url(re.compile(f"/drawer/z/{z}$"))
    assert ben.get(f"/drawer/z/{z}").json["variance"] == 0


def test_a_drawer_does_not_open_later_by_itself(counter: Counter, tablet: Tablet) -> None:
    _, drawer = counter.open()
    tablet.unlock(at=f"/drawer/no-sale?drawer={drawer}")
    page = tablet.page
    page.clock.install()
    keys: list[str] = []

    def cut(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.abort()

    page.route("**/api/v1/drawer/no-sale", cut)
    page.locator("[name=reason][value=check]").check(force=True)
    page.click("[data-press]")
    expect(page.locator("#said")).to_contain_text("The drawer opens when it does.")
    page.clock.fast_forward(30_000)
    expect(page.locator("[data-fault]")).to_contain_text("Press again")
    page.unroute("**/api/v1/drawer/no-sale")
    page.reload()
    expect(page.locator("[data-press]")).to_be_enabled()
    assert not [fact for fact in counter.house.facts("drawer.unlocked/1") if fact["data"]["drawer"] == drawer]
    page.locator("[name=reason][value=check]").check(force=True)
    with page.expect_request("**/api/v1/drawer/no-sale") as asked:
        page.click("[data-press]")
    assert {asked.value.headers["idempotency-key"]} == set(keys)
    expect(page.locator("tr", has_text="No-sale: Look inside")).to_have_count(1)


def test_what_was_pressed_before_a_reload_arrives_once(counter: Counter, tablet: Tablet) -> None:
    _ben, drawer = counter.open()
    tablet.unlock(at=f"/drawer/in?drawer={drawer}")
    page = tablet.page
    page.route("**/api/v1/drawer/move", lambda route: route.abort())
    page.fill("[name=amount]", "20")
    page.click("[data-press]")
    expect(page.locator("#said")).to_contain_text("The box is not answering.")
    expect(page.locator("[data-press]")).to_be_disabled()
    page.goto(f"{counter.house.url}/drawer?drawer={drawer}")
    expect(page.locator("#said")).to_contain_text("The cash movement waits")
    page.unroute("**/api/v1/drawer/move")
    expect(page.locator("tr", has_text="Change put in")).to_have_count(1, timeout=20_000)
    expect(page.locator("#said")).to_contain_text("is recorded")
    moved = [fact["data"] for fact in counter.house.facts("drawer.moved/1") if fact["data"]["drawer"] == drawer]
    assert [(one["amount"], one["reason"]) for one in moved] == [(2000, "float")]


def test_a_count_survives_a_reload_and_a_sale_after_it_wants_another(counter: Counter, tablet: Tablet) -> None:
    ben, drawer = counter.open()
    tablet.unlock(at=f"/drawer/count?drawer={drawer}")
    page = tablet.page
    count(page, _2000=2, _500=1)
    page.get_by_role("button", name="One more €5", exact=True).click()
    page.reload()
    expect(page.locator("[data-total=total]:visible")).to_have_text("€50.00")
    expect(page.locator("#kept")).to_contain_text("Then count anew.")
    page.get_by_role("link", name="Save and count later").click()
    expect(page.locator("#begun")).to_contain_text("€50.00")
    page.get_by_role("link", name="Go on counting").click()
    expect(page.locator("[data-worth='500'] [data-pieces]")).to_have_value("2")
    confirm(page)
    expect(page.locator(".note.go")).to_contain_text("Counted as expected")
    page.evaluate("() => (window.same = true)")
    assert ben.sell(COFFEE, cash=350).status == 201
    expect(page.locator(".note.wait:visible")).to_contain_text("1 since the count.")
    expect(page.locator("#close")).to_have_count(0)
    assert page.evaluate("() => window.same")
    expect(page.locator(".paper")).not_to_contain_text("53.50")
    page.get_by_role("link", name="Count again").click()
    count(page, _200=1, _100=1, _50=1)
    confirm(page)
    page.click("[data-press]")
    z = z_of(page)
    page.goto(f"{counter.house.url}/drawer")
    expect(page.locator("tr", has_text=f"Z {z}")).to_contain_text("€3.50")
    assert page.evaluate("() => localStorage.getItem('boothkit-counts-1')") == "{}"


def test_several_drawers_are_asked_about_and_others_are_the_lead_s_to_see(
    counter: Counter, tablet: Tablet, chromium: Browser
) -> None:
    _ben, _drawer = counter.open()
    ada, trained = counter.open("Ada", training=True)
    page = tablet.page
    tablet.unlock("123456", "/drawer")  # her own is for training
    expect(page.locator("h1")).to_have_text("Drawer T1")
    expect(page.locator("main")).to_contain_text("TRAINING. Nothing in this drawer is real")
    counter.close("Ada", trained)
    page.reload()
    expect(page.locator("h1")).to_have_text("Which drawer?")
    page.locator(".btn", has_text="Ben").click()
    expect(page.locator("main .label").first).to_contain_text("Ben")
    (lead_s,) = [one["drawer"] for one in ada.get("/drawers").json["drawers"] if one["name"] == "1"]
    with closing(Tablet(chromium, counter.house)) as cashier:
        cashier.unlock(at=f"/drawer?drawer={lead_s}")
        expect(cashier.page.locator(".note.stop")).to_contain_text("This drawer is somebody else's.")
        assert cashier.page.goto(f"{counter.house.url}/drawer/x?drawer={lead_s}").status == 403  # type: ignore[union-attr]
        cashier.page.goto(f"{counter.house.url}/drawer")
        expect(cashier.page.locator("h1")).to_have_text("Drawer 2")
        expect(cashier.page.get_by_role("link", name="See drawer 1")).to_have_count(0)


def test_training_is_told_on_page_and_paper(counter: Counter, tablet: Tablet) -> None:
    tablet.unlock(at="/drawer/open")
    page = tablet.page
    page.fill("[name=float]", "10")
    page.check("[name=training]")
    page.click("[data-press]")
    expect(page.locator("h1")).to_have_text("Drawer T1")
    page.get_by_role("link", name="Count the drawer").click()
    count(page, _1000=1)
    confirm(page)
    page.click("[data-press]")
    z = z_of(page)
    expect(page.locator(".paper h2")).to_have_text(["TRAINING", f"Z {z}", "TRAINING"])
    counter.slip("Not in turnover", f"Z {z}")
    counter.slip(f"Z {z}", "TRAINING")


def test_every_page_of_the_drawer_fits_by_day_and_by_night_and_shuts_nobody_out(
    counter: Counter, tablet: Tablet, axe: str
) -> None:
    ben, drawer = counter.open()
    ben.post("/drawer/move", {"amount": -500, "reason": "expense", "note": "Ice"})
    z = next(one["z"] for one in ben.get("/drawers").json["closed"])
    tablet.unlock()
    page = tablet.page
    paths = ["", "/open", f"/in?drawer={drawer}", f"/no-sale?drawer={drawer}", f"/x?drawer={drawer}"]
    paths += [f"/count?drawer={drawer}", f"/z/{z}", f"/close?drawer={drawer}"]
    found: list[str] = []
    for path in paths:
        if path.startswith("/close"):
            ben.post("/drawer/count", {"coins": {"2000": 2}})
        page.goto(f"{counter.house.url}/drawer{path}")
        expect(page.locator("h1")).to_be_visible()
        themes: list[Literal["light", "dark"]] = ["light", "dark"] if path.startswith(("/o", "/i", "/n")) else []
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            calm(page)
        for theme in themes:  # the others are on the walk that tests/browser takes through every screen
            page.emulate_media(color_scheme=theme)
            found += [f"{path}, {theme}: {violation}" for violation in page.evaluate(axe)]
        assert page.locator(".btn.signal:visible").count() <= 1, path
    assert not found, "\n".join(found)


def test_the_drawer_speaks_german(counter: Counter, chromium: Browser) -> None:
    _, drawer = counter.open()
    with closing(Tablet(chromium, counter.house, locale="de-DE")) as tablet:
        tablet.unlock(at=f"/drawer/out?drawer={drawer}")
        page = tablet.page
        page.fill("[name=amount]", "8,60")
        expect(page.locator("[data-press]")).to_have_text("8,60 € entnehmen")
        page.click("[data-press]")
        expect(page.locator("tr", has_text="Bar in den Tresor")).to_contain_text("−8,60 €")
        page.get_by_role("link", name="Lade zählen").click()
        count(page, _2000=2)
        expect(page.locator("[data-total=total]:visible")).to_have_text("40,00 €")
        confirm(page)
        expect(page.locator(".note.stop")).to_contain_text("1,40 € weniger als erwartet")
        expect(page.locator(".paper")).to_contain_text("Barverkäufe abzüglich Rückgaben")
        page.click("[data-press]")
        expect(page.locator("[data-fault]")).to_have_text("Einen Grund wählen.")
        assert tablet.faults == []
    counter.tidy()


def in_yen(data: Path, config: Config) -> None:
    """An event in a currency whose notes nobody wrote down here, and whose minor unit is the whole."""
    empty(data, config)
    with closing(Engine(data, config, system_clock("rtc"), box_id(config, data))) as engine:
        event = {"name": "Matsuri", "currency": "JPY", "timezone": "Asia/Tokyo", "area_m2": "9"}
        for command, asked in (("event.create", event), ("event.open", {}), ("drawer.open", {"float": 10_000})):
            assert engine.execute([Request("admin", command, command, "admin:test", asked)])[0]["ok"]


def test_in_another_currency_each_denomination_is_typed(chromium: Browser) -> None:
    for house in new_house(in_yen, ()):
        with closing(Tablet(chromium, house)) as tablet:
            tablet.unlock(at="/drawer")
            page = tablet.page
            page.get_by_role("link", name="Count the drawer").click()
            page.locator("[data-worth-of]").fill("5000")
            page.locator("[data-pieces]").fill("1")
            page.get_by_role("button", name="Another note or coin").click()
            page.locator("[data-pieces]").nth(1).fill("10")
            expect(page.locator("[data-confirm]:visible")).to_be_disabled()
            page.locator("[data-worth-of]").nth(1).fill("500")
            expect(page.locator("[data-total=total]:visible")).to_have_text("¥10,000")
            page.reload()
            expect(page.locator("[data-total=total]:visible")).to_have_text("¥10,000")
            confirm(page)
            expect(page.locator(".note.go")).to_contain_text("Counted as expected")
            assert house.facts("drawer.counted/1")[0]["data"]["coins"] == {"5000": 1, "500": 10}
