"""Durable sales through the recorder's sockets, with 1 and 8 clients, against one bare durable SQLite insert.

The limit: one row in a WAL database with synchronous=FULL, one transaction each. Both alternate in rounds on the same
disk, so that a noisy machine disturbs them alike; the medians are compared. A virtual machine's disk answers a sync
from its host's memory, in a tenth of a millisecond; so a second table repeats all with every sync held up by 4 ms
(strace's delay injection, for both sides), which is what an SD card of class A1 takes. Without strace the second
table is left out.
"""

import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from appliance.demo import ITEMS
from appliance.journal import wire
from appliance.journal.client import RecorderClient

ROUNDS = 7
SECONDS = 1.0
SALE: dict[str, Any] = {
    "lines": [{"sku": "COFFEE", "qty": 2}, {"sku": "CAKE", "qty": 1}],
    "tenders": [{"kind": "cash", "amount": 2000}],
}


def bare(folder: Path, seconds: float) -> list[float]:
    """Seconds of each durable one-row transaction."""
    db = sqlite3.connect(folder / "bare.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, body TEXT)")
    body = "x" * 600
    took = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO t(body) VALUES(?)", (body,))
        db.execute("COMMIT")
        took.append(time.perf_counter() - start)
    db.close()
    return took


def sell(run: Path, clients: int, seconds: float, label: str) -> list[float]:
    """Seconds of each sale, answered after its commit."""
    took: list[list[float]] = [[] for _ in range(clients)]
    begin = threading.Barrier(clients)

    def one(number: int) -> None:
        client = RecorderClient(run, "staff", timeout=30)
        begin.wait()
        end = time.perf_counter() + seconds
        count = 0
        while (start := time.perf_counter()) < end:
            client.send("sale.complete", SALE, actor="staff:s1", id=f"{label}-{number}-{count}")
            took[number].append(time.perf_counter() - start)
            count += 1
        client.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [value for each in took for value in each]


@dataclass(frozen=True)
class Figures:
    """Of one round: how many a second, and seconds of the one in the middle and of the slowest in a hundred."""

    rate: float
    p50: float
    p99: float


def figures(work: Callable[[], list[float]]) -> Figures:
    """Of what ``work`` says that each took."""
    start = time.perf_counter()
    took = sorted(work())
    return Figures(len(took) / (time.perf_counter() - start), took[len(took) // 2], took[int(len(took) * 0.99)])


def middle(rounds: list[Figures]) -> Figures:
    """The median of each."""
    return Figures(*(statistics.median(values) for values in zip(*map(astuple, rounds), strict=True)))


def serve_bare(folder: Path) -> None:
    """Child process: bare inserts for SECONDS whenever a line comes in; answers with their figures."""
    for _ in sys.stdin:
        print(*astuple(figures(lambda: bare(folder, SECONDS))), flush=True)


class Bare:
    """Bare inserts in a process of its own, under ``wrapper``."""

    def __init__(self, folder: Path, wrapper: list[str], stack: ExitStack) -> None:
        argv = [*wrapper, sys.executable, "-m", "benchmarks.recorder", "--bare", str(folder)]
        self._child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        stack.callback(self._child.wait, 20)
        stack.callback(self._child.terminate)

    def round(self) -> Figures:
        """SECONDS of them."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write("go\n")
        self._child.stdin.flush()
        return Figures(*map(float, self._child.stdout.readline().split()))


def compare(title: str, wrapper: list[str]) -> None:
    """Run recorder and bare inserts, each under ``wrapper``, and print the table."""
    with tempfile.TemporaryDirectory(prefix="bk-", dir=os.environ.get("BENCH_DIR")) as name, ExitStack() as stack:
        folder = Path(name)
        run = folder / "r"
        run.mkdir()
        worker = [sys.executable, "-m", "appliance.cli", "worker", "recorder", "--data", str(folder / "d")]
        recorder = subprocess.Popen([*wrapper, *worker], env={**os.environ, "BOOTHKIT_RUN": str(run)})
        stack.callback(recorder.wait, 20)
        stack.callback(recorder.terminate)
        limit = Bare(folder, wrapper, stack)
        open_box(run)
        rounds: dict[str, list[Figures]] = {"bare": [], "1": [], "8": []}
        for number in range(ROUNDS):
            rounds["bare"].append(limit.round())
            for key in ("1", "8"):
                label = f"r{number}c{key}"
                rounds[key].append(figures(partial(sell, run, int(key), SECONDS, label)))
    bound = middle(rounds["bare"])
    print(f"{title:<44}{'figure':>12}{'limit':>12}{'ratio':>8}{'goal':>8}")
    for key, goal in (("1", ""), ("8", "≥ 1.5")):
        own = middle(rounds[key])
        label = f"sales/s, {key} client(s) / bare inserts/s"
        print(f"{label:<44}{own.rate:>12.0f}{bound.rate:>12.0f}{own.rate / bound.rate:>8.2f}{goal:>8}")
        label = f"p99 ms, {key} client(s) / bare insert"
        print(f"{label:<44}{own.p99 * 1e3:>12.2f}{bound.p99 * 1e3:>12.2f}{own.p99 / bound.p99:>8.2f}")


def slow_syncs() -> list[str] | None:
    """What makes every sync of a command take 4 ms more; None: there is no strace."""
    if (strace := shutil.which("strace")) is None:
        print("no strace: the table for a card's syncs is left out")
        return None
    inject = ["-D", "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", "-e", "trace=fdatasync,fsync"]
    return [strace, *inject, "-e", "inject=fdatasync,fsync:delay_exit=4000"]


def main() -> None:
    """Print the tables."""
    if sys.argv[1:2] == ["--bare"]:
        serve_bare(Path(sys.argv[2]))
        return
    compare("durable sales, this machine's disk", [])
    if (wrapper := slow_syncs()) is not None:
        compare("the same, every sync takes 4 ms more", wrapper)


def open_box(run: Path) -> None:
    """As soon as its recorder listens: an event, its items, a drawer."""
    deadline = time.monotonic() + 30
    while not wire.socket_path(run, "admin").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    admin = RecorderClient(run, "admin", timeout=30)
    created = {"name": "Bench", "currency": "EUR", "timezone": "UTC", "area_m2": "10"}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("event.create", created),
        ("catalogue.import", {"items": list(ITEMS)}),
        ("event.open", {}),
        ("drawer.open", {"float": 0}),
    ]
    for number, (command, data) in enumerate(steps):
        admin.send(command, data, actor="admin:bench", id=f"open-{number}")
    admin.close()


if __name__ == "__main__":
    main()
