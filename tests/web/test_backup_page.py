"""The backup page: a passphrase is set, a stick is plugged in, a backup is made once however often it is asked for."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from appliance.backup import check
from appliance.backup.contents import STICK
from appliance.backup.passphrase import Recipient
from tests.conftest import Process
from tests.web.conftest import House
from tests.web.tablet import Tablet

GOOD = "vier lampen auf dem tisch"


@pytest.fixture
def steward(house: House) -> Iterator[Process]:
    process = Process("steward", house.data, house.run, house.toml)
    process.start()
    yield process
    process.kill()


@pytest.fixture
def stick(house: House, tmp_path: Path) -> Iterator[Path]:
    """On a laptop a link to a stick will do."""
    (house.run / STICK).symlink_to(tmp_path)
    yield tmp_path
    (house.run / STICK).unlink()


def type_twice(page: Tablet, first: str, second: str) -> None:
    page.page.fill("input[name=passphrase]", first)
    page.page.fill("input[name=again]", second)
    page.page.get_by_role("button", name=re.compile("the passphrase")).click()


def test_a_lead_sets_a_passphrase_and_backs_up_to_the_stick(
    new_tablet: Callable[..., Tablet], house: House, steward: Process, stick: Path
) -> None:
    tablet = new_tablet()
    tablet.unlock("123456", "/backup")
    page = tablet.page
    expect(page.locator("h1")).to_have_text("No backup yet")
    expect(page.locator("main")).to_contain_text("First set a passphrase below.")
    assert page.get_by_role("button", name="Back up to the stick").count() == 0
    type_twice(tablet, GOOD, GOOD)
    expect(page.locator(".note.go")).to_contain_text("It is strong.")
    assert GOOD not in page.url
    page.get_by_role("button", name="Back up to the stick").dblclick()
    expect(page.locator(".note.go")).to_contain_text("read back and whole", timeout=60_000)
    expect(page.locator("h1")).to_contain_text("Last backup:")
    (made,) = stick.glob("*.tar")
    assert [path.name for path in stick.iterdir()] == [made.name]
    with made.open("rb") as file:
        checked = check.outside(file)
    assert checked.head.recipient.open(GOOD)
    assert [fact["data"]["sha256"] for fact in house.facts("backup.made/1")] == [checked.sha256]
    page.goto(f"{house.url}/box")
    expect(page.locator("main")).to_contain_text("Last backup:")
    for path in (*house.run.rglob("*"), *house.data.rglob("*")):
        if path.is_file():
            assert GOOD.encode() not in path.read_bytes(), path


def test_a_weak_passphrase_and_a_slip_of_the_hand_are_told_and_change_nothing(
    new_tablet: Callable[..., Tablet], house: House
) -> None:
    tablet = new_tablet()
    tablet.unlock("123456", "/backup")
    before = key(house)
    for first, second, words in (
        ("passwort1234", "passwort1234", "easily guessed"),
        (GOOD, GOOD + "e", "not the same"),
    ):
        with tablet.page.expect_response(re.compile("/backup/passphrase$")) as answered:
            type_twice(tablet, first, second)
        assert answered.value.status == 422
        expect(tablet.page.locator("#ppf")).to_contain_text(words)
        assert tablet.page.input_value("input[name=passphrase]") == ""
    assert key(house) == before
    tablet.faults.clear()


def key(house: House) -> Recipient | None:
    path = house.data / "keys" / "backup.pub"
    return Recipient.parse(path.read_text()) if path.exists() else None


def test_without_a_stick_nothing_is_asked_and_cashiers_are_sent_away(house: House) -> None:
    lead, cashier = house.client("Ada"), house.client("Ben")
    assert cashier.ask("GET", "/backup").status == 403
    asked = lead.ask("POST", "/backup/stick")
    assert asked.status == 409
    assert b"No stick is plugged in" in asked.body
