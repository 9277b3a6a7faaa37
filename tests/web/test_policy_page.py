"""Promises of the policy's page and of its calls: the lead sees what holds, what would change, and why not."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from appliance import demo
from appliance.files.bundle import LONGEST, Bundle
from appliance.journal.notes import Signer
from tests.watched import calm
from tests.web.conftest import TOML, Client, House
from tests.web.tablet import Tablet

CENTRAL = Signer("boothkit/central", bytes(range(32, 64)))
FORGER = Signer("boothkit/central", bytes(32))
_KEYED = f'{TOML}\n[box]\ncell = "quay"\n[central]\nkey = "{CENTRAL.verifier.vkey()}"\n'


def note(version: int, share: str = "0.10", *, signer: Signer = CENTRAL, **more: Any) -> bytes:
    """A policy with a limit for discounts."""
    said = {"scope": "quay", "expires": "2099-12-24T18:00:00Z", **more}
    data = {"guardrails": {"discount": {"alone": share, "lead": "0.30"}, "offer": {"floors": {"COFFEE": 300}}}}
    return signer.sign(Bundle(kind="policy", version=version, data=data, **said).text()).encode()


@pytest.fixture(scope="module")
def keyed() -> Iterator[House]:
    """A box that knows central's key. Versions rise through the module's tests."""
    folder = Path(tempfile.mkdtemp(prefix="bk-", dir="/tmp"))
    house = None
    try:
        house = House(folder, demo.prepare, demo.ITEMS, _KEYED)
        (house.run / "stick").mkdir()
        yield house
    finally:
        if house is not None:
            house.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def tablet(keyed: House, chromium: Browser) -> Iterator[Tablet]:
    """One for all; the lead is signed in."""
    one = Tablet(chromium, keyed)
    one.unlock("123456", "/policy")
    yield one
    one.close()
    assert one.faults == []
    assert one.elsewhere == []


def stick(house: House) -> Path:
    """An empty one, plugged in."""
    folder = house.run / "stick"
    for path in folder.iterdir():
        path.unlink()
    return folder


def stop_looking(tablet: Tablet) -> None:
    """What the page shows stays as it is now, as between two looks.

    The page looks at one thing at a time: once it was answered from here, no look of before is on its way any more.
    """
    html = tablet.page.request.get(f"{tablet.house.url}/policy/now").text()
    kept = {"body": html, "content_type": "text/html", "headers": {"X-Kept": "1"}}
    tablet.page.route("**/policy/now", lambda route: route.fulfill(**kept))
    with tablet.page.expect_response(lambda answer: answer.headers.get("x-kept") == "1"):
        tablet.page.evaluate("document.dispatchEvent(new Event('boothkit:renew'))")


def everybody_can_use(tablet: Tablet, axe: str) -> None:
    """On a desk and on the smallest phone, by day and by night."""
    page = tablet.page
    for size in ({"width": 1280, "height": 800}, {"width": 320, "height": 640}):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        calm(page)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            assert page.evaluate(axe) == []


def upload(tablet: Tablet, raw: bytes) -> None:
    """Choose a file and ask what it would change."""
    tablet.page.goto(f"{tablet.house.url}/policy")
    tablet.page.set_input_files("[name=file]", {"name": "quay.note", "mimeType": "text/plain", "buffer": raw})
    tablet.page.click("text=See what would change")


def test_a_file_shows_what_would_change_and_is_in_force_when_the_lead_says_so(
    keyed: House, tablet: Tablet, axe: str
) -> None:
    page, main = tablet.page, tablet.page.locator("main")
    page.goto(f"{keyed.url}/policy")
    expect(page.locator("h1")).to_have_text("No policy yet")
    upload(tablet, note(11))
    expect(page.locator("#up")).to_have_text("Policy 11 is here")
    expect(main).to_contain_text("Discount: up to 20 % → up to 10 %")
    expect(main).to_contain_text("Floor: Coffee: no rule → €3.00")
    assert keyed.client().get("/status").json["policy"] is None
    everybody_can_use(tablet, axe)
    page.click("text=Apply policy 11")
    expect(page.locator("h1")).to_have_text(re.compile(r"^Policy 11, from \d\d:\d\d$"))
    expect(page.locator(".note.go")).to_contain_text("11 applied")
    expect(page.locator("ol.list li").first).to_contain_text("First policy of this box.")
    status = keyed.client().get("/status").json["policy"]
    assert (status["version"], status["scope"], status["expired"]) == (11, "quay", False)
    for path, where in (("/lead", "main"), ("/box", "main")):
        page.goto(f"{keyed.url}{path}")
        expect(page.locator(where)).to_contain_text(re.compile(r"Policy 11, from \d\d:\d\d"))


def test_what_is_refused_changes_nothing_and_the_page_says_why(keyed: House, tablet: Tablet) -> None:
    before = keyed.client().get("/policy").json
    for raw, says in (
        (note(10), "10 refused. Older than 11, which was in force. Policy 11 stayed as it was."),
        (note(12, signer=FORGER), "Refused. Central did not sign it. Policy 11"),
        (note(12, expires="2020-01-01T00:00:00Z"), "12 refused. It had ended."),
        (note(12, scope="pier"), "12 refused. It is meant for pier."),
        (note(12)[:-40], "Refused. The file was not whole"),
        (b"x" * (LONGEST + 1), "It is larger than a policy may be."),
    ):
        upload(tablet, raw)
        expect(tablet.page.locator(".note.stop")).to_contain_text(says)
    calm(tablet.page)
    upload(tablet, note(11))
    expect(tablet.page.locator(".note.go")).to_contain_text("in force already")
    after = keyed.client().get("/policy").json
    assert (after["policy"], after["guardrails"]) == (before["policy"], before["guardrails"])
    assert [seen["reason"] for seen in after["history"]][:6] == [
        *("too-large", "unreadable", "scope", "expired", "bad-signature", "older")
    ]


def test_a_stick_offers_the_newest_by_itself_and_what_is_cut_off_is_refused(
    keyed: House, tablet: Tablet, axe: str
) -> None:
    page, folder = tablet.page, stick(keyed)
    page.goto(f"{keyed.url}/policy")
    expect(page.locator("#stick")).to_have_count(0)
    whole = note(13, "0.05")
    (folder / "twelve.note").write_bytes(note(12))
    (folder / "thirteen.note").write_bytes(whole)
    (folder / "half.note").write_bytes(whole[:100])
    expect(page.locator("#st")).to_have_text("Policy 13 is here", timeout=20_000)
    expect(page.locator("main")).to_contain_text("half.note")
    everybody_can_use(tablet, axe)
    stop_looking(tablet)
    (folder / "thirteen.note").write_bytes(whole[: len(whole) // 2])  # pulled in the middle
    page.click("text=Apply policy 13")
    page.unroute("**/policy/now")
    expect(page.locator(".note.stop")).to_contain_text("The file was not whole")
    expect(page.locator("h1")).to_have_text(re.compile("^Policy 11"))
    (folder / "thirteen.note").write_bytes(whole)
    page.goto(f"{keyed.url}/policy")
    page.locator("text=Apply policy 13").dblclick()
    expect(page.locator("h1")).to_have_text(re.compile("^Policy 13"))
    applied = [fact["data"] for fact in keyed.facts("policy.applied/1")]
    assert [(fact["version"], fact["source"]) for fact in applied] == [(11, "upload"), (13, "stick")]


def test_a_stick_that_is_pulled_between_two_steps_or_shows_another_file_changes_nothing(
    keyed: House, tablet: Tablet
) -> None:
    page, folder = tablet.page, stick(keyed)
    (folder / "a.note").write_bytes(note(14))
    page.goto(f"{keyed.url}/policy")
    stop_looking(tablet)
    (folder / "a.note").write_bytes(note(15))
    page.click("text=Apply policy 14")
    expect(page.locator(".note.stop")).to_contain_text("another one by now")
    (folder / "a.note").unlink()
    page.click("text=Apply policy 1")
    expect(page.locator(".note.stop")).to_contain_text("The stick is not there any more.")
    page.unroute("**/policy/now")
    tablet.faults[:] = [fault for fault in tablet.faults if "409" not in fault]
    (folder / "b.note").symlink_to("/etc/passwd")
    page.goto(f"{keyed.url}/policy")
    expect(page.locator("main")).not_to_contain_text("b.note")
    assert keyed.client().get("/policy").json["policy"]["version"] == 13


def test_the_page_speaks_german(keyed: House, tablet: Tablet) -> None:
    german = {"Accept-Language": "de"}
    html = tablet.page.request.get(f"{keyed.url}/policy/now", headers=german).text()
    assert re.search(r"Richtlinie 13, seit \d\d:\d\d", html)
    assert "älter als" in html or "Älter als 11, die galt." in html
    assert "bis 5\N{NO-BREAK SPACE}%" in html
    for english in ("Guardrails", "refused", "up to", "With the lead"):
        assert english not in html


def test_a_script_of_the_lead_applies_a_note_and_others_may_not(keyed: House) -> None:
    lead = keyed.client()
    applied = lead.post("/policy", {"note": note(16).decode()}, key="sixteen")
    assert (applied.status, applied.json["applied"], applied.json["version"]) == (200, True, 16)
    assert lead.post("/policy", {"note": note(16).decode()}, key="sixteen").json == applied.json
    assert lead.post("/policy", {"note": note(17).decode()}, key="sixteen").slug == "key-reused"
    refused = lead.post("/policy", {"note": note(15).decode()}).json
    assert (refused["applied"], refused["reason"], refused["present"]) == (False, "older", 16)
    assert lead.post("/policy", {"note": "x" * (3 * LONGEST)}).slug == "too-large"
    assert lead.post("/policy", {"note": 5}).slug == "validation"
    assert lead.post("/policy", {"note": "", "more": 1}).slug == "validation"
    assert keyed.client("Ben").post("/policy", {"note": note(17).decode()}).slug == "role"
    assert keyed.client("Ben").get("/policy").slug == "role"
    assert Client(keyed.url).ask("GET", "/api/v1/policy").slug == "signed-out"
