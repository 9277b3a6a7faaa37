"""Power in the journal: samples and their energy, levels, steps, the lead's no, the planned end."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.domain.energy import CO2_G_PER_KWH, Energy
from appliance.projections import power
from appliance.projections.runner import Projector, dump
from tests.conftest import EngineBox

SAMPLE: dict[str, Any] = {"soc_permille": 800, "mv": 13_000, "ma": -1_000, "pv_mw": 12_000, "load_mw": 25_000}


def announce(box: EngineBox, step: str, level: str = "cut-off", **more: Any) -> None:
    box.do("power.change_step", step=step, state="announced", level=level, in_s=120, **more)


def test_a_level_is_recorded_with_the_one_before_and_not_twice(box: EngineBox) -> None:
    box.do("power.change_level", to="saving", shed=["relay-lights"])
    box.do("power.change_level", to="saving", shed=["relay-lights"])
    box.do("power.change_level", to="critical", shed=["relay-lights", "uplink"])
    facts = [kind for kind in box.kinds() if kind == "power.level_changed/1"]
    assert len(facts) == 2
    assert power.level(box.engine.store.db) == "critical"


def test_only_what_is_announced_or_off_can_be_kept_on(box: EngineBox) -> None:
    assert box.ask("power.veto", {"step": "uplink"})["refusal"]["slug"] == "not-found"
    announce(box, "uplink", "low")
    assert box.do("power.veto", step="uplink")["for_s"] == 1800
    assert box.ask("power.veto", {"step": "uplink"})["refusal"]["slug"] == "not-found"
    box.do("power.change_step", step="uplink", state="off", level="low")
    assert power.shed(box.engine.store.db) == {"uplink"}
    box.do("power.veto", step="uplink")
    assert power.shed(box.engine.store.db) == frozenset()
    (veto,) = power.wanted(box.engine.store.db)["vetoes"]
    assert (veto["step"], veto["level"], veto["for_s"]) == ("uplink", "low", 1800)


def test_the_end_is_put_off_twice_and_no_more(box: EngineBox) -> None:
    for _ in range(2):
        announce(box, "shutdown")
        assert box.do("power.veto", step="shutdown")["for_s"] == 300
    announce(box, "shutdown")
    assert box.ask("power.veto", {"step": "shutdown"})["refusal"]["slug"] == "guardrail"
    box.do("power.change_step", step="shutdown", state="withdrawn", level="critical")
    announce(box, "shutdown")
    assert box.do("power.veto", step="shutdown")["for_s"] == 300


def test_below_the_hard_limit_the_end_cannot_be_put_off(box: EngineBox) -> None:
    announce(box, "shutdown", final=True)
    assert box.ask("power.veto", {"step": "shutdown"})["refusal"]["slug"] == "guardrail"


@pytest.mark.parametrize("step", ["", "Relay", "a b", "x" * 41, "-a", "ä"])
def test_a_step_has_a_plain_name(box: EngineBox, step: str) -> None:
    reply = box.ask("power.change_step", {"step": step, "state": "off", "level": "low"})
    assert reply["refusal"]["slug"] == "validation"


def test_the_same_state_of_a_step_is_no_news(box: EngineBox) -> None:
    for _ in range(3):
        box.do("power.change_step", step="uplink", state="off", level="low")
    assert box.kinds().count("power.step_changed/1") == 1


def test_the_end_of_an_event_is_planned_in_utc(box: EngineBox) -> None:
    assert box.ask("event.plan", {"closes": "2026-11-23T22:00:00+01:00"})["refusal"]["slug"] == "event-closed"
    event = box.open_event()
    box.do("event.plan", closes="2026-11-23T22:00:00+01:00")
    answer = box.do("event.plan", closes="2026-11-23T23:30+01:00")
    assert (answer["event"], answer["closes"]) == (event, "2026-11-23T22:30:00.000Z")
    db = box.engine.store.db
    assert power.closes_ms(db, event) == power.wanted(db)["closes_ms"]


@pytest.mark.parametrize(
    "closes",
    ["22:00", "2026-11-23T22:00:00", "2026-02-30T22:00:00Z", "2026-11-23T17:00:00Z", "2027-11-23T17:00:00Z", "x" * 99],
)
def test_an_end_that_is_none_is_refused_and_uses_nothing_up(box: EngineBox, closes: str) -> None:
    box.open_event()
    assert box.ask("event.plan", {"closes": closes})["refusal"]["slug"] == "validation"


def minutes(box: EngineBox, count: int, **change: Any) -> None:
    for _ in range(count):
        box.clock.advance(60)
        box.do("power.sample", **{**SAMPLE, "over_s": 60, **change})


def test_the_energy_of_an_event_is_the_sum_of_its_minutes(box: EngineBox) -> None:
    event = box.open_event()
    minutes(box, 60, in_mw=0, out_mw=13_000)
    minutes(box, 30, pv_mw=None, in_mw=5_000, out_mw=0)
    sheet = power.sheet(box.engine.store.db, event, "Europe/Berlin")
    assert sheet["total"] == {
        "pv_wh": 12.0,
        "load_wh": 37.5,
        "battery_in_wh": 2.5,
        "battery_out_wh": 13.0,
        "seconds": 5400,
    }
    assert sheet["gaps"] == []
    low, high = CO2_G_PER_KWH
    assert sheet["co2"]["low_g"] == round(0.0375 * low)
    assert sheet["co2"]["high_g"] == round(0.0375 * high)
    assert "IPCC" in sheet["co2"]["source"]


def test_days_are_those_of_the_event_s_own_clock(box: EngineBox) -> None:
    event = box.open_event()  # 19:00 in Berlin
    for _ in range(6):
        minutes(box, 60)
    days = power.sheet(box.engine.store.db, event, "Europe/Berlin")["days"]
    assert [(day["day"], round(day["seconds"] / 3600)) for day in days] == [("2026-11-23", 5), ("2026-11-24", 1)]


def test_a_gap_is_named_and_in_no_sum(box: EngineBox) -> None:
    event = box.open_event()
    minutes(box, 10)
    box.clock.advance(3600)
    minutes(box, 10)
    sheet = power.sheet(box.engine.store.db, event, "UTC")
    assert sheet["total"]["seconds"] == 1200
    (gap,) = sheet["gaps"]
    assert gap == {"from": "2026-11-23T18:10:00.000Z", "to": "2026-11-23T19:11:00.000Z", "seconds": 3660}


def test_samples_without_a_span_stand_for_the_minute_before(box: EngineBox) -> None:
    event = box.open_event()
    for _ in range(5):
        box.clock.advance(60)
        box.do("power.sample", **SAMPLE)
    box.clock.reboot("b1")
    box.do("power.sample", **SAMPLE)
    assert power.sheet(box.engine.store.db, event, "UTC")["total"]["seconds"] == 240


def test_the_sun_is_known_by_half_hours_of_the_last_days(box: EngineBox) -> None:
    minutes(box, 30)
    assert power.wanted(box.engine.store.db)["sun"] == {"36": 12_000}
    box.clock.trust("none")
    minutes(box, 60, pv_mw=99_000)
    assert power.wanted(box.engine.store.db)["sun"] == {"36": 12_000}


def test_history_is_in_means_and_leaves_out_what_nobody_measured(box: EngineBox) -> None:
    begin = box.clock().wall_ms
    minutes(box, 9)
    box.clock.advance(3600)
    minutes(box, 9, soc_permille=600, load_mw=None)
    rows = power.history(box.engine.store.db, begin, 600_000)
    assert rows[0]["soc_permille"] == 800
    assert rows[-1]["load_mw"] is None
    assert len(rows) <= 4


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["sample", "level", "announced", "off", "on", "withdrawn", "veto", "plan"]),
            st.integers(0, 1000),
        ),
        max_size=25,
    )
)
def test_a_rebuild_gives_the_same_tables(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    box = EngineBox(Path(tmp_path_factory.mktemp("power")))
    box.open_event()
    for what, number in steps:
        box.clock.advance(number)
        match what:
            case "sample":
                box.ask("power.sample", {**SAMPLE, "soc_permille": number, "over_s": number % 90})
            case "level":
                box.ask("power.change_level", {"to": ["normal", "low", "cut-off"][number % 3], "shed": []})
            case "veto":
                box.ask("power.veto", {"step": ["uplink", "shutdown"][number % 2]})
            case "plan":
                box.ask("event.plan", {"closes": f"2026-11-24T{number % 24:02}:00:00Z"})
            case state:
                step = ["uplink", "shutdown"][number % 2]
                box.ask("power.change_step", {"step": step, "state": state, "level": "low", "in_s": number})
    db = box.engine.store.db
    before = dump(db)
    Projector(db).rebuild()
    assert dump(db) == before
    box.engine.close()


def test_nothing_measured_is_not_nothing_used() -> None:
    assert Energy(60).sheet()["load_wh"] is None
    assert Energy(60).co2_g() is None
    assert (Energy(60, pv_mj=5) + Energy(60)).pv_mj == 5
    assert Energy(3600, load_mj=3_600_000_000).co2_g() == CO2_G_PER_KWH


def test_the_generator_s_figures_agree_with_the_epa_s_petrol() -> None:
    """40 CFR 600.113: 8,887 g of CO₂ a gallon of petrol; of ours the tank's 0.95 gallons make 1.8 kW for 3.2 h."""
    assert CO2_G_PER_KWH[0] == pytest.approx(8_887 * 0.95 / (1.8 * 3.2), rel=0.03)
    assert CO2_G_PER_KWH[0] < CO2_G_PER_KWH[1]
