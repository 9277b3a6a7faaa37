"""The bench in a real browser: a person's hands, and what comes back without a reload."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from drivers.device import Crossing, Scan
from drivers.registry import create
from tests.bench.conftest import GENERAL, Hands, Pump
from tests.bench.test_scripts import RECEIPT
from tests.watched import Watched, calm

PATIENCE_MS = 20_000

Plug = Callable[[str], Any]


def watch(browser: Browser, hands: Hands, **context: Any) -> Watched:
    """A page of the bench, patient."""
    found = Watched(browser, hands.url, **context)
    found.page.set_default_timeout(PATIENCE_MS)
    found.page.goto(hands.url)
    return found


@pytest.fixture
def watched(own_hands: Hands, chromium: Browser) -> Iterator[Watched]:
    """A page on a bench of its own; it must have complained about nothing and asked nobody else."""
    found = watch(chromium, own_hands)
    yield found
    found.close()
    assert found.faults == []
    assert found.elsewhere == []


@pytest.fixture
def plug(own_hands: Hands) -> Iterator[Plug]:
    """A device of the bench by its name, closed at the end whatever happened."""
    with ExitStack() as held:
        yield lambda name: held.enter_context(closing(create(name, own_hands.devices[name])))


def test_a_person_walks_scans_pulls_the_plug_and_takes_the_paper_out(
    own_hands: Hands, watched: Watched, pump: Pump, plug: Plug
) -> None:
    page = watched.page
    loads: list[str] = []
    page.on("domcontentloaded", lambda _: loads.append(page.url))
    scanner, footfall = plug("scanner-door"), plug("footfall")
    pump(scanner, lambda _: scanner.life.state == "online")
    pump(footfall, lambda _: footfall.life.state == "online")

    page.get_by_label("One more").click()
    page.get_by_label("One more").click()
    page.get_by_role("button", name="Walk in").click()
    crossings = pump(footfall, lambda events: len(events) == 3)
    assert {crossing.direction for crossing in crossings if isinstance(crossing, Crossing)} == {"in"}
    expect(page.get_by_text("In 3 · Out 0")).to_be_visible(timeout=PATIENCE_MS)
    assert page.get_by_label("People").input_value() == "3"

    page.get_by_role("button", name="Next general").click()
    page.get_by_label("Any code").fill("BK1:BY HAND")
    page.get_by_label("Any code").press("Enter")
    codes = [scan.code for scan in pump(scanner, lambda events: len(events) == 2) if isinstance(scan, Scan)]
    assert codes == [GENERAL[0], "BK1:BY HAND"]
    expect(page.get_by_text("Last: BK1:BY HAND")).to_be_visible(timeout=PATIENCE_MS)

    page.get_by_label("Pull the plug: Scanner").click()
    expect(page.get_by_text("Pulled out")).to_be_visible(timeout=PATIENCE_MS)
    pump(scanner, lambda _: scanner.life.state == "absent")
    expect(page.get_by_role("button", name="Send the bytes")).to_be_disabled(timeout=PATIENCE_MS)
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Plug in: Scanner"
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Send the bytes")).to_be_enabled(timeout=PATIENCE_MS)
    pump(scanner, lambda _: scanner.life.state == "online")

    page.get_by_role("radio", name="Out", exact=True).check()
    expect(page.locator("input[name=paper][value=out]")).to_be_checked()
    page.wait_for_function("fetch('/').then((r) => r.text()).then((t) => t.includes('value=\"out\" checked'))")
    assert own_hands.paper_sensor() == 0x7E
    assert loads == []


def test_what_is_printed_comes_out_without_a_reload(own_hands: Hands, watched: Watched) -> None:
    page = watched.page
    expect(page.get_by_text("Nothing printed yet")).to_be_visible()
    own_hands.print_bytes(RECEIPT)
    picture = page.get_by_role("img", name="Receipt 7")
    expect(picture).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("1 slip, 1 drawer kick")).to_be_visible()
    page.wait_for_function("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    first = picture.element_handle()
    own_hands.print_bytes(b"Second\n\x1dV\x00")
    expect(page.get_by_text("2 slips, 1 drawer kick")).to_be_visible(timeout=PATIENCE_MS)
    assert [image.get_attribute("alt") for image in page.get_by_role("img").all()] == ["Second", "Receipt 7"]
    assert first is not None
    assert first.evaluate("(image) => image.isConnected"), "the first slip was drawn anew"


def test_what_a_script_moves_moves_on_the_page_too(own_hands: Hands, watched: Watched) -> None:
    page = watched.page
    page.get_by_label("Any code").fill("HALF TYP")
    own_hands.post("printer", {"cover": "open"})
    own_hands.post("power", {"soc": 17})
    own_hands.post("unplug", {"device": "power"})
    expect(page.locator("input[name=cover][value=open]")).to_be_checked(timeout=PATIENCE_MS)
    expect(page.get_by_text("State of charge 17")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("input[name=soc]")).to_have_value("17", timeout=PATIENCE_MS)
    expect(page.get_by_label("Plug in: Solar charger")).to_be_visible(timeout=PATIENCE_MS)
    assert page.get_by_label("Any code").input_value() == "HALF TYP"
    page.get_by_role("button", name="All faults off").click()
    expect(page.locator("input[name=cover][value=closed]")).to_be_checked(timeout=PATIENCE_MS)


def test_a_lamp_that_lights_up_is_seen_without_a_reload(watched: Watched, pump: Pump, plug: Plug) -> None:
    lamps = watched.page.locator("#lead li")
    lamp = plug("indicator-door")
    pump(lamp, lambda _: bool(lamp.life.state == "online"))
    expect(lamps.filter(has_text="Door, red").get_by_text("Off")).to_be_visible()
    lamp.show("refused")
    pump(lamp, lambda _: bool(lamp.signal == "off"))
    # On a busy machine two of its flashes may run into one.
    flashed = lamps.filter(has_text="Door, red").get_by_text(re.compile(r"[1-5] times? on"))
    expect(flashed).to_be_visible(timeout=PATIENCE_MS)
    expect(lamps.filter(has_text="Door, green").get_by_text("0 times on")).to_be_visible()
    lamp.show("ready")
    expect(lamps.filter(has_text="Door, green").get_by_text("On", exact=True)).to_be_visible(timeout=PATIENCE_MS)


def test_the_printer_can_be_made_silent_and_well_again(own_hands: Hands, watched: Watched) -> None:
    page = watched.page
    page.get_by_role("radio", name="Silent").check()
    wait = "fetch('/bench/state').then((r) => r.json()).then((s) => s.printer.behaviour === '%s')"
    page.wait_for_function(wait % "silent")
    page.get_by_role("button", name="All faults off").click()
    page.wait_for_function(wait % "normal")
    assert own_hands.paper_sensor() == 0x12


def test_a_slider_moves_the_value_it_shows(own_hands: Hands, watched: Watched) -> None:
    page = watched.page
    slider = page.locator("input[name=amps]")
    slider.focus()
    slider.press("Home")
    expect(page.get_by_text("\N{MINUS SIGN}10.0\N{NO-BREAK SPACE}A")).to_be_visible()
    page.wait_for_function("fetch('/').then((r) => r.text()).then((t) => t.includes('value=\"-10.0\"'))")
    assert 'name="soc" min="0" max="100" step="1" value="82.0"' in own_hands.get("/").text


def test_the_wire_is_live_while_it_is_open(own_hands: Hands, watched: Watched) -> None:
    page = watched.page
    page.get_by_text("On the wire").click()
    own_hands.post("scan", {"code": "XYZ"})
    expect(page.get_by_text("58 59 5A 0D")).to_be_visible(timeout=PATIENCE_MS)
    own_hands.post("printer", {"paper": "near_end"})
    expect(page.locator("input[name=paper][value=near_end]")).to_be_checked(timeout=PATIENCE_MS)
    expect(page.get_by_text("58 59 5A 0D")).to_be_visible()


def test_a_refusal_stays_where_it_was_tried(own_hands: Hands, chromium: Browser) -> None:
    watched = watch(chromium, own_hands)
    page = watched.page
    page.get_by_label("People").fill("0")
    page.get_by_role("button", name="Walk in").click()
    words = page.locator("#beam").get_by_text("People is a whole number in 1…100, not 0.")
    expect(words).to_be_visible(timeout=PATIENCE_MS)
    own_hands.post("printer", {"paper": "near_end"})
    expect(page.locator("input[name=paper][value=near_end]")).to_be_checked(timeout=PATIENCE_MS)
    expect(words).to_be_visible()
    page.get_by_label("People").fill("1")
    page.get_by_role("button", name="Walk out").click()
    expect(words).to_be_hidden(timeout=PATIENCE_MS)
    watched.close()
    assert [text for text in watched.faults if "422" not in text] == []


def test_a_bench_that_is_gone_says_so_and_comes_back(own_hands: Hands, chromium: Browser) -> None:
    watched = watch(chromium, own_hands)
    page = watched.page
    gone = page.get_by_text(re.compile(r"The bench does not answer\. What you see is from \d\d:\d\d:\d\d"))
    expect(gone).to_be_hidden()
    own_hands.worker.kill()
    expect(gone).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Next general").click()
    expect(gone).to_be_visible()
    restarted(own_hands)
    expect(gone).to_be_hidden(timeout=PATIENCE_MS)
    watched.close()


def restarted(hands: Hands) -> None:
    """The same bench again, at the port that it had."""
    config = hands.run / "test.toml"
    config.write_text(config.read_text().replace("port = 0", f"port = {hands.url.rpartition(':')[2]}"))
    hands.worker.start()


def test_without_scripts_every_key_works_by_a_reload(
    own_hands: Hands, chromium: Browser, pump: Pump, plug: Plug
) -> None:
    watched = watch(chromium, own_hands, java_script_enabled=False)
    page = watched.page
    scanner = plug("scanner-door")
    pump(scanner, lambda _: scanner.life.state == "online")
    page.get_by_role("button", name="Next vip").click()
    assert page.url == f"{own_hands.url}/#scanner"
    pump(scanner, bool)
    page.locator("label", has_text="Near end").click()
    page.get_by_role("button", name="Set the printer").click()
    expect(page.locator("input[name=paper][value=near_end]")).to_be_checked()
    page.get_by_label("Pull the plug: Beam").click()
    expect(page.get_by_text("nobody sees them")).to_be_visible()
    own_hands.print_bytes(RECEIPT)
    page.get_by_role("link", name="Show what is new").click()
    expect(page.get_by_role("img", name="Receipt 7")).to_be_visible()
    watched.close()
    assert watched.faults == []


@pytest.mark.parametrize(("width", "theme"), [(320, "dark"), (390, "light"), (768, "dark"), (1280, "light")])
def test_everything_can_be_reached_and_pressed_on_any_screen(
    hands: Hands, chromium: Browser, width: int, theme: Any
) -> None:
    hands.print_bytes(RECEIPT)
    hands.post("unplug", {"device": "scanner"})
    watched = watch(chromium, hands, viewport={"width": width, "height": 800}, color_scheme=theme)
    page = watched.page
    page.get_by_text("On the wire").click()
    page.wait_for_function("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    calm(page)
    hands.post("plug", {"device": "scanner"})
    watched.close()
    assert watched.faults == []
    assert watched.elsewhere == []
