"""Any worker may die at any moment, in the middle of a queue at the till."""

import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from drivers.emulators.printer import PrinterEmulator
from tests.conftest import wait_until
from tests.faults.conftest import COFFEE, LONG_S, WORKERS, Box, Cashier

SALES, TILLS = 200, 4
BETWEEN = SALES // (len(WORKERS) + 1)


class Queue:
    """Four tills that sell as long as there is somebody in the queue."""

    def __init__(self, box: Box) -> None:
        self.answered: dict[str, str] = {}
        self.surprises: list[object] = []
        self._guests = threading.Semaphore(0)
        self._box = box
        self._threads = [threading.Thread(target=self._sell, args=(till,), daemon=True) for till in range(TILLS)]

    def start(self) -> None:
        """Open all tills."""
        for thread in self._threads:
            thread.start()

    def come(self, guests: int) -> None:
        """So many more want a coffee."""
        self._guests.release(guests)

    def sold(self, number: int) -> bool:
        """Whether so many have their coffee, or something is wrong."""
        return bool(self.surprises) or len(self.answered) >= number

    def wait_empty(self) -> None:
        """Until everybody has been served."""
        for thread in self._threads:
            thread.join(LONG_S)
        assert not any(thread.is_alive() for thread in self._threads)

    def _sell(self, till: int) -> None:
        cashier = Cashier(self._box.ready["staff"])
        cashier.login()
        pause = threading.Event()
        for number in range(SALES // TILLS):
            self._guests.acquire()
            key = f"till{till}-{number}"
            while key not in self.answered:
                status, answer = cashier.ask("/sales", COFFEE, key)
                if status == 201:
                    self.answered[key] = answer["number"]
                elif status not in (0, 503):
                    self.surprises.append((key, status, answer))
                    return
                else:
                    pause.wait(0.05)


@pytest.fixture
def paper() -> Iterator[PrinterEmulator]:
    """A printer that outlives the bench."""
    printer = PrinterEmulator(columns=48)
    printer.start()
    yield printer
    printer.close()


@pytest.mark.timeout(400)
def test_each_worker_is_killed_amid_sales_and_nothing_is_lost_doubled_or_skipped(
    new_box: Callable[..., Box], paper: PrinterEmulator
) -> None:
    box = new_box(f'[devices]\nprinter = "tcp://127.0.0.1:{paper.port}?profile=TM-T20II"\n')
    box.login()
    queue = Queue(box)
    queue.start()
    for name in WORKERS:
        before = len(queue.answered)
        queue.come(BETWEEN)
        wait_until(partial(queue.sold, before + 3), "the tills sell", LONG_S)
        pid = box.signal(name, signal.SIGKILL)
        worker = box.wait_back(name, pid)
        assert (worker["restarts"], worker["reason"]) == (1, "SIGKILL"), (name, worker)
    queue.come(SALES - BETWEEN * len(WORKERS))
    queue.wait_empty()
    assert queue.surprises == []

    facts = box.facts()
    sales = {fact["data"]["sale"]: fact["data"]["number"] for fact in facts if fact["kind"] == "sale.completed/1"}
    assert sales == queue.answered, "each answered sale is there once, with the number that was answered"
    assert sorted(int(number.removeprefix("1-")) for number in sales.values()) == list(range(1, SALES + 1))
    assert box.command("journal", "verify")["ok"] is True

    box.wait_for_fact("receipt.printed/1", SALES, after=0)
    printed = [fact["data"] for fact in box.facts() if fact["kind"] == "receipt.printed/1"]
    assert Counter(fact["sale"] for fact in printed) == Counter(dict.fromkeys(sales, 1))
    slips = Counter(found[1] for slip in paper.receipts() if (found := re.search(r"Receipt (1-\d+)\b", slip.text)))
    for fact in printed:
        number = sales[fact["sale"]]
        match fact["outcome"]:
            case "printed":
                assert slips[number] == 1, number
            case "unknown":
                assert slips[number] <= 1, number
            case other:
                assert (slips[number], other) == (0, "not_printed")
    assert sum(fact["outcome"] == "printed" for fact in printed) >= SALES - 3
    status = box.wait_status(lambda now: all(each["state"] == "ready" for each in now["workers"].values()), "all well")
    assert {name: status["workers"][name]["restarts"] for name in WORKERS} == dict.fromkeys(WORKERS, 1)


@pytest.mark.timeout(300)
def test_a_recorder_that_dies_while_receipts_are_printed_leaves_none_without_an_outcome(
    new_box: Callable[..., Box], paper: PrinterEmulator
) -> None:
    """The spool tells outcomes to the recorder: when that is gone, the spool keeps them and tells them later."""
    box = new_box(f'[devices]\nprinter = "tcp://127.0.0.1:{paper.port}?profile=TM-T20II"\n')
    box.login()
    paper.slow = 0.02
    sales = [box.post("/sales", COFFEE)["sale"] for _ in range(6)]
    for number in (1, 3):
        wait_until(partial(came_out, paper, number + 1), "a receipt comes out", LONG_S)
        box.wait_back("recorder", box.signal("recorder", signal.SIGKILL))
    wait_until(lambda: not waiting(box, sales), "an outcome for each receipt", LONG_S)
    assert box.worker("printing")["restarts"] == 0
    outcomes = [fact["data"]["outcome"] for fact in box.facts() if fact["kind"] == "receipt.printed/1"]
    assert outcomes == ["printed"] * len(sales)
    texts = [slip.text for slip in paper.receipts()]
    assert [sum(f"Sale {sale}" in text for text in texts) for sale in sales] == [1] * len(sales)


def came_out(paper: PrinterEmulator, slips: int) -> bool:
    """Whether so many slips, or the beginning of one, hang out of the printer."""
    return len(paper.receipts()) >= slips


def waiting(box: Box, sales: list[str]) -> set[str]:
    """Sales whose receipt has no outcome."""
    return set(sales) - {fact["data"]["sale"] for fact in box.facts() if fact["kind"] == "receipt.printed/1"}


def test_killing_up_itself_leaves_no_worker_behind_and_the_next_start_goes_on(new_box: Callable[..., Box]) -> None:
    box = new_box()
    box.login()
    first = box.post("/sales", COFFEE, key="before")
    pids = [box.worker(name)["pid"] for name in WORKERS]
    assert box._process is not None
    box._process.kill()
    box.stop()
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "no worker left", LONG_S)
    box.start()
    box.login()
    assert box.post("/sales", COFFEE, key="before") == first
    assert box.post("/sales", COFFEE)["number"] == "1-2"
