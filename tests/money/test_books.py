"""X and Z against a calculation of their own over the journal's bodies, whatever happens in whichever order."""

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.domain import books as domain
from appliance.domain.drawer import Drawer
from appliance.domain.kernel import read_fact
from appliance.journal.verify import verify
from appliance.projections import books, drawer
from appliance.projections.runner import Projector, dump
from tests.conftest import EngineBox
from tests.independent import check

STAFF = ("staff:a", "staff:b", "staff:c")
CARTS: list[list[dict[str, Any]]] = [
    [{"sku": "COFFEE", "qty": 3}],
    [{"sku": "CAKE", "qty": 1}, {"sku": "CUP", "qty": 2}],
    [{"sku": "CUP", "qty": 2, "returned": True}],
    [{"sku": "BEANS", "grams": 137}, {"sku": "OPEN", "price": 999}],
    [{"sku": "COFFEE", "qty": 1}, {"sku": "CUP", "qty": 3, "returned": True}],
]


class Till:
    """A box and whoever works at it. ``told``: each Z as it was answered when it was made."""

    def __init__(self, folder: Path) -> None:
        self.box = EngineBox(folder / "data")
        self.box.open_event()
        self.told: dict[str, dict[str, Any]] = {}

    def ask(self, command: str, who: str = "admin:test", **data: Any) -> dict[str, Any] | None:
        """The answer, or None when it is refused for a reason; a mistake of the box is none."""
        self.box.clock.advance(3)
        reply = self.box.ask(command, data, actor=who)
        if not reply["ok"]:
            assert reply["refusal"]["slug"] not in ("internal", "validation", "key-reused"), reply
            return None
        return dict(reply["answer"])

    def restart(self) -> None:
        self.box.engine.close()
        self.box = EngineBox(self.box.data, self.box.config, self.box.clock)

    def facts(self, upto: int | None = None) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.box.bodies()[:upto]]

    def open(self) -> tuple[Drawer, ...]:
        return tuple(drawer.drawers(self.box.engine.store.db).open)

    def x(self, one: Drawer) -> dict[str, Any]:
        return books.x(self.box.engine.store.db, one)

    def count(self, one: Drawer, off: int = 0) -> dict[str, Any] | None:
        """Count what the journal says is in it, and ``off`` more; None when that is nothing that can be counted."""
        there = reckon(self.facts(), one.drawer)["expected"] + off
        if there < 0:
            return None
        return self.ask(
            "drawer.count", one.by, drawer=one.drawer, coins={"1": there % 100, "100": there // 100, "50000": 0}
        )

    def close(self, one: Drawer) -> None:
        """With its Z, which is what its X was the moment before."""
        before = self.x(next(now for now in self.open() if now.drawer == one.drawer))
        z = self.ask("drawer.close", one.by, drawer=one.drawer, reason="wrong_change")
        if z is None:
            assert before["missing"] == ["count"]
            return
        self.told[z["z"]] = z
        changed = {"z", "log_size", "pos"}
        assert {k: v for k, v in z.items() if k not in changed} == {k: v for k, v in before.items() if k not in changed}

    def mine(self, who: str, *, training: bool) -> Drawer | None:
        """The drawer that somebody opened, of one sort."""
        return next((one for one in self.open() if one.by == who and one.training == training), None)

    def train(self, who: str, n: int) -> None:
        """What trainees do, in a drawer of their own: it is real to them, and to nobody else."""
        own = self.mine(who, training=True)
        sold = [one for one in self.sold(training=True) if one["drawer"] == (own.drawer if own else "")]
        if own is None:
            self.ask("drawer.open", who, float=n, training=True)
        elif sold and n % 4 == 0:
            self.ask("sale.refund", who, sale=sold[n % len(sold)]["sale"], reason="faulty", restock=True)
        elif sold and n % 4 == 1:
            self.ask("sale.void", who, sale=sold[n % len(sold)]["sale"], reason="wrong_item")
        elif n % 7 == 0:
            self.ask("drawer.move", who, drawer=own.drawer, amount=n + 1, reason="other")
        else:
            tenders = [{"kind": "cash", "amount": 5000}]
            self.ask("sale.complete", who, drawer=own.drawer, lines=CARTS[n % len(CARTS)], tenders=tenders)

    def sold(self, *, training: bool) -> list[dict[str, Any]]:
        """The data of every sale of one sort."""
        return [
            body["data"]
            for body in self.facts()
            if body["kind"] == "sale.completed/1" and body["data"]["training"] == training
        ]


def reckon(bodies: list[dict[str, Any]], mine: str) -> dict[str, Any]:
    """What a drawer's report has to say, from the bodies alone."""
    told: dict[str, Any] = dict.fromkeys(
        ("float", "cash", "moves", "sales", "sold", "refunds", "back", "voids", "undone", "no_sales"), 0
    )
    told["training"] = training_drawer(bodies, mine)
    tenders: dict[str, int] = {"cash": 0}
    vat: dict[str, list[int]] = {}
    numbers, fresh = [], False
    for body in bodies:
        kind, data = body["kind"].partition("/")[0], body["data"]
        if data.get("drawer") != mine:
            continue
        if kind.startswith("sale."):
            numbers.append(data["number"])
        assert data.get("training", False) is told["training"], "training and real money in one drawer"
        if kind in ("sale.completed", "sale.voided", "sale.refunded"):
            fresh = False
            way = 1 if kind == "sale.completed" else -1
            for tender in data["tenders"]:
                tenders[tender["kind"]] = tenders.get(tender["kind"], 0) + way * tender["amount"]
            tenders["cash"] -= data.get("change", 0)
            for one in data["vat"]:
                at = vat.setdefault(one["rate"], [0, 0, 0])
                for index, part in enumerate(("net", "tax", "gross")):
                    at[index] += way * one[part]
            if kind == "sale.completed":
                told["sales"], told["sold"] = told["sales"] + 1, told["sold"] + data["total"]
            elif kind == "sale.refunded":
                told["refunds"], told["back"] = told["refunds"] + 1, told["back"] + data["total"]
            else:
                told["voids"], told["undone"] = told["voids"] + 1, told["undone"] + data["total"]
        elif kind == "drawer.opened":
            told["float"] = data["float"]
        elif kind == "drawer.moved":
            told["moves"], fresh = told["moves"] + data["amount"], False
        elif kind == "drawer.counted":
            fresh = True
        elif kind == "drawer.unlocked":
            told["no_sales"] += 1
    told |= {"tenders": tenders, "vat": vat, "numbers": numbers, "fresh": fresh}
    return told | {"expected": told["float"] + tenders["cash"] + told["moves"]}


def training_drawer(bodies: list[dict[str, Any]], mine: str) -> bool:
    """Whether it was opened to train with."""
    opened = (body["data"] for body in bodies if body["kind"] == "drawer.opened/1")
    return bool(next(data for data in opened if data["drawer"] == mine).get("training"))


def agree(shown: dict[str, Any], right: dict[str, Any]) -> None:
    """A report says what was reckoned; what is withheld is withheld as a whole."""
    assert shown["float"] == right["float"]
    assert shown["sales"] == {"count": right["sales"] - right["voids"], "amount": right["sold"] - right["undone"]}
    assert shown["refunds"] == {"count": right["refunds"], "amount": right["back"]}
    assert shown["voids"] == {"count": right["voids"], "amount": right["undone"]}
    assert shown["turnover"] == right["sold"] - right["undone"] - right["back"]
    assert shown.get("training", False) is right["training"]
    assert shown["no_sales"] == right["no_sales"]
    assert {one["rate"]: [one["net"], one["tax"], one["gross"]] for one in shown["vat"]} == right["vat"]
    assert sum(one["gross"] for one in shown["vat"]) == shown["turnover"]
    assert sum(one["amount"] for one in shown["moves"]) == right["moves"]
    assert shown["receipts"]["count"] == len(right["numbers"])
    assert shown["receipts"]["missing"] == 0
    if right["numbers"]:
        assert (shown["receipts"]["first"], shown["receipts"]["last"]) == (right["numbers"][0], right["numbers"][-1])
    assert (shown["counted"] is not None) is right["fresh"]
    if shown["counted"] is None:
        assert (shown["expected"], shown["cash"], shown["tenders"], shown["variance"]) == (None, None, None, None)
        return
    assert {one["kind"]: one["amount"] for one in shown["tenders"]} == right["tenders"]
    assert sum(one["amount"] for one in shown["tenders"]) == shown["turnover"] + shown["rounding"]
    assert (shown["cash"], shown["expected"]) == (right["tenders"]["cash"], right["expected"])
    assert shown["variance"] == shown["counted"] - right["expected"]


def step(till: Till, op: str, who: str, n: int) -> None:
    """One thing that a person does; what the box refuses is refused."""
    sold = till.sold(training=False)
    own = [one for one in till.open() if one.by == who]
    real = till.mine(who, training=False)
    into = {"drawer": real.drawer} if real else {}
    match op:
        case "open":
            till.ask("drawer.open", who, float=n * 100)
        case "sell":
            cart = CARTS[n % len(CARTS)]
            till.ask("sale.complete", who, lines=cart, tenders=[{"kind": "cash", "amount": 5000}], **into)
        case "card":
            till.ask("sale.complete", who, lines=CARTS[0], tenders=[{"kind": "card", "amount": 1050}])
        case "mixed":
            tenders = [{"kind": "card", "amount": 500}, {"kind": "cash", "amount": 1000}]
            till.ask("sale.complete", who, lines=CARTS[0], tenders=tenders, **into)
        case "refund" if sold:
            one = sold[n % len(sold)]
            till.ask("sale.refund", who, sale=one["sale"], reason="faulty", restock=True, approver="lead")
        case "piece" if sold:
            one, lines = sold[n % len(sold)], [{"line": 1, "qty": 1}]
            data = {"sale": one["sale"], "reason": "faulty", "restock": False, "lines": lines, "approver": "lead"}
            till.ask("sale.refund", who, **data)
        case "void" if sold:
            till.ask("sale.void", who, sale=sold[n % len(sold)]["sale"], reason="wrong_item", approver="lead")
        case "move":
            till.ask("drawer.move", who, amount=-n - 1 if n % 2 else n + 1, reason="other")
        case "no-sale":
            till.ask("drawer.no_sale", who, reason="change")
        case "train":
            till.train(who, n)
        case "count" if own:
            till.count(own[n % len(own)], n % 3)
        case "close" if own:
            till.count(own[n % len(own)], n % 2)
            till.close(own[n % len(own)])
        case "uncounted" if own:
            till.close(own[n % len(own)])
        case "restart":
            till.restart()
        case _:
            assert not (sold and own), f"nothing is known of {op}"


OPS = (
    *(
        "open",
        "open",
        "sell",
        "sell",
        "card",
        "mixed",
        "refund",
        "piece",
        "void",
        "move",
        "no-sale",
        "train",
        "train",
        "count",
    ),
    *("count", "close", "uncounted", "restart"),
)
STEPS = st.lists(st.tuples(st.sampled_from(OPS), st.sampled_from(STAFF), st.integers(0, 40)), min_size=8, max_size=40)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(STEPS)
def test_every_report_is_what_the_facts_say_and_every_z_stays_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int]]
) -> None:
    till = Till(tmp_path_factory.mktemp("books"))
    for op, who, n in [("open", STAFF[0], 50), ("open", STAFF[1], 0), ("sell", STAFF[0], 0), *steps]:
        step(till, op, who, n)
    for one in till.open():
        agree(till.x(one), reckon(till.facts(), one.drawer))
    for one in till.open():
        if till.count(one) is not None:
            till.close(one)
    db, bodies = till.box.engine.store.db, till.facts()
    closed = [(pos, body) for pos, body in enumerate(bodies, 1) if body["kind"] == "drawer.closed/1"]
    assert [body["data"]["z"] for _, body in closed] == [f"1-{n}" for n in range(1, len(closed) + 1)]
    signed = {row["size"] for row in db.execute("SELECT size FROM checkpoint")}
    turnover = 0
    for pos, body in closed:
        z = books.z(db, body["data"]["z"])
        assert z is not None
        agree(z, reckon(bodies[:pos], body["data"]["drawer"]))
        assert reckon(bodies[:pos], body["data"]["drawer"]) == reckon(bodies, body["data"]["drawer"])
        told = till.told[z["z"]]
        assert {key: value for key, value in z.items() if key in told} == told
        assert z["log_size"] in signed
        turnover += 0 if z.get("training") else z["turnover"]
    if not till.open():
        every = [reckon(bodies, body["data"]["drawer"]) for _, body in closed if not body["data"].get("training")]
        assert turnover == sum(one["sold"] - one["back"] - one["undone"] for one in every)
        assert sum(one["sold"] for one in every) == sum(one["total"] for one in till.sold(training=False))
    the_same_again(till)


def the_same_again(till: Till) -> None:
    """A fold over the facts gives the sums that are kept, a rebuild gives the tables, and the journal verifies."""
    db = till.box.engine.store.db
    drawers: dict[str, str] = {}
    entries: list[domain.Entry] = []
    for body in till.facts():
        fact = read_fact(body["kind"], body["data"])
        assert fact is not None
        entries += domain.entries(fact, drawers.get)
        if body["kind"].startswith("sale."):
            drawers[body["data"]["sale"]] = body["data"]["drawer"]
    for name, sums in domain.add_up(entries).items():
        assert books.book(db, name, 1).sums == sums
    before = dump(db)
    Projector(db).rebuild()
    assert dump(db) == before
    till.box.ask("checkpoint.request", {})
    assert verify(till.box.data)["ok"]
    assert check(till.box.data) == {1: till.box.engine.store.size}
    till.box.engine.close()


def empty_z(till: Till) -> dict[str, Any]:
    """The Z of the drawer that is open."""
    (one,) = till.open()
    till.count(one)
    till.close(one)
    return till.told["1-1"]


@pytest.fixture
def till(tmp_path: Path) -> Till:
    return Till(tmp_path)


def test_a_z_of_nothing_is_a_z(till: Till) -> None:
    z = empty_z(till)
    assert (z["turnover"], z["vat"], z["tenders"]) == (0, [], [{"kind": "cash", "amount": 0}])
    assert (z["expected"], z["variance"]) == (10_000, 0)
    assert z["receipts"] == {"count": 0, "first": None, "last": None, "logs": [], "missing": 0}


def test_a_drawer_that_only_gave_money_back_has_a_negative_turnover(till: Till) -> None:
    sold = till.ask("sale.complete", lines=CARTS[1], tenders=[{"kind": "cash", "amount": 820}])
    assert sold is not None
    empty_z(till)
    till.ask("drawer.open", float=5000)
    till.ask("sale.refund", sale=sold["sale"], reason="faulty", restock=True)
    (one,) = till.open()
    till.count(one)
    till.close(one)
    z = till.told["1-2"]
    assert (z["turnover"], z["expected"], z["sales"]["count"], z["refunds"]) == (
        -820,
        5000 - 820,
        0,
        {"count": 1, "amount": 820},
    )
    assert [(vat["rate"], vat["gross"]) for vat in z["vat"]] == [("0.07", -420), ("0", -400)]


def test_a_void_is_counted_and_its_sale_is_not(till: Till) -> None:
    sale: dict[str, Any] = {"lines": CARTS[1], "tenders": [{"kind": "cash", "amount": 1000}]}
    till.ask("sale.complete", **sale)
    sold = till.ask("sale.complete", **sale)
    assert sold is not None
    assert till.ask("sale.void", sale=sold["sale"], reason="wrong_item") is not None
    z = empty_z(till)
    assert (z["sales"], z["voids"]) == ({"count": 1, "amount": 820}, {"count": 1, "amount": 820})
    assert (z["turnover"], z["cash"], z["receipts"]["count"]) == (820, 820, 3)
    assert [(one["rate"], one["gross"]) for one in z["vat"]] == [("0.07", 420), ("0", 400)]


def test_deposits_are_turnover_at_rate_zero(till: Till) -> None:
    till.ask("sale.complete", lines=CARTS[1], tenders=[{"kind": "cash", "amount": 820}])
    assert empty_z(till)["vat"][-1] == {"rate": "0", "net": 400, "tax": 0, "gross": 400}


def test_a_number_that_is_nowhere_is_told(till: Till) -> None:
    for _ in range(3):
        till.ask("sale.complete", lines=CARTS[0], tenders=[{"kind": "cash", "amount": 1050}])
    till.box.engine.store.db.execute("DELETE FROM p_numbered WHERE n = 2")
    assert empty_z(till)["receipts"] == {"count": 2, "first": "1-1", "last": "1-3", "logs": [1], "missing": 1}


def test_a_drawer_that_was_open_when_the_box_was_restored_is_closed_in_the_new_log(till: Till) -> None:
    sale: dict[str, Any] = {"lines": CARTS[0], "tenders": [{"kind": "cash", "amount": 1050}]}
    for _ in range(2):
        till.ask("sale.complete", **sale)
    till.box.engine.close()
    copy = till.box.data.with_name("restored")
    shutil.copytree(till.box.data, copy)
    till.box = EngineBox(copy, till.box.config, till.box.clock)
    till.ask("sale.complete", **sale)
    (one,) = till.open()
    till.count(one)
    till.close(one)
    (z,) = till.told.values()
    assert (z["z"], z["turnover"], z["expected"]) == ("2-1", 3150, 13_150)
    assert z["receipts"] == {"count": 3, "first": "1-1", "last": "2-1", "logs": [1, 2], "missing": 0}
    assert (z["log"], z["log_size"]) == (2, till.box.engine.store.checkpointed)


def test_a_reprint_counts_in_the_drawer_that_made_the_sale(till: Till) -> None:
    sold = till.ask("sale.complete", lines=CARTS[0], tenders=[{"kind": "cash", "amount": 1050}])
    assert sold is not None
    report = {"sale": sold["sale"], "copy": 0, "printer": "printer", "outcome": "printed"}
    till.ask("receipt.report", **report)
    assert till.ask("receipt.reprint", sale=sold["sale"]) is not None
    assert empty_z(till)["reprints"] == 1


def test_a_total_survives_its_way_through_the_journal(till: Till) -> None:
    z = empty_z(till)
    (data,) = [body["data"] for body in till.facts() if body["kind"] == "drawer.closed/1"]
    totals = msgspec.convert(data["totals"], domain.Totals)
    assert msgspec.to_builtins(totals) == data["totals"]
    assert domain.answer(totals, data["drawer"], z="1-1", counted=data["counted"]).items() <= z.items()
