"""What every camera that counts people promises, whatever its pictures come through.

A test module subclasses `CountingSuite` with a fixture `bench`: a driver and the emulator at its other end.
"""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from drivers.device import Event
from drivers.emulators.pictures import jpeg
from drivers.footfall.counting import CountingCamera
from drivers.registry import create
from tests.conftest import wait_until
from tests.drivers.conftest import Pump
from tests.drivers.suites.scanner import Clock

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

    Picture = NDArray[uint8]

LINE = "line=0.1,0.5,0.9,0.5"
ABSURD = b"\xff\xff\xff\xff"


def room(size: tuple[int, int] = (320, 240), *, colour: bool = True, seed: int = 1) -> "Picture":
    """An empty room with furniture, so that no counter takes it for a covered lens; width and height."""
    import cv2
    import numpy

    chance = numpy.random.default_rng(seed)
    coarse = chance.integers(40, 220, (9, 12, 3) if colour else (9, 12), numpy.uint8)
    return cast("Picture", cv2.resize(coarse, size, interpolation=cv2.INTER_NEAREST))


def absurd(data: bytes) -> bytes:
    """The same JPEG, which says of itself that it has 65535 x 65535 pixels."""
    bent = bytearray(data)
    header = bent.index(b"\xff\xc0")
    bent[header + 5 : header + 9] = ABSURD
    return bytes(bent)


class Emulator(Protocol):
    def start(self) -> None: ...
    def close(self) -> None: ...
    def plug(self) -> None: ...
    def unplug(self) -> None: ...
    def hold(self, data: bytes) -> None: ...
    def freeze(self) -> None: ...
    def garbage(self, data: bytes) -> None: ...


class CountingBench:
    """A camera's two ends; `uri` is the driver's."""

    def __init__(self, pump: Pump, uri: str, emulator: Emulator) -> None:
        self._pump = pump
        self.uri = uri
        self.emulator = emulator
        self.clock = Clock()
        self._device: CountingCamera | None = None

    @property
    def device(self) -> CountingCamera:
        if self._device is None:
            device = create("footfall", self.uri, now=self.clock)
            assert isinstance(device, CountingCamera)
            self._device = device
        return self._device

    def start(self) -> None:
        self.emulator.start()
        self.emulator.hold(jpeg(room()))

    def close(self) -> None:
        self.device.close()
        self.emulator.close()

    def restart_driver(self) -> None:
        self.device.close()
        self._device = None

    def until(self, condition: Callable[[], Any]) -> list[Event]:
        return self._pump(self.device, lambda _: bool(condition()))

    @property
    def seen(self) -> int:
        """Pictures looked at so far."""
        return self.device.life.counters["pictures"]

    def works(self) -> None:
        """It looks at pictures, says nothing of a trouble with the camera, and shows the newest."""
        goal = self.seen + 3
        self.until(lambda: self.seen >= goal and self.device.life.state in ("online", "degraded"))
        assert "heard" not in self.device.life.reason
        assert self.device.look() is not None

    def gone(self) -> None:
        """What was there is missed."""
        life = self.device.life
        self.until(lambda: life.state in ("absent", "fault") and life.counters["attempts"] > 0)
        assert self.device.fileno() is None
        assert self.device.life.reason
        assert self.device.life.remedy
        assert self.device.look() is None


class CountingSuite:
    """Each test gets a bench that was started and whose driver has not been stepped yet."""

    def bring(self, bench: CountingBench, state: str) -> None:
        """A state in which something can happen to it."""
        match state:
            case "waiting":
                bench.emulator.freeze()
                bench.restart_driver()
                bench.emulator.unplug()  # and with it what it has shown before
                bench.emulator.plug()
                bench.until(lambda: bench.device.life.state == "connecting")
            case "looking":
                bench.works()
            case "silent":
                bench.works()
                bench.emulator.freeze()
                self.silence(bench)
            case "half a picture":
                bench.works()
                bench.emulator.freeze()
                bench.emulator.garbage(jpeg(room())[:2000])
            case "damaged":
                bench.works()
                damaged = bench.device.life.counters["damaged"]
                bench.emulator.hold(b"\xff\xd8\xff" + b"nonsense" * 50 + b"\xff\xd9")
                bench.until(lambda: bench.device.life.counters["damaged"] > damaged + 2)

    STATES = ("waiting", "looking", "silent", "half a picture", "damaged")

    def silence(self, bench: CountingBench) -> None:
        def later() -> bool:
            bench.clock.forward(0.5)
            return "nothing valid heard" in bench.device.life.reason

        bench.until(later)

    def test_pictures_are_looked_at_one_by_one(self, bench: CountingBench) -> None:
        before = bench.clock()
        bench.works()
        assert bench.device.life.counters["damaged"] == 0
        assert bench.device.life.last_ok is not None
        assert before <= bench.device.life.last_ok <= bench.clock()

    def test_a_pulled_plug_is_seen_in_every_state_and_the_camera_works_again_when_it_is_back(
        self, bench: CountingBench
    ) -> None:
        for state in self.STATES:
            self.bring(bench, state)
            bench.emulator.unplug()
            bench.gone()
            bench.emulator.hold(jpeg(room()))
            bench.emulator.plug()
            bench.works()
            bench.restart_driver()

    def test_a_camera_that_was_never_there_is_found_when_it_appears(self, bench: CountingBench) -> None:
        bench.emulator.unplug()
        bench.gone()
        bench.emulator.plug()
        bench.works()

    def test_silence_shows_and_ends_with_the_next_picture(self, bench: CountingBench) -> None:
        self.bring(bench, "silent")
        assert bench.device.life.state == "degraded"
        assert bench.device.life.remedy
        assert bench.device.look() is None
        bench.emulator.hold(jpeg(room()))
        bench.works()

    def test_pictures_that_break_off_are_passed_over_and_take_no_other_with_them(self, bench: CountingBench) -> None:
        bench.works()
        bench.emulator.freeze()
        whole = jpeg(room())
        damaged = bench.device.life.counters["damaged"]
        for _ in range(3):
            seen = bench.seen
            bench.emulator.garbage(whole[: len(whole) // 2] + whole)
            bench.until(lambda seen=seen: bench.seen > seen)
        assert bench.device.life.counters["damaged"] == damaged

    def test_garbage_is_no_picture_and_is_counted(self, bench: CountingBench) -> None:
        bench.works()
        for state in ("damaged", "half a picture"):
            self.bring(bench, state)
            bench.emulator.hold(jpeg(room()))
            bench.works()
        bench.emulator.garbage(bytes(range(256)) * 8 + b"\xff\xd9\xff\xd8\xff\xd9" + os.urandom(500))
        bench.works()

    def test_a_picture_in_pieces_is_whole(self, bench: CountingBench) -> None:
        bench.works()
        bench.emulator.freeze()
        data, seen = jpeg(room()), bench.seen
        bench.emulator.garbage(data[:1000])
        bench.emulator.garbage(data[1000:])
        bench.until(lambda: bench.seen > seen)

    def test_another_size_in_the_middle_of_a_stream_is_looked_at_as_well(self, bench: CountingBench) -> None:
        for size in ((320, 240), (640, 480), (1280, 720), (160, 120), (64, 48)):
            bench.emulator.hold(jpeg(room(size)))
            width = min(480, size[0])
            shown = width, width * size[1] // size[0]
            bench.until(lambda shown=shown: shape(bench.device.look()) == shown)
            bench.works()

    def test_a_grey_picture_is_as_good_as_one_in_colour(self, bench: CountingBench) -> None:
        bench.works()
        bench.emulator.hold(jpeg(room(colour=False, seed=2)))
        bench.until(lambda: is_grey(bench.device.look()))
        bench.works()
        assert bench.device.life.counters["damaged"] == 0

    def test_an_absurdly_large_picture_is_refused_and_the_next_is_taken(self, bench: CountingBench) -> None:
        bench.works()
        bench.emulator.hold(absurd(jpeg(room())))
        damaged = bench.device.life.counters["damaged"]
        bench.until(lambda: bench.device.life.counters["damaged"] > damaged + 2)
        bench.emulator.hold(jpeg(room()))
        bench.works()

    def test_a_driver_that_starts_anew_goes_on_in_every_state(self, bench: CountingBench) -> None:
        for state in self.STATES:
            self.bring(bench, state)
            bench.restart_driver()
            bench.emulator.hold(jpeg(room()))
            bench.works()
            bench.restart_driver()

    def test_a_camera_that_starts_anew_is_looked_at_again(self, bench: CountingBench) -> None:
        bench.works()
        bench.emulator.close()
        bench.gone()
        bench.start()
        bench.works()

    def test_a_reader_that_has_no_time_gets_the_newest_and_the_rest_is_counted(self, bench: CountingBench) -> None:
        bench.works()
        life = bench.device.life
        dropped, seen = life.counters["dropped"], bench.seen
        wait_until(lambda: life.counters["dropped"] >= dropped + 5, "five pictures without a reader")
        assert bench.seen == seen
        bench.device.step()
        assert bench.seen == seen + 1

    def test_nothing_is_left_behind(self, bench: CountingBench) -> None:
        def once() -> None:
            bench.works()
            bench.restart_driver()

        once()
        before = held()
        for _ in range(5):
            once()
        # What other tests left behind may end meanwhile; five of ours would be five more.
        wait_until(lambda: all(now <= then for now, then in zip(held(), before, strict=True)), f"no more than {before}")

    def test_closing_twice_is_closing(self, bench: CountingBench) -> None:
        bench.works()
        bench.device.close()
        bench.device.close()
        assert bench.device.fileno() is None
        assert bench.device.look() is None


def shape(picture: bytes | None) -> tuple[int, int] | None:
    """Width and height of a JPEG."""
    if picture is None:
        return None
    height, width = pixels(picture).shape[:2]
    return width, height


def is_grey(picture: bytes | None) -> bool:
    if picture is None:
        return False
    import numpy

    seen = pixels(picture).astype(numpy.int16)
    return int(abs(seen.max(axis=2) - seen.min(axis=2)).max()) <= 3


def pixels(picture: bytes) -> "Picture":
    import cv2
    import numpy

    return cast("Picture", cv2.imdecode(numpy.frombuffer(picture, numpy.uint8), cv2.IMREAD_COLOR))


def held() -> tuple[int, int, int]:
    """Descriptors, threads and children of this process."""
    gc.collect()
    return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task")), len(children())


def children() -> list[int]:
    """Processes that this one started and that were not reaped."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.append(int(folder.name))
    return found


def running(bench: CountingBench) -> Iterator[CountingBench]:
    bench.start()
    yield bench
    bench.close()


def camera(uri: str) -> CountingCamera:
    device = create("footfall", uri)
    assert isinstance(device, CountingCamera)
    return device


def watched(pump: Pump, device: CountingCamera, pictures: int) -> None:
    pump(device, lambda _: device.life.counters["pictures"] >= pictures)


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def png(scene: "Picture") -> bytes:
    import cv2

    return bytes(cv2.imencode(".png", scene)[1])
