"""``boothkit central``: the process, against a real broker."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from appliance.journal import notes
from tests.brokers import Broker, CentralProcess
from tests.central.bodies import batch, checkpoint, event, head, journal, signer
from tests.central.conftest import BOX
from tests.conftest import wait_until

FORTY = journal(40)
StartCentral = Callable[..., CentralProcess]


class Sender:
    """An MQTT client that keeps the newest message of each topic of box-7 that central answers on."""

    def __init__(self, broker: Broker) -> None:
        self.newest: dict[str, str] = {}
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_message = self._keep
        self._client.on_connect = lambda c, *_: c.subscribe([(BOX.topic("receipt"), 1), (BOX.topic("cosigned"), 1)])
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()

    def _keep(self, client: Any, user: Any, message: mqtt.MQTTMessage) -> None:
        self.newest[message.topic.rsplit("/", 1)[1]] = bytes(message.payload).decode()

    def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Until the broker has it."""
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(20)

    def receipt(self, key: str) -> notes.TreeHead | None:
        """What the newest receipt acknowledges."""
        note = self.newest.get("receipt")
        return notes.TreeHead.parse_receipt(notes.verify(note, notes.Verifier.parse(key))[0]) if note else None

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def sender(broker: Broker) -> Iterator[Sender]:
    """Somebody who writes to the broker as a box would."""
    fresh = Sender(broker)
    yield fresh
    fresh.close()


def boothkit(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "appliance.cli", *arguments], capture_output=True, text=True, timeout=60
    )


def test_facts_are_receipted_checkpoints_cosigned_and_garbage_does_no_harm(
    central: StartCentral, sender: Sender
) -> None:
    there = central()
    sender.send(BOX.topic("facts"), b"garbage")
    sender.send(BOX.topic("facts"), b"[" + event(FORTY[0]) + b',{"x":1}]')
    sender.send(BOX.topic("facts"), batch(FORTY).payload)
    wait_until(lambda: sender.receipt(there.key) == head(FORTY), "the receipt for 40 facts")
    sender.send(BOX.topic("checkpoint"), checkpoint(FORTY[:30]).payload, retain=True)
    note = wait_until(lambda: sender.newest.get("cosigned"), "the cosigned checkpoint")
    witness = notes.Verifier.parse(there.key).witness()
    assert notes.TreeHead.parse(notes.verify(note, witness)[0]) == head(FORTY[:30])
    assert there.facts("cell", "box-7") == [raw.decode() for raw in FORTY]
    assert there.json("/api/v1/tasks")[0]["about"].startswith("2 messages were dropped so far")
    assert there.kill(signal.SIGTERM) == 0


def test_a_central_that_was_killed_goes_on_and_says_so_to_every_box(central: StartCentral, sender: Sender) -> None:
    there = central()
    sender.send(BOX.topic("facts"), batch(FORTY[:20]).payload)
    wait_until(lambda: sender.receipt(there.key) == head(FORTY[:20]), "the receipt for 20 facts")
    there.kill()
    sender.newest.clear()
    key = there.key
    there.start()
    assert there.key == key
    wait_until(lambda: sender.receipt(key) == head(FORTY[:20]), "the same receipt again")


def test_what_a_receipt_promises_is_there_after_kill_9(central: StartCentral, sender: Sender) -> None:
    there = central()
    for start in range(0, 40, 4):
        sender.send(BOX.topic("facts"), batch(FORTY[start : start + 4]).payload)
    wait_until(lambda: sender.newest.get("receipt"), "a first receipt")
    there.kill()
    promised = sender.receipt(there.key)
    assert promised is not None
    there.start()
    assert len(there.facts("cell", "box-7")) >= promised.size


def test_a_box_is_enrolled_while_central_runs(central: StartCentral, sender: Sender) -> None:
    there = central(trust_first=False)
    sender.send(BOX.topic("facts"), batch(FORTY).payload)
    wait_until(lambda: [t for t in there.json("/api/v1/tasks") if t["kind"] == "unknown box"], "the task")
    assert "receipt" not in sender.newest
    key = signer().verifier.vkey()
    assert boothkit("central", "enrol", "cell", "box-7", key, "--data", str(there.data)).returncode == 0
    sender.send(BOX.topic("facts"), batch(FORTY).payload)
    wait_until(lambda: sender.receipt(there.key) == head(FORTY), "the receipt")
    assert boothkit("central", "enrol", "cell", "box-8", key, "--data", str(there.data)).returncode == 2


def test_the_report_reads_beside_a_running_central_and_after_it(central: StartCentral, sender: Sender) -> None:
    there = central()
    sender.send(BOX.topic("facts"), batch(FORTY).payload)
    wait_until(lambda: sender.receipt(there.key) == head(FORTY), "the receipt")
    running = boothkit("central", "report", "--data", str(there.data))
    assert "box-7" in running.stdout
    there.kill(signal.SIGTERM)
    after = boothkit("central", "report", "--data", str(there.data), "--json")
    assert '"safe": 40' in after.stdout, after.stderr


def test_a_second_central_on_one_folder_is_refused(central: StartCentral, broker: Broker) -> None:
    there = central()
    second = boothkit("central", "serve", "--mqtt", broker.address, "--data", str(there.data), "--http-port", "0")
    assert (second.returncode, second.stdout) == (2, "")
    assert "is served already" in second.stderr


def test_a_port_that_is_taken_is_named(tmp_path: Path, broker: Broker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = boothkit(
            "central", "serve", "--mqtt", broker.address, "--data", str(tmp_path / "c"), "--http-port", port
        )
    assert said.returncode == 2
    assert f"127.0.0.1:{port}" in said.stderr


def test_central_is_ready_without_its_broker_and_finds_it_later(tmp_path: Path) -> None:
    late = Broker(tmp_path / "late")
    there = CentralProcess(tmp_path / "central", late)
    try:
        there.start()
        assert there.json("/api/v1/boxes") == []
        late.start()
        sender = Sender(late)
        wait_until(lambda: "central.subscribed" in there.log.read_text(), "central found the broker")
        sender.send(BOX.topic("facts"), batch(FORTY).payload)
        wait_until(lambda: sender.receipt(there.key) == head(FORTY), "the receipt")
        sender.close()
    finally:
        there.kill()
        late.kill()


def test_a_report_without_a_store_says_what_to_do(tmp_path: Path) -> None:
    said = boothkit("central", "report", "--data", str(tmp_path / "nothing"))
    assert said.returncode == 2
    assert "boothkit central serve" in said.stderr
