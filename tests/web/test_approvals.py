"""A lead's word for one write that comes later, over HTTP."""

import json
from typing import Any

import pytest

from tests.web.conftest import Answer, Client, House
from tests.web.doors import bring

HALF: dict[str, Any] = {
    "lines": [{"sku": "COFFEE", "qty": 1, "discount": {"percent": "0.5"}}],
    "tenders": [{"kind": "cash", "amount": 1000}],
    "discount_reason": "damaged",
}


@pytest.fixture
def ben(house: House) -> Client:
    return house.client("Ben")


def approve(client: Client, pin: Any = "123456") -> Answer:
    return client.ask("POST", "/api/v1/approvals", {"pin": pin})


def approval(client: Client) -> str:
    given: str = approve(client).json["approval"]
    return given


def test_an_approval_stands_in_for_the_pin_in_one_sale_and_in_its_retry(house: House, ben: Client) -> None:
    given = approve(ben)
    assert (given.status, given.json["name"], given.json["expires_s"]) == (201, "Ada", 12 * 3600)
    body = {**HALF, "approval": given.json["approval"]}
    first = ben.post("/sales", body, key="half-approved")
    assert first.status == 201
    assert ben.post("/sales", body, key="half-approved").json == first.json
    other = ben.post("/sales", body)
    assert (other.status, other.slug) == (403, "approval")
    (fact,) = [one for one in house.facts("sale.completed/1") if one["command"] == "half-approved"]
    assert fact["data"]["approver"] != fact["actor"].removeprefix("staff:")
    assert given.json["approval"] not in json.dumps(fact)


def test_a_request_that_was_not_well_formed_leaves_the_approval_to_its_correction(ben: Client) -> None:
    given = approval(ben)
    wrong = ben.post("/sales", {**HALF, "approval": given, "colour": "red"}, key="corrected")
    assert wrong.slug == "validation"
    assert ben.post("/sales", {**HALF, "approval": given}, key="corrected").status == 201


def test_an_approval_is_good_for_refunds_and_voids(ben: Client) -> None:
    dear = [{"sku": "OPEN", "qty": 1, "price": 20_000}]
    for verb, asked in (("refund", {"reason": "faulty", "restock": False}), ("void", {"reason": "other"})):
        sale = ben.sell(*dear, cash=20_000).json["sale"]
        assert ben.post(f"/sales/{sale}/{verb}", asked).slug == "guardrail"
        assert ben.post(f"/sales/{sale}/{verb}", {**asked, "approval": approval(ben)}).status == 201


def test_the_door_lets_somebody_in_by_an_approval(house: House) -> None:
    cleo = house.client("Cleo")
    first, second = bring(house, "vip", {"status": "pending"}, {"status": "pending"})
    assert cleo.post("/scans", {"code": first}).json["reason"] == "unpaid"
    asked = {"code": first, "reason": "her child is inside", "approval": approval(cleo)}
    assert cleo.post("/scans", asked).json["verdict"] == "admitted"
    cleo.post("/scans", {"code": second, "reason": "x", "by": "s1", "approval": approval(cleo)})
    assert "s1" not in {fact["data"].get("forced_by") for fact in house.facts("ticket.admitted/1")}
    alone = cleo.post("/scans", {"code": second, "approval": approval(cleo)})
    assert (alone.status, alone.slug) == (422, "validation")


def test_only_a_lead_s_pin_gives_one_and_nonsense_is_none(ben: Client) -> None:
    assert (approve(ben, "222222").status, approve(ben, "222222").slug) == (403, "role")
    assert (approve(ben, "987654").status, approve(ben, "987654").slug) == (401, "wrong-pin")
    assert approve(ben).status == 201, "a right PIN forgives the wrong ones"
    for body in ({}, {"pin": 123456}, {"pin": "123456", "for": "x"}):
        assert ben.ask("POST", "/api/v1/approvals", body).status == 422
    assert Client(ben.url).ask("POST", "/api/v1/approvals", {"pin": "123456"}).status == 401
    for wrong in ("", "0" * 32, "x" * 5000, "Zoë"):
        assert ben.post("/sales", {**HALF, "approval": wrong}).slug == "approval"
    for wrong in (1, [], {"approval": "x"}):
        assert ben.post("/sales", {**HALF, "approval": wrong}).slug == "validation"
    both = ben.post("/sales", {**HALF, "approval": approval(ben), "approver_pin": "123456"})
    assert both.slug == "validation"
