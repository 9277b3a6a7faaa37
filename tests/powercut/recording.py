"""What a recorder asks of the kernel, in the order in which it asks: strace's output, read back as events.

The recorder has one thread, so the order of its system calls is the order of what happened, and an answer that stands
behind a sync was sent behind it.
"""

import json
import os
import re
import shutil
import socket as socketlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.errors import RecorderDown
from appliance.journal import wire
from appliance.journal.client import RecorderClient
from tests.conftest import ITEMS, wait_until

STRACE = shutil.which("strace") or ""
SALE: dict[str, Any] = {
    "lines": [{"sku": "COFFEE", "qty": 2}, {"sku": "CAKE", "qty": 1}],
    "tenders": [{"kind": "cash", "amount": 2000}],
}
_CALLS = "openat,write,pwrite64,ftruncate,fsync,fdatasync,rename,unlink,sendto"
_CONFIG = '[box]\nid = "box-7"\n[devices]\nprinter = "tcp://127.0.0.1:9"\n'


@dataclass(frozen=True)
class Opened:
    """A file that may be new; ``emptied``: O_TRUNC."""

    path: str
    emptied: bool


@dataclass(frozen=True)
class Written:
    """Bytes at an offset; None: behind what this file has, as write(2) on a new file puts them."""

    path: str
    offset: int | None
    data: bytes


@dataclass(frozen=True)
class Truncated:
    """A file was given a size."""

    path: str
    size: int


@dataclass(frozen=True)
class Synced:
    """What was written to a file, or the names in a folder, are on the card from here on."""

    path: str


@dataclass(frozen=True)
class Renamed:
    """A name took another's place."""

    path: str
    to: str


@dataclass(frozen=True)
class Removed:
    """A name is gone."""

    path: str


@dataclass(frozen=True)
class Answered:
    """A command that was carried out was answered: whoever asked may hand over the goods."""

    ident: str


Event = Opened | Written | Truncated | Synced | Renamed | Removed | Answered


@dataclass(frozen=True)
class Recording:
    """The events, with paths below ``data``; each sale's number by the identity of its command."""

    data: Path
    events: list[Event]
    numbers: dict[str, str]


def record(folder: Path, run: Path, *, sales: int, tills: int, kill_at: int) -> Recording:
    """Sell from several tills at once through the sockets of a recorder that strace watches. It is killed at its
    ``kill_at``-th fdatasync(2), before that syncs anything, and started again; the tills ask again. At the end it is
    killed as well."""
    data, lives = folder / "recorded", [folder / "trace-1", folder / "trace-2"]
    numbers: dict[str, str] = {}
    first = _start(run, data, lives[0], ["-e", f"inject=fdatasync:signal=SIGKILL:when={kill_at}"])
    sellers = [threading.Thread(target=_sell, args=(run, range(n, sales, tills), numbers)) for n in range(tills)]
    second = None
    try:
        _open(run)
        for seller in sellers:
            seller.start()
        wait_until(lambda: first.poll() is not None, "the recorder dies at its sync")
        second = _start(run, data, lives[1], [])
        for seller in sellers:
            seller.join(60)
        assert len(numbers) == sales
    finally:
        for recorder in filter(None, (first, second)):
            recorder.kill()
            recorder.wait(20)
    wait_until(
        lambda: all(b"+++ killed" in trace.read_bytes()[-100:] for trace in lives), "strace has written everything"
    )
    return Recording(data, [event for trace in lives for event in _events(trace, str(data))], numbers)


def _start(run: Path, data: Path, trace: Path, more: list[str]) -> subprocess.Popen[bytes]:
    config, socket = run / "test.toml", wire.socket_path(run, "admin")
    config.write_text(_CONFIG)
    socket.unlink(missing_ok=True)
    watch = [STRACE, "-D", "-f", "-qq", "-y", "-xx", "-s", "300000", "-o", str(trace)]
    worker = [sys.executable, "-m", "appliance.cli", "worker", "recorder", "--data", str(data)]
    recorder = subprocess.Popen(
        [*watch, "-e", f"trace={_CALLS}", *more, *worker, "--config", str(config)],
        env={**os.environ, "BOOTHKIT_RUN": str(run)},
    )
    wait_until(lambda: _listens(socket) or recorder.poll() is not None, "a recorder")
    assert recorder.poll() is None
    return recorder


def _listens(path: Path) -> bool:
    """Under strace there is time between the socket's file and its listening."""
    with socketlib.socket(socketlib.AF_UNIX, socketlib.SOCK_SEQPACKET) as probe:
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True


def _open(run: Path) -> None:
    admin = RecorderClient(run, "admin", timeout=30)
    created = {"name": "Abendmarkt", "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "12"}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("event.create", created),
        ("catalogue.import", {"items": ITEMS}),
        ("event.open", {}),
        ("drawer.open", {"float": 10_000}),
    ]
    for number, (command, data) in enumerate(steps):
        admin.send(command, data, actor="admin:test", id=f"setup-{number}")
    admin.close()


def _sell(run: Path, counts: range, numbers: dict[str, str]) -> None:
    """One till: a sale is asked for with the same identity until it is answered."""
    client, pause = RecorderClient(run, "staff", timeout=30), threading.Event()
    for count in counts:
        ident = f"sale-{count}"
        for _ in range(1000):
            try:
                numbers[ident] = client.send("sale.complete", SALE, actor="staff:s1", id=ident).answer["number"]
                break
            except RecorderDown:
                pause.wait(0.02)
    client.close()


_LINE = re.compile(r"\d+ +(?P<call>\w+)\((?P<rest>.*)\) += (?P<result>-?\d+|\?)")
_TEXT = re.compile(r'<(?P<fd>(?:\\x[0-9a-f]{2})*)>|"(?P<text>(?:\\x[0-9a-f]{2})*)"(?P<cut>\.\.\.)?')
_NOT_OURS = ("people.db", "secrets.db", "recorder.lock")


def _events(trace: Path, data: str) -> Iterator[Event]:
    for line in trace.read_text().splitlines():
        match = _LINE.match(line)
        if match is None:
            assert "+++" in line or "---" in line, f"a line of strace that nobody reads: {line[:200]}"
            continue
        if match["result"] == "?":
            # The recorder died in it: a write may be on the card and an answer may have left; a sync did not happen.
            if match["call"] not in ("fsync", "fdatasync"):
                yield from _event(match["call"], match["rest"], None, data)
        elif not match["result"].startswith("-"):
            yield from _event(match["call"], match["rest"], int(match["result"]), data)


def _event(call: str, rest: str, result: int | None, data: str) -> Iterator[Event]:
    found = list(_TEXT.finditer(rest))
    assert not any(match["cut"] for match in found), "strace cut a text short"
    texts = [bytes.fromhex((match["fd"] or match["text"] or "").replace("\\x", "")) for match in found]
    numbers = rest[found[-1].end() :].strip(", ").split(", ")
    if call == "sendto":
        yield from _answer(texts[1])
        return
    path = texts[1 if call == "openat" else 0].decode()
    if not path.startswith(f"{data}/") and path != data:
        return
    path = path.removeprefix(data).lstrip("/")
    if path.startswith(_NOT_OURS) or path.endswith("-shm"):
        return
    match call:
        case "openat":
            if "O_CREAT" in rest:
                yield Opened(path, "O_TRUNC" in rest)
        case "write":
            assert result in (None, len(texts[1]))
            yield Written(path, None, texts[1])
        case "pwrite64":
            assert result in (None, len(texts[1]))
            yield Written(path, int(numbers[1]), texts[1])
        case "ftruncate":
            yield Truncated(path, int(numbers[0]))
        case "fsync" | "fdatasync":
            yield Synced(path)
        case "rename":
            yield Renamed(path, texts[1].decode().removeprefix(data).lstrip("/"))
        case "unlink":
            yield Removed(path)
        case _:
            raise AssertionError(f"nobody asked strace for {call}")


def _answer(frame: bytes) -> Iterator[Event]:
    if frame.startswith(b"{"):
        reply = json.loads(frame)
        if reply["ok"]:
            yield Answered(reply["id"])
