"""What the till's pages say of a card that fills up, before anybody has typed a sale in."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from appliance import demo
from appliance.services.recorder.levels import LAST, MIB, STOP
from appliance.services.recorder.room import LOW
from tests.cards import Card, on_a_card
from tests.conftest import wait_until
from tests.web.conftest import House
from tests.web.tablet import Tablet

pytestmark = on_a_card


@pytest.fixture
def card() -> Iterator[Card]:
    folder = Path(tempfile.mkdtemp(prefix="bk-", dir="/tmp"))
    fresh = Card(folder / "card")
    yield fresh
    fresh.close()
    shutil.rmtree(folder)


@pytest.fixture
def house(card: Card) -> Iterator[House]:
    box = House(card.path, demo.prepare, demo.ITEMS)
    yield box
    box.close()


def test_a_card_that_fills_up_is_told_before_a_sale_is_typed_in_and_what_to_do(
    card: Card, house: House, chromium: Browser
) -> None:
    ben, ada = Tablet(chromium, house), Tablet(chromium, house)
    ben.unlock()
    ada.unlock("123456", "/box")
    ben.tap("COFFEE")
    card.leave(LOW - MIB)
    expect(ben.page.locator("#tags")).to_contain_text("Memory card nearly full", timeout=20_000)
    expect(ben.button("charge")).to_be_enabled()

    card.leave(STOP - MIB)
    expect(ben.page.locator("#state .note.stop")).to_contain_text("The memory card is full", timeout=20_000)
    expect(ben.page.locator("#state .note.stop")).to_contain_text("Ask the lead")
    expect(ben.button("charge")).to_be_disabled()
    expect(ben.page.locator("#lines")).to_contain_text("Coffee")
    expect(ada.page.locator("#main .note.stop")).to_contain_text("Free space on it", timeout=20_000)
    expect(ada.page.locator("#main")).to_contain_text("The reserve for closing the event is kept")
    refused = house.client("Ben").sell({"sku": "COFFEE", "qty": 1}, cash=350, key="full")
    assert (refused.status, refused.slug) == (507, "disk-full")

    card.leave(LAST - MIB)
    expect(ada.page.locator("#main .note.stop")).to_contain_text("close the event", timeout=20_000)
    expect(ada.page.locator("#main")).to_contain_text("The reserve is in use")
    ada.page.goto(house.url + "/lead")
    expect(ada.page.locator("#main .note.stop").first).to_contain_text("Memory card.")

    card.free()
    expect(ben.page.locator("#state .note.stop")).to_have_count(0, timeout=20_000)
    expect(ben.button("charge")).to_be_enabled()
    assert house.client("Ben").sell({"sku": "COFFEE", "qty": 1}, cash=350, key="full").status == 201
    wait_until(lambda: house.client().get("/status").json["disk"]["reserve"] == "kept", "the reserve is kept again")
    for tablet in (ben, ada):
        tablet.close()
        assert tablet.faults == []
