"""From the last byte of a scanned ticket to the door's lamp, against one bare durable SQLite insert.

Real recorder and scanning worker; an emulated scanner on a pty, the lamp's lines told by the mock pins to whoever
listens. The clock runs from the write of the CR behind a valid ticket's code (each another ticket, single entry) until
the listener hears that the green line is high; the verdict is durable by then. Between two tickets a code that nobody
issued turns the lamp red, so that each green is an edge.

The limit: one row in a WAL database with synchronous=FULL, one transaction, on the same disk; both alternate in rounds.
A second table holds every sync up by 4 ms as benchmarks/recorder.py does. The third table is the memory (PSS, proc(5))
of each worker of a running demo.
"""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from appliance.files.tickets import code, event_key
from appliance.journal import wire
from appliance.journal.client import RecorderClient
from benchmarks.recorder import bare
from benchmarks.uplink import pss
from drivers.emulators.scanner import ScannerEmulator

ROUNDS = 8
TICKETS = 60
"""A round."""
BARE_S = 0.5
"""A round."""
SETTLED_S = 20.0
"""After that much the demo's workers have done what they do once."""
GREEN, RED = 23, 24
CONFIG = """[devices]
scanner-door = "serial://{run}/scanner"
indicator-door = "gpio://{green},{red}?factory=mock&socket={run}/pins.sock"
"""


class Lamp:
    """Listens to the pins' socket."""

    def __init__(self, pins: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("")  # unix(7): a name of the kernel's choice
        self._socket.settimeout(10)
        while True:
            try:
                self._socket.sendto(b'{"listen": true}', str(pins))
                return
            except OSError:
                time.sleep(0.05)  # the worker is not there yet

    def lit(self, pin: int) -> float:
        """When the listener hears that this line is high; TimeoutError after 10 s."""
        while True:
            told = json.loads(self._socket.recv(256))
            heard = time.perf_counter()
            if told["pin"] == pin and told["level"]:
                return heard

    def close(self) -> None:
        self._socket.close()


class Door:
    """A recorder under `wrapper`, a scanning worker, a scanner and a lamp."""

    def __init__(self, folder: Path, wrapper: Sequence[str], stack: ExitStack) -> None:
        run, data = folder / "r", folder / "d"
        run.mkdir()
        self._run = run
        (folder / "c.toml").write_text(CONFIG.format(run=run, green=GREEN, red=RED))
        self._scanner = ScannerEmulator(run / "scanner")
        self._scanner.start()
        stack.callback(self._scanner.close)
        self.codes: list[str] = []
        for name in ("recorder", "scanning"):
            argv = [*(wrapper if name == "recorder" else ()), sys.executable, "-m", "appliance.cli", "worker", name]
            argv += ["--data", str(data), "--config", str(folder / "c.toml")]
            worker = subprocess.Popen(argv, env={**os.environ, "BOOTHKIT_RUN": str(run)})
            stack.callback(worker.wait, 20)
            stack.callback(worker.terminate)
            if name == "recorder":
                self._open(data)
        self._lamp = Lamp(run / "pins.sock")
        stack.callback(self._lamp.close)
        self._refused = 0
        self._show("WARM-UP", RED)

    def _open(self, data: Path) -> None:
        while not wire.socket_path(self._run, "admin").exists():
            time.sleep(0.05)
        admin = RecorderClient(self._run, "admin", timeout=30)
        created = {"name": "Bench", "currency": "EUR", "timezone": "UTC", "area_m2": "10"}
        event = admin.send("event.create", created, actor="admin:bench", id="create").answer["event"]
        key = event_key(data / "keys", event, create=True)
        tickets = [f"{number:024x}" for number in range(ROUNDS * TICKETS)]
        steps: list[tuple[str, dict[str, Any]]] = [
            ("list.define", {"list": "general", "entry": "single"}),
            ("tickets.issue", {"list": "general", "tickets": [{"ticket": ticket} for ticket in tickets]}),
            ("event.open", {}),
        ]
        for command, body in steps:
            admin.send(command, body, actor="admin:bench", id=command)
        admin.close()
        self.codes = [
            code(key, ticket, event=event, list_="general", valid_from=None, valid_until=None) for ticket in tickets
        ]

    def _show(self, text: str, pin: int) -> float:
        """Seconds from the CR to this line."""
        self._scanner.partial(text)
        time.sleep(0.02)  # the worker has read the code, and waits for its end
        start = time.perf_counter()
        self._scanner.garbage(b"\r")
        return self._lamp.lit(pin) - start

    def admit(self, count: int) -> list[float]:
        """Seconds of each of the next tickets."""
        took = []
        for _ in range(count):
            took.append(self._show(self.codes.pop(), GREEN))
            self._refused += 1
            self._show(f"NOBODY-{self._refused}", RED)
        return took


def serve_bare(folder: Path) -> None:
    """Child process: bare inserts whenever a line comes in; answers with the seconds of each."""
    for _ in sys.stdin:
        print(json.dumps(bare(folder, BARE_S)), flush=True)


def compare(title: str, wrapper: list[str]) -> None:
    """Scans and bare inserts, recorder and inserts under `wrapper`; prints the table."""
    with tempfile.TemporaryDirectory(prefix="bk-", dir=os.environ.get("BENCH_DIR")) as name, ExitStack() as stack:
        folder = Path(name)
        door = Door(folder, wrapper, stack)
        limit = subprocess.Popen(
            [*wrapper, sys.executable, "-m", "benchmarks.scan", "--bare", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        stack.callback(limit.wait, 20)
        stack.callback(limit.terminate)
        assert limit.stdin is not None
        assert limit.stdout is not None
        stack.callback(limit.stdout.close)
        stack.callback(limit.stdin.close)
        random.Random(1).shuffle(door.codes)
        inserts: list[float] = []
        scans: list[float] = []
        for _ in range(ROUNDS):
            limit.stdin.write("go\n")
            limit.stdin.flush()
            inserts += json.loads(limit.stdout.readline())
            scans += door.admit(TICKETS)
    print(f"{title:<44}{'figure ms':>12}{'limit ms':>12}{'ratio':>8}{'goal':>8}")
    for share, goal in ((0.50, ""), (0.99, "≤ 3")):
        own, bound = (sorted(took)[int(len(took) * share)] for took in (scans, inserts))
        label = f"p{share * 100:.0f}, last byte to lamp / bare insert"
        print(f"{label:<44}{own * 1e3:>12.2f}{bound * 1e3:>12.2f}{own / bound:>8.2f}{goal:>8}")


def memory() -> None:
    """Starts a demo, prints the memory of its processes, ends it."""
    with tempfile.TemporaryDirectory(prefix="bk-") as name, ExitStack() as stack:
        argv = [sys.executable, "-m", "appliance.cli", "up", "--demo", "--data", f"{name}/d"]
        argv += ["--staff-port", "0", "--portal-port", "0", "--bench-port", "0"]
        demo = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        stack.callback(demo.wait, 30)
        stack.callback(demo.terminate)
        assert demo.stdout is not None
        stack.callback(demo.stdout.close)
        assert json.loads(demo.stdout.readline())["ready"] is True
        time.sleep(SETTLED_S)
        sizes = {"supervisor": pss(demo.pid)} | {worker: pss(pid) for worker, pid in workers(demo.pid).items()}
    print(f"{'memory of a running demo':<44}{'MB (PSS)':>12}")
    for worker, size in sorted(sizes.items(), key=lambda each: -each[1]):
        print(f"{worker:<44}{size:>12.1f}")
    print(f"{'all':<44}{sum(sizes.values()):>12.1f}")


def workers(supervisor: int) -> dict[str, int]:
    """The process of each worker, by its name."""
    found = {}
    for child in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
        argv = Path(f"/proc/{child}/cmdline").read_text().split("\0")
        if "worker" in argv:
            found[argv[argv.index("worker") + 1]] = int(child)
    return found


def main() -> None:
    """Print the tables."""
    if sys.argv[1:2] == ["--bare"]:
        serve_bare(Path(sys.argv[2]))
        return
    compare("a ticket at the door, this machine's disk", [])
    if (strace := shutil.which("strace")) is None:
        print("no strace: the table for a card's syncs is left out")
    else:
        inject = ["-D", "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", "-e", "trace=fdatasync,fsync"]
        compare(
            "the same, every sync takes 4 ms more", [strace, *inject, "-e", "inject=fdatasync,fsync:delay_exit=4000"]
        )
    memory()


if __name__ == "__main__":
    main()
