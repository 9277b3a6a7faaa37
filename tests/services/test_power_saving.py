"""Levels, steps and the clean end: what the power worker does as the charge falls, on a clock that needs no waiting."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.clock import FakeClock
from appliance.config import PowerTable
from appliance.domain.power import LEVELS
from appliance.services.power.battery import Battery
from appliance.services.power.keeper import Keeper, seconds
from appliance.services.power.levels import HOLD_S, Levels
from appliance.services.power.shedding import Measure
from appliance.services.power.shutdown import Outcome
from drivers.device import PowerReading

LIGHTS, FAN = Measure("relay-lights", "saving", "Lights off"), Measure("relay-fan", "critical", "Fan off")


@dataclass
class House:
    """A keeper with one battery monitor, and what it did."""

    table: PowerTable = field(default_factory=lambda: PowerTable(capacity_ah=100))
    outcome: Outcome = "asked"
    soc: int | None = 800
    mv: int | None = 13_200
    ma: int | None = -5_000
    relays: tuple[Measure, ...] = (LIGHTS, FAN)
    clock: FakeClock = field(default_factory=FakeClock)
    wanted: dict[str, Any] = field(default_factory=lambda: {"level": "normal"})
    did: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    asked: int = 0

    def __post_init__(self) -> None:
        self.keeper = Keeper(self.table, self._power_off)

    def _power_off(self) -> tuple[Outcome, str]:
        self.asked += 1
        return self.outcome, "not on this machine"

    def run(self, count: int) -> None:
        """So many seconds."""
        for _ in range(count):
            self.clock.advance(1)
            if (self.soc, self.mv, self.ma) != (None, None, None):
                reading = PowerReading(self.soc, self.mv, self.ma, None, None, 0.0, role="battery", lasts_s=5)
                self.keeper.merge.take("power", reading, seconds(self.clock()))
            self.did += self.keeper.tick(self.clock(), self.wanted, self.relays)

    def silent(self) -> None:
        self.soc = self.mv = self.ma = None

    def veto(self, step: str, for_s: int = 1800) -> None:
        """What the journal says after the lead's no."""
        now = self.clock()
        one = {"step": step, "level": self.page()["level"], "boot": now.boot, "mono": now.mono, "for_s": for_s}
        self.wanted = {**self.wanted, "vetoes": [one]}

    def page(self) -> dict[str, Any]:
        return self.keeper.page(self.clock())

    def steps(self) -> list[tuple[str, str]]:
        """Steps and their states in the order in which they came."""
        return [(data["step"], data["state"]) for name, data in self.did if name == "power.change_step"]

    def levels(self) -> list[str]:
        return [data["to"] for name, data in self.did if name == "power.change_level"]


def test_a_level_changes_only_after_a_minute_and_says_what_belongs_off() -> None:
    house = House()
    house.run(5)
    house.soc = 490
    house.run(50)
    assert house.levels() == []
    house.run(15)
    assert [data for name, data in house.did if name == "power.change_level"] == [
        {"to": "saving", "shed": ["relay-lights"]}
    ]


def test_one_bad_sample_changes_nothing() -> None:
    house = House()
    house.run(100)
    for _ in range(20):
        house.soc, house.mv = 0, 9_000
        house.run(5)
        house.soc, house.mv = 800, 13_200
        house.run(1)
    assert house.levels() == []
    assert house.steps() == []


def test_dips_while_the_printer_works_are_not_low() -> None:
    house = House(soc=None, table=PowerTable())
    house.run(70)
    for _ in range(60):
        house.mv = 11_000
        house.run(3)
        house.mv = 13_200
        house.run(1)
    assert house.levels() == []


def test_a_level_is_left_upwards_with_a_margin() -> None:
    house = House(soc=490)
    house.run(70)
    house.soc = 520
    house.run(200)
    assert house.levels() == ["saving"]
    house.soc = 531
    house.run(70)
    assert house.levels() == ["saving", "normal"]


def test_without_a_charge_the_voltage_decides() -> None:
    house = House(soc=None, mv=12_500, table=PowerTable())
    house.run(70)
    assert house.levels() == ["low"]
    assert house.page()["soc_permille"] is None


def test_a_step_is_announced_then_done_then_undone() -> None:
    house = House(soc=490)
    house.run(65)
    assert house.steps() == [("relay-lights", "announced")]
    assert house.keeper.off == frozenset()
    house.run(121)
    assert house.steps() == [("relay-lights", "announced"), ("relay-lights", "off")]
    assert house.keeper.off == {"relay-lights"}
    house.soc = 600
    house.run(65)
    assert house.steps()[-1] == ("relay-lights", "on")
    assert house.keeper.off == frozenset()


def test_what_is_announced_is_withdrawn_when_the_sun_comes_out() -> None:
    house = House(soc=490)
    house.run(65)
    house.soc = 600
    house.run(65)
    assert house.steps() == [("relay-lights", "announced"), ("relay-lights", "withdrawn")]


def test_the_lead_s_no_lasts_half_an_hour() -> None:
    house = House(soc=490)
    house.run(65)
    house.veto("relay-lights")
    house.run(1750)
    assert house.keeper.off == frozenset()
    assert [step["state"] for step in house.page()["steps"] if step["step"] == "relay-lights"] == ["kept"]
    house.run(60 + 121)
    assert house.keeper.off == {"relay-lights"}


def test_the_lead_s_no_ends_when_it_gets_worse() -> None:
    house = House(soc=490)
    house.run(65)
    house.veto("relay-lights")
    house.run(10)
    house.soc = 140
    house.run(65 + 121)
    assert house.keeper.off == {"relay-lights", "relay-fan", "uplink"}


def test_what_is_off_comes_back_when_the_lead_says_no() -> None:
    house = House(soc=490)
    house.run(65 + 121)
    assert house.keeper.off == {"relay-lights"}
    house.veto("relay-lights")
    house.run(2)
    assert house.keeper.off == frozenset()
    assert house.steps()[-1] == ("relay-lights", "on")


@pytest.mark.parametrize("when", [65, 100])
def test_nothing_is_shed_while_the_sensors_are_unknown(when: int) -> None:
    house = House(soc=490)
    house.run(when)
    house.silent()
    house.run(600)
    assert house.keeper.off == frozenset()
    assert house.page()["known"] is False
    assert house.page()["soc_permille"] is None


def test_a_restart_goes_on_where_it_stood() -> None:
    house = House(soc=490, wanted={"level": "saving", "off": ["relay-lights"]})
    house.run(200)
    assert house.levels() == []
    assert house.steps() == []
    assert house.keeper.off == {"relay-lights"}


def test_a_box_whose_journal_says_nothing_begins_all_the_same() -> None:
    house = House(soc=490, wanted={})
    house.run(100)
    assert house.levels() == ["saving"]


def test_the_box_says_that_it_switches_off_and_does_it_two_minutes_later() -> None:
    house = House(soc=40)
    house.run(62)
    assert house.levels() == ["cut-off"]
    assert ("shutdown", "announced") in house.steps()
    assert house.page()["shutdown"]["state"] == "announced"
    house.run(117)
    assert house.asked == 0
    house.run(5)
    assert house.asked == 1
    assert ("shutdown", "off") in house.steps()
    house.run(600)
    assert house.asked == 1


def test_a_voltage_below_the_cut_off_for_a_minute_ends_it_whatever_the_charge_is_said_to_be() -> None:
    house = House(soc=700, mv=11_500)
    house.run(62 + 122)
    assert house.asked == 1


def test_a_steward_that_refuses_is_asked_once_and_that_is_shown() -> None:
    house = House(soc=40, outcome="refused")
    house.run(62 + 122 + 1200)
    assert house.asked == 1
    assert house.page()["shutdown"]["state"] == "refused"
    assert house.page()["shutdown"]["why"] == "not on this machine"
    assert house.steps().count(("shutdown", "refused")) == 1
    house.soc = 300
    house.run(200)
    assert house.page()["shutdown"]["state"] == "none"


def test_a_steward_that_does_not_answer_is_asked_again_after_five_minutes() -> None:
    house = House(soc=40, outcome="down")
    house.run(62 + 122)
    assert house.asked == 1
    house.run(290)
    assert house.asked == 1
    house.run(20)
    assert house.asked == 2


def test_the_end_is_put_off_for_as_long_as_the_lead_was_granted_and_announced_again() -> None:
    house = House(soc=40)
    house.run(65)
    house.veto("shutdown", 300)
    house.run(298)
    assert house.asked == 0
    assert house.page()["shutdown"]["state"] == "put_off"
    house.run(10)
    assert house.steps().count(("shutdown", "announced")) == 2
    house.run(121)
    assert house.asked == 1


def test_below_the_hard_limit_nobody_puts_it_off() -> None:
    house = House(soc=40, mv=10_300)
    house.run(25)
    shutdown = [data for name, data in house.did if name == "power.change_step" and data["step"] == "shutdown"]
    assert (shutdown[0]["final"], shutdown[0]["in_s"]) == (True, 30)
    house.veto("shutdown", 300)
    house.run(35)
    assert house.asked == 1


def test_a_battery_that_is_being_charged_is_not_switched_off_from() -> None:
    house = House(soc=40, ma=8_000)
    house.run(600)
    assert house.asked == 0
    assert ("shutdown", "announced") not in house.steps()


def test_the_sun_that_comes_back_in_time_withdraws_the_end() -> None:
    house = House(soc=40)
    house.run(65)
    house.ma = 8_000
    house.run(90)
    assert house.steps()[-1] == ("shutdown", "withdrawn")
    house.run(600)
    assert house.asked == 0


def test_minutes_before_the_end_of_the_charge_it_switches_off_while_critical() -> None:
    house = House(soc=70, ma=-100_000, table=PowerTable(capacity_ah=100, shutdown_min=30))
    house.run(62 + 75 + 125)
    assert house.levels() == ["critical"]
    assert house.asked == 1


def test_sensors_that_fall_silent_after_the_announcement_switch_nothing_off() -> None:
    house = House(soc=40, table=PowerTable())
    house.run(65)
    house.silent()
    house.run(600)
    assert house.asked == 0


def test_a_minute_s_sample_is_a_mean_with_what_went_into_and_out_of_the_battery() -> None:
    house = House(ma=-6_000)
    house.run(33)
    house.ma = 2_000
    house.run(31)
    first, second = [data for name, data in house.did if name == "power.sample"]
    assert (first["over_s"], first["ma"], first["out_mw"]) == (2, -6_000, 79_200)
    assert second["over_s"] == 60
    assert second["ma"] == pytest.approx(-2_000, abs=200)
    assert second["in_mw"] == pytest.approx(13_200, abs=500)
    assert second["out_mw"] == pytest.approx(39_600, abs=1500)
    assert second["soc_permille"] == 800
    assert second["counted"] is False


def test_a_minute_of_which_nothing_is_known_gives_no_sample() -> None:
    house = House(table=PowerTable())
    house.run(30)
    house.silent()
    house.run(600)
    assert len([name for name, _ in house.did if name == "power.sample"]) <= 2


def test_a_charge_that_is_counted_says_so_with_its_doubt() -> None:
    house = House(soc=None)
    house.run(70)
    sample = [data for name, data in house.did if name == "power.sample"][-1]
    assert sample["counted"] is True
    assert sample["sigma_permille"] > 0
    assert house.page()["counted"] is True


def test_the_charge_at_closing_is_forecast_from_the_load_so_far() -> None:
    house = House(ma=-10_000, mv=12_800)
    house.wanted = {"level": "normal", "closes_ms": house.clock().wall_ms + 2 * 3_600_000}
    house.run(130)
    ahead = house.page()["forecast"]
    assert ahead["at_close"] == pytest.approx(600, abs=5)
    assert ahead["at_close_low"] < ahead["at_close"] < ahead["at_close_high"]
    assert ahead["empty_low_s"] < ahead["empty_s"] < ahead["empty_high_s"]


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 90)), max_size=12))
def test_a_level_is_always_one_that_the_charge_asked_for_for_a_whole_minute(story: list[tuple[int, int]]) -> None:
    battery, now, history = Battery.of(PowerTable()), 0.0, []
    levels = Levels(battery)
    for soc, count in story:
        for _ in range(count):
            now += 1
            history.append((now, LEVELS.index(battery.by_charge(soc)), LEVELS.index(battery.by_charge(soc, 30))))
            before = LEVELS.index(levels.level)
            after = LEVELS.index(levels.look(soc / 1000, 0.0, None, now))
            if after != before:
                minute = [entry for entry in history if entry[0] >= now - HOLD_S]
                assert now - minute[0][0] >= HOLD_S
                assert all(worse >= after for _, worse, _ in minute) or all(better <= after for *_, better in minute)
