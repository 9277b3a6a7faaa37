"""A lead lays a camera's lines on a phone: drags them over a blurred picture, walks through, keeps them; and the worker
counts at them. Real workers; people are drawn by an emulated camera, and walk through emulated beams."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from appliance import demo
from drivers.emulators.beam import BeamEmulator
from drivers.emulators.camera import CameraEmulator
from drivers.emulators.crowd import CLOSE, Camera, Scene
from drivers.emulators.crowd.ground import MARKET
from tests.conftest import Process, wait_until
from tests.watched import calm
from tests.web.conftest import TOML, House, new_house
from tests.web.tablet import Tablet
from web.common.language import COOKIE

PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 90_000
"""Until people whom nobody hurries have crossed a line."""
LINE = {"name": "door", "a": [500, 5500], "b": [9500, 5500]}
NOTHING = {"lines": [], "zones": []}
DRAWN = "() => document.getElementById('still').width === 384"
COUNTED = "() => [...document.querySelectorAll('[data-way]')].some((one) => Number(one.textContent) > 0)"
BLOBS = "() => performance.getEntriesByType('resource').filter((one) => one.name.startsWith('blob:')).length"


@dataclass
class Place:
    """The house, its footfall worker, what stands before the camera, and the beams at the door."""

    house: House
    worker: Process
    camera: CameraEmulator
    beams: BeamEmulator

    def crowd(self, camera: Camera = MARKET) -> None:
        """Many people from now on, as that camera sees them."""
        scene = Scene(7, size=(384, 288), fps=10, people_per_minute=60, camera=camera)
        self.camera.play(picture for picture, _ in scene)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    for house in new_house(demo.prepare, demo.ITEMS, TOML):
        devices = f'[devices]\nfootfall-1 = "camera://{house.run}/camera?fps=10"\n'
        devices += f'footfall = "gpio://17,27?factory=mock&socket={house.run}/beams.sock"\n'
        camera = CameraEmulator(house.run / "camera", fps=10, size=(384, 288))
        beams = BeamEmulator(house.run / "beams.sock")
        worker = Process("footfall", house.data, house.run, devices)
        one = Place(house, worker, camera, beams)
        one.crowd()
        camera.start()
        beams.start()
        worker.start()
        wait_until(lambda one=one: len(_counters(one.house)) == 2, "both counters")
        yield one
        with suppress(ProcessLookupError):
            worker.kill()
        beams.close()
        camera.close()


def _counters(house: House) -> dict[str, Any]:
    return {one["device"]: one for one in house.client().get("/footfall").json["counters"]}


@pytest.fixture
def phone(place: Place, chromium: Browser) -> Iterator[Tablet]:
    """The lead's, at the camera's page."""
    one = Tablet(chromium, place.house, viewport=PHONE, has_touch=True)
    one.unlock("123456", "/footfall/footfall-1")
    yield one
    one.close()
    assert one.elsewhere == []
    assert [fault for fault in one.faults if "Failed to load resource" not in fault] == []


def accept(place: Place, plan: Any, key: str | None = None, **more: Any) -> Any:
    return place.house.client().post("/footfall/footfall-1/plan", {"plan": plan, **more}, key=key)


def drag(page: Page, mark: str, across: float, down: float) -> None:
    """A thumb takes a handle along by so many pixels."""
    handle = page.locator(mark)
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    link = page.context.new_cdp_session(page)

    def touch(kind: str, part: float) -> None:
        points = [] if kind == "touchEnd" else [{"x": x + across * part, "y": y + down * part}]
        link.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0)
    for part in (0.25, 0.5, 0.75, 1.0):
        touch("touchMove", part)
    touch("touchEnd", 1)
    link.detach()


def number(page: Page, field: str) -> float:
    return float(page.locator(f"#items [data-f={field}]").first.input_value())


def test_a_lead_lays_a_line_with_a_thumb_walks_through_and_keeps_it(place: Place, phone: Tablet) -> None:
    assert accept(place, NOTHING, sure=True).status == 200
    page = phone.page
    page.goto(f"{place.house.url}/footfall")
    expect(page.locator("main")).to_contain_text("No counting line yet")
    expect(page.locator("main")).not_to_contain_text("counts well")
    page.get_by_role("link", name="Set the lines of footfall-1").click()
    page.wait_for_function(DRAWN)
    expect(page.locator("[data-h]")).to_have_count(2)  # a line to begin with
    before = number(page, "ax")
    drag(page, "[data-h='0.0']", -50, 0)
    drag(page, "[data-h='0.1']", 50, -6)
    assert number(page, "ax") < before - 5
    assert number(page, "by") < 60
    calm(page)
    # The walk: other people are at it already.
    expect(page.locator("[data-trial=yes]")).to_be_attached()
    page.wait_for_function(COUNTED, timeout=PATIENCE_MS)
    expect(page.locator("main")).to_contain_text(re.compile(r"(In|Out)\s*\d+.s ago"))
    place_of_line = [round(number(page, name) * 100) for name in ("ax", "ay", "bx", "by")]
    page.get_by_role("button", name="The count is right, keep the lines").click()
    expect(page.locator("#kept")).to_contain_text("Counted from now on: who crosses entrance.")
    expect(page.locator("#kept")).to_be_focused()
    planned = place.house.facts("counter.planned/1")[-1]["data"]
    line = planned["lines"][0]
    assert (line["name"], [*line["a"], *line["b"]]) == ("entrance", place_of_line)
    assert sum(planned["tried"].values()) > 0
    kept = "footfall-1/entrance"
    counted = wait_until(
        lambda: [one for one in place.house.facts("crossings.counted/1") if one["data"]["line"] == kept],
        "crossings of the kept line",
        PATIENCE_MS / 1000,
    )
    assert counted[0]["data"]["source"] == "camera"
    page.goto(f"{place.house.url}/footfall")
    expect(page.locator("section[aria-labelledby=c-footfall-1] .fig").first).to_have_text(re.compile(r"\d+"))


def test_keys_and_fields_move_what_a_thumb_moves(place: Place, phone: Tablet) -> None:
    assert accept(place, {"lines": [LINE], "zones": []}, sure=True).status == 200
    page = phone.page
    page.reload()
    mark = page.locator("[data-h='0.0']")
    mark.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    assert (number(page, "ax"), number(page, "ay")) == (5.5, 60)
    expect(mark).to_have_accessible_name("A of door: 5.5 % across, 60 % down. Arrow keys move it.")
    expect(mark).to_be_focused()
    page.get_by_label("B, down %").fill("40")
    expect(page.locator("[data-h='0.1']")).to_have_accessible_name(re.compile(r"95 % across, 40 % down"))
    page.get_by_role("button", name="Another line").click()
    expect(page.locator("[data-h]")).to_have_count(4)
    page.get_by_role("button", name="Remove the line").last.click()
    page.get_by_role("button", name="Swap in and out").click()
    assert (number(page, "ax"), number(page, "by")) == (95, 60)
    page.get_by_role("button", name="A zone").click()
    expect(page.locator("[data-h]")).to_have_count(6)
    page.get_by_role("button", name="Add a corner").click()
    expect(page.locator("[data-h]")).to_have_count(7)
    for left in (6, 5, 5):  # a zone has three corners at least
        page.get_by_role("button", name="Remove this corner").last.click()
        expect(page.locator("[data-h]")).to_have_count(left)
    page.get_by_label("Everybody who is inside stands in it").check()
    page.get_by_label("It is an entrance").uncheck()
    calm(page)
    page.get_by_label("B, down %").fill("")
    page.click("#keep")
    expect(page.locator("#fault")).to_contain_text("Each place wants two numbers from 0 to 100.")
    page.get_by_label("B, down %").fill("60")
    page.get_by_label("Name of the zone").fill("The Hall")
    expect(page.locator("#fault")).to_contain_text("'The Hall' is not a name")
    page.get_by_label("Name of the zone").fill("hall")
    expect(page.locator("#fault")).to_be_hidden()
    page.click("#keep")
    expect(page.locator("#kept")).to_contain_text("who crosses door; how long people stay in hall")
    planned = place.house.facts("counter.planned/1")[-1]["data"]
    assert planned["lines"] == [{"name": "door", "a": [9500, 4000], "b": [550, 6000], "entrance": False}]
    assert (planned["zones"][0]["name"], len(planned["zones"][0]["corners"]), planned["zones"][0]["whole"]) == (
        "hall",
        3,
        True,
    )


def test_a_walk_is_begun_anew_and_a_trial_that_was_lost_begins_by_itself(place: Place, phone: Tablet) -> None:
    assert accept(place, {"lines": [LINE], "zones": []}, sure=True).status == 200
    page = phone.page
    page.reload()
    expect(page.locator("[data-trial=yes]")).to_be_attached()
    with page.expect_request("**/footfall-1/try") as asked:
        page.get_by_role("button", name="Start the walk again").click()
    assert asked.value.post_data_json["plan"]["lines"][0]["name"] == "door"
    place.worker.kill()
    expect(page.locator("main")).to_contain_text("The footfall worker does not answer.")
    ada = place.house.client()
    for answer in (ada.get("/footfall/footfall-1"), ada.get("/footfall/footfall-1/still")):
        assert (answer.status, answer.slug) == (503, "busy")
        assert "restarts its footfall worker" in answer.json["remedy"]
    assert accept(place, NOTHING).slug == "busy"
    page.reload()
    expect(page.get_by_label("Name of the line")).to_have_value("door")  # what was kept is not lost with the worker
    place.worker.start()
    expect(page.locator("[data-trial=yes]")).to_be_attached(timeout=PATIENCE_MS)
    expect(page.locator("main")).not_to_contain_text("does not answer")


def test_a_view_that_cannot_be_counted_is_said_first_and_lines_are_kept_only_for_who_is_sure(
    place: Place, phone: Tablet
) -> None:
    assert accept(place, {"lines": [LINE], "zones": []}, sure=True).status == 200
    page = phone.page
    page.reload()
    place.crowd(CLOSE)
    try:
        expect(page.locator("[data-unfit]")).to_contain_text("This view cannot be counted.", timeout=PATIENCE_MS)
        expect(page.locator("[data-unfit]")).to_contain_text("Mount the camera higher, or farther away.")
        assert page.locator("[data-unfit]").bounding_box()["y"] < page.locator("#still").bounding_box()["y"]  # type: ignore[index]
        assert accept(place, {"lines": [LINE], "zones": []}).slug == "view-unsuitable"
        page.click("#keep")
        expect(page.locator("#fault")).to_contain_text("Nothing is counted while the camera's view is unsuitable.")
        page.get_by_label("Nothing is counted while the view is unsuitable. Keep the lines all the same.").check()
        page.click("#keep")
        expect(page.locator("#kept")).to_contain_text("Counted from now on: who crosses door.")
        expect(page.locator("[data-unfit]")).to_contain_text("Nothing is counted until it is better.")
    finally:
        place.crowd()
        place.worker.kill()
        place.worker.start()


def test_without_scripts_the_page_says_how_it_is_and_its_fields_can_be_sent(place: Place, chromium: Browser) -> None:
    assert accept(place, {"lines": [LINE], "zones": []}, sure=True).status == 200
    one = Tablet(chromium, place.house, viewport=PHONE, java_script_enabled=False)
    one.unlock("123456", "/footfall/footfall-1")
    page = one.page
    expect(page.locator("main")).to_contain_text("Now seen")
    expect(page.locator(".view img")).to_be_visible()
    page.locator("[name='line.0.ax']").fill("12.5")
    page.locator("[name='line.1.name']").fill("side")
    page.get_by_role("button", name="The count is right, keep the lines").click()
    expect(page.locator("#kept")).to_contain_text("who crosses door, side")
    lines = place.house.facts("counter.planned/1")[-1]["data"]["lines"]
    assert [(line["name"], line["a"][0]) for line in lines] == [("door", 1250), ("side", 2000)]
    page.locator("[name='line.0.ax']").evaluate("(field) => { field.type = 'text'; field.value = 'left'; }")
    page.get_by_role("button", name="The count is right, keep the lines").click()
    expect(page.locator("main")).to_contain_text("wants a number from 0 to 100")
    one.close()


def test_the_still_is_for_the_lead_alone_blurred_and_kept_nowhere(place: Place, phone: Tablet) -> None:
    ada = place.house.client()
    wait_until(lambda: ada.get("/footfall/footfall-1/still").status == 200, "a picture")
    still = ada.get("/footfall/footfall-1/still")
    assert still.headers["Cache-Control"] == "no-store"
    assert (still.headers["Content-Type"], Image.open(BytesIO(still.body)).format) == ("image/jpeg", "JPEG")
    page = phone.page
    page.wait_for_function(DRAWN)
    assert (
        page.evaluate("performance.getEntriesByType('resource').some((one) => one.name.startsWith('blob:'))") is False
    )
    assert page.evaluate("(async () => (await caches.keys()).length)()") == 0
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    for path in ("", "/footfall-1", "/footfall-1/still"):
        assert place.house.client("Ben").get(f"/footfall{path}").slug == "role"
        assert place.house.client("Cleo").get(f"/footfall{path}").slug == "role"
    for path in ("try", "plan"):
        assert place.house.client("Ben").post(f"/footfall/footfall-1/{path}", {"plan": NOTHING}).slug == "role"
    assert place.house.client("Ben").ask("GET", "/footfall/footfall-1").status == 403


def test_scripts_are_told_what_is_wrong_and_what_is_allowed(place: Place) -> None:
    ada = place.house.client()
    assert ada.get("/footfall/footfall-9").slug == "not-found"
    assert ada.get("/footfall/footfall-9/still").slug == "not-found"
    assert ada.get("/footfall/footfall/still").slug == "no-camera"
    assert ada.post("/footfall/footfall/try", {"plan": None}).slug == "no-camera"
    short = {"lines": [{**LINE, "b": [600, 5600]}], "zones": []}
    for answer in (ada.post("/footfall/footfall-1/try", {"plan": short}), accept(place, short, sure=True)):
        assert answer.slug == "validation"
        assert "door: shorter than" in answer.json["detail"]
    for body in ({}, {"plan": 1}, {"plan": NOTHING, "more": 1}):
        assert ada.post("/footfall/footfall-1/try", body).slug == "validation"
    for more in ({"sure": 1}, {"tried": 3, "sure": True}, {"more": 1}):
        assert accept(place, NOTHING, **more).slug == "validation"
    assert accept(place, {**NOTHING, "device": "footfall"}, sure=True).slug == "validation"
    assert ada.post("/footfall/footfall-9/plan", {"plan": NOTHING}).slug == "not-found"
    told = ada.get("/footfall/footfall-1").json
    assert told["camera"] is True
    assert told["plan"].keys() == {"lines", "zones"}
    again = [accept(place, {"lines": [LINE], "zones": []}, "once", sure=True).json for _ in range(2)]
    assert again[0] == again[1]


def test_a_pair_of_beams_shows_how_each_is_and_says_where_in_and_out_are_swapped(place: Place, phone: Tablet) -> None:
    page = phone.page
    page.goto(f"{place.house.url}/footfall/footfall")
    beams = page.locator("section[aria-labelledby=be] li")
    expect(beams).to_contain_text(["free", "free"])
    place.beams.walk("in", 2)
    place.beams.walk("out")
    expect(page.locator(".fig").first).to_have_text("2")
    place.beams.block(first=True, second=False)
    expect(beams).to_contain_text(["broken", "free"])
    place.beams.block(first=False, second=False)
    expect(beams).to_contain_text(["free", "free"])
    expect(page.locator("main")).to_contain_text('footfall = "gpio://17,27?')
    expect(page.locator("main")).to_contain_text("in=27")
    told = place.house.client().get("/footfall/footfall").json
    assert (told["camera"], told["verdict"]) == (False, None)
    calm(page)


@pytest.mark.parametrize("language", ["en", "de"])
def test_it_fits_the_smallest_phone_and_shuts_nobody_out(
    place: Place, chromium: Browser, axe: str, language: str
) -> None:
    assert accept(place, {"lines": [LINE], "zones": []}, sure=True).status == 200
    one = Tablet(chromium, place.house, viewport={"width": 320, "height": 640})
    one.unlock("123456", "/footfall")
    one.page.context.add_cookies([{"name": COOKIE, "value": language, "url": place.house.url}])
    title = {"en": "Set the counting lines", "de": "Zähllinien legen"}[language]
    for path in ("/footfall", "/footfall/footfall", "/footfall/footfall-1"):
        one.page.goto(place.house.url + path)
        if path.endswith("-1"):
            expect(one.page.locator("h1")).to_have_text(title)
            one.page.click("[data-do=zone]")
            expect(one.page.locator("[data-h]")).to_have_count(6)
        calm(one.page)
        for theme in ("light", "dark"):
            one.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            assert one.page.evaluate(axe) == []
    one.close()
    assert one.faults == []
