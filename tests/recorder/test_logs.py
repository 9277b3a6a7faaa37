"""Promises of logs: a box that fell back goes on in a new one, its numbers never meet the old ones, nothing is lost."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import Config
from appliance.journal import merkle, notes
from appliance.journal.birth import birth
from appliance.journal.verify import verify
from tests.conftest import EngineBox

CENTRAL = notes.Signer("boothkit/central", bytes(range(32, 64)))
CONFIG = msgspec.convert({"central": {"key": CENTRAL.verifier.vkey()}}, Config)
COFFEE: dict[str, Any] = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 500}]}


class Bench:
    """One box whose folder is copied, set back and opened again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        self.box = EngineBox(self.folder, CONFIG)

    def sell(self, count: int = 1) -> list[str]:
        return [self.box.ask("sale.complete", COFFEE, role="staff")["answer"]["number"] for _ in range(count)]

    def copy(self, name: str) -> Path:
        """The folder as it is now, in another place."""
        target = self.folder.with_name(name)
        shutil.copytree(self.box.data, target)
        return target

    def open(self, folder: Path) -> EngineBox:
        self.box.engine.close()
        self.box = EngineBox(folder, CONFIG, self.box.clock)
        return self.box

    def receipt(self, note: str) -> dict[str, Any]:
        return self.box.ask("uplink.receipt", {"note": note}, role="uplink", actor="box:uplink")

    def note(self, log: int, leaves: list[bytes]) -> str:
        """Central's receipt for these leaves."""
        frontier = merkle.Frontier()
        for leaf in leaves:
            frontier.append(leaf)
        head = notes.TreeHead(f"boothkit/box-7/{log}", frontier.size, frontier.root())
        return CENTRAL.sign(head.receipt_text())

    def leaves(self, log: int) -> list[bytes]:
        rows = self.box.engine.store.db.execute("SELECT leaf FROM fact WHERE log = ? ORDER BY seq", (log,))
        return [row["leaf"] for row in rows]

    def logs(self) -> list[dict[str, Any]]:
        bodies = map(json.loads, self.box.bodies())
        return [body["data"] for body in bodies if body["kind"] == "log.started/1"]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    made.box.open_event()
    yield made
    made.box.engine.close()


def test_a_copy_of_a_journal_goes_on_in_a_log_of_its_own(bench: Bench) -> None:
    before = bench.sell(3)
    copy = bench.copy("copy")
    size = len(bench.leaves(1))
    orphaned = bench.sell(2)
    assert [log["log"] for log in bench.logs()] == [1]
    bench.open(copy)
    assert [(log["log"], log["reason"]) for log in bench.logs()] == [(1, "new"), (2, "restore")]
    assert bench.logs()[1]["previous"]["size"] == size
    after = bench.sell(2)
    assert after == ["2-1", "2-2"]
    assert not {*before, *orphaned} & {*after}
    assert verify(copy)["ok"]


def test_the_same_file_opened_again_goes_on_in_its_log(bench: Bench) -> None:
    bench.sell()
    bench.open(bench.folder)
    moved = bench.folder.with_name("moved")
    bench.box.engine.close()
    bench.folder.rename(moved)
    bench.box = EngineBox(moved, CONFIG, bench.box.clock)
    assert [log["log"] for log in bench.logs()] == [1]
    assert bench.sell() == ["1-2"]


def test_a_copy_opened_again_is_no_copy_any_more(bench: Bench) -> None:
    copy = bench.copy("copy")
    bench.open(copy)
    bench.open(copy)
    assert [log["log"] for log in bench.logs()] == [1, 2]
    bench.open(bench.copy("again"))
    assert [log["log"] for log in bench.logs()] == [1, 2, 3]
    assert verify(bench.box.data)["ok"]


def test_a_box_that_central_is_ahead_of_starts_a_new_log_once_and_keeps_selling(bench: Bench) -> None:
    """A card that lied about a flush: the same file, with less in it."""
    bench.sell(2)
    mine = bench.leaves(1)
    lost = [bytes([n]) * 32 for n in range(3)]
    ahead = bench.note(1, mine + lost)
    assert bench.receipt(ahead)["answer"]["pos"] == 0
    assert [(log["log"], log["reason"]) for log in bench.logs()][1:] == [(2, "behind")]
    assert bench.logs()[1]["previous"] == {"log": 1, "size": len(mine), "root": merkle_root(mine).hex()}
    assert bench.receipt(ahead)["answer"]["pos"] == 0
    assert bench.receipt(bench.note(1, mine[:-1] + lost))["answer"]["pos"] == 0
    assert [log["log"] for log in bench.logs()] == [1, 2]
    assert bench.sell() == ["2-1"]
    safe = bench.receipt(bench.note(2, bench.leaves(2)))["answer"]
    assert safe["pos"] == bench.box.engine.store.pos
    assert verify(bench.folder)["ok"]


def test_other_facts_at_central_than_here_start_a_new_log_too(bench: Bench) -> None:
    bench.sell(2)
    mine = bench.leaves(1)
    assert bench.receipt(bench.note(1, mine[:4]))["answer"]["pos"] == 4
    assert bench.receipt(bench.note(1, [*mine[:-1], b"x" * 32]))["answer"]["pos"] == 4
    assert [log["reason"] for log in bench.logs()] == ["new", "behind"]
    assert bench.receipt(bench.note(1, mine))["answer"]["pos"] == len(mine)


def test_a_central_that_contradicts_every_log_makes_no_endless_logs(bench: Bench) -> None:
    wrong = [b"x" * 32] * 3
    assert bench.receipt(bench.note(1, wrong))["ok"]
    reply = bench.receipt(bench.note(2, wrong))
    assert reply["refusal"]["slug"] == "bad-receipt"
    assert reply["refusal"]["remedy"]
    assert [log["log"] for log in bench.logs()] == [1, 2]
    assert bench.receipt(bench.note(2, bench.leaves(2)))["ok"]
    assert bench.receipt(bench.note(2, [*bench.leaves(2), *wrong]))["ok"]
    assert [log["log"] for log in bench.logs()] == [1, 2, 3]


def test_nobody_but_central_makes_a_box_start_a_log(bench: Bench) -> None:
    stranger = notes.Signer("boothkit/central", bytes(32))
    frontier = merkle.Frontier()
    for n in range(99):
        frontier.append(bytes([n]) * 32)
    for signer, origin in (
        (stranger, "boothkit/box-7/1"),
        (CENTRAL, "boothkit/box-8/1"),
        (CENTRAL, "boothkit/box-7/9"),
    ):
        forged = signer.sign(notes.TreeHead(origin, 99, frontier.root()).receipt_text())
        assert bench.receipt(forged)["refusal"]["slug"] == "bad-receipt"
    assert [log["log"] for log in bench.logs()] == [1]


def test_a_box_with_a_new_key_says_so_in_a_new_log_and_the_old_one_still_verifies(bench: Bench) -> None:
    bench.sell()
    bench.box.ask("checkpoint.request", {}, role="device")
    bench.box.engine.close()
    (bench.folder / "keys" / "box.key").unlink()
    bench.box = EngineBox(bench.folder, CONFIG, bench.box.clock)
    first, second = bench.logs()
    assert (second["reason"], second["log"]) == ("key", 2)
    assert first["key"].split("+")[2] != second["key"].split("+")[2]
    bench.box.do("event.close")
    answer = verify(bench.folder)
    assert (answer["ok"], answer["checkpoints"]) == (True, 2)


def test_a_log_that_lies_about_the_one_before_it_does_not_verify(bench: Bench) -> None:
    bench.sell()
    bench.open(bench.copy("copy"))
    store = bench.box.engine.store
    store.db.execute("DROP TRIGGER fact_update")
    body = json.loads(store.db.execute("SELECT body FROM fact WHERE log = 2 AND seq = 1").fetchone()["body"])
    body["data"]["previous"]["size"] -= 1
    from appliance.journal import codec

    raw = codec.encode(body)
    store.db.execute(
        "UPDATE fact SET body = ?, leaf = ? WHERE log = 2 AND seq = 1", (raw.decode(), codec.leaf_hash(raw))
    )
    error = verify(bench.box.data)["error"]
    assert (error["log"], error["seq"]) == (2, 1)
    assert "follows" in error["why"]


def test_every_way_to_copy_a_file_makes_another(tmp_path: Path) -> None:
    one = tmp_path / "one"
    one.write_bytes(b"x")
    known = birth(one)
    one.write_bytes(b"longer")
    one.rename(tmp_path / "moved")
    assert birth(tmp_path / "moved") == known
    shutil.copy2(tmp_path / "moved", one)
    (tmp_path / "moved").unlink()
    assert birth(one) != known
    with pytest.raises(FileNotFoundError):
        birth(tmp_path / "nothing")


@given(st.lists(st.sampled_from(["sell", "keep", "back", "ahead", "safe"]), max_size=12))
def test_whatever_happens_to_a_box_no_number_is_given_twice_where_it_can_know(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    bench = Bench(tmp_path_factory.mktemp("box"))
    bench.box.open_event()
    kept: Path | None = None
    given_out: list[str] = []
    for turn, step in enumerate(steps):
        log = bench.box.engine.store.log
        match step:
            case "sell":
                given_out += bench.sell()
            case "keep":
                kept = bench.copy(f"kept-{turn}")
            case "back" if kept is not None:
                bench.open(kept)
                kept = bench.copy(f"again-{turn}")
                bench.open(bench.copy(f"live-{turn}"))
            case "ahead":
                bench.receipt(bench.note(log, [*bench.leaves(log), b"y" * 32]))
            case "safe":
                bench.receipt(bench.note(log, bench.leaves(log)))
            case _:
                continue
    assert verify(bench.box.data)["ok"]
    numbers = [json.loads(body)["data"]["number"] for body in bench.box.bodies() if '"sale.completed/1"' in body]
    assert len(numbers) == len(set(numbers))
    bench.box.engine.close()


def merkle_root(leaves: list[bytes]) -> bytes:
    frontier = merkle.Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()
