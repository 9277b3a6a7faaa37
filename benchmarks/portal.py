"""The guests' first page against a bare Flask page on the same server: processor time of a request, of one that is
answered with 304, and the memory with 200 phones.

A real recorder and a real portal; the limit is an app of one route that returns a page of the same size, behind the
same waitress with the same settings, in a process of its own. 16 connections that stay, as phones', ask both in turns;
what counts is the time that the server's processor was busy, since whoever asks shares this machine. Each phone of the
200 has an address of its own, holds four connections, and asks again and again whether something has changed.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from appliance import log
from appliance.board import read_all
from benchmarks.recorder import open_box
from benchmarks.till import line, processor_s, unit
from benchmarks.uplink import pss

ROUNDS, REQUESTS, CONNECTIONS = 7, 800, 16
PHONES, EACH, POLLS = 200, 4, 5
MEMORY_MB = 64
"""The portal's MemoryHigh."""
CONFIG = '[portal]\nhost = "127.0.0.1"\nport = 0\n[devices]\nprinter = "tcp://127.0.0.1:9"\n[clock]\ntrust = "rtc"\n'


class Phone:
    """One connection from an address, as small as it can be."""

    def __init__(self, url: str, address: str) -> None:
        parts = urlsplit(url)
        place = parts.hostname or "", parts.port or 0
        self._link = socket.create_connection(place, 30, (address, 0))
        self._link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, tag: str = "") -> tuple[int, str, int]:
        """The first page: status, its tag, bytes of the body."""
        known = f"If-None-Match: {tag}\r\n" if tag else ""
        self._link.sendall(f"GET / HTTP/1.1\r\nHost: box\r\nAccept-Language: en\r\n{known}\r\n".encode())
        got = b""
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += self._more()
        head = got[:end].decode().split("\r\n")
        fields = {name.lower(): value for name, _, value in (text.partition(": ") for text in head[1:])}
        status, length = int(head[0].split()[1]), int(fields.get("content-length", 0))
        while status != 304 and len(got) < end + 4 + length:
            got += self._more()
        return status, fields.get("etag", ""), length

    def _more(self) -> bytes:
        got = self._link.recv(65536)
        assert got, "the server hung up"
        return got

    def close(self) -> None:
        """Hang up."""
        self._link.close()


class Site:
    """A server's process."""

    def __init__(self, url: str, pid: int, stack: ExitStack) -> None:
        self.url, self.pid = url, pid
        self._phones = [Phone(url, "127.0.0.1") for _ in range(CONNECTIONS)]
        for phone in self._phones:
            stack.callback(phone.close)
        self.tag, self.size = self._phones[0].ask()[1:]

    def round(self, tag: str = "", status: int = 200) -> float:
        """Microseconds of the processor for a request."""
        before = processor_s(self.pid)

        def one(phone: Phone) -> None:
            for _ in range(REQUESTS // CONNECTIONS):
                assert phone.ask(tag)[0] == status

        threads = [threading.Thread(target=one, args=(phone,)) for phone in self._phones]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return (processor_s(self.pid) - before) / REQUESTS * 1e6


def worker(name: str, folder: Path, stack: ExitStack) -> subprocess.Popen[bytes]:
    """As its unit starts it."""
    argv = [sys.executable, "-m", "appliance.cli", "worker", name, "--config", str(folder / "bench.toml")]
    own = {"BOOTHKIT_RUN": str(folder / "r"), "BOOTHKIT_DATA": str(folder / "d"), **unit(name)}
    process = subprocess.Popen(argv, env={**os.environ, **own})
    stack.callback(process.wait, 20)
    stack.callback(process.terminate)
    return process


def portal(folder: Path, stack: ExitStack) -> Site:
    """A box with an open event."""
    run = folder / "r"
    run.mkdir()
    (folder / "bench.toml").write_text(CONFIG)
    worker("recorder", folder, stack)
    open_box(run)
    process = worker("portal", folder, stack)
    return Site(
        _until(lambda: read_all(run).get("portal", {}).get("url"), "the portal did not start"), process.pid, stack
    )


def bare(size: int, stack: ExitStack) -> Site:
    """A page of so many bytes, and nothing else."""
    argv = [sys.executable, "-m", "benchmarks.portal", "--bare", str(size)]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    stack.callback(process.communicate)
    assert process.stdout is not None
    return Site(process.stdout.readline().strip(), process.pid, stack)


def serve_bare(size: int) -> None:
    """Child process: until its input ends."""
    from flask import Flask

    from appliance.services.portal import THREADS
    from web.common.serving import Server

    app = Flask(__name__)
    page = "x" * size
    app.add_url_rule("/", view_func=lambda: page)
    server = Server(app, "127.0.0.1", 0, threads=THREADS, log=log.get("bench"))
    print(server.url, flush=True)
    sys.stdin.read()
    server.stop()


def phones(site: Site, stack: ExitStack) -> float:
    """PSS in MB with all of them, after they asked."""
    crowd = []
    for number in range(PHONES):
        crowd.append([Phone(site.url, f"127.0.{1 + number // 250}.{1 + number % 250}") for _ in range(EACH)])
        for phone in crowd[-1]:
            stack.callback(phone.close)
    for _ in range(POLLS):
        for held in crowd:
            assert held[0].ask(site.tag)[0] == 304
    return pss(site.pid)


def _until(found: Callable[[], Any], otherwise: str) -> Any:
    deadline = time.monotonic() + 30
    while (value := found()) is None:
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)
    return value


def main() -> None:
    """Print the table."""
    if sys.argv[1:2] == ["--bare"]:
        serve_bare(int(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory(prefix="bk-", dir=os.environ.get("BENCH_DIR")) as name, ExitStack() as stack:
        site = portal(Path(name), stack)
        limit = bare(site.size, stack)
        before = pss(site.pid)
        took: dict[str, list[float]] = {"page": [], "304": [], "bare": []}
        for _ in range(ROUNDS):
            took["page"].append(site.round())
            took["bare"].append(limit.round())
            took["304"].append(site.round(site.tag, 304))
        page, unchanged, flask = (statistics.median(took[name]) for name in ("page", "304", "bare"))
        with closing(ExitStack()) as crowd:
            many = phones(site, crowd)
    print(
        f"{'the guests first page, ' + str(site.size) + ' bytes':<56}{'figure':>10}{'limit':>10}{'ratio':>8}{'goal':>8}"
    )
    line("processor µs a request: page / bare Flask page", page, flask, unit=".0f")
    line("processor µs a request: 304 / bare Flask page", unchanged, flask, unit=".0f")
    line("processor µs a request: 304 / page", unchanged, page, unit=".0f")
    line(f"MB with {PHONES} phones, {PHONES * EACH} connections / after start", many, before, unit=".1f")
    line(f"MB with {PHONES} phones / what its unit gives it", many, MEMORY_MB, "≤ 1", ".1f")


if __name__ == "__main__":
    main()
