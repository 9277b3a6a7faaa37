"""The lead's page in a real browser."""

from playwright.sync_api import Browser, expect

from tests.web.conftest import House
from tests.web.tablet import Tablet


def test_the_lead_ends_the_event_although_things_are_unfinished_and_a_task_stays_for_each(
    own_house: House, chromium: Browser
) -> None:
    line = {"sku": "COFFEE", "qty": 1}
    ben = own_house.client("Ben")
    for name in ({"name": "Table 4"}, {}):
        ben.post("/carts", {"lines": [line], **name})
    card = {"kind": "card", "amount": 350, "status": "unknown"}
    number = ben.post("/sales", {"lines": [line], "tenders": [card]}).json["number"]
    tablet = Tablet(chromium, own_house)
    tablet.unlock("123456", "/lead")
    page = tablet.page
    page.locator("summary", has_text="Close Quay Yard Market").click()
    expect(page.locator("details li")).to_have_text(
        [
            "Drawer 1 has no Z report yet.",
            "Carts Table 4, 1 are parked.",
            f"The card payment of sale {number} is not settled: approved or declined?",
        ]
    )
    page.get_by_role("button", name="Close it for good").click()
    assert own_house.facts("event.closed/1") == [], "the browser asks for the tick first"
    page.check("[name=force]")
    page.get_by_role("button", name="Close it for good").click()
    expect(page.locator("#main")).to_contain_text("Quay Yard Market has ended")
    raised = [task["data"]["kind"] for task in own_house.facts("task.raised/1")]
    assert raised == ["open-drawer", "parked-cart", "parked-cart", "unknown-card"]
    tablet.close()
    assert tablet.faults == []
