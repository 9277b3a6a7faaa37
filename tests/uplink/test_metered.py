"""Promises of a metered line: a day's budget that facts keep to, numbers that go first, batches that are deflated; and
sensors for Home Assistant."""

import json
import signal
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from appliance.central import intake
from appliance.central.places import Rejected
from appliance.clock import FakeClock
from appliance.services.uplink import batches
from appliance.services.uplink.budget import HEADERS, Budget
from appliance.services.uplink.homeassistant import discovery
from tests.brokers import Broker, CentralProcess
from tests.conftest import wait_until
from tests.uplink.conftest import Box, Listener

MB = 1_000_000


def weigh(path: Path, clock: FakeClock, limit: int = MB) -> Budget:
    return Budget(limit, path / "budget.json", clock, lambda: clock().mono / 1e6)


def test_facts_wait_from_four_fifths_on_and_numbers_until_all_is_used(tmp_path: Path) -> None:
    budget = weigh(tmp_path, FakeClock())
    assert budget.fault() is None
    budget.count("facts", bytes(799_000))
    assert budget.may_send_facts()
    budget.count("facts", bytes(2_000))
    assert not budget.may_send_facts()
    assert [budget.may_send(subject) for subject in ("attendance", "sales", "power", "devices")] == [1, 1, 0, 0]
    fault = budget.fault()
    assert fault is not None
    assert "1 MB is used to 80 %" in fault.reason
    budget.count("live/sales", bytes(200_000))
    assert not budget.may_send("sales")
    assert "nothing more is sent today" in (budget.fault() or fault).reason


def test_a_new_day_begins_anew_by_the_wall_clock_or_by_running_where_that_is_not_trusted(tmp_path: Path) -> None:
    clock = FakeClock("2026-11-23T23:59:59.000Z")
    budget = weigh(tmp_path, clock)
    budget.count("facts", bytes(900_000))
    clock.advance(2)
    assert budget.may_send_facts()
    clock.trust("none")
    budget.count("facts", bytes(900_000))
    clock.step(40 * 86_400)
    assert not budget.may_send_facts()
    clock.advance(86_400)
    assert budget.may_send_facts()


def test_a_restart_does_not_begin_the_day_anew_and_a_spoilt_file_stops_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    budget = weigh(tmp_path, clock)
    budget.count("facts", bytes(100_000))
    budget.keep()
    assert weigh(tmp_path, clock).spent == 100_000 + HEADERS + len("facts")
    for spoilt in (b"", b"{", b"[]", b'{"day":1,"spent":2}', b'{"day":"x","spent":-1}', b'{"day":"x","spent":true}'):
        (tmp_path / "budget.json").write_bytes(spoilt)
        assert weigh(tmp_path, clock).spent == 0
    assert weigh(tmp_path / "nowhere", clock).spent == 0
    weigh(tmp_path / "nowhere", clock).keep()


def test_without_a_limit_nothing_waits_and_no_file_is_written(tmp_path: Path) -> None:
    budget = weigh(tmp_path, FakeClock(), 0)
    budget.count("facts", bytes(10 * MB))
    budget.keep()
    assert budget.may_send_facts()
    assert budget.fault() is None
    assert list(tmp_path.iterdir()) == []


def test_facts_stop_at_the_budget_and_numbers_go_on(broker: Broker, listener: Listener, box: Box) -> None:
    box.start(broker.address, mqtt="daily_mb = 1")
    items = [{"sku": f"X{n}", "name": "x" * 60, "price": 100, "vat": "0.07", "kind": "unit"} for n in range(500)]
    event = {"name": "Quay", "currency": "EUR", "timezone": "UTC", "area_m2": "12"}
    box.client.send("event.create", event, actor="admin:test", id="event")
    for n in range(24):
        price = [{**item, "price": 100 + n} for item in items]
        box.client.send("catalogue.import", {"items": price}, actor="admin:test", id=f"items-{n}")
    page = box.wait_board("the budget", state="degraded", reason="today's data budget of 1 MB is used to")
    assert "Nothing is lost" in page["remedy"]
    box.record(3)
    wait_until(lambda: json.loads(listener.of("live/attendance")[-1])["in"] == 3, "attendance goes on")
    assert sum(map(len, listener.of("facts"))) < 900_000
    assert len(listener.bodies()) < len(box.bodies())


def test_deflated_batches_say_so_and_hold_the_same_bytes(broker: Broker, box: Box) -> None:
    heard: list[Any] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.on_message = lambda c, u, message: heard.append(message)
    client.on_connect = lambda c, *_: c.subscribe("boothkit/1/cell/box-7/facts", 1)
    ready: list[int] = []
    client.on_subscribe = lambda *_: ready.append(1)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    wait_until(lambda: ready, "the subscription")
    box.start_recorder(broker.address, mqtt="compress = true")
    box.record(100)
    box.start_uplink(broker.address, mqtt="compress = true")

    def bodies() -> set[str]:
        found = set()
        for message in list(heard):
            assert ("content-encoding", "deflate") in message.properties.UserProperty
            for event in json.loads(zlib.decompress(message.payload)):
                found.add(json.dumps(event["data"], separators=(",", ":"), ensure_ascii=False, sort_keys=True))
        return found

    wait_until(lambda: bodies() >= set(box.bodies()), "every fact, deflated")
    client.disconnect()
    client.loop_stop()
    plain = sum(len(body) for body in box.bodies())
    assert sum(len(message.payload) for message in heard) < plain / 4


def test_central_reads_deflated_batches_too(broker: Broker, central: Callable[..., CentralProcess], box: Box) -> None:
    there = central()
    box.start_recorder(broker.address, there.key, "compress = true")
    box.record(250)
    box.start_uplink(broker.address, there.key, "compress = true")
    box.wait_safe()
    assert there.facts("cell", "box-7") == box.bodies()
    assert there.json("/api/v1/tasks") == []


@pytest.mark.parametrize(
    ("payload", "encoding", "why"),
    [
        (b"[]", "gzip", "wants deflate"),
        (b"not deflated", "deflate", "not deflated"),
        (zlib.compress(b"[]")[:-1], "deflate", "cut off"),
        (zlib.compress(b"[]") + b"more", "deflate", "goes on behind its end"),
        (zlib.compress(bytes(intake.LARGEST + 1)), "deflate", "has more than"),
    ],
    ids=["another", "none", "cut", "more", "bomb"],
)
def test_central_refuses_what_it_cannot_inflate(payload: bytes, encoding: str, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        intake.plain(payload, encoding)


@given(st.binary(max_size=5000))
def test_deflating_gives_the_same_back(payload: bytes) -> None:
    assert intake.plain(batches.deflated(payload), batches.ENCODING) == payload


@pytest.mark.parametrize(("currency", "divisor"), [("EUR", "100"), ("JPY", "1"), ("", "100"), ("KWD", "1000")])
def test_each_sensor_reads_a_topic_that_the_box_sends(currency: str, divisor: str) -> None:
    found = dict(discovery("box-7", "boothkit/1/cell/box-7", "0.1.0", currency))
    assert len(found) == 4
    configs = {topic.split("/")[-2]: json.loads(payload) for topic, payload in found.items()}
    assert set(configs) == {"attendance", "occupancy", "sales_today", "state_of_charge"}
    assert all(topic.startswith("homeassistant/sensor/boothkit_box-7/") for topic in found)
    assert configs["sales_today"]["value_template"] == f"{{{{ value_json.today.gross / {divisor} }}}}"
    assert len({config["unique_id"] for config in configs.values()}) == 4
    for config in configs.values():
        assert config["state_topic"].removeprefix("boothkit/1/cell/box-7/live/") in ("attendance", "sales", "power")
        assert config["availability_topic"] == "boothkit/1/cell/box-7/status"


def test_home_assistant_finds_the_sensors_only_when_it_is_switched_on(broker: Broker, box: Box) -> None:
    heard: dict[str, bytes] = {}
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.on_message = lambda c, u, message: heard.update({message.topic: bytes(message.payload)})
    client.on_connect = lambda c, *_: c.subscribe("#", 1)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    box.start(broker.address)
    wait_until(lambda: "boothkit/1/cell/box-7/live/sales" in heard, "live numbers")
    assert not [topic for topic in heard if topic.startswith("homeassistant")]
    box.uplink.kill(signal.SIGTERM)
    box.start_uplink(broker.address, mqtt="home_assistant = true")
    wait_until(lambda: len([topic for topic in heard if topic.startswith("homeassistant")]) == 4, "four sensors")
    sales = json.loads(heard["boothkit/1/cell/box-7/live/sales"])
    assert sales["today"].keys() == {"count", "gross", "since"}
    client.disconnect()
    client.loop_stop()
