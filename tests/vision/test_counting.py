"""People counted in whole scenes, whatever befalls their pictures. What was measured stands beside what is promised;
the same pictures always give the same numbers."""

from itertools import pairwise

import cv2
import pytest

from drivers.device import Crossing, Stay
from drivers.emulators.crowd import Look, crossings, stays
from drivers.emulators.crowd.light import NIGHT, Clouds, Covered, Disturbance, Flicker
from drivers.vision.counter import Counter
from drivers.vision.plan import Line, Plan
from tests.vision.shows import ALONE, BAR, FPS, GROUND, LEVEL, PLAN, SIZE, UPRIGHT, Events, Show, counted, tally, wrong


@pytest.fixture(scope="module")
def walk() -> Show:
    """Single walkers for a minute; the place is empty at first."""
    return Show(60, 2, people_per_minute=15, habits=ALONE, quiet=6)


@pytest.fixture(scope="module")
def told(walk: Show) -> Events:
    return counted(walk.timed())


def test_who_walks_alone_is_counted_in_the_direction_and_at_the_time_that_is_true(walk: Show, told: Events) -> None:
    """2 of 23 were missed."""
    true = walk.true(UPRIGHT, LEVEL)
    assert true.total() > 20
    assert wrong(tally(told), true) <= 0.15 * true.total()
    passed = {
        (one.name, way.direction, way.frame / FPS)
        for one in (UPRIGHT, LEVEL)
        for way in crossings(walk.rows, one, SIZE)
    }
    for event in told:
        if isinstance(event, Crossing):
            assert any(
                (event.line, event.direction) == (f"footfall/{name}", direction) and abs(event.mono - at) < 1.5
                for name, direction, at in passed
            ), event


def test_a_market_with_groups_children_and_a_post_is_counted_nearly_so_well() -> None:
    """7 of 31 were wrong when this was written."""
    market = Show(60, 5, people_per_minute=40, look=Look())
    true = market.true(UPRIGHT, LEVEL)
    assert true.total() > 30
    found = tally(counted(market.timed()))
    assert wrong(found, true) <= 0.4 * true.total()
    assert abs(found.total() - true.total()) <= 0.2 * true.total()


def test_the_same_pictures_give_the_same_events(walk: Show, told: Events) -> None:
    assert counted(walk.timed()) == told


def test_stays_are_as_long_as_people_are_in_a_zone(walk: Show, told: Events) -> None:
    """Within a second."""
    true = [
        (stay.frames / FPS, (stay.first + stay.frames) / FPS)
        for stay in stays(walk.rows, BAR, SIZE)
        if stay.frames > 2 * FPS
    ]
    found = [(event.seconds, event.mono) for event in told if isinstance(event, Stay) and event.zone == "footfall/bar"]
    matched = [
        any(abs(seconds - long) <= 1 and abs(left - until) <= 2.5 for long, left in found) for seconds, until in true
    ]
    assert len(true) > 5
    assert sum(matched) >= 0.8 * len(true)


def test_a_zone_is_empty_again_when_everybody_has_left_and_full_while_they_are_there(walk: Show) -> None:
    counter, inside = Counter(PLAN), []
    for picture, at in walk.timed():
        counter.step(picture, at)
        inside.append((counter.inside.get("ground", 0), counter.people))
    true = [sum(row.foot[1] < SIZE[1] for row in rows) for rows in walk.rows]
    assert max(zone for zone, _ in inside) >= 3
    off = [abs(zone - really) for (zone, _), really in zip(inside[100:], true[100:], strict=True)]
    assert sum(off) / len(off) < 0.5
    assert all(zone <= people for zone, people in inside)
    empty = next(walk.timed())[0]
    for number in range(30):
        counter.step(empty, 60 + number / FPS)
    assert counter.inside == {"ground": 0, "bar": 0}
    assert counter.people == 0


@pytest.mark.parametrize("fps", [6.0, 25.0])
def test_the_rate_of_pictures_matters_little(walk: Show, told: Events, fps: float) -> None:
    true = walk.true(UPRIGHT, LEVEL)
    found = tally(counted(walk.timed(fps)))
    assert wrong(found, true) <= 0.2 * true.total()


def test_pictures_that_come_in_fits_and_starts_are_counted_alike(walk: Show) -> None:
    """Each third is lost, and after 20 pictures half a second."""
    timed = [(picture, at) for number, (picture, at) in enumerate(walk.timed(15.0)) if number % 3 and number % 28 < 20]
    assert {round(after - before, 2) for (_, before), (_, after) in pairwise(timed)} > {0.07, 0.13}
    true = walk.true(UPRIGHT, LEVEL)
    assert wrong(tally(counted(timed)), true) <= 0.25 * true.total()


def test_a_picture_that_is_not_later_than_the_one_before_is_left_out(walk: Show, told: Events) -> None:
    doubled = ((picture, when) for picture, at in walk.timed() for when in (at, at, at - 1.0, at + 0.01))
    assert counted(doubled) == told


def test_after_a_minute_without_pictures_nobody_is_where_they_were_and_counting_goes_on(
    walk: Show, told: Events
) -> None:
    counter = Counter(PLAN)
    events: Events = []
    for picture, at in walk.timed():
        gone = at >= 30
        before = len(events)
        events += counter.step(picture, at + 60 * gone)
        if 30 <= at < 30.05:
            assert all(event.mono < 30 for event in events[before:])
            assert any(isinstance(event, Stay) for event in events[before:]), "stays end with the last picture"
            assert counter.people == 0
    events += counter.end()
    assert wrong(tally(events), tally(told)) <= 3
    assert not [event for event in events if 30 <= event.mono < 90]


def test_pictures_of_another_size_are_the_same_place(walk: Show, told: Events) -> None:
    """From the middle on they are larger and have another shape; a crossing or two at that moment are missed."""

    resized = ((cv2.resize(picture, (640, 360)) if at >= 30 else picture, at) for picture, at in walk.timed())
    assert wrong(tally(counted(resized)), tally(told)) <= 6


def test_a_new_plan_is_counted_from_the_next_picture_on_and_people_are_followed_on(walk: Show, told: Events) -> None:
    counter, events = Counter(Plan((UPRIGHT,), (BAR,))), []
    for picture, at in walk.timed():
        if at == 30.0:
            people = counter.people
            counter.plan = Plan((LEVEL, Line("v", UPRIGHT.b, UPRIGHT.a)), (GROUND,))
            assert counter.people == people > 0
        events += counter.step(picture, at)
    events += counter.end()
    names = {
        at: {event.line for event in events if isinstance(event, Crossing) and (event.mono < 30) is at}
        for at in (True, False)
    }
    assert names == {True: {"footfall/upright"}, False: {"footfall/level", "footfall/v"}}
    assert {event.zone for event in events if isinstance(event, Stay) and event.mono > 40} == {"footfall/ground"}
    late = tally(event for event in told if event.mono >= 31 and isinstance(event, Crossing))
    found = tally(event for event in events if event.mono >= 31)
    assert found["v", "out"] == late["upright", "in"]
    assert found["v", "in"] == late["upright", "out"]
    assert found["level", "in"] == late["level", "in"]


def test_a_draft_is_counted_besides_and_told_to_nobody(walk: Show, told: Events) -> None:
    counter = Counter(Plan((UPRIGHT,)))
    counter.trial = PLAN
    events = [event for picture, at in walk.timed() for event in counter.step(picture, at)] + counter.end()
    assert {event.line for event in events if isinstance(event, Crossing)} == {"footfall/upright"}
    assert not any(isinstance(event, Stay) for event in events)
    whole = tally(told)
    assert counter.tried.crossings == {name: [whole[name, "in"], whole[name, "out"]] for name in ("upright", "level")}
    last = [
        (event.line.removeprefix("footfall/"), event.direction, event.mono)
        for event in told
        if isinstance(event, Crossing)
    ][-20:]
    assert list(counter.tried.last) == last
    counter.trial = Plan((LEVEL,))
    assert counter.tried.crossings == {"level": [0, 0]}
    assert not counter.tried.last
    counter.trial = None
    assert counter.tried.crossings == {}


def test_at_the_end_everything_is_told_once() -> None:
    counter = Counter(PLAN)
    assert counter.end() == []
    show = Show(8, 3, people_per_minute=40, habits=ALONE)
    events = [event for picture, at in show.timed() for event in counter.step(picture, at)]
    more = counter.end()
    assert any(isinstance(event, Stay) for event in more)
    assert (counter.people, sum(counter.inside.values())) == (0, 0)
    assert counter.end() == []
    assert all(event.mono <= 8 for event in events + more)
    assert [event for picture, at in show.timed() for event in counter.step(picture, at + 100)], "and it goes on"


@pytest.mark.parametrize(
    ("look", "disturbances"),
    [(Look(noise=4), (Clouds(),)), (Look(), (Clouds(0.6), Flicker())), (Look(), (NIGHT,))],
    ids=["clouds", "clouds and flicker", "night"],
)
def test_in_an_empty_place_nobody_is_counted_in_a_minute(look: Look, disturbances: tuple[Disturbance, ...]) -> None:
    empty = Show(60, 7, people_per_minute=0, look=look, disturbances=disturbances)
    assert counted(empty.timed(6.0)) == []


def test_a_hand_before_the_lens_adds_nobody() -> None:
    """Those who walked by meanwhile are missed."""
    open_, covered = (Show(36, 7, people_per_minute=20, disturbances=what) for what in ((), (Covered(15, 21),)))
    usual, found = tally(counted(open_.timed())), tally(counted(covered.timed()))
    assert 0 < found.total() <= usual.total()
    assert wrong(found, usual) <= 0.4 * usual.total()


def test_a_new_plan_ends_the_stays_of_the_old_one(walk: Show) -> None:
    counter, ended = Counter(PLAN), []
    for picture, at in walk.timed():
        was = counter.inside.get("ground", 0) if at >= 20 and counter.plan is PLAN else 0
        if was:
            counter.plan = Plan((UPRIGHT,))
        events = counter.step(picture, at)
        if was:
            ended = [event for event in events if isinstance(event, Stay) and event.zone == "footfall/ground"]
            break
    assert len(ended) >= was > 0
    assert all(0 < stay.seconds < 20 for stay in ended)
