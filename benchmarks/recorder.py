"""Durable sales through the recorder's sockets, with 1 and 8 clients, against one bare durable SQLite insert.

The limit: one row in a WAL database with synchronous=FULL, one transaction each, in this process. Both alternate in
rounds on the same disk, so that a noisy machine disturbs them alike; the medians are compared.
"""

import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from appliance.demo import ITEMS
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


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="bk-", dir=os.environ.get("BENCH_DIR")) as name:
        folder = Path(name)
        run = folder / "r"
        run.mkdir()
        env = {**os.environ, "BOOTHKIT_RUN": str(run)}
        argv = [sys.executable, "-m", "appliance.cli", "worker", "recorder", "--data", str(folder / "d")]
        recorder = subprocess.Popen(argv, env=env)
        try:
            _open(run)
            rates: dict[str, list[float]] = {"bare": [], "1": [], "8": []}
            tails: dict[str, list[float]] = {"bare": [], "1": [], "8": []}
            for number in range(ROUNDS):
                for key in rates:
                    start = time.perf_counter()
                    took = bare(folder, SECONDS) if key == "bare" else sell(run, int(key), SECONDS, f"r{number}c{key}")
                    rates[key].append(len(took) / (time.perf_counter() - start))
                    tails[key].append(sorted(took)[int(len(took) * 0.99)])
        finally:
            recorder.terminate()
            recorder.wait(20)
    limit, tail = statistics.median(rates["bare"]), statistics.median(tails["bare"])
    print(f"{'durable sales through the recorder':<44}{'figure':>12}{'limit':>12}{'ratio':>8}{'goal':>8}")
    for key, goal in (("1", ""), ("8", "≥ 1.5")):
        rate, p99 = statistics.median(rates[key]), statistics.median(tails[key])
        print(f"{f'sales/s, {key} client(s) / bare inserts/s':<44}{rate:>12.0f}{limit:>12.0f}{rate / limit:>8.2f}{goal:>8}")
        print(f"{f'p99, {key} client(s) / bare p99 (ms)':<44}{p99 * 1e3:>12.2f}{tail * 1e3:>12.2f}{p99 / tail:>8.2f}{'':>8}")


def _open(run: Path) -> None:
    deadline = time.monotonic() + 30
    while not (run / "admin.sock").exists() and time.monotonic() < deadline:
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
