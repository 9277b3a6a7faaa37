"""/verify as people use it: served by a box over plain http, and as a saved copy opened from a file."""

import base64
import gzip
import hashlib
import re
from html import unescape
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.portal.stall import CENTRAL, Stall, token_of
from tests.verify.paper import WHEN, Log
from tests.watched import Watched, calm

PRINT = CENTRAL.verifier.fingerprint
LOG = Log()


@pytest.fixture(scope="module")
def links(stall: Stall) -> dict[str, str]:
    """What the receipt's own page hands to the check: promised, proved, and proved with central's witness."""
    found = {}

    def link(sale: dict[str, str]) -> str:
        [href] = re.findall(r'href="(/verify#[^"]+)"', stall.get(f"/r/{token_of(sale)}").text)
        return unescape(href)

    witnessed = stall.sell({"sku": "COFFEE", "qty": 2})
    stall.checkpoint()
    note = stall.get(f"/r/{token_of(witnessed)}/proof").text.partition("\n\n")[2]
    stall.uplink.send("checkpoint.cosign", {"note": CENTRAL.cosign(note, WHEN)}, actor="box:uplink", id="witness-1")
    found["witnessed"] = link(witnessed)
    proved = stall.sell()
    stall.checkpoint()
    found["proved"] = link(proved)
    found["promised"] = link(stall.sell())
    return found


@pytest.fixture(scope="module")
def copy(stall: Stall, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page as a visitor saves it."""
    path: Path = tmp_path_factory.mktemp("kept") / "check-a-receipt.html"
    path.write_bytes(stall.get("/verify").body)
    return path


def result(page: Page) -> str:
    return " ".join(page.inner_text("#result").split())


def check(page: Page, receipt: str, trust: str = "") -> str:
    page.fill("#receipt", receipt)
    page.fill("#trust", trust)
    page.click("text=Check it")
    return result(page)


def test_the_page_is_one_file_that_may_ask_nobody_and_is_the_same_for_everybody(stall: Stall) -> None:
    plain, packed = stall.get("/verify"), stall.get("/verify", Accept_Encoding="gzip")
    assert plain.status == packed.status == 200
    assert len(packed.body) < 20_000 < len(plain.body) < 60_000
    assert plain.body == stall.get("/verify?x=1").body
    for answer, how in ((plain, {}), (packed, {"Accept_Encoding": "gzip"})):
        assert stall.get("/verify", If_None_Match=answer.headers["ETag"], **how).status == 304
    assert gzip.decompress(packed.body) == plain.body
    policy = plain.headers["Content-Security-Policy"]
    for name in ("script", "style"):
        [inner] = re.findall(rf"<{name}>(.*?)</{name}>", plain.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    own, also = policy.split("; frame-ancestors")
    assert also == " 'none'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{own}">' in plain.text
    assert "crypto.subtle" not in plain.text
    assert not re.search(r"https?://", plain.text)


def test_what_we_wrote_for_it_is_small() -> None:
    folder = Path(__file__).parents[2] / "web" / "portal" / "templates"
    parts = [folder / "verify.html", *(folder / "verify").iterdir()]
    assert sum(path.stat().st_size for path in parts) < 34_000


@pytest.mark.parametrize("size", [(320, 640), (390, 844), (1280, 800)])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_state_fits_asks_nobody_and_pleases_the_browser(
    stall: Stall, chromium: Browser, axe: str, links: dict[str, str], size: tuple[int, int], theme: str
) -> None:
    viewport = {"width": size[0], "height": size[1]}
    watched = Watched(chromium, f"{stall.url}/verify", viewport=viewport, color_scheme=theme)
    page = watched.page
    violations = []
    for link, trust, word in (
        ("/verify", None, "Check a receipt"),
        (links["witnessed"], None, "Whose key?"),
        (links["witnessed"], PRINT, "Proved"),
        (links["promised"], (stall.demo.data / "keys" / "box.pub").read_text(), "Promised"),
        (links["promised"], "poster", "Not valid"),
    ):
        page.goto("about:blank")
        page.goto(stall.url + link)
        if trust is not None:
            page.fill("#trust", trust)
            page.click("text=Check it")
        assert word in page.inner_text("main")
        calm(page)
        violations += [f"{word}: {violation}" for violation in page.evaluate(axe)]
    asked = [url for url in watched.elsewhere if not url.startswith((f"{stall.url}/verify", "about:", "data:"))]
    faults = watched.faults
    watched.close()
    assert violations == []
    assert asked == []
    assert faults == []


def test_a_guest_compares_the_poster_once_and_reads_what_was_proved(
    stall: Stall, chromium: Browser, links: dict[str, str]
) -> None:
    watched = Watched(chromium, stall.url)
    page = watched.page
    page.goto(stall.url + links["witnessed"])
    assert page.inner_text("#headline") == "Whose key?"
    assert page.inner_text("#print") == PRINT
    assert "anybody can make a key" in result(page)
    page.click("text=The poster says the same")
    said = result(page)
    assert page.inner_text("#headline") == "Proved"
    assert page.input_value("#trust") == PRINT
    for words in ("RECEIPT 1-1", "€7.00", "boothkit/central, 2026-11-23 20:00 UTC", "stands in the first fact"):
        assert words in said
    assert page.evaluate("getComputedStyle(document.getElementById('headline')).color") == "rgb(10, 102, 64)"
    with page.expect_download() as saved:
        page.click("text=Keep what was checked")
    assert saved.value.suggested_filename == "receipt-1-1.txt"
    kept = saved.value.path().read_text()
    assert kept.count("c2sp.org/tlog-proof@v1") == 2
    watched.close()


def test_a_link_never_says_whom_to_trust(stall: Stall, chromium: Browser, links: dict[str, str]) -> None:
    watched = Watched(chromium, stall.url)
    page = watched.page
    for link in ("proved", "promised"):
        page.goto(stall.url + links[link])
        assert page.inner_text("#headline") == "Whose key?"
    page.fill("#trust", "\n".join([PRINT, (stall.demo.data / "keys" / "box.pub").read_text()]))
    page.click("text=Check it")
    assert page.inner_text("#headline") == "Promised"
    page.evaluate("(hash) => { location.hash = hash }", links["proved"].partition("#")[2])
    page.wait_for_function("document.getElementById('headline').textContent === 'Whose key?'")
    assert page.input_value("#trust") == ""
    watched.close()


def test_the_saved_copy_is_the_served_page_and_proves_without_any_net(
    stall: Stall, chromium: Browser, links: dict[str, str], copy: Path, tmp_path: Path
) -> None:
    watched = Watched(chromium, stall.url)
    page = watched.page
    page.goto(f"{stall.url}/verify")
    with page.expect_download() as saved:
        page.click("text=Keep this page")
    assert saved.value.suggested_filename == copy.name
    assert saved.value.path().read_bytes() == copy.read_bytes()
    watched.close()

    alone = Watched(chromium, "file://", offline=True)
    page = alone.page
    page.goto(copy.as_uri() + "#" + links["witnessed"].partition("#")[2])
    assert page.inner_text("#headline") == "Whose key?"
    page.fill("#trust", PRINT)
    page.click("text=Check it")
    assert page.inner_text("#headline") == "Proved"
    assert not page.is_visible("text=Keep this page")
    kept = tmp_path / "kept.tlog-proof"
    kept.write_text(LOG.proof(3, CENTRAL))
    page.fill("#trust", LOG.vkey)
    page.set_input_files("#file", kept)
    page.wait_for_function("document.getElementById('which').textContent === 'Receipt 1-2'")
    assert page.inner_text("#headline") == "Proved"
    for receipt, headline, words in (
        (LOG.code(), "Promised", "signed it"),
        (f"http://10.77.0.1/r/{LOG.code()}", "Promised", "€4.51"),
        (LOG.proof(4), "Proved", "fact 4 of the 9"),
        (LOG.code()[:-5], "Not valid", "not a whole receipt"),
        (LOG.code(3) + "\n" + LOG.proof(4, extra=b""), "Not valid", "about fact 4; this receipt is fact 3"),
        (Log(box="box-9").code(), "Not valid", "boothkit/box-9/1"),
    ):
        said = check(page, receipt, LOG.vkey)
        assert page.inner_text("#headline") == headline
        assert words in said
    assert alone.elsewhere == []
    assert alone.faults == []
    alone.close()


def test_hostile_text_in_a_link_is_shown_as_text_or_not_at_all(stall: Stall, chromium: Browser) -> None:
    watched = Watched(chromium, f"{stall.url}/verify")
    page = watched.page
    page.goto(f"{stall.url}/verify#check=%E0%A4%A")
    assert page.inner_text("#headline") == "Not valid"
    forger = Log(box="<img>", seed=bytes(32))
    forger.bodies[2]["data"] |= {"number": "<b>1</b>", "currency": "<i>EUR</i>", "sale": "<script>alert(1)</script>"}
    said = check(page, forger.code(), forger.vkey)
    assert page.inner_text("#headline") == "Promised"
    assert "<script>alert(1)</script>" in said
    assert "451 <i>EUR</i>" in said
    assert page.locator("#result b, #result i, #result img, #result script").count() <= 2  # our own two bold words
    watched.close()


def test_without_scripts_the_page_says_so(stall: Stall, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{stall.url}/verify")
    assert "scripts are switched off" in page.inner_text("main")
    assert not page.is_visible("form")
    context.close()


def test_every_page_of_the_portal_leads_there(stall: Stall, links: dict[str, str]) -> None:
    for path in ("/", "/privacy", "/r/nothing"):
        assert 'href="/verify"' in stall.get(path).text
    assert all(len(link) < 8000 for link in links.values())
