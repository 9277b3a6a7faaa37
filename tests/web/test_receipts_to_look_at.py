"""Receipts that the printer was not certain of, on the box's page, in a real browser."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from appliance.ids import new_id
from tests.web.conftest import House
from tests.web.tablet import Tablet

COFFEE = {"sku": "COFFEE", "qty": 1}


def doubtful_sale(house: House, outcome: str) -> dict[str, Any]:
    sale: dict[str, Any] = house.client("Ben").sell(COFFEE, cash=500).json
    told = {"sale": sale["sale"], "copy": 0, "printer": "printer", "outcome": outcome}
    house.device.send("receipt.report", told, actor="device:printer", id=new_id())
    return sale


def test_a_receipt_that_broke_off_is_listed_until_somebody_has_looked(
    house: House, new_tablet: Callable[..., Tablet]
) -> None:
    sale = doubtful_sale(house, "unknown")
    tablet = new_tablet()
    tablet.unlock(at="/box")
    page = tablet.page
    line = page.locator("li", has_text=f"{sale['number']},")
    expect(line).to_contain_text("It broke off in the middle")
    expect(line).not_to_contain_text("DUPLICATE")
    page.get_by_role("button", name=f"{sale['number']} came out").click()
    expect(line).to_have_count(0)
    assert house.client().get(f"/sales/{sale['sale']}").json["receipts"][0]["on_paper"] is True


def test_a_new_copy_is_asked_for_once_however_often_it_is_tapped(
    house: House, new_tablet: Callable[..., Tablet]
) -> None:
    sale = doubtful_sale(house, "not_printed")
    tablet = new_tablet()
    tablet.unlock(at="/box")
    page = tablet.page
    form = page.locator("form", has=page.get_by_role("button", name=f"Print {sale['number']} again"))
    fields = form.evaluate("form => Object.fromEntries(new FormData(form))")
    for _ in range(2):
        answer = page.request.post(
            f"{house.url}/box/receipts", form={**fields, "verb": "reprint"}, headers={"Origin": house.url}
        )
        assert answer.ok
    receipts = house.client().get(f"/sales/{sale['sale']}").json["receipts"]
    assert [(one["copy"], one["outcome"]) for one in receipts] == [(0, "not_printed"), (1, None)]
    answer = house.client("Ben").post(f"/sales/{sale['sale']}/reprint", {})
    assert (answer.status, answer.slug) == (409, "receipt-waiting")
    assert sale["sale"] not in [one["sale"] for one in house.client().get("/receipts").json["receipts"]]
