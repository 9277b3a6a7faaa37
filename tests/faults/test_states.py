"""What is wrong with a running box is one clear state, with what to do, wherever somebody looks."""

import json
import signal
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.brokers import free_port
from tests.conftest import wait_until
from tests.faults.conftest import COFFEE, LONG_S, Box


@pytest.mark.parametrize(
    ("plug", "device", "worker"),
    [
        ("printer", "printer", "printing"),
        ("scanner", "scanner-door", "scanning"),
        ("power", "power", "power"),
    ],
)
def test_a_missing_device_is_absent_with_a_remedy_in_every_place_and_sales_go_on(
    box: Box, plug: str, device: str, worker: str
) -> None:
    box.bench("unplug", {"device": plug})
    status = box.wait_status(lambda now: now["devices"][device]["state"] == "absent", f"{device} absent")
    shown = status["devices"][device]
    assert shown["reason"]
    assert shown["remedy"]
    status = box.wait_status(lambda now: now["workers"][worker]["state"] == "degraded", f"{worker} says so")
    assert device in status["workers"][worker]["reason"]
    assert status["workers"][worker]["remedy"]
    line = box.told("devices", device)
    assert "absent" in line
    assert shown["remedy"] in line
    page = box.png(f"{box.ready['staff']}/box").decode()
    assert shown["remedy"].replace("'", "&#39;") in page
    assert box.post("/sales", COFFEE)["sale"]
    box.bench("plug", {"device": plug})
    box.wait_status(lambda now: now["devices"][device]["state"] == "online", f"{device} back")
    box.wait_status(lambda now: now["workers"][worker]["state"] == "ready", f"{worker} well")


def test_a_device_that_is_configured_and_was_never_there_is_absent_with_a_remedy(new_box: Callable[..., Box]) -> None:
    box = new_box(
        f'[devices]\nscanner-door = "serial:///dev/nothing-here"\nprinter = "tcp://127.0.0.1:{free_port()}"\n'
    )
    box.login()
    for device in ("scanner-door", "printer"):
        status = box.wait_status(partial(remedy_of, device), f"{device} with a remedy")
        assert status["devices"][device]["state"] == "absent"
    assert "/dev/nothing-here" in box.told("devices", "scanner-door")
    assert box.post("/sales", COFFEE)["sale"]


def remedy_of(device: str, status: dict[str, Any]) -> str:
    """What to do about a device."""
    remedy: str = status["devices"][device]["remedy"]
    return remedy


def test_a_dead_broker_is_explained_and_sales_go_on(new_box: Callable[..., Box]) -> None:
    port = free_port()
    box = new_box(env={"BOOTHKIT_MQTT": f"127.0.0.1:{port}"})
    box.login()
    status = box.wait_status(lambda now: "nothing listens there" in now["uplink"]["reason"], "the reason")
    assert status["uplink"]["connected"] is False
    assert f"127.0.0.1:{port}" in status["uplink"]["reason"]
    assert "broker" in status["uplink"]["remedy"]
    assert status["workers"]["uplink"]["state"] == "degraded"
    line = box.told("uplink", "central")
    assert "nothing listens there" in line
    assert status["uplink"]["remedy"] in line
    assert box.post("/sales", COFFEE)["sale"]


def test_a_worker_that_is_down_is_a_state_with_a_reason_and_what_to_do(box: Box) -> None:
    """The scanner's worker hangs: until the box replaces it, every place says that it is silent or restarting."""
    pid = box.signal("scanning", signal.SIGSTOP)

    def shown() -> dict[str, str] | None:
        worker = box.get("/status")["workers"]["scanning"]
        return worker if worker["state"] != "ready" else None

    worker = wait_until(shown, "the state of a worker that is down", LONG_S)
    assert worker["state"] in ("silent", "restarting", "waiting", "starting")
    assert worker["reason"].startswith(("silent for 10 s", "has said nothing for "))
    assert worker["remedy"]
    box.wait_back("scanning", pid)
    now = box.wait_status(lambda now: now["workers"]["scanning"]["state"] == "ready", "well again")
    assert now["workers"]["scanning"]["remedy"] == ""
    assert now["workers"]["scanning"]["restarts"] == 1


def test_status_as_json_is_what_the_till_answers(box: Box) -> None:
    told = json.loads(box.program("status", "--json").stdout)
    asked = box.get("/status")
    assert told.keys() == asked.keys()
    assert {name: set(worker) for name, worker in told["workers"].items()} == {
        name: set(worker) for name, worker in asked["workers"].items()
    }
