"""What a person does at a box in a container: commands as root, calls at the till, and devices at its other ends."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.conftest import wait_until
from tests.system.container import Container

_FETCH = """
import json, sys, urllib.error, urllib.request
ask = json.load(sys.stdin)
body = None if ask["body"] is None else json.dumps(ask["body"]).encode()
request = urllib.request.Request(ask["url"], body, ask["headers"], method=ask["method"])
try:
    with urllib.request.urlopen(request, timeout=30) as answer:
        said = [answer.status, answer.read().decode()]
except urllib.error.HTTPError as error:
    said = [error.code, error.read().decode()]
json.dump(said, sys.stdout)
"""


def boothkit(box: Container, *words: str) -> Any:
    """The JSON answer of a command, given as root; also of one that says that something is not fine."""
    done = box.run(["boothkit", *words, "--json"], check=False)
    assert done.returncode in (0, 1), f"{words} ended with {done.returncode}: {done.stderr}"
    return json.loads(done.stdout)


def facts(box: Container) -> list[str]:
    """Every stored body."""
    return box.run(["boothkit", "journal", "tail", "--json", "--lines", "100000"]).stdout.splitlines()


def wait_for_fact(box: Container, kind: str) -> dict[str, Any]:
    """The data of the first fact of a kind, as soon as there is one."""

    def found() -> dict[str, Any] | None:
        bodies = (json.loads(body) for body in facts(box))
        return next((body["data"] for body in bodies if body["kind"] == kind), None)

    data: dict[str, Any] = wait_until(found, kind)
    return data


def fetch(
    box: Container, url: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> tuple[int, str]:
    """One HTTP exchange inside the box, a POST when there is a body: status and text."""
    ask = {"url": url, "body": body, "headers": {"Content-Type": "application/json", **(headers or {})}}
    ask["method"] = "GET" if body is None else "POST"
    done = box.run(["python3", "-I", "-c", _FETCH], input=json.dumps(ask))
    status, text = json.loads(done.stdout)
    return status, text


_keys = count(1)


class Till:
    """The staff API with a token of its own."""

    def __init__(self, box: Container, name: str, role: str) -> None:
        said = box.run(["boothkit", "staff", "add", name, "--role", role, "--token"]).stdout
        self._box = box
        self._token: str = json.loads(said.splitlines()[-1])["token"]

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A write that must succeed; its answer."""
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": f"key-{next(_keys)}"}
        status, text = fetch(self._box, f"http://127.0.0.1:8080/api/v1{path}", body, headers)
        assert status in (200, 201), text
        answer: dict[str, Any] = json.loads(text)
        return answer


class Emulated:
    """A running emulator. ``said``: all of its output so far."""

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self._process = process
        self._output = output

    @property
    def said(self) -> str:
        return self._output.read_text()

    def line(self, text: str) -> None:
        """A line on its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()


@contextmanager
def emulated(box: Container, user: str, *words: str) -> Iterator[Emulated]:
    """`boothkit emulate …` in the box, as a user of it, for as long as the context lasts or the box is up."""
    output = box.data.parent / f"{words[0]}.said"
    with box.popen(["boothkit", "emulate", *words], output, user=user) as process:
        try:
            wait_until(lambda: process.poll() is not None or '"ready"' in output.read_text(), f"the {words[0]}")
            assert process.poll() is None, output.read_text()
            yield Emulated(process, output)
        finally:
            process.terminate()
