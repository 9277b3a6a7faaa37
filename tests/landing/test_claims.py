"""A ticket that was sent as a link days before is drawn on the guest's phone and let in once, with no network."""

import csv
import json
import os
import random
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zxingcpp
from playwright.sync_api import Browser, Page

from appliance.domain import tokens
from tests.landing.conftest import EXAMPLES
from tests.portal.stall import Stall
from tests.watched import Watched, calm
from web.packs.claim import WORDS, source

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


@pytest.fixture
def script(chromium: Browser) -> Iterator[Page]:
    """The claim page's functions in a browser, without the page."""
    context = chromium.new_context()
    page = context.new_page()
    words = json.dumps({"en": dict(WORDS)})
    names = "{qrRows, claimText, claimBytes}"
    page.evaluate(
        f"(text) => {{ Object.assign(globalThis, new Function('document', text + '; return {names}')(undefined)); }}",
        source(words),
    )
    yield page
    context.close()


def read_rows(rows: list[list[int]]) -> str:
    """What a scanner reads in a code's modules."""
    modules = np.pad(np.array(rows, dtype=np.uint8), 4)
    image = np.kron((1 - modules) * 255, np.ones((4, 4), dtype=np.uint8)).astype(np.uint8)
    [found] = zxingcpp.read_barcodes(image)
    return str(found.text)


def test_a_scanner_reads_what_the_script_draws_in_every_size(script: Page) -> None:
    chance = random.Random(12)
    texts = ["".join(chance.choices(ALPHABET, k=length)) for length in (1, 2, *range(5, 1200, 17))]
    sizes = set()
    for text, rows in zip(texts, script.evaluate("(texts) => texts.map(qrRows)", texts), strict=True):
        assert read_rows(rows) == text
        sizes.add((len(rows) - 17) // 4)
    assert sizes == set(range(1, max(sizes) + 1))
    assert max(sizes) > 20
    assert script.evaluate("[qrRows('lower'), qrRows('A'.repeat(5000))]") == [None, None]


def test_the_script_says_a_token_as_the_box_does_and_takes_nothing_else(script: Page) -> None:
    chance = random.Random(13)
    for length in (2, 3, 90, 131, 680):
        raw = b"\xd2\x84" + chance.randbytes(length - 2)
        assert script.evaluate("(text) => claimText(claimBytes(text))", tokens.url_text(raw)) == tokens.text(raw)
    for bad in ("", "AoQ", "<script>", "a b", tokens.url_text(b"\xd2\x84" + bytes(679)), "%F0%9F", "gg=="):
        assert script.evaluate("claimBytes", bad) is None


@pytest.fixture(scope="module")
def links(stall: Stall, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Claim links as an organiser makes them."""
    out = tmp_path_factory.mktemp("claims") / "links.csv"
    base = "https://quay.example/drop"
    answer = stall.demo.command(
        "landing", "claims", "--list", "evening", "--count", "3", "--out", str(out), "--base", base
    )
    assert answer == {"issued": 3, "list": "evening", "file": str(out)}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["list"] for row in rows} == {"evening"}
    assert all(row["link"].startswith("https://quay.example/drop/claim/#") for row in rows)
    return [row["link"].partition("#")[2] for row in rows]


@pytest.fixture
def preview(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """`landing preview` of a folder that no box has."""
    argv = [sys.executable, "-m", "appliance.cli", "landing", "preview", str(EXAMPLES / "landing-market")]
    process = subprocess.Popen([*argv, "--data", str(tmp_path), "--json"], stdout=subprocess.PIPE, env={**os.environ})
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    process.stdout.close()
    assert process.wait(30) == 130


def _drawn(page: Page) -> str:
    """The code on the screen, as a camera sees it."""
    import cv2

    shot = np.frombuffer(page.locator("#code").screenshot(), dtype=np.uint8)
    [found] = zxingcpp.read_barcodes(cv2.imdecode(shot, cv2.IMREAD_GRAYSCALE))
    return str(found.text)


def test_a_claim_is_let_in_once_at_the_door_and_then_never(
    stall: Stall, chromium: Browser, preview: dict[str, Any], links: list[str]
) -> None:
    asked: list[str] = []
    watched = Watched(chromium, preview["url"].rstrip("/"), viewport={"width": 320, "height": 640})
    watched.page.on("request", lambda request: asked.append(request.url))
    watched.page.goto(f"{preview['url']}claim/#{links[0]}")
    watched.page.context.set_offline(True)
    code = _drawn(watched.page)
    calm(watched.page)
    watched.close()
    assert watched.faults == []
    assert watched.elsewhere == []
    assert not [url for url in asked if links[0] in url.partition("#")[0]]
    assert len(asked) == 1
    position = len(stall.demo.facts())
    stall.demo.bench("scan", {"code": code})
    [admitted] = stall.demo.wait_for_fact("ticket.admitted/1", after=position)
    assert admitted["data"]["list"] == "evening"
    status, again = stall.demo.call("POST", "/scans", {"code": code}, "again-1")
    assert (status, again["verdict"], again["reason"]) == (200, "refused", "already_used")
    forged = code[:-3] + ("AAA" if not code.endswith("AAA") else "BBB")
    status, other = stall.demo.call("POST", "/scans", {"code": forged}, "forged-1")
    assert other["verdict"] == "refused"


def test_the_box_draws_it_too_in_the_guests_language_by_day_and_by_night(
    stall: Stall, chromium: Browser, axe: str, links: list[str]
) -> None:
    for locale, words in (("de-DE", "Am Eingang vorzeigen"), ("en-GB", "Show this at the door")):
        for theme in ("light", "dark"):
            for width in (320, 390, 1280):
                watched = Watched(
                    chromium, stall.url, viewport={"width": width, "height": 800}, locale=locale, color_scheme=theme
                )
                watched.page.goto(f"{stall.url}/claim/#{links[1]}")
                assert words in watched.page.inner_text("main")
                assert _drawn(watched.page).startswith("BK1:")
                calm(watched.page)
                assert watched.page.evaluate(axe) == []
                watched.close()
                assert watched.faults == []
                assert watched.elsewhere == []


@pytest.mark.parametrize("hash_", ["", "#", "#x", "#<img src=x onerror=alert(1)>", "#" + "A" * 5000])
def test_an_address_without_a_ticket_says_so(stall: Stall, chromium: Browser, hash_: str) -> None:
    watched = Watched(chromium, stall.url)
    watched.page.goto(f"{stall.url}/claim{hash_}")
    assert watched.page.locator("#ticket").is_hidden()
    assert "Open the whole link" in watched.page.inner_text("main")
    watched.close()
    assert watched.faults == []


def test_a_link_opened_after_another_shows_its_own_ticket(stall: Stall, chromium: Browser, links: list[str]) -> None:
    watched = Watched(chromium, stall.url)
    watched.page.goto(f"{stall.url}/claim/#{links[1]}")
    first = _drawn(watched.page)
    watched.page.evaluate(f"location.hash = '{links[2]}'")
    watched.page.wait_for_function(
        "(before) => document.getElementById('modules').getAttribute('d') !== before", arg=""
    )
    assert _drawn(watched.page) == tokens.text(_bytes(links[2])) != first
    watched.close()


def _bytes(link: str) -> bytes:
    return tokens._unwrap(link)
