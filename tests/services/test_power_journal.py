"""The power worker's thinking and the journal together: what it asks for is recorded, and that comes back to it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.config import PowerTable
from appliance.projections import power
from appliance.services.power.keeper import Keeper, seconds
from appliance.services.power.shedding import Measure
from appliance.services.power.shutdown import Outcome
from drivers.device import PowerReading
from tests.conftest import EngineBox

LIGHTS = Measure("relay-lights", "saving", "Lights off")


class Loop:
    """A keeper whose commands an engine decides, second by second."""

    def __init__(self, data: Path) -> None:
        self.box = EngineBox(data)
        self.soc: int | None = 800
        self.ma = -5_000
        self.switched_off = 0
        self.start()

    def start(self) -> None:
        """As after a restart of the worker."""
        self.keeper = Keeper(PowerTable(capacity_ah=100), self._power_off)

    def _power_off(self) -> tuple[Outcome, str]:
        self.switched_off += 1
        return "asked", ""

    def run(self, count: int) -> None:
        for _ in range(count):
            self.box.clock.advance(1)
            now = self.box.clock()
            reading = PowerReading(self.soc, 13_000, self.ma, None, None, 0.0, role="battery", lasts_s=5)
            self.keeper.merge.take("power", reading, seconds(now))
            # Through JSON, as the recorder's board page has it.
            wanted = json.loads(json.dumps(power.wanted(self.box.engine.store.db)))
            for command, data in self.keeper.tick(now, wanted, [LIGHTS]):
                reply = self.box.ask(command, data, role="device", actor="device:power")
                assert reply["ok"], reply

    def shed(self) -> frozenset[str]:
        return power.shed(self.box.engine.store.db)


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    made = Loop(tmp_path / "data")
    yield made
    made.box.engine.close()


def test_what_is_shed_is_in_the_journal_and_the_lead_brings_it_back(loop: Loop) -> None:
    loop.soc = 490
    loop.run(70)
    assert power.level(loop.box.engine.store.db) == "saving"
    loop.box.do("power.veto", step="relay-lights")
    loop.run(300)
    assert loop.keeper.off == loop.shed() == frozenset()
    loop.run(1700)
    assert loop.keeper.off == loop.shed() == {"relay-lights"}
    loop.box.do("power.veto", step="relay-lights")
    loop.run(2)
    assert loop.keeper.off == loop.shed() == frozenset()


def test_a_worker_that_starts_anew_goes_on_with_level_steps_and_charge(loop: Loop) -> None:
    loop.soc = 490
    loop.run(200)
    loop.soc = None  # from now on it is counted
    loop.run(120)
    facts = loop.box.kinds()
    loop.start()
    loop.run(50)
    assert loop.keeper.off == {"relay-lights"}
    page = loop.keeper.page(loop.box.clock())
    assert page["counted"]
    assert page["soc_permille"] == pytest.approx(488, abs=4)
    assert [kind for kind in loop.box.kinds()[len(facts) :] if kind != "power.sampled/1"] == []


def test_the_lead_puts_the_end_off_twice_then_the_box_goes(loop: Loop) -> None:
    loop.soc = 30
    loop.run(70)
    for _ in range(2):
        loop.box.do("power.veto", step="shutdown")
        loop.run(310)
        assert loop.switched_off == 0
    assert loop.box.ask("power.veto", {"step": "shutdown"})["refusal"]["slug"] == "guardrail"
    loop.run(130)
    assert loop.switched_off == 1
    assert "shutdown" in loop.shed()


def test_the_plan_of_the_event_is_what_the_forecast_looks_at(loop: Loop) -> None:
    loop.box.open_event()
    loop.box.do("event.plan", closes="2026-11-23T21:00:00Z")
    loop.run(70)
    ahead = loop.keeper.page(loop.box.clock())["forecast"]
    assert 600 < ahead["at_close"] < 680
