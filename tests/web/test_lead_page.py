"""The lead's page in a real browser."""

from playwright.sync_api import Browser, expect

from tests.web.conftest import House
from tests.web.tablet import Tablet


def test_the_lead_ends_the_event_although_a_drawer_has_no_z_and_a_task_stays(
    own_house: House, chromium: Browser
) -> None:
    tablet = Tablet(chromium, own_house)
    tablet.unlock("123456", "/lead")
    page = tablet.page
    page.locator("summary", has_text="Close Quay Yard Market").click()
    expect(page.locator("details")).to_contain_text("Drawer 1 has no Z report yet.")
    page.get_by_role("button", name="Close it for good").click()
    assert own_house.facts("event.closed/1") == [], "the browser asks for the tick first"
    page.check("[name=force]")
    page.get_by_role("button", name="Close it for good").click()
    expect(page.locator("#main")).to_contain_text("Quay Yard Market has ended")
    (task,) = own_house.facts("task.raised/1")
    assert task["data"]["kind"] == "open-drawer"
    tablet.close()
    assert tablet.faults == []
