"""The box's way to central, end to end: real recorder, real uplink, real broker, real central, and all their deaths."""

import json
import signal
from collections.abc import Callable

from appliance.journal import codec, merkle, notes
from tests.brokers import Broker, CentralProcess
from tests.conftest import wait_until
from tests.uplink.conftest import Box, Listener

StartCentral = Callable[..., CentralProcess]


def test_every_fact_arrives_once_in_order_byte_for_byte(broker: Broker, central: StartCentral, box: Box) -> None:
    there = central()
    box.start(broker.address, there.key)
    box.record(250)
    box.wait_safe()
    assert there.facts("cell", "box-7") == box.bodies()
    shown = box.wait_board("the end", safe=251, position=251, connected=True, state="ready", reason="")
    assert shown["broker"] == broker.address


def test_facts_survive_a_broker_that_is_killed_while_they_are_written(
    broker: Broker, central: StartCentral, box: Box
) -> None:
    there = central()
    box.start(broker.address, there.key)
    for _ in range(2):
        box.record(60)
        broker.kill()
        box.record(60)
        broker.start()
        box.record(30)
    box.wait_safe()
    assert there.facts("cell", "box-7") == box.bodies()


def test_facts_survive_a_central_that_is_killed_while_they_are_written(
    broker: Broker, central: StartCentral, box: Box
) -> None:
    there = central()
    box.start(broker.address, there.key)
    box.record(30)
    box.wait_safe()
    box.record(60)
    there.kill()
    box.record(60)
    there.start()
    box.record(30)
    box.wait_safe()
    assert there.facts("cell", "box-7") == box.bodies()


def test_facts_survive_an_uplink_that_is_killed_while_they_are_written(
    broker: Broker, central: StartCentral, box: Box
) -> None:
    there = central()
    box.start(broker.address, there.key)
    box.record(60)
    box.uplink.kill()
    box.record(60)
    box.uplink.start()
    box.record(30)
    box.wait_safe()
    assert there.facts("cell", "box-7") == box.bodies()


def test_facts_written_before_there_was_a_way_arrive_when_there_is_one(
    broker: Broker, central: StartCentral, box: Box
) -> None:
    there = central()
    broker.kill()
    box.start(broker.address, there.key)
    box.record(40)
    box.wait_board("the broker is missed", connected=False, state="degraded", reason="nothing listens there")
    broker.start()
    box.wait_safe()
    assert there.facts("cell", "box-7") == box.bodies()


def test_a_central_that_lost_days_is_given_them_again(broker: Broker, central: StartCentral, box: Box) -> None:
    """Its store comes from an older backup; the boxes' safe marks are ahead of it."""
    there = central()
    box.start(broker.address, there.key)
    box.record(40)
    box.wait_safe()
    there.kill(signal.SIGTERM)
    backup = (there.data / "central.db").read_bytes()
    there.start()
    box.record(40)
    box.wait_safe()
    there.kill()
    for path in there.data.glob("central.db*"):
        path.unlink()
    (there.data / "central.db").write_bytes(backup)
    there.start()
    box.record(1)
    box.wait_safe()
    wait_until(lambda: there.facts("cell", "box-7") == box.bodies(), "central has all again")


def test_the_newest_checkpoint_comes_back_cosigned(broker: Broker, central: StartCentral, box: Box) -> None:
    there = central()
    box.start(broker.address, there.key)
    box.record(20)
    box.checkpoint()
    kept = wait_until(lambda: (head := box.reader.checkpoint()) and head.cosigned and head, "the cosignature")
    text, when = notes.verify(kept.cosigned, notes.Verifier.parse(there.key).witness())
    leaves = [codec.leaf_hash(body.encode()) for body in box.bodies()]
    assert notes.TreeHead.parse(text) == notes.TreeHead("boothkit/box-7/1", 21, merkle.root_of(leaves))
    assert when is not None


def test_a_forged_receipt_is_refused_and_shown(broker: Broker, listener: Listener, box: Box) -> None:
    right = notes.Signer("boothkit/central", bytes(32))
    forger = notes.Signer("boothkit/central", bytes(range(32)))
    box.start(broker.address, right.verifier.vkey())
    box.record(5)
    leaves = [codec.leaf_hash(body.encode()) for body in box.bodies()]
    true = notes.TreeHead("boothkit/box-7/1", 6, merkle.root_of(leaves))
    listener.say("receipt", forger.sign(true.receipt_text()))
    box.wait_board("the forgery is shown", state="degraded", reason="uplink.receipt refused")
    listener.say("receipt", "garbage")
    box.wait_board("garbage is shown", reason="not a note")
    assert box.reader.safe().pos == 0
    listener.say("receipt", right.sign(true.receipt_text()))
    box.wait_safe()


def test_a_receipt_for_another_past_begins_a_new_log_is_shown_and_everything_is_sent(
    broker: Broker, listener: Listener, box: Box
) -> None:
    central = notes.Signer("boothkit/central", bytes(32))
    box.start(broker.address, central.verifier.vkey())
    box.record(5)
    other = notes.TreeHead("boothkit/box-7/1", 6, bytes(32))
    listener.say("receipt", central.sign(other.receipt_text()))
    box.wait_board("the other past is shown", state="degraded", reason="the roots differ; the box goes on in a new log")
    started = json.loads(box.bodies()[-1])
    assert (started["kind"], started["data"]["reason"], started["log"]) == ("log.started/1", "behind", 2)
    box.record(3)
    wait_until(lambda: {*listener.bodies()} >= {*box.bodies()}, "every fact of both logs is sent")
    for _ in range(3):  # central says the same until it has our past, too: no more logs for that
        listener.say("receipt", central.sign(other.receipt_text()))
    leaves = [codec.leaf_hash(body.encode()) for body in box.bodies()[6:]]
    listener.say("receipt", central.sign(notes.TreeHead("boothkit/box-7/2", 4, merkle.root_of(leaves)).receipt_text()))
    box.wait_safe()
    assert [json.loads(body)["log"] for body in box.bodies()] == [1] * 6 + [2] * 4


def test_status_says_who_the_box_is_and_its_last_will_that_it_is_gone(
    broker: Broker, listener: Listener, box: Box
) -> None:
    box.start(broker.address)
    box.record(3)
    newest = wait_until(
        lambda: next((s for s in map(json.loads, reversed(listener.of("status"))) if s["position"] == 4), None),
        "status",
    )
    key = (box.data / "keys" / "box.pub").read_text().strip()
    assert newest == {
        "online": True,
        "version": newest["version"],
        "log": 1,
        "position": 4,
        "safe": 0,
        "event": "",
        "clock": newest["clock"],
        "key": key,
    }
    box.uplink.kill()
    wait_until(lambda: json.loads(listener.of("status")[-1])["online"] is False, "the last will")
    box.uplink.start()
    wait_until(lambda: json.loads(listener.of("status")[-1])["online"] is True, "the box is back")
    assert box.uplink.kill(signal.SIGTERM) == 0
    wait_until(lambda: json.loads(listener.of("status")[-1])["online"] is False, "its goodbye")


def test_batches_are_cloudevents_that_any_consumer_can_read(broker: Broker, listener: Listener, box: Box) -> None:
    box.start_recorder(broker.address)
    box.record(230)
    box.start_uplink(broker.address)
    wait_until(lambda: len(listener.bodies()) >= 231, "all facts, without any receipt")
    batches = [json.loads(payload) for payload in listener.of("facts")]
    assert all(1 <= len(batch) <= 100 for batch in batches)
    events = [event for batch in batches for event in batch]
    assert [event["pos"] for event in events] == list(range(1, 232))
    for event in events:
        body = event.pop("data")
        assert event == {
            "specversion": "1.0",
            "id": body["id"],
            "source": "boothkit/box-7/1",
            "type": f"org.boothkit.{body['kind']}",
            "seq": body["seq"],
            "pos": body["seq"],
        }
    assert listener.bodies() == box.bodies()


def test_live_numbers_come_when_they_change(broker: Broker, listener: Listener, box: Box) -> None:
    box.start(broker.address)
    wait_until(lambda: listener.of("live/devices"), "live numbers")
    box.record(2)
    wait_until(lambda: json.loads(listener.of("live/attendance")[-1])["in"] == 2, "attendance")
    assert len(listener.of("live/sales")) == 1


def test_without_a_broker_the_worker_idles_and_says_so(box: Box) -> None:
    box.start_recorder("")
    box.record(2)
    box.start_uplink("")
    page = box.wait_board("idle", state="ready", connected=False, position=3, safe=0, broker="")
    assert page["reason"] == "no broker is configured"
    assert page["remedy"]


def test_a_central_that_lost_its_store_is_given_everything_again(
    broker: Broker, central: StartCentral, box: Box
) -> None:
    there = central()
    box.start(broker.address, there.key)
    box.record(150)
    box.wait_safe()
    there.kill()
    for path in there.data.glob("central.db*"):
        path.unlink()
    there.start()
    box.record(1)
    wait_until(lambda: there.facts("cell", "box-7") == box.bodies(), "central has all again")
