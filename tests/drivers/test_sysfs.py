"""Trees of the shape of /sys: what is there, what is in the place of a file, who may read it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.emulators.sysfs import HwmonEmulator, PowerSupplyEmulator
from drivers.errors import BadUri, DeviceError, LinkLost
from drivers.links.sysfs import ATTRIBUTE_MAX, BadAttribute, Folder, Tree
from drivers.registry import create
from tests.drivers.sensors import Box, Boxes, opened


@pytest.fixture
def boxes() -> Iterator[Boxes]:
    yield from opened()


@pytest.mark.parametrize(
    ("name", "uri", "model"),
    [
        ("power", "hwmon://ina226", "drivers.power.hwmon"),
        ("power-van", "hwmon://ina219?index=1&interval=2&cells=4&positive=discharge", "drivers.power.hwmon"),
        ("power", "power-supply://BAT0", "drivers.power.power_supply"),
        ("power-hat", "power-supply://bq27441-0?interval=10&root=/sys", "drivers.power.power_supply"),
    ],
)
def test_a_sensor_of_the_kernel_gets_the_model_that_its_uri_names(name: str, uri: str, model: str) -> None:
    device = create(name, uri)
    assert type(device).__module__ == model
    assert (device.name, device.kind, device.fileno(), device.life.state) == (name, "power", None, "absent")
    device.close()


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("hwmon://", "hwmon://NAME"),
        ("hwmon:///ina226", "hwmon://NAME"),
        ("hwmon://ina226:7", "hwmon://NAME"),
        ("hwmon://ina226?root=sys", "not an absolute path"),
        ("hwmon://ina226?interval=0", "interval"),
        ("hwmon://ina226?positive=up", "charge, discharge"),
        ("hwmon://ina226?index=-1", "index"),
        ("hwmon://ina226?cells=0", "cells"),
        ("hwmon://ina226?at=load&cells=4", "about a battery"),
        ("hwmon://ina226?at=panel&positive=charge", "about a battery"),
        ("hwmon://ina226?baud=9600", "'baud'.*positive"),
        ("power-supply://..", "power-supply://NAME"),
        ("power-supply://%2Fetc", "power-supply://NAME"),
        ("power-supply://BAT0?cells=4", "'cells'.*interval, root"),
    ],
)
def test_a_uri_that_is_not_understood_is_refused_with_what_is_allowed(uri: str, says: str) -> None:
    with pytest.raises(BadUri, match=says):
        create("power", uri)


def test_a_tree_that_is_not_there_is_an_absent_sensor(tmp_path: Path, boxes: Boxes) -> None:
    for uri in (f"hwmon://ina226?root={tmp_path}/none", f"power-supply://BAT0?root={tmp_path}/none"):
        box = boxes(uri)
        assert box.ask() == []
        assert (box.state(), bool(box.device.life.remedy)) == ("absent", True)


def test_half_a_file_never_gives_another_value(tmp_path: Path, boxes: Boxes) -> None:
    sensor, battery = HwmonEmulator(tmp_path), PowerSupplyEmulator(tmp_path, sign="unsigned")
    sensor.start()
    battery.start()
    chip, gauge = boxes(f"hwmon://ina226?root={tmp_path}"), boxes(f"power-supply://BAT0?root={tmp_path}")
    for size in range(len("13200\n")):
        sensor.half_written("in1_input", size)
        assert chip.ask() == []
        assert chip.state() == "degraded"
    seen = set()
    for size in range(len(battery.files()["uevent"])):
        battery.half_written("uevent", size)
        seen |= {(r.soc_permille, r.mv, r.ma) for r in gauge.ask()}
    assert seen == {(None, 13200, None), (None, 13200, -1400), (820, 13200, -1400)}


def test_an_emulator_takes_over_what_a_killed_one_left_behind(tmp_path: Path, boxes: Boxes) -> None:
    HwmonEmulator(tmp_path, volts=10.0).start()
    heir = HwmonEmulator(tmp_path, volts=11.0)
    heir.start()
    box = boxes(f"hwmon://ina226?root={tmp_path}")
    assert box.values() == (None, 11_000, -1400)
    heir.close()
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[tuple[HwmonEmulator, Folder]]:
    """A sensor whose files a test replaces, and its folder as the link opens it."""
    sensor = HwmonEmulator(tmp_path / "sys")
    sensor.start()
    folder = Tree(tmp_path / "sys").hwmon("ina226")
    yield sensor, folder
    folder.close()


def test_a_huge_file_is_refused_after_its_first_page(odd: tuple[HwmonEmulator, Folder]) -> None:
    sensor, folder = odd
    with (sensor.folder / "in1_input").open("r+b") as file:
        file.truncate(1 << 40)  # a terabyte of nothing: reading it whole would not end
    with pytest.raises(BadAttribute, match=f"in1_input has more than {ATTRIBUTE_MAX} bytes"):
        folder.text("in1_input")


def test_a_fifo_in_place_of_a_file_does_not_block(odd: tuple[HwmonEmulator, Folder]) -> None:
    sensor, folder = odd
    (sensor.folder / "in1_input").unlink()
    os.mkfifo(sensor.folder / "in1_input")
    with pytest.raises(BadAttribute, match="in1_input is not a plain file"):
        folder.integer("in1_input", 0, 1)


@pytest.mark.parametrize(
    ("target", "error", "says"),
    [
        ("/dev/zero", BadAttribute, "not a plain file"),
        ("/etc/passwd", BadAttribute, "leads out of"),
        ("../../../../../../../../outside", BadAttribute, "leads out of"),
        ("nowhere", LinkLost, "in1_input is gone"),
        ("in1_input", BadAttribute, "is not answered"),
        (".", BadAttribute, "not a plain file"),
    ],
)
def test_a_link_in_place_of_a_file_is_followed_within_the_tree_only(
    target: str, error: type[DeviceError], says: str, odd: tuple[HwmonEmulator, Folder], tmp_path: Path
) -> None:
    sensor, folder = odd
    (tmp_path / "outside").write_text("13200\n")
    (sensor.folder / "in1_input").unlink()
    (sensor.folder / "in1_input").symlink_to(target)
    with pytest.raises(error, match=says):
        folder.text("in1_input")
    (sensor.folder / "in1_input").unlink()
    (sensor.folder / "in1_input").symlink_to("power1_input")
    assert folder.integer("in1_input", 0, 10**9) == 18_475_000


def test_a_device_that_leads_out_of_the_tree_is_not_read(tmp_path: Path, boxes: Boxes) -> None:
    outside, root = tmp_path / "outside", tmp_path / "sys"
    sensor, battery = HwmonEmulator(outside), PowerSupplyEmulator(outside)
    sensor.start()
    battery.start()
    for emulator, uri in ((sensor, "hwmon://ina226"), (battery, "power-supply://BAT0")):
        link = root / emulator.link.relative_to(outside)
        link.parent.mkdir(parents=True)
        link.symlink_to(emulator.folder)
        box = boxes(f"{uri}?root={root}")
        assert box.ask() == []
        assert "leads out of" in box.device.life.reason
        assert box.state() == ("absent" if emulator is sensor else "fault")
        link.unlink()
        link.parent.rmdir()
        (root / "class" / link.parent.name).symlink_to(emulator.link.parent)
        box = boxes(f"{uri}?root={root}")
        assert box.ask() == []
        assert "leads out of" in box.device.life.reason


def test_a_chip_that_does_not_answer_is_not_taken_for_an_unplugged_one() -> None:
    """The kernel says EIO for it; so does a process's own memory at address 0."""
    folder = Folder("memory", "/proc/self/", "/proc")
    with pytest.raises(BadAttribute, match="mem is not answered: Input/output error"):
        folder.text("mem")
    folder.close()


@pytest.mark.skipif(not Path("/sys/class/mem/null/uevent").exists(), reason="no /sys here")
def test_the_kernels_own_tree_is_read_through_its_links() -> None:
    folder = Folder("null", "/sys/class/mem/null", "/sys")
    assert "DEVNAME=null" in folder.text("uevent").split("\n")
    assert folder.place.startswith("/sys/devices/")
    assert folder.has("dev")
    assert not folder.has("in1_input")
    folder.close()
    folder.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_sensor_that_the_worker_may_not_read_is_a_fault_with_its_remedy(tmp_path: Path, boxes: Boxes) -> None:
    sensor = HwmonEmulator(tmp_path)
    sensor.start()
    (sensor.folder / "in1_input").chmod(0)
    box = boxes(f"hwmon://ina226?root={tmp_path}")
    for _ in range(3):
        assert box.ask() == []
        assert box.state() == "fault"
    assert "user" in box.device.life.remedy


def test_no_descriptor_is_left_open_by_any_trouble(tmp_path: Path) -> None:
    sensor, twin = HwmonEmulator(tmp_path, number=1), HwmonEmulator(tmp_path, number=2, address=0x41)
    box = Box(f"hwmon://ina226?root={tmp_path}")
    before = len(os.listdir("/proc/self/fd"))

    def troubles() -> Iterator[None]:
        yield  # absent
        sensor.plug()
        yield  # read
        sensor.garbage("in1_input", b"x")
        yield
        (sensor.folder / "in1_input").unlink()
        os.mkfifo(sensor.folder / "in1_input")
        yield
        sensor.unplug()
        yield  # lost
        sensor.plug()
        twin.plug()
        yield  # two of them

    for _ in troubles():
        for _ in range(3):
            box.ask()
    box.close()
    assert len(os.listdir("/proc/self/fd")) == before
