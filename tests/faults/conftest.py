"""A whole box to do harm to: its processes, its tills, its card."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPException
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from appliance.board import read_all
from appliance.commands import worker
from tests.conftest import wait_until
from tests.demo import Demo

WORKERS = (*worker.WORKERS, "bench")
COFFEE: dict[str, Any] = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 400}]}
LONG_S = 30.0
"""For what takes a restart or two on a machine that is busy with other things."""


class Box(Demo):
    """The demo, seen from its processes."""

    @property
    def run(self) -> Path:
        """The run folder of this start."""
        return Path(self.ready["run"])

    def worker(self, name: str) -> dict[str, Any]:
        """What the supervisor shows of a worker: it can be asked whatever else is down."""
        shown: dict[str, Any] = read_all(self.run)["supervisor"]["workers"][name]
        return shown

    def signal(self, name: str, number: signal.Signals) -> int:
        """Send a worker a signal; the pid that it had."""
        pid: int = self.worker(name)["pid"]
        os.kill(pid, number)
        return pid

    def wait_back(self, name: str, pid: int) -> dict[str, Any]:
        """Until the worker is ready in another process."""

        def back() -> dict[str, Any] | None:
            worker = self.worker(name)
            return worker if worker["state"] == "ready" and worker["pid"] not in (None, pid) else None

        worker: dict[str, Any] = wait_until(back, f"{name} back after pid {pid}", LONG_S)
        return worker

    def wait_status(self, condition: Callable[[dict[str, Any]], Any], what: str) -> dict[str, Any]:
        """The first `/api/v1/status` for which the condition is true."""

        def fits() -> dict[str, Any] | None:
            status = self.get("/status")
            return status if condition(status) else None

        status: dict[str, Any] = wait_until(fits, what, LONG_S)
        return status

    def told(self, section: str, name: str) -> str:
        """What `boothkit status` says to a person about one worker, one device or the uplink."""
        lines = self.program("status").stdout.splitlines()
        return next(line for line in lines[lines.index(section) :] if line.split()[0] == name)

    def program(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A `boothkit` command on this box's folder."""
        return boothkit(*words, "--data", str(self.data))


def boothkit(*words: str, before: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
    """The program, until it ends; it is not expected to need long. `before`: a program that starts it."""
    argv = [*before, sys.executable, "-m", "appliance.cli", *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=LONG_S, check=False)


class Cashier:
    """One tablet: it signs in, and asks again with the same key until it has an answer."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self._csrf = ""

    def login(self, pin: str = "222222") -> None:
        """Sign in."""
        status, answer = self.ask("/login", {"pin": pin}, "login")
        assert status == 200, answer
        self._csrf = answer["csrf"]

    def ask(self, path: str, body: dict[str, Any], key: str) -> tuple[int, dict[str, Any]]:
        """One write; status 0 when no answer came."""
        headers = {"Origin": self.url, "X-CSRF-Token": self._csrf, "Idempotency-Key": key}
        headers["Content-Type"] = "application/json"
        url = f"{self.url}/api/v1{path}"
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - loopback http only
        try:
            with self._opener.open(request, timeout=20) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"{}")
        except (OSError, HTTPException) as error:
            return 0, {"detail": repr(error)}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A running box with Ada signed in, for all tests of a file that leave it working."""
    demo = Box(tmp_path_factory.mktemp("faults") / "box")
    demo.start()
    demo.login()
    yield demo
    demo.stop()


@pytest.fixture
def new_box(tmp_path: Path) -> Iterator[Callable[..., Box]]:
    """Starts boxes of a test's own; a file of configuration and a place may be given."""
    boxes: list[Box] = []

    def new(config: str = "", data: Path | None = None, env: dict[str, str] | None = None) -> Box:
        arguments: tuple[str, ...] = ()
        if config:
            file = tmp_path / "boothkit.toml"
            file.write_text(config)
            arguments = ("--config", str(file))
        boxes.append(Box(data or tmp_path / "box", env, arguments))
        boxes[-1].start()
        return boxes[-1]

    yield new
    for demo in boxes:
        demo.stop()
