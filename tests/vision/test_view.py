"""What is said of a view: fit to be counted or not, and why. A wrong number is worse than none."""

from collections.abc import Sequence
from typing import Any

import pytest

from drivers.emulators.crowd import CLOSE, FAR, Habits, Look
from drivers.emulators.crowd.light import NIGHT, Bump, Covered, Disturbance, Flicker, Pumping
from drivers.vision.counter import Counter
from drivers.vision.plan import Plan
from drivers.vision.verdict import View
from tests.vision.shows import FPS, PLAN, Show


def views(show: Show, counter: Counter | None = None, fps: float = FPS) -> list[View]:
    """After each picture."""
    counter = counter or Counter(PLAN)
    found = []
    for picture, at in show.timed(fps):
        counter.step(picture, at)
        found.append(counter.view)
    return found


def told(found: Sequence[View]) -> set[str]:
    return {reason for view in found for reason in view.reasons}


def test_a_market_is_good_after_some_people_were_seen_and_stays_so_when_it_is_busy() -> None:
    found = views(Show(30, 6, people_per_minute=70, look=Look()))
    assert found[0] == View()
    assert {view.verdict for view in found[:30]} == {"learning"}
    assert {view.verdict for view in found[150:]} == {"good"}
    assert told(found) == set()
    assert found[-1].fps == pytest.approx(FPS, abs=0.1)
    assert found[-1].height == pytest.approx(0.18, abs=0.03)
    assert 0 <= found[-1].hidden < 0.2


def test_a_crowd_is_not_taken_for_a_cover_a_push_or_people_who_are_too_close() -> None:
    found = views(Show(16, 7, people_per_minute=120, habits=Habits(pauses=0.5), look=Look()))
    assert not told(found) & {"moved", "covered", "too-close", "too-far"}
    assert found[-1].verdict in ("good", "poor")


@pytest.mark.parametrize("seed", [1, 6])
def test_where_people_fill_the_picture_they_are_too_close_and_once_this_is_known_it_is_not_doubted(seed: int) -> None:
    found = views(Show(40, seed, camera=CLOSE, people_per_minute=12))
    verdicts = [view.verdict for view in found]
    first = verdicts.index("unsuitable")
    assert first < 20 * FPS
    assert set(verdicts[first:]) == {"unsuitable"}
    assert all("too-close" in view.reasons for view in found[first:])
    assert "good" not in verdicts


def test_where_people_are_dots_they_are_too_far() -> None:
    found = views(Show(24, 3, camera=FAR, people_per_minute=40), fps=6.0)
    assert (found[-1].verdict, found[-1].reasons) == ("unsuitable", ("too-far",))
    assert found[-1].height is not None
    assert found[-1].height < 0.06


def test_a_covered_lens_is_told_within_seconds_and_so_is_when_it_is_free_again() -> None:
    found = views(Show(40, 7, people_per_minute=20, disturbances=(Covered(22, 30),)))
    said = [(number / FPS, "covered" in view.reasons) for number, view in enumerate(found)]
    assert not any(covered for at, covered in said if at < 22 or at > 32)
    assert all(covered for at, covered in said if 26 < at < 30)
    assert found[int(28 * FPS)].verdict == "unsuitable"
    assert found[-1].verdict == "good"
    assert told(found) == {"covered"}


def test_a_camera_that_was_pushed_is_told_until_somebody_sets_the_plan_again() -> None:
    counter = Counter(PLAN)
    found = views(Show(40, 7, people_per_minute=20, disturbances=(Bump(20),)), counter)
    assert "moved" not in told(found[: int(20 * FPS)])
    assert all("moved" in view.reasons for view in found[int(30 * FPS) :])
    assert found[-1].verdict == "poor"
    counter.plan = Plan(PLAN.lines)
    pushed = Show(12, 7, people_per_minute=20, disturbances=(Bump(0),))
    after = [counter.step(picture, 40 + at) is not None and counter.view for picture, at in pushed.timed()]
    assert not any("moved" in view.reasons for view in after[1:] if view)


@pytest.mark.parametrize(
    ("disturbances", "reason"),
    [((NIGHT,), "dark"), ((Flicker(0.15),), "light-changes"), ((Pumping(every=2.0, share=0.5),), "light-changes")],
    ids=["night", "flicker", "exposure"],
)
def test_dark_and_unsteady_light_are_told(disturbances: tuple[Disturbance, ...], reason: str) -> None:
    found = views(Show(20, 7, people_per_minute=0, disturbances=disturbances))
    assert found[-1].reasons == (reason,)
    assert found[-1].verdict == "poor"


@pytest.mark.parametrize(("fps", "slow"), [(3.0, True), (8.0, False)])
def test_too_few_pictures_a_second_are_told(fps: float, slow: bool) -> None:
    found = views(Show(20, 7, people_per_minute=0), fps=fps)
    assert ("slow" in found[-1].reasons) is slow
    assert found[-1].fps == pytest.approx(fps, rel=0.02)
    assert not told(found[: round(8 * fps)])


@pytest.mark.parametrize("arguments", [{}, {"look": Look(noise=4)}], ids=["clear", "noisy"])
def test_an_empty_place_teaches_nothing_and_is_no_reason_to_complain(arguments: dict[str, Any]) -> None:
    found = views(Show(15, 4, people_per_minute=0, **arguments))
    assert {(view.verdict, view.reasons, view.height) for view in found} == {("learning", (), None)}
