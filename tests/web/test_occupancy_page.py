"""People inside on the screens: a crowd, a counter in doubt, a head count; and the same over HTTP."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.policies import TOML, put
from tests.web.conftest import TOML as HOUSE
from tests.web.conftest import House, new_house
from tests.web.tablet import Tablet

_ids = count(1)


@pytest.fixture
def ruled() -> Iterator[House]:
    """A box that takes central's policies."""
    yield from new_house(toml=HOUSE + TOML)


def tell(house: House, command: str, **data: Any) -> None:
    house.device.send(command, data, actor="device:footfall", id=f"occupancy-{next(_ids)}")


def cross(house: House, in_: int = 0, out: int = 0) -> None:
    data = {"in": in_, "out": out, "line": "footfall/door", "source": "camera"}
    tell(house, "crossings.count", **data, from_mono=1, to_mono=1)


def judge(house: House, verdict: str, *reasons: str) -> None:
    data = {"device": "footfall", "verdict": verdict, "reasons": list(reasons)}
    tell(house, "counter.judge", **data, hidden_permille=0, illegal_permille=None)


def test_the_lead_alone_counts_heads_over_http(ruled: House) -> None:
    cross(ruled, in_=9, out=2)
    ada, ben = ruled.client("Ada"), ruled.client("Ben")
    assert (ben.post("/occupancy", {"inside": 5}).status, ben.post("/occupancy", {"inside": 5}).slug) == (403, "role")
    answer = ada.post("/occupancy", {"inside": 5}, key="heads-1")
    assert (answer.status, answer.json["occupancy"], answer.json["drift"]) == (200, 5, 2)
    assert ada.post("/occupancy", {"inside": 5}, key="heads-1").json == answer.json
    assert ada.post("/occupancy", {"inside": 6}, key="heads-1").slug == "key-reused"
    assert len(ruled.facts("occupancy.corrected/1")) == 1
    without_key = ada.ask("POST", "/api/v1/occupancy", {"inside": 6})
    assert (without_key.status, without_key.json["drift"]) == (200, -1)
    for wrong in ({"inside": -1}, {"inside": "5"}, {"inside": 5, "outside": 1}, {}):
        assert ada.post("/occupancy", wrong).slug == "validation"
    seen = ada.get("/kpis").json["attendance"]
    assert (seen["in"], seen["out"], seen["occupancy"], seen["drift"], seen["source"]) == (9, 2, 6, -1, "camera")
    assert ruled.facts("occupancy.corrected/1")[-1]["data"]["by"]


def test_a_crowd_is_told_to_the_lead_and_the_door_with_what_to_do_until_heads_are_counted(
    ruled: House, chromium: Browser, axe: str
) -> None:
    put(ruled, occupancy={"alone": 4, "lead": 6})
    tablet = Tablet(chromium, ruled)
    tablet.unlock("123456", "/door")
    page = tablet.page
    expect(page.locator("#main")).not_to_contain_text("Too many people")
    cross(ruled, in_=7)
    expect(page.locator("#main")).to_contain_text("Too many people: 7 inside, 4 are allowed.")
    page.goto(f"{ruled.url}/lead")
    expect(page.locator("#main")).to_contain_text("Too many people: 7 inside, 4 are allowed.")
    assert page.evaluate(axe) == []
    (task,) = ruled.client().get("/tasks").json["tasks"]
    assert task["kind"] == "over-capacity"
    page.fill("[name=inside]", "3")
    page.get_by_role("button", name="Set right").click()
    expect(page.locator("#main")).to_contain_text("4 too many were counted")
    expect(page.locator("#main")).not_to_contain_text("Too many people")
    assert ruled.client().get("/tasks").json["tasks"] == []
    tablet.close()
    assert tablet.faults == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_counter_in_doubt_is_named_where_its_numbers_would_be(
    ruled: House, chromium: Browser, axe: str, language: str
) -> None:
    cross(ruled, in_=7)
    tell(ruled, "device.report", device="footfall", kind="footfall", state="online", reason="counting")
    for zone, seconds in (("footfall/bar", 130), ("footfall/a-very-long-name-12", 7200)):
        tell(ruled, "dwell.count", zone=zone, stays=2, seconds=seconds, longest=seconds, from_mono=1, to_mono=2)
    judge(ruled, "unsuitable", "too-close")
    tablet = Tablet(chromium, ruled, viewport={"width": 320, "height": 640}, locale=language)
    tablet.unlock("123456", "/lead")
    page, close = tablet.page, {"en": "people are too close", "de": "Die Leute sind zu nah"}[language]
    main = page.locator("#main")
    expect(main).to_contain_text(close)
    expect(main).to_contain_text({"en": "Not known", "de": "Nicht bekannt"}[language])
    expect(main).to_contain_text("footfall/bar")
    assert page.evaluate(axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.goto(f"{ruled.url}/door")
    expect(page.locator("#main")).to_contain_text(close)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    status = ruled.client().get("/status").json["devices"]["footfall"]
    assert (status["state"], status["reason"]) == (
        "online",
        "footfall cannot count this view: people are too close",
    )
    judge(ruled, "good")
    page.goto(f"{ruled.url}/door")
    expect(page.locator("#main")).not_to_contain_text(close)
    tablet.close()
    assert tablet.faults == []
