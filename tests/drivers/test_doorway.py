"""What a pair of beams counts of people as they are: a doorway that is simulated from bodies to edges, again and again.

The figures of docs/devices/beam.md are those of here, with the beams 8 to 12 cm apart at the height of an elbow.
"""

from random import Random

import pytest

from tests.drivers.doorway import (
    Scenario,
    abreast,
    close_behind,
    counted,
    leans,
    legs,
    loiters,
    meets,
    person,
    share,
    straight,
    turns_back,
    walks_in,
    walks_out,
    waves,
    with_a_trolley,
)

RUNS = 500


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(walks_in, id="in"),
        pytest.param(walks_out, id="out"),
        pytest.param(turns_back, id="turn back at any depth"),
        pytest.param(loiters, id="loiter"),
        pytest.param(leans, id="lean in the beams for a quarter of a minute"),
        pytest.param(with_a_trolley, id="push a trolley, arms at the beams' height"),
        pytest.param(close_behind(0.15, 0.60), id="two, more light between them than from beam to beam"),
        pytest.param(close_behind(0.03, -1), id="two close behind, less light than from beam to beam"),
        pytest.param(close_behind(0.03, -1, people=3), id="three close behind"),
        pytest.param(close_behind(0.03, 0.60, child=True), id="a child on somebody's heels"),
    ],
)
def test_of_a_hundred_scenes_ninety_nine_are_counted_as_they_were(scenario: Scenario) -> None:
    assert share(scenario, runs=RUNS) >= 99


def net(scenario: Scenario, number: int) -> tuple[int, int]:
    """People counted, and people who passed, either way."""
    chance = Random(number)
    scene = scenario(chance, chance.uniform(0.08, 0.12))
    counters = counted(scene, chance)
    return counters["in"] + counters["out"], sum(scene.truth)


def test_a_hand_that_waves_through_the_beams_is_nobody() -> None:
    """It is narrower than from beam to beam, so it is never in both."""
    assert all(net(waves, number)[0] == 0 for number in range(RUNS))


def test_two_abreast_are_one_to_the_beams() -> None:
    """The limit of two beams, kept here so that nobody is surprised by it: no light between them reaches a sensor."""
    assert all(net(abreast, number) == (1, 2) for number in range(RUNS))


def test_two_who_meet_in_the_beams_are_nobody_or_one() -> None:
    """Who was first and who was last is all that shows, and that may be the same person or not."""
    found = [net(meets, number) for number in range(RUNS)]
    assert {people for people, _ in found} == {0, 1}
    assert {passed for _, passed in found} == {2}


def test_a_trolley_with_light_behind_it_is_one_more() -> None:
    """As far apart as two people, and as deep as one: nothing tells it from a person."""
    found = [net(lambda chance, apart: with_a_trolley(chance, apart, 0.15), number) for number in range(RUNS)]
    assert set(found) == {(2, 1)}


@pytest.mark.parametrize(
    ("apart", "scenario", "most"),
    [
        pytest.param((0.15, 0.20), close_behind(0.03, 0.60, child=True), 85, id="too far apart for children"),
        pytest.param((0.08, 0.12), lambda chance, apart: straight(chance, apart, legs(chance)), 50, id="at the shin"),
        pytest.param(
            (0.08, 0.12),
            lambda chance, apart: straight(chance, apart, person(chance, arms=0.30)),
            95,
            id="where hands swing",
        ),
    ],
)
def test_beams_that_are_mounted_otherwise_than_advised_count_worse(
    apart: tuple[float, float], scenario: Scenario, most: float
) -> None:
    """Why the documentation says what it says of height and distance."""
    assert share(scenario, runs=RUNS, apart=apart) <= most


def test_the_same_seed_is_the_same_scene() -> None:
    assert net(loiters, 7) == net(loiters, 7)
    assert share(turns_back, runs=5, name="again") == share(turns_back, runs=5, name="again")
