"""Drawers over HTTP: counted without being told, closed with a Z, several at a time; reports as they are documented."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.conftest import Client, House, new_house

COFFEE = {"sku": "COFFEE", "qty": 2}


@pytest.fixture(scope="module")
def shift() -> Iterator[House]:
    """A house of its own: its drawers are closed here."""
    yield from new_house()


def with_drawer(house: House, who: str = "Ben") -> tuple[Client, str]:
    """Somebody with a drawer of their own, with a float of 50.00."""
    client = house.client(who)
    answer = client.post("/drawer/open", {"float": 5000})
    assert answer.status == 200, answer.body
    return client, answer.json["drawer"]


def test_a_shift_from_float_to_z(shift: House) -> None:
    ben, drawer = with_drawer(shift)
    assert ben.sell(COFFEE, cash=1000).status == 201
    card = {"lines": [COFFEE], "tenders": [{"kind": "card", "amount": 700, "reference": "1234"}]}
    assert ben.post("/sales", card).status == 201
    assert ben.post("/drawer/move", {"amount": -2000, "reason": "to_safe"}).json["amount"] == -2000
    assert ben.post("/drawer/no-sale", {"reason": "change"}).status == 200
    x = ben.get("/drawer/x").json
    assert (x["drawer"], x["sales"], x["turnover"]) == (drawer, {"count": 2, "amount": 1400}, 1400)
    assert (x["expected"], x["counted"], x["variance"], x["tenders"], x["missing"]) == (
        None,
        None,
        None,
        None,
        ["count"],
    )
    assert ben.post("/drawer/close").slug == "drawer-uncounted"
    counted = ben.post("/drawer/count", {"coins": {"2000": 1, "1000": 1, "500": 1, "200": 1}}).json
    assert (counted["expected"], counted["counted"], counted["variance"]) == (3700, 3700, 0)
    assert counted["tenders"] == [{"kind": "cash", "amount": 700}, {"kind": "card", "amount": 700}]
    assert "missing" not in counted
    x = ben.get("/drawer/x").json
    closed = ben.post("/drawer/close", key="close-1")
    assert closed.status == 200
    z = closed.json
    assert z["z"].startswith("1-")
    same = {*x} - {"z", "log_size"}
    assert {key: z[key] for key in same} == {key: x[key] for key in same}
    assert ben.post("/drawer/close", key="close-1").json == z
    shown = ben.get(f"/drawer/z/{z['z']}").json
    assert {key: shown[key] for key in z} == z
    assert (shown["paper"], shown["by"]) == ({"copy": 0, "printer": "printer", "outcome": None}, counted["opened_by"])
    assert [(one["z"], one["drawer"]) for one in ben.get("/drawers").json["closed"]] == [(z["z"], drawer)]
    assert ben.post(f"/drawer/z/{z['z']}/reprint").slug == "receipt-waiting"


def test_which_drawers_are_open_and_whose(shift: House) -> None:
    _, drawer = with_drawer(shift)
    shown = shift.client("Ada").get("/drawers").json["drawers"]
    assert [(one["name"], one["counted"]) for one in shown] == [("1", False), ("2", False)]
    assert shown[0]["by"] == "admin:demo"
    ben, mine = shift.client("Ben"), next(one for one in shown if one["drawer"] == drawer)
    assert mine["by"].startswith("staff:")
    assert ben.post("/drawer/open", {"float": 0}).slug == "drawer-open"
    told = shift.client("Ada").sell(COFFEE, cash=700)
    assert (told.status, told.slug) == (409, "drawer-unclear")
    assert [one["drawer"] for one in told.json["drawers"]] == [one["drawer"] for one in shown]
    body = {"lines": [COFFEE], "tenders": [{"kind": "cash", "amount": 700}], "drawer": "1"}
    assert shift.client("Ada").post("/sales", body).status == 201
    assert ben.get("/drawer/x?drawer=1").json["sales"]["count"] == 1
    assert ben.get("/drawer/x").json["sales"]["count"] == 0
    assert ben.get("/drawer/x?drawer=none").slug == "drawer-closed"
    assert ben.post("/drawer/count", {"coins": {"5000": 1}}).json["variance"] == 0
    assert ben.post("/drawer/close", {}).status == 200


def test_a_difference_is_told_after_the_count_and_wants_a_reason(shift: House) -> None:
    ben, _ = with_drawer(shift)
    assert ben.post("/drawer/count", {"coins": {"2000": 2}}).json["variance"] == -1000
    told = ben.post("/drawer/close")
    assert (told.status, told.slug, told.json["variance"]) == (409, "drawer-variance", -1000)
    z = ben.post("/drawer/close", {"reason": "Somebody took a note for Zilpzalp"}).json
    assert z["variance"] == -1000
    assert ben.get(f"/drawer/z/{z['z']}").json["reason"] == "other"
    assert "Zilpzalp" not in str([fact["data"] for fact in shift.facts("drawer.closed/1")])


def test_a_reason_is_one_of_the_words_or_a_note(shift: House) -> None:
    ben, _ = with_drawer(shift)
    assert ben.post("/drawer/move", {"amount": -1, "reason": "Ice"}).json["reason"] == "other"
    assert ben.post("/drawer/move", {"amount": -1, "reason": "Ice", "note": "more"}).slug == "validation"
    assert ben.post("/drawer/move", {"amount": -1, "reason": "tips", "note": "more"}).json["reason"] == "tips"
    assert ben.post("/drawer/no-sale", {"reason": 7}).slug == "validation"
    assert ben.post("/drawer/count", {"coins": {"4900": 1}}).slug == "validation"
    assert ben.post("/drawer/count", {"coins": {"2000": 2, "500": 1, "200": 2}}).status == 200
    assert ben.post("/drawer/close", {"reason": "counted_twice"}).status == 200


def test_an_x_on_paper_is_a_slip(shift: House) -> None:
    ben, _ = with_drawer(shift)
    answer = ben.post("/drawer/x")
    assert (answer.status, answer.json["expected"], answer.json["printer"]) == (201, None, "printer")
    assert ben.get("/drawer/z/9-9").slug == "not-found"
    assert ben.get("/drawer/z/9-9").status == 404
    assert ben.post("/drawer/count", {"coins": {"5000": 1}}).status == 200
    assert ben.post("/drawer/close").status == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/drawer/open", {"float": 0}),
        ("POST", "/drawer/count", {"coins": {}}),
        ("POST", "/drawer/move", {"amount": 1, "reason": "float"}),
        ("POST", "/drawer/no-sale", {"reason": "change"}),
        ("POST", "/drawer/close", {}),
        ("POST", "/drawer/x", {}),
        ("POST", "/drawer/z/1-1/reprint", {}),
        ("GET", "/drawer/x", None),
        ("GET", "/drawer/z/1-1", None),
        ("GET", "/drawers", None),
        ("GET", "/tasks", None),
    ],
)
def test_the_door_has_no_business_with_the_money(shift: House, method: str, path: str, body: Any) -> None:
    answer = shift.client("Cleo").ask(
        method, f"/api/v1{path}", body, Idempotency_Key=f"door-{path[1:].replace('/', '-')}"
    )
    assert (answer.status, answer.slug) == (403, "role")


def test_a_write_without_a_key_moves_no_money(shift: House) -> None:
    before = shift.facts("drawer.moved/1")
    for path in ("open", "count", "move", "no-sale", "close", "x", "z/1-1/reprint"):
        assert shift.client("Ben").ask("POST", f"/api/v1/drawer/{path}", {}).slug == "key-missing"
    assert shift.facts("drawer.moved/1") == before


def test_a_drawer_that_is_left_open_is_a_task_until_it_is_closed(own_house: House) -> None:
    ada = own_house.client("Ada")
    own_house.admin.send("event.close", {}, actor="admin:test", id="close-event")
    (task,) = ada.get("/tasks").json["tasks"]
    assert (task["kind"], task["about"]) == ("open-drawer", ada.get("/drawers").json["drawers"][0]["drawer"])
    assert own_house.client("Ben").post(f"/tasks/{task['task']}/done").slug == "role"
    assert ada.post("/drawer/count", {"coins": {"10000": 1}}).json["variance"] == 0
    assert ada.post("/drawer/close").status == 200
    assert ada.get("/tasks").json["tasks"] == []
    assert ada.post(f"/tasks/{task['task']}/done").json == {"task": task["task"], "done": True}
