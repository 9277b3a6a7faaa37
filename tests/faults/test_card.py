"""The card is full in the middle of an event."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.domain.kernel import command_types
from appliance.journal.verify import verify
from appliance.services.recorder.engine import Request
from appliance.services.recorder.levels import BACK, LAST, RESERVE, STOP
from appliance.services.recorder.room import LOW
from tests.cards import Card, on_a_card
from tests.conftest import EngineBox
from tests.faults.conftest import COFFEE, Box, Cashier

MIB = 1024 * 1024


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Card]:
    """A card; the boxes on it are stopped before it is taken out."""
    fresh = Card(tmp_path / "card")
    yield fresh
    fresh.close()


@pytest.fixture
def on_card(card: Card) -> Iterator[EngineBox]:
    """An engine on it, with an open event."""
    box = EngineBox(card.path / "data")
    box.open_event()
    yield box
    box.engine.close()


def sales(box: Box) -> list[str]:
    """The keys of all sales in the journal."""
    return [fact["data"]["sale"] for fact in box.facts() if fact["kind"] == "sale.completed/1"]


def test_of_every_command_it_is_known_what_becomes_of_it_on_a_full_card() -> None:
    assert [name for name, command in command_types().items() if command.at_full is None] == []
    # Whoever stands at the door, holds the box's power, or is owed money, does not wait for the card.
    assert {command_types()[name].at_full for name in ("sale.complete", "tickets.import", "event.open")} == {"stop"}
    assert {command_types()[name].at_full for name in ("ticket.scan", "ticket.admit", "crossings.count")} == {"go_on"}
    ends = ("drawer.count", "drawer.close", "event.close", "sale.refund", "card.settle", "power.change_level")
    assert {command_types()[name].at_full for name in ends} == {"finish"}


@on_a_card
@pytest.mark.timeout(300)
def test_a_card_that_fills_up_stops_sales_before_a_write_fails_and_the_event_is_closed_out_of_the_reserve(
    card: Card, new_box: Callable[..., Box]
) -> None:
    box = new_box(data=card.path / "box")
    box.login()
    assert (box.data / "reserve").stat().st_blocks * 512 >= RESERVE
    assert box.get("/status")["disk"]["reserve"] == "kept"
    sold = [box.post("/sales", COFFEE, key=f"s{number}") for number in range(3)]

    card.leave(STOP - MIB)
    status, problem = box.call("POST", "/sales", COFFEE, "s3")
    assert (status, problem["type"]) == (507, "/problems/disk-full")
    assert "The memory card is full" in problem["detail"]
    assert "Free space" in problem["remedy"]
    assert box.call("POST", "/sales", COFFEE, "s0")[1] == sold[0], "what was answered is answered again"
    seen = box.wait_status(lambda now: now["disk"]["level"] == "full", "the level of the card")
    assert seen["workers"]["recorder"]["state"] == "degraded"
    assert seen["disk"]["reserve"] == "kept"
    assert "is full" in box.told("workers", "recorder")
    assert "write_failed" not in box.log.read_text()
    back = box.post(f"/sales/{sold[0]['sale']}/refund", {"reason": "other", "restock": True}, key="back")
    assert back["number"] == "1-4"

    card.free()
    box.wait_status(lambda now: now["disk"]["level"] == "ok", "the card has room again")
    assert box.post("/sales", COFFEE, key="s3")["number"] == "1-5"

    card.leave(LAST - MIB)
    box.wait_status(lambda now: now["disk"]["reserve"] == "in use", "the reserve is given up")
    assert box.call("POST", "/sales", COFFEE, "s4")[0] == 507
    lead = Cashier(box.ready["staff"])
    lead.login("123456")
    assert lead.ask("/drawer/count", {"coins": {"1000": 11, "50": 1}}, "count")[0] == 200
    status, closed = lead.ask("/drawer/close", {"reason": "other"}, "close")
    assert (status, closed["z"]) == (200, "1-1"), closed
    assert box.command("event", "close")["event"]
    assert box.command("journal", "verify")["ok"] is True
    assert sales(box) == ["s0", "s1", "s2", "s3"]

    card.free()
    box.wait_status(lambda now: now["disk"]["reserve"] == "kept", "the reserve is there again")
    told = [fact["data"] for fact in box.facts() if fact["kind"] == "disk.level_changed/1"]
    levels = ["ok", *(fact["to"] for fact in told)]
    assert [fact["from"] for fact in told] == levels[:-1], "a level may be seen between two that the test asked for"
    assert levels.index("full") < levels.index("reserve")
    assert levels[-1] == "ok"
    assert all(box.worker(name)["restarts"] == 0 for name in ("recorder", "till", "printing", "scanning", "footfall"))
    box.stop()


@on_a_card
@pytest.mark.timeout(300)
def test_a_recorder_that_is_killed_on_a_full_card_comes_back_and_knows_how_full_it_is(
    card: Card, new_box: Callable[..., Box]
) -> None:
    box = new_box(data=card.path / "box")
    box.login()
    box.post("/sales", COFFEE, key="before")
    card.leave(0)
    box.wait_status(lambda now: now["disk"]["reserve"] == "in use", "the reserve is given up")
    card.leave(0)  # whatever was given up is gone, too
    box.wait_back("recorder", box.signal("recorder", signal.SIGKILL))
    box.wait_back("till", box.signal("till", signal.SIGKILL))
    status, problem = box.call("POST", "/sales", COFFEE, "after")
    assert (status, problem["type"]) == (507, "/problems/disk-full")
    assert sales(box) == ["before"]
    card.free()
    box.wait_status(lambda now: now["disk"]["reserve"] == "kept", "the reserve is there again")
    assert box.post("/sales", COFFEE, key="after")["sale"]
    assert box.command("journal", "verify")["ok"] is True
    box.stop()


@on_a_card
def test_a_card_that_somebody_else_fills_between_two_commands_undoes_both_and_what_ends_the_event_goes_on(
    card: Card, on_card: EngineBox
) -> None:
    box = on_card
    cash = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 350}]}
    asked = [
        Request("staff", "sale", "sale.complete", "staff:s1", cash),
        Request("staff", "move", "drawer.move", "staff:s1", {"amount": 500, "reason": "float"}),
        Request("staff", "count", "drawer.count", "staff:s1", {"coins": {"1000": 10, "500": 1}}),
    ]
    fills = iter([0])

    def more() -> bool:
        """The engine asks this between two commands: the sale is decided by now, and not yet committed."""
        for left in fills:
            card.leave(left)
        return True

    before = box.engine.store.pos
    sale, move, count = box.engine.execute(asked, more)
    assert sale["refusal"]["slug"] == "disk-full"
    assert not sale["refusal"]["keeps"]
    assert move["ok"], move
    assert count["ok"], count
    assert box.kinds()[before:] == ["disk.level_changed/1", "drawer.moved/1", "drawer.counted/1"]
    assert box.engine.levels.reserve == "in use"
    assert box.ask("drawer.close", {})["answer"]["variance"] == 0
    assert box.ask("event.close", {})["ok"]
    assert verify(box.data)["ok"]
    card.free()
    box.engine.probe()
    assert (box.engine.levels.level, box.engine.levels.reserve) == ("ok", "kept")


@on_a_card
def test_levels_come_one_after_the_other_and_are_left_with_some_room_to_spare(card: Card, on_card: EngineBox) -> None:
    box, levels = on_card, on_card.engine.levels
    cash = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 350}]}
    seen = []
    for left in (LOW - BACK, LOW + BACK // 2, LOW + 2 * BACK, STOP - BACK, STOP + BACK // 2, STOP + 2 * BACK):
        card.leave(left)
        box.engine.probe()
        seen.append((levels.level, box.ask("sale.complete", cash)["ok"], box.ask("ticket.scan", {"code": "x"})["ok"]))
    goes_on = [(level, True, True) for level in ("low", "low", "ok")]
    assert seen == [*goes_on, ("full", False, True), ("full", False, True), ("low", True, True)]

    card.leave(LAST - BACK)
    box.engine.probe()
    assert levels.reserve == "in use"
    assert box.ask("ticket.scan", {"code": "y"})["ok"], "the reserve is for those at the door, too"
    card.leave(LAST - BACK)
    assert box.ask("ticket.scan", {"code": "z"})["refusal"]["slug"] == "disk-full", "until closing needs the rest"
    assert box.ask("drawer.no_sale", {"reason": "check"})["ok"]
    card.leave(STOP + RESERVE)
    box.engine.probe()
    assert (levels.level, levels.reserve) == ("reserve", "in use")
    card.leave(STOP + RESERVE + 3 * BACK)
    box.engine.probe()
    assert (levels.level, levels.reserve) == ("low", "kept")


@on_a_card
def test_without_an_event_the_reserve_stays_and_a_reserve_with_holes_is_made_anew(card: Card) -> None:
    box = EngineBox(card.path / "data")
    reserve = box.data / "reserve"
    card.leave(LAST - BACK)
    box.engine.probe()
    assert (box.engine.levels.level, box.engine.levels.reserve) == ("full", "kept")
    refused = box.ask("event.create", {"name": "A", "currency": "EUR", "timezone": "UTC", "area_m2": "1"})
    assert refused["refusal"]["slug"] == "disk-full"
    card.free()
    reserve.unlink()
    with reserve.open("wb") as file:
        file.truncate(RESERVE)
    assert box.engine.levels.reserve == "missing"
    box.engine.probe()
    assert box.engine.levels.reserve == "kept"
    box.engine.close()
