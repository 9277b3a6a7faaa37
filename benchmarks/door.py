"""The door with 100,000 tickets known: a verdict against one bare durable SQLite insert, the import of a shop's list
against bare inserts of as many rows, a search by name against one look through as many names, and the memory.

A real recorder, asked over its sockets. Verdicts, at 1,000 and at 100,000 tickets: plain codes in an order of chance,
each shown once (admitted) and then again (refused), one client, answered after the commit; the bare inserts alternate
with them in rounds. Import: codes with names, orders and products, in the pieces of `files/imports.py`; its limit
writes as many rows of as many bytes into one table, a transaction for each piece. Half of it is measured while a
second client sells: the longest that a sale waited is told beside the median.
"""

import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from appliance.files.codes import look
from appliance.files.imports import Piece, pieces
from appliance.journal.client import RecorderClient
from appliance.private.people import People
from benchmarks.recorder import SALE, bare, open_box
from benchmarks.uplink import pss

FEW, MANY = 1_000, 100_000
ROUNDS = 8
SCANS = 150
"""A round; as many codes are shown twice."""
BARE_S = 0.4
SEARCHES = 40
FIRST = ("Ana", "Ben", "Cleo", "Dara", "Emil", "Fee", "Gus", "Ida")
LAST = ("Amber", "Birk", "Cole", "Dorn", "Ek", "Falk", "Gruber", "Holm")


def shop(first: int, upto: int) -> bytes:
    """A shop's export of these tickets."""
    lines = ["Barcode;Name;Order;Product"]
    for number in range(first, upto):
        name = f"{FIRST[number % 8]} {LAST[number // 8 % 8]}-{number}"
        lines.append(f"{code(number)};{name};O{number // 3:06};Evening")
    return "\r\n".join(lines).encode("utf-16")


def code(number: int) -> str:
    """As shops make them."""
    return f"K{number * 2_654_435_761 % 2**32:08X}{number:06}"


def cut(first: int, upto: int) -> list[Piece]:
    """The pieces of an import."""
    raw = shop(first, upto)
    return list(pieces(raw, "shop.csv", look(raw, "shop.csv").guess, "general", f"bench-{first}"))


class Box:
    """A recorder with an open event and a list."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.data, self.run = folder / "d", folder / "r"
        self.run.mkdir()
        worker = [sys.executable, "-m", "appliance.cli", "worker", "recorder", "--data", str(self.data)]
        self.recorder = subprocess.Popen(worker, env={**os.environ, "BOOTHKIT_RUN": str(self.run)})
        stack.callback(self.recorder.wait, 20)
        stack.callback(self.recorder.terminate)
        open_box(self.run)
        self.admin = RecorderClient(self.run, "admin", timeout=60)
        stack.callback(self.admin.close)
        self.admin.send("list.define", {"list": "general"}, actor="admin:bench", id="list")

    def take(self, taken: list[Piece]) -> float:
        """Seconds of an import."""
        start = time.perf_counter()
        for piece in taken:
            self.admin.send("tickets.import", piece.data, actor="admin:bench", id=piece.id)
        return time.perf_counter() - start

    def scan(self, numbers: list[int], label: str) -> list[float]:
        """Seconds of each verdict."""
        client, took = RecorderClient(self.run, "device", timeout=30), []
        for place, number in enumerate([*numbers, *numbers]):
            start = time.perf_counter()
            answer = client.send("ticket.scan", {"code": code(number)}, actor="device:bench", id=f"{label}-{place}")
            took.append(time.perf_counter() - start)
            assert answer.answer["verdict"] == ("admitted" if place < len(numbers) else "refused")
        client.close()
        return took

    def sell(self, over: threading.Event, took: list[float]) -> None:
        """A sale after the other, a hundred a second at most."""
        client = RecorderClient(self.run, "staff", timeout=30)
        while not over.wait(0.01):
            start = time.perf_counter()
            client.send("sale.complete", SALE, actor="staff:bench", id=f"sale-{len(took)}")
            took.append(time.perf_counter() - start)
        client.close()


def rows_per_s(folder: Path, taken: list[Piece], octets: int) -> float:
    """As many rows in as many durable transactions, ``octets`` each."""
    db = sqlite3.connect(folder / "rows.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, body TEXT)")
    start = time.perf_counter()
    for piece in taken:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO t(body) VALUES(?)", [("x" * octets,)] * len(piece.data["tickets"]))
        db.execute("COMMIT")
    rate = sum(len(piece.data["tickets"]) for piece in taken) / (time.perf_counter() - start)
    db.close()
    return rate


def line(label: str, figure: float, limit: float, goal: str = "", unit: str = ".2f") -> None:
    """One row of the table."""
    print(f"{label:<52}{figure:>12{unit}}{limit:>12{unit}}{figure / limit:>8.2f}{goal:>8}")


def verdicts(box: Box, folder: Path, known: int, chance: random.Random, used: set[int]) -> None:
    """Scans and bare inserts, by turns."""
    inserts: list[float] = []
    scans: list[float] = []
    for number in range(ROUNDS):
        inserts += bare(folder, BARE_S)
        fresh = chance.sample([n for n in range(known) if n not in used], SCANS // 3 if known == FEW else SCANS)
        used.update(fresh)
        scans += box.scan(fresh, f"scan-{known}-{number}")
    for share in (0.50, 0.99):
        own, bound = (sorted(took)[int(len(took) * share)] * 1e3 for took in (scans, inserts))
        line(
            f"p{share * 100:.0f} verdict ms, {known:,} tickets / bare insert", own, bound, "≤ 3" if share > 0.9 else ""
        )


def main() -> None:
    """Print the table."""
    chance = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="bk-", dir=os.environ.get("BENCH_DIR")) as name, ExitStack() as stack:
        folder = Path(name)
        box = Box(folder, stack)
        print(f"{'the door':<52}{'figure':>12}{'limit':>12}{'ratio':>8}{'goal':>8}")
        used: set[int] = set()
        box.take(cut(0, FEW))
        before = pss(box.recorder.pid)
        verdicts(box, folder, FEW, chance, used)
        half = (FEW + MANY) // 2
        quiet, busy = cut(FEW, half), cut(half, MANY)
        rate = (half - FEW) / box.take(quiet)
        octets = len(str(quiet[0].data)) // len(quiet[0].data["tickets"])
        line("import, tickets/s / bare rows/s", rate, rows_per_s(folder, quiet, octets), unit=".0f")
        over, sales = threading.Event(), list[float]()
        seller = threading.Thread(target=box.sell, args=(over, sales))
        seller.start()
        busy_rate = (MANY - half) / box.take(busy)
        over.set()
        seller.join()
        line("import while one sells, tickets/s / import alone", busy_rate, rate, unit=".0f")
        line("a sale meanwhile, ms: longest / median", max(sales) * 1e3, statistics.median(sales) * 1e3)
        verdicts(box, folder, MANY, chance, used)
        people = People(box.data)
        found, looks = [], []
        db = sqlite3.connect(folder / "names.db", isolation_level=None)
        db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, words TEXT)")
        names = [(f"{FIRST[n % 8]} {LAST[n // 8 % 8]}-{n} o{n // 3:06}".lower(),) for n in range(MANY)]
        db.executemany("INSERT INTO t(words) VALUES(?)", names)
        for _ in range(SEARCHES):
            wanted = chance.randrange(MANY)
            start = time.perf_counter()
            assert people.find(f"{FIRST[wanted % 8]} {wanted}", 40)
            found.append(time.perf_counter() - start)
            start = time.perf_counter()
            db.execute("SELECT id FROM t WHERE instr(words, ?) LIMIT 40 OFFSET 40", (str(wanted),)).fetchall()
            looks.append(time.perf_counter() - start)
        db.close()
        line("search by name, ms / one look through the names", *(statistics.median(x) * 1e3 for x in (found, looks)))
        line("recorder's memory, MB: 100,000 / 1,000 tickets", pss(box.recorder.pid), before, unit=".1f")
        sizes = [(box.data / file).stat().st_size / MANY for file in ("journal.db", "people.db")]
        print(f"{'bytes on disk a ticket: journal, people':<52}{sizes[0]:>12.0f}{sizes[1]:>12.0f}")


if __name__ == "__main__":
    main()
