"""``boothkit footfall count``: a recording, lines in its own pixels, crossings by picture."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from drivers.emulators.crowd import CLOSE, Habits, Look, Scene, crossings, write_video
from drivers.vision.plan import Line

SIZE, FPS = (384, 288), 10.0
ALONE = Habits(speeds=(0.8, 1.6), groups=0, pauses=0, returns=0, children=0)
UPRIGHT, TURNED = "192,0,192,288", "192,288,192,0"


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "appliance.cli", "footfall", "count", *map(str, words)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """Half a minute of people who walk alone, and how many of them cross the middle."""
    path = tmp_path_factory.mktemp("film") / "walk.avi"
    look = Look(posts=0, camouflage=0)
    scene = Scene(2, size=SIZE, fps=FPS, people_per_minute=20, habits=ALONE, look=look, quiet=6)
    rows = write_video(path, scene, 35)
    return path, len(list(crossings(rows, Line("middle", (0.5, 0), (0.5, 1)), SIZE)))


def counted(path: Path, *words: str) -> dict[str, Any]:
    done = run(path, *words, "--json")
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_each_line_has_its_crossings_by_picture_and_a_turned_one_the_same_the_other_way_round(
    film: tuple[Path, int],
) -> None:
    path, true = film
    answer = counted(path, "--line", UPRIGHT, "--line", TURNED)
    assert (answer["frames"], answer["frame_rate"]) == (350, 10)
    assert answer["fps"] > 0
    assert answer["view"]["verdict"] in ("learning", "good")
    one, other = answer["lines"]
    assert (one["line"], other["line"]) == ([192, 0, 192, 288], [192, 288, 192, 0])
    assert true > 3
    assert abs(one["in"] + one["out"] - true) <= 2
    assert (one["in"], one["out"]) == (other["out"], other["in"])
    for line in (one, other):
        frames = [event["frame"] for event in line["events"]]
        assert frames == sorted(frames)
        assert all(1 <= frame <= 350 for frame in frames)
        for way in ("in", "out"):
            assert sum(event["direction"] == way for event in line["events"]) == line[way]


def test_the_same_recording_gives_the_same_numbers_to_people_too(film: tuple[Path, int]) -> None:
    path, _ = film
    first, second = counted(path, "--line", UPRIGHT), counted(path, "--line", UPRIGHT)
    assert first["lines"] == second["lines"]
    said = run(path, "--line", UPRIGHT)
    [line] = first["lines"]
    assert f"Line 192,0,192,288: {line['in']} in, {line['out']} out" in said.stdout
    assert "350 pictures at 10 a second" in said.stdout


def test_the_rate_of_the_scene_may_be_another_than_the_file_says(film: tuple[Path, int]) -> None:
    assert counted(film[0], "--line", UPRIGHT, "--frame-rate", "7")["frame_rate"] == 7


def test_a_view_that_cannot_be_counted_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "close.avi"
    write_video(path, Scene(5, size=SIZE, fps=FPS, people_per_minute=20, camera=CLOSE), 25)
    done = run(path, "--line", UPRIGHT, "--json")
    assert json.loads(done.stdout)["view"] == {"verdict": "unsuitable", "reasons": ["too-close"]}
    assert "do not use these numbers" in done.stderr


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("192,0,192", 2, "'192,0,192' is not X1,Y1,X2,Y2"),
        ("a,b,c,d", 2, "'a,b,c,d' is not X1,Y1,X2,Y2"),
        ("192,0,192,900", 2, "--line 192,0,192,900: 192,900 lies outside of the video, which is 384 x 288"),
        ("nan,0,192,288", 2, "lies outside of the video"),
        ("192,0,193,2", 2, "--line 192,0,193,2: shorter than 5% of the picture"),
    ],
)
def test_a_line_that_cannot_be_counted_is_named(film: tuple[Path, int], line: str, code: int, said: str) -> None:
    done = run(film[0], "--line", line)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_what_is_no_video_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.avi"
    path.write_text("not a film")
    done = run(path, "--line", UPRIGHT)
    assert done.returncode == 2
    assert f"{path}: not a video that can be read" in done.stderr
