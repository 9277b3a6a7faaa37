"""Anything may die at any moment; when it is quiet again, central holds what happened, byte for byte, in order.

TORTURE_FACTS and TORTURE_SEED make it longer, and another one; the report is printed in any case.
"""

import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from appliance.journal.verify import verify
from tests.brokers import Broker
from tests.central.postgres import Cluster
from tests.conftest import wait_until
from tests.torture.boxes import CELL, Box
from tests.torture.deaths import Deaths, Mortal
from tests.torture.ops import Consumer
from tests.torture.tap import Tap

FACTS = int(os.environ.get("TORTURE_FACTS", "20000"))
SEED = int(os.environ.get("TORTURE_SEED", "1"))
BOXES = 3
LEAST_DEATHS = 6
"""Of each kind, however fast the facts come."""
CALM_S = 240
"""The longest back-off of an uplink is a minute, of a probe too; on top of it the rest is sent."""


class World:
    """Everything that runs, and may die."""

    def __init__(self, folder: Path, stack: ExitStack, consumers: int, database: Cluster | None) -> None:
        self._chance = random.Random(SEED)
        self.broker = Broker(folder / "mosquitto")
        stack.callback(self.broker.kill)
        self.broker.start()
        self.consumers = [Consumer(folder, self.broker, number) for number in range(consumers)]
        for consumer in self.consumers:
            stack.callback(consumer.kill)
            consumer.start()
        key = self.consumers[0].key
        self.boxes = [Box(f"box-{n}", folder, self.broker.address, key, SEED) for n in range(BOXES)]
        for box in self.boxes:
            stack.callback(box.close)
            box.start()
        self.tap = Tap(self.broker.port)
        stack.callback(self.tap.close)
        mortals = [Mortal("broker", self.broker.kill, partial(self._start_broker, folder))]
        mortals += [Mortal("consumer", consumer.kill, consumer.start, needs="database") for consumer in self.consumers]
        mortals += [Mortal("recorder", box.recorder.kill, box.recorder.start) for box in self.boxes]
        mortals += [Mortal("uplink", box.uplink.kill, box.uplink.start) for box in self.boxes]
        if database is not None:
            mortals.append(Mortal("database", database.kill, database.start))
        self.deaths = Deaths(mortals, self._chance)
        self.kinds = {mortal.kind for mortal in mortals}

    def _start_broker(self, folder: Path) -> None:
        """With its memory on disk or without, as the lot falls."""
        keeps = f"persistence true\npersistence_location {folder}/mosquitto/\nautosave_interval 1"
        self.broker.configure(keeps if self._chance.random() < 0.5 else "")
        self.broker.start()

    def facts(self) -> int:
        """In all journals."""
        return sum(box.reader.position() for box in self.boxes)

    def logs(self) -> str:
        """The ends of everybody's logs, for a failure."""
        paths = [worker.log for box in self.boxes for worker in (box.recorder, box.uplink)]
        paths += [consumer.log for consumer in self.consumers]
        return "\n".join(f"{path}:\n{path.read_text()[-1500:]}" for path in paths)


@pytest.fixture
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster | None]:
    """PostgreSQL for the consumers, when the test wants it."""
    if not request.param:
        yield None
        return
    if not any(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        assert os.environ.get("CI") != "true", "PostgreSQL is missing"
        pytest.skip("PostgreSQL is missing (Debian: sudo apt-get install postgresql)")
    cluster = Cluster(durable=True)
    try:
        cluster.start()
        monkeypatch.setenv("BOOTHKIT_CENTRAL_DSN", cluster.dsn("postgres"))
        yield cluster
    finally:
        cluster.stop()


@pytest.mark.timeout(0)  # every wait in here has a limit of its own
@pytest.mark.parametrize(
    ("database", "consumers", "share"),
    [pytest.param(True, 2, 1.0, id="PostgreSQL"), pytest.param(False, 1, 0.25, id="SQLite")],
    indirect=["database"],
)
def test_central_equals_the_journals_whatever_died_meanwhile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], database: Cluster | None, consumers: int, share: float
) -> None:
    began = time.monotonic()
    with ExitStack() as stack:
        world = World(tmp_path, stack, consumers, database)
        killing = time.monotonic()
        while world.facts() < FACTS * share or any(world.deaths.counts[kind] < LEAST_DEATHS for kind in world.kinds):
            world.deaths.turn()
            time.sleep(0.02)
        world.deaths.end()
        for box in world.boxes:
            box.rest()
        calm = time.monotonic()
        try:
            wait_until(lambda: all(box.is_safe() for box in world.boxes), "all is safe at central", CALM_S)
        except AssertionError as error:
            marks = [(box.name, box.reader.safe(), box.reader.position()) for box in world.boxes]
            raise AssertionError(f"{error}: {marks}\n{world.logs()}") from error
        safe = time.monotonic()

        missing = doubled = 0
        for box in world.boxes:
            own = box.bodies()
            there = world.consumers[-1].facts(CELL, box.name)
            missing += len(set(own) - set(there))
            doubled += len(there) - len(set(there))
            assert there == own, f"{box.name}: central holds something else"
            assert verify(box.data)["ok"]
            stored = {fact.pos: fact.id for fact in box.reader.facts(0, 10_000_000)}
            wrong = [ident for ident, pos in box.answered.items() if stored.get(pos) != f"{ident}.0"]
            assert wrong == [], f"{box.name}: answered, but not there"
        tasks = [task for task in world.consumers[0].json("/api/v1/tasks") if task["kind"] != "rejected"]
        assert tasks == [], "nobody is told of a fork or a branch that there was not"
        report = {
            "seed": SEED,
            "boxes": BOXES,
            "facts": world.facts(),
            "answered": sum(len(box.answered) for box in world.boxes),
            "asked again": sum(box.asked_again for box in world.boxes),
            **{f"killed: {kind}": count for kind, count in sorted(world.deaths.counts.items())},
            "sent (heard at the broker)": world.tap.seen,
            "resent": world.tap.again,
            "doubled at central": doubled,
            "missing at central": missing,
            "seconds: start, killing, until safe, all": " ".join(
                f"{seconds:.0f}" for seconds in (killing - began, calm - killing, safe - calm, safe - began)
            ),
        }
    with capsys.disabled():
        sys.stdout.write("\n" + "".join(f"  {name:<42}{value:>24}\n" for name, value in report.items()))
    assert report["missing at central"] == report["doubled at central"] == 0
