"""Training: real to whoever trains, and to nobody else: no turnover, no stock, no tickets, no money, in any order. The
sums of its reports are in ``test_books``, which drawer a sale goes to in ``test_drawer``."""

import json
from typing import Any

import pytest

from appliance.central.rollups import added
from appliance.domain.kernel import read_fact
from appliance.journal.records import Record
from appliance.projections import books, catalogue, drawer, kpis, paper, persons, refunds, sales, tickets
from appliance.receipts import layout, slips
from appliance.receipts.token import token
from tests.conftest import ITEMS, EngineBox
from tests.kit.test_slips import texts
from tests.money.test_drawer import A, B, do, facts, refusal

CASH = [{"kind": "cash", "amount": 10_000}]
POSTER = {"lines": [{"sku": "POSTER", "qty": 2}], "tenders": CASH}
EVENING = {"sku": "EVENING", "name": "Evening", "price": 1300, "vat": "0.07", "kind": "unit", "ticket": "general"}


@pytest.fixture
def shop(box: EngineBox) -> EngineBox:
    """An open event with the command line's drawer, and one in which A trains."""
    box.open_event()
    box.do("catalogue.import", items=[*ITEMS, EVENING])
    do(box, A, "drawer.open", float=5000, training=True)
    return box


def numbers(box: EngineBox) -> Any:
    """All that anybody adds up."""
    db = box.engine.store.db
    stock = {item.sku: item.stock for item in catalogue.items(db)}
    real = [books.x(db, one) for one in drawer.drawers(db).kin(training=False).open]
    for one in real:
        one.pop("log_size")
    return kpis.kpis(db, box.clock()), sales.today(db, box.clock()), stock, real, tickets.sizes(db, box.engine._event())


def central(box: EngineBox) -> list[Any]:
    """What central adds up."""
    found = (json.loads(body) for body in box.bodies())
    read = [read_fact(body["kind"], body["data"]) for body in found]
    return [row for fact in read if fact is not None for row in added(fact)]


def test_whatever_is_done_in_training_changes_no_number(shop: EngineBox) -> None:
    do(shop, B, "sale.complete", **POSTER)
    before, at_central = numbers(shop), central(shop)
    evening = {"lines": [{"sku": "EVENING", "qty": 2}, {"sku": "POSTER", "qty": 1}], "tenders": CASH}
    first = do(shop, A, "sale.complete", **evening)
    assert (first["training"], "receipt" in first, "tickets" in first) == (True, False, False)
    second = do(shop, A, "sale.complete", **POSTER)
    assert do(shop, A, "sale.refund", sale=first["sale"], reason="faulty", restock=True)["training"] is True
    assert do(shop, A, "sale.void", sale=second["sale"], reason="wrong_item")["training"] is True
    do(shop, A, "drawer.move", amount=500, reason="float")
    do(shop, A, "drawer.no_sale", reason="change")
    do(shop, A, "drawer.count", coins={"50": 110})
    z = do(shop, A, "drawer.close")
    assert (z["training"], z["z"], z["turnover"], z["expected"]) == (True, "1-1", 0, 5500)
    assert (numbers(shop), central(shop)) == (before, at_central)
    assert facts(shop, "ticket.issued/1") == []
    trained = [one for one in map(json.loads, shop.bodies()) if one["data"].get("training")]
    assert {one["kind"].partition("/")[0] for one in trained} == {
        *("drawer.opened", "sale.completed", "sale.refunded", "sale.voided", "drawer.moved", "drawer.unlocked"),
        *("drawer.counted", "drawer.closed"),
    }
    assert books.zs(shop.engine.store.db, shop.engine._event())[0]["training"] is True


def test_numbers_go_on_through_training_so_that_none_is_missing(shop: EngineBox) -> None:
    told = [do(shop, who, "sale.complete", **POSTER)["number"] for who in (A, B, A, B)]
    assert told == ["1-1", "1-2", "1-3", "1-4"]
    (real,) = drawer.drawers(shop.engine.store.db).kin(training=False).open
    assert books.x(shop.engine.store.db, real)["receipts"] == {
        "count": 2, "first": "1-2", "last": "1-4", "logs": [1], "missing": 0,
    }  # fmt: skip


def test_training_need_not_wait_for_the_event_and_nothing_else_begins_before_it(box: EngineBox) -> None:
    assert refusal(box, A, "drawer.open", float=0, training=True)["slug"] == "event-closed"
    box.do("event.create", name="Market", currency="EUR", timezone="Europe/Berlin", area_m2="12")
    box.do("catalogue.import", items=ITEMS)
    assert refusal(box, A, "drawer.open", float=0)["slug"] == "event-closed"
    assert refusal(box, A, "sale.complete", **POSTER)["slug"] == "event-closed"
    opened = do(box, A, "drawer.open", float=0, training=True)
    assert (opened["name"], opened["training"]) == ("T1", True)
    assert do(box, A, "sale.complete", **POSTER)["number"] == "1-1"
    assert refusal(box, B, "sale.complete", **POSTER)["slug"] == "drawer-closed"
    box.do("event.open")
    assert do(box, B, "drawer.open", float=0)["name"] == "1"
    assert do(box, B, "sale.complete", **POSTER)["number"] == "1-2"
    assert kpis.kpis(box.engine.store.db, box.clock())["sales"]["count"] == 1
    assert do(box, A, "sale.complete", **POSTER)["training"] is True
    box.ask("event.close", {"force": True})
    assert refusal(box, A, "sale.complete", **POSTER)["slug"] == "event-closed"


def test_who_has_both_says_which(shop: EngineBox) -> None:
    real = do(shop, A, "drawer.open", float=1000)["drawer"]
    assert refusal(shop, A, "drawer.open", float=0, training=True)["slug"] == "drawer-open"
    told = refusal(shop, A, "sale.complete", **POSTER)
    assert told["slug"] == "drawer-unclear"
    assert "training drawer T1" in told["detail"]
    assert [one.get("training", False) for one in told["drawers"]] == [True, False]
    assert do(shop, A, "sale.complete", **POSTER, drawer="T1")["training"] is True
    sold = do(shop, A, "sale.complete", **POSTER, drawer=real)
    assert "training" not in sold
    assert refusal(shop, A, "drawer.move", amount=100, reason="float")["slug"] == "drawer-unclear"
    told = refusal(shop, A, "sale.refund", sale=sold["sale"], reason="faulty", restock=True, drawer="T1")
    assert told["slug"] == "drawer-training"
    assert do(shop, A, "sale.refund", sale=sold["sale"], reason="faulty", restock=True)["drawer"] == real


def test_nobody_trains_in_somebody_else_s_drawer_by_chance(box: EngineBox) -> None:
    box.do("event.create", name="Market", currency="EUR", timezone="Europe/Berlin", area_m2="12")
    box.do("catalogue.import", items=ITEMS)
    box.do("event.open")
    do(box, A, "drawer.open", float=0, training=True)
    told = refusal(box, B, "sale.complete", **POSTER)
    assert (told["slug"], "but for training" in told["detail"]) == ("drawer-closed", True)


def test_a_sale_that_comes_after_the_z_stays_training_or_real(shop: EngineBox) -> None:
    (trained,) = drawer.drawers(shop.engine.store.db).kin(training=True).open
    real = do(shop, B, "drawer.open", float=0)["drawer"]
    do(shop, A, "drawer.count", coins={"5000": 1})
    do(shop, A, "drawer.close")
    assert refusal(shop, A, "sale.complete", **POSTER, drawer=trained.drawer)["slug"] == "drawer-closed"
    again = do(shop, A, "drawer.open", float=0, training=True)["drawer"]
    late = do(shop, A, "sale.complete", **POSTER, drawer=trained.drawer)
    assert (late["drawer"], late["late_for"], late["training"]) == (again, trained.drawer, True)
    do(shop, B, "drawer.count", coins={})
    do(shop, B, "drawer.close")
    late = do(shop, A, "sale.complete", **POSTER, drawer=real)
    assert (late["late_for"], "training" in late) == (real, False)
    assert late["drawer"] not in (again, real)


def test_a_training_drawer_kicks_no_drawer_and_its_receipts_bother_nobody(shop: EngineBox) -> None:
    start = shop.engine.store.pos
    answer = do(shop, A, "sale.complete", **POSTER)
    do(shop, A, "sale.void", sale=answer["sale"], reason="wrong_item")
    do(shop, A, "drawer.move", amount=100, reason="float")
    do(shop, A, "drawer.no_sale", reason="change", note="looked into it")
    db = shop.engine.store.db
    assert drawer.kicks(db, "printer", start) == []
    assert len(persons.people(db)) == 1
    shop.do("receipt.report", sale=answer["sale"], copy=0, printer="printer", outcome="not_printed")
    assert paper.doubtful(db) == []


def test_the_paper_says_training_above_and_below_and_holds_no_code(shop: EngineBox) -> None:
    db = shop.engine.store.db
    answer = do(shop, A, "sale.complete", **POSTER)
    do(shop, A, "sale.refund", sale=answer["sale"], reason="faulty", restock=True, lines=[{"line": 1, "qty": 1}])
    do(shop, A, "drawer.read")
    do(shop, A, "drawer.count", coins={"1000": 7})
    do(shop, A, "drawer.close", reason="other")
    sale = sales.get(db, answer["sale"])
    assert sale is not None
    papers = [layout.receipt(sale, event_name="Market", timezone="UTC", url=None)]
    papers += [
        slips.elements(db, paper.slip(db, fact["slip"]) or {}, printer={}) for fact in facts(shop, "slip.requested/1")
    ]
    assert len(papers) == 4
    for elements in papers:
        assert elements[0] == elements[-1] == layout.Title("TRAINING")
        assert not [one for one in elements if isinstance(one, layout.Code)]
    assert {texts(elements)[1] for elements in papers} == {"Not a receipt", "No money goes back", "Not in turnover"}
    assert refunds.of_sale(db, answer["sale"])["refunds"][0]["training"] is True


def test_no_receipt_is_signed_for_training(shop: EngineBox) -> None:
    answer = do(shop, A, "sale.complete", **POSTER)
    told = shop.ask("receipt.link", {"sale": answer["sale"]})
    assert told["refusal"]["slug"] == "not-found"
    record = shop.engine.record_of_sale(answer["sale"])
    assert isinstance(record, Record)
    assert token(record, shop.engine.store.keys.signer(1).private)  # its page would say TRAINING all the same
