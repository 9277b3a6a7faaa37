"""A box with a real recorder and a real uplink, against a real broker."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from tests.brokers import Broker, broker, central
from tests.conftest import Process, wait_until

__all__ = ["broker", "central"]

CONFIG = """
[box]
id = "box-7"
cell = "cell"
[mqtt]
broker = "{broker}"
{mqtt}
[central]
key = "{key}"
"""


class Box:
    """Recorder and uplink in processes of their own; commands go through the recorder's socket."""

    def __init__(self, data: Path, run: Path, worker: Callable[..., Process]) -> None:
        self.data, self.run, self._worker = data, run, worker
        self.client = RecorderClient(run, "admin", timeout=30)
        self.reader = Reader(data)
        self._count = 0

    def start(self, broker: Broker, key: str = "", mqtt: str = "") -> None:
        """Both workers, ready."""
        config = CONFIG.format(broker=broker.address, key=key, mqtt=mqtt)
        self.recorder = self._worker("recorder", config)
        self.uplink = self._worker("uplink", config)

    def record(self, facts: int) -> None:
        """So many more facts."""
        for _ in range(facts):
            self._count += 1
            data = {"line": "door", "in": 1, "out": 0, "from_mono": 1, "to_mono": 2, "source": "beam"}
            self.client.send("crossings.count", data, actor="admin:test", id=f"count-{self._count}")

    def checkpoint(self) -> None:
        """A signed tree head."""
        self.client.send("checkpoint.request", {}, actor="admin:test", id="checkpoint")

    def bodies(self) -> list[str]:
        """Every stored body in order."""
        return [fact.body for fact in self.reader.facts(0, 1_000_000)]

    def board(self) -> dict[str, Any]:
        """The uplink's page."""
        path = self.run / "board" / "uplink.json"
        page: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return page

    def wait_safe(self, seconds: float = 60) -> None:
        """Until central's receipts reach the end of the journal."""
        try:
            wait_until(lambda: self.reader.safe().pos == self.reader.position(), "all is safe", seconds)
        except AssertionError as error:
            logs = [process.log.read_text()[-2000:] for process in (self.recorder, self.uplink)]
            raise AssertionError(f"{self.reader.safe()} of {self.reader.position()}; {self.board()}\n{logs}") from error

    def close(self) -> None:
        """Let go of the journal and the recorder."""
        self.client.close()
        self.reader.close()


@pytest.fixture
def box(tmp_path: Path, run_folder: Path, worker: Callable[..., Process]) -> Iterator[Box]:
    """A box that was not started yet."""
    fresh = Box(tmp_path / "data", run_folder, worker)
    yield fresh
    fresh.close()
