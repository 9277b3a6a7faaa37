"""The guests' air: a phone, the box and the real firewall in network namespaces, and somebody who hears every byte."""

import http.cookies
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from appliance.services.configuration import settle
from tests.conftest import wait_until
from tests.https.conftest import nginx_or_skip
from tests.systemd.conftest import SYSTEMD, Namespace, needs, peopled

__all__ = ["peopled"]

TOML = """
[staff]
host = "0.0.0.0"
https_port = 8443
[portal]
host = "0.0.0.0"
port = 80
"""
PLAIN, HTTPS = "http://10.77.0.1:8080", "https://10.77.0.1:8443"
PIN = "123456"

# One HTTP exchange; what is asked on standard input, what was said on standard output.
ASK = """
import http.client, json, ssl, sys
from urllib.parse import urlsplit
ask = json.load(sys.stdin)
url = urlsplit(ask["url"])
if url.scheme == "https":
    link = http.client.HTTPSConnection(url.netloc, timeout=30, context=ssl.create_default_context(cafile=ask["ca"]))
else:
    link = http.client.HTTPConnection(url.netloc, timeout=30)
try:
    link.request(ask["method"], url.path, ask["body"], ask["headers"])
    answer = link.getresponse()
    said = [answer.status, answer.getheaders(), answer.read().decode(errors="replace")]
except OSError as error:
    said = [0, [], type(error).__name__]
json.dump(said, sys.stdout)
"""

# Every frame on the guests' side, into a file, until the end of standard input.
LISTEN = """
import select, socket, sys
everything = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
everything.bind(("eth0", 0))
with open(sys.argv[1], "wb") as file:
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([everything, sys.stdin], [], [])
        if everything in ready:
            file.write(everything.recv(65535))
        elif sys.stdin in ready:
            break
"""

# So many TLS connections from one address, kept and silent, until the end of standard input.
IDLE = """
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
kept, refused = [], 0
for _ in range(int(sys.argv[2])):
    try:
        plain = socket.create_connection(("10.77.0.1", 8443), 10, source_address=("10.77.0.66", 0))
        kept.append(context.wrap_socket(plain, server_hostname="box.booth"))
    except ConnectionRefusedError:
        refused += 1
print(len(kept), refused, flush=True)
sys.stdin.read()
"""


class Air:
    """The box with ap0, and a phone at its other end."""

    def __init__(self, peopled: Path, folder: Path) -> None:
        self.folder = folder
        self.box = Namespace(
            f"mount --bind {peopled}/etc/passwd /etc/passwd; mount --bind {peopled}/etc/group /etc/group;"
            "mount -t tmpfs tmpfs /run; mkdir /run/boothkit"
        )
        self.phone = Namespace()
        self.box.run("ip", "link", "add", "ap0", "type", "veth", "peer", "eth0", "netns", str(self.phone.pid))
        for place, device, own in (
            (self.box, "ap0", "10.77.0.1/24"),
            (self.phone, "eth0", "10.77.0.20/24"),
            (self.phone, "eth0", "10.77.0.66/24"),
        ):
            place.run("ip", "address", "add", own, "dev", device)
            place.run("ip", "link", "set", device, "up")
        (folder / "box.toml").write_text(TOML)
        argv = [sys.executable, "-m", "appliance.cli", "up", "--demo", "--data", str(folder / "box")]
        argv += ["--config", str(folder / "box.toml"), "--staff-port", "8080", "--bench-port", "0"]
        with (folder / "log").open("wb") as log:
            self._up = subprocess.Popen(self.box.argv(*argv), stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._up.stdout is not None
        line = self._up.stdout.readline()
        assert line, (folder / "log").read_text()[-3000:]
        self.run = Path(json.loads(line)["run"])
        page = self.run / "board" / "https" / "page.json"
        wait_until(lambda: page.exists() and json.loads(page.read_text())["state"] == "ready", "https answers")

    def load(self) -> None:
        """The firewall, as the box's own configuration makes it."""
        run, kept = self.folder / "settled", self.folder / "kept"
        for made in (run / "secret", kept):
            made.mkdir(parents=True, exist_ok=True)
        settle(run, kept, self.folder / "box.toml")
        self.box.run("cp", run / "firewall.nft", "/run/boothkit/firewall.nft")
        self.box.run("nft", "-f", SYSTEMD / "boothkit.nft")

    def unload(self) -> None:
        """No firewall."""
        self.box.run("nft", "flush", "ruleset")

    @contextmanager
    def heard(self, name: str) -> Iterator[Path]:
        """All that is on the guests' air meanwhile."""
        file = self.folder / name
        argv = self.phone.argv(sys.executable, "-c", LISTEN, file)
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as listener:
            assert listener.stdout is not None
            assert listener.stdout.readline() == "ready\n"
            yield file
            listener.communicate("")

    def close(self) -> None:
        self._up.terminate()
        self._up.communicate(timeout=60)
        for place in (self.box, self.phone):
            place.close()


class Browser:
    """A browser in a place. ``seen``: what nobody else may learn of it."""

    def __init__(self, air: Air, place: Namespace, url: str) -> None:
        self._air, self._place, self.url = air, place, url
        self.cookies: dict[str, str] = {}
        self.csrf = ""

    @property
    def secrets(self) -> list[str]:
        return [PIN, self.csrf, *self.cookies.values()]

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str]:
        """Status and text; status 0 and the error's name when there was no answer."""
        said = {name.replace("_", "-"): value for name, value in headers.items()} | {"Origin": self.url}
        if self.cookies:
            said["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        ask = {"url": self.url + path, "method": method, "headers": said, "body": body}
        ask["ca"] = str(self._air.run / "pki" / "ca.pem")
        argv = self._place.argv(sys.executable, "-c", ASK)
        done = subprocess.run(argv, input=json.dumps(ask), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        status, fields, text = json.loads(done.stdout)
        for name, value in fields:
            if name.lower() == "set-cookie":
                for key, morsel in http.cookies.SimpleCookie(value).items():
                    self.cookies[key] = morsel.value
        return status, text

    def form(self, path: str, **fields: str) -> tuple[int, str]:
        return self.ask("POST", path, urlencode(fields), Content_Type="application/x-www-form-urlencoded")

    def login(self) -> int:
        status, text = self.ask("POST", "/api/v1/login", json.dumps({"pin": PIN}))
        if status == 200:
            self.csrf = json.loads(text)["csrf"]
        return status

    def sell(self, key: str) -> tuple[int, Any]:
        body = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 350}]}
        more = {"X_CSRF_Token": self.csrf, "Idempotency_Key": key}
        status, text = self.ask("POST", "/api/v1/sales", json.dumps(body), **more)
        return status, json.loads(text)


@pytest.fixture(scope="module")
def air(peopled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Air]:
    nginx_or_skip()
    needs("unshare", "nsenter", "ip", "nft", root=True)
    made = Air(peopled, tmp_path_factory.mktemp("air"))
    yield made
    made.close()


def code(air: Air) -> str:
    """The lead makes one, at the box itself."""
    lead = Browser(air, air.box, "http://127.0.0.1:8080")
    assert lead.login() == 200
    status, page = lead.form("/pairing", csrf=lead.csrf, name="Tablet")
    assert status == 200, page
    found = re.search(r"data-code>([0-9A-Z-]{11})<", page)
    assert found is not None
    return found[1]


def test_who_listens_on_the_air_hears_no_pin_no_cookie_and_no_token(air: Air) -> None:
    air.unload()
    control = Browser(air, air.phone, PLAIN)
    with air.heard("plain") as plain:
        assert control.login() == 200
        assert control.sell("plain")[0] == 201
    # Over plain http all of it can be heard: so the listener would hear it.
    assert len(control.secrets) == 4
    assert {secret for secret in control.secrets if secret.encode() in plain.read_bytes()} == set(control.secrets)

    air.load()
    shown = code(air)
    phone = Browser(air, air.phone, HTTPS)
    with air.heard("https") as https:
        assert control.ask("GET", "/login") == (0, "ConnectionRefusedError")
        assert phone.login() == 403
        assert phone.form("/pair", code=shown, form="one")[0] == 303
        assert phone.login() == 200
        status, sale = phone.sell("https")
        assert (status, sale["total"]) == (201, 350)
    heard = https.read_bytes()
    assert len(phone.secrets) == 5
    assert [secret for secret in [*phone.secrets, shown, "bk_staff", "COFFEE"] if secret.encode() in heard] == []
    assert b"\x16\x03\x01" in heard, "it was there: a TLS handshake"
    assert (8443).to_bytes(2, "big") in heard


def test_from_the_guests_side_the_plain_port_does_not_answer_and_a_stranger_sees_no_pin(air: Air) -> None:
    air.load()
    assert Browser(air, air.phone, PLAIN).ask("GET", "/login") == (0, "ConnectionRefusedError")
    stranger = Browser(air, air.phone, HTTPS)
    assert stranger.ask("GET", "/login")[0] == 302
    status, page = stranger.ask("GET", "/pair")
    assert (status, "Pair this device" in page, "PIN" in page) == (200, True, False)
    assert stranger.login() == 403
    assert Browser(air, air.phone, "http://10.77.0.1").ask("GET", "/")[0] == 200


def test_two_hundred_idle_connections_of_one_guest_stop_nobody_else(air: Air) -> None:
    air.load()
    phone = Browser(air, air.phone, HTTPS)
    assert phone.form("/pair", code=code(air), form="two")[0] == 303
    argv = air.phone.argv(sys.executable, "-c", IDLE, air.run / "pki" / "ca.pem", "200")
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as guest:
        assert guest.stdout is not None
        kept, refused = map(int, guest.stdout.readline().split())
        assert (kept, refused) == (40, 160)
        assert phone.login() == 200
        assert phone.sell("beside-the-idle")[0] == 201
        guest.communicate("")
