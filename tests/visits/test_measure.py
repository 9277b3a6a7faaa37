"""What the recorder takes of visits, and what becomes of it."""

import json
from typing import Any

import pytest

from appliance.clock import Now
from appliance.domain import kpis as numbers
from appliance.domain.visits import MAX_PAGES
from appliance.projections import kpis, visits
from tests.conftest import EngineBox


def page(name: str = "landing", **other: Any) -> dict[str, Any]:
    return {"page": name, "visits": 3, "seconds": 90, "by_bucket": [1, 0, 1, 1, 0], **other}


def now(box: EngineBox) -> Now:
    return box.engine.now()


def test_batches_add_up_by_event_and_page_and_are_the_lead_s_numbers(box: EngineBox) -> None:
    box.open_event()
    assert "visits" not in kpis.kpis(box.engine.store.db, now(box))
    ask = {"pages": [page(), page("receipt", lost=7)]}
    assert box.ask("visit.measure", ask, role="guest", id="visits-1")["ok"]
    first = box.bodies()
    assert box.ask("visit.measure", ask, role="guest", id="visits-1")["ok"]
    assert box.bodies() == first, "sent again it counts once"
    grown = {"pages": [page(visits=1, seconds=400, by_bucket=[0, 1, 0, -1, 1])]}
    assert box.ask("visit.measure", grown, role="guest", id="visits-2")["ok"]
    found = kpis.kpis(box.engine.store.db, now(box))["visits"]
    assert {name: found[name] for name in ("count", "seconds", "lost", "by_bucket")} == {
        "count": 7,
        "seconds": 580,
        "lost": 7,
        "by_bucket": [2, 1, 2, 1, 1],
    }
    assert found["limits_s"] == [5, 15, 60, 300]
    landing, receipt = found["pages"]
    assert (landing["page"], landing["count"], landing["mean_s"], landing["median_s"]) == ("landing", 4, 122.5, [5, 15])
    assert (receipt["page"], receipt["mean_s"], receipt["median_s"], receipt["lost"]) == ("receipt", 30, [15, 60], 7)
    body = json.loads(first[-1])
    assert body["kind"] == "visit.measured/1"
    assert set(body["data"]) == {"page", "visits", "seconds", "by_bucket", "lost"}


def test_the_longest_visits_have_no_upper_limit() -> None:
    seen = visits.PageSeen("landing", 1, 900, (0, 0, 0, 0, 1), 0)
    assert numbers._visits([seen])["median_s"] == [300, None]
    lost = visits.PageSeen("landing", 0, 0, (0, 0, 0, 0, 0), 4)
    assert numbers._visits([lost])["median_s"] is None
    assert numbers._visits([lost])["mean_s"] is None


@pytest.mark.parametrize(
    "pages",
    [
        [],
        [page(), page()],
        [page(f"p{chr(97 + n)}") if n < 26 else page(f"q{chr(71 + n)}") for n in range(MAX_PAGES + 1)],
        [page("")],
        [page("Landing")],
        [page("r/eyJ0b2tlbg")],
        [page("<script>")],
        [page("a" * 21)],
        [page(visits=-1, by_bucket=[-1, 0, 0, 0, 0])],
        [page(seconds=-1)],
        [page(seconds=10**9)],
        [page(lost=-1)],
        [page(lost=10**7)],
        [page(by_bucket=[1, 1, 1])],
        [page(by_bucket=[1, 1, 1, 0, 1])],
        [page(by_bucket=[10**7, 3 - 10**7, 0, 0, 0])],
        [page(guest="g-1")],
        [page(visits="3")],
    ],
)
def test_what_no_portal_counts_is_refused_and_leaves_nothing(box: EngineBox, pages: list[dict[str, Any]]) -> None:
    before = box.bodies()
    reply = box.ask("visit.measure", {"pages": pages}, role="guest")
    assert reply["refusal"]["slug"] == "validation"
    assert box.bodies() == before


@pytest.mark.parametrize("role", ["staff", "device", "uplink"])
def test_only_the_guests_portal_measures(box: EngineBox, role: str) -> None:
    assert box.ask("visit.measure", {"pages": [page()]}, role=role)["refusal"]["slug"] == "role"
