"""Somebody who listens at the broker and counts: how many facts go by, and how many of them not for the first time."""

import re

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

_PLACE = re.compile(rb'"source":"boothkit/([^"]+)","type":"[^"]+","seq":(\d+),"pos":')


class Tap:
    """``seen`` facts, ``again`` of them resent. What goes by while the broker is dead is not heard."""

    def __init__(self, port: int) -> None:
        self.seen = self.again = 0
        self._known: set[tuple[bytes, bytes]] = set()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = lambda c, *_: c.subscribe("boothkit/1/+/+/facts", 0)
        self._client.on_message = lambda c, u, message: self._count(bytes(message.payload))
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _count(self, payload: bytes) -> None:
        for match in _PLACE.finditer(payload):
            place = (match[1], match[2])
            self.seen += 1
            self.again += place in self._known
            self._known.add(place)

    def close(self) -> None:
        """Stop listening."""
        self._client.disconnect()
        self._client.loop_stop()
