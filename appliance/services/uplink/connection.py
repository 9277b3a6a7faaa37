"""MQTT 5 by paho-mqtt, driven by the worker's own loop through its socket.

Why not paho's thread: an exception in a callback ends that thread without a word while is_connected() stays true,
and only a second watchdog would notice; here the worker's one sign of life covers the network too, and nothing is
shared between threads. What would block the loop is done elsewhere: name lookup, TCP and TLS run in a thread that
owns its client alone until it hands it over, and what the socket does not take at once waits in paho's queue until
the connection's epoll descriptor, which the loop can only read, says that there is room.

Every connection has a client of its own: no queued message, packet id or half-read packet outlives it. Callbacks
only append to a deque, which is worked off when paho has returned.
"""

import random
import select
import socket
import ssl
import threading
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from appliance import log
from appliance.services.run import Loop, Timer
from appliance.services.uplink import faults
from appliance.services.uplink.address import Address
from appliance.services.uplink.faults import Fault

logger = log.get("uplink")

WINDOW = 20
"""QoS 1 messages without a PUBACK; paho looks through all of them at each one (docs/uplink.md)."""

WINDOW_BYTES = 512 * 1024
"""Payload without a PUBACK beyond which nothing is added: 40 s of 100 kbit/s, less than we wait for a PUBACK."""

_KEEPALIVE_S = 30
_ESTABLISHED_S = 15.0
_ACKNOWLEDGED_S = 60.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 60.0
_STEADY_S = 30.0
_KICKED_S = 10.0
_MANY_KICKS = 3
_GOODBYE_S = 2.0
_LARGEST_INCOMING = 256 * 1024
_HEADERS = 64
"""Bytes of a PUBLISH beside topic, payload and note: fixed header, lengths, packet id, our other properties."""

ENCODING, NOTE = "content-encoding", "note"

Event = Callable[[], None]


@dataclass(frozen=True)
class Message:
    """One message to send. ``qos`` 1 takes a place in the window."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True
    content_type: str = ""
    encoding: str = ""
    """How the payload is compressed, as HTTP names it (RFC 9110 §8.4.1); told in a user property."""
    note: str = ""
    """What was signed of the payload; told in a user property, in base64: brokers take no line ends there."""
    text: bool = True
    """Whether a payload that is not compressed is UTF-8."""


class Listener(Protocol):
    """Whom the connection tells. All calls come from the loop; none is made from within ``publish``."""

    def online(self) -> None:
        """Connected and subscribed."""

    def offline(self, fault: Fault) -> None:
        """Not, or no longer; it tries again by itself."""

    def received(self, topic: str, payload: bytes, retained: bool, note: str) -> None:
        """A message on one of the subscribed topics; ``retained``: it had been lying at the broker; ``note``: what came
        with it as such."""

    def acknowledged(self, topic: str, fault: Fault | None, heard: bool) -> None:
        """The broker's answer to one QoS 1 message; ``heard``: whether anybody listens to that topic."""


class Connection:
    """Opens a connection again and again, with a pause that doubles and jitters, until it is closed."""

    def __init__(
        self,
        loop: Loop,
        address: Address,
        listener: Listener,
        *,
        will: Callable[[], Message],
        topics: tuple[str, ...],
        chance: Callable[[], float] = random.random,
    ) -> None:
        """``will``: what the broker shall say when we vanish, asked for at each attempt. ``chance``: 0 to 1."""
        self.address = address
        self._loop, self._listener, self._chance = loop, listener, chance
        self._will, self._topics = will, topics
        self._client: Client | None = None
        self._poll: select.epoll | None = None
        self._established = False
        self._closed = False
        self._failures = self._kicks = 0
        self._up_since = 0.0
        self._timer: Timer | None = None
        self._events: deque[Event] = deque()
        self._in_flight: dict[int, Message] = {}
        self._waiting_since = 0.0
        self._window = WINDOW
        self._packet_limit: int | None = None
        self._misc = loop.every(1.0, self._tick)

    # What the worker calls

    def open(self) -> None:
        """Connect now."""
        work = partial(self._connect, self._make_client(), self._will())
        threading.Thread(target=work, name="uplink-connect", daemon=True).start()

    def online(self) -> bool:
        """Whether messages can be sent."""
        return self._established

    def room(self) -> int:
        """How many QoS 1 messages may be sent now."""
        waiting = sum(len(message.payload) for message in self._in_flight.values())
        if not self._established or waiting >= WINDOW_BYTES:
            return 0
        return self._window - len(self._in_flight)

    def largest(self, topic: str) -> int:
        """Most bytes of a payload that the broker takes on ``topic`` (MQTT 5.0 §3.2.2.3.6)."""
        limit = self._packet_limit if self._packet_limit is not None else 256 * 1024 * 1024 - 1
        return max(0, limit - _HEADERS - len(topic.encode()))

    def publish(self, message: Message) -> bool:
        """Send one message; False without a connection, without room, or beyond the broker's limit."""
        client = self._client
        if client is None or not self._established or (message.qos and self.room() <= 0):
            return False
        if len(message.payload) + 2 * len(message.note) > self.largest(message.topic):
            return False
        content = {"ContentType": message.content_type} if message.content_type else {}
        properties = _properties(
            PacketTypes.PUBLISH, PayloadFormatIndicator=int(message.text and not message.encoding), **content
        )
        if message.encoding:
            properties.UserProperty = (ENCODING, message.encoding)
        if message.note:
            properties.UserProperty = (NOTE, b64encode(message.note.encode()).decode())
        info = client.publish(message.topic, message.payload, message.qos, message.retain, properties)
        if message.qos:
            if not self._in_flight:
                self._waiting_since = self._loop.now()
            self._in_flight[info.mid] = message
        self._arm()
        return info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def close(self, goodbye: Message | None = None) -> None:
        """Say goodbye, if there is anybody to say it to, and stay closed."""
        self._closed = True
        self._misc.cancel()
        client = self._client
        if client is not None and self._established:
            if goodbye is not None:
                client.publish(goodbye.topic, goodbye.payload, goodbye.qos, goodbye.retain)
            client.disconnect()
            deadline = self._loop.now() + _GOODBYE_S
            while client.want_write() and (sock := client.socket()) is not None and self._loop.now() < deadline:
                select.select([], [sock], [], 0.1)
                client.loop_write()
        self._tear_down()

    # Connecting

    def _make_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2, client_id=self.address.client_id, protocol=MQTTProtocolVersion.MQTTv5
        )
        client.suppress_exceptions = False
        client.max_inflight_messages_set(0)  # the window is ours: paho does not look at ReceiveMaximum
        client.on_connect = lambda c, u, flags, code, properties: self._events.append(
            partial(self._on_connack, c, code.value, str(code), properties)
        )
        client.on_subscribe = lambda c, u, mid, codes, properties: self._events.append(
            partial(self._on_suback, [(code.value, str(code)) for code in codes])
        )
        client.on_publish = lambda c, u, mid, code, properties: self._events.append(
            partial(self._on_puback, mid, code.value, str(code))
        )
        client.on_message = lambda c, u, message: self._events.append(partial(self._on_message, message))
        client.on_disconnect = lambda c, u, flags, code, properties: self._events.append(
            partial(self._on_disconnect, flags.is_disconnect_packet_from_server, code.value, str(code))
        )
        return client

    def _connect(self, client: Client, will: Message) -> None:
        """In its own thread: everything that blocks. The loop gets the client, or the error."""
        error: Exception | None = None
        try:
            address = self.address
            if address.user:
                client.username_pw_set(address.user, address.password())
            if (tls := address.tls()) is not None:
                client.tls_set_context(tls)
            client.will_set(will.topic, will.payload, will.qos, will.retain)
            properties = _properties(PacketTypes.CONNECT, MaximumPacketSize=_LARGEST_INCOMING)
            client.connect(address.host, address.port, _KEEPALIVE_S, clean_start=True, properties=properties)
        except Exception as caught:  # noqa: BLE001 -- whatever it is, it goes onto the board
            error = caught
        self._loop.call_soon_threadsafe(partial(self._connected, client, error))

    def _connected(self, client: Client, error: Exception | None) -> None:
        sock = client.socket()
        if self._closed:
            if sock is not None:
                sock.close()
            return
        self._client = client
        if error is not None or sock is None:
            self._events.clear()
            self._down(faults.by_error(self.address.broker, error or ConnectionResetError("closed at once")))
            return
        # Nagle's algorithm would hold the end of each batch back until the broker acknowledges (RFC 9293 §3.7.4).
        if isinstance(sock, socket.socket):  # and no WebSocket, which we never ask for
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._poll = select.epoll()
        self._poll.register(sock.fileno(), select.EPOLLIN | select.EPOLLOUT)
        self._loop.add_reader(self._poll.fileno(), self._ready)
        self._timer = self._loop.call_later(_ESTABLISHED_S, partial(self._overdue, "no CONNACK and SUBACK"))

    def _on_connack(self, client: Client, code: int, name: str, properties: Any) -> None:
        if faults.is_failure(code):
            self._down(faults.by_connack(code, name))
            return
        self._packet_limit = getattr(properties, "MaximumPacketSize", None)
        self._window = min(WINDOW, getattr(properties, "ReceiveMaximum", WINDOW))
        client.subscribe([(topic, 1) for topic in self._topics])

    def _on_suback(self, codes: list[tuple[int, str]]) -> None:
        for code, name in codes:
            if faults.is_failure(code):
                self._down(faults.by_code("subscribing", code, name))
                return
        if self._timer is not None:
            self._timer.cancel()
        self._established = True
        self._up_since = self._loop.now()
        self._listener.online()

    # Being connected

    def _ready(self) -> None:
        """Something can be read or written."""
        self._step(self._read_and_write)

    def _read_and_write(self) -> None:
        client = self._client
        if client is None:
            return
        if client.want_write():
            client.loop_write()
        while client.loop_read() == MQTTErrorCode.MQTT_ERR_SUCCESS:
            sock = client.socket()
            # TLS may hold whole packets back that no select will tell of.
            if not (isinstance(sock, ssl.SSLSocket) and sock.pending()):
                return

    def _tick(self) -> None:
        """Once a second: keep-alive, and a broker that takes messages without ever acknowledging them."""
        if self._client is None or self._poll is None:
            return
        self._step(self._client.loop_misc)
        if self._in_flight and self._loop.now() - self._waiting_since > _ACKNOWLEDGED_S:
            self._overdue("no PUBACK")

    def _step(self, work: Callable[[], object]) -> None:
        """Let paho work, then work off what it told."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 -- bytes that paho cannot read end the connection
            logger.warning("uplink.unreadable_bytes", error=type(error).__name__, why=str(error))
            self._down(faults.by_end(self.address.broker, faults.Code.PROTOCOL_ERROR, answered=False))
        while self._events:
            self._events.popleft()()
        self._arm()

    def _arm(self) -> None:
        sock = self._client.socket() if self._client is not None else None
        if sock is not None and self._client is not None and self._poll is not None:
            wanted = select.EPOLLIN | (select.EPOLLOUT if self._client.want_write() else 0)
            self._poll.modify(sock.fileno(), wanted)

    def _on_puback(self, mid: int, code: int, name: str) -> None:
        message = self._in_flight.pop(mid, None)
        self._waiting_since = self._loop.now()
        if message is not None:
            fault = faults.by_code("publishing", code, name) if faults.is_failure(code) else None
            self._listener.acknowledged(message.topic, fault, code != faults.Code.NO_MATCHING_SUBSCRIBERS)

    def _on_message(self, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return  # not one of ours; MQTT 5.0 §1.5.4 has the broker refuse it
        said = dict(getattr(message.properties, "UserProperty", ())).get(NOTE, "")
        try:
            note = b64decode(said, validate=True).decode()
        except ValueError:
            note = ""
        self._listener.received(topic, bytes(message.payload), bool(message.retain), note)

    def _on_disconnect(self, by_broker: bool, code: int, name: str) -> None:
        if by_broker:
            self._down(faults.by_code("the connection ended", code, name))
        else:
            self._down(faults.by_end(self.address.broker, code, answered=self._established))

    def _overdue(self, what: str) -> None:
        self._down(Fault(f"{self.address.broker}: {what} in time", "Check the line and the broker's load."))

    # The end of a connection

    def _down(self, fault: Fault) -> None:
        """End this connection and plan the next. The first fault is the cause, later ones follow from it."""
        if self._client is None:
            return
        lasted = self._loop.now() - self._up_since if self._established else 0.0
        self._kicks = self._kicks + 1 if 0.0 < lasted < _KICKED_S else 0
        if self._kicks >= _MANY_KICKS:
            fault = faults.by_kicks(fault)
        self._tear_down()
        self._failures = 0 if lasted >= _STEADY_S else min(self._failures + 1, 16)
        longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**self._failures)
        self._timer = self._loop.call_later(longest * (0.5 + self._chance() / 2), self.open)
        self._listener.offline(fault)

    def _tear_down(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._poll is not None:
            self._loop.remove_reader(self._poll.fileno())
            self._poll.close()
            self._poll = None
        client, self._client = self._client, None
        if client is not None and (sock := client.socket()) is not None:
            sock.close()
        self._established = False
        self._in_flight.clear()
        self._events.clear()
        self._packet_limit, self._window = None, WINDOW


def _properties(packet: int, **values: int | str) -> Properties:
    properties = Properties(packet)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return properties
