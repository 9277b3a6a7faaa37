"""A box's own worker on a real broker, and the other box played by hand: what it sends, and sends again."""

import hashlib
import json
import queue
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from appliance.files import policy as policyfile
from appliance.journal import codec, notes
from appliance.journal.client import RecorderClient
from tests.brokers import Broker, broker
from tests.conftest import Process, wait_until
from tests.policy.conftest import CENTRAL, note

__all__ = ["broker"]

TOML = """
[box]
id = "quay-a"
cell = "quay"
[central]
key = "{key}"
[site]
broker = "{broker}"
"""
PEER = notes.Signer("boothkit/quay-b/1", bytes(range(32)))
ITEMS = [
    {"sku": f"SKU-{number:03}", "name": f"{'A long name of something ' * 2}{number:03}", "price": 100 + number}
    | {"vat": "0.19", "kind": "unit", "category": "A category of things", "maker": "Somebody in the next street"}
    for number in range(500)
]


class Peer:
    """quay-b, by hand."""

    def __init__(self, broker: Broker) -> None:
        self.batches: queue.Queue[tuple[str, list[str]]] = queue.Queue()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="quay-b", protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe("boothkit/1/quay/quay-a/facts", 1)
        self._client.on_message = lambda _, __, message: self._take(message)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()

    def _take(self, message: Any) -> None:
        said = dict(message.properties.UserProperty)["note"]
        bodies = [json.dumps(event["data"]) for event in json.loads(message.payload)]
        self.batches.put((b64decode(said).decode(), bodies))

    def have(self, **logs: int) -> None:
        """How far it heard quay-a, by ``log1=…``."""
        told = {"quay-a": {name.removeprefix("log"): seq for name, seq in logs.items()}}
        self._client.publish("boothkit/1/quay/quay-b/have", json.dumps(told), 1, retain=True).wait_for_publish(20)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def peer(broker: Broker) -> Iterator[Peer]:
    fresh = Peer(broker)
    yield fresh
    fresh.close()


@pytest.fixture
def admin(broker: Broker, worker: Callable[..., Process], run_folder: Path) -> Iterator[RecorderClient]:
    """quay-a with an open event and a policy that names quay-b."""
    toml = TOML.format(key=CENTRAL.verifier.vkey(), broker=broker.address)
    worker("recorder", toml)
    client = RecorderClient(run_folder, "admin", 30)
    about = {"name": "Markt", "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "12"}
    raw = note(1, {"peers": [{"box": "quay-b", "keys": [PEER.verifier.vkey()]}]}, expires="2036-12-24T18:00:00Z")
    for number, (command, data) in enumerate(
        (
            ("event.create", about),
            ("list.define", {"list": "general", "entry": "single"}),
            ("event.open", {}),
            ("catalogue.import", {"items": ITEMS}),
            ("policy.apply", policyfile.asked(raw, "command")),
        )
    ):
        client.send(command, data, actor="admin:test", id=f"setup-{number}")
    worker("uplink", toml)
    yield client
    client.close()


def places(box: Path, said: str, bodies: list[str]) -> tuple[int, int]:
    """First and last of a batch whose signature and facts are right."""
    key = notes.Verifier.parse((box / "keys" / "box.pub").read_text().split()[-1])
    text, _ = notes.verify(said, key)
    header, origin, _, place, digest, _ = text.split("\n")
    assert (header, origin) == ("boothkit-site/1", "boothkit/quay-a/1")
    leaves = (codec.leaf_hash(codec.encode(json.loads(body))) for body in bodies)
    assert notes.b64(hashlib.sha256(b"".join(leaves)).digest()) == digest
    _, first, last = map(int, place.split())
    assert [json.loads(body)["seq"] for body in bodies] == list(range(first, last + 1))
    return first, last


def until(peer: Peer, box: Path, last: int, again: Callable[[], None] = lambda: None) -> int:
    """The first place of what comes until ``last`` has come, without a gap; ``again`` is done each second."""
    begins, reached, deadline = 0, 0, time.monotonic() + 60
    while reached < last:
        assert time.monotonic() < deadline, f"only {reached} of {last} came"
        try:
            found = places(box, *peer.batches.get(timeout=1))
        except queue.Empty:
            again()
            continue
        begins = begins or found[0]
        assert reached in (0, found[0] - 1)
        reached = found[1]
    return begins


def test_a_box_sends_what_the_other_lacks_and_again_when_it_complains(
    admin: RecorderClient, peer: Peer, tmp_path: Path
) -> None:
    box = tmp_path / "data"
    size = admin.send("hello", {}, actor="admin:test", id="hello").answer["pos"]
    event_begins = 2  # behind log.started
    peer.have()
    assert until(peer, box, size) == event_begins
    answer = admin.send("list.define", {"list": "vip", "entry": "reentry"}, actor="admin:test", id="news")
    assert until(peer, box, size + 1) == size + 1, "what is new comes by itself, alone"
    assert answer.last == size + 1
    # One that the broker lost: said once, that is how far it is; said again, it is a complaint.
    peer.have(log1=size - 1)
    assert until(peer, box, size + 1, lambda: peer.have(log1=size - 1)) == size


def test_a_peer_that_lies_about_what_it_has_does_no_harm(
    admin: RecorderClient, peer: Peer, run_folder: Path, tmp_path: Path
) -> None:
    size = admin.send("hello", {}, actor="admin:test", id="hello").answer["pos"]
    for log in (10**15, -5):
        peer.have(log1=log, log9=3)
    peer.have()
    assert until(peer, tmp_path / "data", size) <= size
    page = run_folder / "board" / "uplink" / "page.json"
    wait_until(lambda: json.loads(page.read_text())["site"]["connected"], "it is well")
