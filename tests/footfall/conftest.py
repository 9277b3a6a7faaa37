"""A box with an open event and counters that say what a test wants."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.projections import kpis
from tests.conftest import EngineBox
from tests.policies import CONFIG


class Counted:
    """A box whose doorways are counted. ``facts`` are told as a worker tells them."""

    def __init__(self, data: Path) -> None:
        self.box = EngineBox(data, CONFIG)
        self.event = self.box.open_event()
        self._mono = 0

    def cross(self, in_: int = 0, out: int = 0, line: str = "footfall", source: str = "beam") -> None:
        self._mono += 1
        data = {"in": in_, "out": out, "line": line, "source": source}
        self.box.do("crossings.count", **data, from_mono=self._mono, to_mono=self._mono)

    def judge(self, verdict: str, *reasons: str, device: str = "footfall", illegal: int | None = None) -> None:
        data = {"device": device, "verdict": verdict, "reasons": list(reasons)}
        self.box.do("counter.judge", **data, hidden_permille=0, illegal_permille=illegal)

    def plan(self, device: str = "footfall", **plan: Any) -> None:
        self.box.do("device.report", device=device, kind="footfall", state="online", reason="")
        self.box.do("counter.plan", device=device, **plan)

    def heads(self, inside: int) -> dict[str, Any]:
        return self.box.do("occupancy.correct", inside=inside)

    def empty(self, zone: str = "footfall/place") -> None:
        self.box.do("occupancy.seen_empty", zone=zone)

    def kpis(self) -> dict[str, Any]:
        return kpis.kpis(self.box.engine.store.db, self.box.clock())

    def attendance(self) -> dict[str, Any]:
        found: dict[str, Any] = self.kpis()["attendance"]
        return found

    def inside(self) -> Any:
        return self.attendance()["occupancy"]


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[Counted]:
    made = Counted(tmp_path / "data")
    yield made
    made.box.engine.close()
