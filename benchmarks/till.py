"""Eight tills that sell over HTTP against the recorder alone, the weight of the till's page, and the memory.

A real recorder and a real till. Eight sign-ins, each with a cookie, a connection that stays and keys of its own, sell
as fast as they are answered; the limit is the same command straight over the recorder's socket with eight clients.
Bare durable SQLite inserts, the limit of both, take their turn in each round on the same disk; the medians are
compared. With strace all is repeated with every sync of recorder and bare inserts held up by 4 ms, as on an SD card of
class A1. Beside it the processor's time: what is left of a figure on a machine that does other things as well.

The page: what a browser that has nothing kept asks for from the moment when it is signed in until the till can sell,
counted by Chromium itself; a round trip is one wait for answers before more can be asked for.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from appliance.clock import system_clock
from appliance.private.secrets import Secrets
from benchmarks.recorder import SALE, SECONDS, Bare, Figures, figures, middle, open_box, sell, slow_syncs
from benchmarks.uplink import pss
from tools.browser import CHROMIUM, browser

SYSTEMD = Path(__file__).parents[1] / "systemd"
ROUNDS = 5
TILLS = 8
PIN = "222222"
WEIGHT_KB = 150
"""What a page may weigh on the wire, in thousands of bytes."""
CONFIG = '[staff]\nhost = "127.0.0.1"\nport = 0\n[devices]\nprinter = "tcp://127.0.0.1:9"\n[clock]\ntrust = "rtc"\n'


def unit(name: str) -> dict[str, str]:
    """What a worker's unit on the box sets beside its folders: how it deals with memory."""
    text = (SYSTEMD / f"boothkit-{name}.service").read_text()
    lines = [line for line in text.splitlines() if line.startswith("Environment=MALLOC_")]
    return dict(word.split("=", 1) for line in lines for word in line.removeprefix("Environment=").split())


class Box:
    """A recorder, under ``wrapper``, and a till, with an open event, an open drawer and somebody who may sell."""

    def __init__(self, folder: Path, wrapper: list[str], stack: ExitStack) -> None:
        self.data, self.run, self._stack = folder / "d", folder / "r", stack
        self.run.mkdir()
        self.data.mkdir()
        self.config = folder / "bench.toml"
        self.config.write_text(CONFIG)
        with closing(Secrets(self.data, system_clock("rtc"))) as secrets:
            secrets.add("Ben", "cashier", PIN)
        self.recorder = self._start("recorder", wrapper)
        open_box(self.run)
        self.till = self._start("till", [])
        page = self.run / "board" / "till" / "page.json"
        deadline = time.monotonic() + 30
        while "url" not in (shown := json.loads(page.read_text()) if page.exists() else {}):
            assert time.monotonic() < deadline, "the till did not start"
            time.sleep(0.05)
        self.url: str = shown["url"]

    def _start(self, name: str, wrapper: list[str]) -> int:
        """Its process id, which is the wrapper's when there is one."""
        worker = [sys.executable, "-m", "appliance.cli", "worker", name, "--data", str(self.data)]
        argv = [*wrapper, *worker, "--config", str(self.config)]
        process = subprocess.Popen(argv, env={**os.environ, **unit(name), "BOOTHKIT_RUN": str(self.run)})
        self._stack.callback(process.wait, 20)
        self._stack.callback(process.terminate)
        return process.pid


def processor_s(pid: int) -> float:
    """What a process has used so far (proc(5), utime and stime)."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


class Till:
    """One signed-in client: a connection that stays open, as a tablet's. No more work than needed: it shares its
    processors with the box."""

    def __init__(self, url: str, number: int) -> None:
        self._host = urlsplit(url).netloc
        self._socket = socket.create_connection((urlsplit(url).hostname or "", urlsplit(url).port or 0), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._number, self.sold = number, 0
        head, signed = self._ask("POST", "/api/v1/login", {"pin": PIN}, f"Host: {self._host}\r\n")
        cookies = [line.partition(": ")[2].partition(";")[0] for line in head if line.lower().startswith("set-cookie")]
        self.cookies = dict(cookie.split("=", 1) for cookie in cookies)
        self._headers = (
            f"Host: {self._host}\r\nOrigin: {url}\r\nCookie: {'; '.join(cookies)}\r\nX-CSRF-Token: {signed['csrf']}\r\n"
        )

    def sell(self) -> None:
        """One sale, answered after its commit."""
        self.sold += 1
        key = f"Idempotency-Key: till-{self._number}-{self.sold}\r\n"
        head, _ = self._ask("POST", "/api/v1/sales", SALE, self._headers + key)
        assert head[0].startswith("HTTP/1.1 201"), head

    def _ask(self, method: str, path: str, body: Any, headers: str) -> tuple[list[str], Any]:
        raw = json.dumps(body).encode()
        start = (
            f"{method} {path} HTTP/1.1\r\n{headers}Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
        )
        self._socket.sendall(start.encode() + raw)
        got = b""
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += self._more()
        head = got[:end].decode().split("\r\n")
        length = next(int(line[15:]) for line in head if line.lower().startswith("content-length:"))
        while len(got) < end + 4 + length:
            got += self._more()
        return head, json.loads(got[end + 4 :])

    def _more(self) -> bytes:
        got = self._socket.recv(65536)
        assert got, "the till hung up"
        return got

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def sell_over_http(tills: list[Till], seconds: float) -> list[float]:
    """Seconds of each sale."""
    took: list[list[float]] = [[] for _ in tills]
    begin = threading.Barrier(len(tills))

    def one(till: Till, mine: list[float]) -> None:
        begin.wait()
        end = time.perf_counter() + seconds
        while (start := time.perf_counter()) < end:
            till.sell()
            mine.append(time.perf_counter() - start)

    threads = [threading.Thread(target=one, args=pair) for pair in zip(tills, took, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [value for each in took for value in each]


def line(label: str, figure: float, limit: float, goal: str = "", unit: str = ".2f") -> None:
    """One row of the table."""
    print(f"{label:<56}{figure:>10{unit}}{limit:>10{unit}}{figure / limit:>8.2f}{goal:>8}")


def compare(title: str, wrapper: list[str]) -> None:
    """Bare inserts, the recorder alone and the tills by turns, and print the table."""
    with tempfile.TemporaryDirectory(prefix="bk-", dir=os.environ.get("BENCH_DIR")) as name, ExitStack() as stack:
        folder = Path(name)
        box, limit = Box(folder, wrapper, stack), Bare(folder, wrapper, stack)
        tills = [Till(box.url, number) for number in range(TILLS)]
        for till in tills:
            stack.callback(till.close)
            till.sell()
        workers = {"till": box.till, "recorder": box.recorder}
        before = {name: pss(pid) for name, pid in workers.items()}
        rounds: dict[str, list[Figures]] = {"bare": [], "alone": [], "8": [], "1": []}
        busy, sold = dict.fromkeys(workers, 0.0), 0
        for number in range(ROUNDS):
            rounds["bare"].append(limit.round())
            rounds["alone"].append(figures(partial(sell, box.run, TILLS, SECONDS, f"alone-{number}")))
            first, was = sum(till.sold for till in tills), {name: processor_s(pid) for name, pid in workers.items()}
            rounds["8"].append(figures(partial(sell_over_http, tills, SECONDS)))
            busy = {name: busy[name] + processor_s(pid) - was[name] for name, pid in workers.items()}
            sold += sum(till.sold for till in tills) - first
            rounds["1"].append(figures(partial(sell_over_http, tills[:1], SECONDS)))
        bare, alone, eight, one = map(middle, rounds.values())
        print(f"{title:<56}{'figure':>10}{'limit':>10}{'ratio':>8}{'goal':>8}")
        line("sales/s, 8 tills over HTTP / recorder alone, 8 clients", eight.rate, alone.rate, "≥ 0.5", ".0f")
        line("sales/s, 8 tills over HTTP / bare inserts/s", eight.rate, bare.rate, unit=".0f")
        line("p50 ms, 8 tills / bare insert", eight.p50 * 1e3, bare.p50 * 1e3)
        line("p99 ms, 8 tills / bare insert", eight.p99 * 1e3, bare.p99 * 1e3)
        line("p50 ms, 1 till / bare insert", one.p50 * 1e3, bare.p50 * 1e3)
        line("p99 ms, 1 till / bare insert", one.p99 * 1e3, bare.p99 * 1e3)
        each = {name: seconds / sold * 1e3 for name, seconds in busy.items()}
        line("processor ms a sale: till / recorder", each["till"], each["recorder"])
        if not wrapper:
            for name, pid in workers.items():
                line(f"{name}'s memory, MB: after / before", pss(pid), before[name], unit=".1f")
            weigh(box, tills[0])


def weigh(box: Box, till: Till) -> None:
    """The till's page in a browser that has nothing kept."""
    if not CHROMIUM.exists():
        print(f"no {CHROMIUM}: the page is not weighed")
        return
    with browser() as chromium, closing(chromium.new_context()) as context:
        cookies = [{"name": name, "value": value, "url": box.url} for name, value in till.cookies.items()]
        context.add_cookies(cookies)  # type: ignore[arg-type]
        page = context.new_page()
        asked: dict[str, Asked] = {}
        devtools = context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.on("Network.requestWillBeSent", lambda e: asked.setdefault(e["requestId"], Asked(e)))
        devtools.on("Network.responseReceived", lambda e: asked[e["requestId"]].answered(e))
        devtools.on("Network.dataReceived", lambda e: asked[e["requestId"]].came(e))
        devtools.on("Network.loadingFinished", lambda e: asked[e["requestId"]].ended(e))
        page.goto(f"{box.url}/sell", wait_until="load")
        page.get_by_role("button", name="Coffee").first.click()
        page.locator("button[data-do=charge]:visible").first.click()
        got = [one for one in asked.values() if one.kind != "text/event-stream"]
        wire_kb, plain_kb = sum(one.wire for one in got) / 1e3, sum(one.plain for one in got) / 1e3
        line("the till's page, kB: on the wire / unpacked", wire_kb, plain_kb, f"< {WEIGHT_KB}", ".1f")
        rounds = max(one.depth(asked) for one in got)
        print(f"{'requests, one after the other at most':<56}{len(got):>10}{rounds:>10}")
        for one in sorted(got, key=lambda one: -one.wire):
            print(f"  {one.path:<54}{one.wire / 1e3:>10.1f}{one.plain / 1e3:>10.1f}{one.depth(asked):>8}")


class Asked:
    """A request of the browser."""

    def __init__(self, event: dict[str, Any]) -> None:
        self.url: str = event["request"]["url"]
        self.path = urlsplit(self.url).path.rpartition("/")[2] or "/"
        self.by: str | None = event["initiator"].get("url") or next(
            (frame["url"] for frame in event["initiator"].get("stack", {}).get("callFrames", ())), None
        )
        self.kind, self.wire, self.plain = "", 0, 0

    def answered(self, event: dict[str, Any]) -> None:
        self.kind = event["response"]["mimeType"]

    def came(self, event: dict[str, Any]) -> None:
        self.plain += event["dataLength"]

    def ended(self, event: dict[str, Any]) -> None:
        self.wire = int(event["encodedDataLength"])  # with the headers

    def depth(self, asked: dict[str, "Asked"]) -> int:
        """How many answers had to come one after the other, this one included."""
        parent = next((one for one in asked.values() if one.url == self.by and one is not self), None)
        return 1 if parent is None else 1 + parent.depth(asked)


def main() -> None:
    """Print the tables."""
    compare("the till, this machine's disk", [])
    if (wrapper := slow_syncs()) is not None:
        compare("the same, every sync takes 4 ms more", wrapper)


if __name__ == "__main__":
    main()
