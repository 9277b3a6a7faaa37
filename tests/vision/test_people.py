"""How tall people appear, what they look like, how they are followed, told apart, found anew and given up."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from drivers.vision import births, colours
from drivers.vision.arrays import Box, Mask, count
from drivers.vision.births import Found
from drivers.vision.clusters import LEAST_PIXELS, clusters, parts
from drivers.vision.difference import differs
from drivers.vision.fit import Scene, fit
from drivers.vision.height import LEAST, Heights
from drivers.vision.silhouette import WIDTH as SHARE
from drivers.vision.silhouette import silhouette
from drivers.vision.standing import standing
from drivers.vision.track import GIVEN_UP, Track
from tests.vision.figures import BLUE, EMPTY, GREEN, HEIGHT, RED, WIDTH, Colour, grained, person, place

TALL = 60


def tall(row: float) -> float:
    return float(TALL)


# Height


def learnt(rows: NDArray[np.float64], talls: NDArray[np.float64], seed: int, outliers: float) -> Heights:
    """From boxes 0.4 heights wide, a share of which are halves of people and groups."""
    chance, heights = np.random.default_rng(seed), Heights()
    for row, usual in zip(rows, talls, strict=True):
        wrong = chance.random() < outliers
        high = usual * (chance.choice((chance.uniform(0.4, 0.8), chance.uniform(1.25, 1.9))) if wrong else 1)
        high *= chance.normal(1, 0.03)
        heights.learn(float(row), 0.4 * high, float(high))
    return heights


@pytest.mark.parametrize(("a", "b"), [(0.28, 0.0), (0.1, 30.0), (0.6, -40.0), (0.0, 50.0)])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_persons_height_is_learnt_though_two_of_five_boxes_are_none_of_one_person(
    a: float, b: float, seed: int
) -> None:
    rows = np.random.default_rng(seed).uniform(110, 280, 400)
    heights = learnt(rows, a * rows + b, seed, 0.4)
    assert heights.known
    for row in (120, 200, 280):
        assert heights.at(row) == pytest.approx(max(LEAST, a * row + b), rel=0.05)
    assert 0.5 < heights.agree < 0.8


def test_from_people_who_all_walk_in_one_row_their_height_there_is_learnt() -> None:
    rows = np.random.default_rng(3).normal(200, 1, 100)
    heights = learnt(rows, np.full(100, 90.0), 3, 0.2)
    assert heights.known
    assert heights.at(200) == pytest.approx(90, rel=0.05)
    assert heights.at(260) > heights.at(200) > heights.at(140)


def test_from_what_has_no_persons_proportions_and_from_dots_nothing_is_learnt() -> None:
    chance, heights = np.random.default_rng(4), Heights()
    for row in chance.uniform(20, 280, 500).tolist():
        heights.learn(row, 80.0, 80.0)
        heights.learn(row, 5.0, 80.0)
        heights.learn(row, 4.0, 10.0)
    assert not heights.known
    assert heights.at(200) == Heights().at(200)


def test_from_boxes_of_any_height_anywhere_nothing_is_learnt() -> None:
    chance, heights = np.random.default_rng(5), Heights()
    for row, high in zip(chance.uniform(20, 280, 600).tolist(), chance.uniform(15, 250, 600).tolist(), strict=True):
        heights.learn(row, 0.4 * high, high)
    assert not heights.known


def test_nobody_is_shorter_than_a_dot() -> None:
    assert Heights().at(-1000) == LEAST


def test_somebody_who_stands_and_is_measured_again_and_again_says_nothing_new() -> None:
    heights = Heights()
    for _ in range(200):
        heights.learn(200.0, 20.0, 50.0)
    assert not heights.known


# Silhouette


@given(st.integers(8, 300))
def test_an_outline_is_symmetric_has_its_area_and_is_as_wide_as_a_person(high: int) -> None:
    shape = silhouette(high)
    assert shape.area == count(shape.inside)
    assert np.array_equal(shape.inside, shape.inside[:, ::-1])
    assert shape.middle == shape.inside.shape[1] // 2
    rows, columns = np.flatnonzero(shape.inside.any(1)), np.flatnonzero(shape.inside.any(0))
    assert (rows[0], rows[-1]) == (shape.pad, shape.pad + high - 1)
    assert abs(columns[-1] - columns[0] + 1 - SHARE * high) <= 2
    assert (shape.pattern[shape.inside] == 1).all()
    assert (shape.pattern[~shape.inside] <= 0).all()
    assert (shape.pattern < 0).any()
    if high >= 20:
        assert shape.area == pytest.approx(0.27 * high**2, rel=0.1)


# Colours


def worn(coat: Colour, x: float = 100, seed: int = 1) -> colours.Colours:
    box = place(x)
    seen = grained(person(box, coat), seed)
    return colours.colours(seen[box.cut()], differs(seen, EMPTY)[box.cut()])


def test_people_are_alike_themselves_elsewhere_and_not_somebody_else() -> None:
    assert worn(BLUE).sum() == pytest.approx(1, abs=1e-3)
    assert colours.alike(worn(BLUE), worn(BLUE, 250, 2)) > 0.9
    assert colours.alike(worn(BLUE), worn(RED)) < 0.75
    assert colours.alike(worn(BLUE), worn(RED)) < colours.alike(worn(BLUE), worn(BLUE, 250, 2)) - 0.2


def test_a_pixel_of_ones_own_colour_is_worth_more_than_one_of_the_others_and_none_is_worth_nothing() -> None:
    mean = (worn(BLUE) + worn(RED)) / 2
    worth = colours.tells(worn(BLUE), mean)
    blue, red = (int(colours.shades(np.array([[coat]], np.uint8))[0, 0]) for coat in (BLUE, RED))
    assert worth[blue] > 1.2 > 0.7 > worth[red]
    assert 0.35 < worth.min() <= worth.max() < 1.65


def test_clothes_are_learnt_slowly_and_nobody_wears_an_empty_mask() -> None:
    before, now = worn(BLUE), worn(RED)
    assert np.array_equal(colours.learn(None, now), now)
    known = before
    for _ in range(50):
        known = colours.learn(known, now)
    assert colours.alike(known, now) > 0.99
    assert colours.alike(colours.learn(before, now), before) > 0.9
    assert colours.colours(EMPTY, np.zeros((HEIGHT, WIDTH), bool)).sum() == 0


# Track


def followed(x: float = 100, y: float = 200, at: float = 0.0, **known: object) -> Track:
    track = Track(1, x, y, TALL, at)
    for name, value in known.items():
        setattr(track, name, value)
    return track


@pytest.mark.parametrize("fps", [4, 10, 25])
def test_who_walks_evenly_is_soon_known_to(fps: int) -> None:
    track, chance = followed(), np.random.default_rng(fps)
    for number in range(1, 4 * fps + 1):
        track.predict(TALL, 1 / fps)
        off = chance.normal(0, 0.03 * TALL, 2)
        x, y = 100 + 50 * number / fps + off[0], 200 - 20 * number / fps + off[1]
        track.measure(x, y, (0.05, 0.05), number / fps, 1 / fps)
    assert (track.vx, track.vy) == pytest.approx((50, -20), abs=8)
    assert (track.x, track.y) == pytest.approx((300, 120), abs=0.06 * TALL)
    assert track.speed == pytest.approx(sqrt(50**2 + 20**2) / TALL, abs=0.2)
    assert track.seen == pytest.approx(4)
    assert track.walked(3.0)
    assert not track.walked(5.0)
    assert sqrt(track.spread) < 0.05 * TALL


def test_who_is_out_of_sight_goes_on_slower_and_is_less_and_less_sure_to_be_there() -> None:
    track = followed(vx=60.0)
    spreads, places = [track.spread], [track.x]
    for _ in range(30):
        track.predict(TALL, 0.1)
        track.miss(0.1)
        spreads.append(track.spread)
        places.append(track.x)
    steps = np.diff(places)
    assert (np.diff(spreads) > 0).all()
    assert (np.diff(steps) < 0).all()
    assert 100 < track.x < 280
    assert track.missed == pytest.approx(3)
    assert not track.shown
    track.measure(250, 200, (0.05, 0.05), 3.0, 0.1)
    assert track.shown
    assert track.x == pytest.approx(250, abs=3), "a place that is seen counts more than one that was guessed"


def test_who_is_found_again_is_there_and_walks_on_slower() -> None:
    track = followed(vx=60.0, missed=2.0)
    track.resume(180, 210, 5.0)
    assert (track.x, track.y, track.at, track.missed, track.vx) == (180, 210, 5.0, 0.0, 30.0)
    assert track.spread == followed().spread


@given(st.lists(st.floats(-3, 3), max_size=20))
def test_trust_never_rises_above_one(changes: list[float]) -> None:
    track = followed()
    for change in changes:
        track.trusted(change)
        assert track.trust <= 1


# Clusters


def masked(*boxes: Box) -> NDArray[np.uint8]:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for box in boxes:
        mask[box.cut()] = 255
    return mask


def test_specks_are_no_parts_and_parts_have_their_boxes_and_areas() -> None:
    found = parts(masked(Box(10, 10, 14, 16), place(100), place(200)))
    assert LEAST_PIXELS > 4 * 6
    assert sorted(found.boxes.values()) == [place(100), place(200)]
    assert set(found.areas.values()) == {24 * TALL}
    assert {int(found.labels[170, x]) for x in (100, 200)} == set(found.boxes)


def test_people_who_touch_one_part_are_told_apart_together_and_others_by_themselves() -> None:
    both, alone, nobody = Box(88, 140, 130, 200), place(250), place(330)
    found = parts(masked(both, alone, nobody))
    near, beside, far, lost = followed(100), followed(118), followed(250), followed(30, 60)
    told = clusters([near, beside, far, lost], found)
    boxes = [({id(track) for track in one.tracks}, [found.boxes[label] for label in one.labels]) for one in told]
    assert len(told) == 4
    assert ({id(near), id(beside)}, [both]) in boxes
    assert ({id(far)}, [alone]) in boxes
    assert ({id(lost)}, []) in boxes
    assert (set(), [nobody]) in boxes


@given(
    st.lists(st.tuples(st.integers(20, 360), st.integers(70, 280)), max_size=6),
    st.lists(st.tuples(st.integers(20, 360), st.integers(70, 280)), max_size=6),
)
def test_everybody_and_every_part_is_in_exactly_one_cluster(
    people: list[tuple[int, int]], boxes: list[tuple[int, int]]
) -> None:
    found = parts(masked(*(place(*feet) for feet in boxes)))
    tracks = [followed(*feet) for feet in people]
    told = clusters(tracks, found)
    assert sorted(id(track) for one in told for track in one.tracks) == sorted(map(id, tracks))
    assert sorted(label for one in told for label in one.labels) == sorted(found.boxes)
    assert all(one.tracks or one.labels for one in told)


# Fit


def scene(*people: tuple[Box, Colour]) -> Scene:
    """Farther people first; what moves is known without noise."""
    seen = EMPTY
    for box, coat in people:
        seen = person(box, coat, on=seen)
    return Scene(differs(seen, EMPTY), (0, 0), seen, (WIDTH, HEIGHT))


@pytest.mark.parametrize("off", [(0, 0), (5, 3), (-5, 3)])
def test_two_of_whom_one_hides_half_of_the_other_are_both_found(off: tuple[int, int]) -> None:
    behind, before = place(200, 190), place(211, 200)
    tracks = [
        followed(200 + off[0], 190 + off[1], colours=worn(RED), seen=2.0),
        followed(211 + off[0], 200 + off[1], colours=worn(BLUE), seen=2.0),
    ]
    for track in tracks:
        track.predict(TALL, 0.1)
    rest = fit(tracks, scene((behind, RED), (before, BLUE)), tall, None, 1.0, 0.1)
    for track, feet in zip(tracks, ((200, 190), (211, 200)), strict=True):
        assert (track.x, track.y) == pytest.approx(feet, abs=0.1 * TALL)
        assert track.missed == 0
        assert track.at == 1.0
    assert tracks[0].hidden > 0
    assert tracks[1].hidden == 0
    assert count(rest) < 0.1 * silhouette(TALL).area


def test_who_is_hidden_whole_or_is_not_there_is_missed_and_what_belongs_to_nobody_is_left() -> None:
    hidden, before = followed(200, 195, vx=10.0), followed(200, 200)
    rest = fit([hidden, before], scene((place(200, 200), BLUE), (place(320, 200), RED)), tall, None, 1.0, 0.1)
    assert before.missed == 0
    assert 0 < hidden.missed < 0.1, "whoever is behind somebody is missed less"
    assert count(rest[place(320, 200).cut()]) > 0.8 * silhouette(TALL).area
    gone = followed(60, 200)
    fit([gone], scene((place(320, 200), RED)), tall, None, 1.0, 0.1)
    assert gone.missed == pytest.approx(0.1)


def test_who_walks_out_of_the_picture_is_fitted_to_what_is_left_of_them() -> None:
    for x, y in ((4, 200), (WIDTH - 5, 200), (200, HEIGHT + 15)):
        track = followed(x, y)
        fit([track], scene((place(x, y), BLUE)), tall, None, 1.0, 0.1)
        assert track.missed == 0
        assert (track.x, track.y) == pytest.approx((x, y), abs=0.1 * TALL)
    beyond = followed(-200, 200)
    fit([beyond], scene((place(), BLUE)), tall, None, 1.0, 0.1)
    assert beyond.missed > 0


# Births


def found(moves: Mask, seen: NDArray[np.uint8], *, hole: bool = False) -> list[Found]:
    return births.newcomers(moves.copy(), (0, 0), seen, tall, lambda part, box, picture: hole)


def moving(*people: tuple[Box, Colour]) -> tuple[Mask, NDArray[np.uint8]]:
    told = scene(*people)
    return told.moves, told.picture


def test_somebody_new_is_found_where_their_feet_are_with_what_they_wear() -> None:
    (one,) = found(*moving((place(120, 210), BLUE)))
    assert (one.x, one.y) == pytest.approx((120, 210), abs=2)
    assert colours.alike(one.colours, worn(BLUE)) > 0.9


def test_two_abreast_are_two_and_two_behind_one_another_as_well() -> None:
    abreast = found(*moving((place(100), BLUE), (place(121), RED)))
    assert sorted(one.x for one in abreast) == pytest.approx([100, 121], abs=5)
    row = found(*moving((place(100, 160), RED), (place(100, 200), BLUE)))
    assert sorted(one.y for one in row) == pytest.approx([160, 200], abs=6)


def test_a_dog_a_pole_and_a_hole_are_nobody() -> None:
    dog, pole = Box(100, 185, 120, 200), Box(100, 140, 104, 200)
    for box in (dog, pole):
        moves = masked(box) > 0
        assert found(moves, EMPTY) == []
    assert found(*moving((place(120, 210), BLUE)), hole=True) == []
    assert found(np.zeros((HEIGHT, WIDTH), bool), EMPTY) == []


def test_two_who_came_as_one_are_split_where_their_heads_part_and_one_is_not() -> None:
    moves, _ = moving((place(100), BLUE), (place(118), RED))
    cut = births.pair([followed(109)], moves, (0, 0), 0.2)
    assert cut is not None
    _, own, other = cut
    assert sorted((own[0], other[0])) == pytest.approx([100, 118], abs=6)
    assert births.pair([followed(100)], moving((place(100), BLUE))[0], (0, 0), 0.2) is None


def test_somebody_lost_is_found_again_by_what_they_wear_and_a_stranger_is_not_taken_for_them() -> None:
    lost = followed(100, 200, at=0.0, colours=worn(BLUE))
    plain = np.full((9, 9, 3), GREEN, np.uint8)
    again = Found(110, 200, worn(BLUE, seed=2))
    stranger = Found(130, 200, colours.colours(plain, np.ones((9, 9), bool)))
    assert births.lost_one(again, [lost], TALL, 2.0) is lost
    assert births.lost_one(stranger, [lost], TALL, 2.0) is None
    assert births.lost_one(Found(300, 200, worn(BLUE)), [lost], TALL, 2.0) is None, "too far"
    other = followed(120, 200, at=0.0, colours=worn(RED))
    assert births.lost_one(again, [other, lost], TALL, 2.0) is lost
    assert births.lost_one(again, [], TALL, 2.0) is None


# Standing


def test_who_walked_and_stands_is_protected_while_they_stir_and_a_bag_is_given_up() -> None:
    alive, bag = followed(100, 200, seen=5.0), followed(250, 200, seen=5.0)
    for track in (alive, bag):
        track.born = (track.x - TALL, 200.0)
    before, chance = None, np.random.default_rng(1)
    for number in range(100):
        sway = int(chance.integers(-1, 2))
        seen = person(place(250, 200), RED, on=person(place(100 + sway, 200), BLUE))
        boxes = standing([alive, bag], grained(seen, number), before, 0.1)
        before = grained(seen, number)
    assert alive.trust > GIVEN_UP
    assert bag.trust == GIVEN_UP
    (box,) = boxes
    assert box.left < 100 - 0.2 * TALL
    assert box.right > 100 + 0.2 * TALL
    assert box.top < 200 - TALL
    assert box.bottom > 200


@pytest.mark.parametrize(
    "known",
    [{"seen": 0.5}, {"missed": 0.5}, {"vx": 0.5 * TALL}, {"born": (100.0, 200.0)}],
    ids=["new", "out of sight", "walking", "never went anywhere"],
)
def test_nobody_else_is_protected(known: dict[str, object]) -> None:
    track = followed(100, 200, **{"seen": 5.0, "born": (40.0, 200.0), **known})
    assert standing([track], EMPTY, None, 0.1) == []
    assert standing([followed(100, 200, seen=5.0, born=(40.0, 200.0))], EMPTY, None, 0.1) != []
