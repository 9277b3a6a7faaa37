"""Typing into a box over its real interfaces, also what no honest client sends."""

import http.client
import json
import socket
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from appliance.journal import wire
from tests.canaries.aviary import Aviary
from tests.canaries.inventory import HEADERS

_PATIENCE_S = 20.0
_SILENCE_S = 0.5
_FIELDS = ("verb", "key", "pick", "walk", "people", "paper", "device", "float", "lines", "direction", "soc")


@dataclass
class Browser:
    """Somebody at one of the box's apps. ``cookies`` are kept as a browser keeps them."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body; of an endless stream the status alone."""
        parts = urlsplit(self.url)
        sent = {"Origin": self.url, "X-CSRF-Token": self.csrf, "Content-Type": "application/json", **(headers or {})}
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent["Cookie"] = "; ".join(filter(None, (cookies, sent.get("Cookie"))))
        with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_PATIENCE_S)) as link:
            link.request(method, path, body, {name: value.encode() for name, value in sent.items()})
            answer = link.getresponse()
            for line in answer.headers.get_all("Set-Cookie", []):
                self.cookies.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
            endless = answer.headers.get_content_type() == "text/event-stream"
            return answer.status, b"" if endless else answer.read()

    def send(self, path: str, body: dict[str, Any], key: str) -> tuple[int, dict[str, Any]]:
        """A write of the staff API; status and answer."""
        status, answer = self.ask("POST", f"/api/v1{path}", json.dumps(body).encode(), {"Idempotency-Key": key})
        return status, json.loads(answer)

    def sign_in(self, pin: str) -> tuple[int, dict[str, Any]]:
        """With a PIN; status and answer."""
        status, answer = self.send("/login", {"pin": pin}, "unused")
        self.csrf = answer.get("csrf", "")
        return status, answer

    def everywhere(self, aviary: Aviary, endpoint: str) -> int:
        """Ask one endpoint, as the inventory names it, with a canary in every part of the request; the status."""
        _, method, path = endpoint.split(" ")

        def canary() -> str:
            return aviary.text(endpoint)

        while "{" in path:
            before, _, rest = path.partition("{")
            path = before + quote(canary()) + rest.partition("}")[2]
        headers = {name: canary() for name in HEADERS if name != "X-CSRF-Token" or not self.csrf}
        headers["Cookie"] = f"note={quote(canary())}"
        body = None
        if method == "POST":
            headers["Idempotency-Key"] = aviary.text("Idempotency-Key")
            fields = {name: canary() for name in ("verb", "key", "code", "pick", "walk", "people", "paper", canary())}
            if path.startswith(("/api/", "/bench/")):
                body = json.dumps(fields).encode()
            else:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
                body = urlencode({**fields, "csrf": self.csrf}).encode()
        return self.ask(
            method, f"{path}?{urlencode({'next': canary(), 'after': canary(), canary(): '1'})}", body, headers
        )[0]


def throw(url: str, request: bytes, until: bytes = b"") -> bytes:
    """Bytes at a port; what came back until the other end closed, or half a second said nothing. ``until``: what to
    wait for, however long that takes."""
    parts = urlsplit(url)
    answer = b""
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=_PATIENCE_S) as link:
        try:
            link.sendall(request)
            if not until:
                link.settimeout(_SILENCE_S)
            while (piece := link.recv(65_536)) and not (until and until in answer + piece):
                answer += piece
            answer += piece
        except (TimeoutError, ConnectionError):
            pass  # it may stop reading in the middle of nonsense
    return answer


def broken_requests(aviary: Aviary) -> list[bytes]:
    """What no app gets to see as it was meant."""

    def canary() -> bytes:
        return aviary.word("broken request").encode()

    def post(body: bytes, *more: bytes, path: bytes = b"/api/v1/login") -> bytes:
        head = (b"POST %s HTTP/1.1" % path, b"Host: here", b"Connection: close", *more)
        return b"\r\n".join((*head, b"Content-Length: %d" % len(body), b"", body))

    deep = b"[" * 20_000 + b'"%s"' % canary()
    form = b'--x\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n%s\r\n' % (
        (canary(), canary(), canary())
    )
    return [
        b"%s %s %s\r\n\r\n" % (canary(), canary(), canary()),
        b"GET /%s HTTP/9.%s\r\n\r\n" % (canary(), canary()),
        b"GET //[%s HTTP/1.1\r\nHost: [%s\r\nConnection: close\r\n\r\n" % (canary(), canary()),
        b"GET http://[%s]/ HTTP/1.1\r\nConnection: close\r\n\r\n" % canary(),
        b"GET http://[%s/ HTTP/1.1\r\nHost: \xff\xfe%s\r\nConnection: close\r\n\r\n" % (canary(), canary()),
        b"GET /%%ff%%00%s HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n" % canary(),
        b"GET / HTTP/1.1\r\n%s\r\nno colon %s\r\n\r\n" % (canary(), canary()),
        b"GET / HTTP/1.1\r\nHost: here\r\nX-Long: %s%s\r\n\r\n" % (canary(), b"x" * 40_000),
        b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: %s\r\n\r\n" % canary(),
        b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: %s\r\n\r\n" % canary(),
        b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n\r\n" % canary(),
        post(b"%s" % canary()),
        post(b'{"pin": "%s", "pin": "%s"}' % (canary(), canary())),
        post(b'{"pin": "\\ud800%s"}' % canary()),
        post(b'{"pin": "\xff%s"}' % canary()),
        post(b'{"pin": 1.5, "%s": NaN}' % canary()),
        post(deep),
        post(canary() * 20_000),
        post(canary() * 120_000),
        post(form + b"--x--\r\n", b"Content-Type: multipart/form-data; boundary=x", path=b"/login"),
        post(form, b"Content-Type: multipart/form-data; boundary=%s" % canary(), path=b"/login"),
        post(canary(), b"Content-Type: %s; charset=%s" % (canary(), canary()), path=b"/login"),
        post(canary(), b"Expect: %s" % canary(), b"Content-Encoding: %s" % canary()),
    ]


def frame(path: Path, raw: bytes) -> dict[str, Any]:
    """One message on one of the box's own sockets; the answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
        link.settimeout(_PATIENCE_S)
        link.connect(str(path))
        link.send(raw)
        answer: dict[str, Any] = json.loads(link.recv(wire.MAX_FRAME + 1))
        return answer


def boothkit(*words: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[bytes]":
    """A command, until it ends."""
    argv = [sys.executable, "-m", "appliance.cli", *words]
    return subprocess.run(argv, capture_output=True, timeout=60, check=False, env=env)
