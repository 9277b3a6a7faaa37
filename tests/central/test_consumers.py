"""Several consumers of one shared subscription on one PostgreSQL: together they are one central."""

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from appliance.central.database import NotCentral, open_writer
from appliance.central.places import Box
from appliance.central.service import Received
from appliance.central.store import Store
from appliance.central.view import View
from appliance.journal import notes
from tests.brokers import Broker, CentralProcess
from tests.central.bodies import SEED, after, batch, body, head, journal, stretch
from tests.central.conftest import BOX, Inside
from tests.central.postgres import Cluster
from tests.conftest import wait_until

FORTY = journal(40)


def pieces(box: str, size: int, step: int) -> list[Received]:
    """The facts of a box, in messages."""
    bodies = [body(seq, box=box, id=f"{box}-{seq}.0") for seq in range(1, size + 1)]
    return [batch(bodies[start : start + step], topic=f"boothkit/1/cell/{box}/facts") for start in range(0, size, step)]


def test_batches_of_the_same_boxes_at_several_consumers_at_once_converge(tmp_path: Path, cluster: Cluster) -> None:
    dsn, boxes = cluster.fresh(), ["box-1", "box-2", "box-3"]
    consumers = [Inside(tmp_path / "central", dsn=dsn) for _ in range(3)]
    for box in boxes:
        consumers[0].keyring.enrol(Box("cell", box), notes.Signer(f"boothkit/{box}/1", SEED).verifier.vkey())
    messages = [message for box in boxes for message in pieces(box, 240, 7)]
    failures: list[BaseException] = []

    def work(number: int) -> None:
        chance = random.Random(number)
        mine = [*messages[number::3], *chance.sample(messages, 30)]
        chance.shuffle(mine)
        try:
            for start in range(0, len(mine), 5):
                consumers[number].take(*mine[start : start + 5])
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    view = consumers[0].view
    for box in boxes:
        wanted = [body(seq, box=box, id=f"{box}-{seq}.0").decode() for seq in range(1, 241)]
        assert list(view.facts("cell", box)) == wanted
    assert [(row["safe"], row["forks"]) for row in view.boxes(0)] == [(240, 0)] * 3
    assert view.tasks(0) == []
    for consumer in consumers:
        consumer.store.close()


def test_two_pasts_of_a_box_that_are_split_between_consumers_are_told_apart(tmp_path: Path, cluster: Cluster) -> None:
    dsn = cluster.fresh()
    one, two = (Inside(tmp_path / "central", dsn=dsn) for _ in range(2))
    own = [*FORTY[:15], *stretch(16, 30, 100)]
    second = after(2, own, 200)
    one.take(batch(FORTY[:10]))
    two.take(batch(FORTY[10:20]))
    one.take(batch(own[20:]))
    two.take(batch(second, shift=30))
    assert one.receipts(one.take(batch(own[15:20]))) == [head(second, 2)]
    assert two.receipts(two.central.greeting()) == [head(second, 2)]
    assert two.bodies() == [raw.decode() for raw in [*FORTY[:20], *second]]
    for each in (one, two):
        each.store.close()


def test_consumers_that_start_together_make_one_schema(tmp_path: Path, cluster: Cluster) -> None:
    dsn, failures = cluster.empty(), list[BaseException]()

    def work() -> None:
        try:
            open_writer(tmp_path, dsn).close()
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_consumer_with_another_key_is_refused(tmp_path: Path, dsn: str) -> None:
    store = Store(open_writer(tmp_path, dsn))
    store.belongs_to("boothkit/central+1")
    store.belongs_to("boothkit/central+1")
    with pytest.raises(NotCentral, match="belongs to"):
        store.belongs_to("boothkit/central+2")
    store.close()


def test_a_database_that_is_not_there_is_named(tmp_path: Path, cluster: Cluster) -> None:
    with pytest.raises(NotCentral, match="PostgreSQL"):
        open_writer(tmp_path, cluster.dsn("nowhere"))


# Processes


class Sender:
    """A box's uplink in short: everything again and again, until the receipt is the one for all."""

    def __init__(self, broker: Broker, key: str) -> None:
        self.newest = b""
        self._key = notes.Verifier.parse(key)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_message = lambda c, u, message: setattr(self, "newest", bytes(message.payload))
        self._client.on_connect = lambda c, *_: c.subscribe(BOX.topic("receipt"), 1)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()

    def send(self, *messages: Received) -> None:
        for each in messages:
            self._client.publish(each.topic, each.payload, qos=1).wait_for_publish(20)

    def receipt(self) -> notes.TreeHead | None:
        """What the newest one acknowledges."""
        if not self.newest:
            return None
        return notes.TreeHead.parse_receipt(notes.verify(self.newest.decode(), self._key)[0])

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def consumers(
    tmp_path: Path, broker: Broker, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[CentralProcess]]:
    """Three processes on one database and one folder."""
    monkeypatch.setenv("BOOTHKIT_CENTRAL_DSN", cluster.empty())
    started = [CentralProcess(tmp_path / "central", broker) for _ in range(3)]
    for process in started:
        process.start()
    yield started
    for process in started:
        process.kill()


def test_three_consumers_are_one_central_though_one_is_killed_under_load(
    broker: Broker, consumers: list[CentralProcess]
) -> None:
    assert len({process.key for process in consumers}) == 1
    bodies = journal(1500)
    messages = [batch(bodies[start : start + 10]) for start in range(0, 1500, 10)]
    sender = Sender(broker, consumers[0].key)
    try:
        sender.send(*messages[:50])
        consumers[0].kill()
        sender.send(*messages[50:100])
        consumers[0].start()
        consumers[1].kill()
        sender.send(*messages[100:])

        def all_there() -> bool:
            told = sender.receipt()
            if told is not None and told.size == 1500:
                return True
            start = told.size // 10 if told else 0
            sender.send(*messages[start : start + 20])
            return False

        wait_until(all_there, "the receipt for all", 60)
        assert sender.receipt() == head(bodies)
        assert consumers[2].facts("cell", "box-7") == [raw.decode() for raw in bodies]
        assert consumers[0].json("/api/v1/tasks") == []
    finally:
        sender.close()


DYING = """
import os, sys, threading, time
from pathlib import Path
from appliance.central.database import open_writer
from appliance.central.keyring import Keyring, central_signer
from appliance.central.service import Central
from appliance.central.store import Store
from appliance.central.subscriber import Subscriber

class Dying(Central):
    def take(self, messages):
        super().take(messages)
        if any(message.topic.endswith("/facts") for message in messages):
            os._exit(9)

folder = Path(sys.argv[1])
keys = folder / "keys"
store = Store(open_writer(folder, sys.argv[2]))
central = Dying(store, central_signer(keys), Keyring(keys), lambda: 0, trust_first=True)
ready = lambda: print("ready", flush=True)
Subscriber("127.0.0.1", int(sys.argv[3]), central, on_ready=ready, now=time.monotonic).run(threading.Event())
"""


def test_a_consumer_that_dies_between_commit_and_acknowledgement_changes_nothing(
    tmp_path: Path, broker: Broker, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "central"
    argv = [sys.executable, "-c", DYING, str(data), dsn, str(broker.port)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as dying:
        assert dying.stdout is not None
        assert dying.stdout.readline() == b"ready\n"
        monkeypatch.setenv("BOOTHKIT_CENTRAL_DSN", dsn)
        there = CentralProcess(data, broker)
        client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        client.publish(BOX.topic("facts"), batch(FORTY).payload, qos=1).wait_for_publish(20)
        assert dying.wait(20) == 9
    assert list(View(data, dsn).facts("cell", "box-7")) == [raw.decode() for raw in FORTY]
    there.start()
    sender = Sender(broker, there.key)
    sender.send(batch(FORTY))
    wait_until(lambda: sender.receipt() == head(FORTY), "the receipt")
    assert there.facts("cell", "box-7") == [raw.decode() for raw in FORTY]
    assert there.json("/api/v1/tasks") == []
    sender.close()
    client.disconnect()
    client.loop_stop()
    there.kill(signal.SIGTERM)


@pytest.fixture
def server() -> Iterator[Cluster]:
    """A PostgreSQL of the test's own, to be killed."""
    own = Cluster(durable=True)
    own.start()
    yield own
    own.stop()


def test_a_database_that_is_killed_loses_nothing_that_was_receipted(
    central: Callable[..., CentralProcess], broker: Broker, monkeypatch: pytest.MonkeyPatch, server: Cluster
) -> None:
    monkeypatch.setenv("BOOTHKIT_CENTRAL_DSN", server.empty())
    there = central()
    sender = Sender(broker, there.key)
    sender.send(batch(FORTY[:20]))
    wait_until(lambda: sender.receipt() == head(FORTY[:20]), "the receipt for 20 facts")
    server.kill()
    sender.send(batch(FORTY[20:]))
    wait_until(lambda: "central.store_failed" in there.log.read_text(), "central misses its database")
    server.start()

    def all_there() -> bool:
        sender.send(batch(FORTY[20:]))
        return sender.receipt() == head(FORTY)

    wait_until(all_there, "the receipt for all", 60)
    assert there.facts("cell", "box-7") == [raw.decode() for raw in FORTY]
    sender.close()
    assert there.kill(signal.SIGTERM) == 0
