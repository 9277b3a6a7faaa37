"""When time passes and nothing comes: the worker in this process, on a clock that can be moved on."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from appliance.clock import FakeClock
from appliance.config import Config
from appliance.journal import codec, merkle, notes
from appliance.services.context import WorkerContext
from appliance.services.notify import Notify
from appliance.services.run import Loop
from appliance.services.uplink import connection, flow
from appliance.services.uplink.faults import Fault
from appliance.services.uplink.worker import Uplink
from tests.brokers import Broker
from tests.conftest import wait_until
from tests.uplink.conftest import Box, Listener
from tests.uplink.impostor import Impostor, Link

CENTRAL = notes.Signer("boothkit/central", bytes(32))


class Watched(Uplink):
    """The worker as it is; ``ended`` counts the connections that came to an end, each after its retry was planned."""

    ended = 0

    def offline(self, fault: Fault) -> None:
        """One more."""
        super().offline(fault)
        self.ended += 1


class Inside:
    """An uplink in a thread. ``skip``: time that passes for it alone."""

    def __init__(self, box: Box, broker: str) -> None:
        self._skipped = 0.0
        table = {"box": {"id": "box-7", "cell": "cell"}, "mqtt": {"broker": broker}}
        context = WorkerContext("uplink", msgspec.convert(table, Config), box.data, box.run, FakeClock(), "box-7")
        self._loop = Loop("uplink", Notify(), now=lambda: time.monotonic() + self._skipped)
        self.worker = Watched(context, self._loop, dict)
        self.code: int | None = None
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        self.code = self._loop.run(self.worker.start)
        self.worker.close()

    def skip(self, seconds: float) -> None:
        """So much later."""
        self._skipped += seconds
        self._loop.call_soon_threadsafe(lambda: None)

    def close(self) -> None:
        """Stop it, as SIGTERM would."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        assert self.code == 0


Start = Callable[[str], Inside]


@pytest.fixture
def inside(box: Box) -> Iterator[Start]:
    """Starts uplinks on the test's box, whose recorder trusts CENTRAL."""
    started: list[Inside] = []

    def start(broker: str) -> Inside:
        started.append(Inside(box, broker))
        return started[-1]

    box.start_recorder("127.0.0.1:1", CENTRAL.verifier.vkey())
    yield start
    for each in started:
        each.close()


@pytest.fixture
def impostor() -> Iterator[Callable[..., Impostor]]:
    """Starts brokers by hand."""
    started: list[Impostor] = []

    def start(**options: Any) -> Impostor:
        started.append(Impostor(**options))
        return started[-1]

    yield start
    for each in started:
        each.close()


def receipt(box: Box, size: int) -> str:
    leaves = [codec.leaf_hash(body.encode()) for body in box.bodies()[:size]]
    return CENTRAL.sign(notes.TreeHead("boothkit/box-7/1", size, merkle.root_of(leaves)).receipt_text())


def test_lost_receipts_lead_to_a_resend_from_the_safe_mark(
    broker: Broker, listener: Listener, box: Box, inside: Start
) -> None:
    box.record(249)
    uplink = inside(broker.address)
    wait_until(lambda: len(listener.bodies()) == 250, "all facts, once")
    listener.say("receipt", receipt(box, 30))
    wait_until(lambda: box.board().get("safe") == 30, "the first receipt")
    uplink.skip(flow.PATIENCE_S + 1)
    wait_until(lambda: len(listener.bodies()) > 250, "a probe")
    assert listener.bodies()[250:] == box.bodies()[30 : 30 + len(listener.bodies()) - 250]
    before = len(listener.bodies())
    listener.say("receipt", receipt(box, 60))
    wait_until(lambda: len(listener.bodies()) == before + 190, "everything behind the answer once more")
    assert listener.bodies()[before:] == box.bodies()[60:]
    listener.say("receipt", receipt(box, 250))
    wait_until(lambda: box.board().get("safe") == 250, "the end")
    uplink.skip(10 * flow.LONGEST_S)
    box.record(1)
    wait_until(lambda: listener.bodies()[-1] == box.bodies()[-1], "the next fact")
    assert len(listener.bodies()) == before + 191


def test_a_receipt_that_says_nothing_new_makes_everything_behind_it_go_out_again(
    broker: Broker, listener: Listener, box: Box, inside: Start
) -> None:
    box.record(49)
    uplink = inside(broker.address)
    wait_until(lambda: len(listener.bodies()) == 50, "all facts, once")
    listener.say("receipt", receipt(box, 30))
    wait_until(lambda: box.board().get("safe") == 30, "the first receipt")
    listener.say("receipt", receipt(box, 30))
    uplink.skip(flow.REPEAT_S + 1)
    wait_until(lambda: len(listener.bodies()) == 70, "facts 31 to 50 again")
    assert listener.bodies()[50:] == box.bodies()[30:]


def test_no_connack_is_not_waited_for_for_ever(box: Box, inside: Start, impostor: Callable[..., Impostor]) -> None:
    mute = impostor(connack=b"")
    uplink = inside(mute.address)
    for attempt in (1, 2):
        wait_until(lambda n=attempt: len(mute.links) == n, "an attempt")
        wait_until(lambda n=attempt: len(mute.links) > n or uplink.skip(5), "time runs out for it")
        assert "no CONNACK and SUBACK in time" in box.board()["reason"]


def test_a_broker_that_never_acknowledges_is_left_and_tried_again(
    box: Box, inside: Start, impostor: Callable[..., Impostor]
) -> None:
    deaf = impostor()
    box.record(3)
    uplink = inside(deaf.address)
    wait_until(lambda: deaf.links and deaf.links[0].published, "facts on their way")
    uplink.skip(70)
    wait_until(lambda: uplink.worker.ended, "the end of the connection")
    assert "no PUBACK in time" in box.board()["reason"]
    uplink.skip(70)
    wait_until(lambda: len(deaf.links) == 2 and deaf.links[1].published, "the same again")


def test_a_quota_that_is_used_up_is_named_and_facts_go_on_when_there_is_room_again(
    box: Box, inside: Start, impostor: Callable[..., Impostor]
) -> None:
    full = impostor()
    box.record(3)
    uplink = inside(full.address)
    wait_until(lambda: full.links and full.links[0].published, "facts on their way")
    for mid in list(full.links[0].published):
        full.links[0].puback(mid, 0x97)
    page = box.wait_board("the quota", state="degraded", reason="Quota exceeded")
    assert page["remedy"]
    assert page["safe"] == 0
    answered = len(full.links[0].published)

    def room_again() -> bool:
        nonlocal answered
        for mid in full.links[0].published[answered:]:
            full.links[0].puback(mid)
            answered += 1
        return "Quota" not in box.board()["reason"]

    uplink.skip(70)
    wait_until(room_again, "the fault is gone")
    assert len(full.links) == 1


@pytest.mark.parametrize("most", [1, 3, 65535])
def test_no_more_is_in_flight_than_the_broker_takes(
    box: Box, inside: Start, impostor: Callable[..., Impostor], most: int
) -> None:
    # CONNACK with Receive Maximum (0x21) and a Maximum Packet Size (0x27) for one fact, §3.2.2.3
    properties = b"\x21" + most.to_bytes(2, "big") + b"\x27" + (700).to_bytes(4, "big")
    slow = impostor(connack=b"\x20\x0b\x00\x00\x08" + properties)
    inside(slow.address)
    allowed = min(most, connection.WINDOW)
    for answered in range(6):
        wait_until(lambda: slow.links and slow.links[0].published, "it is in")
        box.record(30 if answered == 0 else 1)
        wait_until(lambda n=answered: len(slow.links[0].published) - n == allowed, "a full window")
        box.record(1)
        slow.links[0].puback(slow.links[0].published[answered])
    wait_until(lambda: len(slow.links[0].published) - 6 == allowed, "one more for each that was acknowledged")


def test_connections_that_come_and_go_point_at_a_second_box_of_that_name(
    broker: Broker, box: Box, inside: Start
) -> None:
    uplink = inside(broker.address)
    for count in range(3):
        wait_until(lambda: box.board().get("connected"), "it is in")
        twin = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="boothkit-box-7", protocol=MQTTProtocolVersion.MQTTv5)
        twin.connect("127.0.0.1", broker.port)
        twin.loop_start()
        wait_until(lambda n=count: uplink.worker.ended > n, "it is out")
        twin.disconnect()
        twin.loop_stop()
        page = box.board()
        uplink.skip(60)
    assert "again and again" in page["reason"]
    assert "own [box] id" in page["remedy"]


def test_whatever_a_broker_says_the_worker_goes_on(box: Box, inside: Start, impostor: Callable[..., Impostor]) -> None:
    """60 connections, each let in and then told random bytes; then one that behaves."""
    chance = random.Random(7)
    lines: list[bytes] = []

    def babble(link: Link) -> None:
        if len(lines) < 60:
            kind = chance.choice([0x20, 0x30, 0x32, 0x34, 0x40, 0x50, 0x62, 0x70, 0x90, 0xB0, 0xD0, 0xE0, 0xF0])
            rest = chance.randbytes(chance.randrange(30))
            lines.append(bytes([kind, len(rest)]) + rest)
            link.sock.sendall(lines[-1])
            link.sock.shutdown(2)

    mad = impostor(act=babble)
    box.record(2)
    uplink = inside(mad.address)
    for count in range(60):
        wait_until(lambda n=count: uplink.worker.ended > n, "the end of the next connection")
        uplink.skip(70)
    assert len(lines) == 60
    wait_until(lambda: mad.links[-1].published, "facts for the one that behaves")
