"""The sales reports against a calculation of their own over the journal's bodies, and against the Zs and the open X."""

from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings

from appliance.clock import parse_rfc3339
from appliance.domain import reports as domain
from appliance.domain.kernel import read_fact
from appliance.domain.money import VatLine, share_tax
from appliance.domain.reports import By, Shelf, Stamp
from appliance.domain.sales import SaleCompleted
from appliance.errors import Problem
from appliance.projections import books, drawer, events, turnover
from appliance.projections.runner import Projector, dump
from tests.conftest import ITEMS
from tests.money.stall import Stall
from tests.money.test_books import STAFF, STEPS, Till, step

SORTED = [{**item, "category": f"=Shelf {item['vat']}"} for item in ITEMS]


class Raw:
    """The past from the bodies alone."""

    def __init__(self) -> None:
        self.sales: dict[str, tuple[SaleCompleted, Stamp]] = {}
        self.items: dict[str, list[tuple[int, Shelf]]] = defaultdict(list)

    def sale(self, sale: str) -> tuple[SaleCompleted, Stamp]:
        return self.sales[sale]

    def shelf(self, sku: str, pos: int) -> Shelf:
        return [shelf for at, shelf in self.items[sku] if at <= pos][-1]


def folded(bodies: list[dict[str, Any]]) -> dict[str, Any]:
    """The sums of each event, by the pure fold."""
    raw = Raw()
    found: list[domain.Entry] = []
    for pos, body in enumerate(bodies, 1):
        fact = read_fact(body["kind"], body["data"])
        assert fact is not None
        stamp = turnover.stamp_of(pos, body)
        if body["kind"] == "catalogue.changed/1":
            for item in body["data"]["items"]:
                raw.items[item["sku"]].append((pos, Shelf(item["kind"], item.get("category"))))
        if isinstance(fact, SaleCompleted):
            raw.sales[fact.sale] = (fact, stamp)
        found += domain.entries(fact, stamp, raw)
    return domain.add_up(found)


def reckon(bodies: list[dict[str, Any]]) -> dict[str, dict[Any, Any]]:
    """Gross by every key, from the bodies: what a void names is left out before anything is added."""
    voided = {body["data"]["of"] for body in bodies if body["kind"] == "sale.voided/1"}
    sales = {body["data"]["sale"]: body["data"] for body in bodies if body["kind"] == "sale.completed/1"}
    gross: dict[str, Any] = {by: defaultdict(int) for by in ("item", "cashier", "tender", "vat", "category", "hour")}
    tax: dict[str, Any] = defaultdict(Fraction)
    n = {"n": 0, "refunds": 0}
    for body in bodies:
        data, kind = body["data"], body["kind"]
        if kind not in ("sale.completed/1", "sale.refunded/1") or data.get("training") or data["sale"] in voided:
            continue
        way = 1 if kind == "sale.completed/1" else -1
        n["n" if way == 1 else "refunds"] += 1
        gross["cashier"][body["actor"]] += way * data["total"]
        gross["hour"][body["at"][:13]] += way * data["total"]
        for one in data["vat"]:
            gross["vat"][one["rate"]] += way * one["gross"]
        for one in data["tenders"]:
            gross["tender"][one["kind"]] += way * one["amount"]
        gross["tender"]["cash"] -= data.get("change", 0)
        for line in data["lines"]:
            own = line if way == 1 else sales[data["of"]]["lines"][line["line"] - 1]
            amount = line["total"] if way == 1 or not line.get("taken") else -line["total"]
            gross["item"][own["sku"]] += way * amount
            gross["category"][f"=Shelf {own['vat']}"] += way * amount
            r = Fraction(own["vat"])
            tax[own["sku"]] += way * amount * r / (1 + r)
    return {**gross, "tax": tax, "n": n}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(STEPS)
def test_every_report_is_a_fold_over_the_facts_and_adds_up_to_the_zs_and_the_open_x(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int]]
) -> None:
    till = Till(tmp_path_factory.mktemp("reports"))
    till.box.do("catalogue.import", items=SORTED)
    for op, who, n in [("open", STAFF[0], 50), ("open", STAFF[1], 0), ("sell", STAFF[0], 0), *steps]:
        till.box.clock.advance(400)
        step(till, op, who, n)
    db, bodies = till.box.engine.store.db, till.facts()
    event = events.current(db)
    assert event is not None
    assert folded(bodies).get(event.event, {}) == turnover.sums(db, event.event)
    right = reckon(bodies)
    told = {by: turnover.report(db, event, by) for by in get_args(By)}

    zs = [books.z(db, z["z"]) for z in books.zs(db, event.event)]
    every = [z for z in zs if z is not None] + [till.x(one) for one in till.open()]
    parts = [one for one in every if not one.get("training")]
    total = told["item"]["total"]
    assert total["gross"] == sum(one["turnover"] for one in parts)
    assert total["rounding"] == sum(one["rounding"] for one in parts)
    assert total["n"] == sum(one["sales"]["count"] for one in parts) == right["n"]["n"]
    assert total["refunds"] == sum(one["refunds"]["count"] for one in parts) == right["n"]["refunds"]
    for name in ("net", "tax"):
        assert total[name] == sum(line[name] for one in parts for line in one["vat"])
    for by in ("item", "hour", "cashier", "vat", "category"):
        assert told[by]["total"] == total
        for name in ("gross", "net", "tax"):
            assert sum(row[name] for row in told[by]["rows"]) == total[name], (by, name)
        assert all(row["gross"] == row["net"] + row["tax"] for row in told[by]["rows"])
    assert sum(row["amount"] for row in told["tender"]["rows"]) == total["gross"] + total["rounding"]
    for by in ("hour", "cashier"):
        assert sum(row["n"] for row in told[by]["rows"]) == total["n"]
        assert sum(row["refunds"] for row in told[by]["rows"]) == total["refunds"]

    if all(one["tenders"] is not None for one in parts):
        taken: dict[str, int] = defaultdict(int)
        for tender in (tender for one in parts for tender in one["tenders"]):
            taken[tender["kind"]] += tender["amount"]
        shown_tenders = {row["tender"]: row["amount"] for row in told["tender"]["rows"]}
        assert {k: v for k, v in shown_tenders.items() if v} == {k: v for k, v in taken.items() if v}

    for by, key, value in (
        *((by, by, "gross") for by in ("cashier", "vat", "category")),
        ("item", "sku", "gross"),
        ("tender", "tender", "amount"),
    ):
        shown: dict[Any, int] = defaultdict(int)
        for row in told[by]["rows"]:
            shown[row[key]] += row[value]
        assert {k: v for k, v in shown.items() if v} == {k: v for k, v in right[by].items() if v}
    for row in told["item"]["rows"]:
        receipts = 2 * (row["n"] + row["refunds"]) + 2
        assert abs(row["tax"] - right["tax"][row["sku"]]) <= receipts
    before = dump(db)
    Projector(db).rebuild()
    assert dump(db) == before
    till.box.engine.close()


def test_a_void_takes_its_sale_out_of_its_hour_and_a_refund_counts_in_its_own(stall: Stall) -> None:
    cake = {"sku": "CAKE", "qty": 1}
    voided, refunded = stall.sold(cake), stall.sold({"sku": "COFFEE", "qty": 2})
    stall.sold(cake)
    stall.clock.advance(3600)
    stall.do("sale.void", sale=voided["sale"], reason="wrong_item")
    reply = stall.ask("sale.refund", {"sale": refunded["sale"], "reason": "faulty", "restock": True}, actor="staff:s-2")
    assert reply["ok"], reply
    event = events.current(stall.engine.store.db)
    assert event is not None
    hours = turnover.report(stall.engine.store.db, event, "hour")["rows"]
    first = {"n": 2, "refunds": 0, "gross": 1135, "net": 993, "tax": 142}
    then = {"n": 0, "refunds": 1, "gross": -714, "net": -600, "tax": -114}
    assert hours == [{"hour": "2026-11-23T19:00:00+01:00", **first}, {"hour": "2026-11-23T20:00:00+01:00", **then}]
    cashiers = turnover.report(stall.engine.store.db, event, "cashier")["rows"]
    assert cashiers == [{"cashier": "admin:test", **first}, {"cashier": "staff:s-2", **then}]
    items = turnover.report(stall.engine.store.db, event, "item")["rows"]
    assert [(row["sku"], row["n"], row["qty"], row["gross"]) for row in items] == [
        ("CAKE", 1, 1, 421),
        ("COFFEE", 1, 0, 0),
    ]


def test_the_hour_that_comes_twice_in_autumn_is_two_rows() -> None:
    def row(at: str) -> domain.Entry:
        return domain.Entry("ev", "quarter", str(parse_rfc3339(at) // domain.QUARTER_MS), n=1, gross=100)

    times = ("2026-10-25T00:45:00Z", "2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z")
    told = domain.report("hour", domain.add_up(row(at) for at in times)["ev"], "Europe/Berlin")
    assert [(one["hour"], one["n"]) for one in told["rows"]] == [
        ("2026-10-25T02:00:00+02:00", 2),
        ("2026-10-25T02:00:00+01:00", 2),
    ]
    kathmandu = domain.report("hour", domain.add_up([row("2026-10-25T00:20:00Z")])["ev"], "Asia/Kathmandu")
    assert [one["hour"] for one in kathmandu["rows"]] == ["2026-10-25T06:00:00+05:45"]


def test_a_category_is_that_of_the_day_of_the_sale(stall: Stall) -> None:
    old = stall.sold({"sku": "COFFEE", "qty": 1})
    items = [{"sku": "COFFEE", "name": "Kaffee", "price": 357, "vat": "0.19", "kind": "unit", "category": "Drinks"}]
    stall.do("catalogue.import", items=items)
    stall.sold({"sku": "COFFEE", "qty": 1})
    stall.do("sale.refund", sale=old["sale"], reason="faulty", restock=True)
    event = events.current(stall.engine.store.db)
    assert event is not None
    rows = turnover.report(stall.engine.store.db, event, "category")["rows"]
    assert [(row["category"], row["n"], row["refunds"], row["gross"]) for row in rows] == [
        ("Drinks", 1, 0, 357),
        (None, 1, 1, 0),
    ]


def test_a_drawer_that_goes_on_into_the_next_event_leaves_each_event_its_own_sales(tmp_path: Path) -> None:
    stall = Stall(tmp_path / "data")
    db = stall.engine.store.db
    first = stall.sold({"sku": "COFFEE", "qty": 1})
    stall.do("event.close", force=True)
    stall.do("event.create", name="Second", currency="EUR", timezone="Europe/Berlin", area_m2="12")
    stall.do("event.open")
    stall.sold({"sku": "CAKE", "qty": 1})
    stall.do("sale.refund", sale=first["sale"], reason="faulty", restock=True)
    everything = [books.x(db, one) for one in drawer.drawers(db).open]
    found = [row["event"] for row in db.execute("SELECT event FROM p_event ORDER BY ordinal")]
    told = [turnover.report(db, event, "item") for event in (events.get(db, name) for name in found) if event]
    assert [one["total"]["gross"] for one in told] == [357, 421 - 357]
    assert sum(one["total"]["gross"] for one in told) == sum(one["turnover"] for one in everything)
    stall.engine.close()


def test_a_report_that_fell_behind_is_none(stall: Stall) -> None:
    db = stall.engine.store.db
    event = events.current(db)
    assert event is not None
    db.execute("UPDATE projection SET stale = 'a fault' WHERE name = 'turnover'")
    with pytest.raises(Problem, match="behind"):
        turnover.report(db, event, "item")


def test_the_tax_of_lines_is_exactly_the_tax_of_their_receipt() -> None:
    parts = [("0.19", 3), ("0.07", 3), ("0.19", 3), ("0", 200), ("0.19", -1), ("0.07", 0)]
    vat = [VatLine(rate="0.19", net=4, tax=1, gross=5), VatLine(rate="0.07", net=3, tax=0, gross=3)]
    vat.append(VatLine(rate="0", net=200, tax=0, gross=200))
    assert share_tax(parts, vat) == [1, 0, 0, 0, 0, 0]
    fine = share_tax(parts, vat, 1000)
    assert (sum(fine[at] for at in (0, 2, 4)), fine[1] + fine[5], fine[3]) == (1000, 0, 0)
    assert share_tax([("0.19", 100)], [VatLine(rate="0.19", net=87, tax=13, gross=100)]) == [13]
