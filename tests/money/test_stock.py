"""Stock: nothing is sold that is not there, and where it falls below zero all the same a task says so."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.projections import catalogue, tasks
from tests.conftest import EngineBox
from tests.door.conftest import MEMORY

ITEMS = [
    {"sku": "CUP", "name": "Cup", "price": 200, "vat": "0", "kind": "deposit", "stock": 3},
    {"sku": "CAKE", "name": "Cake", "price": 420, "vat": "0.07", "kind": "unit", "stock": 4},
    {"sku": "BEANS", "name": "Beans", "price": 2490, "vat": "0.07", "kind": "weight", "stock": 500},
    {"sku": "COFFEE", "name": "Coffee", "price": 350, "vat": "0.19", "kind": "unit"},
]
LINES = st.lists(
    st.one_of(
        st.fixed_dictionaries({"sku": st.just("CUP"), "qty": st.integers(1, 3), "returned": st.booleans()}),
        st.fixed_dictionaries({"sku": st.sampled_from(["CAKE", "COFFEE"]), "qty": st.integers(1, 3)}),
        st.fixed_dictionaries({"sku": st.just("BEANS"), "grams": st.integers(1, 300)}),
    ),
    min_size=1,
    max_size=4,
)
PICK = st.integers(0, 9)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sell"), LINES),
        st.tuples(st.just("void"), PICK),
        st.tuples(st.just("refund"), st.tuples(PICK, st.booleans(), st.sets(st.integers(1, 4), max_size=3))),
        st.tuples(st.just("import"), st.integers(0, 5)),
        st.tuples(st.just("done"), PICK),
    ),
    min_size=3,
    max_size=14,
)


class Shop:
    """A box that sells and gives back, and what is left by our own count."""

    def __init__(self, folder: Path) -> None:
        self.box = EngineBox(folder)
        self.box.do("event.create", name="Market", currency="EUR", timezone="Europe/Berlin", area_m2="12")
        self.box.do("catalogue.import", items=ITEMS)
        self.box.do("event.open")
        self.box.do("drawer.open", float=10_000)
        self.sales: list[str] = []

    def step(self, what: str, how: Any) -> None:
        match what:
            case "sell":
                asked = {"lines": how, "tenders": [{"kind": "cash", "amount": 10**6}]}
                reply = self.box.ask("sale.complete", asked)
                self.sales += [reply["answer"]["sale"]] if reply["ok"] else []
            case "void" if self.sales:
                sale = self.sales[how % len(self.sales)]
                self.box.ask("sale.void", {"sale": sale, "reason": "other", "approver": "s-lead"})
            case "refund" if self.sales:
                pick, restock, lines = how
                data: dict[str, Any] = {"sale": self.sales[pick % len(self.sales)], "reason": "other"}
                data |= {"restock": restock, "approver": "s-lead"}
                data |= {"lines": [{"line": line, "qty": 1} for line in sorted(lines)]} if lines else {}
                self.box.ask("sale.refund", data)
            case "import":
                self.box.do("catalogue.import", items=[{**ITEMS[0], "stock": how}, *ITEMS[1:]])
            case "done":
                waiting = tasks.waiting(self.box.engine.store.db)
                if waiting:
                    self.box.do("task.done", task=waiting[how % len(waiting)]["task"])

    def left(self) -> dict[str, int]:
        return catalogue.left(self.box.engine.store.db, {item["sku"] for item in ITEMS})


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_no_stock_falls_below_zero_without_a_task(steps: list[tuple[str, Any]]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="bk-stock-", dir=MEMORY if MEMORY.is_dir() else None))
    shop = Shop(folder / "data")
    try:
        for what, how in steps:
            before = shop.left()
            shop.step(what, how)
            waiting = [task["about"] for task in tasks.waiting(shop.box.engine.store.db)]
            for sku, there in shop.left().items():
                if there < 0 and there < before[sku]:
                    assert sku in waiting
            assert len(waiting) == len(set(waiting)), "one task for each"
    finally:
        shop.box.engine.close()
        shutil.rmtree(folder)


def test_a_deposit_that_is_taken_again_after_it_was_sold_leaves_a_task(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "data")
    cup = {"sku": "CUP", "qty": 1}
    shop.step("sell", [{"sku": "CAKE", "qty": 1}, {**cup, "returned": True}])
    shop.step("sell", [{**cup, "qty": 4}])
    assert shop.left()["CUP"] == 0
    shop.step("void", 0)
    assert shop.left()["CUP"] == -1
    (task,) = tasks.waiting(shop.box.engine.store.db)
    assert (task["kind"], task["about"]) == ("negative-stock", "CUP")
    assert next(item.stock for item in catalogue.items(shop.box.engine.store.db)) == 0
    kinds = [json.loads(body)["kind"] for body in shop.box.bodies()]
    assert kinds[-3:] == ["sale.voided/1", "slip.requested/1", "task.raised/1"]
    shop.box.engine.close()
