"""What tests share: a box's engine in this process, and a recorder in one of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import msgspec
import pytest

from appliance.clock import FakeClock
from appliance.config import Config
from appliance.services.recorder.engine import Engine, Reply, Request
from tools.browser import CHROMIUM, browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from xdist.scheduler import LoadScopeScheduling

# A busy machine is no fault of the code: no example has a deadline.
hypothesis.settings.register_profile("boothkit", deadline=None)
hypothesis.settings.load_profile("boothkit")

ITEMS = [
    {"sku": "COFFEE", "name": "Coffee", "price": 350, "vat": "0.19", "kind": "unit"},
    {"sku": "CAKE", "name": "Cake", "price": 420, "vat": "0.07", "kind": "unit"},
    {"sku": "POSTER", "name": "Poster", "price": 1200, "vat": "0.07", "kind": "unit", "stock": 20},
    {"sku": "CUP", "name": "Cup deposit", "price": 200, "vat": "0", "kind": "deposit"},
    {"sku": "BEANS", "name": "Beans", "price": 2490, "vat": "0.07", "kind": "weight"},
    {"sku": "OPEN", "name": "Open price", "price": 0, "vat": "0.19", "kind": "open"},
]


PATIENCE_MS = 30_000
"""For what a page is to show: a machine that is busy is no fault of the page."""

_LAST_LINES, _WIDEST = 12, 300
_LONGEST = ("system", "torture", "powercut", "e2e", "faults", "canaries")
"""Folders whose tests take minutes, the longest first: begun last they would leave a process without work."""
_SHARED = ("system",)
"""Folders whose files share something dear, such as a Debian tree."""


def _folder(nodeid: str) -> str:
    return nodeid.removeprefix("tests/").partition("/")[0]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share the suite, each begins with what takes long."""
    if hasattr(config, "workerinput"):
        ranks = {folder: rank for rank, folder in enumerate(_LONGEST)}
        items.sort(key=lambda item: ranks.get(_folder(item.nodeid), len(ranks)))


def pytest_configure(config: pytest.Config) -> None:
    """Where several processes share the suite, what failed is named at once: a run that is cut off by its budget would
    never say."""
    if config.getoption("numprocesses", None):
        config.pluginmanager.register(_AtOnce(config), "at_once")


class _AtOnce:
    """Names what failed as soon as it has, with the end of why."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and (terminal := self._config.pluginmanager.get_plugin("terminalreporter")) is not None:
            terminal.write_line("")
            terminal.write_line(f"{report.nodeid}: failed in its {report.when}", red=True)
            for line in report.longreprtext.splitlines()[-_LAST_LINES:]:
                terminal.write_line(f"  {line[:_WIDEST]}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "LoadScopeScheduling":
    """Processes that share the suite (`make test`) take a file at a time, so that what it starts is started once."""
    from xdist.scheduler import LoadScopeScheduling

    class Files(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return folder if (folder := _folder(nodeid)) in _SHARED else nodeid.partition("::")[0]

    return Files(config, log)


class EngineBox:
    """An engine on a folder, with a clock that stands still until it is moved."""

    def __init__(
        self, data: Path, config: Config | None = None, clock: FakeClock | None = None, box: str = "box-7"
    ) -> None:
        self.data = data
        self.clock = clock or FakeClock()
        self.config = config or msgspec.convert({"devices": {"printer": "tcp://127.0.0.1:9"}}, Config)
        self.engine = Engine(data, self.config, self.clock, box)
        self._count = 0

    def ask(
        self,
        command: str,
        data: dict[str, Any],
        *,
        id: str | None = None,
        actor: str = "admin:test",
        role: Any = "admin",
    ) -> Reply:
        """One command; its reply, whatever it is."""
        self._count += 1
        ident = id or f"t{self.engine.store.pos}-{self._count}"
        return self.engine.execute([Request(role, ident, command, actor, data)])[0]

    def do(self, command: str, **data: Any) -> dict[str, Any]:
        """One command that must be carried out; its answer."""
        reply = self.ask(command, data)
        assert reply["ok"], reply
        answer: dict[str, Any] = reply["answer"]
        return answer

    def open_event(self) -> str:
        """An open event with items, a drawer and a list."""
        event: str = self.do("event.create", name="Abendmarkt", currency="EUR", timezone="Europe/Berlin", area_m2="12")[
            "event"
        ]
        self.do("catalogue.import", items=ITEMS)
        self.do("list.define", list="general", entry="single")
        self.do("event.open")
        self.do("drawer.open", float=10_000)
        return event

    def bodies(self) -> list[str]:
        """Every stored body in order."""
        return [row["body"] for row in self.engine.store.db.execute("SELECT body FROM fact ORDER BY pos")]

    def kinds(self) -> list[str]:
        """Every stored kind in order."""
        return [msgspec.json.decode(body)["kind"] for body in self.bodies()]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[EngineBox]:
    """An engine on a fresh folder."""
    fresh = EngineBox(tmp_path / "data")
    yield fresh
    fresh.engine.close()


@pytest.fixture
def run_folder() -> Iterator[Path]:
    """A short folder for unix sockets (their paths have at most 107 bytes)."""
    folder = Path(tempfile.mkdtemp(prefix="bk-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """The condition's first true value; fails saying what was waited for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


class Process:
    """A worker in a process of its own."""

    def __init__(self, name: str, data: Path, run: Path, config: str = "") -> None:
        self.name, self.data, self.run = name, data, run
        self._config = run / "test.toml"
        self._config.write_text(config)
        self.process: subprocess.Popen[bytes] | None = None
        self.log = run / f"{name}.log"

    def start(self) -> None:
        """Start it, and wait until it says READY=1."""
        path = self.run / f"{self.name}.notify"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, self.log.open("ab") as log:
            notify.bind(str(path))
            notify.settimeout(0.05)
            argv = [sys.executable, "-m", "appliance.cli", "worker", self.name]
            argv += ["--data", str(self.data), "--config", str(self._config)]
            env = {**os.environ, "BOOTHKIT_RUN": str(self.run), "NOTIFY_SOCKET": str(path)}
            self.process = subprocess.Popen(argv, env=env, stderr=log)
            wait_until(lambda: self._says_ready(notify), f"{self.name} ready")

    def _says_ready(self, notify: socket.socket) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return b"READY=1" in notify.recv(4096)
        except TimeoutError:
            return False

    def kill(self, how: signal.Signals = signal.SIGKILL) -> int:
        """End it; its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(20)


@pytest.fixture
def worker(tmp_path: Path, run_folder: Path) -> Iterator[Callable[..., Process]]:
    """Starts workers on the test's folders and ends them with the test."""
    started: list[Process] = []

    def start(name: str, config: str = "") -> Process:
        process = Process(name, tmp_path / "data", run_folder, config)
        started.append(process)
        process.start()
        return process

    yield start
    for process in started:
        if process.process is not None and process.process.poll() is None:
            process.kill()


AXE = Path(__file__).parent / "browser" / "node_modules" / "axe-core" / "axe.min.js"
ASK = """async () => { if (!("axe" in window)) { %s }
  return (await axe.run(document, {resultTypes: ["violations"]})).violations.flatMap((rule) => rule.nodes.map(
    (node) => `${rule.id}: ${node.html.slice(0, 120)}: ${node.failureSummary.replace(/\\s+/g, " ")}`)) }"""


@pytest.fixture(scope="session")
def axe() -> str:
    """What a page is asked for its violations of axe-core's rules; the answer is a list of texts."""
    if not AXE.exists():
        pytest.skip(f"{AXE} is missing; `make test` fetches it with npm")
    return ASK.replace("%s", AXE.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """A real browser, one for all tests."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing (Debian: sudo apt-get install chromium)")
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE_MS)
    with browser() as running:
        yield running
