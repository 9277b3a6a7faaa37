"""A central that signs, and boxes in this process that know its key."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.clock import FakeClock
from appliance.config import Config
from appliance.files import policy as policyfile
from appliance.files.bundle import Bundle
from appliance.journal.notes import Signer
from appliance.projections.registry import projections
from tests.conftest import EngineBox

CENTRAL = Signer("boothkit/central", bytes(range(32, 64)))
FORGER = Signer("boothkit/central", bytes(32))
EXPIRES = "2026-12-24T18:00:00Z"
LIMITS = {"guardrails": {"discount": {"alone": "0.10", "lead": "0.20"}}}


def note(
    version: int,
    data: dict[str, Any] | None = None,
    *,
    scope: str = "*",
    expires: str = EXPIRES,
    kind: str = "policy",
    signer: Signer = CENTRAL,
) -> bytes:
    """A signed bundle."""
    said = Bundle(kind=kind, version=version, scope=scope, expires=expires, data=LIMITS if data is None else data)  # type: ignore[arg-type]
    return signer.sign(said.text()).encode()


class PolicyBox(EngineBox):
    """Box-7 of the cell quay."""

    def __init__(self, data: Path, key: str = CENTRAL.verifier.vkey(), clock: FakeClock | None = None) -> None:
        tables = {"box": {"cell": "quay"}, "central": {"key": key}, "devices": {"printer": "tcp://127.0.0.1:9"}}
        super().__init__(data, msgspec.convert(tables, Config), clock)

    def apply(self, raw: bytes, source: str = "command", **how: Any) -> dict[str, Any]:
        """What the box says to a file."""
        reply = self.ask("policy.apply", policyfile.asked(raw, source), **how)  # type: ignore[arg-type]
        assert reply["ok"], reply
        answer: dict[str, Any] = reply["answer"]
        return answer

    def state(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every read model but the history of policies."""
        found = {}
        for projection in projections():
            for table in projection.table_names():
                if table != "p_policy_seen":
                    rows = self.engine.store.db.execute(f"SELECT * FROM {table}")  # noqa: S608 - our own names
                    found[table] = sorted((tuple(row) for row in rows), key=repr)
        return found


@pytest.fixture
def quay(tmp_path: Path) -> Iterator[PolicyBox]:
    """A box with an open event."""
    fresh = PolicyBox(tmp_path / "data")
    fresh.open_event()
    yield fresh
    fresh.engine.close()


@pytest.fixture
def boxes(tmp_path: Path) -> Iterator[Callable[..., PolicyBox]]:
    """As many as a test wants; all end with it."""
    opened: list[PolicyBox] = []

    def new(**how: Any) -> PolicyBox:
        opened.append(PolicyBox(tmp_path / f"box{len(opened)}", **how))
        return opened[-1]

    yield new
    for box in opened:
        box.engine.close()
