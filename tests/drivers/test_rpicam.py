"""The Pi's own cameras: a program that is started, read, listened to and ended, whatever it does."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Event as Flag
from typing import get_args

import pytest

from drivers.camera import rpicam
from drivers.camera.pictures import Decoder
from drivers.emulators.pictures import jpeg
from drivers.emulators.rpicam import RpicamEmulator, Way
from drivers.errors import LinkLost
from tests.conftest import wait_until
from tests.drivers.conftest import Pump
from tests.drivers.suites.counting import LINE, CountingBench, CountingSuite, camera, children, resident, room, running

URI = f"rpicam://0?fps=10&{LINE}"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RpicamEmulator:
    """Found on PATH before any other."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return RpicamEmulator(tmp_path / "bin", fps=30)


class TestRpicam(CountingSuite):
    @pytest.fixture
    def bench(self, pump: Pump, program: RpicamEmulator) -> Iterator[CountingBench]:
        yield from running(CountingBench(pump, URI, program))


@pytest.fixture
def bench(pump: Pump, program: RpicamEmulator) -> Iterator[CountingBench]:
    yield from running(CountingBench(pump, URI, program))


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists() and "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def test_the_camera_is_asked_for_what_the_uri_says(bench: CountingBench, program: RpicamEmulator) -> None:
    bench.uri = "rpicam://0?size=1280x720&fps=12.5"
    bench.works()
    (run,) = program.runs
    words = " ".join(run["argv"])
    assert words.startswith("--camera 0 --width 1280 --height 720 --framerate 12.5 --codec mjpeg --nopreview")
    assert "--timeout 0" in words


def test_its_older_name_does_as_well(program: RpicamEmulator, pump: Pump) -> None:
    older = RpicamEmulator(program.folder, program="libcamera-vid")
    bench = CountingBench(pump, URI, older)
    bench.start()
    bench.works()
    bench.close()


def test_a_missing_program_is_a_fault_that_says_what_to_install(program: RpicamEmulator, pump: Pump) -> None:
    device = camera(URI)
    pump(device, lambda _: device.life.counters["attempts"] > 0 and device.life.state == "fault")
    assert device.life.reason == "rpicam 0: rpicam-vid is not installed"
    assert "apt install rpicam-apps-lite" in device.life.remedy
    program.start()
    program.hold(jpeg(room()))
    pump(device, lambda _: device.life.counters["pictures"] > 2)
    device.close()
    program.close()


def test_a_camera_that_is_in_use_or_missing_says_so_and_is_taken_when_it_is_free(
    bench: CountingBench, pump: Pump
) -> None:
    bench.works()
    second, other = camera(URI), camera("rpicam://1")
    pump(second, lambda _: second.life.state == "fault")
    assert second.life.reason == "rpicam 0: another program uses the camera"
    pump(other, lambda _: other.life.state == "fault")
    assert other.life.reason == "rpicam 1: no such camera"
    assert second.life.remedy
    assert other.life.remedy
    bench.device.close()
    pump(second, lambda _: second.life.counters["pictures"] > 2)
    second.close()
    other.close()


def test_the_last_words_of_a_program_that_dies_are_the_reason(bench: CountingBench, program: RpicamEmulator) -> None:
    program.behave("dying")
    bench.gone()
    assert bench.device.life.state == "absent"
    assert bench.device.life.reason == "rpicam 0: the program ended (failed to start output streaming)"
    assert bench.device.life.counters["pictures"] > 0
    program.behave("well")
    bench.works()


def test_a_program_that_is_shot_is_started_again(bench: CountingBench, program: RpicamEmulator) -> None:
    bench.works()
    os.kill(program.runs[-1]["pid"], signal.SIGKILL)
    bench.until(lambda: bench.device.life.state == "absent")
    bench.works()
    assert len(program.runs) == 2


@pytest.mark.parametrize("way", [way for way in get_args(Way) if way != "dying"])
def test_however_it_behaves_pictures_come_and_it_is_ended_and_reaped(
    bench: CountingBench, program: RpicamEmulator, way: Way
) -> None:
    program.behave(way)
    before = children()
    for _ in range(2):
        bench.works()
        bench.restart_driver()
        run = program.runs[-1]
        wait_until(lambda run=run: not any(map(is_there, [run["pid"], *filter(None, [run.get("child")])])), "its end")
        assert children() == before


def test_a_flood_of_pictures_and_words_takes_no_memory(bench: CountingBench, program: RpicamEmulator) -> None:
    program.behave("flooding")
    bench.works()

    def on(pictures: int) -> None:
        goal = bench.device.life.counters["pictures"] + pictures
        bench.until(lambda: bench.device.life.counters["pictures"] >= goal)

    on(20)
    before = resident()
    on(60)
    assert resident() - before < 8_000_000


def test_a_program_that_gives_nothing_for_long_is_ended(program: RpicamEmulator) -> None:
    program.start()
    stop = Flag()
    source = rpicam.camera(0, 10.0, (640, 480), Decoder(True, Counter()), silent_for=1.0)
    before = children()
    with pytest.raises(LinkLost, match=r"no picture for 1 s \(INFO Camera camera_manager"):
        next(source(stop))
    assert children() == before
    program.close()


def test_a_worker_that_is_killed_leaves_no_program_behind(bench: CountingBench, program: RpicamEmulator) -> None:
    """It cannot write any more, and ends."""
    code = (
        "import sys, time; from drivers.registry import create; device = create('footfall', sys.argv[1])\n"
        "while device.life.counters['pictures'] < 3: device.step(); time.sleep(0.01)\n"
        "import os; os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, URI])
    assert done.returncode == -signal.SIGKILL
    pid = program.runs[-1]["pid"]
    wait_until(lambda: not is_there(pid), "the end of the program")
    bench.works()
