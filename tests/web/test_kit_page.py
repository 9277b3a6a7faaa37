"""Plugging in the kit on a real page: what the box asks, sees and hears, and what a person answers."""

import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import wait_until
from tests.watched import calm
from tests.web.boards import LiveBoard
from tests.web.conftest import Client, House, new_house
from tests.web.tablet import Tablet, new_tablets

SIZES = [(390, 844), (1280, 800)]
PATIENCE_MS = 20_000
"""What only a worker's page shows comes with the next look, every five seconds."""
FOUND = {
    "kind": "scanner",
    "name": "scanner-door",
    "uri": "evdev:///dev/input/by-id/usb-Honeywell_1450g-event-kbd",
    "what": "USB scanner: Honeywell <1450g>",
    "certain": True,
}
UP = {"state": "online", "reason": "ready", "remedy": "", "counters": {"attempts": 1}}

_fresh = count(1)


class Hands:
    """A box of which only recorder and till run; the test is its workers."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._boards = {
            name: LiveBoard(house.run, name) for name in ("printing", "scanning", "footfall", "power", "portal")
        }
        self.tell("power", power={"soc_permille": 780, "mv": 12_900, "ma": -500})
        self.tell("portal")
        self.show("printing", "printer")
        self.tell("scanning", devices={}, found=[FOUND])

    def tell(self, worker: str, **page: Any) -> None:
        """What a worker's page shows."""
        self._boards[worker].put(state="ready", **page)

    def end(self) -> None:
        for board in self._boards.values():
            board.fall_silent()

    def show(self, worker: str, device: str, **page: Any) -> None:
        """A device that is there."""
        shown = {"kind": device.partition("-")[0], **UP, **page}
        self.tell(worker, devices={device: shown})
        self.do(
            "device.report",
            device=device,
            kind=shown["kind"],
            state=shown["state"],
            reason=shown["reason"],
        )

    def do(self, command: str, actor: str = "device:worker", **data: Any) -> dict[str, Any]:
        """What a worker asks of the recorder."""
        return self.house.device.send(command, data, actor=actor, id=f"hands-{next(_fresh)}").answer

    def print(self, outcome: str = "printed") -> None:
        """The printer says what became of the newest slip."""
        slip = self.house.facts("slip.requested/1")[-1]["data"]
        self.do("slip.report", slip=slip["slip"], copy=slip["copy"], printer=slip["printer"], outcome=outcome)

    def code(self) -> str:
        """What the page of the check shows."""
        code: str = self.house.facts("kit.begun/1")[-1]["data"]["code"]
        return code


@pytest.fixture(scope="module")
def kit_house() -> Iterator[House]:
    yield from new_house()


@pytest.fixture
def hands(kit_house: House) -> Iterator[Hands]:
    workers = Hands(kit_house)
    yield workers
    workers.end()


@pytest.fixture
def tablet(kit_house: House, chromium: Browser) -> Iterator[Callable[..., Tablet]]:
    yield from new_tablets(kit_house, chromium)


def begin(page: Page) -> None:
    """A new check, whatever there was."""
    url = page.url.partition("/kit")[0]
    csrf = str(page.locator("body").get_attribute("data-csrf"))
    form: dict[str, str | float | bool] = {"csrf": csrf, "key": f"begin-{page.evaluate('Date.now()')}"}
    assert page.request.post(f"{url}/kit/begin", form=form, headers={"Origin": url}).ok
    page.goto(f"{url}/kit")


def press(page: Page, words: str) -> None:
    page.get_by_role("button", name=words, exact=True).click()


def headline(page: Page, words: str) -> None:
    expect(page.locator("#now")).to_have_text(words, timeout=PATIENCE_MS)


def says(page: Page, words: str, where: str = "main") -> None:
    expect(page.locator(where)).to_contain_text(words, timeout=PATIENCE_MS)


def leave_out(page: Page, words: str = "We have none") -> None:
    page.locator("#leave summary").click()
    press(page, words)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_kit_is_plugged_in_step_by_step_until_the_box_is_ready(
    tablet: Callable[..., Tablet], hands: Hands, kit_house: House, axe: str, size: tuple[int, int]
) -> None:
    page = tablet(viewport={"width": size[0], "height": size[1]}).page
    assert page.request.post(f"{kit_house.url}/api/v1/login", data={"pin": "123456"}).ok
    page.goto(f"{kit_house.url}/kit")
    begin(page)

    def look() -> None:
        calm(page)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            assert page.evaluate(axe) == []

    headline(page, "Print a test slip, and look at it")
    says(page, "Battery 12.9 V, 78 % full", ".steps")
    look()
    press(page, "Print the test slip")
    says(page, "The slip is being printed.")
    says(page, "ÄÖÜ äöü ß € é ç ñ", ".paper")
    hands.print("not_printed")
    says(page, "The printer says that nothing came out.")
    expect(page.get_by_role("button", name="Yes, it did")).to_have_count(0)
    press(page, "Print it again")
    hands.print()
    says(page, "The printer confirmed the slip.")
    look()
    press(page, "Yes, it did")
    headline(page, "Shut the drawer. Is it shut now?")
    hands.show("printing", "printer", drawer="low")
    says(page, "The drawer's sensor is low now.")
    press(page, "Yes, it is shut")
    learnt = kit_house.facts("device.learnt/1")[-1]["data"]
    assert learnt == {"device": "printer", "what": "drawer_closed", "value": "low"}
    headline(page, "Scan this code")
    says(page, "Found, and not in use yet", ".note.stop")
    leave_out(page)
    headline(page, "Join the guests' Wi-Fi with your phone. Does the box's page open?")
    page.locator("#help summary").click()
    press(page, "It does not open")
    headline(page, "Is this what you need today?")
    look()
    press(page, "Yes, it is")
    headline(page, "Sell one thing at the till, and look at its receipt")
    assert kit_house.client("Ben").sell({"sku": "COFFEE", "qty": 1}, cash=350).status == 201
    says(page, "its receipt is not confirmed")
    press(page, "Yes, sale and receipt are right")
    says(page, "It does not open", ".note.stop")
    press(page, "Try again")
    press(page, "Yes, it opens")
    headline(page, "Every step is done")
    press(page, "The box is ready")
    headline(page, "The box is ready")
    hands.print()
    says(page, "The kit sheet is printed.")
    rows = page.locator("table.rows tbody tr")
    expect(rows.filter(has_text="Receipt printer")).to_contain_text("the box and a person saw it, lead")
    expect(rows.filter(has_text="Power")).to_contain_text("the box saw it")
    expect(rows.filter(has_text="Scanner")).to_contain_text("Left out")
    look()
    ready = kit_house.facts("kit.ready/1")[-1]["data"]
    assert [step["outcome"] for step in ready["steps"]].count("skipped") == 1
    assert ready["boots"] == 1
    press(page, "Print kit sheet")
    assert wait_until(lambda: kit_house.facts("slip.requested/1")[-1]["data"]["copy"] == 1, "a duplicate of the sheet")


def test_a_scanner_and_a_walk_are_seen_without_a_touch(
    tablet: Callable[..., Tablet], hands: Hands, kit_house: House
) -> None:
    lead = kit_house.client()
    for name, uri in (("scanner-door", FOUND["uri"]), ("footfall", "gpio://17,27")):
        told = {**FOUND, "kind": name.partition("-")[0], "name": name, "uri": uri}
        hands.tell("scanning", found=[told])
        assert lead.post(f"/devices/{name}/adopt", {"uri": uri}).status == 200
    hands.tell("scanning", found=[])
    hands.show("scanning", "scanner-door", reason="waiting for codes")
    hands.show("footfall", "footfall", reason="counting")
    page = tablet().page
    assert page.request.post(f"{kit_house.url}/api/v1/login", data={"pin": "222222"}).ok
    page.goto(f"{kit_house.url}/kit")
    begin(page)
    page.goto(f"{kit_house.url}/kit?step=scanner&device=scanner-door")
    headline(page, "Scan this code")
    expect(page.locator("svg.qr")).to_be_visible()
    hands.do("kit.scan", actor="device:scanner-door", code=hands.code(), gate="door")
    headline(page, "Scanner door works")
    page.goto(f"{kit_house.url}/kit?step=footfall&device=footfall")
    headline(page, "Walk in once")
    expect(page.get_by_role("link", name="See footfall")).to_have_count(0)  # where lines are set is the lead's
    ada = tablet()
    ada.unlock("123456", "/kit?step=footfall&device=footfall")
    expect(ada.page.get_by_role("link", name="See footfall")).to_have_attribute("href", "/footfall/footfall")
    walk: dict[str, Any] = {"line": "footfall", "from_mono": 1, "to_mono": 2, "source": "beam"}
    hands.do("crossings.count", **{**walk, "in": 0, "out": 1})
    says(page, "It counts people out who walk in", ".note.stop")
    press(page, "Count from now on")
    says(page, "Counted 0 in, 0 out.")
    hands.do("crossings.count", **{**walk, "in": 1, "out": 0})
    headline(page, "Footfall works")
    for name in ("scanner-door", "footfall"):
        assert lead.post(f"/devices/{name}/drop", {}).status == 200


def test_the_lead_takes_what_was_found_into_use_and_nobody_else_does(
    tablet: Callable[..., Tablet], hands: Hands, kit_house: House
) -> None:
    page = tablet().page
    assert page.request.post(f"{kit_house.url}/api/v1/login", data={"pin": "222222"}).ok
    page.goto(f"{kit_house.url}/kit")
    says(page, "USB scanner: Honeywell <1450g>")
    says(page, "The lead takes it into use.")
    ben, ada = kit_house.client("Ben"), kit_house.client()
    assert ben.post("/devices/scanner-door/adopt", {"uri": FOUND["uri"]}).slug == "role"
    assert ada.post("/devices/scanner-door/adopt", {"uri": "evdev:///dev/input/event0"}).slug == "not-found"
    assert ada.post("/devices/scanner-2/adopt", {"uri": FOUND["uri"]}).slug == "not-found"
    assert page.request.post(f"{kit_house.url}/api/v1/login", data={"pin": "123456"}).ok
    page.goto(f"{kit_house.url}/kit")
    page.get_by_role("button", name="Use it: USB scanner: Honeywell <1450g> as scanner-door").click()
    says(page, "Taken into use here")
    adopted = kit_house.facts("device.adopted/1")[-1]["data"]
    assert adopted == {"device": "scanner-door", "uri": FOUND["uri"]}
    press(page, "Drop scanner-door")
    expect(page.locator("main")).not_to_contain_text("Taken into use here")
    assert kit_house.facts("device.dropped/1")[-1]["data"] == {"device": "scanner-door"}


def test_the_check_works_without_javascript(tablet: Callable[..., Tablet], hands: Hands, kit_house: House) -> None:
    page = tablet(java_script_enabled=False).page
    page.goto(f"{kit_house.url}/login?next=/kit")
    page.fill("[name=pin]", "222222")
    page.click("[aria-label=Unlock]")
    page.goto(f"{kit_house.url}/kit")
    starts = page.get_by_role("button", name=re.compile("Begin"))
    if starts.count():
        starts.click()
    page.goto(f"{kit_house.url}/kit?step=keys")
    page.locator("#help summary").click()
    press(page, "Something is missing")
    expect(page.locator("li").filter(has_text="Keys and policy")).to_contain_text("Something is missing")
    last = kit_house.facts("kit.checked/1")[-1]["data"]
    assert (last["step"], last["outcome"], last["reason"], last["by"]) == ("keys", "failed", "incomplete", "cashier")


def test_a_double_press_begins_one_check(kit_house: House, hands: Hands) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    login = Client(kit_house.url, form).ask("POST", "/login?next=/kit", raw=b"pin=222222")
    cookie = "; ".join(one.partition(";")[0] for one in login.cookies)
    browser = Client(kit_house.url, {**form, "Cookie": cookie, "Origin": kit_house.url})
    csrf = re.search(rb'data-csrf="([^"]+)"', browser.ask("GET", "/kit").body)
    assert csrf is not None
    before = len(kit_house.facts("kit.begun/1"))
    body = b"key=kit-twice&csrf=" + csrf[1]
    assert [browser.ask("POST", "/kit/begin", raw=body).status for _ in range(2)] == [302, 302]
    assert len(kit_house.facts("kit.begun/1")) == before + 1
    assert browser.ask("POST", "/kit/begin", raw=b"key=kit-forged").status == 403
    assert browser.ask("POST", "/kit/explode", raw=body).status == 404
    assert browser.ask("POST", "/kit/begin", raw=body + b"&kit=x").status == 422


def test_door_staff_see_devices_and_check_no_kit(kit_house: House, hands: Hands) -> None:
    assert kit_house.client("Cleo").get("/kit").slug == "role"
    assert kit_house.client("Cleo").post("/kit/begin", {}).slug == "role"
    cleo = Client(kit_house.url, {"Authorization": f"Bearer {kit_house.tokens['Cleo']}"})
    assert cleo.ask("GET", "/kit").status == 403
    page = cleo.ask("GET", "/box/devices/printer")
    assert page.status == 200
    assert b"Try it in the kit check" not in page.body
    assert b"/kit" not in cleo.ask("GET", "/box").body


def test_the_api_says_what_the_page_says(kit_house: House, hands: Hands) -> None:
    ben = kit_house.client("Ben")
    kit = ben.post("/kit/begin", {}).json["kit"]
    now = ben.get("/kit").json
    assert (now["kit"], now["ready"], now["boots"]) == (kit, False, 1)
    assert now["code"] == hands.code()
    assert now["found"] == [FOUND]
    assert now["now"] == {"step": "printer", "device": "printer"}
    states = {step["step"]: step["state"] for step in now["steps"]}
    assert (states["power"], states["clock"], states["printer"], states["sale"]) == ("done", "done", "todo", "todo")
    said = {"kit": kit, "step": "keys", "outcome": "passed"}
    assert ben.post("/kit/check", said, key="same").json["outcome"] == "passed"
    assert ben.post("/kit/check", said, key="same").json["outcome"] == "passed"
    assert ben.post("/kit/check", {**said, "by": "box"}).slug == "validation"
    assert ben.post("/kit/finish", {"kit": kit}).slug == "kit-open"
    done = [fact["data"] for fact in kit_house.facts("kit.checked/1") if fact["data"]["kit"] == kit]
    assert [(one["step"], one["proof"], one["by"]) for one in done] == [
        ("power", "seen", "box"),
        ("clock", "seen", "box"),
        ("keys", "said", "cashier"),
    ]


def test_a_device_s_page_says_what_to_do_and_what_happened(
    tablet: Callable[..., Tablet], hands: Hands, kit_house: House, axe: str
) -> None:
    page = tablet(viewport={"width": 390, "height": 844}).page
    assert page.request.post(f"{kit_house.url}/api/v1/login", data={"pin": "123456"}).ok
    trouble = {"state": "fault", "reason": "paper out, says <b>it</b>", "remedy": "Load a roll, then press Feed."}
    hands.show("printing", "printer", **trouble, counters={"losses": 3, "not_printed": 0})
    page.goto(f"{kit_house.url}/box")
    page.locator("#tags a").click()
    expect(page.locator("h1")).to_have_text("printer")
    says(page, "Paper out, says <b>it</b>. Load a roll, then press Feed.", ".note.stop")
    says(page, "Losses3", ".kv")
    expect(page.locator("table.rows tbody tr").first).to_contain_text("and counting")
    assert page.evaluate(axe) == []
    calm(page)
    hands.show("printing", "printer")
    says(page, "Ready.", ".note.go")
    assert page.request.get(f"{kit_house.url}/box/devices/nobody").status == 404
