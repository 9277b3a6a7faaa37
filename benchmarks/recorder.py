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
from contextlib import ExitStack
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


def serve_bare(folder: Path) -> None:
    """Child process: bare inserts for SECONDS whenever a line comes in; answers with rate and p99."""
    for _ in sys.stdin:
        start = time.perf_counter()
        took = sorted(bare(folder, SECONDS))
        print(len(took) / (time.perf_counter() - start), took[int(len(took) * 0.99)], flush=True)


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
        limit = subprocess.Popen(
            [*wrapper, sys.executable, "-m", "benchmarks.recorder", "--bare", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        stack.callback(limit.wait, 20)
        stack.callback(limit.terminate)
        assert limit.stdin is not None
        assert limit.stdout is not None
        _open(run)
        rates: dict[str, list[float]] = {"bare": [], "1": [], "8": []}
        tails: dict[str, list[float]] = {"bare": [], "1": [], "8": []}
        for number in range(ROUNDS):
            limit.stdin.write("go\n")
            limit.stdin.flush()
            rate, tail = map(float, limit.stdout.readline().split())
            rates["bare"].append(rate)
            tails["bare"].append(tail)
            for key in ("1", "8"):
                start = time.perf_counter()
                took = sorted(sell(run, int(key), SECONDS, f"r{number}c{key}"))
                rates[key].append(len(took) / (time.perf_counter() - start))
                tails[key].append(took[int(len(took) * 0.99)])
    bound, tail = statistics.median(rates["bare"]), statistics.median(tails["bare"])
    print(f"{title:<44}{'figure':>12}{'limit':>12}{'ratio':>8}{'goal':>8}")
    for key, goal in (("1", ""), ("8", "≥ 1.5")):
        rate, p99 = statistics.median(rates[key]), statistics.median(tails[key])
        label = f"sales/s, {key} client(s) / bare inserts/s"
        print(f"{label:<44}{rate:>12.0f}{bound:>12.0f}{rate / bound:>8.2f}{goal:>8}")
        print(f"{f'p99 ms, {key} client(s) / bare insert':<44}{p99 * 1e3:>12.2f}{tail * 1e3:>12.2f}{p99 / tail:>8.2f}")


def main() -> None:
    """Print the tables."""
    if sys.argv[1:2] == ["--bare"]:
        serve_bare(Path(sys.argv[2]))
        return
    compare("durable sales, this machine's disk", [])
    if (strace := shutil.which("strace")) is None:
        print("no strace: the table for a card's syncs is left out")
        return
    inject = ["-D", "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", "-e", "trace=fdatasync,fsync"]
    compare("the same, every sync takes 4 ms more", [strace, *inject, "-e", "inject=fdatasync,fsync:delay_exit=4000"])


def _open(run: Path) -> None:
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
