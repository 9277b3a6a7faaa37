"""Cameras and recordings as footfall counters: where their pictures come from, and what of them is let out."""

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.camera.frames import Frames
from drivers.camera.pictures import COUNTED_WIDTH, Decoder, Ended, Pace, Shot
from drivers.emulators.camera import CameraEmulator
from drivers.emulators.pictures import jpeg, record
from drivers.errors import BadUri
from drivers.footfall.views import Told, is_counted, told
from drivers.registry import create
from drivers.uri import Uri
from drivers.vision.plan import Line, Plan
from drivers.vision.verdict import View
from drivers.wire.mjpeg import size_of
from tests.conftest import wait_until
from tests.drivers.conftest import Pump
from tests.drivers.suites.counting import (
    LINE,
    CountingBench,
    CountingSuite,
    camera,
    png,
    resident,
    room,
    running,
    watched,
)

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

    Picture = NDArray[uint8]

Verdict = Literal["learning", "good", "poor", "unsuitable"]


class TestCamera(CountingSuite):
    @pytest.fixture
    def bench(self, pump: Pump, tmp_path: Path) -> Iterator[CountingBench]:
        emulator = CameraEmulator(tmp_path / "video", fps=30)
        yield from running(CountingBench(pump, f"camera://{tmp_path}/video?fps=30&{LINE}", emulator))


# What it is


def test_naming_a_camera_loads_no_library_for_pictures() -> None:
    """A configuration is checked in processes that are to stay small."""
    code = (
        "import sys; from drivers.registry import create;"
        f"[create('footfall', uri) for uri in ('camera:///dev/video0?{LINE}', 'rpicam://0', 'file:///x.avi')];"
        "print([name for name in ('numpy', 'cv2', 'zxingcpp') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_a_line_it_counts_nothing_and_says_where_to_set_one(tmp_path: Path, pump: Pump) -> None:
    record(tmp_path / "door.avi", [room(colour=False)] * 5, fps=30)
    device = camera(f"file://{tmp_path}/door.avi?loop=1")
    watched(pump, device, 3)
    assert device.life.told == ("degraded", "no counting line yet")
    assert "Footfall page" in device.life.remedy
    for plan in (Plan((Line("gate", (0.1, 0.5), (0.9, 0.5)),)), None):
        device.plan(plan)
        watched(pump, device, device.life.counters["pictures"] + 2)
        assert (device.life.reason == "no counting line yet") == (plan is None)
    device.close()


def test_the_line_of_the_uri_holds_until_a_plan_is_given_and_after_it_was_taken_away(
    tmp_path: Path, pump: Pump
) -> None:
    record(tmp_path / "door.avi", [room(colour=False)] * 5, fps=30)
    device = camera(f"file://{tmp_path}/door.avi?loop=1&{LINE}")
    for plan in (None, Plan((Line("gate", (0.1, 0.5), (0.9, 0.5)),)), None):
        device.plan(plan)
        watched(pump, device, device.life.counters["pictures"] + 2)
        assert device.life.reason != "no counting line yet"
    device.close()


def test_a_draft_is_tried_besides(tmp_path: Path, pump: Pump) -> None:
    record(tmp_path / "door.avi", [room(colour=False)] * 5, fps=30)
    device = camera(f"file://{tmp_path}/door.avi?loop=1")
    device.try_(Plan((Line("gate", (0.1, 0.5), (0.9, 0.5)),)))
    watched(pump, device, 3)
    assert list(device.tally().crossings) == ["gate"]
    assert device.life.reason == "no counting line yet"
    device.try_(None)
    watched(pump, device, 5)
    assert not device.tally().crossings
    device.close()


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("camera:///dev/video0?line=1,2", "line='1,2'.*x1,y1,x2,y2"),
        ("camera:///dev/video0?line=a,b,c,d", "x1,y1,x2,y2"),
        ("camera:///dev/video0?line=0,0,0.5,nan", "outside"),
        ("camera:///dev/video0?line=0.1,0.5,1.9,0.5", "outside"),
        ("camera:///dev/video0?line=0.1,0.5,0.11,0.5", "shorter"),
        ("camera:///dev/video0?codes=qr", "'codes'"),
        ("file:///x.avi?size=640x480", "'size'"),
        ("rpicam://0?loop=1", "'loop'"),
        ("rpicam://front", "rpicam://0"),
        ("rpicam:///dev/video0", "rpicam://0"),
        ("rpicam://0:80", "rpicam://0"),
    ],
)
def test_an_option_that_is_not_understood_is_refused_with_what_is_allowed(uri: str, says: str) -> None:
    with pytest.raises(BadUri, match=says):
        create("footfall", uri)


# What is said of a view


def said(*reasons: str, verdict: Verdict = "poor", planned: bool = True) -> Told:
    return told(planned, View(verdict, reasons, height=0.2, hidden=0.0, fps=3.4))


def test_a_good_view_is_online_and_every_trouble_says_what_to_do() -> None:
    assert said(verdict="good") == Told("counting", state="online")
    assert said(verdict="learning").state == "online"
    assert said("crowded", "light-changes") == said(verdict="good")
    troubles = [said(reason) for reason in ("covered", "too-close", "too-far", "moved", "dark", "slow")]
    assert all(one.state == "degraded" and one.reason and one.remedy for one in troubles)
    assert len({one.reason for one in troubles}) == len(troubles)
    assert "3 to 4 m" in said("too-close", verdict="unsuitable").remedy
    assert "only 3 pictures" in said("slow").reason
    assert said("dark", "covered") == said("covered")
    assert said("covered", planned=False).reason == "no counting line yet"
    assert said(verdict="unsuitable").state == "degraded"


def test_nothing_is_counted_in_a_view_that_cannot_be_believed() -> None:
    def counted(verdict: Verdict, *reasons: str) -> bool:
        return is_counted(View(verdict, reasons, height=None, hidden=0.0, fps=10.0))

    assert counted("good")
    assert counted("learning")
    assert counted("poor", "moved", "dark")
    assert not counted("unsuitable", "too-close")
    assert not counted("poor", "covered")


# When pictures were taken, and which


@given(st.floats(1, 60), st.lists(st.floats(-0.4, 0.4), min_size=20, max_size=60), st.integers(2, 8))
def test_a_camera_that_gives_what_was_asked_for_loses_none_to_jitter_and_a_faster_one_is_held_to_it(
    fps: float, jitter: list[float], faster: int
) -> None:
    def passed(times: list[float], fps: float) -> int:
        pace, count = Pace(fps), 0
        for at in times:
            if pace.rest(at) == 0:
                pace.passed(at)
                count += 1
        return count

    assert passed([(number + off) / fps for number, off in enumerate(jitter)], fps * 1.25) == len(jitter)
    often = [number / fps / faster for number in range(len(jitter) * faster)]
    assert len(jitter) - 1 <= passed(often, fps) <= len(jitter) + 1


def numbered(count: int, size: tuple[int, int] = (64, 48)) -> "list[Picture]":
    """Pictures that can be told apart by their light."""
    import numpy

    return [numpy.full((size[1], size[0]), 5 + 10 * (number % 25), numpy.uint8) for number in range(count)]


def played(uri: str, slowly: int) -> list[tuple[int, float]]:
    """(Which, when) of all its pictures; the reader lets the source wait `slowly` times before each."""
    counters: Counter[str] = Counter()
    frames = Frames(Uri.parse(uri), counters, colour=True, every=True)
    frames.open()
    seen: list[tuple[int, float]] = []
    ready = threading.Event()
    try:
        while True:
            for _ in range(slowly):
                ready.wait(0.005)
            if (shot := frames.newest()) is not None:
                seen.append((round((float(shot.picture.mean()) - 5) / 10), shot.at))
    except Ended:
        assert counters["dropped"] == 0
        return seen
    finally:
        frames.close()


def test_no_picture_of_a_recording_is_passed_over_and_its_times_are_its_own(tmp_path: Path) -> None:
    record(tmp_path / "door.avi", numbered(50), fps=100)
    (tmp_path / "shots").mkdir()
    for number, scene in enumerate(numbered(50)):
        (tmp_path / f"shots/{number:03}.png").write_bytes(png(scene))
    for uri, rate in ((f"file://{tmp_path}/door.avi", 100), (f"file://{tmp_path}/shots?fps=50", 50)):
        quick, slow = played(uri, 0), played(uri, 4)
        for seen in (quick, slow):
            assert [which for which, _ in seen] == [number % 25 for number in range(50)]
            assert [at - seen[0][1] for _, at in seen] == pytest.approx([number / rate for number in range(50)])


def test_a_loop_goes_on_in_time(tmp_path: Path) -> None:
    record(tmp_path / "door.avi", numbered(5), fps=50)
    frames = Frames(Uri.parse(f"file://{tmp_path}/door.avi?loop=1"), Counter(), every=True)
    frames.open()
    shots: list[Shot] = []

    def more() -> bool:
        if (shot := frames.newest()) is not None:
            shots.append(shot)
        return len(shots) >= 13

    wait_until(more, "13 pictures of 5")
    frames.close()
    assert [shot.at - shots[0].at for shot in shots] == pytest.approx([number / 50 for number in range(13)])


def test_pictures_are_in_colour_and_no_finer_than_counting_needs() -> None:
    decoder = Decoder(True, Counter())
    for width, expected in ((320, 320), (640, 640), (767, 767), (768, 384), (1280, 640), (1920, 480), (4608, 576)):
        for data in (jpeg(room((width, width // 2))), png(room((width, width // 2)))):
            seen = decoder.read(data)
            assert seen is not None
            assert seen.shape == (expected * (width // 2) // width, expected, 3)
            assert seen.shape[1] >= min(width, COUNTED_WIDTH)
    blue = room((64, 48)) * 0
    blue[:, :, 0] = 250
    seen = decoder.read(jpeg(blue))
    assert seen is not None
    assert seen[24, 32].tolist() == pytest.approx([250, 0, 0], abs=6)
    assert Decoder(False, Counter()).read(jpeg(blue)).ndim == 2  # type: ignore[union-attr]


def test_the_size_that_a_picture_says_of_itself_is_read_before_it_is_decoded() -> None:
    for size in ((64, 48), (1280, 720), (17, 3)):
        assert size_of(jpeg(room(size))) == size
    whole = jpeg(room())
    assert all(size_of(whole[:cut]) in (None, (320, 240)) for cut in range(len(whole)))
    assert size_of(b"\xff\xd8\xff\xc4\x00\x00" * 1000) is None
    assert size_of(png(room())) is None


# Memory


FLOOD = """
import sys
data = open(sys.argv[1], "rb").read()
with open(sys.argv[2], "wb", buffering=0) as fifo:
    for _ in range(int(sys.argv[3])):
        fifo.write(data)
"""


def test_tens_of_thousands_of_pictures_at_full_speed_and_a_slow_reader_take_no_memory(
    tmp_path: Path, pump: Pump
) -> None:
    emulator = CameraEmulator(tmp_path / "video")
    emulator.plug()
    (tmp_path / "shown.jpg").write_bytes(jpeg(room()))
    device = camera(f"camera://{tmp_path}/video?fps=60&{LINE}")
    life = device.life
    pump(device, lambda _: life.state == "connecting")

    def flood(pictures: int) -> None:
        writer = [sys.executable, "-c", FLOOD, str(tmp_path / "shown.jpg"), str(tmp_path / "video"), str(pictures)]
        with subprocess.Popen(writer) as child:
            while child.poll() is None:
                dropped, seen = life.counters["dropped"], life.counters["pictures"]
                wait_until(
                    lambda most=dropped + 2: child.poll() is not None or life.counters["dropped"] >= most, "more"
                )
                pump(device, lambda _, seen=seen: child.poll() is not None or life.counters["pictures"] > seen)
            assert child.returncode == 0

    flood(2000)
    before = resident()
    flood(30_000)
    assert resident() - before < 8_000_000
    assert life.counters["dropped"] > 0
    device.close()
    emulator.close()


@pytest.mark.parametrize("data", [b"\x00garbage\xff" * 500, b"\xff\xd8\xff" + bytes(5000)], ids=["noise", "no end"])
def test_what_is_no_picture_takes_no_memory_either(tmp_path: Path, pump: Pump, data: bytes) -> None:
    emulator = CameraEmulator(tmp_path / "video")
    emulator.plug()
    (tmp_path / "shown.jpg").write_bytes(data)
    device = camera(f"camera://{tmp_path}/video?fps=60")
    pump(device, lambda _: device.life.state == "connecting")

    def flood(pieces: int) -> None:
        writer = [sys.executable, "-c", FLOOD, str(tmp_path / "shown.jpg"), str(tmp_path / "video"), str(pieces)]
        with subprocess.Popen(writer) as child:
            pump(device, lambda _: child.poll() is not None)

    flood(5000)
    before = resident()
    flood(30_000)
    assert resident() - before < 8_000_000
    assert device.life.counters["pictures"] == 0
    emulator.hold(jpeg(room()))
    emulator.start()
    watched(pump, device, 3)
    device.close()
    emulator.close()
