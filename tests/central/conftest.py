"""A central without its network, on a folder of its own, with a clock that stands."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from appliance.central.database import open_writer
from appliance.central.keyring import Keyring
from appliance.central.places import Box
from appliance.central.service import Central, Outgoing, Received
from appliance.central.store import Store
from appliance.central.view import View
from appliance.journal import notes
from tests.brokers import broker, central
from tests.central.postgres import Cluster, cluster

__all__ = ["broker", "central", "cluster"]

BOX = Box("cell", "box-7")
SIGNER = notes.Signer("boothkit/central", bytes(range(32, 64)))
NOW_MS = 1_795_456_810_000


class Inside:
    """Central's parts, and what it sent."""

    def __init__(self, folder: Path, *, trust_first: bool = True, dsn: str = "") -> None:
        self.dsn = dsn
        self.store = Store(open_writer(folder, dsn))
        self.keyring = Keyring(folder / "keys")
        self.view = View(folder, dsn)
        self.now_ms = NOW_MS
        self.central = Central(self.store, SIGNER, self.keyring, lambda: self.now_ms, trust_first=trust_first)

    def take(self, *messages: Received) -> list[Outgoing]:
        """Messages that came together; what goes out."""
        return self.central.take(messages)

    def bodies(self, line: str = "main") -> list[str]:
        """What is kept of box-7."""
        return list(self.view.facts("cell", "box-7", line))

    def tasks(self, kind: str) -> list[dict[str, str]]:
        """The tasks of one kind."""
        return [task for task in self.view.tasks(self.now_ms) if task["kind"] == kind]

    @staticmethod
    def receipts(answers: Sequence[Outgoing]) -> list[notes.TreeHead]:
        """What receipts of box-7 acknowledge; their signatures are checked."""
        found = [answer.payload.decode() for answer in answers if answer.topic == BOX.topic("receipt")]
        return [notes.TreeHead.parse_receipt(notes.verify(note, SIGNER.verifier)[0]) for note in found]

    @staticmethod
    def cosigned(answers: Sequence[Outgoing]) -> list[notes.TreeHead]:
        """The checkpoints of box-7 that bear central's witness signature; it is checked."""
        found = [answer.payload.decode() for answer in answers if answer.topic == BOX.topic("cosigned")]
        return [notes.TreeHead.parse(notes.verify(note, SIGNER.verifier.witness())[0]) for note in found]


@pytest.fixture(params=["sqlite", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str:
    """Each of the two databases: SQLite in the test's folder, and a fresh database of a real PostgreSQL."""
    if request.param == "sqlite":
        return ""
    server: Cluster = request.getfixturevalue("cluster")
    return server.fresh()


@pytest.fixture
def inside(tmp_path: Path, dsn: str) -> Iterator[Inside]:
    """A central that trusts at first sight."""
    fresh = Inside(tmp_path / "central", dsn=dsn)
    yield fresh
    fresh.store.close()


@pytest.fixture
def strict(tmp_path: Path, dsn: str) -> Iterator[Inside]:
    """A central that knows enrolled boxes only."""
    fresh = Inside(tmp_path / "central", trust_first=False, dsn=dsn)
    yield fresh
    fresh.store.close()
