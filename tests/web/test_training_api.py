"""Training, bundles and access tokens over HTTP, as the pages see them, and the command line that makes tokens."""

import csv
import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from appliance import demo
from appliance.cli import boothkit
from tests.web.conftest import Client, House, new_house

MENU: dict[str, Any] = {
    "sku": "MENU",
    "name": "Menu",
    "price": 700,
    "kind": "bundle",
    "contains": [{"sku": "COFFEE", "qty": 1}, {"sku": "CAKE", "qty": 1}],
}
POSTERS = {"sku": "POSTERS", "name": "Set", "price": 3000, "kind": "bundle", "contains": [{"sku": "POSTER", "qty": 3}]}
CASH = [{"kind": "cash", "amount": 10_000}]


@pytest.fixture(scope="module")
def shop() -> Iterator[House]:
    """The demo with bundles."""
    yield from new_house(items=(*demo.ITEMS, MENU, POSTERS))


def sell(client: Client, *lines: dict[str, Any], key: str | None = None, **more: Any) -> Any:
    return client.post("/sales", {"lines": list(lines), "tenders": CASH, **more}, key=key)


def test_training_says_so_everywhere_and_counts_nowhere(shop: House) -> None:
    ben = shop.client("Ben")
    before = ben.get("/kpis").json["sales"]
    real = next(one["drawer"] for one in ben.get("/drawers").json["drawers"])
    opened = ben.post("/drawer/open", {"float": 5000, "training": True})
    assert (opened.status, opened.json["training"], opened.json["name"]) == (200, True, "T1")
    shown = {one["name"]: one.get("training", False) for one in ben.get("/drawers").json["drawers"]}
    assert (shown.pop("T1"), any(shown.values())) == (True, False)
    answer = sell(ben, {"sku": "POSTER", "qty": 2}, drawer=opened.json["drawer"])
    assert (answer.status, answer.json["training"], "receipt" in answer.json) == (201, True, False)
    assert ben.get(f"/sales/{answer.json['sale']}").json["training"] is True
    assert ben.get("/drawer/x?drawer=T1").json["training"] is True
    assert "training" not in ben.get(f"/drawer/x?drawer={real}").json
    asked = {"reason": "faulty", "restock": True, "drawer": real}
    refused = ben.post(f"/sales/{answer.json['sale']}/refund", asked)
    assert (refused.status, refused.slug) == (409, "drawer-training")
    del asked["drawer"]
    assert ben.post(f"/sales/{answer.json['sale']}/refund", asked).json["training"] is True
    assert ben.post("/drawer/count", {"coins": {"5000": 1}, "drawer": "T1"}).json["training"] is True
    z = ben.post("/drawer/close", {"drawer": "T1"}).json
    assert (z["training"], z["turnover"], z["variance"]) == (True, 0, 0)
    assert ben.get(f"/drawer/z/{z['z']}").json["training"] is True
    assert ben.get("/drawers").json["closed"][0]["training"] is True
    assert ben.get("/kpis").json["sales"] == before
    stock = {item["sku"]: item["stock"] for item in ben.get("/catalogue").json["items"]}
    assert stock["POSTER"] == 20


def test_a_bundle_is_shown_with_its_parts_and_sold_like_anything(shop: House) -> None:
    ben = shop.client("Ben")
    items = {item["sku"]: item for item in ben.get("/catalogue").json["items"]}
    assert items["MENU"]["contains"] == MENU["contains"]
    assert (items["MENU"]["vat"], items["MENU"]["stock"], "contains" in items["COFFEE"]) == (None, None, False)
    assert items["POSTERS"]["stock"] == items["POSTER"]["stock"] // 3
    answer = sell(ben, {"sku": "MENU", "qty": 3})
    assert (answer.json["total"], answer.json["change"]) == (2100, 7900)
    lines = ben.get(f"/sales/{answer.json['sale']}").json["lines"]
    assert [(one["sku"], one["qty"], one["bundle"]) for one in lines] == [("COFFEE", 3, "MENU"), ("CAKE", 3, "MENU")]
    assert sum(one["total"] for one in lines) == 2100
    refused = sell(ben, {"sku": "POSTERS", "qty": 7})
    assert (refused.slug, refused.json["sku"]) == ("sold-out", "POSTER")


def run(shop: House, *words: str) -> str:
    env = {"BOOTHKIT_RUN": str(shop.run)}
    result = CliRunner().invoke(boothkit, [*words, "--data", str(shop.data)], env=env)
    assert result.exit_code == 0, result.output
    return str(result.stdout)


def test_a_token_from_the_command_line_pays_once_also_when_the_answer_is_lost(shop: House) -> None:
    text = run(shop, "tickets", "issue", "--access", "COFFEE", "--count", "2")
    first, second = csv.DictReader(text.splitlines())
    assert (first["sku"], first["code"][:4]) == ("COFFEE", "BK1:")
    ben = shop.client("Ben")
    tenders = [{"kind": "token", "reference": first["code"], "amount": 350}]
    asked = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": tenders}
    answers = [ben.post("/sales", asked, key="coffee-1") for _ in range(3)]
    assert {one.status for one in answers} == {201}
    assert len({one.body for one in answers}) == 1
    used = ben.post("/sales", asked)
    assert (used.status, used.slug) == (409, "token-used")
    ticket = [{"kind": "token", "reference": shop.ticket(), "amount": 350}]
    refused = ben.post("/sales", {**asked, "tenders": ticket})
    assert (refused.status, refused.slug, refused.json["reason"]) == (422, "token-refused", "wrong_kind")
    back = {"reason": "faulty", "restock": True, "tenders": [{"kind": "token", "amount": 350}]}
    assert ben.post(f"/sales/{answers[0].json['sale']}/refund", back).slug == "validation"
    shown = json.loads(run(shop, "tickets", "show", first["code"], "--json"))
    assert (shown["access"], shown["sale"]) == ("COFFEE", answers[0].json["number"])
    run(shop, "tickets", "revoke", second["code"])
    revoked = ben.post("/sales", {**asked, "tenders": [{**tenders[0], "reference": second["code"]}]})
    assert revoked.json["reason"] == "revoked"
    at_the_door = ben.post("/scans", {"code": second["code"]})
    assert at_the_door.json["verdict"] == "refused"
