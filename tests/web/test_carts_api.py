"""Parked carts and card outcomes over HTTP."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.conftest import Answer, Client, House, new_house

LINE = {"sku": "COFFEE", "qty": 2}


@pytest.fixture(scope="module")
def stall() -> Iterator[House]:
    """A house of its own: its event is closed at the end."""
    yield from new_house()


@pytest.fixture
def ben(stall: House) -> Client:
    return stall.client("Ben")


def test_a_cart_that_ben_parked_is_taken_by_ada_with_its_note(stall: House, ben: Client) -> None:
    body = {"lines": [LINE], "discount": {"percent": "0.10"}, "note": "back at eight"}
    parked = ben.post("/carts", body, key="cart-1")
    assert (parked.status, parked.json["cart"], parked.json["name"]) == (201, "cart-1", "1")
    assert ben.post("/carts", body, key="cart-1").json == parked.json
    (shown,) = ben.get("/carts").json["carts"]
    assert shown == {**body, "cart": "cart-1", "name": "1", "at": parked.json["at"], "by": shown["by"]}
    ada = stall.client("Ada")
    taken = ada.post("/carts/cart-1/take", key="take-1")
    assert {**taken.json, "pos": 0} == {**shown, "pos": 0}
    assert ada.post("/carts/cart-1/take", {}, key="take-1").json == taken.json
    assert ben.get("/carts").json == {"carts": []}
    late = ben.post("/carts/cart-1/drop")
    assert (late.status, late.slug) == (409, "cart-taken")
    assert "eight" not in str(stall.facts("cart.parked/1"))


def test_of_two_tills_at_the_same_moment_one_has_the_cart(stall: House, ben: Client) -> None:
    cart = ben.post("/carts", {"lines": [LINE]}).json["cart"]
    answers: list[Answer] = []
    together = threading.Barrier(2)

    def press(name: str) -> None:
        client = stall.client(name)
        together.wait(30)
        answers.append(client.post(f"/carts/{cart}/take", key=f"both-{name}"))

    hands = [threading.Thread(target=press, args=(name,)) for name in ("Ada", "Ben")]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(60)
    assert sorted((answer.status, answer.slug if answer.status > 299 else "") for answer in answers) == [
        (200, ""),
        (409, "cart-taken"),
    ]


def test_a_cart_is_dropped_and_what_is_none_is_not_found(ben: Client) -> None:
    cart = ben.post("/carts", {"lines": [LINE], "name": "Bar 2"}).json["cart"]
    again = ben.post("/carts", {"lines": [LINE], "name": "Bar 2"})
    assert (again.status, again.slug) == (409, "cart-name")
    assert ben.post(f"/carts/{cart}/drop").json["cart"] == cart
    assert ben.post("/carts/nothing/take").status == 404
    assert ben.post(f"/carts/{cart}/take", {"why": "x"}).slug == "validation"
    assert ben.ask("POST", "/api/v1/carts", {"lines": [LINE]}).slug == "key-missing"


def test_the_door_parks_nothing(stall: House) -> None:
    cleo = stall.client("Cleo")
    for method, path in (("GET", "/carts"), ("POST", "/carts"), ("POST", "/carts/x/take"), ("GET", "/sales")):
        assert cleo.ask(method, f"/api/v1{path}", {} if method == "POST" else None, Idempotency_Key="k").slug == "role"


def test_a_card_s_outcome_is_said_afterwards(ben: Client) -> None:
    card: dict[str, Any] = {"kind": "card", "amount": 700, "status": "unknown", "reference": "TX 7"}
    sale = ben.post("/sales", {"lines": [LINE], "tenders": [card]}).json["sale"]
    assert [one["sale"] for one in ben.get("/sales?show=unsettled").json["sales"]] == [sale]
    said = {"tender": 1, "outcome": "declined"}
    answer = ben.post(f"/sales/{sale}/card", said)
    declined = [{**card, "status": "declined"}]
    assert (answer.status, answer.json["tenders"]) == (200, declined)
    assert ben.get(f"/sales/{sale}").json["tenders"] == declined
    other = ben.post(f"/sales/{sale}/card", {**said, "outcome": "approved"})
    assert (other.status, other.slug) == (409, "card-settled")
    assert ben.get("/sales?show=unsettled").json == {"sales": [], "count": 0}
    (task,) = ben.get("/tasks").json["tasks"]
    assert (task["kind"], task["about"]) == ("card-declined", sale)
    in_cash = {"reason": "faulty", "restock": False, "tenders": [{"kind": "cash", "amount": 700}]}
    refused = ben.post(f"/sales/{sale}/refund", in_cash)
    assert (refused.status, refused.slug) == (409, "card-declined")


def test_closing_a_drawer_with_a_difference_says_how(ben: Client) -> None:
    assert ben.post("/drawer/count", {"coins": {"100": 1}}).status == 200
    told = ben.post("/drawer/close")
    assert (told.status, told.slug, told.json["variance"] < 0) == (409, "drawer-variance", True)
    assert told.json["reasons"] == ["wrong_change", "counted_twice", "other"]
    assert "wrong_change" in told.json["remedy"]


def test_an_event_with_something_unfinished_is_closed_by_force_only(stall: House, ben: Client) -> None:
    cart = ben.post("/carts", {"lines": [LINE]}).json
    card = {"kind": "card", "amount": 700, "status": "unknown"}
    sale = ben.post("/sales", {"lines": [LINE], "tenders": [card]}).json
    lead = stall.client("Ada")
    form = {"csrf": "", "verb": "close", "key": "close-1"}
    body = "&".join(f"{name}={value}" for name, value in form.items()).encode()
    page = lead.ask("POST", "/lead/event", raw=body, Content_Type="application/x-www-form-urlencoded")
    assert page.status == 409
    for words in (f"parked carts: {cart['name']}", f"not known: {sale['number']}", "Open drawers: 1"):
        assert words in page.body.decode()
    assert stall.facts("event.closed/1") == []
