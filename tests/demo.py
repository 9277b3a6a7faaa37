"""A whole box, as a newcomer starts it: `boothkit up --demo` in processes of its own."""

import csv
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from tests.conftest import wait_until


class Demo:
    """The running demo, and what a person does at its till and its bench."""

    def __init__(self, data: Path, env: dict[str, str] | None = None, arguments: tuple[str, ...] = ()) -> None:
        self.data = data
        self._env = {**os.environ, **(env or {})}
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self.log = data.with_suffix(".log")
        self.ready: dict[str, Any] = {}
        self.jar = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        self._csrf = ""
        self._keys = 0

    def start(self) -> None:
        """Until the ready line."""
        argv = [sys.executable, "-m", "appliance.cli", "up", "--demo", "--data", str(self.data)]
        argv += ["--staff-port", "0", "--portal-port", "0", "--bench-port", "0", *self._arguments]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(argv, env=self._env, stdout=subprocess.PIPE, stderr=log)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self.log.read_text()[-4000:]
        self.ready = json.loads(line)
        assert self.ready["ready"] is True

    def stop(self) -> int:
        """Ctrl-C; its exit code."""
        process = self._process
        assert process is not None
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        process.stdout.close()
        return process.wait(30)

    def login(self, pin: str = "123456") -> dict[str, Any]:
        """Sign in at the till."""
        status, answer = self.call("POST", "/login", {"pin": pin})
        assert status == 200, answer
        self._csrf = answer["csrf"]
        return answer

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, key: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """One call of the staff API; status and JSON answer."""
        headers = {"Origin": self.ready["staff"], "X-CSRF-Token": self._csrf, "Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return self._exchange(f"{self.ready['staff']}/api/v1{path}", method, body, headers)

    def post(self, path: str, body: dict[str, Any], key: str | None = None) -> dict[str, Any]:
        """A write that must succeed; its answer."""
        self._keys += 1
        status, answer = self.call("POST", path, body, key or f"key-{os.getpid()}-{self._keys}")
        assert status in (200, 201), answer
        return answer

    def get(self, path: str) -> dict[str, Any]:
        """A read that must succeed; its answer."""
        status, answer = self.call("GET", path)
        assert status == 200, answer
        return answer

    def bench(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """One call of the bench; its answer."""
        method = "GET" if body is None else "POST"
        headers = {"Content-Type": "application/json"}
        status, answer = self._exchange(f"{self.ready['bench']}/bench/{path}", method, body, headers)
        assert status in (200, 202), answer
        return answer

    def png(self, url: str) -> bytes:
        """A picture's bytes."""
        with self._opener.open(url, timeout=30) as response:
            content: bytes = response.read()
            return content

    def _exchange(self, url: str, method: str, body: dict[str, Any] | None, headers: dict[str, str]) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - loopback http only
        try:
            with self._opener.open(request, timeout=30) as response:
                raw = response.read()
                return response.status, json.loads(raw) if raw else {}
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"{}")

    def facts(self, after: int = 0) -> list[dict[str, Any]]:
        """Every stored body behind a position."""
        found: list[dict[str, Any]] = []
        while True:
            url = f"{self.ready['staff']}/api/v1/facts?after={after}&limit=500"
            with self._opener.open(url, timeout=30) as response:
                lines = response.read().decode().splitlines()
                after = int(response.headers["X-Position"])
            if not lines:
                return found
            found += [json.loads(line) for line in lines]

    def wait_for_fact(self, kind: str, count: int = 1, after: int = 0) -> list[dict[str, Any]]:
        """The facts of a kind behind a position, as soon as there are ``count``."""

        def enough() -> list[dict[str, Any]] | None:
            found = [fact for fact in self.facts(after) if fact["kind"] == kind]
            return found if len(found) >= count else None

        facts: list[dict[str, Any]] = wait_until(enough, f"{count} × {kind}")
        return facts

    def tickets(self, list_: str) -> list[str]:
        """The codes of a list, as the demo wrote them for people to try."""
        with (self.data / "demo" / "tickets.csv").open(newline="") as file:
            return [row["code"] for row in csv.DictReader(file) if row["list"] == list_]

    def command(self, *words: str, code: int = 0) -> Any:
        """The JSON answer of a `boothkit` command on this box that ends with exit code ``code``."""
        argv = [sys.executable, "-m", "appliance.cli", *words, "--data", str(self.data), "--json"]
        done = subprocess.run(argv, env=self._env, capture_output=True, timeout=120, check=False)
        assert done.returncode == code, done.stderr.decode()
        return json.loads(done.stdout)
