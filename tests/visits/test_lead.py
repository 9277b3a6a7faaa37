"""The lead reads for how long the guests' pages are looked at."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from appliance.journal.client import RecorderClient
from tests.watched import calm
from tests.web.conftest import House, new_house
from tests.web.tablet import Tablet


@pytest.fixture
def house() -> Iterator[House]:
    """With a till."""
    yield from new_house()


def tell(house: House, ident: str, *pages: dict[str, Any]) -> None:
    client = RecorderClient(house.run, "guest")
    client.send("visit.measure", {"pages": list(pages)}, actor="guest:portal", id=ident)
    client.close()


def test_views_are_on_the_lead_s_page_and_in_the_kpis(house: House, chromium: Browser, axe: str) -> None:
    tablet = Tablet(chromium, house)
    page = tablet.page
    tablet.unlock("123456", "/lead")
    assert "pages are looked at" not in page.inner_text("main")
    tell(
        house,
        "visits-1",
        {"page": "landing", "visits": 3, "seconds": 100, "by_bucket": [1, 0, 2, 0, 0]},
        {"page": "receipt", "visits": 1, "seconds": 400, "by_bucket": [0, 0, 0, 0, 1], "lost": 2},
    )
    page.reload()
    said = " ".join(page.inner_text("main").split())
    assert "How long the guests' pages are looked at" in said
    assert "The event's page 3 views, the middle one 15 s to 1 min long 33 s" in said
    assert "Receipts 1 view, the middle one longer than 5 min, 2 more not measured 6 min 40 s" in said
    calm(page)
    assert page.evaluate(axe) == []
    assert house.client("Ben").get("/kpis").json["visits"]["count"] == 4
    tablet.close()
