"""Carts that the box keeps: taken by exactly one till, dropped, and named when an event is closed."""

from typing import Any

import pytest

from appliance.domain.carts import MOST
from appliance.private.people import People
from appliance.projections import carts, events, tasks
from appliance.projections.runner import Projector, dump
from tests.conftest import EngineBox

A, B = "staff:a", "staff:b"
LINE: dict[str, Any] = {"sku": "COFFEE", "qty": 2}
FULL: dict[str, Any] = {
    "lines": [
        {**LINE, "discount": {"percent": "0.10"}, "service": "takeaway"},
        {"sku": "OPEN", "qty": 1, "price": 450},
        {"sku": "BEANS", "qty": 1, "grams": 250},
        {"sku": "CUP", "qty": 3, "returned": True},
    ],
    "discount": {"amount": 50},
    "discount_reason": "haggled",
    "name": "Table 4",
}


@pytest.fixture
def shop(box: EngineBox) -> EngineBox:
    box.open_event()
    return box


def ask(box: EngineBox, who: str, command: str, id: str | None = None, **data: Any) -> dict[str, Any]:
    return box.ask(command, data, id=id, actor=who, role="staff")


def do(box: EngineBox, who: str, command: str, **data: Any) -> dict[str, Any]:
    reply = ask(box, who, command, **data)
    assert reply["ok"], reply
    return dict(reply["answer"])


def slug(reply: dict[str, Any]) -> str:
    assert not reply["ok"], reply
    return str(reply["refusal"]["slug"])


def waiting(box: EngineBox) -> list[dict[str, Any]]:
    event = events.current(box.engine.store.db)
    return carts.waiting(box.engine.store.db, event.event if event else "")


def test_a_cart_comes_back_as_it_was_parked(shop: EngineBox) -> None:
    parked = do(shop, A, "cart.park", **FULL)
    (cart,) = waiting(shop)
    assert cart == {**FULL, "cart": parked["cart"], "at": parked["at"], "by": A}
    assert {**do(shop, B, "cart.take", cart=parked["cart"]), "pos": 0} == {**cart, "pos": 0}
    assert waiting(shop) == []
    sale = {key: cart[key] for key in ("lines", "discount", "discount_reason")}
    do(shop, B, "sale.complete", **sale, tenders=[{"kind": "cash", "amount": 5000}])


def test_exactly_one_till_takes_a_cart_and_its_retry_gets_it_again(shop: EngineBox) -> None:
    cart = do(shop, A, "cart.park", lines=[LINE])["cart"]
    first = ask(shop, B, "cart.take", id="tap", cart=cart)
    late = ask(shop, A, "cart.take", cart=cart)
    assert (slug(late), late["refusal"]["detail"]) == ("cart-taken", f"cart 1 was taken by {B}")
    assert slug(ask(shop, A, "cart.drop", cart=cart)) == "cart-taken"
    assert ask(shop, B, "cart.take", id="tap", cart=cart) == first
    assert shop.kinds().count("cart.taken/1") == 1


def test_a_cart_is_dropped_once_and_then_nobody_takes_it(shop: EngineBox) -> None:
    cart = do(shop, A, "cart.park", lines=[LINE])["cart"]
    for _ in range(2):
        assert do(shop, B, "cart.drop", cart=cart)["cart"] == cart
    assert slug(ask(shop, A, "cart.take", cart=cart)) == "cart-taken"
    assert shop.kinds().count("cart.dropped/1") == 1
    assert slug(ask(shop, A, "cart.drop", cart="nothing")) == slug(ask(shop, A, "cart.take", cart="x")) == "not-found"


def test_a_cart_has_the_lowest_number_that_is_free_and_no_name_twice(shop: EngineBox) -> None:
    first = do(shop, A, "cart.park", lines=[LINE])
    assert do(shop, A, "cart.park", lines=[LINE], name="3")["name"] == "3"
    assert do(shop, B, "cart.park", lines=[LINE])["name"] == "2"
    assert slug(ask(shop, B, "cart.park", lines=[LINE], name="3")) == "cart-name"
    do(shop, B, "cart.take", cart=first["cart"])
    assert do(shop, B, "cart.park", lines=[LINE])["name"] == "1"
    assert [cart["name"] for cart in waiting(shop)] == ["3", "2", "1"]


def test_prices_and_stock_are_those_of_when_it_is_sold(shop: EngineBox) -> None:
    cart = do(shop, A, "cart.park", lines=[{"sku": "POSTER", "qty": 9999}, {"sku": "GONE", "qty": 1}])["cart"]
    assert do(shop, B, "cart.take", cart=cart)["lines"][1] == {"sku": "GONE", "qty": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"lines": []},
        {"lines": [LINE] * 201},
        {"lines": [{"sku": "", "qty": 1}]},
        {"lines": [{"sku": "Zoë Ünal", "qty": 1}]},
        {"lines": [{"sku": "zoe@example.org", "qty": 1}]},
        {"lines": [{**LINE, "qty": 0}]},
        {"lines": [{**LINE, "qty": 10_000}]},
        {"lines": [{**LINE, "price": -1}]},
        {"lines": [{**LINE, "grams": 0}]},
        {"lines": [{**LINE, "discount": {}}]},
        {"lines": [{**LINE, "discount": {"percent": "1.1"}}]},
        {"discount": {"percent": "0.1", "amount": 1}},
        {"discount_reason": "because"},
        {"name": ""},
        {"name": "x" * 21},
        {"note": " "},
        {"note": "x" * 501},
        {"tenders": []},
    ],
)
def test_what_is_no_cart_is_not_parked_and_its_key_stays_free(shop: EngineBox, wrong: dict[str, Any]) -> None:
    assert slug(ask(shop, A, "cart.park", id="one", **{"lines": [LINE], **wrong})) == "validation"
    assert ask(shop, A, "cart.park", id="one", lines=[LINE])["ok"]


def test_so_many_carts_wait_and_no_more(shop: EngineBox) -> None:
    for _ in range(MOST):
        do(shop, A, "cart.park", lines=[LINE])
    assert slug(ask(shop, A, "cart.park", lines=[LINE])) == "too-many-carts"
    do(shop, A, "cart.drop", cart=waiting(shop)[7]["cart"])
    assert do(shop, A, "cart.park", lines=[LINE])["name"] == "8"


def test_a_note_is_in_the_erasable_table_only_and_survives_the_sweep(shop: EngineBox) -> None:
    do(shop, A, "cart.park", lines=[LINE], note=" for Zoë ")
    assert not any("Zoë" in body for body in shop.bodies())
    shop.engine.close()
    shop.__dict__.update(EngineBox(shop.data, clock=shop.clock).__dict__)
    (cart,) = waiting(shop)
    assert People(shop.data).person(cart["note_ref"]["ref"]) == {"note": "for Zoë"}


def test_carts_wait_in_an_open_event_only_and_each_left_behind_is_a_task_until_it_is_dropped(shop: EngineBox) -> None:
    first, second = (do(shop, A, "cart.park", lines=[LINE])["cart"] for _ in range(2))
    do(shop, A, "drawer.count", drawer="1", coins={"10000": 1})
    do(shop, A, "drawer.close", drawer="1")
    told = ask(shop, A, "event.close")
    assert (slug(told), told["refusal"]["carts"]) == (
        "event-unfinished",
        [{"id": first, "name": "1"}, {"id": second, "name": "2"}],
    )
    answer = do(shop, A, "event.close", force=True)
    assert (answer["carts"], "drawers" in answer) == (told["refusal"]["carts"], False)
    db = shop.engine.store.db
    assert [(task["kind"], task["about"]) for task in tasks.waiting(db)] == [
        ("parked-cart", first),
        ("parked-cart", second),
    ]
    assert (
        slug(ask(shop, A, "cart.park", lines=[LINE])) == slug(ask(shop, A, "cart.take", cart=first)) == "event-closed"
    )
    shop.do("event.create", name="Next", currency="CHF", timezone="Europe/Zurich", area_m2="9")
    shop.do("event.open")
    assert waiting(shop) == []
    assert slug(ask(shop, A, "cart.take", cart=first)) == "event-closed"
    for cart in (first, second):
        do(shop, A, "cart.drop", cart=cart)
    assert tasks.waiting(db) == []
    live = dump(db)
    Projector(db).rebuild()
    assert dump(db) == live


def test_an_event_with_nothing_unfinished_closes_without_a_word(shop: EngineBox) -> None:
    do(shop, A, "cart.take", cart=do(shop, A, "cart.park", lines=[LINE])["cart"])
    do(shop, A, "drawer.count", coins={"10000": 1})
    do(shop, A, "drawer.close")
    assert set(do(shop, A, "event.close")) == {"event", "pos"}
