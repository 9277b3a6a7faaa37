"""Cameras, recordings and folders of pictures as scanners."""

import os
import random
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.camera.pictures import Decoder
from drivers.device import Device, Event, Scan
from drivers.emulators.camera import CameraEmulator
from drivers.emulators.pictures import View, jpeg, picture, record
from drivers.errors import BadUri
from drivers.registry import create
from drivers.wire.mjpeg import Mjpeg
from drivers.wire.symbols import MOST, Symbols
from tests.conftest import wait_until
from tests.drivers.conftest import Pump
from tests.drivers.suites.scanner import Clock

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

CODE = "BK1:6BFOXN*TS0BI$ZD.P9U:8F31E5W"


def codes(events: list[Event]) -> list[str]:
    return [event.code for event in events if isinstance(event, Scan)]


def folder_of(path: Path, scenes: "Iterable[NDArray[uint8]]") -> Path:
    path.mkdir()
    for number, scene in enumerate(scenes):
        (path / f"{number:03}.jpg").write_bytes(jpeg(scene))
    return path


def ended(device: Device) -> bool:
    return "ended" in device.life.reason


# What can be read


VIEWS = {
    "as printed": View(),
    "small": View(module=2.0),
    "large": View(module=9.0),
    "upside down": View(angle=180),
    "turned": View(angle=37),
    "aslant": View(tilt=0.3, module=7),
    "out of focus": View(module=5, blur=2.0),
    "noisy": View(noise=30),
    "in bad light": View(light=0.25, noise=4),
    "light on dark, as on a telephone at night": View(inverted=True),
    "light on dark, turned and blurred": View(inverted=True, angle=120, blur=1.0),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_code_is_read(view: View) -> None:
    assert Symbols(["qr"]).read(picture([CODE], view)) == [CODE.encode()]


def test_most_codes_of_a_hard_set_are_read_and_none_is_read_as_another() -> None:
    """Pictures of which a good part is beyond reading; 70 of these 100 are read."""
    chance = random.Random(7)
    symbols = Symbols(["qr"])
    read = 0
    for number in range(100):
        view = View(
            module=chance.uniform(1.8, 8),
            angle=chance.uniform(0, 360),
            tilt=chance.uniform(0, 0.35),
            blur=chance.uniform(0, 1.8),
            noise=chance.uniform(0, 25),
            light=chance.uniform(0.3, 1),
            inverted=chance.random() < 0.3,
        )
        found = symbols.read(picture([f"{CODE}{number}"], view, seed=number))
        assert found in ([], [f"{CODE}{number}".encode()])
        read += bool(found)
    assert read >= 60


def test_several_codes_in_one_picture_are_all_read_up_to_a_bound() -> None:
    assert sorted(Symbols(["qr"]).read(picture(["A-1", "B-2", "C-3"]))) == [b"A-1", b"B-2", b"C-3"]
    crowd = picture([f"N{number}" for number in range(12)], View(module=4), size=(1920, 480))
    assert len(Symbols(["qr"]).read(crowd)) == MOST
    assert Symbols(["qr"]).read(picture([])) == []


def test_umlauts_and_long_codes_are_read_as_they_are() -> None:
    for code in ("Ärger-€", "9" * 300):
        assert Symbols(["qr"]).read(picture([code], View(module=4))) == [code.encode()]


@given(
    scenes=st.lists(st.binary(max_size=60).map(lambda data: data.replace(b"\xff", b"\xfe")), max_size=8),
    noise=st.binary(max_size=20).map(lambda data: data.replace(b"\xff", b"\xfe")),
    places=st.lists(st.integers(0, 500)),
)
def test_the_newest_whole_picture_of_a_stream_comes_out_however_it_arrives(
    scenes: list[bytes], noise: bytes, places: list[int]
) -> None:
    whole = [b"\xff\xd8\xff" + scene + b"\xff\xd9" for scene in scenes]
    data = noise + noise.join(whole)
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    reader = Mjpeg()
    out = [found for a, b in pairwise(ends) if (found := reader.feed(data[a:b])) is not None]
    assert out == [found for found in out if found in whole]
    assert out[-1:] == whole[-1:]
    assert Mjpeg().feed(data) == (whole[-1] if whole else None)


def test_a_picture_without_an_end_is_let_go_and_the_next_is_taken() -> None:
    reader = Mjpeg(longest=1000)
    for _ in range(50):
        assert reader.feed(b"\xff\xd8\xff" + bytes(997)) is None
    assert reader.feed(b"\xff\xd8\xff\x01\xff\xd9") is not None


def test_a_picture_that_would_fill_the_memory_is_refused() -> None:
    counters: Counter[str] = Counter()
    small = bytearray(jpeg(picture([CODE])))
    header = small.index(b"\xff\xc0")
    small[header + 5 : header + 9] = b"\xff\xff\xff\xff"  # 65535 × 65535
    for colour in (False, True):
        assert Decoder(colour, counters).read(bytes(small)) is None
        assert Decoder(colour, counters).read(b"") is None
    assert counters["damaged"] == 4


# Recordings


def test_a_recording_is_looked_at_once_at_its_own_speed_and_ends(tmp_path: Path, pump: Pump) -> None:
    scenes = [picture([]), *[picture(["ONE"])] * 6, picture([]), *[picture(["TWO"], View(angle=20))] * 6]
    record(tmp_path / "door.avi", scenes, fps=30)
    device = create("scanner-door", f"file://{tmp_path}/door.avi")
    assert codes(pump(device, lambda _: ended(device))) == ["ONE", "TWO"]
    assert device.life.state == "absent"
    assert "loop=1" in device.life.remedy
    assert device.fileno() is None
    for _ in range(3):
        assert device.step() == []
    assert device.life.counters["attempts"] == 1
    device.close()


def test_a_recording_can_begin_anew_for_ever(tmp_path: Path, pump: Pump) -> None:
    record(tmp_path / "door.avi", [picture(["ODD"]), picture(["EVEN"])], fps=20)
    clock = Clock()
    device = create("scanner", f"file://{tmp_path}/door.avi?loop=1", now=clock)
    read: list[str] = []
    while read.count("ODD") < 3:
        read += codes(pump(device, lambda events: len(events) > 0))
        clock.forward(2)
    assert "EVEN" in read
    assert device.life.state == "online"
    assert device.life.counters["attempts"] == 1
    device.close()


def test_fewer_pictures_a_second_can_be_asked_for(tmp_path: Path, pump: Pump) -> None:
    record(tmp_path / "door.avi", [picture([f"N-{number}"]) for number in range(8)], fps=20)
    device = create("scanner", f"file://{tmp_path}/door.avi?fps=5")
    assert codes(pump(device, lambda _: ended(device))) == ["N-0", "N-4"]
    device.close()


def test_a_folder_of_pictures_is_a_recording_in_the_order_of_names(tmp_path: Path, pump: Pump) -> None:
    folder = folder_of(tmp_path / "shots", [picture([code]) for code in ("A", "B", "C")])
    device = create("scanner", f"file://{folder}?fps=20")
    assert codes(pump(device, lambda _: ended(device))) == ["A", "B", "C"]
    device.close()


def test_a_code_held_in_front_is_one_scan_however_long(tmp_path: Path, pump: Pump) -> None:
    clock = Clock()
    emulator = CameraEmulator(tmp_path / "video")
    emulator.show("HELD")
    emulator.start()
    device = create("scanner", f"camera://{tmp_path}/video?fps=30", now=clock)

    def later(_: list[Event]) -> bool:
        if device.life.counters["pictures"] > seen[-1]:
            seen.append(device.life.counters["pictures"])
            clock.forward(1.0)
        return len(seen) > 10

    seen = [0]
    assert codes(pump(device, later)) == ["HELD"]
    assert clock() - device.life.since > 8
    device.close()
    emulator.close()


def test_other_symbols_are_read_when_they_are_asked_for(tmp_path: Path, pump: Pump) -> None:
    import numpy
    import zxingcpp

    bars = zxingcpp.create_barcode("4006381333931", zxingcpp.BarcodeFormat.EAN13)
    scene = picture([])
    image = zxingcpp.write_barcode_to_image(bars, scale=4)
    shot = numpy.array(image)
    scene[20 : 20 + shot.shape[0], 20 : 20 + shot.shape[1]] = shot
    folder = folder_of(tmp_path / "shots", [scene])
    for options, expected in (("?codes=qr,ean13", ["4006381333931"]), ("", [])):
        device = create("scanner", f"file://{folder}{options}")
        assert codes(pump(device, lambda _, device=device: ended(device))) == expected
        device.close()


# What goes wrong


def test_what_cannot_be_looked_at_is_a_fault_with_a_remedy(tmp_path: Path, pump: Pump) -> None:
    (tmp_path / "notes.avi").write_text("not a video")
    (tmp_path / "empty").mkdir()
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "1.jpg").write_text("not a picture")
    for uri, says in (
        (f"file://{tmp_path}/notes.avi", "not a video"),
        (f"file://{tmp_path}/empty", "no picture"),
        (f"file://{broken}", "not a picture"),
        (f"camera://{tmp_path}/notes.avi", "not a camera"),
        ("camera:///dev/null", "gives no pictures"),
    ):
        device = create("scanner", uri)
        assert pump(device, lambda _, device=device, says=says: says in device.life.reason) == []
        assert device.life.state == "fault"
        assert device.life.remedy
        device.close()


def test_a_camera_that_is_not_there_is_absent(tmp_path: Path, pump: Pump) -> None:
    device = create("scanner", f"camera://{tmp_path}/video0")
    pump(device, lambda _: device.life.counters["attempts"] > 0)
    assert device.life.state == "absent"
    assert "No such file" in device.life.reason
    device.close()


def test_only_the_newest_picture_is_kept_while_the_worker_is_busy(tmp_path: Path, pump: Pump) -> None:
    emulator = CameraEmulator(tmp_path / "video", fps=100)
    emulator.start()
    device = create("scanner", f"camera://{tmp_path}/video?fps=60")
    pump(device, lambda _: device.life.state == "online")
    emulator.show("FIRST")
    written = emulator.pictures
    wait_until(lambda: emulator.pictures > written + 20, "twenty pictures")
    emulator.show("LAST")
    events = pump(device, lambda events: "LAST" in codes(events))
    assert len(codes(events)) <= 2
    device.close()
    emulator.close()


def test_no_descriptor_and_no_thread_is_left_behind(tmp_path: Path, pump: Pump) -> None:
    emulator = CameraEmulator(tmp_path / "video")
    emulator.start()

    def once() -> None:
        device = create("scanner", f"camera://{tmp_path}/video?fps=30")
        pump(device, lambda _: device.life.state == "online")
        device.close()

    once()
    before = open_now()
    for _ in range(5):
        once()
    # What other tests left behind may end meanwhile; five of ours would be five more.
    wait_until(lambda: all(now <= then for now, then in zip(open_now(), before, strict=True)), "nothing left behind")
    emulator.close()


def open_now() -> tuple[int, int]:
    """Descriptors and threads of this process."""
    return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("camera:///dev/video0?fps=0", "fps='0'"),
        ("camera:///dev/video0?size=1x1", "640x480"),
        ("camera:///dev/video0?loop=1", "'loop'"),
        ("file:///x.avi?size=640x480", "'size'"),
        ("camera:///dev/video0?codes=qr,runes", "'runes'.*datamatrix"),
        ("camera://dev/video0", "camera:///dev"),
    ],
)
def test_an_option_that_is_not_understood_is_refused_with_what_is_allowed(uri: str, says: str) -> None:
    with pytest.raises(BadUri, match=says):
        create("scanner", uri)
