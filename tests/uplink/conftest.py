"""A box with a real recorder and a real uplink, against a real broker."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from tests.brokers import Broker, broker, central
from tests.conftest import Process, wait_until

__all__ = ["broker", "central"]

TOPIC = "boothkit/1/cell/box-7/"
CONFIG = """
[box]
id = "box-7"
cell = "cell"
[mqtt]
broker = "{broker}"
{mqtt}
[central]
key = "{key}"
"""


class Box:
    """Recorder and uplink in processes of their own; commands go through the recorder's socket."""

    def __init__(self, data: Path, run: Path, worker: Callable[..., Process]) -> None:
        self.data, self.run, self._worker = data, run, worker
        self.client = RecorderClient(run, "admin", timeout=30)
        self.reader = Reader(data)
        self._count = 0

    def start(self, broker: str, key: str = "", mqtt: str = "") -> None:
        """Both workers, ready."""
        self.start_recorder(broker, key, mqtt)
        self.start_uplink(broker, key, mqtt)

    def start_recorder(self, broker: str, key: str = "", mqtt: str = "") -> None:
        """The recorder alone."""
        self.recorder = self._worker("recorder", CONFIG.format(broker=broker, key=key, mqtt=mqtt))

    def start_uplink(self, broker: str, key: str = "", mqtt: str = "") -> None:
        """The uplink alone."""
        self.uplink = self._worker("uplink", CONFIG.format(broker=broker, key=key, mqtt=mqtt))

    def record(self, facts: int) -> None:
        """So many more facts."""
        for _ in range(facts):
            self._count += 1
            data = {"line": "door", "in": 1, "out": 0, "from_mono": 1, "to_mono": 2, "source": "beam"}
            self.client.send("crossings.count", data, actor="admin:test", id=f"count-{self._count}")

    def checkpoint(self) -> None:
        """A signed tree head."""
        self.client.send("checkpoint.request", {}, actor="admin:test", id="checkpoint")

    def bodies(self) -> list[str]:
        """Every stored body in order."""
        return [fact.body for fact in self.reader.facts(0, 1_000_000)]

    def board(self) -> dict[str, Any]:
        """The uplink's page."""
        path = self.run / "board" / "uplink" / "page.json"
        page: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return page

    def wait_board(self, what: str, seconds: float = 30, **values: Any) -> dict[str, Any]:
        """The page, once it shows ``values``; a text needs to be contained only."""

        def shows() -> dict[str, Any] | None:
            page = self.board()
            for key, value in values.items():
                found = page.get(key)
                if found != value and not (isinstance(value, str) and value and value in str(found)):
                    return None
            return page

        try:
            page: dict[str, Any] = wait_until(shows, what, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.board()}\n{self.uplink.log.read_text()[-2000:]}") from error
        return page

    def wait_safe(self, seconds: float = 60) -> None:
        """Until central's receipts reach the end of the journal."""
        try:
            wait_until(lambda: self.reader.safe().pos == self.reader.position(), "all is safe", seconds)
        except AssertionError as error:
            logs = [process.log.read_text()[-2000:] for process in (self.recorder, self.uplink)]
            where = f"{self.reader.safe()} of {self.reader.position()}"
            raise AssertionError(f"{where}; {self.board()}\n{logs}") from error

    def close(self) -> None:
        """Let go of the journal and the recorder."""
        self.client.close()
        self.reader.close()


@pytest.fixture
def box(tmp_path: Path, run_folder: Path, worker: Callable[..., Process]) -> Iterator[Box]:
    """A box that was not started yet."""
    fresh = Box(tmp_path / "data", run_folder, worker)
    yield fresh
    fresh.close()


class Listener:
    """Somebody else at the broker: hears all of box-7, says what it is told to say, sends no receipts."""

    def __init__(self, broker: Broker) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_message = lambda c, u, m: self.heard.append((m.topic.removeprefix(TOPIC), bytes(m.payload)))
        self._client.on_connect = lambda c, *_: c.subscribe(f"{TOPIC}#", 1)
        self._client.on_subscribe = lambda *_: self.heard.append(("subscribed", b""))
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        wait_until(lambda: self.heard, "the listener's subscription")

    def of(self, subject: str) -> list[bytes]:
        """The payloads of one subject, oldest first."""
        return [payload for topic, payload in list(self.heard) if topic == subject]

    def bodies(self) -> list[str]:
        """The ``data`` of all events that came, in the order of arrival, as it stood in the message."""
        found = []
        for payload in self.of("facts"):
            for event in json.loads(payload):
                data = json.dumps(event["data"], separators=(",", ":"), ensure_ascii=False, sort_keys=True)
                assert data.encode() in payload
                found.append(data)
        return found

    def say(self, subject: str, payload: str) -> None:
        """Retained, until the broker has it."""
        self._client.publish(f"{TOPIC}{subject}", payload, qos=1, retain=True).wait_for_publish(20)

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def listener(broker: Broker) -> Iterator[Listener]:
    """Somebody else at the broker."""
    fresh = Listener(broker)
    yield fresh
    fresh.close()
