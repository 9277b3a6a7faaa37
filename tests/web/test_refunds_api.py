"""Voids and refunds over HTTP: who may, what is answered, what stays in the till."""

import threading
from typing import Any

import pytest

from appliance.domain.guardrails import Refund
from tests.web.conftest import Answer, Client, House

LIMIT = Refund().alone
COFFEE = {"sku": "COFFEE", "qty": 2}


@pytest.fixture
def lead(house: House) -> Client:
    return house.client("Ada")


@pytest.fixture
def ben(house: House) -> Client:
    return house.client("Ben")


@pytest.fixture
def sale(lead: Client) -> str:
    sold: str = lead.sell(COFFEE, {"sku": "CAKE", "qty": 1}, cash=2000).json["sale"]
    return sold


def open_sale(client: Client, price: int) -> str:
    """A sale for so many minor units."""
    sold: str = client.sell({"sku": "OPEN", "qty": 1, "price": price}, cash=price).json["sale"]
    return sold


def test_a_refund_answers_with_its_number_and_how_it_is_paid(ben: Client, sale: str) -> None:
    asked = {"lines": [{"line": 1, "qty": 1}], "reason": "faulty", "restock": False}
    answer = ben.post(f"/sales/{sale}/refund", asked)
    assert answer.status == 201
    assert set(answer.json) >= {"sale", "number", "total", "rounding", "tenders", "vat", "pos"}
    assert (answer.json["total"], answer.json["tenders"]) == (350, [{"kind": "cash", "amount": 350}])
    shown = ben.get(f"/sales/{sale}").json
    assert [one["number"] for one in shown["refunds"]] == [answer.json["number"]]
    assert shown["left"] == [{"line": 1, "qty": 1, "total": 350}, {"line": 2, "qty": 1, "total": 420}]
    rest = ben.post(f"/sales/{sale}/refund", {"reason": "faulty", "restock": False})
    assert rest.json["total"] == 770


def test_a_void_takes_a_reason_and_no_more(ben: Client, sale: str) -> None:
    answer = ben.post(f"/sales/{sale}/void", {"reason": "wrong_item"})
    assert (answer.status, answer.json["total"]) == (201, 1120)
    shown = ben.get(f"/sales/{sale}").json
    assert (shown["refunds"][0]["kind"], shown["left"]) == ("void", [])
    again = ben.post(f"/sales/{sale}/void", {"reason": "wrong_item"})
    assert (again.status, again.slug) == (409, "nothing-back")


def test_a_double_click_pays_once(ben: Client, sale: str) -> None:
    asked = {"reason": "faulty", "restock": True}
    first = ben.post(f"/sales/{sale}/refund", asked, key=f"tap-{sale}")
    assert ben.post(f"/sales/{sale}/refund", asked, key=f"tap-{sale}").json == first.json
    other = ben.post(f"/sales/{sale}/refund", {**asked, "restock": False}, key=f"tap-{sale}")
    assert (other.status, other.slug) == (409, "key-reused")
    assert len(ben.get(f"/sales/{sale}").json["refunds"]) == 1
    missing = ben.ask("POST", f"/api/v1/sales/{sale}/refund", asked)
    assert (missing.status, missing.slug) == (400, "key-missing")


def test_of_two_tills_at_the_same_moment_one_is_told_what_is_left(house: House, sale: str) -> None:
    asked = {"lines": [{"line": 1, "qty": 2}], "reason": "faulty", "restock": False}
    answers: list[Answer] = []
    together = threading.Barrier(2)

    def press(name: str) -> None:
        client = house.client(name)
        together.wait(30)
        answers.append(client.post(f"/sales/{sale}/refund", asked, key=f"{name}-{sale}"))

    hands = [threading.Thread(target=press, args=(name,)) for name in ("Ada", "Ben")]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(60)
    good, bad = sorted(answers, key=lambda answer: answer.status)
    assert (good.status, bad.status, bad.slug) == (201, 409, "too-much-back")
    assert bad.json["left"] == [{"line": 2, "qty": 1, "total": 420}]


def test_beyond_the_limit_a_cashier_asks_for_the_lead_s_pin_and_it_stays_in_the_till(house: House, ben: Client) -> None:
    sale = open_sale(ben, LIMIT + 1)
    asked: dict[str, Any] = {"reason": "wrong_price", "restock": False}
    refused = ben.post(f"/sales/{sale}/refund", asked)
    assert (refused.status, refused.slug) == (403, "guardrail")
    assert refused.json["remedy"] == "Ask the lead for their PIN."
    own = ben.post(f"/sales/{sale}/refund", {**asked, "approver_pin": "222222"})
    assert (own.status, own.slug) == (403, "role")
    answer = ben.post(f"/sales/{sale}/refund", {**asked, "approver_pin": "123456"})
    assert answer.status == 201
    (fact,) = [body for body in house.facts("sale.refunded/1") if body["data"]["of"] == sale]
    assert fact["data"]["approver"] != fact["actor"].removeprefix("staff:")
    assert "123456" not in str(fact)


def test_a_lead_approves_by_being_it_and_nobody_names_an_approver(lead: Client, ben: Client) -> None:
    assert lead.post(f"/sales/{open_sale(lead, LIMIT + 1)}/void", {"reason": "other"}).status == 201
    sale = open_sale(ben, LIMIT + 1)
    forged = ben.post(f"/sales/{sale}/void", {"reason": "other", "approver": "somebody"})
    assert (forged.status, forged.slug) == (422, "validation")
    assert ben.post(f"/sales/{sale}/void", {"reason": "other", "approver_pin": 123456}).status == 422


def test_a_reason_in_one_s_own_words_is_a_note_and_stands_in_no_fact(house: House, lead: Client, sale: str) -> None:
    asked = {"lines": [{"line": 2, "qty": 1}], "reason": "Zoë dropped it", "restock": False}
    assert lead.post(f"/sales/{sale}/refund", asked).status == 201
    (one,) = lead.get(f"/sales/{sale}").json["refunds"]
    assert (one["reason"], one["note"]) == ("other", "Zoë dropped it")
    assert not any("dropped" in str(body) for body in house.facts("sale.refunded/1"))
    for empty in ("", " ", None):
        assert lead.post(f"/sales/{sale}/refund", {**asked, "reason": empty}).slug == "validation"
    both = lead.post(f"/sales/{sale}/refund", {**asked, "note": "and more"})
    assert (both.status, both.slug) == (422, "validation")


def test_the_door_gives_no_money_back(house: House, sale: str) -> None:
    door = house.client("Cleo")
    for verb in ("void", "refund"):
        answer = door.post(f"/sales/{sale}/{verb}", {"reason": "faulty", "restock": False})
        assert (answer.status, answer.slug) == (403, "role")


def test_what_is_not_there_is_not_given_back(ben: Client) -> None:
    for path in ("/sales/nothing/void", "/sales/nothing/refund"):
        asked: dict[str, Any] = {"reason": "faulty"} | ({"restock": False} if path.endswith("refund") else {})
        answer = ben.post(path, asked)
        assert (answer.status, answer.slug) == (404, "not-found")
    answer = ben.post("/refunds/nothing/reprint", {})
    assert (answer.status, answer.slug) == (404, "not-found")


def test_one_more_copy_of_the_paper(lead: Client, sale: str) -> None:
    back = lead.post(f"/sales/{sale}/refund", {"reason": "faulty", "restock": False}).json["sale"]
    waiting = lead.post(f"/refunds/{back}/reprint", {})
    assert (waiting.status, waiting.slug) == (409, "receipt-waiting")


def test_the_numbers_are_net_of_what_went_back(lead: Client, sale: str) -> None:
    before = lead.get("/kpis").json["sales"]
    assert lead.post(f"/sales/{sale}/void", {"reason": "other"}).status == 201
    after = lead.get("/kpis").json["sales"]
    assert (before["count"] - after["count"], before["gross"] - after["gross"]) == (1, 1120)
