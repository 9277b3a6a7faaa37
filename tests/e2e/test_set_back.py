"""A box that fell back to an older copy of its data, and a second box from a copied card: nothing is lost, both pasts
are kept, and central says what happened."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.journal.verify import verify
from tests.brokers import Broker, CentralProcess, broker, central
from tests.conftest import wait_until
from tests.demo import Demo

__all__ = ["broker", "central"]

COFFEE: dict[str, Any] = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 400}]}
LONG_S = 60


class Life:
    """One box through several starts, with central or without."""

    def __init__(self, folder: Path, broker: Broker, ops: CentralProcess) -> None:
        self.data, self._broker, self.ops = folder / "box", broker, ops
        self.demo: Demo | None = None
        self.given_out: list[str] = []
        self.name = ""

    def up(self, *, connected: bool = True, data: Path | None = None) -> Demo:
        env = {"BOOTHKIT_CENTRAL_KEY": self.ops.key, "BOOTHKIT_MQTT": self._broker.address if connected else ""}
        self.demo = Demo(data or self.data, env)
        self.demo.start()
        self.demo.login()
        self.name = self.demo.ready["box"]
        return self.demo

    def down(self) -> None:
        if self.demo is not None:
            self.demo.stop()
            self.demo = None

    def sell(self, count: int) -> None:
        assert self.demo is not None
        for _ in range(count):
            # An identity of its own over all starts: the same one again would be given the first answer again.
            self.given_out.append(self.demo.post("/sales", COFFEE, key=f"sale-{len(self.given_out)}")["number"])

    @property
    def broker(self) -> str:
        return self._broker.address

    def wait_safe(self) -> None:
        box = self.demo
        assert box is not None

        def safe() -> bool:
            status = box.get("/status")
            return bool(status["uplink"]["safe"] == status["journal"]["pos"] > 0)

        wait_until(safe, "all is safe at central", LONG_S)

    def tasks(self, *kinds: str) -> list[dict[str, Any]]:
        return [task for task in self.ops.json("/api/v1/tasks") if task["kind"] in kinds]

    def held(self, line: str) -> list[str]:
        """The bodies that central holds of a line of this box."""
        return self.ops.get(f"/api/v1/boxes/demo/{self.name}/facts?line={line}").decode().splitlines()

    def wait_same(self) -> None:
        """Central holds this box's own line byte for byte. A fact that was made a moment ago is on its way: the box
        goes on counting and measuring while it is looked at."""
        box = self.demo
        assert box is not None
        wait_until(lambda: self.held("own") == own_facts(box), "central's line equals the box's", LONG_S)

    def logs(self) -> list[dict[str, Any]]:
        assert self.demo is not None
        return [fact["data"] for fact in self.demo.facts() if fact["kind"] == "log.started/1"]


@pytest.fixture
def life(tmp_path: Path, broker: Broker, central: Callable[..., CentralProcess]) -> Iterator[Life]:
    made = Life(tmp_path, broker, central())
    yield made
    made.down()


def own_facts(box: Demo) -> list[str]:
    return [json.dumps(fact, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for fact in box.facts()]


def sales(bodies: list[str]) -> list[str]:
    facts = map(json.loads, bodies)
    return [fact["data"]["number"] for fact in facts if fact["kind"] == "sale.completed/1"]


@pytest.mark.timeout(300)
def test_a_backup_that_is_put_back_sells_on_at_once_under_new_numbers(life: Life, tmp_path: Path) -> None:
    life.up()
    life.sell(3)
    life.wait_safe()
    life.down()
    copy = tmp_path / "copy"
    shutil.copytree(life.data, copy)
    life.up()
    life.sell(4)
    life.wait_safe()
    life.down()
    shutil.rmtree(life.data)
    shutil.copytree(copy, life.data)

    life.up(connected=False)
    life.sell(2)
    assert life.given_out[-2:] == ["2-1", "2-2"]
    life.down()
    life.up()
    life.sell(1)
    life.wait_safe()
    assert len(set(life.given_out)) == len(life.given_out) == 10
    assert [log["reason"] for log in life.logs()] == ["new", "restore"]
    assert verify(life.data)["ok"]
    life.wait_same()
    (incident,) = wait_until(lambda: life.tasks("orphaned branch"), "the incident")
    assert incident["box"] == life.name
    assert life.tasks("fork", "second box") == []
    assert sorted(sales(life.held("own")) + sales(life.held("orphaned"))) == sorted(life.given_out)


@pytest.mark.timeout(300)
def test_a_card_that_lied_is_told_by_central_and_both_pasts_are_kept(life: Life, tmp_path: Path) -> None:
    """The same file with older bytes in it: nothing on the box can tell."""
    life.up()
    life.sell(2)
    life.wait_safe()
    life.down()
    older = {path.name: path.read_bytes() for path in life.data.glob("journal.db*")}
    life.up()
    life.sell(3)
    life.wait_safe()
    life.down()
    lost = life.given_out[2:]
    for beside in ("journal.db-wal", "journal.db-shm"):
        (life.data / beside).unlink(missing_ok=True)
    for name, content in older.items():
        with (life.data / name).open("r+b" if name == "journal.db" else "wb") as file:
            file.truncate()
            file.write(content)

    life.up(connected=False)
    life.sell(1)
    assert life.given_out[-1] == "1-3"
    life.down()
    life.up()
    wait_until(lambda: len(life.logs()) == 2, "the new log", LONG_S)
    life.sell(1)
    assert life.given_out[-1] == "2-1"
    life.wait_safe()
    assert [log["reason"] for log in life.logs()] == ["new", "behind"]
    assert verify(life.data)["ok"]
    (incident,) = wait_until(lambda: life.tasks("orphaned branch"), "the incident")
    assert incident["box"] == life.name
    assert life.tasks("fork", "second box") == []
    life.wait_same()
    assert sales(life.held("orphaned")) == lost
    assert sales(life.held("main"))[:5] == ["1-1", "1-2", *lost]


@pytest.mark.timeout(300)
def test_a_second_box_from_a_copied_card_is_found_and_named(life: Life, tmp_path: Path) -> None:
    first = life.up()
    life.sell(2)
    life.wait_safe()
    twin_data = tmp_path / "twin"
    shutil.copytree(life.data, twin_data)
    env = {"BOOTHKIT_CENTRAL_KEY": life.ops.key, "BOOTHKIT_MQTT": life.broker}
    twin = Demo(twin_data, env)
    twin.start()
    try:
        twin.login()

        turn = iter(range(10_000))

        def found() -> list[dict[str, Any]]:
            for box, who in ((first, "first"), (twin, "twin")):
                box.post("/sales", COFFEE, key=f"{who}-{next(turn)}")
            return life.tasks("second box")

        task = wait_until(found, "the second box is named", 120)[0]
        assert task["box"] == life.name
        assert task["remedy"]
    finally:
        twin.stop()
