"""Personal data over the staff API and on the lead's pages."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.web.conftest import House, new_house
from tests.web.tablet import Tablet


@pytest.fixture(scope="module")
def fair() -> Iterator[House]:
    yield from new_house()


def find(house: House, text: str) -> list[dict[str, Any]]:
    """Records that the API finds."""
    found: list[dict[str, Any]] = house.client().post("/people/find", {"q": text}).json["records"]
    return found


def test_a_person_is_found_wherever_something_is_said_of_them_and_is_erased_once(fair: House) -> None:
    ada = fair.client()
    paid = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 350}]}
    sale = ada.post("/sales", {**paid, "note": "for Zoë Zilpzalp"}).json["sale"]
    back = ada.post(f"/sales/{sale}/refund", {"reason": "other", "note": "Zilpzalp spilled it", "restock": False})
    assert back.status == 201
    found = find(fair, "zilpzalp")
    assert {(one["kind"], *one["data"].values()) for one in found} == {
        ("sale.completed/1", "for Zoë Zilpzalp"),
        ("sale.refunded/1", "Zilpzalp spilled it"),
    }
    refs = [one["ref"] for one in found]
    first = ada.post("/people/erase", {"refs": refs}, key="erase-zoe")
    assert (first.status, first.json) == (200, {"erased": 2, "already": 0})
    assert ada.post("/people/erase", {"refs": refs}, key="erase-zoe").json == first.json
    assert ada.post("/people/erase", {"refs": refs}).json == {"erased": 0, "already": 2}
    assert find(fair, "zilpzalp") == []
    told = ada.get(f"/sales/{sale}").json
    assert told["note"] is None
    assert told["note_erased"] is True
    assert told["refunds"][0]["note_erased"] is True
    unsaid = ada.post("/sales", paid).json["sale"]
    assert "note_erased" not in ada.get(f"/sales/{unsaid}").json, "nothing said is not erased"


def test_only_the_lead_sees_and_erases_what_is_kept(fair: House) -> None:
    ben = fair.client("Ben")
    for answer in (
        ben.get("/people"),
        ben.post("/people/find", {"q": "ada"}),
        ben.post("/people/erase", {"refs": ["p1"]}),
        ben.post("/people/events/ev1/erase"),
        ben.ask("GET", "/people"),
    ):
        assert answer.status == 403
    ada = fair.client()
    assert ada.post("/people/erase", {"refs": ["pnobody"]}).slug == "not-found"
    for body in ({}, {"refs": []}, {"refs": [1]}, {"refs": ["p"], "more": 1}):
        assert ada.post("/people/erase", body).slug == "validation"
    for body in ({}, {"q": "a"}, {"q": "ada", "more": 1}):
        assert ada.post("/people/find", body).slug == "validation"
    (kept,) = ada.get("/people").json["events"]
    assert (kept["state"], kept["until"]) == ("open", None)
    assert ada.post(f"/people/events/{kept['event']}/erase").slug == "event-open"


def test_the_lead_erases_a_guest_on_the_ticket_and_an_event_when_it_is_over(fair: House, chromium: Browser) -> None:
    tablet = Tablet(chromium, fair)
    tablet.unlock("123456", "/lead")
    page = tablet.page
    page.get_by_role("link", name="See and erase").click()
    expect(page.locator("#main")).to_contain_text("kept for 30 days after the event")
    record = next(one for one in find(fair, "an") if one["kind"] == "tickets.imported/1" or "holder" in one["data"])
    holder = record["data"]["holder"]
    page.fill("[name=q]", holder)
    page.get_by_role("button", name="Find").click()
    expect(page.locator("form .list li").first).to_contain_text(holder)

    page.goto(fair.url + "/tickets")
    page.fill("[name=q]", holder)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="See the ticket").first.click()
    expect(page.locator("h1")).to_have_text(holder)
    page.locator("summary", has_text="Erase name and order").click()
    page.get_by_role("button", name="Erase for good").click()
    expect(page.locator("h1")).to_have_text("Erased")
    expect(page.locator("summary", has_text="Erase name and order")).to_have_count(0)
    assert record["ref"] not in {one["ref"] for one in find(fair, holder)}

    fair.admin.send("event.close", {}, actor="admin:test", id="close")
    page.goto(fair.url + "/people")
    expect(page.locator("#main")).to_contain_text("erased on")
    page.locator("summary", has_text="Erase now").click()
    page.get_by_role("button", name="Erase all of").click()
    expect(page.locator("#main")).to_contain_text("Nothing personal is kept on this box.")
    assert fair.client().get("/people").json["events"] == []
    erased = fair.facts("record.erased/1")
    assert all(len(fact["data"]["refs"]) <= 500 for fact in erased)
    tablet.close()
    assert tablet.faults == []
