"""What does not belong to the empty place: light is evened out, shadows and holes are nobody, who stands stays."""

from math import sin

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.vision.arrays import Box, Mask, Picture, count, flat
from drivers.vision.difference import differs
from drivers.vision.foreground import Foreground
from drivers.vision.gain import Gain
from drivers.vision.holes import Holes, is_hole
from tests.vision.figures import BLUE, EMPTY, HEIGHT, WIDTH, grained, lit, person, place

BODY = Box(180, 100, 204, 160)


def outline(box: Box) -> Mask:
    """Who stands in `box`, in its own pixels."""
    return differs(person(box, BLUE), EMPTY)[box.cut()]


# Light


@pytest.mark.parametrize(
    "gains",
    [
        [1.0] * 20 + [0.7] * 40,
        [1.0] * 20 + [1.3] * 40,
        np.linspace(1, 0.6, 60).tolist(),
        [1 + 0.06 * sin(number * 2.1) for number in range(60)],
    ],
    ids=["darker", "brighter", "ramp", "flicker"],
)
def test_a_change_of_the_whole_light_is_evened_out(gains: list[float]) -> None:
    gain, off, changed = Gain(), [], []
    for number, factor in enumerate(gains):
        seen = lit(grained(EMPTY, number), factor)
        off.append(np.abs(gain.even(seen, 0.1).astype(float) - EMPTY).mean())
        changed.append(np.abs(seen.astype(float) - EMPTY).mean())
    assert max(off) < 3, "grey levels; the noise alone is 1.6"
    assert max(changed) > 7


def test_after_a_minute_the_new_light_is_the_usual_one() -> None:
    gain = Gain()
    gain.even(EMPTY, 0.0)
    for _ in range(10):
        gain.even(lit(EMPTY, 0.7), 0.1)
    assert gain.factor == pytest.approx(0.7, abs=0.02)


def test_somebody_who_fills_a_third_of_the_picture_does_not_change_its_light() -> None:
    gain = Gain()
    gain.even(EMPTY, 0.0)
    large = person(Box(0, 0, WIDTH // 3, HEIGHT), (20, 20, 30))
    for _ in range(20):
        even = gain.even(large, 0.1)
        assert gain.factor == pytest.approx(1.0, abs=0.01)
        assert np.array_equal(even[:, WIDTH // 2 :], EMPTY[:, WIDTH // 2 :])


def test_a_covered_lens_shows_nothing_and_a_place_at_night_does() -> None:
    assert flat(np.full((288, 384, 3), 14, np.uint8))
    assert flat(grained(np.full((288, 384, 3), 14, np.uint8), 1))
    assert not flat(EMPTY)
    assert not flat(lit(EMPTY, 0.5))


# Difference


def test_a_person_differs_from_the_empty_place_and_their_shadow_does_not() -> None:
    shadow = Box(204, 150, 260, 160)
    seen = person(BODY, BLUE)
    seen[shadow.cut()] = lit(seen[shadow.cut()], 0.65)
    found = differs(seen, EMPTY)
    assert count(found[BODY.cut()]) > 0.5 * BODY.width * BODY.height
    assert not found[shadow.cut()].any()
    found[BODY.cut()] = False
    assert not found.any()


def test_what_is_darker_than_any_shadow_or_coloured_differs() -> None:
    assert differs(lit(EMPTY, 0.3), EMPTY).mean() > 0.95
    coloured = EMPTY.copy()
    coloured[..., 0] = lit(EMPTY, 0.5)[..., 0]
    assert differs(coloured, EMPTY).mean() > 0.95


# Holes


def test_a_place_that_somebody_left_is_a_hole_and_somebody_of_the_same_shape_is_none() -> None:
    with_person, part = person(BODY, BLUE), outline(BODY)
    assert is_hole(part, BODY, EMPTY, with_person)
    assert not is_hole(part, BODY, with_person, EMPTY)
    assert not is_hole(np.zeros_like(part), BODY, with_person, EMPTY), "nothing is no hole"


@pytest.mark.parametrize("depth", [-0.4, 0.5], ids=["shadow", "sun"])
def test_the_soft_light_of_clouds_is_nobody_and_somebody_in_it_is_somebody(depth: float) -> None:
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    soft = 1 + depth * np.exp(-((rows - 130) ** 2 + (columns - 192) ** 2) / (2 * 30**2))[..., None]
    clouded: Picture = np.clip(EMPTY * soft, 0, 255).astype(np.uint8)
    box = Box(165, 95, 220, 165)
    part = (np.abs(soft - 1) > 0.2)[..., 0][box.cut()]
    assert count(part) > 1000
    assert is_hole(part, box, grained(clouded, 1), EMPTY)
    assert not is_hole(outline(BODY), BODY, person(BODY, BLUE, on=clouded), EMPTY)


def test_a_hole_is_filled_at_once_and_forgotten_when_the_mixture_has_come_to_see_it() -> None:
    holes, part = Holes(), outline(BODY)
    holes.fill(part, BODY, EMPTY)

    def mended(seen: Picture, found: NDArray[np.uint8]) -> NDArray[np.uint8]:
        mask = found.copy()
        holes.mend(mask, seen)
        return mask

    ghost = np.zeros((HEIGHT, WIDTH), np.uint8)
    ghost[BODY.cut()] = part * np.uint8(255)
    assert not mended(EMPTY, ghost).any()
    assert not mended(EMPTY, ghost).any()
    assert mended(person(BODY, (60, 60, 220)), ghost).any(), "somebody who stands in it is seen"
    assert not mended(EMPTY, np.zeros_like(ghost)).any()
    assert np.array_equal(mended(EMPTY, ghost), ghost), "the mixture's word counts again"


# Foreground


def test_where_nothing_moves_nothing_is_found() -> None:
    foreground = Foreground(EMPTY)
    for number in range(100):
        assert not foreground.mask(grained(EMPTY, number), [], 0.1).any()


def covered(mask: NDArray[np.uint8], box: Box) -> float:
    return count(mask[box.cut()] > 0) / (box.width * box.height)


def test_somebody_who_stands_for_three_minutes_stays_while_they_are_protected_and_a_bag_does_not() -> None:
    foreground, bag = Foreground(EMPTY), Box(60, 180, 84, 220)
    both = person(BODY, BLUE)
    both[bag.cut()] = (60, 60, 200)
    first = foreground.mask(grained(both, 0), [], 0.2)
    assert covered(first, BODY) > 0.5
    assert covered(first, bag) > 0.9
    shown = [grained(both, number) for number in range(8)]
    for number in range(900):
        mask = foreground.mask(shown[number % 8], [BODY.grown(3)], 0.2)
    assert covered(mask, BODY) > 0.5
    assert covered(mask, bag) == 0


def test_a_mask_has_no_specks_and_no_gaps_between_legs() -> None:
    foreground = Foreground(EMPTY)
    seen = EMPTY.copy()
    seen[40:42, 40:42] = 255
    legs = Box(100, 100, 113, 140)
    seen[legs.cut()] = (20, 20, 30)
    seen[legs.top : legs.bottom, 105:107] = EMPTY[legs.top : legs.bottom, 105:107]
    mask = foreground.mask(seen, [], 0.1)
    assert not mask[30:50, 30:50].any()
    assert (mask[legs.top + 4 : legs.bottom - 4, 102:111] == 255).all()


def test_a_hole_in_the_empty_place_is_told_and_not_seen_again() -> None:
    foreground = Foreground(person(BODY, BLUE))
    assert covered(foreground.mask(EMPTY, [], 0.1), BODY) > 0.5
    assert foreground.was_hole(outline(BODY), BODY, EMPTY)
    assert covered(foreground.mask(EMPTY, [], 0.1), BODY) == 0
    assert not foreground.was_hole(outline(place()), place(), person(place(), BLUE))


def test_the_pictures_of_these_tests_are_what_they_are_said_to_be() -> None:
    assert EMPTY.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(grained(EMPTY, 1).astype(float) - EMPTY).mean() < 2.5
    assert cv2.cvtColor(EMPTY, cv2.COLOR_BGR2GRAY).std() > 10
