"""Counting charge, and looking ahead."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import PowerTable
from appliance.services.power.battery import CHEMISTRIES, Battery
from appliance.services.power.counting import GUESS_SIGMA, REST_S, Counter
from appliance.services.power.forecast import HORIZON_S, Forecast, Load, State, Sun, forecast

BATTERY = Battery.of(PowerTable(capacity_ah=100))


def counted(counter: Counter, mv: int | None, ma: int | None, seconds: int, begin: float = 0.0) -> float:
    """So many seconds of it; the moment after."""
    for second in range(seconds):
        counter.count(mv, ma, begin + second)
    return begin + seconds


def test_a_battery_is_what_its_chemistry_and_the_table_say() -> None:
    lead = Battery.of(PowerTable(chemistry="lead", capacity_wh=1200, cutoff_v=11.4))
    assert (lead.cells, lead.capacity_mah, lead.mv[3], lead.hard_mv) == (6, 100_000, 11_400, 10_800)
    assert BATTERY.capacity_mwh == 1_280_000
    assert Battery.of(PowerTable()).capacity_mah is None
    assert Battery.of(PowerTable(chemistry="li-ion", cells=1)).hard_mv == 3_000


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_limits_fall_from_level_to_level_and_rest_voltages_rise_with_charge(chemistry: str) -> None:
    battery = Battery.of(PowerTable(chemistry=chemistry))  # type: ignore[arg-type]
    assert list(battery.mv) == sorted(battery.mv, reverse=True)
    assert list(battery.percent) == sorted(battery.percent, reverse=True)
    assert battery.hard_mv < battery.mv[3]
    found = [battery.resting(mv) for mv in range(0, 60_000, 10)]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (0.0, 1.0)


def test_an_hour_of_ten_amperes_is_ten_of_a_hundred() -> None:
    counter = Counter(BATTERY)
    counter.restore(0.80, 0.01, 0)
    counted(counter, 13_000, -10_000, 3601)
    charge = counter.count(13_000, -10_000, 3601)
    assert charge is not None
    assert charge.counted
    assert charge.soc == pytest.approx(0.70, abs=0.001)
    assert 0.01 < charge.sigma < 0.02


def test_uncertainty_grows_with_what_flows_and_while_nobody_looks() -> None:
    counter = Counter(BATTERY)
    counter.restore(0.5, 0.01, 0)
    sigmas = []
    for second in range(0, 7200, 5):
        charge = counter.count(13_000, -20_000, second)
        assert charge is not None
        sigmas.append(charge.sigma)
    assert sigmas == sorted(sigmas)
    assert counter.count(13_000, None, 7200 + 3600) is None, "without a current there is no count"
    blind = counter.count(13_000, 0, 7200 + 3601)
    assert blind is not None
    assert blind.sigma > sigmas[-1] + 0.04


def test_full_is_full() -> None:
    counter = Counter(BATTERY)
    counter.restore(0.5, 0.2, 0)
    end = counted(counter, 13_900, 20_000, 300)
    assert counter.count(13_900, 20_000, end).soc < 0.6  # type: ignore[union-attr]
    end = counted(counter, 13_900, 3_000, 125, end + 1)
    charge = counter.count(13_900, 3_000, end)
    assert charge is not None
    assert (charge.soc, round(charge.sigma, 2)) == (1.0, 0.01)


def test_a_rested_battery_sets_a_doubtful_count_right() -> None:
    counter = Counter(BATTERY)
    counter.restore(0.9, 0.25, 0)
    counted(counter, 12_800, 0, int(REST_S) + 2)  # 3.20 V a cell: a fifth
    charge = counter.count(12_800, 0, REST_S + 3)
    assert charge is not None
    assert charge.soc < 0.5
    assert charge.sigma < 0.15


def test_what_a_device_measures_goes_before_every_count_and_is_gone_on_from() -> None:
    counter = Counter(BATTERY)
    assert counter.count(13_280, 0, 0).counted  # type: ignore[union-attr]
    assert counter.measured(0.42, 1).soc == 0.42
    assert counter.count(13_000, -100, 2).soc == pytest.approx(0.42, abs=0.001)  # type: ignore[union-attr]


def test_without_a_capacity_nothing_is_counted() -> None:
    assert Counter(Battery.of(PowerTable())).count(13_000, -1000, 0) is None


def test_a_count_outlives_a_restart_with_the_doubt_of_the_time_between() -> None:
    counter = Counter(BATTERY)
    counter.restore(0.63, 0.03, 3600)
    charge = counter.count(13_000, 0, 10)
    assert charge is not None
    assert charge.soc == 0.63
    assert charge.sigma == pytest.approx(0.08)
    unknown = Counter(BATTERY)
    unknown.restore(0.63, 0.03, None)
    assert unknown.count(13_000, 0, 10).sigma == GUESS_SIGMA  # type: ignore[union-attr]


WATTS = st.floats(0, 500)
STATES = st.builds(
    State,
    soc=st.floats(0, 1),
    sigma=st.floats(0, 0.25),
    capacity_mwh=st.floats(10_000, 5_000_000),
    floor=st.sampled_from([0.05, 0.4]),
    load_mw=st.floats(0, 200_000),
    load_spread_mw=st.floats(0, 50_000),
)
SUNS = st.builds(
    Sun,
    by_slot=st.dictionaries(st.integers(0, 47), st.integers(0, 300_000), max_size=48),
    now_mw=st.none() | st.floats(0, 300_000),
)
WALL = st.floats(1.7e9, 1.7e9 + 86_400)
CLOSING = st.none() | st.floats(0, HORIZON_S)


def lasts(found: Forecast) -> float:
    return math.inf if found.empty_s is None else found.empty_s


@given(STATES, SUNS, WALL, CLOSING)
def test_the_range_holds_what_is_expected(state: State, sun: Sun, wall: float, closing: float | None) -> None:
    found = forecast(state, sun, wall, closing)
    low, high = (math.inf if each is None else each for each in (found.empty_low_s, found.empty_high_s))
    assert low <= lasts(found) + 1e-6
    assert lasts(found) <= high + 1e-6
    if closing is None:
        assert found.at_close is None
    else:
        assert found.at_close_low is not None
        assert found.at_close is not None
        assert found.at_close_high is not None
        assert 0 <= found.at_close_low <= found.at_close + 1e-9
        assert found.at_close <= found.at_close_high + 1e-9 <= 1 + 2e-9


@given(STATES, SUNS, WALL, st.floats(1, 100_000))
def test_more_load_never_lengthens_it(state: State, sun: Sun, wall: float, more: float) -> None:
    heavier = State(state.soc, state.sigma, state.capacity_mwh, state.floor, state.load_mw + more, state.load_spread_mw)
    assert lasts(forecast(heavier, sun, wall, None)) <= lasts(forecast(state, sun, wall, None)) + 1e-6


@given(STATES, SUNS, WALL, st.floats(0, 1))
def test_more_charge_never_shortens_it(state: State, sun: Sun, wall: float, soc: float) -> None:
    other = State(soc, state.sigma, state.capacity_mwh, state.floor, state.load_mw, state.load_spread_mw)
    less, more = sorted((state, other), key=lambda each: each.soc)
    assert lasts(forecast(less, sun, wall, None)) <= lasts(forecast(more, sun, wall, None)) + 1e-6


@given(STATES, SUNS, WALL, st.integers(0, 47), st.integers(1, 100_000))
def test_more_sun_later_never_shortens_it(state: State, sun: Sun, wall: float, slot: int, more: int) -> None:
    still = Sun(sun.by_slot, None)
    brighter = Sun({**sun.by_slot, slot: sun.by_slot.get(slot, 0) + more}, None)
    assert lasts(forecast(state, still, wall, None)) <= lasts(forecast(state, brighter, wall, None)) + 1e-6


def test_without_sun_it_is_energy_over_load() -> None:
    found = forecast(State(0.55, 0.0, 200_000, 0.05, 10_000, 0.0), Sun({}, None), 1.7e9, 5 * 3600)
    assert found.empty_s == pytest.approx(10 * 3600)
    assert found.at_close == pytest.approx(0.30)


def test_the_load_is_the_mean_of_its_minutes_and_its_spread_is_theirs() -> None:
    load = Load()
    assert load.mean_mw is None
    load.take(20_000, 2)
    assert load.spread_mw == 10_000, "one look is not much to go by"
    for minute in range(60):
        load.take(30_000 if minute % 2 else 10_000, 60)
    assert load.mean_mw == pytest.approx(20_000, rel=0.05)
    assert load.spread_mw == pytest.approx(10_000, rel=0.1)
