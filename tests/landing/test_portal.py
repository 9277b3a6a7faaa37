"""The event's own page on the box: as it was imported, in the guest's language, cleared by central or marked."""

import gzip
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from appliance.files import policy as policyfile
from appliance.files.bundle import Bundle
from appliance.files.landing import store
from appliance.files.landing.folder import read
from appliance.files.landing.source import compile_page
from appliance.journal.client import RecorderClient
from tests.landing.conftest import EXAMPLES
from tests.portal.stall import CENTRAL, Stall, ask
from tests.watched import Watched, calm
from web.packs.export import MOST

FIRST_FLIGHT = 14_600
"""Bytes that a server may send before it has heard from the phone again (RFC 6928): ten segments."""
_versions = count(1)


class Shown:
    """A box whose page a test changes."""

    def __init__(self, stall: Stall) -> None:
        self.stall, self.demo = stall, stall.demo
        self.folder = self.demo.data / store.FOLDER
        self.admin = RecorderClient(Path(self.demo.ready["run"]), "admin")

    def put(self, folder: Path) -> str:
        """Import it as a person does; its digest."""
        digest: str = self.demo.command("landing", "import", str(folder))["digest"]
        return digest

    def clear(self, *digests: str, **more: Any) -> int:
        """A policy of central's that clears these pages; its version."""
        said = [{"digest": digest, "by": "Signal team", **more} for digest in digests]
        version = next(_versions)
        bundle = Bundle(
            kind="policy", version=version, scope="*", expires="2099-01-01T00:00:00Z", data={"clearances": said}
        )
        note = CENTRAL.sign(bundle.text()).encode()
        answer = self.admin.send(
            "policy.apply", policyfile.asked(note, "command"), actor="admin:test", id=f"policy-{version}"
        ).answer
        assert answer["applied"], answer
        return version

    def page(self, path: str = "/", **headers: str) -> str:
        """What a phone gets."""
        return self.stall.get(path, **headers).text


@pytest.fixture
def shown(stall: Stall) -> Iterator[Shown]:
    """A box with its plain page."""
    one = Shown(stall)
    yield one
    one.admin.close()
    if one.folder.exists():
        store.remove(one.folder)


def example(name: str) -> Path:
    return EXAMPLES / f"landing-{name}"


def test_without_a_folder_guests_see_the_events_name_and_what_is_sold(shown: Shown) -> None:
    page = shown.page()
    for words in ("Quay Yard Market", "Open now", "Coffee", "€3.50", "Keep your receipt", "awning"):
        assert words in page
    assert "Preview" not in page
    assert "Pfand" in shown.page("/de")


def test_it_is_there_in_the_language_that_the_phone_wants_and_a_link_leads_to_the_other(shown: Shown) -> None:
    shown.put(example("market"))
    assert "Quay Yard Evening Market" in shown.page()
    german = shown.page(Accept_Language="de-AT,de;q=0.9,en;q=0.5")
    for words in ('<html lang="de">', "Abendmarkt am Kai", "Heute Abend", "Jetzt geöffnet", "3,50", 'href="/en"'):
        assert words in german
    assert "Abendmarkt am Kai" in shown.page("/de", Accept_Language="en")
    assert shown.stall.get("/fr").status == 404


def test_a_page_in_one_language_is_in_that_one_for_everybody(shown: Shown, tmp_path: Path) -> None:
    folder = tmp_path / "german"
    folder.mkdir()
    (folder / "landing.toml").write_text('pack = "workshop"\nlanguages = ["de"]\ntitle = "Druck"\n', encoding="utf-8")
    shown.put(folder)
    english = shown.page(Accept_Language="en")
    assert '<html lang="de">' in english
    assert "Jetzt geöffnet" in english
    assert 'href="/en"' not in english
    assert shown.stall.get("/en").status == 404


@pytest.mark.parametrize("name", ["market", "workshop"])
def test_it_is_whole_in_one_answer_that_a_phone_has_after_one_round_trip(shown: Shown, name: str) -> None:
    shown.put(example(name))
    answer = shown.stall.get("/", Accept_Encoding="gzip")
    plain = gzip.decompress(answer.body)
    print(f"{name} on the box: {len(plain):,} bytes, {len(answer.body):,} as they travel, without pictures")  # noqa: T201
    assert len(plain) < MOST
    assert len(answer.body) + len(str(answer.headers)) < FIRST_FLIGHT
    assert plain == shown.stall.get("/").body
    assert b"stylesheet" not in plain
    assert b"<style>" in plain


def test_a_browser_paints_it_before_anything_else_came(shown: Shown, chromium: Browser) -> None:
    shown.put(example("market"))
    watched = Watched(chromium, shown.stall.url, viewport={"width": 390, "height": 844})
    watched.page.route(lambda url: url.rstrip("/") != shown.stall.url, lambda route: route.abort())
    watched.page.goto(shown.stall.url)
    colour = watched.page.evaluate("getComputedStyle(document.querySelector('.poster')).backgroundColor")
    assert colour == "rgb(23, 64, 61)"
    watched.close()


@pytest.mark.parametrize("size", [(320, 640), (390, 844), (1280, 800)])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["market", "workshop"])
def test_both_packs_shut_nobody_out(
    shown: Shown, chromium: Browser, axe: str, name: str, theme: str, size: tuple[int, int]
) -> None:
    store.write(shown.folder, compile_page(read(example(name))))
    watched = Watched(
        chromium, shown.stall.url, viewport={"width": size[0], "height": size[1]}, color_scheme=theme, locale="de-DE"
    )
    watched.page.goto(shown.stall.url)
    watched.page.wait_for_function("[...document.images].every((one) => one.complete && one.naturalWidth > 0)")
    calm(watched.page)
    assert watched.page.evaluate(axe) == []
    watched.close()
    assert watched.faults == []
    assert watched.elsewhere == []


def test_it_says_preview_until_central_cleared_these_very_bytes(shown: Shown, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    shutil.copytree(example("market"), folder)
    digest = shown.put(folder)
    assert "Preview" in shown.page()
    version = shown.clear("0" * 64, digest)
    cleared = shown.page()
    assert "Preview" not in cleared
    assert f"By Signal team, policy {version}" in cleared
    assert shown.demo.command("landing", "digest")["cleared"] == {"by": "Signal team", "policy": version, "until": None}
    text = (folder / "story.en.md").read_text()
    (folder / "story.en.md").write_text(text.replace("hour", "h0ur"))
    shown.put(folder)
    assert "Preview" in shown.page()
    (folder / "story.en.md").write_text(text)
    shown.put(folder)
    assert "Preview" not in shown.page()
    shown.clear()
    assert "Preview" in shown.page()


def test_what_a_guest_is_offered_is_on_no_other_guests_page(shown: Shown) -> None:
    shown.put(example("market"))
    for _ in range(2):
        assert 'href="/signup"' in shown.page()
        signed_up = shown.page(Cookie="bk_claim=ABCDEFGHJK")
        assert 'href="/signup"' not in signed_up
        assert "Signed up" in signed_up
    tag = shown.stall.get("/").headers["ETag"]
    assert shown.stall.get("/", If_None_Match=tag, Cookie="bk_claim=ABCDEFGHJK").status == 200


def test_a_clearance_ends(shown: Shown) -> None:
    digest = shown.put(example("workshop"))
    shown.clear(digest, until="2020-01-01T00:00:00Z")
    assert "Preview" in shown.page()
    shown.clear(digest, until="2099-01-01T00:00:00Z")
    assert "Preview" not in shown.page()


def test_a_phone_has_it_again_when_page_clearance_or_journal_moved_and_only_then(shown: Shown) -> None:
    digest = shown.put(example("market"))
    tags = []
    for change in (lambda: None, lambda: shown.clear(digest), lambda: shown.put(example("workshop")), shown.stall.sell):
        change()
        answer = shown.stall.get("/")
        assert shown.stall.get("/", If_None_Match=answer.headers["ETag"]).status == 304
        tags.append(answer.headers["ETag"])
    assert len(set(tags)) == len(tags)


def test_pictures_are_kept_for_ever_and_nothing_else_is_served(shown: Shown) -> None:
    shown.put(example("market"))
    [path] = [part.split('"')[0] for part in shown.page().split('<img src="')[1:]]
    answer = shown.stall.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
    assert "immutable" in answer.headers["Cache-Control"]
    for other in (
        "/landing/page.json",
        "/landing/../journal.db",
        "/landing/%2e%2e%2fpage.webp",
        f"/landing/{'0' * 20}.webp",
    ):
        assert shown.stall.get(other).status == 404
    shown.put(example("workshop"))
    assert shown.stall.get(path).status == 404


def test_the_events_colour_is_on_its_other_pages_too(shown: Shown) -> None:
    assert "/landing/" not in shown.page("/privacy")
    shown.put(example("market"))
    address = shown.page("/privacy").split('href="/landing/')[1].split('"')[0]
    answer = shown.stall.get(f"/landing/{address}")
    assert answer.text == ":root{--brand:#17403d;--on-brand:#fbf3e2}\n"
    assert "immutable" in answer.headers["Cache-Control"]
    shown.put(example("workshop"))
    later = shown.stall.get(f"/landing/{address}")
    assert "#5b2333" in later.text
    assert later.headers["Cache-Control"] == "no-cache"


def test_a_page_that_was_changed_on_the_card_gives_way_to_the_plain_one(shown: Shown) -> None:
    shown.put(example("market"))
    path = shown.folder / "page.json"
    path.write_bytes(path.read_bytes().replace(b"Evening", b"Morning"))
    page = shown.page()
    assert "Morning" not in page
    assert "Quay Yard Market" in page


def test_the_lead_sees_what_guests_see_and_whether_it_is_cleared(shown: Shown, chromium: Browser, axe: str) -> None:
    shown.clear()
    digest = shown.put(example("market"))
    watched = Watched(chromium, shown.demo.ready["staff"], viewport={"width": 390, "height": 844})
    page = watched.page
    page.goto(f"{shown.demo.ready['staff']}/login")
    page.fill("input[name=pin]", "123456")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sell")
    page.goto(f"{shown.demo.ready['staff']}/lead")
    page.get_by_role("link", name="See the page").click()
    assert digest in page.inner_text("main")
    assert "Guests read Preview on it." in page.inner_text("main")
    frame = page.frame_locator("iframe")
    assert frame.locator("h1").inner_text() == "Quay Yard Evening Market"
    assert frame.locator("img").evaluate("(one) => one.complete || one.decode().then(() => true)")
    assert frame.locator("img").evaluate("(one) => one.naturalWidth") > 0
    page.get_by_role("link", name="Deutsch").click()
    page.wait_for_url("**language=de")
    assert page.frame_locator("iframe").locator("h1").inner_text() == "Abendmarkt am Kai"
    calm(page)
    assert page.evaluate(axe) == []
    version = shown.clear(digest)
    page.reload()
    assert f"By Signal team, policy {version}" in page.inner_text("main")
    store.remove(shown.folder)
    page.reload()
    assert "boothkit landing import" in page.inner_text("main")
    watched.close()
    assert watched.faults == []
    assert watched.elsewhere == []


def test_only_the_lead_sees_it_there(shown: Shown) -> None:
    shown.put(example("market"))
    for path in ("/landing", "/landing/page/en", "/landing/pictures/x.webp"):
        assert ask(shown.demo.ready["staff"], path).status in (302, 303, 401)


def test_no_worker_that_shows_the_page_loads_what_made_it() -> None:
    program = (
        "import sys, appliance.services.portal, appliance.services.till; "
        "sys.exit(', '.join({'PIL', 'markdown_it', 'cv2', 'numpy'} & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
