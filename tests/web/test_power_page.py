"""The power screen: what the lead sees of the battery, keeps on, and plans."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.conftest import wait_until
from tests.watched import calm
from tests.web.boards import LiveBoard
from tests.web.conftest import House
from tests.web.tablet import Tablet

NOW: dict[str, Any] = {
    "soc_permille": 640,
    "mv": 13_100,
    "ma": -1_500,
    "pv_mw": 16_000,
    "load_mw": 35_650,
    "counted": True,
    "sigma_permille": 40,
    "level": "low",
    "known": True,
    "limits": {"saving": 50, "low": 30, "critical": 15, "cut-off": 5},
    "steps": [
        {"step": "relay-lights", "what": "Lights off", "level": "saving", "state": "off", "in_s": None},
        {"step": "uplink", "what": "The uplink sends less often", "level": "low", "state": "announced", "in_s": 90},
    ],
    "shutdown": {"state": "none", "in_s": None, "final": False, "why": ""},
    "closes_ms": None,
    "forecast": {
        "empty_s": 20_000,
        "empty_low_s": 12_000,
        "empty_high_s": None,
        "at_close": 410,
        "at_close_low": 330,
        "at_close_high": 490,
    },
}
_ids = count()


@pytest.fixture
def board(house: House) -> Iterator[LiveBoard]:
    """The power worker's own page, written as the worker writes it."""
    board = LiveBoard(house.run, "power")
    board.put(state="ready", power=NOW)
    yield board
    board.fall_silent()
    board.clear()


def do(house: House, command: str, **data: Any) -> None:
    house.device.send(command, data, actor="device:power", id=f"power-{next(_ids)}")


def announce(house: House, step: str, level: str = "low", state: str = "announced") -> None:
    do(house, "power.change_step", step=step, state=state, level=level, in_s=120)


def sample(house: House, soc: int) -> None:
    do(house, "power.sample", soc_permille=soc, mv=13_100, ma=-1_500, pv_mw=16_000, load_mw=35_000, over_s=60)


def test_the_lead_sees_charge_sun_load_and_how_long_it_lasts(
    new_tablet: Callable[..., Tablet], house: House, board: LiveBoard
) -> None:
    sample(house, 640)
    tablet = new_tablet()
    tablet.unlock("123456", "/power")
    main = tablet.page.locator("main")
    for words in (
        "Battery low",
        "64\N{NO-BREAK SPACE}%",
        "Counted, give or take 4",
        "16\N{NO-BREAK SPACE}W",
        "5\N{NO-BREAK SPACE}h",
        "CO₂",
    ):
        expect(main).to_contain_text(words)
    board.put(power={**NOW, "level": "normal", "steps": []})
    expect(tablet.page.locator("h1")).to_have_text("Power is fine", timeout=20_000)


def test_nothing_measured_is_said_to_be_not_known(new_tablet: Callable[..., Tablet]) -> None:
    tablet = new_tablet()
    tablet.unlock("123456", "/power")
    expect(tablet.page.locator("h1")).to_have_text("Nothing measures the battery")
    expect(tablet.page.locator("main")).to_contain_text("Not known")


def test_the_lead_keeps_on_what_is_announced_and_brings_back_what_is_off(
    new_tablet: Callable[..., Tablet], house: House, board: LiveBoard
) -> None:
    announce(house, "uplink")
    announce(house, "relay-lights", state="off")
    tablet = new_tablet()
    tablet.unlock("123456", "/power")
    note = tablet.page.locator(".note", has_text="The uplink sends less often")
    expect(note).to_contain_text("In 1\N{NO-BREAK SPACE}min")
    note.get_by_role("button", name="Keep it on").click()
    wait_until(lambda: [f for f in house.facts("power.vetoed/1") if f["data"]["step"] == "uplink"], "the lead's no")
    expect(tablet.page).to_have_url(re.compile("/power$"))
    tablet.page.get_by_role("button", name="Bring it back").click()
    wait_until(lambda: len(house.facts("power.vetoed/1")) >= 2, "the second")
    assert house.facts("power.vetoed/1")[-1]["data"] == {"step": "relay-lights", "level": "low", "for_s": 1800}
    assert house.facts("power.vetoed/1")[-1]["actor"].startswith("staff:")


def test_the_end_of_the_box_is_announced_and_can_be_put_off(
    new_tablet: Callable[..., Tablet], house: House, board: LiveBoard
) -> None:
    announce(house, "shutdown", "cut-off")
    board.put(power={**NOW, "shutdown": {"state": "announced", "in_s": 100, "final": False, "why": ""}})
    tablet = new_tablet()
    tablet.unlock("123456", "/power")
    expect(tablet.page.locator("h1")).to_have_text("The box switches off")
    tablet.page.get_by_role("button", name="Put it off").click()
    wait_until(lambda: [f for f in house.facts("power.vetoed/1") if f["data"]["step"] == "shutdown"], "the lead's no")
    board.put(power={**NOW, "shutdown": {"state": "announced", "in_s": 20, "final": True, "why": ""}})
    tablet.page.goto(f"{house.url}/power")
    expect(tablet.page.get_by_role("button", name="Put it off")).to_have_count(0)


def test_closing_time_is_the_next_time_the_event_s_own_clock_shows_it(
    new_tablet: Callable[..., Tablet], house: House, board: LiveBoard
) -> None:
    tablet = new_tablet()
    tablet.unlock("123456", "/power")
    tablet.page.fill("[name=closes]", "04:05")
    tablet.page.get_by_role("button", name="Save").click()
    (fact, *_) = wait_until(lambda: house.facts("event.planned/1"), "the plan")
    assert fact["data"]["closes"][14:16] == "05"
    assert fact["data"]["closes"] > fact["at"]
    expect(tablet.page.locator("[name=closes]")).to_have_value("04:05")
    expect(tablet.page.locator("main")).to_contain_text("Battery at 04:05")
    expect(tablet.page.locator("main")).to_contain_text("Between 33")


@pytest.mark.parametrize("name", ["Ben", "Cleo"])
def test_only_the_lead_decides_about_power(house: House, name: str) -> None:
    client = house.client(name)
    for method, path in (("GET", "/power"), ("GET", "/power/now"), ("POST", "/power/veto"), ("POST", "/power/plan")):
        assert client.ask(method, path, raw=b"" if method == "POST" else None).status == 403


def test_the_status_tells_where_the_charge_comes_from_and_forgets_a_silent_worker(
    house: House, board: LiveBoard
) -> None:
    told = house.client().get("/status").json["power"]
    assert (told["soc"], told["soc_from"], told["soc_sigma"]) == (64.0, "counted", 4.0)
    assert (told["volts"], told["watts"], told["time_to_empty_s"]) == (13.1, 35.65, 20_000)
    assert told["level"] == "low"
    board.fall_silent()
    path = house.run / "board" / "power" / "page.json"
    page = json.loads(path.read_text())
    path.write_text(json.dumps({**page, "at": page["at"] - 60_000_000}))
    silent = house.client().get("/status").json["power"]
    assert (silent["soc"], silent["watts"], silent["level"], silent["steps"]) == (None, None, None, [])


@pytest.mark.parametrize(("theme", "size"), [("light", (390, 844)), ("dark", (1280, 800)), ("dark", (320, 640))])
def test_the_power_screen_fits_and_is_accessible(
    new_tablet: Callable[..., Tablet], house: House, board: LiveBoard, axe: str, theme: str, size: tuple[int, int]
) -> None:
    sample(house, 640)
    announce(house, "shutdown", "cut-off")
    board.put(power={**NOW, "shutdown": {"state": "announced", "in_s": 100, "final": False, "why": ""}})
    tablet = new_tablet(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
    tablet.unlock("123456", "/power")
    expect(tablet.page.locator(".plot").first).to_be_visible()
    calm(tablet.page)
    assert tablet.page.evaluate(axe) == []
