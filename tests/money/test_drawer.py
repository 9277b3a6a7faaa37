"""Drawers: whose a sale is, what is said before the count, what opens them, and that a closed one stays closed."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.domain import drawer as domain
from appliance.domain.drawer import COINS, Drawer, Drawers, choose, for_money_back, for_sale
from appliance.domain.events import Event
from appliance.errors import Problem
from appliance.journal.client import RecorderClient
from appliance.private.people import People
from appliance.projections import books, drawer, paper, tasks
from appliance.receipts import slips
from appliance.receipts.layout import Element, Row
from drivers.emulators.printer import PrinterEmulator
from tests.conftest import EngineBox, Process, wait_until
from tests.kit.test_slips import texts

A, B, C = "staff:a", "staff:b", "staff:c"
COFFEE: dict[str, Any] = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 400}]}
EURO = "\N{EURO SIGN}"


@pytest.fixture
def shop(box: EngineBox) -> EngineBox:
    """An open event whose drawer was opened by nobody in particular: the command line's."""
    box.open_event()
    return box


def do(box: EngineBox, who: str, command: str, **data: Any) -> dict[str, Any]:
    reply = box.ask(command, data, actor=who, role="staff")
    assert reply["ok"], reply
    return dict(reply["answer"])


def refusal(box: EngineBox, who: str, command: str, **data: Any) -> dict[str, Any]:
    reply = box.ask(command, data, actor=who, role="staff")
    assert not reply["ok"], reply
    return dict(reply["refusal"])


def facts(box: EngineBox, kind: str) -> list[dict[str, Any]]:
    return [body["data"] for body in map(json.loads, box.bodies()) if body["kind"] == kind]


def closed(box: EngineBox, who: str, coins: dict[str, int], **more: Any) -> dict[str, Any]:
    """Counted and closed, whatever the difference."""
    which = {"drawer": more["drawer"]} if "drawer" in more else {}
    do(box, who, "drawer.count", coins=coins, **which)
    return do(box, who, "drawer.close", **{"reason": "other", **more})


# Which drawer


def test_the_only_drawer_takes_everybody_s_sales(shop: EngineBox) -> None:
    for who in (A, B):
        do(shop, who, "sale.complete", **COFFEE)
    assert len({sale["drawer"] for sale in facts(shop, "sale.completed/1")}) == 1


def test_each_cashier_sells_into_their_own_drawer_unless_they_name_another(shop: EngineBox) -> None:
    mine = do(shop, A, "drawer.open", float=1000)
    theirs = do(shop, B, "drawer.open", float=2000)
    assert (mine["name"], theirs["name"]) == ("2", "3")
    for who, data in ((A, {}), (B, {}), (A, {"drawer": theirs["drawer"]}), (A, {"drawer": "1"})):
        do(shop, who, "sale.complete", **COFFEE, **data)
    first = facts(shop, "drawer.opened/1")[0]["drawer"]
    sold = [sale["drawer"] for sale in facts(shop, "sale.completed/1")]
    assert sold == [mine["drawer"], theirs["drawer"], theirs["drawer"], first]


def test_without_a_drawer_of_their_own_a_cashier_is_asked_which_of_several(shop: EngineBox) -> None:
    do(shop, A, "drawer.open", float=1000)
    told = refusal(shop, C, "sale.complete", **COFFEE)
    assert told["slug"] == "drawer-unclear"
    assert [one["name"] for one in told["drawers"]] == ["1", "2"]
    assert (told["drawers"][1]["by"], "drawer 2 (staff:a)" in told["detail"]) == (A, True)
    assert "sale.completed/1" not in shop.kinds()


def test_one_drawer_a_cashier_and_one_of_each_name(shop: EngineBox) -> None:
    assert do(shop, A, "drawer.open", float=0, name="Bar 2")["name"] == "Bar 2"
    assert refusal(shop, A, "drawer.open", float=0)["slug"] == "drawer-open"
    assert refusal(shop, B, "drawer.open", float=0, name="Bar 2")["slug"] == "drawer-open"
    for wrong in ("", " Bar", "Bar ", "x" * 21, "Zoë", "a@b"):
        told = refusal(shop, B, "drawer.open", float=0, name=wrong)
        assert told["slug"] == "validation"
        assert not wrong or repr(wrong) not in told["detail"]


def test_a_name_is_free_again_when_its_drawer_is_closed(shop: EngineBox) -> None:
    do(shop, A, "drawer.open", float=500)
    closed(shop, "admin:test", {"10000": 1}, drawer="1")
    assert do(shop, B, "drawer.open", float=0)["name"] == "1"


def test_a_drawer_that_is_not_open_is_refused_and_its_name_is_not_repeated(shop: EngineBox) -> None:
    for command, data in (
        ("sale.complete", COFFEE),
        ("drawer.move", {"amount": 1, "reason": "float"}),
        ("drawer.no_sale", {"reason": "change"}),
        ("drawer.count", {"coins": {}}),
        ("drawer.close", {}),
        ("drawer.read", {}),
    ):
        told = refusal(shop, A, command, **data, drawer="Zilpzalp")
        assert told["slug"] == "drawer-closed"
        assert "Zilpzalp" not in json.dumps(told)


DRAWER = st.builds(
    Drawer,
    st.sampled_from("pqrs"),
    st.sampled_from("1234"),
    st.sampled_from(["e1", "e2"]),
    st.just("EUR"),
    st.sampled_from([A, B, C]),
    st.just("2026-11-23T18:00:00.000Z"),
    st.just(0),
    st.none(),
    st.just(0),
    st.booleans(),
)


KNOWN = st.lists(DRAWER, max_size=4, unique_by=(lambda one: one.drawer, lambda one: one.name))


def outcome(choice: Callable[[], Any]) -> Any:
    """What was chosen, or the word of the refusal."""
    try:
        return choice()
    except Problem as problem:
        return problem.slug


@given(KNOWN, st.sampled_from([A, B]), st.sampled_from([None, *"pqrs1234"]))
def test_what_is_chosen_is_named_or_mine_or_the_only_one(known: list[Drawer], who: str, asked: str | None) -> None:
    found = outcome(lambda: choose(Drawers(tuple(known)), who, asked))
    right = [one for one in known if asked in (one.drawer, one.name)]
    if asked is None:
        right = [one for one in known if one.by == who] or [one for one in known if not one.training]
    if not right:
        assert found == "drawer-closed"
    elif asked is None and len(right) > 1:
        assert found == "drawer-unclear"
    else:
        assert found in right


EVENT = Event("e1", "Market", "EUR", "Europe/Berlin", "12", "open")
GONE = st.none() | st.booleans()
"""No drawer is named, or one with its Z, a real one or one for training."""


@given(KNOWN, st.sampled_from([A, B]), GONE, st.sampled_from(["created", "open"]))
def test_a_sale_never_goes_to_a_drawer_of_another_event_or_sort_or_to_one_that_is_closed(
    known: list[Drawer], who: str, gone: bool | None, state: str
) -> None:
    asked = None if gone is None else "z"
    here = [one for one in known if one.event == "e1" and (one.training or state == "open")]
    if gone is not None:
        here = [one for one in here if one.training is gone]
    right = [one for one in here if one.by == who] or [one for one in here if not one.training]
    now = Drawers(tuple(known), asked, bool(gone))
    found = outcome(lambda: for_sale(now, who, asked, replace(EVENT, state=state)))
    if len(right) == 1:
        assert found == (replace(EVENT, state=state), right[0], asked)
    else:
        assert found in ({"drawer-unclear"} if right else {"drawer-closed", "event-closed"})
        assert found != "event-closed" or state == "created"


@given(KNOWN, st.sampled_from([A, B]), st.sampled_from([None, *"pqrs1234"]), st.booleans())
def test_money_goes_back_out_of_a_drawer_of_the_sale_s_own_sort(
    known: list[Drawer], who: str, asked: str | None, training: bool
) -> None:
    found = outcome(lambda: for_money_back(Drawers(tuple(known)), who, asked, training=training))
    kin = [one for one in known if one.training is training]
    named = [one for one in known if asked in (one.drawer, one.name)]
    if isinstance(found, Drawer):
        assert found in kin
        assert asked is None or found in named
    elif found == "drawer-training":
        assert named
    else:
        assert found in ("drawer-closed", "drawer-unclear")
        assert not [one for one in named if one in kin]


# The blind count


HIDDEN = ("expected", "cash", "tenders", "variance")


def test_nothing_says_what_should_be_in_it_before_it_is_counted(shop: EngineBox) -> None:
    do(shop, A, "sale.complete", **COFFEE)
    (one,) = drawer.drawers(shop.engine.store.db).open
    asked = {"reason": "change"}
    answers = [books.x(shop.engine.store.db, one), do(shop, A, "drawer.no_sale", **asked), do(shop, A, "drawer.read")]
    answers.append(refusal(shop, A, "drawer.close"))
    for told in (*answers, facts(shop, "drawer.read/1")[0]["totals"]):
        assert [told.get(name) for name in HIDDEN] == [None] * 4
        assert "10350" not in json.dumps(told)
    assert answers[0]["missing"] == ["count"]
    printed = texts(report(shop, answers[2]["slip"]))
    assert "Not counted yet; what should be in it is said after the count." in printed
    assert not any(text.startswith(("Expected", "Cash ", "Difference")) for text in printed)
    told = do(shop, A, "drawer.count", coins={"5000": 2, "200": 1, "100": 1, "50": 1})
    assert [told[name] for name in ("expected", "counted", "variance", "cash")] == [10_350, 10_350, 0, 350]


@pytest.mark.parametrize(
    ("command", "data"),
    [("sale.complete", COFFEE), ("drawer.move", {"amount": -100, "reason": "expense"})],
)
def test_what_comes_after_the_count_makes_it_stale_and_hides_again(
    shop: EngineBox, command: str, data: dict[str, Any]
) -> None:
    do(shop, A, "drawer.count", coins={"10000": 1})
    do(shop, A, command, **data)
    told = refusal(shop, A, "drawer.close")
    assert (told["slug"], told["since"], told["remedy"]) == ("drawer-uncounted", 1, "Count again: 1 since.")
    (one,) = drawer.drawers(shop.engine.store.db).open
    assert [books.x(shop.engine.store.db, one)[name] for name in HIDDEN] == [None] * 4
    assert closed(shop, A, {"10000": 1})["counts"] == 2


def test_a_no_sale_changes_no_sum_and_no_count(shop: EngineBox) -> None:
    do(shop, A, "drawer.count", coins={"10000": 1})
    do(shop, A, "drawer.no_sale", reason="check")
    assert do(shop, A, "drawer.close")["variance"] == 0


def test_a_recount_takes_the_place_of_the_count_before(shop: EngineBox) -> None:
    assert do(shop, A, "drawer.count", coins={"5000": 1})["variance"] == -5000
    assert do(shop, A, "drawer.count", coins={"5000": 2})["variance"] == 0
    z = do(shop, A, "drawer.close")
    assert (z["counted"], z["variance"], z["counts"]) == (10_000, 0, 2)
    assert len(facts(shop, "drawer.counted/1")) == 2


def test_a_difference_wants_a_reason_and_then_the_drawer_closes_all_the_same(shop: EngineBox) -> None:
    do(shop, A, "drawer.count", coins={"5000": 1, "2000": 2})
    told = refusal(shop, A, "drawer.close")
    assert (told["slug"], told["expected"], told["counted"], told["variance"]) == (
        "drawer-variance",
        10_000,
        9000,
        -1000,
    )
    assert do(shop, A, "drawer.close", reason="wrong_change")["variance"] == -1000
    (fact,) = facts(shop, "drawer.closed/1")
    assert (fact["expected"], fact["counted"], fact["variance"], fact["reason"]) == (
        10_000,
        9000,
        -1000,
        "wrong_change",
    )


@pytest.mark.parametrize(
    ("coins", "why"),
    [
        ({"300": 1}, "EUR has no 300"),
        ({"200": -1}, "wants 0 to"),
        ({"200": 100_001}, "wants 0 to"),
        ({"0": 1}, "in minor units"),
        ({"-200": 1}, "in minor units"),
        ({"0200": 1}, "in minor units"),
        ({"2.00": 1}, "in minor units"),
    ],
)
def test_what_is_no_coin_is_not_counted(shop: EngineBox, coins: dict[str, int], why: str) -> None:
    told = refusal(shop, A, "drawer.count", coins=coins)
    assert told["slug"] == "validation"
    assert why in told["detail"]
    assert "drawer.counted/1" not in shop.kinds()


@given(st.sampled_from(sorted(COINS)), st.data())
def test_a_count_is_the_sum_of_its_coins(currency: str, data: st.DataObject) -> None:
    coins = data.draw(st.dictionaries(st.sampled_from(COINS[currency]), st.integers(0, 1000)))
    counted = domain.count_up({str(coin): pieces for coin, pieces in coins.items()}, currency)
    assert counted == sum(coin * pieces for coin, pieces in coins.items())


def test_of_a_currency_that_is_not_listed_any_coin_is_counted() -> None:
    assert domain.count_up({"7": 3, "125": 1}, "XTS") == 146


# Money in and out


@pytest.mark.parametrize(
    ("reason", "amount", "taken"),
    [
        ("float", 500, True),
        ("float", -500, False),
        ("from_safe", -500, False),
        ("to_safe", -500, True),
        ("to_safe", 500, False),
        ("expense", 500, False),
        ("tips", 500, True),
        ("tips", -500, True),
        ("other", 0, False),
    ],
)
def test_money_goes_the_way_that_its_reason_says(shop: EngineBox, reason: str, amount: int, taken: bool) -> None:
    reply = shop.ask("drawer.move", {"amount": amount, "reason": reason})
    assert reply["ok"] is taken
    assert taken or reply["refusal"]["slug"] == "validation"
    z = closed(shop, "admin:test", {})
    assert z["expected"] == 10_000 + (amount if taken else 0)


def test_what_is_said_of_money_is_erasable_and_is_kept_while_a_fact_refers_to_it(shop: EngineBox) -> None:
    do(shop, A, "drawer.move", amount=-500, reason="expense", note="Ice from Zilpzalp")
    do(shop, A, "drawer.no_sale", reason="other", note="Zilpzalp asked")
    closed(shop, A, {}, note="Zilpzalp dropped it")
    assert "Zilpzalp" not in "".join(shop.bodies())
    refs = [
        facts(shop, kind)[0]["reason_ref"]["ref"] for kind in ("drawer.moved/1", "drawer.unlocked/1", "drawer.closed/1")
    ]
    shop.engine.close()
    shop.engine = EngineBox(shop.data, shop.config, shop.clock).engine
    people = People(shop.data)
    said = [people.person(ref)["reason"] for ref in refs]
    assert said == ["Ice from Zilpzalp", "Zilpzalp asked", "Zilpzalp dropped it"]


# Closed


def test_nobody_sells_into_a_closed_drawer_and_no_second_z_is_made(shop: EngineBox) -> None:
    closed(shop, A, {"10000": 1})
    assert refusal(shop, A, "sale.complete", **COFFEE)["slug"] == "drawer-closed"
    asked: dict[str, dict[str, Any]] = {"drawer.close": {}, "drawer.count": {"coins": {}}}
    for command, data in asked.items():
        assert refusal(shop, A, command, **data)["slug"] == "drawer-closed"
    assert [fact["z"] for fact in facts(shop, "drawer.closed/1")] == ["1-1"]


def test_a_close_that_is_sent_again_is_the_same_z(shop: EngineBox) -> None:
    do(shop, A, "drawer.count", coins={"10000": 1})
    first = shop.ask("drawer.close", {}, id="close", actor=A, role="staff")
    assert shop.ask("drawer.close", {}, id="close", actor=A, role="staff") == first
    assert len(facts(shop, "drawer.closed/1")) == 1


def test_a_z_is_signed_with_what_it_closes(shop: EngineBox) -> None:
    z = closed(shop, A, {"10000": 1})
    assert z["log_size"] == shop.engine.store.size == shop.engine.store.checkpointed


def test_a_sale_that_comes_after_the_z_of_its_drawer_is_in_the_next_books_and_says_so(shop: EngineBox) -> None:
    mine = do(shop, A, "drawer.open", float=1000)["drawer"]
    closed(shop, A, {"1000": 1}, drawer=mine)
    answer = do(shop, A, "sale.complete", **COFFEE, drawer=mine)
    (sale,) = facts(shop, "sale.completed/1")
    first = facts(shop, "drawer.opened/1")[0]["drawer"]
    assert (sale["drawer"], sale["late_for"]) == (first, mine) == (answer["drawer"], answer["late_for"])
    z = closed(shop, A, {"10000": 1})
    assert (z["late"], z["cash"], z["variance"]) == ({"count": 1, "amount": 350}, 350, -350)
    assert f"Late for a closed drawer (1) | {EURO}3.50" in texts(report(shop, "sl-z-1-2"))
    assert refusal(shop, A, "sale.complete", **COFFEE, drawer=mine)["slug"] == "drawer-closed"


def test_an_event_is_closed_after_its_drawers_unless_somebody_insists(shop: EngineBox) -> None:
    told = refusal(shop, A, "event.close")
    assert (told["slug"], told["detail"]) == (
        "event-unfinished",
        "open drawers: 1; parked carts: \N{EN DASH}; sales with a card payment not known: \N{EN DASH}",
    )
    (open_,) = told["drawers"]
    name = open_["id"]
    assert (open_["name"], told["carts"], told["cards"]) == ("1", [], [])
    assert do(shop, A, "event.close", force=True)["drawers"] == [open_]
    (task,) = tasks.waiting(shop.engine.store.db)
    assert (task["kind"], task["about"]) == ("open-drawer", name)
    z = closed(shop, A, {"10000": 1})
    assert (z["drawer"], z["variance"]) == (name, 0)
    assert tasks.waiting(shop.engine.store.db) == []


def test_an_event_without_open_drawers_closes_without_a_word(shop: EngineBox) -> None:
    closed(shop, A, {"10000": 1})
    assert "drawers" not in do(shop, A, "event.close")
    assert "task.raised/1" not in shop.kinds()


def test_the_command_line_closes_an_event_whatever_is_open(shop: EngineBox) -> None:
    assert len(shop.do("event.close")["drawers"]) == 1


def test_a_drawer_that_was_left_open_goes_on_in_the_next_event_and_is_one_task(shop: EngineBox) -> None:
    for _ in range(2):
        shop.do("event.close")
        shop.do("event.create", name="Next", currency="EUR", timezone="Europe/Berlin", area_m2="9")
        shop.do("event.open")
        assert refusal(shop, "admin:test", "drawer.open", float=0)["slug"] == "drawer-open"
        do(shop, A, "sale.complete", **COFFEE)
    assert shop.kinds().count("task.raised/1") == 1
    z = closed(shop, A, {"10000": 1})
    assert (z["turnover"], z["variance"]) == (700, -700)
    (body,) = [body for body in map(json.loads, shop.bodies()) if body["kind"] == "drawer.closed/1"]
    assert [one["z"] for one in books.zs(shop.engine.store.db, body["event"])] == ["1-1"]
    assert tasks.waiting(shop.engine.store.db) == []


def test_a_drawer_of_another_currency_takes_no_sales_and_is_closed_in_its_own_event(shop: EngineBox) -> None:
    last = json.loads(shop.bodies()[-1])["event"]
    shop.do("event.close")
    shop.do("event.create", name="Next", currency="CHF", timezone="Europe/Zurich", area_m2="9")
    shop.do("event.open")
    assert refusal(shop, A, "sale.complete", **COFFEE)["slug"] == "drawer-closed"
    assert do(shop, "admin:test", "drawer.open", float=0)["name"] == "2"
    assert closed(shop, A, {"10000": 1}, drawer="1")["currency"] == "EUR"
    (body,) = [body for body in map(json.loads, shop.bodies()) if body["kind"] == "drawer.closed/1"]
    assert body["event"] == last


def test_a_task_is_done_once(shop: EngineBox) -> None:
    do(shop, A, "event.close", force=True)
    (task,) = tasks.waiting(shop.engine.store.db)
    for _ in range(2):
        assert do(shop, A, "task.done", task=task["task"])["done"] is True
    assert shop.kinds().count("task.done/1") == 1
    assert refusal(shop, A, "task.done", task="nothing")["slug"] == "not-found"


# On paper


def report(box: EngineBox, slip: str) -> list[Element]:
    """A report as printing lays it out."""
    found = paper.slip(box.engine.store.db, slip)
    assert found is not None
    return slips.elements(box.engine.store.db, found, printer={})


def test_a_z_on_paper_says_all_that_it_closes(shop: EngineBox) -> None:
    do(shop, A, "sale.complete", **COFFEE)
    card = {"lines": [{"sku": "CAKE", "qty": 2}], "tenders": [{"kind": "card", "amount": 840}]}
    sold = do(shop, A, "sale.complete", **card)["sale"]
    do(shop, A, "sale.refund", sale=sold, lines=[{"line": 1, "qty": 1}], reason="faulty", restock=False)
    do(shop, A, "drawer.move", amount=-6000, reason="to_safe")
    do(shop, A, "drawer.no_sale", reason="change")
    z = closed(shop, A, {"2000": 2, "200": 1}, reason="wrong_change")
    minus = "\N{MINUS SIGN}"
    percent = "\N{NO-BREAK SPACE}%"
    read = texts(report(shop, "sl-z-1-1"))
    assert read == [
        "Z 1-1",
        "Abendmarkt, drawer 1",
        "2026-11-23 19:00 to 19:00",
        f"Sales (2) | {EURO}11.90",
        f"Refunds (1) | {minus}{EURO}4.20",
        f"TURNOVER | {EURO}7.70",
        "By tender",
        f"Cash | {EURO}3.50",
        f"Card | {EURO}4.20",
        "VAT",
        f"19{percent} gross | {EURO}3.50",
        f"  net | {EURO}2.94",
        f"  tax | {EURO}0.56",
        f"7{percent} gross | {EURO}4.20",
        f"  net | {EURO}3.92",
        f"  tax | {EURO}0.28",
        "Drawer",
        f"Float | {EURO}100.00",
        f"Cash sales less refunds | {EURO}3.50",
        f"Cash to the safe (1) | {minus}{EURO}60.00",
        f"Expected | {EURO}43.50",
        f"Counted | {EURO}42.00",
        f"Difference | {minus}{EURO}1.50",
        "Wrong change",
        "3 receipts of 1-1 to 1-3,",
        "none missing in log 1",
        f"Voids (0) | {EURO}0.00",
        "No-sale | 1",
        "Reprints | 0",
        f"Log 1, size | {z['log_size']}",
    ]


def test_a_z_that_is_printed_again_says_so_and_shows_the_same(shop: EngineBox) -> None:
    closed(shop, A, {"10000": 1})
    before = report(shop, "sl-z-1-1")
    assert refusal(shop, A, "drawer.reprint", z="1-1")["slug"] == "receipt-waiting"
    shop.do("slip.report", slip="sl-z-1-1", copy=0, printer="printer", outcome="printed")
    do(shop, B, "drawer.open", float=0)
    do(shop, B, "sale.complete", **COFFEE)
    assert do(shop, A, "drawer.reprint", z="1-1")["copy"] == 1
    after = report(shop, "sl-z-1-1")
    assert texts(after)[1] == "DUPLICATE 1"
    assert [after[0], *after[2:]] == before
    assert refusal(shop, A, "drawer.reprint", z="1-9")["slug"] == "not-found"


def test_an_x_on_paper_shows_the_moment_when_it_was_taken(shop: EngineBox) -> None:
    do(shop, A, "sale.complete", **COFFEE)
    slip = do(shop, A, "drawer.read")["slip"]
    before = report(shop, slip)
    do(shop, A, "sale.complete", **COFFEE)
    assert report(shop, slip) == before
    assert [row.right for row in before if isinstance(row, Row) and row.left == "TURNOVER"] == [f"{EURO}3.50"]
    assert refusal(shop, A, "drawer.reprint", z=facts(shop, "drawer.read/1")[0]["report"])["slug"] == "not-found"


@pytest.fixture
def emulator() -> Iterator[PrinterEmulator]:
    printer = PrinterEmulator(columns=42)
    printer.start()
    yield printer
    printer.close()


def test_cash_in_and_out_and_no_sale_open_the_drawer_also_without_paper(
    tmp_path: Path, run_folder: Path, worker: Callable[..., Process], emulator: PrinterEmulator
) -> None:
    config = f'[devices]\nprinter = "tcp://127.0.0.1:{emulator.port}"\n'
    worker("recorder", config)
    admin = RecorderClient(run_folder, "admin", timeout=30)
    created = {"name": "Abendmarkt", "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "12"}
    for command, body in (("event.create", created), ("event.open", {}), ("drawer.open", {"float": 10_000})):
        admin.send(command, body, actor="admin:test", id=command)
    worker("printing", config)
    moves: list[tuple[str, dict[str, Any]]] = [
        ("drawer.move", {"amount": -100, "reason": "expense"}),
        ("drawer.no_sale", {"reason": "change"}),
    ]
    for paper_is in ("ok", "out"):
        emulator.paper = paper_is
        for command, body in moves:
            emulator.drawer = "closed"
            admin.send(command, body, actor="staff:a", id=f"{command}-{paper_is}")
            wait_until(lambda: emulator.drawer == "open", f"the drawer at {command}")
    emulator.paper = "ok"
    emulator.drawer = "closed"
    admin.send("drawer.count", {"coins": {"100": 98}}, actor="staff:a", id="count")
    admin.send("drawer.close", {"reason": "wrong_change"}, actor="staff:a", id="close")
    (slip,) = wait_until(lambda: [one for one in emulator.receipts() if one.text and one.cut], "the Z")
    assert "Z 1-1" in slip.text
    assert emulator.drawer == "closed"
    admin.close()
