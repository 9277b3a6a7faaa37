"""A bench worker in a process of its own, and what a script and a browser do with it."""

import http.client
import json
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from appliance import board
from drivers.emulators.bench import uris
from tests.conftest import Process
from tests.drivers.conftest import Pump, pump

__all__ = ["Pump", "pump"]

GENERAL = [f"GENERAL-{number}" for number in range(3)]
VIP = ["VIP-0"]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Hands:
    """The worker ``bench`` on emulated devices; its data folder holds four made-up tickets unless it is given."""

    def __init__(self, data: Path | None = None, printer: str | None = None) -> None:
        self.run = Path(tempfile.mkdtemp(prefix="bk-", dir="/tmp"))
        self.data = data or self.run / "data"
        self.devices = uris(self.run / "devices", free_port())
        configured = {**self.devices, **({"printer": printer} if printer else {})}
        lines = [f'{name} = "{uri}"' for name, uri in configured.items()]
        config = "\n".join(["[bench]", "port = 0", "[devices]", *lines])
        if data is None:
            (self.data / "demo").mkdir(parents=True)
            rows = [*((code, "general") for code in GENERAL), *((code, "vip") for code in VIP)]
            text = "".join(f"{code},Ana Amber,{list_}\r\n" for code, list_ in rows)
            (self.data / "demo" / "tickets.csv").write_text(f"code,holder,list\r\n{text}")
        self.worker = Process("bench", self.data, self.run, config)
        self.worker.start()
        self.url: str = board.read_all(self.run)["bench"]["url"]

    def close(self) -> None:
        process = self.worker.process
        if process is not None and process.poll() is None:
            self.worker.kill()
        shutil.rmtree(self.run)

    @property
    def printer(self) -> tuple[str, int]:
        """Where its printer listens."""
        at = urlsplit(self.devices["printer"])
        return "127.0.0.1", at.port or 0

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        """One exchange, redirects not followed."""
        at = urlsplit(self.url)
        connection = http.client.HTTPConnection("127.0.0.1", at.port or 0, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        """JSON, as a script sends it."""
        return self.ask("POST", f"/bench/{path}", json.dumps(body).encode(), headers)

    def form(self, section: str, body: str) -> Answer:
        """A form, as a browser without scripts sends it."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.url}
        return self.ask("POST", f"/hands/{section}", body.encode(), headers)

    def print_bytes(self, data: bytes) -> None:
        """Until the printer has done it all: GS r 1 is answered in the order of the data."""
        with socket.create_connection(self.printer, timeout=20) as line:
            line.sendall(data + b"\x1dr\x01")
            assert line.recv(1)

    def paper_sensor(self) -> int:
        """The printer's answer to DLE EOT 4."""
        with socket.create_connection(self.printer, timeout=20) as line:
            line.sendall(b"\x10\x04\x04")
            return line.recv(1)[0]


@pytest.fixture(scope="module")
def hands() -> Iterator[Hands]:
    """One for all tests that leave its plugs in."""
    bench = Hands()
    yield bench
    bench.close()


@pytest.fixture
def own_hands() -> Iterator[Hands]:
    """One to take apart."""
    bench = Hands()
    yield bench
    bench.close()
