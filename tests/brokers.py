"""A real mosquitto and a real central, each in a process of its own, to be killed and started again."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import wait_until

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin") or ""


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Broker:
    """mosquitto on a port of its own. What it persists survives ``stop``, not ``kill``."""

    def __init__(self, folder: Path, more: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._conf = folder / "mosquitto.conf"
        self.log = folder / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.configure(more)

    def configure(self, more: str) -> None:
        """The configuration at the next start: ours, then ``more``."""
        lines = [f"user {os.environ.get('USER') or 'root'}", f"listener {self.port} 127.0.0.1"]
        if "allow_anonymous" not in more:
            lines.append("allow_anonymous true")
        self._conf.write_text("\n".join([*lines, more, ""]))

    def start(self) -> None:
        """Until it takes connections."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._conf)], stdout=log, stderr=log)
        wait_until(self._listens, "mosquitto listens")

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """kill -9: nothing is saved, no connection is closed properly."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As a service is stopped."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(20)


class CentralProcess:
    """``boothkit central serve``."""

    def __init__(self, data: Path, broker: Broker, *, trust_first: bool = True) -> None:
        self.data = data
        self._broker = broker
        self._more = ["--trust-first"] if trust_first else []
        self._process: subprocess.Popen[bytes] | None = None
        self.url = self.key = ""
        self.log = data.with_suffix(".log")

    def start(self) -> None:
        """Until it says that it is ready."""
        arguments = ["central", "serve", "--mqtt", self._broker.address, "--http-port", "0"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "appliance.cli", *arguments, "--data", str(self.data), *self._more],
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self.log.read_text()
        ready = json.loads(line)
        assert ready["ready"] is True
        self.url, self.key = ready["http"], ready["key"]

    def kill(self, how: signal.Signals = signal.SIGKILL) -> int:
        """Its exit code."""
        process = self._process
        if process is None or process.poll() is not None:
            return process.returncode if process else 0
        process.send_signal(how)
        assert process.stdout is not None
        process.stdout.close()
        return process.wait(20)

    def get(self, path: str) -> bytes:
        """The body of an answer."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=20) as response:  # noqa: S310 - our own address
            body: bytes = response.read()
            return body

    def json(self, path: str) -> Any:
        """A JSON answer."""
        return json.loads(self.get(path))

    def facts(self, cell: str, box: str) -> list[str]:
        """The bodies of a box; none while it is not known."""
        if not any((row["cell"], row["box"]) == (cell, box) for row in self.json("/api/v1/boxes")):
            return []
        return self.get(f"/api/v1/boxes/{cell}/{box}/facts").decode().splitlines()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker that runs."""
    fresh = Broker(tmp_path / "mosquitto")
    fresh.start()
    yield fresh
    fresh.kill()


@pytest.fixture
def central(tmp_path: Path, broker: Broker) -> Iterator[Callable[..., CentralProcess]]:
    """Starts a central that trusts at first sight; all end with the test."""
    started: list[CentralProcess] = []

    def start(**options: Any) -> CentralProcess:
        process = CentralProcess(tmp_path / f"central{len(started)}", broker, **options)
        started.append(process)
        process.start()
        return process

    yield start
    for process in started:
        process.kill()
