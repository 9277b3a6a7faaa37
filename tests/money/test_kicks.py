"""What opens a drawer beside a sale for cash."""

from appliance.projections import drawer
from tests.conftest import EngineBox

COFFEE = {"lines": [{"sku": "COFFEE", "qty": 2}], "tenders": [{"kind": "cash", "amount": 700}]}
BY_CARD = {**COFFEE, "tenders": [{"kind": "card", "amount": 700, "reference": "0417"}]}


def kicked(box: EngineBox, after: int) -> int:
    return len(drawer.kicks(box.engine.store.db, "printer", after))


def test_cash_that_goes_back_opens_the_drawer_and_money_on_a_card_does_not(box: EngineBox) -> None:
    box.open_event()
    for sale, opens in ((COFFEE, 1), (BY_CARD, 0)):
        sold = box.do("sale.complete", **sale)["sale"]
        before = box.engine.store.pos
        box.do("sale.refund", sale=sold, reason="faulty", restock=False, lines=[{"line": 1, "qty": 1}])
        assert kicked(box, before) == opens
    before = box.engine.store.pos
    box.do("sale.void", sale=box.do("sale.complete", **COFFEE)["sale"], reason="wrong_item")
    assert kicked(box, before) == 1


def test_money_in_and_out_and_a_no_sale_open_the_drawer(box: EngineBox) -> None:
    box.open_event()
    before = box.engine.store.pos
    box.do("drawer.move", amount=-500, reason="to_safe")
    box.do("drawer.no_sale", reason="change")
    assert kicked(box, before) == 2
