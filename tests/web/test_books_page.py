"""The books: their reports and files over HTTP, and their page in a real browser."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import pytest
from playwright.sync_api import Browser, Page, expect

from appliance.clock import FakeClock
from appliance.config import Config
from appliance.domain.reports import By
from appliance.private.secrets import Secrets
from appliance.services.context import box_id
from appliance.services.recorder.engine import Engine, Request
from tests.watched import calm
from tests.web.conftest import House, empty, new_house
from tests.web.tablet import Tablet
from web.till import hourplot

ITEMS: list[dict[str, Any]] = [
    {"sku": "COFFEE", "name": "=1+1 Coffee", "price": 350, "vat": "0.19", "kind": "unit", "category": "Drinks"},
    {"sku": "CAKE", "name": "<b>Cake</b> of the house with a long name", "price": 420, "vat": "0.07", "kind": "unit"},
    {"sku": "BEANS", "name": "Beans", "price": 2490, "vat": "0.07", "kind": "weight", "category": "Food"},
    {"sku": "CUP", "name": "Cup deposit", "price": 200, "vat": "0", "kind": "deposit", "category": "Deposit"},
]
EVENING = (2, 5, 9, 7, 0, 3)
"""Coffees of each hour."""


def evening(data: Path, config: Config) -> None:
    """An evening of six hours with a void, a refund and its Z; the next drawer is open."""
    empty(data, config)
    clock = FakeClock("2026-11-27T15:10:00.000Z")
    with closing(Secrets(data, clock)) as secrets:
        ada, ben = (f"staff:{one.id}" for one in sorted(secrets.staff(), key=lambda one: one.name))
    engine = Engine(data, config, clock, box_id(config, data))
    done = 0

    def ask(command: str, actor: str = ben, **asked: Any) -> dict[str, Any]:
        nonlocal done
        done += 1
        who = ("admin", "admin:test") if command.startswith(("event", "catalogue")) else ("staff", actor)
        reply = engine.execute([Request(who[0], f"e-{done}", command, who[1], asked)])[0]  # type: ignore[arg-type]
        assert reply["ok"], reply
        return dict(reply["answer"])

    def sell(*lines: dict[str, Any], **tender: Any) -> str:
        tenders = [{"kind": "cash", "amount": 10_000} | tender]
        return str(ask("sale.complete", lines=list(lines), tenders=tenders)["sale"])

    ask("event.create", name="Quay Yard Market", currency="EUR", timezone="Europe/Berlin", area_m2="12")
    ask("event.open")
    ask("catalogue.import", items=ITEMS)
    ask("drawer.open", float=10_000)
    for cups in EVENING:
        if cups:
            sell({"sku": "COFFEE", "qty": cups}, {"sku": "CUP", "qty": cups})
            kept = sell({"sku": "CAKE", "qty": cups}, kind="card", amount=420 * cups)
        clock.advance(3600)
    ask("sale.void", sale=sell({"sku": "BEANS", "grams": 250}), reason="wrong_item")
    sell({"sku": "BEANS", "grams": 137})
    ask("sale.refund", sale=kept, reason="faulty", restock=False, lines=[{"line": 1, "qty": 1}])
    ask("drawer.count", coins={"10000": 5})
    ask("drawer.close", reason="wrong_change")
    ask("drawer.open", float=5000)
    sell({"sku": "COFFEE", "qty": 1})
    ask("drawer.open", ada, float=0, name="T", training=True)
    trained = [{"sku": "CAKE", "qty": 9}]
    ask("sale.complete", ada, drawer="T", lines=trained, tenders=[{"kind": "cash", "amount": 9 * 420}])
    engine.close()


@pytest.fixture(scope="module")
def stall() -> Iterator[House]:
    yield from new_house(evening, ())


def test_every_report_is_answered_to_the_lead_alone(stall: House) -> None:
    ada = stall.client()
    totals = []
    for by in get_args(By):
        answer = ada.get(f"/reports/sales?by={by}")
        assert answer.status == 200
        totals.append(answer.json["total"])
        assert answer.json["rows"]
        real = [one for one in answer.json["zs"] + answer.json["open"] if not one.get("training")]
        turnover = sum(one["turnover"] for one in real)
        assert turnover == answer.json["total"]["gross"]
    assert all(total == totals[0] for total in totals)
    assert totals[0]["gross"] == sum(EVENING) * (350 + 200 + 420) + 341 - 420 + 350
    for path in ("/reports/sales?by=item", "/export/day.zip", "/export/day.ndjson"):
        assert stall.client("Ben").get(path).slug == "role"
    assert ada.get("/reports/sales").slug == "validation"
    assert ada.get("/reports/sales?by=weather").slug == "validation"
    assert ada.get("/reports/sales?by=item&event=ev-none").slug == "not-found"
    for none in ("yesterday", "", "20261127", "2026-W48-5", "2026-11-31"):
        assert ada.get(f"/export/day.zip?date={none}").slug == "validation"
        assert ada.get(f"/export/day.ndjson?date={none}").slug == "validation"


def test_the_files_are_named_and_hold_what_is_stored(stall: House) -> None:
    ada = stall.client()
    answer = ada.get("/export/day.zip")
    assert answer.headers["Content-Type"] == "application/zip"
    assert re.fullmatch(r'attachment; filename="boothkit-[a-z0-9-]+\.zip"', answer.headers["Content-Disposition"])
    with zipfile.ZipFile(io.BytesIO(answer.body)) as packed:
        assert "Z 1-1" in packed.read("README.txt").decode()
        assert '"\'=1+1 Coffee"' in packed.read("lines.csv").decode()
    lines = ada.get("/export/day.ndjson").body.splitlines()
    event = json.loads(lines[0])["event"]
    stored = [body for body in ada.get("/facts").body.splitlines() if json.loads(body)["event"] == event]
    assert lines == stored
    day = ada.get(f"/export/day.ndjson?event={event}&date=2026-11-27").body.splitlines()
    assert day == stored
    assert ada.get("/export/day.ndjson?date=2026-11-28").body == b""


def test_the_command_line_says_the_same(stall: House, tmp_path: Path) -> None:
    def boothkit(*words: str) -> str:
        argv = [sys.executable, "-m", "appliance.cli", "books", *words, "--data", str(stall.data)]
        env = {**os.environ, "BOOTHKIT_RUN": str(stall.run)}
        return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=True).stdout

    ada = stall.client()
    told = json.loads(boothkit("report", "--by", "hour", "--json"))
    assert told == ada.get("/reports/sales?by=hour").json
    table = boothkit("report", "--by", "tender").splitlines()
    assert [line.split()[0] for line in table] == ["tender", "cash", "card", "all"]
    files = json.loads(boothkit("export", "--out", str(tmp_path / "stick"), "--json"))["files"]
    assert Path(files[0]).read_bytes() == ada.get("/export/day.zip").body
    assert Path(files[1]).read_bytes() == ada.get("/export/day.ndjson").body


def test_the_lead_reads_the_books(stall: House, chromium: Browser, axe: str) -> None:
    tablet = Tablet(chromium, stall, viewport={"width": 1280, "height": 800})
    tablet.unlock("123456", "/lead")
    page = tablet.page
    page.get_by_role("link", name="See the books").click()
    expect(page.locator("h1")).to_have_text("Books")
    table = page.locator("table")
    expect(table).to_contain_text("=1+1 Coffee")
    expect(table).to_contain_text("<b>Cake</b> of the house")
    expect(page.locator("svg.plot rect")).to_have_count(6)
    expect(page.get_by_role("link", name="Z 1-1 · Drawer 1")).to_have_attribute("href", "/drawer/z/1-1")
    expect(page.locator("#main")).to_contain_text("Drawer 1 is open")
    expect(page.locator("li", has_text="Drawer T is open")).to_contain_text("Training: in no sum")
    for name, sees in (
        ("Cashier", "Ben"),
        ("Hour", "16:00"),
        ("VAT", "19"),
        ("Category", "Drinks"),
        ("Tender", "Cash"),
    ):
        page.get_by_label("Sales by").get_by_role("link", name=name).click()
        expect(table).to_contain_text(sees)
        expect(page.locator(".btn.signal")).to_have_count(1)
    for by in ("item", "hour"):
        page.goto(f"{stall.url}/books?by={by}")
        for width, height in ((320, 640), (390, 844), (820, 1180), (1280, 800)):
            page.set_viewport_size({"width": width, "height": height})
            calm(page)
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                assert page.evaluate(axe) == []
    _live(page, stall)
    with page.expect_download() as taken:
        page.get_by_role("link", name="Take the books as CSV").click()
    assert taken.value.suggested_filename.endswith(".zip")
    tablet.close()
    assert tablet.faults == []


def _live(page: Page, stall: House) -> None:
    """What is sold meanwhile comes by itself."""
    before = page.locator(".fig").nth(2).inner_text()
    assert stall.client("Ben").sell({"sku": "COFFEE", "qty": 1}, cash=350).status == 201
    expect(page.locator(".fig").nth(2)).not_to_have_text(before)


def test_a_box_without_an_event_says_what_will_be_there(empty_house: House, chromium: Browser) -> None:
    tablet = Tablet(chromium, empty_house)
    tablet.unlock("123456", "/books")
    expect(tablet.page.locator("#main")).to_contain_text("No event yet")
    assert empty_house.client().get("/reports/sales?by=item").slug == "not-found"
    assert empty_house.client().get("/export/day.zip").slug == "not-found"
    tablet.close()
    assert tablet.faults == []


def test_the_bars_stay_within_their_plot() -> None:
    def row(hour: int, gross: int) -> dict[str, Any]:
        return {"hour": f"2026-11-{23 + hour // 24:02}T{hour % 24:02}:00+01:00", "gross": gross}

    assert hourplot.hours([]) is None
    assert hourplot.hours([row(3, -5)]) is None
    assert hourplot.hours([row(3, 0), row(60, -5)]) is None
    for rows in ([row(3, 100)], [row(3, 100), row(9, -40)], [row(hour, hour % 7 * 10 + 1) for hour in range(90)]):
        plot = hourplot.hours(rows)
        assert plot is not None
        assert len(plot.bars) <= hourplot.MOST
        assert sum(bar.best for bar in plot.bars) == 1
        for bar in plot.bars:
            assert bar.x >= hourplot.LEFT
            assert bar.x + bar.width <= hourplot.RIGHT + 0.2
            assert bar.y >= hourplot.TOP - 0.1
            assert bar.y + bar.height <= hourplot.BOTTOM + 0.2
