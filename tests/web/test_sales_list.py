"""The sales as they are looked through: found by what people have in their hands, page by page."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.conftest import Client, House, new_house

COFFEE, CAKE, POSTER = ({"sku": sku, "qty": 1} for sku in ("COFFEE", "CAKE", "POSTER"))


@pytest.fixture(scope="module")
def stall() -> Iterator[House]:
    """A house of its own: nobody else sells in it."""
    items: list[dict[str, Any]] = [
        {"sku": "COFFEE", "name": "Coffee", "price": 350, "vat": "0.19", "kind": "unit"},
        {"sku": "CAKE", "name": "Crème brûlée", "price": 4450, "vat": "0.07", "kind": "unit"},
        {"sku": "POSTER", "name": "Poster", "price": 1200, "vat": "0.07", "kind": "unit"},
        {"sku": "BEANS", "name": "Beans", "price": 2490, "vat": "0.07", "kind": "weight"},
        {"sku": "CUP", "name": "Cup deposit", "price": 200, "vat": "0", "kind": "deposit"},
        {"sku": "EVENING", "name": "Evening", "price": 1300, "vat": "0.07", "kind": "unit", "ticket": "general"},
    ]
    yield from new_house(items=items)


@pytest.fixture(scope="module")
def day(stall: House) -> dict[str, dict[str, Any]]:
    """What is sold, by a word for it."""
    ada, ben = stall.client("Ada"), stall.client("Ben")

    def sell(client: Client, *lines: dict[str, Any], tenders: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        body = {"lines": list(lines), "tenders": tenders or [{"kind": "cash", "amount": 50_000}]}
        answer = client.post("/sales", body)
        assert answer.status == 201, answer.body
        found: dict[str, Any] = answer.json
        return found

    card = {"kind": "card", "amount": 4450, "reference": "TX 88/4711"}
    day = {
        "coffee": sell(ben, {**COFFEE, "qty": 2}),
        "cake": sell(ada, CAKE, tenders=[card]),
        "ticket": sell(ada, {"sku": "EVENING", "qty": 1}),
        "many": sell(ben, COFFEE, {"sku": "BEANS", "grams": 250}, POSTER, {"sku": "CUP", "returned": True}, CAKE, CAKE),
        "unknown": sell(ben, POSTER, tenders=[{"kind": "card", "amount": 1200, "status": "unknown"}]),
        "voided": sell(ben, COFFEE),
        "some": sell(ben, COFFEE, POSTER),
        "all": sell(ben, COFFEE),
    }
    day["void"] = ben.post(f"/sales/{day['voided']['sale']}/void", {"reason": "other"}).json
    refund: dict[str, Any] = {"reason": "faulty", "restock": False}
    ben.post(f"/sales/{day['some']['sale']}/refund", {**refund, "lines": [{"line": 1, "qty": 1}]})
    ben.post(f"/sales/{day['all']['sale']}/refund", refund)
    return day


def found(house: House, query: str, who: str = "Ben") -> list[str]:
    answer = house.client(who).get(f"/sales?{query}")
    assert answer.status == 200, answer.body
    assert answer.json["count"] == len(answer.json["sales"])
    return [one["sale"] for one in answer.json["sales"]]


def test_the_newest_sale_stands_first_and_says_what_it_was(stall: House, day: dict[str, dict[str, Any]]) -> None:
    sales = {one["sale"]: one for one in stall.client("Ben").get("/sales").json["sales"]}
    names = [name for name in day if name != "void"]
    assert list(sales) == [day[name]["sale"] for name in reversed(names)]
    one = sales[day["many"]["sale"]]
    assert one["items"] == "Coffee, 250 g Beans, Poster, -1 x Cup deposit, +2"
    assert (one["number"], one["total"], one["currency"]) == (day["many"]["number"], day["many"]["total"], "EUR")
    assert (one["tenders"], "training" in one, one["pos"]) == (["cash"], False, day["many"]["pos"])
    assert sales[day["coffee"]["sale"]]["items"] == "2 x Coffee"
    states = {name: sales[day[name]["sale"]]["state"] for name in ("coffee", "unknown", "voided", "some", "all")}
    assert states == {
        "coffee": "paid",
        "unknown": "unknown",
        "voided": "voided",
        "some": "part-refunded",
        "all": "refunded",
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=44.50", {"cake"}),
        ("q=44,50", {"cake"}),
        ("q=%E2%82%AC44.50", {"cake"}),
        ("q=4711", {"cake"}),
        ("q=tx+4711", {"cake"}),
        ("q=TX+12", set()),
        ("q=CREME", {"cake", "many"}),
        ("q=br%C3%BBl%C3%A9e+coffee", {"many"}),
        ("q=evening", {"ticket"}),
        ("q=cup", {"many"}),
        ("q=12", {"unknown"}),
        ("q=%25", set()),
        ("q=_", set()),
        ("q=nothing", set()),
        ("q=1e5", set()),
        ("q=99999999999999999999", set()),
        ("show=unsettled", {"unknown"}),
        ("show=refunded", {"voided", "some", "all"}),
        ("show=refunded&q=poster", {"some"}),
    ],
)
def test_a_sale_is_found_by_amount_reference_and_name(
    stall: House, day: dict[str, dict[str, Any]], query: str, names: set[str]
) -> None:
    assert set(found(stall, query)) == {day[name]["sale"] for name in names}


def test_a_sale_is_found_by_its_numbers_and_its_ticket(stall: House, day: dict[str, dict[str, Any]]) -> None:
    number = day["coffee"]["number"]
    assert found(stall, f"q={number}") == [day["coffee"]["sale"]]
    assert day["coffee"]["sale"] in found(stall, f"q={number.partition('-')[2]}")
    assert found(stall, f"q=%23{day['void']['number']}") == [day["voided"]["sale"]]
    ticket = day["ticket"]["tickets"][0]
    for asked in (ticket, ticket[:8]):
        assert found(stall, f"q={asked}") == [day["ticket"]["sale"]]


def test_everybody_sees_their_own(stall: House, day: dict[str, dict[str, Any]]) -> None:
    assert found(stall, "show=mine", "Ada") == [day[name]["sale"] for name in ("ticket", "cake")]
    assert len(found(stall, "show=mine", "Ben")) == 6


def test_pages_go_on_where_the_last_one_ended(stall: House, day: dict[str, dict[str, Any]]) -> None:
    ben, seen, before = stall.client("Ben"), list[str](), ""
    while page := (answer := ben.get(f"/sales?limit=3{before}").json)["sales"]:
        assert answer["count"] == 8
        seen += [one["sale"] for one in page]
        before = f"&before={page[-1]['pos']}"
    assert seen == found(stall, "")


@pytest.mark.parametrize("query", ["show=some", "limit=0", "limit=101", "before=x", f"q={'x' * 101}", "limit=-1"])
def test_what_is_no_question_is_refused(stall: House, query: str) -> None:
    answer = stall.client("Ben").get(f"/sales?{query}")
    assert (answer.status, answer.slug) == (422, "validation")
