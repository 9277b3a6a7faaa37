"""Power sensors and batteries that the kernel reads, over real folders of the shape of /sys."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.device import Device, PowerReading
from drivers.emulators.sysfs import Chip, HwmonEmulator, PowerSupplyEmulator, Sign
from drivers.errors import BadUri, DeviceError, LinkLost
from drivers.links.sysfs import ATTRIBUTE_MAX, BadAttribute, Folder, Tree
from drivers.registry import create

ODD = st.one_of(
    st.binary(max_size=60),
    st.integers(-(10**25), 10**25).map(lambda n: f"{n}\n".encode()),
    st.sampled_from(
        [b"", b"\n", b"-\n", b"1e3\n", b"0x10\n", b" 12\n", b"12 \n", b"\xd9\xa1\n", b"1\n2\n", b"1\x00\n"]
    ),
)


class Clock:
    """Monotonic seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


class Box:
    """One device as its worker runs it: stepped whenever it asks for it, on a clock that needs no waiting."""

    def __init__(self, uri: str) -> None:
        self.clock = Clock()
        self.device: Device = create("power", uri, now=self.clock)

    def ask(self) -> list[PowerReading]:
        """The next step that is due."""
        self.clock.at += self.device.wait() + 0.001
        events = self.device.step()
        readings = [event for event in events if isinstance(event, PowerReading)]
        assert len(readings) == len(events)
        return readings

    def values(self) -> tuple[int | None, int | None, int | None]:
        """Per mille, mV and mA of the reading that is due now."""
        (reading,) = self.ask()
        return reading.soc_permille, reading.mv, reading.ma

    def state(self) -> str:
        return self.device.life.state

    def close(self) -> None:
        self.device.close()


@pytest.fixture
def boxes() -> Iterator[Callable[[str], Box]]:
    made: list[Box] = []

    def make(uri: str) -> Box:
        made.append(Box(uri))
        return made[-1]

    yield make
    for box in made:
        box.close()


Boxes = Callable[[str], Box]


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


@pytest.mark.parametrize("chip", ["ina219", "ina226", "ina260"])
def test_what_a_current_sensor_measures_is_read(chip: Chip, tmp_path: Path, boxes: Boxes) -> None:
    sensor = HwmonEmulator(tmp_path, chip, volts=12.8, amps=-3.5)
    sensor.start()
    box = boxes(f"hwmon://{chip}?root={tmp_path}")
    assert box.values() == (None, 12800, -3500)
    assert box.state() == "online"
    sensor.set(volts=13.4, amps=2.0)
    assert box.values() == (None, 13400, 2000)
    sensor.close()


def test_the_options_say_where_the_shunt_is_and_which_way_round(tmp_path: Path, boxes: Boxes) -> None:
    HwmonEmulator(tmp_path, volts=12.0, amps=2.0).start()
    place = f"hwmon://ina226?root={tmp_path}"
    assert boxes(place).ask()[0].ma == 2000
    assert boxes(f"{place}&positive=discharge").ask()[0].ma == -2000
    (load,) = boxes(f"{place}&at=load").ask()
    assert (load.load_mw, load.pv_mw, load.mv, load.ma) == (24_000, None, None, None)
    (panel,) = boxes(f"{place}&at=panel").ask()
    assert (panel.load_mw, panel.pv_mw, panel.mv, panel.ma) == (None, 24_000, None, None)


def test_the_power_is_that_of_voltage_and_current_when_the_chip_does_not_tell_it(tmp_path: Path, boxes: Boxes) -> None:
    sensor = HwmonEmulator(tmp_path, volts=12.0, amps=-2.0)
    sensor.start()
    (sensor.folder / "power1_input").unlink()
    assert boxes(f"hwmon://ina226?root={tmp_path}&at=load").ask()[0].load_mw == 24_000
    (sensor.folder / "curr1_input").unlink()
    box = boxes(f"hwmon://ina226?root={tmp_path}&at=load")
    assert box.ask() == []
    assert (box.state(), "power1_input" in box.device.life.reason) == ("fault", True)
    assert boxes(f"hwmon://ina226?root={tmp_path}").values() == (None, 12000, None)


def test_a_voltage_that_the_cells_cannot_have_is_no_reading(tmp_path: Path, boxes: Boxes) -> None:
    sensor = HwmonEmulator(tmp_path, volts=0.4)
    sensor.start()
    box = boxes(f"hwmon://ina226?root={tmp_path}&cells=4")
    assert box.ask() == []
    assert box.state() == "degraded"
    assert "4000…18000" in box.device.life.reason
    sensor.set(volts=13.2)
    assert box.values() == (None, 13200, -1400)
    assert box.state() == "online"


def test_readings_come_at_the_interval_and_not_before(tmp_path: Path, boxes: Boxes) -> None:
    HwmonEmulator(tmp_path).start()
    box = boxes(f"hwmon://ina226?root={tmp_path}&interval=5")
    assert len(box.ask()) == 1
    assert box.device.wait() == pytest.approx(5.0)
    box.clock.at += 4.9
    assert box.device.step() == []
    box.clock.at += 0.2
    assert len(box.device.step()) == 1


def test_a_sensor_is_found_again_under_another_number(tmp_path: Path, boxes: Boxes) -> None:
    """And never mixed up with the one that now has its old number."""
    sensor, other = HwmonEmulator(tmp_path, number=1), HwmonEmulator(tmp_path, "ina219", address=0x41, volts=5.0)
    sensor.start()
    box = boxes(f"hwmon://ina226?root={tmp_path}")
    assert box.values() == (None, 13200, -1400)
    sensor.boot(number=7)
    other.start()
    other.boot(number=1)
    assert box.ask() == []
    assert box.state() == "absent"
    assert box.values() == (None, 13200, -1400)
    assert box.state() == "online"
    assert box.device.life.counters["losses"] == 1


def test_an_unplugged_sensor_is_absent_with_what_is_there_and_read_at_once_when_it_is_back(
    tmp_path: Path, boxes: Boxes
) -> None:
    sensor = HwmonEmulator(tmp_path, number=3)
    HwmonEmulator(tmp_path, "ina219", address=0x41, volts=5.0).start()
    box = boxes(f"hwmon://ina226?root={tmp_path}")
    for _ in range(20):  # the back-off is at its longest
        assert box.ask() == []
    assert box.state() == "absent"
    assert "there are: ina219" in box.device.life.reason
    assert "overlay" in box.device.life.remedy
    sensor.plug()
    assert box.device.wait() <= 0.5
    assert box.values() == (None, 13200, -1400)
    sensor.unplug()
    assert box.ask() == []
    assert box.state() == "absent"
    sensor.plug()
    while not box.ask():
        assert box.state() == "absent"
    assert box.state() == "online"


def test_a_tree_that_is_not_there_is_an_absent_sensor(tmp_path: Path, boxes: Boxes) -> None:
    for uri in (f"hwmon://ina226?root={tmp_path}/none", f"power-supply://BAT0?root={tmp_path}/none"):
        box = boxes(uri)
        assert box.ask() == []
        assert (box.state(), bool(box.device.life.remedy)) == ("absent", True)


def test_of_several_sensors_with_one_name_the_index_chooses_by_bus_address(tmp_path: Path, boxes: Boxes) -> None:
    first = HwmonEmulator(tmp_path, number=12, address=0x40, volts=10.0)
    second = HwmonEmulator(tmp_path, number=2, address=0x45, volts=20.0)
    first.start()
    second.start()
    box = boxes(f"hwmon://ina226?root={tmp_path}")
    for _ in range(3):
        assert box.ask() == []
        assert box.state() == "fault"
    assert "0: 1-0040, 1: 1-0045" in box.device.life.reason
    assert "index" in box.device.life.remedy
    assert [boxes(f"hwmon://ina226?root={tmp_path}&index={n}").ask()[0].mv for n in (0, 1)] == [10_000, 20_000]
    box = boxes(f"hwmon://ina226?root={tmp_path}&index=2")
    assert box.ask() == []
    assert "index 2: there is 2" in box.device.life.reason


def test_nonsense_is_degraded_once_and_the_next_good_value_is_read(tmp_path: Path, boxes: Boxes) -> None:
    sensor = HwmonEmulator(tmp_path)
    sensor.start()
    box = boxes(f"hwmon://ina226?root={tmp_path}")
    box.ask()
    reasons = set()
    for text in (b"nan\n", b"??\n", b""):
        sensor.garbage("in1_input", text)
        assert box.ask() == []
        assert box.state() == "degraded"
        reasons.add(box.device.life.reason)
    assert len(reasons) == 1
    assert "in1_input" in reasons.pop()
    assert box.device.life.counters["invalid"] == 3
    sensor.write()
    assert box.values() == (None, 13200, -1400)
    assert (box.state(), box.device.life.reason) == ("online", "connected")


@given(attribute=st.sampled_from(["in1_input", "curr1_input", "name"]), data=ODD)
def test_whatever_a_file_of_a_sensor_holds_is_a_value_in_range_or_a_state_with_a_reason(
    attribute: str, data: bytes
) -> None:
    with TemporaryDirectory() as folder:
        sensor = HwmonEmulator(Path(folder))
        sensor.start()
        sensor.garbage(attribute, data)
        box = Box(f"hwmon://ina226?root={folder}")
        readings = box.ask()
        if readings:
            (reading,) = readings
            expected = {"in1_input": 13200, "curr1_input": -1400}
            if attribute in expected:
                expected[attribute] = int(data)
            assert (reading.mv, reading.ma) == (expected["in1_input"], expected["curr1_input"])
            assert box.state() == "online"
        else:
            assert box.state() == ("absent" if attribute == "name" else "degraded")
            assert box.device.life.reason
            assert box.device.life.remedy
        box.close()


@given(data=st.one_of(ODD, st.binary(max_size=300).map(lambda tail: b"POWER_SUPPLY_STATUS=Charging\n" + tail)))
@example(b"POWER_SUPPLY_VOLTAGE_NOW=13000000\nPOWER_SUPPLY_MODEL_NAME=\xff\xfe\n")
@example(b"POWER_SUPPLY_POWER_NOW=99999999999\nPOWER_SUPPLY_VOLTAGE_NOW=1\nPOWER_SUPPLY_STATUS=Full\n")
@example(b"POWER_SUPPLY_TYPE\nPOWER_SUPPLY_CAPACITY=5\n")
def test_whatever_a_gauge_tells_is_a_value_in_range_or_a_state_with_a_reason(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        battery = PowerSupplyEmulator(Path(folder))
        battery.start()
        battery.garbage("uevent", data)
        box = Box(f"power-supply://BAT0?root={folder}")
        for reading in box.ask():
            assert reading.mv is None or 0 <= reading.mv <= 100_000
            assert reading.ma is None or abs(reading.ma) <= 1_000_000
            assert reading.soc_permille is None or 0 <= reading.soc_permille <= 1000
            assert box.state() == "online"
            break
        else:
            assert box.state() in ("degraded", "fault")
            assert box.device.life.reason
            assert box.device.life.remedy
        box.close()


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


@pytest.mark.parametrize("sign", ["rules", "unsigned", "reversed"])
def test_the_status_says_whether_a_current_charges(sign: Sign, tmp_path: Path, boxes: Boxes) -> None:
    battery = PowerSupplyEmulator(tmp_path, sign=sign, volts=12.9, amps=-2.5, soc=61)
    battery.start()
    box = boxes(f"power-supply://BAT0?root={tmp_path}")
    assert box.values() == (610, 12900, -2500)
    battery.set(amps=4.0, soc=62)
    assert box.values() == (620, 12900, 4000)
    battery.set(amps=0.0, soc=100)
    assert box.values() == (1000, 12900, 0)
    assert box.state() == "online"


def test_a_gauge_that_tells_its_power_in_place_of_a_current_is_understood(tmp_path: Path, boxes: Boxes) -> None:
    battery = PowerSupplyEmulator(tmp_path)
    battery.start()
    box = boxes(f"power-supply://BAT0?root={tmp_path}")
    told = {"STATUS": "Discharging", "POWER_NOW": 6_000_000, "VOLTAGE_NOW": 12_000_000}
    battery.garbage("uevent", "".join(f"POWER_SUPPLY_{key}={value}\n" for key, value in told.items()).encode())
    assert box.values() == (None, 12000, -500)
    battery.garbage("uevent", b"POWER_SUPPLY_VOLTAGE_AVG=12000000\nPOWER_SUPPLY_CURRENT_NOW=500000\n")
    assert box.values() == (None, 12000, None)


def test_what_the_gauge_says_of_the_batterys_health_shows_beside_its_readings(tmp_path: Path, boxes: Boxes) -> None:
    battery = PowerSupplyEmulator(tmp_path)
    battery.health = "Overheat"
    battery.start()
    box = boxes(f"power-supply://BAT0?root={tmp_path}")
    assert box.values() == (820, 13200, -1400)
    assert (box.state(), "Overheat" in box.device.life.reason) == ("degraded", True)
    assert "shade" in box.device.life.remedy
    battery.health = "Good"
    battery.write()
    assert box.values() == (820, 13200, -1400)
    assert box.state() == "online"


def test_a_gauge_without_its_battery_says_so_and_goes_on_when_one_is_put_in(tmp_path: Path, boxes: Boxes) -> None:
    battery = PowerSupplyEmulator(tmp_path)
    battery.battery = False
    battery.start()
    box = boxes(f"power-supply://BAT0?root={tmp_path}")
    assert box.ask() == []
    assert (box.state(), box.device.life.remedy) == ("degraded", "Put the battery in.")
    battery.battery = True
    battery.write()
    assert box.values() == (820, 13200, -1400)


def test_a_mains_supply_is_not_taken_for_a_battery(tmp_path: Path, boxes: Boxes) -> None:
    supply = PowerSupplyEmulator(tmp_path, "AC")
    supply.start()
    supply.garbage("uevent", b"POWER_SUPPLY_TYPE=Mains\nPOWER_SUPPLY_VOLTAGE_NOW=5000000\n")
    box = boxes(f"power-supply://AC?root={tmp_path}")
    for _ in range(3):
        assert box.ask() == []
        assert (box.state(), "'Mains'" in box.device.life.reason) == ("fault", True)


def test_an_unplugged_battery_board_is_absent_and_read_again_when_it_is_back(tmp_path: Path, boxes: Boxes) -> None:
    battery = PowerSupplyEmulator(tmp_path)
    PowerSupplyEmulator(tmp_path / "other", "BAT1").start()
    battery.start()
    box = boxes(f"power-supply://BAT0?root={tmp_path}")
    box.ask()
    battery.unplug()
    assert box.ask() == []
    assert box.state() == "absent"
    battery.plug()
    assert box.values() == (820, 13200, -1400)
    other = boxes(f"power-supply://BAT7?root={tmp_path}")
    assert other.ask() == []
    assert "there are: BAT0" in other.device.life.reason


def test_a_reader_never_sees_a_mixture_while_values_change(tmp_path: Path, boxes: Boxes) -> None:
    battery = PowerSupplyEmulator(tmp_path, volts=10.0, amps=-1.0, soc=10)
    battery.start()
    box = boxes(f"power-supply://BAT0?root={tmp_path}")
    ending = threading.Event()

    def change() -> None:
        while not ending.is_set():
            battery.set(volts=20.0, amps=2.0, soc=20)
            battery.set(volts=10.0, amps=-1.0, soc=10)

    writer = threading.Thread(target=change)
    writer.start()
    try:
        seen = {box.values() for _ in range(300)}
    finally:
        ending.set()
        writer.join()
    assert seen <= {(100, 10_000, -1000), (200, 20_000, 2000)}


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
        link.unlink()
        link.parent.rmdir()
        (root / "class" / link.parent.name).symlink_to(emulator.link.parent)
        assert box.ask() == []


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
