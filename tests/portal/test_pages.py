"""The portal as a process beside a recorder: what guests see before, during and after an event, and what it refuses."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from appliance.journal.client import RecorderClient
from tests.conftest import ITEMS, Process
from tests.portal.stall import JSON, Answer, ask

TOML = '[portal]\nhost = "127.0.0.1"\nport = 0\n'


class Pair:
    """A recorder and a portal, nothing else: the journal moves only when a test moves it."""

    def __init__(self, recorder: Process, portal: Process) -> None:
        self.recorder, self.portal = recorder, portal
        self._admin = RecorderClient(portal.run, "admin")
        self._count = 0

    @property
    def url(self) -> str:
        url: str = json.loads((self.portal.run / "board" / "portal" / "page.json").read_text())["url"]
        return url

    def do(self, command: str, **data: Any) -> dict[str, Any]:
        self._count += 1
        return self._admin.send(command, data, actor="admin:test", id=f"do-{self._count}").answer

    def open_event(self, items: list[dict[str, Any]]) -> None:
        self.do("event.create", name="Markt & <b>Mehr</b>", currency="EUR", timezone="Europe/Berlin", area_m2="12")
        self.do("catalogue.import", items=items)
        self.do("event.open")
        self.do("drawer.open", float=0)

    def get(self, path: str, **headers: str) -> Answer:
        return ask(self.url, path, **headers)

    def close(self) -> None:
        self._admin.close()


@pytest.fixture
def pair(worker: Callable[..., Process]) -> Iterator[Pair]:
    """Both on a fresh folder."""
    both = Pair(worker("recorder", TOML), worker("portal", TOML))
    yield both
    both.close()


def test_the_landing_page_says_what_there_is_before_during_and_after_the_event(pair: Pair) -> None:
    assert "No event yet" in pair.get("/").text
    pair.do("event.create", name="Abendmarkt", currency="EUR", timezone="Europe/Berlin", area_m2="12")
    pair.do("catalogue.import", items=ITEMS)
    created = pair.get("/").text
    assert all(words in created for words in ("Abendmarkt", "Not open yet", "What will be sold", "€3.50"))
    pair.do("event.open")
    pair.do("drawer.open", float=0)
    opened = pair.get("/").text
    for words in ("Open now", "What is sold", "Coffee", "€24.90/kg", "You agree on the price", "you get it back"):
        assert words in opened
    assert "Sold out" not in opened
    assert "€0.00" not in opened
    tender = {"kind": "card", "amount": 24_000}
    pair.do("sale.complete", lines=[{"sku": "POSTER", "qty": 20}], tenders=[tender])
    assert pair.get("/").text.count("Sold out") == 1
    pair.do("event.close")
    closed = pair.get("/").text
    assert "Thank you for coming" in closed
    assert "Coffee" not in closed


def test_a_page_is_sent_again_only_when_the_journal_moved(pair: Pair) -> None:
    pair.open_event(ITEMS[:1])
    first = pair.get("/")
    same = pair.get("/", If_None_Match=first.headers["ETag"])
    assert (same.status, same.body, same.headers["ETag"]) == (304, b"", first.headers["ETag"])
    pair.do("catalogue.import", items=ITEMS)
    moved = pair.get("/", If_None_Match=first.headers["ETag"])
    assert moved.status == 200
    assert "Cake" in moved.text
    assert "Cake" not in first.text
    privacy = pair.get("/privacy")
    assert pair.get("/privacy", If_None_Match=privacy.headers["ETag"]).status == 304


def test_names_from_the_catalogue_are_text_and_no_markup(pair: Pair) -> None:
    pair.open_event([{"sku": "X", "name": "<script>alert(1)</script>", "price": 1, "vat": "0", "kind": "unit"}])
    page = pair.get("/").text
    assert re.findall(r"<script[^>]*>", page) == re.findall(r"<script src=\"/static/[^>]*>", page)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "Markt &amp; &lt;b&gt;" in page


def test_nothing_sets_a_cookie_and_everything_carries_the_policy(pair: Pair) -> None:
    style = pair.get("/privacy").text.split('rel="stylesheet" href="')[1].partition('"')[0]
    for path in ("/", "/privacy", "/r/x", "/r/x/proof", "/nothing", "/signup", "/wallet", "/health", style):
        answer = pair.get(path, Cookie="bk_staff=1; other=2")
        assert answer.headers["Set-Cookie"] is None
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_style_travels_compressed_and_is_kept_for_good(pair: Pair) -> None:
    style = pair.get("/privacy").text.split('rel="stylesheet" href="')[1].partition('"')[0]
    answer = pair.get(style, Accept_Encoding="gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    assert len(answer.body) < 8000


def test_what_is_not_there_says_so_to_scripts_in_their_own_words(pair: Pair) -> None:
    for path in ("/api/v1/nothing", "/api/v1", "/api"):
        answer = pair.get(path)
        assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")
        assert answer.json["type"] == "/problems/not-found"
    assert pair.get("/nothing", **JSON).headers["Content-Type"] == "application/problem+json"
    assert pair.get("/nothing").headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("host", ["captive.apple.com", "connectivitycheck.gstatic.com:80", "[::1]", "a b", "x:y:z", ""])
def test_a_phone_that_asks_for_somebody_else_is_answered(pair: Pair, host: str) -> None:
    assert pair.get("/", Host=host).status == 200


def test_what_writes_or_says_much_is_turned_away(pair: Pair) -> None:
    assert ask(pair.url, "/", "POST", b"x=1").status == 405
    assert ask(pair.url, "/r/x", "DELETE").status == 405
    assert ask(pair.url, "/", "POST", bytes(100_000)).status == 413
    assert ask(pair.url, "/", "GET", bytes(5000)).status == 413
    assert ask(pair.url, "/" + "a" * 100_000).status in (400, 431)
    assert pair.get("/").status == 200


def test_a_hundred_and_fifty_idle_phones_and_slow_ones_do_not_stop_it(pair: Pair) -> None:
    pair.open_event(ITEMS)
    parts = urlsplit(pair.url)
    assert parts.hostname
    assert parts.port
    idle = [socket.create_connection((parts.hostname, parts.port), timeout=30) for _ in range(150)]
    for number, phone in enumerate(idle):
        if number % 3 == 0:
            phone.sendall(b"GET /health HTTP/1.1\r\nHost: box\r\n\r\n")
            assert phone.recv(4096).startswith(b"HTTP/1.1 200")
        elif number % 3 == 1:
            phone.sendall(b"GET / HTTP/1.1\r\nHo")
    assert "Coffee" in pair.get("/").text
    for phone in idle:
        phone.close()


def test_it_holds_the_journal_for_reading_only_and_no_other_secret(pair: Pair) -> None:
    assert pair.get("/").status == 200
    process = pair.portal.process
    assert process is not None
    modes = {}
    for fd in os.listdir(f"/proc/{process.pid}/fd"):
        with suppress(FileNotFoundError):  # a guest's connection that has just ended
            name = os.readlink(f"/proc/{process.pid}/fd/{fd}")
            flags = Path(f"/proc/{process.pid}/fdinfo/{fd}").read_text().split("flags:")[1].split()[0]
            modes[name] = int(flags, 8) & os.O_ACCMODE
    data = {name: mode for name, mode in modes.items() if name.startswith(str(pair.portal.data))}
    assert data[str(pair.portal.data / "journal.db")] == os.O_RDONLY
    assert {Path(name).name for name in data} <= {"journal.db", "journal.db-wal", "journal.db-shm"}


def test_while_the_journal_cannot_be_read_it_says_so_and_goes_on_afterwards(pair: Pair) -> None:
    pair.open_event(ITEMS)
    pair.recorder.kill(signal.SIGTERM)
    hidden = pair.recorder.data / "journal.hidden"
    path = pair.recorder.data / "journal.db"
    path.rename(hidden)
    pair.portal.kill(signal.SIGTERM)
    pair.portal.start()
    away = pair.get("/")
    assert away.status == 503
    assert away.headers["Retry-After"]
    assert pair.get("/privacy").status == 200
    hidden.rename(path)
    pair.recorder.start()
    assert "Coffee" in pair.get("/").text


def test_a_taken_port_is_named_and_ends_the_worker_with_code_3(tmp_path: Path, run_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        config = tmp_path / "box.toml"
        config.write_text(TOML.replace("port = 0", f"port = {port}"))
        argv = [sys.executable, "-m", "appliance.cli", "worker", "portal"]
        done = subprocess.run(
            [*argv, "--config", str(config), "--data", str(tmp_path)],
            env={"BOOTHKIT_RUN": str(run_folder)},
            capture_output=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 3
    event = json.loads(done.stderr.splitlines()[-1])
    assert (event["event"], event["fields"]["port"]) == ("port.taken", port)
    assert "[portal] port" in event["fields"]["remedy"]


def test_it_ends_when_asked_and_says_where_it_was(pair: Pair) -> None:
    url = pair.url
    assert url.startswith("http://127.0.0.1:")
    assert pair.portal.kill(signal.SIGTERM) == 0
    page = json.loads((pair.portal.run / "board" / "portal" / "page.json").read_text())
    assert (page["state"], page["url"]) == ("stopping", url)
