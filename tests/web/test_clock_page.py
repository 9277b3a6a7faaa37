"""The clock on the staff's side: who may set it, what is asked twice, and what the page says when it cannot be set.

A real steward answers, whose setter writes down what it was to set: the machine's clock stays as it is.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from appliance.clock import LATEST_MS, rfc3339, system_clock
from appliance.journal.read import Reader
from appliance.services.run import Loop
from appliance.services.steward import CAP_SYS_TIME, Steward, has_capability
from appliance.services.verbs import user_name
from tests.watched import calm
from tests.web.conftest import TOML, House, demo, new_house
from tests.web.tablet import Tablet
from web.common.language import COOKIE

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
ME = (user_name(os.geteuid()),)
needs_right = pytest.mark.skipif(not has_capability(CAP_SYS_TIME), reason="a steward without CAP_SYS_TIME refuses all")


@pytest.fixture(scope="module")
def untimed() -> Iterator[House]:
    """A box that asks its own kernel how far to trust the clock."""
    yield from new_house(demo.prepare, demo.ITEMS, TOML.replace("rtc", "auto"))


@pytest.fixture(scope="module")
def tablet(untimed: House, chromium: Browser) -> Iterator[Tablet]:
    """The lead's phone."""
    one = Tablet(chromium, untimed, viewport={"width": 390, "height": 844})
    one.unlock("123456", "/box/clock")
    yield one
    one.close()
    assert one.elsewhere == []


@contextmanager
def steward(house: House, users: tuple[str, ...] = ME) -> Iterator[list[int]]:
    """A steward of this house; what it was to set the clock to."""
    set_to: list[int] = []
    loop, reader = Loop("steward"), Reader(house.data)

    def no_update(name: str) -> Any:
        raise AssertionError(name)

    clock = system_clock("auto", house.run)
    one = Steward(loop, house.run, reader, clock, {"clock.set": users}, no_update, list, set_to.append)

    def end() -> None:
        one.close()
        loop.stop()

    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        yield set_to
    finally:
        loop.call_soon_threadsafe(end)
        thread.join()
        reader.close()


def now_ms() -> int:
    return system_clock("rtc")().wall_ms


def test_anybody_may_look_and_only_a_lead_may_set_it(untimed: House) -> None:
    ada, ben = untimed.client(), untimed.client("Ben")
    said = ben.get("/clock").json
    assert said.keys() == {"unix_ms", "at", "trust"}
    assert said["at"] == rfc3339(said["unix_ms"])
    with steward(untimed) as set_to:
        assert ben.post("/clock", {"unix_ms": now_ms()}).slug == "role"
        for body in ({}, {"unix_ms": "1"}, {"unix_ms": 0}, {"unix_ms": LATEST_MS + 1}, {"unix_ms": True}):
            assert ada.post("/clock", body).slug == "validation"
        assert ada.post("/clock", {"unix_ms": now_ms(), "sure": 1}).slug == "validation"
        assert ada.post("/clock", {"unix_ms": now_ms(), "by": 1}).slug == "validation"
        assert set_to == []
    assert untimed.client("Ben").ask("GET", "/box/clock").status == 403


@needs_right
def test_a_lead_sets_it_and_what_is_far_is_asked_twice(untimed: House) -> None:
    ada = untimed.client()
    with steward(untimed) as set_to:
        far, near = now_ms() + 2 * DAY_MS, now_ms() + HOUR_MS
        asked = ada.post("/clock", {"unix_ms": far})
        assert (asked.status, asked.slug) == (409, "clock-jump")
        assert abs(asked.json["by_ms"] - 2 * DAY_MS) < 60_000
        before = ada.post("/clock", {"unix_ms": now_ms() - DAY_MS + HOUR_MS, "sure": True})
        assert (before.status, before.slug) == (409, "clock-before")
        assert set_to == []
        assert abs(ada.post("/clock", {"unix_ms": near}).json["by_ms"] - HOUR_MS) < 60_000
        assert ada.post("/clock", {"unix_ms": far, "sure": True}).status == 200
        assert set_to == [near, far]


def test_where_the_clock_is_not_the_boxs_it_says_so(untimed: House, tablet: Tablet) -> None:
    ada = untimed.client()
    assert ada.post("/clock", {"unix_ms": now_ms()}).slug == "busy"
    with steward(untimed, ()):
        assert ada.post("/clock", {"unix_ms": now_ms()}).slug == "not-privileged"
        page = fresh(tablet)
        page.click("#set")
        expect(page.locator("#fault")).to_contain_text("Set it in the settings of this computer")
        calm(page)


def fresh(tablet: Tablet, ahead_ms: int = 0) -> Page:
    """The page of the clock on a device whose own clock is ``ahead_ms`` ahead."""
    page = tablet.page
    page.goto("about:blank")
    page.clock.set_fixed_time(rfc3339(now_ms() + ahead_ms))
    page.goto(f"{tablet.house.url}/box/clock")
    expect(page.locator("#apart")).not_to_be_empty()
    return page


@needs_right
def test_the_page_shows_both_and_sets_one_by_the_other(untimed: House, tablet: Tablet) -> None:
    kept = untimed.client().get("/clock").json["trust"] == "ntp"
    with steward(untimed) as set_to:
        page = fresh(tablet)
        calm(page)
        expect(page.locator(".signal:visible")).to_have_count(0 if kept else 1)
        expect(page.locator("#tags a", has_text="Set the clock")).to_have_count(0 if kept else 1)
        page.click("#set")
        expect(page.locator("h1")).to_have_text("Set by the network" if kept else "Set from a phone")
        assert len(set_to) == 1
        expect(page.locator("#tags a", has_text="Set the clock")).to_have_count(0)


@needs_right
def test_a_device_that_is_days_ahead_is_asked_and_one_that_is_behind_is_told_why_not(
    untimed: House, tablet: Tablet
) -> None:
    with steward(untimed) as set_to:
        page = fresh(tablet, 3 * DAY_MS + HOUR_MS)
        expect(page.locator("#apart")).to_have_text("The box is 3 days behind.")
        page.click("#set")
        expect(page.locator("#sure-h")).to_be_focused()
        expect(page.locator(".signal:visible")).to_have_count(1)
        calm(page)
        page.click("#sure-no")
        assert set_to == []
        page.click("#set")
        page.click("#sure-yes")
        expect(page.locator("#sure")).to_be_hidden()
        assert len(set_to) == 1
        page = fresh(tablet, -5 * HOUR_MS)
        expect(page.locator("#apart")).to_contain_text("ahead")
        page.click("#set")
        expect(page.locator("#fault")).to_contain_text("cannot go back")
        assert len(set_to) == 1


def test_the_page_speaks_german(tablet: Tablet) -> None:
    page = tablet.page
    page.context.add_cookies([{"name": COOKIE, "value": "de", "url": tablet.house.url}])
    fresh(tablet, 3 * DAY_MS + HOUR_MS)
    expect(page.locator("#apart")).to_have_text("Die Box geht 3 Tage nach.")
    expect(page.locator("#set")).to_have_text("Nach diesem Gerät stellen")
    page.context.clear_cookies(name=COOKIE)
