"""Draining a journal through the uplink against raw paho-mqtt that publishes batches of the same size and number.

Real recorder, real uplink, real mosquitto. The consumer here is the least that a box can do with: it acknowledges,
checks that nothing is missing, grows the tree, and signs receipts. The limit is a bare paho client with the same
window, which sends the very messages that the consumer got, to the same broker and consumer. Both alternate in rounds;
the medians are compared. The clock runs from the first message at the consumer to the last fact there.

Bytes on the wire are those of the uplink's TCP connection (ss(8)), without TCP's and IP's own headers; memory is the
uplink's proportional set size (PSS, proc(5)), looked at five times a second.
"""

import os
import re
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from appliance.journal import codec, merkle, notes
from appliance.journal.read import Reader
from benchmarks.verify import fill

FACTS = int(os.environ.get("BENCH_FACTS", "100000"))
ROUNDS = 3
WINDOW = 20
TOPIC = "boothkit/1/cell/bench/"
CONFIG = '[box]\nid = "bench"\n[mqtt]\nbroker = "127.0.0.1:{port}"\ncompress = {compress}\n[central]\nkey = "{key}"\n'
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""


class _Event(msgspec.Struct):
    seq: int
    data: msgspec.Raw


class Consumer:
    """In a process of its own. Each line in says how many facts to wait for, and whether to send receipts."""

    def __init__(self, port: int, seed: bytes, pipe: Connection) -> None:
        self._pipe, self._signer = pipe, notes.Signer("boothkit/central", seed)
        self._inbox: list[mqtt.MQTTMessage] = []
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True, client_id="consumer"
        )
        self._ready = False
        self._client.on_connect = lambda c, *_: c.subscribe(f"$share/central/{TOPIC}facts", 1)
        self._client.on_subscribe = lambda *_: setattr(self, "_ready", True)
        self._client.on_message = lambda c, u, message: self._inbox.append(message)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.ReceiveMaximum = 64
        self._client.connect("127.0.0.1", port, properties=properties)
        while not self._ready:
            self._client.loop(0.1)

    def run(self) -> None:
        """Until the other end hangs up."""
        self._pipe.send("ready")
        while True:
            while not self._pipe.poll():
                self._client.loop(0.01)
            order = self._pipe.recv()
            if order is None:
                return
            self._pipe.send(self._receive(*order))

    def _receive(self, facts: int, receipts: bool) -> tuple[float, list[bytes]]:
        """Seconds from the first message to the last fact, and the messages."""
        frontier, first, payloads = merkle.Frontier(), 0.0, []
        while frontier.size < facts:
            before = -1
            while before < len(self._inbox) < 64:
                before = len(self._inbox)
                self._client.loop(0.5 if not before else 0.0)
            first = first or time.perf_counter()
            for message in self._inbox:
                payload = bytes(message.payload)
                payloads.append(payload)
                if not payload.startswith(b"["):
                    payload = zlib.decompress(payload)
                for event in msgspec.json.decode(payload, type=list[_Event]):
                    if event.seq == frontier.size + 1:
                        frontier.append(codec.leaf_hash(event.data))
            for message in self._inbox:
                self._client.ack(message.mid, message.qos)
            if receipts and self._inbox:
                head = notes.TreeHead("boothkit/bench/1", frontier.size, frontier.root())
                self._client.publish(f"{TOPIC}receipt", self._signer.sign(head.receipt_text()), qos=1)
            self._inbox.clear()
        return time.perf_counter() - first, payloads


def consume(port: int, seed: bytes, pipe: Connection) -> None:
    """The consumer's process."""
    Consumer(port, seed, pipe).run()


def publish(port: int, payloads: list[bytes]) -> None:
    """The limit's process: bare paho."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5, client_id="raw")
    client.max_inflight_messages_set(WINDOW)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for info in [client.publish(f"{TOPIC}facts", payload, qos=1) for payload in payloads]:
        info.wait_for_publish()
    client.disconnect()
    client.loop_stop()


@contextmanager
def worker(name: str, run: Path, data: Path, config: Path) -> Iterator[int]:
    """A worker's pid, while it runs."""
    argv = [sys.executable, "-m", "appliance.cli", "worker", name, "--data", str(data), "--config", str(config)]
    process = subprocess.Popen(argv, env={**os.environ, "BOOTHKIT_RUN": str(run)})
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def pss(pid: int) -> float:
    """MB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024


def on_the_wire(port: int, pid: int) -> tuple[int, int]:
    """Bytes that a process has sent to the broker and got from it, so far."""
    argv = ["ss", "-tinpHO", "state", "established", f"( dport = :{port} )"]
    found = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    line = next(line for line in found.splitlines() if f"pid={pid}," in line)
    counts = {name: int(value) for name, value in re.findall(r"(bytes_sent|bytes_received):(\d+)", line)}
    return counts["bytes_sent"], counts["bytes_received"]


def drain(folder: Path, port: int, config: Path, facts: int, pipe: Connection) -> dict[str, Any]:
    """One pass of everything through the uplink."""
    data = folder / "data"
    with closing(sqlite3.connect(data / "journal.db")) as db, db:
        db.execute("DELETE FROM safe")  # as if central had nothing yet
    run = Path(tempfile.mkdtemp(prefix="bk-", dir="/tmp"))  # sockets want a short path
    reader, peak = Reader(data), 0.0
    pipe.send((facts, True))
    try:
        with worker("recorder", run, data, config):
            _until((run / "uplink" / "recorder.sock").exists)
            with worker("uplink", run, data, config) as uplink:
                while not pipe.poll(0.2):
                    peak = max(peak, pss(uplink))
                seconds, payloads = pipe.recv()
                done = time.perf_counter()
                _until(lambda: reader.safe().pos == facts)
                late = time.perf_counter() - done
                sent, got = on_the_wire(port, uplink)
                peak = max(peak, pss(uplink))
    finally:
        reader.close()
        shutil.rmtree(run)
    return {"seconds": seconds, "payloads": payloads, "late": late, "sent": sent, "got": got, "peak": peak}


def _until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def broker(folder: Path, stack: ExitStack) -> int:
    """The port of a mosquitto that keeps up to 64 MB for a consumer that is slower."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    conf = folder / "mosquitto.conf"
    lines = [f"user {os.environ.get('USER') or 'root'}", f"listener {port} 127.0.0.1", "allow_anonymous true"]
    conf.write_text("\n".join([*lines, "max_queued_messages 0", "set_tcp_nodelay true", ""]))
    process = subprocess.Popen([MOSQUITTO, "-c", str(conf)], stderr=subprocess.DEVNULL)
    stack.callback(process.wait, 20)
    stack.callback(process.terminate)

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    _until(listens)
    return port


def main() -> None:
    """Print the tables."""
    if not MOSQUITTO or not shutil.which("ss"):
        print("mosquitto or ss is missing (Debian: sudo apt-get install mosquitto iproute2): nothing is measured")
        return
    with tempfile.TemporaryDirectory(prefix="bk-", dir=os.environ.get("BENCH_DIR")) as name, ExitStack() as stack:
        folder = Path(name)
        facts = fill(folder / "data", FACTS)
        size = (folder / "data" / "journal.db").stat().st_size
        reader = Reader(folder / "data")
        bodies = sum(len(fact.body.encode()) for fact in reader.facts(0, facts))
        reader.close()
        port, seed = broker(folder, stack), os.urandom(32)
        key = notes.Signer("boothkit/central", seed).verifier.vkey()
        plain, small = folder / "plain.toml", folder / "small.toml"
        plain.write_text(CONFIG.format(port=port, key=key, compress="false"))
        small.write_text(CONFIG.format(port=port, key=key, compress="true"))
        spawn = get_context("spawn")
        pipe, theirs = spawn.Pipe()
        consumer = spawn.Process(target=consume, args=(port, seed, theirs), daemon=True)
        consumer.start()
        stack.callback(consumer.join)
        stack.callback(pipe.send, None)
        assert pipe.recv() == "ready"
        own, raw = [], []
        for _ in range(ROUNDS):
            own.append(drain(folder, port, plain, facts, pipe))
            pipe.send((facts, False))
            publisher = spawn.Process(target=publish, args=(port, own[-1]["payloads"]))
            publisher.start()
            raw.append(pipe.recv()[0])
            publisher.join()
        deflated = drain(folder, port, small, facts, pipe)
    payloads = own[-1]["payloads"]
    bound = facts / statistics.median(raw)
    rate = facts / statistics.median(each["seconds"] for each in own)
    print(f"{facts} facts in {len(payloads)} batches; {ROUNDS} rounds")
    print(f"{'draining':<44}{'figure':>12}{'limit':>12}{'ratio':>8}{'goal':>8}")
    print(f"{'facts/s, uplink / raw paho':<44}{rate:>12.0f}{bound:>12.0f}{rate / bound:>8.2f}{'≥ 0.7':>8}")
    print(f"{'facts/s, uplink with compress = true':<44}{facts / deflated['seconds']:>12.0f}")
    last = own[-1]
    figures = {
        "bytes a fact: body": bodies / facts,
        "bytes a fact: on disk (journal.db)": size / facts,
        "bytes a fact: sent by the uplink": last["sent"] / facts,
        "bytes a fact: received by the uplink": last["got"] / facts,
        "bytes a fact: sent, with compress = true": deflated["sent"] / facts,
        "uplink's memory while draining, MB (PSS)": max(each["peak"] for each in own),
        "seconds from the last fact to the safe mark": statistics.median(each["late"] for each in own),
    }
    for title, value in figures.items():
        print(f"{title:<44}{value:>12.1f}")


if __name__ == "__main__":
    main()
