"""Central's side of the broker, by paho-mqtt: messages in, acknowledged after the commit, answers out.

One thread does it all: read what waits, take it in one transaction, acknowledge, publish. The session at the broker
ends with the connection: what is lost in between, the boxes send again, as after any other loss.
"""

import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from appliance import log
from appliance.central.database import StoreFailed
from appliance.central.intake import LARGEST
from appliance.central.places import PREFIX
from appliance.central.service import Central, Outgoing, Received, Subject

logger = log.get("central")

TOPICS = (
    f"$share/central/{PREFIX}/+/+/{Subject.FACTS}",
    f"{PREFIX}/+/+/{Subject.CHECKPOINT}",
    f"{PREFIX}/+/+/{Subject.STATUS}",
    f"{PREFIX}/+/+/{Subject.BACKUP}",
)
RECEIVE_MAXIMUM = 64
"""Messages without our acknowledgement, and so the most that one transaction takes."""

ENCODING = "content-encoding"
_IN_FLIGHT = 20
_KEEPALIVE_S = 30
_TURN_S = 0.5
_LOOK_S = 2.0
"""Between two looks into the folder of policies."""
_SUBSCRIBED_S = 15.0
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 10.0


class Lost(Exception):
    """The connection ended, or the broker does not let us do our work; the text says why."""


class Subscriber:
    """Connects, again and again, until it is told to stop."""

    def __init__(
        self,
        host: str,
        port: int,
        central: Central,
        *,
        on_ready: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        """``on_ready``: called at every successful subscription; ``now``: monotonic seconds."""
        self._host, self._port, self._central, self._on_ready, self._now = host, port, central, on_ready, now
        self._inbox: deque[MQTTMessage] = deque()
        self._outbox: dict[str, bytes] = {}
        self._in_flight: set[int] = set()
        self._window = _IN_FLIGHT
        self._subscribed = False
        self._end = ""

    def run(self, stop: threading.Event) -> None:
        """Until ``stop``; what goes wrong with the broker or the database is logged, and tried again after a pause."""
        pause = _FIRST_PAUSE_S
        while not stop.is_set():
            try:
                self._session(stop)
            except (Lost, OSError) as error:
                logger.warning("central.disconnected", broker=f"{self._host}:{self._port}", why=str(error))
            except StoreFailed as error:
                logger.error("central.store_failed", why=str(error))
            if self._subscribed:
                pause = _FIRST_PAUSE_S
            stop.wait(pause * (0.5 + random.random() / 2))  # noqa: S311 - jitter
            pause = min(_LONGEST_PAUSE_S, pause * 2)

    def _session(self, stop: threading.Event) -> None:
        self._inbox.clear()
        self._outbox.clear()
        self._in_flight.clear()
        self._subscribed, self._end = False, ""
        client = self._client()
        properties = _properties(PacketTypes.CONNECT, ReceiveMaximum=RECEIVE_MAXIMUM, MaximumPacketSize=LARGEST)
        client.connect(self._host, self._port, _KEEPALIVE_S, clean_start=True, properties=properties)
        give_up = self._now() + _SUBSCRIBED_S
        greeted, look = False, self._now() + _LOOK_S
        try:
            while not stop.is_set():
                self._turn(client)
                if greeted and self._now() >= look:
                    self._keep(self._central.look())
                    look = self._now() + _LOOK_S
                if self._subscribed and not greeted:
                    self._keep(self._central.greeting())
                    logger.info("central.subscribed", broker=f"{self._host}:{self._port}")
                    self._on_ready()
                    greeted = True
                if not self._subscribed and self._now() > give_up:
                    raise Lost("no CONNACK and SUBACK in time")
        finally:
            client.disconnect()

    def _turn(self, client: Client) -> None:
        """Wait for a message, read what came with it, take it all, answer."""
        self._send(client)
        timeout = _TURN_S
        before = -1
        while before < len(self._inbox) < RECEIVE_MAXIMUM:
            before = len(self._inbox)
            try:
                code = client.loop(timeout)
            except Exception as error:  # bytes that paho cannot read
                raise Lost(f"not MQTT 5: {type(error).__name__}: {error}") from error
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS or self._end:
                raise Lost(self._end or code.name)
            timeout = 0.0
        if self._inbox:
            messages = [self._inbox.popleft() for _ in range(len(self._inbox))]
            received = [r for m in messages if (r := _received(m)) is not None]
            answers = self._central.take(received)
            for message in messages:
                client.ack(message.mid, message.qos)
            self._keep(answers)
            self._send(client)

    def _send(self, client: Client) -> None:
        while self._outbox and len(self._in_flight) < self._window:
            topic, payload = next(iter(self._outbox.items()))
            del self._outbox[topic]
            self._in_flight.add(client.publish(topic, payload, qos=1, retain=True).mid)

    def _keep(self, answers: Sequence[Outgoing]) -> None:
        """Answers wait for room at the broker; a newer one on the same topic takes the older one's place."""
        for answer in answers:
            self._outbox.pop(answer.topic, None)
            self._outbox[answer.topic] = answer.payload

    # paho's callbacks: they only note what happened

    def _client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"boothkit-central-{random.getrandbits(48):012x}",
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        client.max_inflight_messages_set(0)  # the window is ours: paho does not look at ReceiveMaximum
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = lambda c, u, message: self._inbox.append(message)
        client.on_disconnect = lambda c, u, flags, code, properties: self._ended(str(code))
        client.on_publish = lambda c, u, mid, code, properties: self._published(mid, code)
        return client

    def _on_connect(self, client: Client, user: Any, flags: Any, code: Any, properties: Any) -> None:
        if code.is_failure:
            self._ended(f"the broker answers {code}")
            return
        self._window = min(_IN_FLIGHT, getattr(properties, "ReceiveMaximum", _IN_FLIGHT))
        client.subscribe([(topic, 1) for topic in TOPICS])

    def _on_subscribe(self, client: Client, user: Any, mid: int, codes: Any, properties: Any) -> None:
        refused = [f"{topic}: {code}" for topic, code in zip(TOPICS, codes, strict=False) if code.is_failure]
        if refused:
            self._ended(f"subscribing is refused: {', '.join(refused)}")
            return
        self._subscribed = True

    def _ended(self, why: str) -> None:
        self._end = self._end or why

    def _published(self, mid: int, code: Any) -> None:
        self._in_flight.discard(mid)
        if code.is_failure:
            logger.warning("central.answer_refused", why=str(code))


def _received(message: MQTTMessage) -> Received | None:
    try:
        return Received(message.topic, bytes(message.payload), bool(message.retain), _encoding(message))
    except UnicodeDecodeError:
        return None  # no topic of ours: the filters are plain ASCII but for the names, and names are checked


def _encoding(message: MQTTMessage) -> str:
    """The user property ``content-encoding``; the first, if there are several (MQTT 5.0 §3.3.2.3.7)."""
    pairs: list[tuple[str, str]] = getattr(message.properties, "UserProperty", [])
    return next((value for name, value in pairs if name == ENCODING), "")


def _properties(packet: int, **values: int) -> Properties:
    properties = Properties(packet)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return properties
