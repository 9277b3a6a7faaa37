"""A worker that hangs is no better than a dead one, and is treated like one."""

import signal
from collections.abc import Callable

import pytest

from tests.conftest import wait_until
from tests.faults.conftest import COFFEE, LONG_S, WORKERS, Box, Cashier


@pytest.mark.timeout(300)
def test_a_hung_worker_of_each_kind_is_noticed_and_replaced(new_box: Callable[..., Box]) -> None:
    box = new_box()
    box.login()
    first = box.post("/sales", COFFEE, key="before")
    pids = {name: box.signal(name, signal.SIGSTOP) for name in WORKERS}
    for name, pid in pids.items():
        assert box.wait_back(name, pid)["reason"] == "silent for 10 s", name
    assert box.post("/sales", COFFEE, key="before") == first
    assert box.post("/sales", COFFEE, key="after")["number"] == "1-2"
    box.wait_for_fact("receipt.printed/1", 2)
    assert box.command("journal", "verify")["ok"] is True


@pytest.mark.timeout(300)
def test_a_hung_recorder_takes_nobody_with_it_and_what_the_devices_saw_meanwhile_is_recorded(
    new_box: Callable[..., Box],
) -> None:
    """Each question to a recorder that hangs takes seconds; a worker with many of them must not look hung too."""
    box = new_box()
    box.login()
    pid = box.signal("recorder", signal.SIGSTOP)
    codes = box.tickets("general")[:8]
    for code in codes:
        box.bench("scan", {"code": code})
    box.bench("beam", {"direction": "in", "people": 5})
    cashier = Cashier(box.ready["staff"])
    cashier.login()
    status, problem = cashier.ask("/sales", COFFEE, "meanwhile")
    assert (status, problem["type"]) == (503, "/problems/busy")
    assert "same key" in problem["remedy"]
    box.wait_back("recorder", pid)
    box.wait_for_fact("ticket.admitted/1", len(codes))
    wait_until(lambda: box.get("/kpis")["attendance"]["in"] == 5, "five people in", LONG_S)
    assert cashier.ask("/sales", COFFEE, "meanwhile")[0] == 201
    assert {name: box.worker(name)["restarts"] for name in WORKERS if name != "recorder"} == dict.fromkeys(
        set(WORKERS) - {"recorder"}, 0
    )
