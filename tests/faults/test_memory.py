"""A worker that has no memory left is replaced, and takes nobody with it."""

import resource
import signal
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.faults.conftest import COFFEE, LONG_S, Box, Cashier

BELOW = 20 * 1024 * 1024


def starve(box: Box, name: str) -> int:
    """Take a running worker's address space away, so that it can map nothing more; its pid."""
    pid: int = box.worker(name)["pid"]
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() - BELOW
    resource.prlimit(pid, resource.RLIMIT_AS, (limit, limit))
    return pid


def crowd(url: str, until: threading.Event) -> list[threading.Thread]:
    """Guests who ask for a page again and again, each on a connection of their own."""

    def guest() -> None:
        while not until.is_set():
            with suppress(OSError, HTTPException):
                answer = urllib.request.urlopen(url, timeout=20)  # noqa: S310 - loopback http only
                with answer:
                    answer.read()

    threads = [threading.Thread(target=guest) for _ in range(12)]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["till", "portal"])
def test_an_app_that_has_no_memory_left_is_replaced_by_itself(new_box: Callable[..., Box], name: str) -> None:
    box = new_box()
    box.login()
    first = box.post("/sales", COFFEE, key="before")
    # A new process: it has nothing lying about that earlier requests had freed.
    box.wait_back(name, box.signal(name, signal.SIGKILL))
    pid = starve(box, name)
    enough = threading.Event()
    page = {"till": box.ready["staff"] + "/login", "portal": box.ready["portal"] + "/"}[name]
    guests = crowd(page, enough)
    cashier = Cashier(box.ready["staff"])
    try:
        if name == "till":
            cashier.ask("/login", {"pin": "222222"}, "login")  # argon2 wants 12 MB at once
        box.wait_back(name, pid)
    finally:
        enough.set()
        for guest in guests:
            guest.join()
    wait_until(lambda: cashier.ask("/login", {"pin": "222222"}, "login")[0] == 200, "a sign-in", LONG_S)
    cashier.login()
    assert cashier.ask("/sales", COFFEE, "after")[1]["number"] == "1-2"
    assert first["number"] == "1-1"
    shown = box.get("/status")["workers"]
    assert {worker for worker, state in shown.items() if state["restarts"]} == {name}


@pytest.mark.timeout(300)
def test_a_recorder_that_has_no_memory_left_is_replaced_and_no_answered_sale_is_lost(
    new_box: Callable[..., Box],
) -> None:
    box = new_box()
    box.login()
    pid = starve(box, "recorder")
    answered: set[str] = set()
    cashier = Cashier(box.ready["staff"])
    cashier.login()

    def replaced() -> bool:
        key = f"sale-{len(answered)}"
        status, answer = cashier.ask("/sales", COFFEE, key)
        if status == 201:
            answered.add(answer["number"])
        worker = box.worker("recorder")
        return worker["state"] == "ready" and worker["pid"] not in (None, pid)

    flood = threading.Event()
    links = [threading.Thread(target=_big_frames, args=(box, flood)) for _ in range(4)]
    for link in links:
        link.start()
    try:
        wait_until(replaced, "the recorder replaced", LONG_S)
    finally:
        flood.set()
        for link in links:
            link.join()
    wait_until(lambda: cashier.ask("/sales", COFFEE, "last")[0] == 201, "a sale afterwards", LONG_S)
    numbers = {sale["data"]["number"] for sale in box.facts() if sale["kind"] == "sale.completed/1"}
    assert answered <= numbers
    assert box.command("journal", "verify")["ok"] is True
    others = {name for name, state in box.get("/status")["workers"].items() if state["restarts"]}
    assert others == {"recorder"}


def _big_frames(box: Box, enough: threading.Event) -> None:
    """Somebody with the role of an administrator who sends the largest frames there are."""
    from appliance.errors import Problem, RecorderDown
    from appliance.journal.client import RecorderClient

    client = RecorderClient(box.run, "admin")
    skus = ["COFFEE", *(f"X{n}" for n in range(499))]
    items = [{"sku": sku, "name": "x" * 60, "price": 350, "vat": "0.19", "kind": "unit"} for sku in skus]
    turn = 0
    while not enough.is_set():
        turn += 1
        with suppress(Problem, RecorderDown):
            client.send("catalogue.import", {"items": items}, actor="admin:test", id=f"{id(client)}-{turn}")
    client.close()


def test_a_worker_that_is_only_hungry_goes_on(new_box: Callable[..., Box]) -> None:
    """Work that needs no more memory than there is is done, whatever the limit."""
    box = new_box()
    box.login()
    pids = {name: starve(box, name) for name in ("scanning", "footfall", "power", "clockwork", "uplink", "steward")}
    codes = box.tickets("general")[:4]
    for code in codes:
        box.bench("scan", {"code": code})
    box.wait_for_fact("ticket.admitted/1", len(codes))
    for name, pid in pids.items():
        worker = box.worker(name)
        assert worker["state"] == "ready" or worker["pid"] != pid, name
