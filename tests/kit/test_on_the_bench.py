"""The kit check on a whole box, with hands on its emulated devices."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import wait_until
from tests.demo import Demo
from tests.watched import Watched

PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A whole box."""
    box = Demo(tmp_path_factory.mktemp("kit") / "box")
    box.start()
    box.login()
    yield box
    box.stop()


def step(demo: Demo, name: str, device: str = "") -> dict[str, Any]:
    """A step of the newest check as it is now."""
    found: dict[str, Any] = next(
        step for step in demo.get("/kit")["steps"] if (step["step"], step["device"]) == (name, device)
    )
    return found


def test_paper_that_runs_out_before_the_test_slip_is_seen_and_the_slip_comes_with_the_new_roll(demo: Demo) -> None:
    kit = demo.post("/kit/begin", {})["kit"]
    place = {"kit": kit, "step": "printer", "device": "printer"}
    demo.bench("printer", {"paper": "out"})
    wait_until(lambda: step(demo, "printer", "printer")["seen"]["trouble"], "the printer is seen to be without paper")
    before = len(demo.bench("printer/receipts"))
    demo.post("/kit/ask", place)
    assert "aper" in step(demo, "printer", "printer")["seen"]["trouble"]
    demo.bench("printer", {"paper": "ok"})
    wait_until(lambda: step(demo, "printer", "printer")["words"] == "The printer confirmed the slip.", "the slip")
    (slip,) = demo.bench("printer/receipts")[before:]
    assert slip["cut"]
    assert slip["qr"] == [demo.get("/kit")["code"]]
    assert "48 columns" in slip["text"]
    demo.post("/kit/check", {**place, "outcome": "passed"})
    assert step(demo, "printer", "printer")["answer"]["proof"] == "both"


def test_the_page_follows_the_hands_at_scanner_and_beam(demo: Demo, chromium: Browser) -> None:
    demo.post("/kit/begin", {})
    watched = Watched(chromium, demo.ready["staff"], viewport={"width": 390, "height": 844})
    page = watched.page
    try:
        assert page.request.post(f"{demo.ready['staff']}/api/v1/login", data={"pin": "222222"}).ok
        page.goto(f"{demo.ready['staff']}/kit?step=scanner&device=scanner-door")
        demo.bench("scan", {"code": demo.get("/kit")["code"]})
        expect(page.locator("#now")).to_have_text("Scanner door works", timeout=PATIENCE_MS)
        page.goto(f"{demo.ready['staff']}/kit?step=footfall&device=footfall")
        demo.bench("beam", {"direction": "in", "people": 1})
        expect(page.locator("#now")).to_have_text("Footfall works", timeout=PATIENCE_MS)
        assert watched.faults == []
        assert watched.elsewhere == []
    finally:
        watched.close()


def test_a_code_of_no_check_is_refused_at_the_door(demo: Demo) -> None:
    before = len(demo.facts())  # positions have no gaps
    demo.bench("scan", {"code": "BOOTHKIT-KIT-0000000X"})
    demo.post("/kit/begin", {})
    demo.bench("scan", {"code": demo.get("/kit")["code"]})
    (heard,) = demo.wait_for_fact("kit.heard/1", after=before)
    assert heard["data"]["device"] == "scanner-door"
