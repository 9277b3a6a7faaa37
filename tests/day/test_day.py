"""Whole days on whole boxes: what the plan expects is what the journal, the paper and the screens say."""

import csv
import json
import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appliance.domain import tokens
from drivers.emulators.day import Expected, expected, plan
from tests.conftest import wait_until
from tests.demo import Demo

HOURS = 0.5
SEED = 7
ARGUMENTS = ("--seed", str(SEED), "--day-hours", str(HOURS))
Facts = list[dict[str, Any]]


@dataclass
class Day:
    """One that is over: what its box said then."""

    expected: Expected
    codes: dict[str, list[str]]
    facts: Facts
    slips: list[dict[str, Any]]
    kpis: dict[str, Any]
    stock: dict[str, Any]
    board: dict[str, Any]
    verified: bool
    rebuilt: bool
    log: str

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [fact["data"] for fact in self.facts if fact["kind"] == kind]

    def last(self, device: str) -> str:
        """A device's state at the end of the day."""
        found = [data["state"] for data in self.of("device.changed/1") if data["device"] == device]
        return str(found[-1])


def board(box: Demo) -> dict[str, Any]:
    page = Path(box.ready["run"]) / "board" / "day" / "page.json"
    found: dict[str, Any] = json.loads(page.read_text())
    return found


def codes_of(box: Demo) -> dict[str, list[str]]:
    codes: dict[str, list[str]] = {}
    with (box.data / "demo" / "tickets.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            codes.setdefault(row["list"], []).append(row["code"])
    return codes


def finish(box: Demo) -> Day:
    """Wait for the day's end, look at everything, switch the box off, look at its journal."""
    wait_until(lambda: board(box).get("done"), "the end of the day", 90)
    codes = codes_of(box)
    day = Day(
        expected=expected(plan(SEED, HOURS, tickets=codes)),
        codes=codes,
        facts=box.facts(),
        slips=box.bench("printer/receipts"),
        kpis=box.get("/kpis"),
        stock={item["sku"]: item["stock"] for item in box.get("/catalogue")["items"]},
        board=board(box),
        verified=box.command("journal", "verify")["ok"],
        rebuilt=False,
        log="",
    )
    assert box.stop() == 0
    day.rebuilt = box.command("journal", "rebuild")["equal"]
    day.log = box.log.read_text()
    return day


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Day]]:
    """The same day twice: as fast as it goes with its worker killed on the way, and a little slower, undisturbed."""
    folder = tmp_path_factory.mktemp("days")
    boxes = [Demo(folder / f"at-{speed}", None, ("--day", speed, *ARGUMENTS)) for speed in ("5000", "200")]
    try:
        fast, slow = boxes
        fast.start()
        fast.login()
        fast.wait_for_fact("sale.completed/1", 6)
        os.kill(board(fast)["pid"], signal.SIGKILL)  # before the other box takes time to start: a day is short at 5000
        slow.start()
        slow.login()
        yield [finish(box) for box in boxes]
    finally:
        for box in boxes:
            box.stop()


def test_the_door_let_in_let_out_and_refused_whom_it_had_to(days: list[Day]) -> None:
    for day in days:
        lists = Counter(data["list"] for data in day.of("ticket.admitted/1"))
        assert lists == day.expected.admitted
        assert Counter(data["list"] for data in day.of("ticket.exited/1")) == day.expected.exited
        assert Counter(data["reason"] for data in day.of("ticket.refused/1")) == day.expected.refused


def test_the_till_took_what_it_had_to_and_its_drawer_holds_it(days: list[Day]) -> None:
    for day in days:
        sales = day.of("sale.completed/1")
        assert day.kpis["sales"]["count"] == len(sales) == day.expected.sales
        assert day.kpis["sales"]["gross"] == sum(sale["total"] for sale in sales) == day.expected.gross
        assert Counter(data["reason"] for data in day.of("command.refused/1")) == day.expected.refused_sales
        assert day.stock["POSTER"] == day.expected.posters
        cash = sum(t["amount"] for sale in sales for t in sale["tenders"] if t["kind"] == "cash")
        change = sum(sale["change"] for sale in sales)
        assert day.of("drawer.opened/1")[0]["float"] + cash - change == day.expected.drawer


def test_each_receipt_came_out_once_in_order_through_new_paper_and_a_pulled_plug(days: list[Day]) -> None:
    for day in days:
        printed = [re.findall(r"Receipt (\d+-\d+)", slip["text"]) for slip in day.slips if slip["text"]]
        assert printed == [[f"1-{number}"] for number in range(1, day.expected.sales + 1)]
        assert all(slip["cut"] and "DUPLICATE" not in slip["text"] for slip in day.slips if slip["text"])
        assert {data["outcome"] for data in day.of("receipt.printed/1")} == {"printed"}
        assert len(day.of("receipt.printed/1")) == day.expected.sales


def test_the_beams_counted_everybody(days: list[Day]) -> None:
    for day in days:
        walked = day.expected.walked
        people = {"in": walked["in"], "out": walked["out"], "occupancy": walked["in"] - walked["out"]}
        assert day.kpis["attendance"] == {**people, "source": "beam"}


def test_the_journal_is_whole_and_fills_its_tables_again(days: list[Day]) -> None:
    for day in days:
        assert day.verified
        assert day.rebuilt


def test_the_board_tells_the_end_and_the_log_has_one_line_of_it(days: list[Day]) -> None:
    for day in days:
        page, outcome = day.board, day.expected
        assert (page["state"], page["step"], page["waits"]) == ("ready", page["of"], "")
        assert page["summary"] == {
            "admitted": outcome.admitted.total(),
            "exited": outcome.exited.total(),
            "refused": outcome.refused.total(),
            "sales": outcome.sales,
            "sales_refused": outcome.refused_sales.total(),
            "gross": outcome.gross,
            "receipts": outcome.sales,
            "in": outcome.walked["in"],
            "out": outcome.walked["out"],
        }
        assert day.log.count("day.done") == 1


def test_the_same_seed_gave_the_same_day_at_another_speed_and_with_a_killed_worker(days: list[Day]) -> None:
    killed, undisturbed = days
    assert "day.resumed" in killed.log
    assert "day.resumed" not in undisturbed.log
    assert told(killed) == told(undisturbed)
    for device in ("printer", "scanner-door", "footfall", "power"):
        assert states(killed, device) == states(undisturbed, device)
        assert killed.last(device) == undisturbed.last(device) == "online"
    assert [data["sale"] for data in killed.of("receipt.printed/1")] == [
        data["sale"] for data in undisturbed.of("receipt.printed/1")
    ]


OWN_RHYTHM = {
    "crossings.counted/1",
    "counter.judged/1",
    "power.sampled/1",
    "receipt.printed/1",
    "device.changed/1",
    "log.started/1",
}
"""Kinds that a device's worker records when it gets round to it; what they add up to is compared elsewhere."""
CHANCE = {"event", "drawer", "holder", "at", "box"}
"""Fields that hold a time or an identity that a box draws for itself."""


def told(day: Day) -> list[tuple[str, Any]]:
    """What people did and what was decided, in order, each ticket named by its place in the file."""
    names = {
        tokens.read_unverified(code).id: f"{name}-{number}"
        for name, codes in day.codes.items()
        for number, code in enumerate(codes)
    }

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: "?" if key in CHANCE else plain(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [plain(inner) for inner in value]
        return names.get(value, value) if isinstance(value, str) else value

    found = []
    for fact in day.facts:
        if fact["kind"] not in OWN_RHYTHM:
            data = plain(fact["data"])
            if data.get("reason") == "unknown":
                data["ticket"] = "a stranger's"
            found.append((fact["kind"], data))
    return found


def states(day: Day, device: str) -> set[str]:
    """What a device went through. How often it was lost and found in between depends on real time: a plug that is out
    for a minute of the day is out for an instant at 5000 times."""
    return {data["state"] for data in day.of("device.changed/1") if data["device"] == device} - {"connecting"}


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    boxes: list[Demo] = []

    def start(*arguments: str) -> Demo:
        box = Demo(tmp_path / "box", None, arguments)
        boxes.append(box)
        box.start()
        box.login()
        return box

    yield start
    for box in boxes:
        box.stop()


def test_a_day_goes_on_where_it_was_when_the_whole_box_is_switched_off_and_on(demo: Callable[..., Demo]) -> None:
    box = demo("--day", "5000", *ARGUMENTS)
    box.wait_for_fact("sale.completed/1", 10)
    assert box.stop() == 0
    box = demo("--day", "5000", *ARGUMENTS)
    day = finish(box)
    assert "day.resumed" in day.log
    assert Counter(data["list"] for data in day.of("ticket.admitted/1")) == day.expected.admitted
    assert Counter(data["reason"] for data in day.of("ticket.refused/1")) == day.expected.refused
    assert (day.kpis["sales"]["count"], day.kpis["sales"]["gross"]) == (day.expected.sales, day.expected.gross)
    assert (day.kpis["attendance"]["in"], day.kpis["attendance"]["out"]) == (
        day.expected.walked["in"],
        day.expected.walked["out"],
    )


def test_a_day_without_the_demo_is_a_mistake_that_moves_nothing(tmp_path: Path) -> None:
    box = Demo(tmp_path / "box")
    with pytest.raises(AssertionError, match="--day moves emulated devices: it needs --demo"):
        box.command("up", "--day", "200")
    assert not (tmp_path / "box").exists()
