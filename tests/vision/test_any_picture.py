"""Whatever a camera gives, counting goes on and what is kept stays bounded."""

import random
import tracemalloc
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from drivers.vision.arrays import Picture
from drivers.vision.counter import Counter
from tests.vision.figures import BLUE, EMPTY, HEIGHT, RED, WIDTH, grained, person, place
from tests.vision.shows import PLAN

SIZES = ((1, 1), (1, 288), (2, 3), (2000, 10), (10, 2000), (384, 1), (97, 53), (640, 480), (720, 1280), (384, 288))
"""Columns, rows."""


def _noise(size: tuple[int, int], chance: np.random.Generator) -> Picture:
    return chance.integers(0, 256, (size[1], size[0], 3), np.uint8)


def _blocks(size: tuple[int, int], chance: np.random.Generator) -> Picture:
    return cv2.resize(_noise((9, 7), chance), size, interpolation=cv2.INTER_NEAREST)


def _plain(size: tuple[int, int], chance: np.random.Generator) -> Picture:
    return np.full((size[1], size[0], 3), chance.integers(0, 256), np.uint8)


def _grey(size: tuple[int, int], chance: np.random.Generator) -> Picture:
    return np.repeat(_noise(size, chance)[..., :1], 3, 2)


def _place(size: tuple[int, int], chance: np.random.Generator) -> Picture:
    body = place(chance.uniform(-20, WIDTH + 20), chance.uniform(40, HEIGHT + 60))
    return cv2.resize(person(body, BLUE), size)


KINDS: tuple[Callable[[tuple[int, int], np.random.Generator], Picture], ...] = (_noise, _blocks, _plain, _grey, _place)


@pytest.mark.parametrize("size", SIZES)
def test_pictures_of_any_size_and_content_are_looked_at(size: tuple[int, int]) -> None:
    counter, chance = Counter(PLAN), np.random.default_rng(size[0])
    for number in range(24):
        kind = KINDS[number % len(KINDS)]
        events = counter.step(kind(size, chance), number / 2)
        assert all(0 <= event.mono <= number / 2 for event in events)
    counter.end()
    assert counter.view.fps == pytest.approx(2, abs=0.2)


@pytest.mark.parametrize("seed", range(3))
def test_any_pictures_at_any_times_with_plans_and_ends_between_them_break_nothing(seed: int) -> None:
    chance, grain, counter, at = random.Random(seed), np.random.default_rng(seed), Counter(PLAN), 0.0
    size = SIZES[-1]
    for _ in range(150):
        at += chance.choice((0.1, 0.1, 0.1, 0.06, 0.0, -0.3, 1.0, 7.0))
        if chance.random() < 0.04:
            size = chance.choice(SIZES)
        if chance.random() < 0.05:
            counter.plan = chance.choice((PLAN, type(PLAN)(), type(PLAN)(PLAN.lines[:1], PLAN.zones[1:])))
        if chance.random() < 0.05:
            counter.trial = chance.choice((PLAN, None))
        if chance.random() < 0.03:
            counter.end()
        counter.step(chance.choices(KINDS, (1, 1, 1, 1, 12))[0](size, grain), at)
        assert counter.people >= 0
        assert all(0 <= inside <= counter.people for inside in counter.inside.values())


def _held(counter: Counter) -> int:
    """People whom it knows anything of."""
    tracker, watch, draft = counter._tracker, counter._watch, counter._draft
    assert tracker is not None
    assert watch is not None
    assert draft is not None
    known = (counter._known, counter._early, watch._sides, watch._visits, draft._sides, draft._visits)
    return max(len(counter._waiting), len(tracker.tracks), len(tracker._lost), *map(len, known))


def test_what_is_kept_does_not_grow_with_the_people_who_came_by() -> None:
    """They run so fast that nobody can be followed: each picture shows three people who are new, 3,300 in all."""
    ways = [
        [person(place(-20 + 38 * step, 160 + row), coat) for step in range(12)]
        for row, coat in ((0, BLUE), (60, RED), (110, BLUE))
    ]
    shown = [
        np.minimum(np.minimum(ways[0][step], ways[1][(step + 4) % 12]), ways[2][(step + 8) % 12]) for step in range(12)
    ]
    shown = [grained(picture, number) for number, picture in enumerate(shown)]
    counter, most, told = Counter(PLAN), 0, 0
    counter.trial = PLAN
    for number in range(60):
        counter.step(grained(EMPTY, number % 5), number / 8)

    def come_by(begin: int, pictures: int) -> None:
        nonlocal most, told
        for number in range(begin, begin + pictures):
            told += len(counter.step(shown[number % 12], 7.5 + number / 8))
            most = max(most, _held(counter))

    come_by(0, 300)
    tracemalloc.start()
    try:
        come_by(300, 300)
        before, _ = tracemalloc.get_traced_memory()
        come_by(600, 500)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert told > 200
    assert most < 3 * 8 * 7, "three people of each picture of the last 6 seconds and a bit"
    assert after - before < 100_000, "bytes"
