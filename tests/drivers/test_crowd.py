"""Scenes of crowds: what is drawn is where the truth says, and the truth is what it says it is."""

import math
import selectors
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy
import pytest

from drivers.camera.frames import Frames
from drivers.emulators.camera import CameraEmulator
from drivers.emulators.crowd import (
    CLOSE,
    FAR,
    MARKET,
    Camera,
    Habits,
    Look,
    Scene,
    Seen,
    Sun,
    crossings,
    stays,
    write_video,
)
from drivers.emulators.crowd.ground import Ground
from drivers.emulators.crowd.light import (
    NIGHT,
    Bump,
    Clouds,
    Covered,
    Dim,
    Disturbance,
    Flicker,
    Pumping,
    Ramp,
    Step,
)
from drivers.emulators.crowd.walk import Crowd, Pose
from drivers.uri import Uri
from drivers.vision.plan import Line, Zone

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

    Picture = NDArray[uint8]

SMALL = (384, 288)
STEEP = Camera(height=9, tilt=45, view=45)
"""All ground, no wall and no doorway."""
STILL = Look(noise=0, camouflage=0, posts=0)
"""Nothing changes in the picture but people."""


def scene(seed: int = 1, **arguments: object) -> Scene:
    return Scene(seed, **{"size": SMALL, "look": STILL} | arguments)


def changed(picture: "Picture", other: "Picture") -> "NDArray[numpy.bool_]":
    found: NDArray[numpy.bool_] = numpy.abs(picture.astype(int) - other).max(2) > 6
    return found


# The camera


CAMERAS = [MARKET, FAR, Camera(height=3.2, tilt=14, view=60, far=16), Camera(height=6, tilt=30, view=60)]


@pytest.mark.parametrize("camera", CAMERAS)
def test_a_persons_height_falls_evenly_with_the_row_of_their_feet(camera: Camera) -> None:
    ground = Ground(camera, (768, 576))
    feet, heights = [], []
    for y in numpy.linspace(ground.front, ground.far, 50).tolist():
        _, foot, _ = ground.place(0.5, y)
        _, head, _ = ground.place(0.5, y, 1.7)
        feet.append(foot)
        heights.append(foot - head)
    assert feet == sorted(feet, reverse=True)
    slope, start = numpy.polyfit(feet, heights, 1)
    off = numpy.abs(slope * numpy.array(feet) + start - heights) / heights
    assert slope > 0
    assert off.max() < 0.08


def test_a_level_camera_sees_people_exactly_in_proportion_to_their_distance_below_the_horizon() -> None:
    ground = Ground(Camera(height=4, tilt=0, view=60, far=40), (640, 480))
    for y in (10.0, 17.0, 39.0):
        _, foot, _ = ground.place(-1, y)
        _, head, _ = ground.place(-1, y, 1.6)
        assert (foot - head) / (foot - 240) == pytest.approx(1.6 / 4)


@pytest.mark.parametrize("camera", [*CAMERAS, CLOSE])
def test_rows_distances_and_the_grounds_matrix_agree(camera: Camera) -> None:
    ground = Ground(camera, SMALL)
    for y in numpy.linspace(ground.front, ground.far, 9).tolist():
        x, row, scale = ground.place(1.25, y)
        assert ground.away(row) == pytest.approx(y)
        across, down, depth = ground.matrix() @ (1.25, y, 1)
        assert (across / depth, down / depth) == pytest.approx((x, row))
        assert ground.place(2.25, y)[0] - x == pytest.approx(scale)
        assert ground.place(ground.aside(y), y)[0] == pytest.approx(SMALL[0])
    assert ground.away(-1e6) == math.inf


def test_a_camera_that_sees_no_ground_is_refused() -> None:
    with pytest.raises(ValueError, match="no ground"):
        Ground(Camera(tilt=-60), SMALL)


@pytest.mark.parametrize(
    ("camera", "small", "large"), [(MARKET, 60, 190), (FAR, 8, 28), (CLOSE, 290, 650)], ids=["market", "far", "close"]
)
def test_people_are_as_large_as_the_view_says(camera: Camera, small: float, large: float) -> None:
    """In pixels of a picture of 576 rows: four of five grown people are between `small` and `large`."""
    view = scene(3, camera=camera, people_per_minute=30, habits=Habits(children=0))
    rows = [row for number in range(0, 600, 15) for row in view.frame(number)[1]]
    tall = [row.box[3] * 576 / SMALL[1] for row in rows]
    assert len(tall) > 30
    assert small < numpy.percentile(tall, 10) < numpy.percentile(tall, 90) < large


# People


def ways(crowd: Crowd, seconds: float) -> dict[int, list[tuple[float, Pose]]]:
    found: dict[int, list[tuple[float, Pose]]] = defaultdict(list)
    for tenth in range(round(seconds * 5)):
        for walker, pose in crowd.around(tenth / 5):
            found[walker.number].append((tenth / 5, pose))
    return found


def test_people_walk_at_the_speeds_asked_for_and_some_pause_and_some_turn_back() -> None:
    habits = Habits(speeds=(0.5, 1.5), groups=0, pauses=0.5, returns=0.3)
    crowd = Crowd(4, Ground(MARKET, SMALL), habits, 30, 0)
    usual, paused, returned = [], 0, 0
    for way in ways(crowd, 300).values():
        speeds = [pose.speed for _, pose in way]
        usual.append(max(numpy.median([speed for speed in speeds if speed > 0.2] or [0]), 0))
        paused += sum(speed < 0.05 for speed in speeds) > 10
        (_, first), (_, last) = way[0], way[-1]
        farthest = max(math.dist((pose.x, pose.y), (first.x, first.y)) for _, pose in way)
        returned += farthest > 2 and math.dist((first.x, first.y), (last.x, last.y)) < 1
    assert len(usual) > 100
    assert min(usual) > 0.4
    assert max(usual) < 1.6
    assert paused > 10
    assert returned > 10


def test_groups_walk_together_and_others_keep_apart() -> None:
    crowd = Crowd(5, Ground(MARKET, SMALL), Habits(groups=0.5, children=0.5), 15, 0)
    together, apart, tall = [], [], []
    for second in range(600):
        there = crowd.around(second)
        tall += [walker.height for walker, _ in there]
        for (a, here), (b, other) in combinations(there, 2):
            distance = math.dist((here.x, here.y), (other.x, other.y))
            (together if a.arrives == b.arrives else apart).append(distance)
    assert len(together) > 200
    assert max(together) < 3.5
    assert numpy.median(together) < 1.2
    assert numpy.mean(numpy.array(apart) < 0.4) < 0.01
    assert min(tall) >= 1.0
    assert max(tall) <= 1.9
    assert min(tall) < 1.4 < 1.5 < numpy.median(tall)


def test_as_many_come_as_were_asked_for() -> None:
    for asked in (0, 6, 30):
        crowd = Crowd(6, Ground(MARKET, SMALL), Habits(), asked, 0)
        numbers = {walker.number for second in range(1200) for walker, _ in crowd.around(second)}
        assert len(numbers) / 20 == pytest.approx(asked, rel=0.25)


def test_nobody_is_there_while_it_is_quiet() -> None:
    calm = scene(quiet=5, people_per_minute=60)
    assert all(not calm.frame(number)[1] for number in range(50))
    assert any(calm.frame(number)[1] for number in range(50, 300))
    assert scene(people_per_minute=60).frame(0)[1]


# Pictures


def test_a_picture_depends_on_its_number_and_the_arguments_alone() -> None:
    look = Look(sun=Sun(), jpeg=70)
    one, other = (Scene(8, size=SMALL, look=look, disturbances=(Clouds(), Flicker())) for _ in range(2))
    shown = list(one.frames(3))
    assert len(shown) == 30
    for number in (25, 3, 17):
        picture, rows = other.frame(number)
        assert (picture == shown[number][0]).all()
        assert rows == shown[number][1]
    assert (shown[0][0] != Scene(9, size=SMALL, look=look).frame(0)[0]).any()


@pytest.mark.parametrize("disturbances", [(), (Bump(at=0),)], ids=["as mounted", "bumped"])
def test_what_changes_in_a_picture_is_in_the_boxes_of_people(disturbances: Sequence[Disturbance]) -> None:
    seen = scene(camera=STEEP, people_per_minute=12, disturbances=disturbances)
    empty = scene(camera=STEEP, people_per_minute=0, disturbances=disturbances).frame(0)[0]
    checked = 0
    for number in range(0, 600, 15):
        picture, rows = seen.frame(number)
        differs = changed(picture, empty)
        boxes = numpy.zeros(differs.shape, bool)
        for row in rows:
            left, top, wide, high = row.box
            boxes[window((left - 3, top - 3, wide + 6, high + 6))] = True
            # Around the soles it is a little darker.
            boxes[window((row.foot[0] - 0.3 * high, row.foot[1] - 0.3 * high, 0.6 * high, 0.6 * high))] = True
            alone = all(other is row or apart(row, other) for other in rows)
            inside = left > 5 and top > 5 and left + wide < SMALL[0] - 5 and top + high < SMALL[1] - 5
            if alone and inside:
                checked += 1
                assert differs[window(row.box)].mean() > 0.25
                upper = differs[window((left - 9, top - 9, wide + 18, 0.5 * high + 9))]
                columns, lines = numpy.flatnonzero(upper.any(0)), numpy.flatnonzero(upper.any(1))
                assert lines[0] == pytest.approx(9, abs=3)
                assert columns[0] >= 9 - 3
                assert columns[-1] <= 9 + wide + 3
        # There lie the shadows of people outside; after a bump, what is mirrored.
        rim = 50 if disturbances else 12
        assert not (differs & ~boxes)[rim : SMALL[1] - rim, rim : SMALL[0] - rim].any()
    assert checked > 15


def window(box: tuple[float, float, float, float]) -> tuple[slice, slice]:
    left, top, wide, high = (round(part) for part in box)
    return slice(max(top, 0), max(top + high, 0)), slice(max(left, 0), max(left + wide, 0))


def apart(row: Seen, other: Seen) -> bool:
    (a, b, c, d), (e, f, g, h) = row.box, other.box
    return a > e + g + 20 or e > a + c + 20 or b > f + h + 20 or f > b + d + 20


def test_people_are_about_a_third_as_wide_as_high_and_stand_at_the_bottom_of_their_box() -> None:
    shapes, feet = [], []
    view = scene(people_per_minute=30)
    for number in range(0, 1500, 25):
        for row in view.frame(number)[1]:
            left, top, wide, high = row.box
            shapes.append(wide / high)
            feet.append(((row.foot[0] - left) / wide, (row.foot[1] - top) / high))
    assert numpy.median(shapes) == pytest.approx(0.36, abs=0.06)
    assert numpy.mean([0.15 < x < 0.85 and 0.85 < y < 1.05 for x, y in feet]) > 0.97


def test_who_is_hidden_stands_behind_somebody_or_something() -> None:
    shown, hidden = scene(12, people_per_minute=40), 0
    for number in range(0, 900, 15):
        _, rows = shown.frame(number)
        for place, row in enumerate(rows):
            assert 0 <= row.hidden <= 1
            if row.hidden > 0:
                hidden += 1
                assert any(not apart(row, nearer) for nearer in rows[place + 1 :])
        assert not rows or rows[-1].hidden == 0
    assert hidden > 50


def test_posts_hide_who_walks_behind_them() -> None:
    arguments = {"habits": Habits(groups=0), "people_per_minute": 8}
    posts, bare = scene(12, look=Look(noise=0, posts=3), **arguments), scene(12, **arguments)
    pairs = [pair for k in range(0, 900, 3) for pair in zip(posts.frame(k)[1], bare.frame(k)[1], strict=True)]
    assert all(one.number == other.number and one.hidden >= other.hidden for one, other in pairs)
    assert any(one.hidden > 0.5 > other.hidden for one, other in pairs)


def test_some_wear_the_colour_of_the_ground() -> None:
    """Of the pixels inside of people, more are like the ground behind them."""

    def like_the_ground(share: float) -> float:
        look = Look(noise=0, posts=0, camouflage=share)
        shown, empty = scene(look=look), scene(look=look, people_per_minute=0).frame(0)[0]
        alike = []
        for number in range(0, 600, 30):
            picture, rows = shown.frame(number)
            near = numpy.abs(picture.astype(int) - empty).max(2) < 25
            alike += [near[window(row.box)].mean() for row in rows if near[window(row.box)].size]
        return float(numpy.mean(alike))

    assert like_the_ground(1.0) > like_the_ground(0.0) + 0.2


# Light


def bright(disturbance: Disturbance, seconds: float) -> float:
    """The mean of an empty place."""
    lit = scene(people_per_minute=0, disturbances=(disturbance,))
    return float(lit.frame(round(seconds * lit.fps))[0].mean())


def test_steps_and_ramps_and_dim_light_take_their_share_of_the_brightness() -> None:
    usual = scene(people_per_minute=0).frame(0)[0].mean()
    step, ramp = Step(at=2, gain=0.7, until=4), Ramp(start=2, end=4, gain=0.5)
    for disturbance, seconds, gain in (
        (step, 1.9, 1.0),
        (step, 2.0, 0.7),
        (step, 4.0, 1.0),
        (ramp, 1.0, 1.0),
        (ramp, 3.0, 0.75),
        (ramp, 9.0, 0.5),
        (Dim(gain=0.5, noise=0), 0.0, 0.5),
    ):
        assert bright(disturbance, seconds) == pytest.approx(gain * usual, rel=0.02)


def test_flicker_swings_about_the_usual_brightness_and_exposure_recovers() -> None:
    usual = scene(people_per_minute=0).frame(0)[0].mean()
    flickers = scene(people_per_minute=0, disturbances=(Flicker(share=0.06, hertz=2.3),))
    lamp = [picture.mean() / usual for picture, _ in flickers.frames(10)]
    assert max(lamp) == pytest.approx(1.06, abs=0.01)
    assert min(lamp) == pytest.approx(0.94, abs=0.01)
    assert numpy.mean(lamp) == pytest.approx(1, abs=0.01)
    pumped = [bright(Pumping(every=8, share=0.25, settles=1.5), k) / usual for k in range(9)]
    assert pumped[0] == pytest.approx(0.75, abs=0.01)
    assert pumped[:4] == sorted(pumped[:4])
    assert pumped[7] == pytest.approx(1, abs=0.01)
    assert pumped[8] == pytest.approx(pumped[0])


def test_disturbances_add_up() -> None:
    usual = scene(people_per_minute=0).frame(0)[0].mean()
    both = scene(people_per_minute=0, disturbances=(Step(at=0, gain=0.8), Step(at=0, gain=0.5))).frame(0)[0]
    assert both.mean() == pytest.approx(0.4 * usual, rel=0.02)


def test_the_noise_is_as_strong_as_said_new_in_each_picture_and_stronger_at_night() -> None:
    for look, disturbances, sigma in (
        (Look(noise=3, posts=0), (), 3.0),
        (STILL, (), 0.0),
        (Look(noise=3, posts=0), (Dim(gain=1, noise=4),), 5.0),
    ):
        noisy = scene(people_per_minute=0, look=look, disturbances=disturbances)
        apart = noisy.frame(0)[0].astype(float) - noisy.frame(1)[0]
        assert apart.std() / math.sqrt(2) == pytest.approx(sigma, rel=0.05)
    night = scene(people_per_minute=0, look=Look(), disturbances=(NIGHT,))
    assert night.frame(0)[0].mean() < 45
    assert (night.frame(0)[0].astype(float) - night.frame(1)[0]).std() > 8


def test_clouds_darken_here_and_there_and_drift() -> None:
    usual = scene(people_per_minute=0).frame(0)[0].astype(float) + 1
    clouded = scene(people_per_minute=0, disturbances=(Clouds(depth=0.4),))
    share = [(clouded.frame(number)[0] + 1.0) / usual for number in (0, 1, 100)]
    for part in share:
        assert part.max() < 1.02
        assert part.min() > 0.55
        assert part.std() > 0.03
    assert numpy.abs(share[1] - share[0]).mean() < 0.02 < numpy.abs(share[2] - share[0]).mean()


def test_a_covered_lens_is_dark_where_it_is_covered() -> None:
    open_ = scene(people_per_minute=0).frame(0)[0]
    assert bright(Covered(start=1, end=2), 0.9) == pytest.approx(open_.mean())
    assert bright(Covered(start=1, end=2), 1.0) < 20
    assert bright(Covered(start=1, end=2), 2.0) == pytest.approx(open_.mean())
    half = scene(people_per_minute=0, disturbances=(Covered(start=0, share=0.5),)).frame(0)[0]
    assert half[:, : int(0.4 * SMALL[0])].max() < 20
    assert (half[:, int(0.6 * SMALL[0]) :] == open_[:, int(0.6 * SMALL[0]) :]).mean() > 0.99


def test_a_bump_moves_everything_and_the_truth_with_it() -> None:
    bumped = scene(disturbances=(Bump(at=2, shift=(0.05, 0.0), turn=0.0), Bump(at=4, shift=(0.0, 0.0), turn=90.0)))
    still = scene()
    assert (bumped.frame(19)[0] == still.frame(19)[0]).all()
    before, after = still.frame(25), bumped.frame(25)
    aside = 0.05 * SMALL[0]
    whole = int(aside)
    off = after[0][:, whole + 2 :].astype(int) - before[0][:, 2 : SMALL[0] - whole]
    assert numpy.abs(off).mean() < 4 < numpy.abs(after[0].astype(int) - before[0]).mean()
    assert before[1]
    for then, now in zip(before[1], after[1], strict=True):
        assert now.foot == pytest.approx((then.foot[0] + aside, then.foot[1]))
        assert now.box == pytest.approx((then.box[0] + aside, *then.box[1:]))
    for then, now in zip(still.frame(45)[1], bumped.frame(45)[1], strict=True):
        x, y = then.foot[0] - SMALL[0] / 2, then.foot[1] - SMALL[1] / 2
        assert now.foot == pytest.approx((SMALL[0] / 2 - y + aside, SMALL[1] / 2 + x))
        assert now.box[2:] == pytest.approx((then.box[3], then.box[2]))


def test_shadows_fall_on_the_sunless_side_and_are_as_dark_as_said() -> None:
    sun = Sun(azimuth=0, length=1.2, strength=0.5)
    lit = scene(camera=STEEP, size=(768, 576), look=Look(noise=0, camouflage=0, posts=0, sun=sun))
    dull = scene(camera=STEEP, size=(768, 576))
    seen = 0
    for number in range(0, 600, 20):
        (shady, rows), (plain, same) = lit.frame(number), dull.frame(number)
        assert rows == same
        assert (shady.astype(int) - plain).max() <= 1
        for row in rows:
            left, top, wide, high = row.box
            others = [other for other in rows if other is not row]
            reach = 1.3 * high
            around = Seen(0, row.foot, (left - reach, top, wide + 2 * reach, high), 0)
            if left < reach or left + wide + reach > 768 or not all(apart(around, other) for other in others):
                continue
            y = round(row.foot[1])
            if not 3 <= y <= 572:
                continue
            # A shadow that falls along a row is a few rows high.
            share = ((shady[y - 3 : y + 4] + 1.0) / (plain[y - 3 : y + 4] + 1.0)).mean(2).min(0)
            right = share[round(left + wide + 0.2 * high) : round(left + wide + 0.5 * high)]
            assert right.mean() == pytest.approx(1 - sun.strength, abs=0.12)
            assert share[round(left - 0.5 * high) : round(left - 0.2 * high)].min() > 0.95
            seen += 1
    assert seen > 5


# Truth


LINES = [
    Line("upright", (0.5, 0.0), (0.5, 1.0)),
    Line("level", (0.0, 0.45), (1.0, 0.45)),
    Line("aslant", (0.3, 0.9), (0.7, 0.2)),
    Line("short", (0.4, 0.3), (0.6, 0.6)),
]


@pytest.fixture(scope="module")
def rows() -> list[list[Seen]]:
    """Of three minutes."""
    busy = scene(21, fps=5, people_per_minute=40, habits=Habits(returns=0.4))
    return [seen for _, seen in busy.frames(180)]


def feet(rows: Sequence[Sequence[Seen]]) -> Iterator[tuple[int, list[tuple[int, complex]]]]:
    numbers = sorted({row.number for people in rows for row in people})
    for number in numbers:
        yield number, [(k, complex(*r.foot)) for k, people in enumerate(rows) for r in people if r.number == number]


@pytest.mark.parametrize("hysteresis", [0.0, 5.0, 15.0])
@pytest.mark.parametrize("line", LINES, ids=lambda line: line.name)
def test_crossings_are_those_of_the_definition(rows: list[list[Seen]], line: Line, hysteresis: float) -> None:
    """By brute force: every two pictures of a person that lie on both sides, with only the band between them."""
    a, b = (complex(x * SMALL[0], y * SMALL[1]) for x, y in (line.a, line.b))
    expected = []
    for number, way in feet(rows):
        # Turned so that the line lies along the x axis: along it and across it.
        laid = [(k, (foot - a) / ((b - a) / abs(b - a))) for k, foot in way]
        for j, (k, new) in enumerate(laid):
            for i in range(j - 1, -1, -1):
                old = laid[i][1]
                if abs(old.imag) > hysteresis:
                    if abs(new.imag) > hysteresis and old.imag * new.imag < 0 and 0 <= new.real <= abs(b - a):
                        expected.append((k, number, "in" if new.imag > 0 else "out"))
                    break
    found = crossings(rows, line, SMALL, hysteresis)
    assert [(passed.frame, passed.number, passed.direction) for passed in found] == sorted(expected)
    assert {passed.direction for passed in found} == {"in", "out"}
    turned = crossings(rows, line.turned(), SMALL, hysteresis)
    assert len(turned) == len(found)
    assert all(x.direction != y.direction for x, y in zip(found, turned, strict=True))


def test_stays_are_the_pictures_in_which_feet_are_in_the_zone(rows: list[list[Seen]]) -> None:
    zone = Zone("stall", ((0.3, 0.3), (0.8, 0.25), (0.5, 0.5), (0.7, 0.9), (0.2, 0.8)))
    outline = numpy.array([(x * SMALL[0], y * SMALL[1]) for x, y in zone.corners], numpy.float32)
    found = stays(rows, zone, SMALL)
    covered = {(stay.number, k) for stay in found for k in range(stay.first, stay.first + stay.frames)}
    expected = {
        (number, k)
        for number, way in feet(rows)
        for k, foot in way
        if cv2.pointPolygonTest(outline, (foot.real, foot.imag), False) > 0
    }
    assert covered == expected
    # None goes on where another ends.
    assert not {(stay.number, stay.first + stay.frames) for stay in found} & expected
    assert len(found) > 30


def test_one_walk_through_and_back_is_two_crossings_and_two_stays() -> None:
    xs = [10, 40, 70, 100, 130, 160, 130, 100, 97, 103, 98, 70, 20]
    path = [[Seen(7, (x, 50), (x - 5, 20, 10, 30), 0.0)] for x in xs]
    found = crossings(path, Line("door", (0.5, 0.0), (0.5, 1.0)), (200, 100))
    assert [(passed.number, passed.frame, passed.direction) for passed in found] == [(7, 4, "out"), (7, 11, "in")]
    beside = Zone("right", ((0.55, 0.0), (0.75, 0.0), (0.75, 1.0), (0.55, 1.0)))
    assert [(stay.first, stay.frames) for stay in stays(path, beside, (200, 100))] == [(4, 1), (6, 1)]


# Where they are shown


def test_a_video_holds_the_scenes_pictures_and_the_truth_of_each(tmp_path: Path) -> None:
    shown = scene(30)
    truth = write_video(tmp_path / "crowd.avi", shown, 2.5)
    assert truth == [rows for _, rows in scene(30).frames(2.5)]
    video = cv2.VideoCapture(str(tmp_path / "crowd.avi"))
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(shown.fps)
    read = 0
    while (taken := video.read())[0]:
        assert numpy.abs(taken[1].astype(int) - shown.frame(read)[0]).mean() < 4
        read += 1
    video.release()
    assert read == len(truth) == 25


def test_a_camera_plays_a_scene_in_order_and_holds_the_last_picture(tmp_path: Path) -> None:
    pictures = [picture for picture, _ in scene(31, people_per_minute=60, fps=2).frames(6)]
    emulator = CameraEmulator(tmp_path / "video", fps=10)
    emulator.start()
    frames = Frames(Uri("camera", path=str(tmp_path / "video"), options={"fps": "60"}), Counter())
    frames.open()
    emulator.play(pictures)
    grey = [cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in pictures]
    order: list[int] = []
    with selectors.DefaultSelector() as selector:
        selector.register(frames.fileno(), selectors.EVENT_READ)
        while order[-2:] != [len(pictures) - 1] * 2:
            assert selector.select(20)
            shot = frames.newest()
            if shot is None or (taken := shot.picture).shape[:2] != pictures[0].shape[:2]:
                continue  # the empty room before the scene
            off = [numpy.abs(taken.astype(int) - picture).mean() for picture in grey]
            assert min(off) < 4
            order.append(int(numpy.argmin(off)))
    assert order == sorted(order)
    assert len(set(order)) > 2
    emulator.show()
    frames.close()
    emulator.close()
