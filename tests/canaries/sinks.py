"""Where a canary could come to light: all that leaves the box or stays on it."""

from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.brokers import Broker
from tests.conftest import wait_until

PRIVATE = ("people.db", "people.db-journal", "secrets.db", "secrets.db-journal")
"""The files of DATA where what is personal may be."""


class Everything:
    """Somebody at the broker who hears every message on every topic."""

    def __init__(self, broker: Broker) -> None:
        self.heard: list[bytes] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_message = lambda c, u, m: self.heard.append(
            b"%s %s %s" % (m.topic.encode(), repr(m.properties).encode(), bytes(m.payload))
        )
        ready: list[bool] = []
        self._client.on_connect = lambda c, *_: c.subscribe("#", 1)
        self._client.on_subscribe = lambda *_: ready.append(True)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        wait_until(lambda: ready, "the subscription to everything")

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()


def files(folder: Path, leave: Callable[[Path], bool] = lambda path: False) -> bytes:
    """Names and contents of the regular files below a folder, but for those that ``leave`` names."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not leave(path):
            found.append(str(path.relative_to(folder)).encode() + b"\n" + path.read_bytes())
    return b"\n".join(found)
