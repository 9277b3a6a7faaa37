"""A box with a recorder and a till in processes of their own, and the clients that talk to it."""

import csv
import http.client
import json
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import pytest
from playwright.sync_api import Browser

from appliance import demo
from appliance.clock import system_clock
from appliance.config import Config
from appliance.journal.client import RecorderClient
from appliance.private.secrets import Secrets
from appliance.services.context import box_id
from appliance.services.recorder.engine import Engine, Request
from tests.conftest import Process

if TYPE_CHECKING:
    from tests.web.tablet import Tablet

TOML = """
[staff]
host = "127.0.0.1"
port = 0
[devices]
printer = "tcp://127.0.0.1:9"
[clock]
trust = "rtc"
"""
MORE_ITEMS = (
    {"sku": "BEANS", "name": "Beans", "price": 2490, "vat": "0.07", "kind": "weight", "category": "Food"},
    {"sku": "OPEN", "name": "Open price", "price": 0, "vat": "0.19", "kind": "open"},
    {"sku": "VASE", "name": "Vase, tall", "price": 4600, "vat": "0.19", "kind": "unit", "stock": 0},
    {"sku": "TRICK", "name": "<b>Tea</b> & 'milk'", "price": 250, "vat": "0.07", "kind": "unit"},
)
_keys = count(1)


@dataclass
class Answer:
    """An answer of the till."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def cookies(self) -> list[str]:
        """What Set-Cookie says, one text a cookie."""
        return self.headers.get_all("Set-Cookie") or []

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def slug(self) -> str:
        """What the problem is called."""
        assert self.headers["Content-Type"] == "application/problem+json"
        assert self.json["status"] == self.status
        assert self.json["title"]
        type_: str = self.json["type"]
        return type_.removeprefix("/problems/")


@dataclass
class Client:
    """A script or a browser without a screen. ``headers`` go with every request."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: Any) -> Answer:
        """One request; ``body`` as JSON, or ``raw`` bytes. ``headers``: with _ for -."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        host = urlsplit(self.url).netloc
        connection = http.client.HTTPConnection(host, timeout=30)
        try:
            connection.request(method, path, data, {**self.headers, **more})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: Any) -> Answer:
        """A read of the API."""
        return self.ask("GET", f"/api/v1{path}", **headers)

    def post(self, path: str, body: Any = None, *, key: str | None = None, **headers: Any) -> Answer:
        """A write of the API with a fresh key, or the one given."""
        chosen = key or f"key-{next(_keys)}"
        return self.ask("POST", f"/api/v1{path}", body, Idempotency_Key=chosen, **headers)

    def sell(self, *lines: dict[str, Any], cash: int, key: str | None = None) -> Answer:
        """A sale for cash."""
        body = {"lines": list(lines), "tenders": [{"kind": "cash", "amount": cash}]}
        return self.post("/sales", body, key=key)


class House:
    """The box: its folders, its two workers, its people."""

    def __init__(
        self,
        folder: Path,
        prepare: Callable[[Path, Config], None],
        items: Iterable[dict[str, Any]],
        toml: str = TOML,
    ) -> None:
        self.data, self.run = folder / "data", folder / "run"
        self.toml = toml
        self.run.mkdir()
        self.data.mkdir()
        config = msgspec.convert({"devices": {"printer": "tcp://127.0.0.1:9"}, "clock": {"trust": "rtc"}}, Config)
        prepare(self.data, config)
        secrets = Secrets(self.data, system_clock("rtc"))
        secrets.add("Cleo", "door", "333333")
        self.tokens = {staff.name: secrets.issue_token(staff) for staff in secrets.staff()}
        secrets.close()
        self.recorder = Process("recorder", self.data, self.run, toml)
        self.recorder.start()
        self.url = "http://127.0.0.1:0"
        self.start_till()
        self.admin = RecorderClient(self.run, "admin")
        self.device = RecorderClient(self.run, "device")
        if listed := list(items):
            self.admin.send("catalogue.import", {"items": listed}, actor="admin:test", id="items")
        tickets = self.data / "demo" / "tickets.csv"
        rows = list(csv.DictReader(tickets.read_text().splitlines())) if tickets.exists() else []
        self._codes = {name: iter([row["code"] for row in rows if row["list"] == name]) for name in ("general", "vip")}

    def start_till(self) -> None:
        """A new till process, at the address where the last one was."""
        port = self.url.rpartition(":")[2]
        self.till = Process("till", self.data, self.run, self.toml.replace("port = 0", f"port = {port}"))
        self.till.start()
        self.url = self.board("till")["url"]

    def board(self, name: str) -> Any:
        """What a worker shows of itself."""
        return json.loads((self.run / "board" / name / "page.json").read_text())

    def client(self, name: str = "Ada") -> Client:
        """A script with somebody's token."""
        return Client(self.url, {"Authorization": f"Bearer {self.tokens[name]}"})

    def ticket(self, list_: str = "general") -> str:
        """A code that nobody has shown yet."""
        return next(self._codes[list_])

    def facts(self, kind: str) -> list[Any]:
        """All facts of a kind."""
        after, found = 0, []
        while lines := (answer := self.client().get(f"/facts?after={after}")).body.splitlines():
            found += [body for line in lines if (body := json.loads(line))["kind"] == kind]
            after = int(answer.headers["X-Position"])
        return found

    def close(self) -> None:
        """End both workers, whatever state they are in."""
        self.admin.close()
        self.device.close()
        for worker in (self.till, self.recorder):
            if worker.process is not None and worker.process.poll() is None:
                worker.kill(signal.SIGKILL)


def empty(data: Path, config: Config) -> None:
    """A box that was just unpacked: a lead and a cashier, no event."""
    Engine(data, config, system_clock("rtc"), box_id(config, data)).close()
    with closing(Secrets(data, system_clock("rtc"))) as secrets:
        secrets.add("Ada", "lead", "123456")
        secrets.add("Ben", "cashier", "222222")


def without_drawer(data: Path, config: Config) -> None:
    """An open event, and no drawer."""
    empty(data, config)
    engine = Engine(data, config, system_clock("rtc"), box_id(config, data))
    event = {"name": "Bare", "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "9"}
    for command, asked in (("event.create", event), ("event.open", {})):
        assert engine.execute([Request("admin", command, command, "admin:test", asked)])[0]["ok"]
    engine.close()


def swiss(data: Path, config: Config) -> None:
    """An event in a currency whose smallest coin is worth five of its minor units, with a drawer."""
    empty(data, config)
    engine = Engine(data, config, system_clock("rtc"), box_id(config, data))
    event = {"name": "Seefest", "currency": "CHF", "timezone": "Europe/Zurich", "area_m2": "9"}
    for command, asked in (("event.create", event), ("event.open", {}), ("drawer.open", {"float": 10_000})):
        assert engine.execute([Request("admin", command, command, "admin:test", asked)])[0]["ok"]
    engine.close()


def new_house(
    prepare: Callable[[Path, Config], None] = demo.prepare,
    items: Iterable[dict[str, Any]] = (*demo.ITEMS, *MORE_ITEMS),
    toml: str = TOML,
) -> Iterator[House]:
    """A house on a short path (unix sockets), gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="bk-", dir="/tmp"))
    house = None
    try:
        house = House(folder, prepare, items, toml)
        yield house
    finally:
        if house is not None:
            house.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    """One for all tests that leave it working."""
    yield from new_house()


@pytest.fixture
def own_house() -> Iterator[House]:
    """One to take apart."""
    yield from new_house()


@pytest.fixture
def bare_house() -> Iterator[House]:
    """One whose drawer nobody has opened."""
    yield from new_house(without_drawer)


@pytest.fixture
def swiss_house() -> Iterator[House]:
    """One that pays in coins of five."""
    yield from new_house(swiss, [{"sku": "TEA", "name": "Tea", "price": 443, "vat": "0.081", "kind": "unit"}])


@pytest.fixture
def empty_house() -> Iterator[House]:
    """One without an event, without items."""
    yield from new_house(empty, ())


@pytest.fixture
def new_tablet(house: House, chromium: Browser) -> Iterator[Callable[..., "Tablet"]]:
    """Tablets of the shared house; nothing on them may complain or look elsewhere."""
    from tests.web.tablet import new_tablets

    yield from new_tablets(house, chromium)


@pytest.fixture
def lone(own_house: House, chromium: Browser) -> Iterator["Tablet"]:
    """A tablet of a house that may fall silent, so it may complain about that."""
    from tests.web.tablet import Tablet

    tablet = Tablet(chromium, own_house)
    yield tablet
    tablet.close()
    assert tablet.elsewhere == []
    assert [fault for fault in tablet.faults if "Failed to load resource" not in fault] == []
