"""Power sensors that the kernel shows under class/hwmon."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.emulators.sysfs import Chip, HwmonEmulator
from tests.drivers.sensors import ODD, Box, Boxes, opened


@pytest.fixture
def boxes() -> Iterator[Boxes]:
    yield from opened()


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
    box.again()
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
    box.again()
    assert box.state() == "online"


def test_of_several_sensors_with_one_name_the_index_chooses_by_bus_address(tmp_path: Path, boxes: Boxes) -> None:
    first = HwmonEmulator(tmp_path, number=5, address=0x40, volts=10.0)
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


@settings(deadline=None)
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
