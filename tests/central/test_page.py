"""The page of boxes, in words and in a real browser."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from appliance.central.service import Received
from appliance.log import get
from tests.central.bodies import after, batch, body, journal
from tests.central.conftest import BOX, Inside
from tests.watched import calm
from web.central.app import create_app
from web.central.page import shown
from web.common.serving import Server

TWENTY = journal(20)
NO_SALES = {"attendance": {"in": 0, "out": 0, "source": None}, "sales": {"count": 0, "gross": 0, "currency": None}}


@pytest.fixture
def url(inside: Inside) -> Iterator[str]:
    """A page with a box that is well, one that fell back, and one that nobody enrolled."""
    power = {"soc_permille": 764, "mv": 12900, "ma": -400, "pv_mw": None, "load_mw": None}
    inside.take(batch(TWENTY), batch(after(2, TWENTY[:15], 100), shift=15))
    inside.take(batch([body(4, "power.sampled/1", power, log=2, mono=110)], shift=15))
    event = {"event": "ev1", "name": "Abendmarkt", "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "12"}
    inside.take(batch([body(5, "event.created/1", event, log=2, mono=111)], shift=15))
    inside.take(Received(BOX.topic("status"), json.dumps({"online": True, "position": 25, "event": "ev1"}).encode()))
    inside.take(Received("boothkit/1/cell/box-8/status", b'{"online":true}'))
    inside.now_ms += 90_000
    server = Server(create_app(inside.view, lambda: inside.now_ms), "127.0.0.1", 0, threads=2, log=get("test"))
    yield server.url
    server.stop()


@pytest.mark.parametrize("size", [(320, 640), (390, 844), (1280, 800)])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("dsn", ["sqlite"], indirect=True)
def test_the_page_fits_asks_nobody_else_and_pleases_the_browser(
    url: str, chromium: Browser, axe: str, size: tuple[int, int], theme: Any
) -> None:
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
    page = context.new_page()
    elsewhere: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda asked: elsewhere.append(asked.url) if not asked.url.startswith(url) else None)
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.goto(url)
    words = page.inner_text("main").replace("\N{NO-BREAK SPACE}", " ")
    for word in ("Two boxes need you", "Abendmarkt", "20 of 25", "76 %", "Orphaned branch", "Unknown box", "1 min ago"):
        assert word in words
    calm(page)
    violations = page.evaluate(axe)
    context.close()
    assert (violations, elsewhere, complaints) == ([], [], [])


def test_a_central_without_boxes_says_how_one_appears(inside: Inside) -> None:
    web = create_app(inside.view, lambda: inside.now_ms).test_client()
    answer = web.get("/")
    page = answer.get_data(as_text=True)
    assert "No box has been heard yet" in page
    assert "central enrol" in page
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert "style=" not in page
    assert "<script" not in page


def test_boxes_that_need_somebody_come_first_and_numbers_have_their_words() -> None:
    box = {"cell": "c", "log": 1, "event": "", "event_name": "", "online": True, "safe": 1200, "position": 2400}
    boxes = [
        {**box, "box": "a", "age_s": 4, "soc_permille": None},
        {**box, "box": "b", "age_s": 7300, "soc_permille": 995},
    ]
    seen = shown(boxes, [{"cell": "c", "box": "b", "kind": "gap"}], NO_SALES, 1_795_456_810_000)
    assert [row["box"] for row in seen["rows"]] == ["b", "a"]
    first, second = seen["rows"]
    assert (first["safe"], first["position"], first["bar"]) == ("1,200", "2,400", 48)
    assert (first["heard"], first["battery"], first["alarms"]) == (
        "2\N{NO-BREAK SPACE}h ago",
        "100\N{NO-BREAK SPACE}%",
        ["Gap"],
    )
    assert (second["heard"], second["battery"], second["alarms"]) == ("4\N{NO-BREAK SPACE}s ago", "Not known", [])
    assert (seen["title"], seen["heard"], seen["waiting"]) == ("One box needs you", 1, "2,400")
