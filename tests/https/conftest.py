"""A box with https on, and devices that reach it: real nginx, real certificates, real sockets."""

import functools
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from appliance import demo
from tests.conftest import Process, wait_until
from tests.web.conftest import TOML, Answer, Client, House

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def nginx_or_skip() -> None:
    """Without nginx there is nothing to test; where everything has to be there (CI=true) that is a fault."""
    if NGINX is None:
        missing = "nginx is missing; `make test` installs it (Debian: apt-get install nginx)"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)


@dataclass
class Device:
    """A browser without a screen, on the guests' side. ``source``: its address; ``ca``: what it has installed."""

    port: int
    ca: Path
    source: str = "127.0.0.1"
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""

    def connect(self) -> ssl.SSLSocket:
        """A TLS connection that was verified, and nothing said yet."""
        context = ssl.create_default_context(cafile=self.ca)
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30, source_address=(self.source, 0))
        return context.wrap_socket(plain, server_hostname="box.booth")

    def ask(self, method: str, path: str, raw: bytes | None = None, **headers: str) -> Answer:
        """One request; cookies are kept. ``headers``: with _ for -."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        more.setdefault("Host", f"box.booth:{self.port}")
        if self.cookies:
            more["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection("box.booth", self.port)
        connection.sock = self.connect()
        try:
            connection.request(method, path, raw, more)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        """A write of the API, as our own page sends it."""
        own = {"Origin": f"https://box.booth:{self.port}", "X_CSRF_Token": self.csrf, **headers}
        return self.ask("POST", f"/api/v1{path}", json.dumps(body).encode(), **own)

    def form(self, path: str, **fields: str) -> Answer:
        """A form of a page."""
        kind = "application/x-www-form-urlencoded"
        return self.ask("POST", path, urlencode(fields).encode(), Content_Type=kind)

    def pair(self, code: str, form: str = "one") -> Answer:
        """What is typed on the pairing page."""
        return self.form("/pair", code=code, form=form)

    def login(self, pin: str = "222222") -> Answer:
        """Sign in."""
        answer = self.post("/login", {"pin": pin})
        if answer.status == 200:
            self.csrf = answer.json["csrf"]
        return answer

    def sell(self, key: str) -> Answer:
        """A coffee for cash."""
        body = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 350}]}
        return self.post("/sales", body, Idempotency_Key=key)


class Place:
    """A house whose https runs."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.house = House(
            folder, demo.prepare, demo.ITEMS, TOML.replace("[staff]", f"[staff]\nhttps_port = {self.port}")
        )
        self.https = Process("https", self.house.data, self.house.run, self.house.toml)

    def start(self) -> None:
        """Until it answers."""
        self.https.start()
        wait_until(lambda: self.house.board("https")["state"] == "ready", "https answers")

    @property
    def ca(self) -> Path:
        return self.house.run / "pki" / "ca.pem"

    def device(self, source: str = "127.0.0.1") -> Device:
        """One that nobody knows."""
        return Device(self.port, self.ca, source)

    def code(self, name: str = "Tablet") -> str:
        """A code, as the lead's page makes it."""
        made = self.invite(name)
        assert made.status == 200, made.body
        return made.body.decode().partition("data-code>")[2].partition("<")[0]

    def invite(self, name: str) -> Answer:
        """The lead asks for a code, at the staff's own network."""
        lead, csrf = self._lead
        return lead.ask("POST", "/pairing", raw=urlencode({"csrf": csrf, "name": name}).encode())

    @functools.cached_property
    def _lead(self) -> tuple[Client, str]:
        lead = Client(self.house.url, {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.house.url})
        signed = lead.ask("POST", "/login", raw=b"pin=123456")
        lead.headers["Cookie"] = "; ".join(cookie.partition(";")[0] for cookie in signed.cookies)
        page = lead.ask("GET", "/pairing").body.decode()
        return lead, page.partition('data-csrf="')[2].partition('"')[0]

    def paired(self, name: str = "Tablet", source: str = "127.0.0.1") -> Device:
        """One that the lead let in."""
        device = self.device(source)
        assert device.pair(self.code(name)).status == 303
        return device

    def close(self) -> None:
        if self.https.process is not None and self.https.process.poll() is None:
            self.https.kill(signal.SIGTERM)
        self.house.close()


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    """One for all tests that leave it working."""
    nginx_or_skip()
    folder = Path(tempfile.mkdtemp(prefix="bk-", dir="/tmp"))
    made = None
    try:
        made = Place(folder)
        made.start()
        yield made
    finally:
        if made is not None:
            made.close()
        shutil.rmtree(folder, ignore_errors=True)


def openssl(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """The command-line program, which knows nothing of ours."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing")
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, timeout=60, check=False)
